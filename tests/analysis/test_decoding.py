"""Caches, and the cost of a token more: against transformers, against sums by hand, and against the formulas' own."""

import gzip
import json
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from paramcalc import load, summarize
from paramcalc.cli import cli
from paramcalc.errors import InputError

DATA = Path(__file__).parents[1] / "data" / "decoding.jsonl.gz"
BATCH = 2

CAUSAL = """
input: [null, 64]
layers:
  - {MultiHeadAttention: {num_heads: 4, key_dim: 8, value_dim: 16}, options: {use_causal_mask: true}}
  - {Dense: 64}
"""
DECODER = """
framework: torch
inputs: {tokens: {shape: [null], dtype: int64}}
layers:
  - {Embedding: [100, 32]}
  - {Linear: 48, name: qkv}
  - {Attention: {heads: 4, kv_heads: 1WINDOW}}
  - {Linear: 100}
"""
TRANSLATOR = """
framework: torch
inputs: {source: {shape: [null], dtype: int64}, target: {shape: [null], dtype: int64}}
layers:
  - {Embedding: [100, 32], name: words, inputs: source}
  - {Linear: 32, name: encoder}
  - {Embedding: [100, 32], name: target_words, inputs: target}
  - {Attention: {heads: 4}, name: own, inputs: [target_words, target_words, target_words]}
  - {Attention: {heads: 4}, name: cross, inputs: [own, encoder, encoder]}
"""


@cache
def records():
    """(what was frozen, the model of its configuration) for every type."""
    found = [json.loads(line) for line in gzip.decompress(DATA.read_bytes()).splitlines()]
    return [(record, load(json.dumps(record["config"]).encode())) for record in found]


def asked(text, context, batch=None, **options):
    model = load(text.encode() if isinstance(text, str) else json.dumps(text).encode())
    return summarize(model, context=context, batch_size=batch, memory=True, **options)


def test_caches_are_those_of_transformers_to_the_byte():
    """After every length that was measured, for every type."""
    wrong = defaultdict(list)
    for record, model in records():
        for tokens, expected in record["cache"].items():
            asked = {"context": int(tokens), "batch_size": BATCH, "dtype": "float32"}
            found = summarize(model, memory=True, **asked).memory.kv_cache
            if found is None or found.bytes != expected:
                wrong[record["config"]["model_type"]].append((tokens, found and found.bytes, expected))
    assert not wrong


def test_products_are_those_that_the_counter_sees():
    """For a text of 40 tokens, and for one more with the cache full."""
    wrong = {}
    for record, model in records():
        if record["macs"] is not None:
            summary = summarize(model, context=40, batch_size=BATCH, memory=True)
            rows = [row for row in summary.layers if row.type != "CausalConv1d"]
            found = [sum(row.macs for row in rows), sum(row.decode_macs for row in rows)]
            if found != [record["macs"], record["decode_macs"]]:
                wrong[record["config"]["model_type"]] = (found, record)
    assert not wrong


def test_keys_and_values_of_causal_attention_are_kept():
    """4 heads of keys of 8 and values of 16, in float32."""
    cache = asked(CAUSAL, 10, 3).memory.kv_cache
    assert (cache.per_token_bytes, cache.fixed_bytes, cache.bytes) == (4 * (8 + 16) * 4, 0, 3 * 10 * 384)
    assert asked(CAUSAL.replace("true", "false"), 10).memory.kv_cache is None


def test_a_token_more_of_causal_attention():
    """Projections of one token, scores and values of eleven, and the layer behind."""
    totals = asked(CAUSAL, 10).totals
    projections = 64 * 4 * (8 + 8 + 16) + 4 * 16 * 64
    assert totals.decode_macs == projections + 11 * 4 * (8 + 16) + 64 * 64
    assert totals.macs == 10 * projections + 10 * 10 * 4 * (8 + 16) + 10 * 64 * 64


@pytest.mark.parametrize(("layer", "vectors"), [("Attention", 1), ("GroupQueryAttention: [8, 4, 2]", 0.5)])
def test_other_causal_layers(layer, vectors):
    """Keys that are the values are kept once; groups keep a head each."""
    spec = f"{{input: [null, 64], layers: [{{{layer}: , options: {{use_causal_mask: true}}}}]}}"
    if ":" in layer:
        spec = f"{{input: [null, 64], layers: [{{{layer}, options: {{use_causal_mask: true}}}}]}}"
    assert asked(spec, 5).memory.kv_cache.per_token_bytes == 64 * 4 * vectors


@pytest.mark.parametrize(("tokens", "kept"), [(3, 3), (7, 7), (8, 7), (100, 7)])
def test_a_window_of_eight_keeps_seven(tokens, kept):
    """The eighth is the token that looks back; the cache stops growing when seven are there."""
    cache = asked(DECODER.replace("WINDOW", ", window: 8"), tokens).memory.kv_cache
    assert cache.bytes == kept * 2 * 8 * 4
    assert cache.per_token_bytes == (0 if tokens >= 7 else 64)
    assert cache.bytes == tokens * cache.per_token_bytes + cache.fixed_bytes


def test_what_an_encoder_said_does_not_grow_and_is_not_computed_again():
    summary = asked(TRANSLATOR, 6)
    cache = summary.memory.kv_cache
    assert (cache.per_token_bytes, cache.fixed_bytes) == (2 * 32 * 4, 6 * 2 * 32 * 4)
    costs = {row.path: row.decode_macs for row in summary.layers}
    assert costs == {"words": 0, "encoder": 0, "target_words": 0, "own": 7 * 2 * 32, "cross": 6 * 2 * 32}


def test_an_encoder_may_have_another_length():
    model = load(TRANSLATOR.encode())
    summary = summarize(model, input_shapes={"source": (None, 50)}, context=6, memory=True)
    assert summary.memory.kv_cache.fixed_bytes == 50 * 2 * 32 * 4
    assert summary.memory.kv_cache.context == 6


@settings(max_examples=30)
@given(st.integers(1, 500), st.integers(1, 9), st.sampled_from(["", ", window: 8", ", window: 1"]))
def test_the_parts_of_a_cache_are_the_whole(tokens, batch, window):
    cache = asked(DECODER.replace("WINDOW", window), tokens, batch).memory.kv_cache
    assert cache.bytes == batch * (tokens * cache.per_token_bytes + cache.fixed_bytes)


def test_a_cache_in_eight_bits_is_a_quarter():
    text = DECODER.replace("WINDOW", "")
    full, small = (asked(text, 100, kv_dtype=dtype).memory.kv_cache for dtype in (None, "float8"))
    assert (full.dtype, small.dtype) == ("float32", "float8")
    assert full.bytes == 4 * small.bytes


def test_without_a_length_nothing_is_known_of_the_cache_and_the_products():
    summary = asked(DECODER.replace("WINDOW", ""), None)
    assert (summary.memory.kv_cache, summary.totals.macs, summary.totals.decode_macs) == (None, None, None)


@pytest.mark.parametrize("shape", ["[null, null, 3]", "[128]", "[]"])
def test_a_context_is_for_sequences_of_any_length(shape):
    with pytest.raises(InputError, match="a context of 10 is for an input of any number of tokens"):
        asked(f"{{input: {shape}, layers: [ReLU]}}", 10)


def test_a_length_that_the_file_says_may_be_repeated():
    assert asked("{input: [128], layers: [ReLU]}", 128).inputs[0].shape == (None, 128)


def test_two_models_are_compared_at_a_context(tmp_path):
    """Without one, MACs of neither side are known, and a limit on them cannot be judged."""
    one, two = tmp_path / "one.yaml", tmp_path / "two.yaml"
    one.write_text(DECODER.replace("WINDOW", ""))
    two.write_text(DECODER.replace("WINDOW", "").replace("Linear: 100", "Linear: 200"))
    asked = ["diff", str(one), str(one), "--fail-on", "macs:0"]
    assert CliRunner().invoke(cli, asked, standalone_mode=False).return_value == 2
    assert CliRunner().invoke(cli, [*asked, "--context", "10"], standalone_mode=False).return_value == 0
    text = CliRunner().invoke(cli, ["diff", str(one), str(two), "--context", "10"]).output
    assert "+32,000" in text


def test_the_table_says_how_to_ask(tmp_path):
    path = tmp_path / "decoder.yaml"
    path.write_text(DECODER.replace("WINDOW", ""))
    without = CliRunner().invoke(cli, ["summary", str(path)])
    assert "the number of tokens is unknown; --context N gives it" in without.output
    found = CliRunner().invoke(cli, ["summary", str(path), "--context", "100", "--kv-dtype", "fp8"])
    assert "KV cache" in found.output
    assert "after 100 tokens in float8; 16 bytes more with a token of each sequence" in found.output
    explained = CliRunner().invoke(cli, ["explain", str(path), "attention", "--context", "100"])
    assert "1 × 4 × 100 × 100 × (8 + 8) = 640,000" in explained.output


SMALL = {"hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 4, "intermediate_size": 48, "vocab_size": 60}


@pytest.mark.parametrize(
    ("config", "size"),
    [
        (
            {
                "model_type": "encoder-decoder",
                "architectures": ["EncoderDecoderModel"],
                "encoder": SMALL | {"model_type": "bert"},
                "decoder": SMALL | {"model_type": "bert", "is_decoder": True, "add_cross_attention": True},
            },
            8192,
        ),
        (
            {
                "model_type": "prophetnet",
                "architectures": ["ProphetNetForCausalLM"],
                "hidden_size": 32,
                "vocab_size": 60,
                "num_decoder_layers": 1,
                "num_decoder_attention_heads": 4,
            },
            4096,
        ),
    ],
)
def test_a_decoder_keeps_its_own_text_and_its_encoders(config, size):
    """After 16 tokens, as transformers' cache has it: 16 × 32 numbers for the keys, and for the values, of each."""
    assert asked(config, 16, dtype="float32").memory.kv_cache.bytes == size
