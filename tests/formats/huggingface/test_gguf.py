"""A config.json and a GGUF file: llama.cpp's names are held against those of transformers.

The names and shapes are what llama.cpp's converter writes: tests/oracle/freeze_gguf.py made the records.
"""

import gzip
import json
import struct
from itertools import groupby
from math import prod
from pathlib import Path

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.check.budgets import parse_budget
from paramcalc.check.gate import check_file
from paramcalc.cli import run
from paramcalc.formats.gguf.types import DTYPES
from tests.each import each

DATA = Path(__file__).parents[2] / "data" / "huggingface_gguf.jsonl.gz"
RECORDS = [json.loads(line) for line in gzip.decompress(DATA.read_bytes()).splitlines()]
BY_TYPE = {name: list(found) for name, found in groupby(RECORDS, lambda record: record["config"]["model_type"])}
KINDS = {kind.name: number for number, kind in DTYPES.items()}


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def size(dims, kind="F32"):
    found = DTYPES[KINDS[kind]]
    return prod(dims) // found.elements * found.size


def write(folder, record, tensors=None, kind=lambda name, dims: "F32", part=None):
    """A folder with the record's config.json and a file that is all holes behind its header; one part of several."""
    folder.mkdir(exist_ok=True)
    tensors = record["tensors"] if tensors is None else tensors
    keys = {} if part is None else {"split.no": part[0], "split.count": part[1]}
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 1 + len(keys))
    head += text("general.architecture") + struct.pack("<I", 8) + text(record["architecture"])
    head += b"".join(text(key) + struct.pack("<IH", 2, value) for key, value in keys.items())
    at = 0
    for name, dims in tensors.items():
        stored = kind(name, dims)
        head += text(name) + struct.pack(f"<I{len(dims)}Q", len(dims), *reversed(dims))
        head += struct.pack("<IQ", KINDS[stored], at)
        at += size(dims, stored)
        at += -at % 32
    head += b"\0" * (-len(head) % 32)
    name = "model.gguf" if part is None else f"model-{part[0] + 1:05}-of-{part[1]:05}.gguf"
    with open(folder / name, "wb") as file:
        file.write(head)
        file.truncate(len(head) + at)
    (folder / "config.json").write_text(json.dumps(record["config"]))
    return folder


def said(folder, **options):
    return summarize(load(folder, **options)).contradictions or []


LLAMA, MIXTRAL, DEEPSEEK = (BY_TYPE[name][0] for name in ("llama", "mixtral", "deepseek_v3"))


@each("type_", BY_TYPE)
def test_a_configuration_agrees_with_what_is_converted_of_its_model(tmp_path, type_):
    """Names, shapes, experts that are apart or fused, what is cut, turned, left out or added; and the bytes of all."""
    for number, record in enumerate(BY_TYPE[type_]):
        summary = summarize(load(write(tmp_path / f"{type_} {number}", record)))
        assert not summary.warnings, record["config"]
        assert not summary.contradictions, record["config"]


@each("type_", BY_TYPE)
def test_a_tensor_that_a_file_lacks_is_seen(tmp_path, type_):
    record = BY_TYPE[type_][0]
    lost = next(name for name in record["tensors"] if name.endswith(("blk.0.ffn_down.weight", "norm.weight")))
    tensors = {name: dims for name, dims in record["tensors"].items() if name != lost}
    found = said(write(tmp_path / type_, record, tensors))
    assert any("is not in the checkpoint" in message for message in found), lost


def test_a_tensor_that_is_missing_extra_or_of_another_shape_is_named(tmp_path):
    tensors = dict(LLAMA["tensors"])
    del tensors["blk.0.ffn_norm.weight"]
    rows, columns = tensors["token_embd.weight"]
    tensors["token_embd.weight"] = [rows + 1, columns]
    tensors["blk.0.attn_k_norm.weight"] = [8]
    assert said(write(tmp_path, LLAMA, tensors)) == [
        f"weight 'model.embed_tokens.weight' is ({rows}, {columns}) by its layer, "
        f"but ({rows + 1}, {columns}) in the checkpoint ('token_embd.weight')",
        "tensor 'blk.0.attn_k_norm.weight' (8,) in the checkpoint belongs to no layer",
        f"weight 'model.layers.0.post_attention_layernorm.weight' ({columns},) is not in the checkpoint",
    ]


def test_a_block_too_many_belongs_to_no_layer(tmp_path):
    tensors = LLAMA["tensors"] | {"blk.99.ffn_norm.weight": LLAMA["tensors"]["blk.0.ffn_norm.weight"]}
    (message,) = said(write(tmp_path, LLAMA, tensors))
    assert message.startswith("tensor 'blk.99.ffn_norm.weight'")


def test_what_predicts_further_tokens_is_no_layer_of_transformers(tmp_path):
    dims = LLAMA["tensors"]["blk.0.ffn_norm.weight"]
    further = {"blk.99.nextn.eh_proj.weight": [4, 4], "blk.99.ffn_norm.weight": dims}
    assert said(write(tmp_path, LLAMA, LLAMA["tensors"] | further)) == []


def test_quantised_blocks_have_the_shape_of_the_weight(tmp_path):
    """The parameters are those of the network, the bytes those of the blocks."""

    def kind(name, dims):
        return "Q8_0" if len(dims) == 2 and dims[-1] % 32 == 0 else "F32"

    summary = summarize(load(write(tmp_path, LLAMA, kind=kind)))
    assert not summary.contradictions
    assert summary.totals.size_bytes == sum(size(d, kind(n, d)) for n, d in LLAMA["tensors"].items())
    assert {weight.dtype for row in summary.layers for weight in row.weights} == {"Q8_0", "float32"}
    assert summary.totals.params == summarize(load(tmp_path / "config.json")).totals.params


def test_an_output_that_is_tied_may_be_there_and_may_not(tmp_path):
    tied = LLAMA | {"config": LLAMA["config"] | {"tie_word_embeddings": True}}
    tensors = dict(LLAMA["tensors"])
    tensors.pop("output.weight", None)
    assert said(write(tmp_path, tied, tensors)) == []
    tensors["output.weight"] = tensors["token_embd.weight"]
    assert said(write(tmp_path, tied, tensors)) == []


def test_frequencies_of_positions_are_no_weights(tmp_path):
    assert said(write(tmp_path, LLAMA, LLAMA["tensors"] | {"rope_freqs.weight": [4]})) == []


def test_experts_may_be_stored_one_by_one(tmp_path):
    """As files of 2023 have them; one that is missing shows in the fused weight."""
    tensors = {}
    for name, dims in MIXTRAL["tensors"].items():
        if "_exps" in name:
            tensors |= {name.replace("_exps", f".{number}"): dims[1:] for number in range(dims[0])}
        else:
            tensors[name] = dims
    assert any(".ffn_gate.1.weight" in name for name in tensors)
    assert said(write(tmp_path, MIXTRAL, tensors)) == []
    del tensors["blk.0.ffn_down.1.weight"]
    (message,) = said(write(tmp_path, MIXTRAL, tensors))
    assert "experts.down_proj' is (" in message


def test_keys_and_values_that_are_expanded_may_be_one_tensor(tmp_path):
    """Files of before March 2025 have DeepSeek's as transformers has it."""
    tensors = {}
    for name, dims in DEEPSEEK["tensors"].items():
        if name.endswith("attn_k_b.weight"):
            heads, rank, keys = dims
            values = DEEPSEEK["tensors"][name.replace("k_b", "v_b")][1]
            tensors[name.replace("k_b", "kv_b")] = [heads * (keys + values), rank]
        elif not name.endswith("attn_v_b.weight"):
            tensors[name] = dims
    assert said(write(tmp_path, DEEPSEEK, tensors)) == []


def test_a_file_of_another_architecture_is_counted_alone(tmp_path, capsys):
    """In a folder a warning says so; a file that the user names is refused."""
    folder = write(tmp_path, LLAMA | {"architecture": "qwen2"})
    summary = summarize(load(folder))
    assert summary.totals.params == sum(prod(dims) for dims in LLAMA["tensors"].values())
    assert summary.warnings == [
        "the checkpoint was counted, and not compared with config.json: it is of llama.cpp's architecture 'qwen2', "
        "and one of 'llama' would be of llama"
    ]
    assert run(["summary", str(folder / "config.json"), "--weights", str(folder / "model.gguf")]) == 2
    assert "architecture 'qwen2'" in capsys.readouterr().err


def test_a_type_whose_names_are_not_known_is_counted_alone(tmp_path):
    folder = write(tmp_path, LLAMA | {"config": {"model_type": "vit", "architectures": ["ViTModel"]}})
    (warning,) = summarize(load(folder)).warnings
    assert warning.endswith("how llama.cpp names the weights of 'vit' is not known")


def test_an_architecture_of_another_framework_has_other_names(tmp_path):
    write(tmp_path, LLAMA)
    with pytest.raises(InputError, match=r"llama\.cpp's names"):
        load(b"{framework: torch, input: [8], layers: [{Linear: 4}]}", weights=tmp_path / "model.gguf")


def test_a_file_may_be_in_parts(tmp_path):
    """By the folder, by the first, or by another: what is in the others is not missed then."""
    names = sorted(LLAMA["tensors"])
    for part in (0, 1):
        write(tmp_path, LLAMA, {name: LLAMA["tensors"][name] for name in names[part::2]}, part=(part, 2))
    assert said(tmp_path) == []
    config = tmp_path / "config.json"
    assert said(config, weights=tmp_path / "model-00001-of-00002.gguf") == []
    second = summarize(load(config, weights=tmp_path / "model-00002-of-00002.gguf"))
    assert not second.contradictions
    assert second.warnings == ["this is file 2 of 2: the others are not counted"]


def test_a_folder_is_judged_by_its_file(tmp_path):
    budget = [parse_budget({"params": "1G"})]
    assert check_file(str(write(tmp_path, LLAMA)), budget).status == "passed"
    tensors = {name: dims for name, dims in LLAMA["tensors"].items() if name != "output_norm.weight"}
    assert check_file(str(write(tmp_path, LLAMA, tensors)), budget).status == "broken"


@pytest.mark.parametrize("name", ["llama", "mixtral", "gpt2", "qwen3_moe", "deepseek_v3", "t5", "mamba"])
def test_a_configuration_and_its_file_do_not_differ(tmp_path, capsys, name):
    record = BY_TYPE[name][0]
    folder = write(tmp_path, record | {"config": record["config"] | {"dtype": "float32"}})
    paths = str(folder / "config.json"), str(folder / "model.gguf")
    for pair in (paths, paths[::-1]):
        assert run(["diff", *pair]) == 0
        assert "no layer changed" in capsys.readouterr().out
