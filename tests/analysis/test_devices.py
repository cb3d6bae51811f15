"""A model over several devices: against sums by hand, and against DeepSpeed's published estimates."""

import json

import pytest
from click.testing import CliRunner

from paramcalc import load, summarize
from paramcalc.analysis.memory_options import Spread
from paramcalc.cli import cli
from paramcalc.errors import InputError

LLAMA_70B = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "vocab_size": 32000,
    "hidden_size": 8192,
    "intermediate_size": 28672,
    "num_hidden_layers": 80,
    "num_attention_heads": 64,
    "num_key_value_heads": 8,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": False,
}
SMALL = LLAMA_70B | {
    "vocab_size": 1000,
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 6,
    "num_attention_heads": 8,
    "num_key_value_heads": 2,
}
LATENT = {
    "model_type": "deepseek_v2",
    "architectures": ["DeepseekV2ForCausalLM"],
    "vocab_size": 1000,
    "hidden_size": 64,
    "intermediate_size": 128,
    "moe_intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 8,
    "num_key_value_heads": 8,
    "kv_lora_rank": 32,
    "q_lora_rank": None,
    "qk_rope_head_dim": 8,
    "qk_nope_head_dim": 16,
    "v_head_dim": 16,
    "n_routed_experts": 4,
    "num_experts_per_tok": 2,
    "first_k_dense_replace": 1,
    "n_shared_experts": 1,
}


def device(config=SMALL, *, context=64, batch=1, **options):
    spread = Spread(**{name: options.pop(name) for name in Spread.__struct_fields__ if name in options})
    model = load(json.dumps(config).encode())
    options = {"dtype": "bfloat16", **options}
    return summarize(model, context=context, batch_size=batch, spread=spread, **options).memory.device


@pytest.mark.parametrize(
    "text",
    [
        "{input: [784], layers: [{Dense: 64}, {Dense: 10}]}",
        "{framework: torch, input: [3, 8, 8], layers: [{Conv2d: [8, 3]}, ReLU]}",
    ],
)
def test_a_model_of_which_nothing_can_be_divided_is_an_error(text):
    """Else each device would seem to need as much as one does, as if that were the answer."""
    with pytest.raises(InputError, match="no matrix of this model can be divided over 2 devices"):
        summarize(load(text.encode()), memory=True, spread=Spread(tensor=2))


def test_llama_70b_over_eight_devices_by_hand():
    """Matrices are divided by 8, norms are not; 8 heads of keys are one for each device."""
    found = device(LLAMA_70B, context=4096, tensor=8)
    attention = 2 * 8192 * 8192 + 2 * 8192 * 1024
    layer = (attention + 3 * 8192 * 28672) // 8 + 2 * 8192
    assert found.weights_bytes == 2 * (80 * layer + 2 * 32000 * 8192 // 8 + 8192)
    assert found.kv_cache_bytes == 2 * 80 * 4096 * 128 * 2


def test_llama_70b_as_a_pipeline_by_hand():
    """Each has 40 layers; the first has the embedding, the last as large a head and the last norm."""
    found = device(LLAMA_70B, context=4096, tensor=8, pipeline=2)
    layer = (2 * 8192 * 8192 + 2 * 8192 * 1024 + 3 * 8192 * 28672) // 8 + 2 * 8192
    assert found.weights_bytes == 2 * (40 * layer + 32000 * 8192 // 8 + found.stage * 8192)
    assert found.kv_cache_bytes == 40 * 2 * 4096 * 128 * 2


def test_the_estimates_of_deepspeed():
    """stage3.py: 18 × params / devices + 4 × largest layer; stage_1_and_2.py: 4 × params + 16 × params / devices."""
    total = summarize(load(json.dumps(SMALL).encode())).totals.params
    largest = 1000 * 64
    for zero, expected in ((3, 18 * total / 4 + 4 * largest), (2, 4 * total + 16 * total / 4)):
        found = device(data=4, zero=zero, optimizer="adamw", master_weights=True)
        parts = (found.weights_bytes, found.gradient_bytes, found.optimizer_bytes, found.gathered_bytes)
        assert sum(parts) == pytest.approx(expected, abs=8)


@pytest.mark.parametrize(
    ("zero", "weights", "gradients", "states"), [(0, 1, 1, 1), (1, 1, 1, 4), (2, 1, 4, 4), (3, 4, 4, 4)]
)
def test_zero_divides_states_then_gradients_then_weights(zero, weights, gradients, states):
    whole, part = (device(data=4, zero=stage, optimizer="adamw") for stage in (0, zero))
    assert part.weights_bytes == pytest.approx(whole.weights_bytes / weights, abs=1)
    assert part.gradient_bytes == pytest.approx(whole.gradient_bytes / gradients, abs=1)
    assert part.optimizer_bytes == pytest.approx(whole.optimizer_bytes / states, abs=1)


def test_more_devices_than_heads_of_keys_have_copies_of_them():
    """2 heads of keys over 8 devices: each has one, with its matrices; 8 heads of queries are one for each."""
    two, eight = device(tensor=2), device(tensor=8)
    assert eight.kv_cache_bytes == two.kv_cache_bytes == 6 * 64 * 2 * 8 * 2
    keys = 6 * 2 * 64 * 8 * 2
    matrices = 6 * (2 * 64 * 64 + 3 * 64 * 160) + 2 * 1000 * 64
    norms = 13 * 64
    assert eight.weights_bytes == 2 * (matrices // 8 + norms) + keys


def test_latent_caches_are_on_every_device():
    """What is compressed is for all heads; so are the matrices that compress it, and the router."""
    one, four = device(LATENT, tensor=1, data=2), device(LATENT, tensor=4)
    assert four.kv_cache_bytes == one.kv_cache_bytes == 2 * 64 * (32 + 8) * 2
    whole = 2 * (64 * (32 + 8) + 32 + 2 * 64) + 64 + 4 * 64
    assert four.weights_bytes == pytest.approx(2 * whole + (one.weights_bytes - 2 * whole) / 4, abs=16)


def test_tied_embeddings_are_on_both_ends_of_a_pipeline():
    tied = SMALL | {"tie_word_embeddings": True}
    assert device(tied, pipeline=2).weights_bytes == device(pipeline=2).weights_bytes
    assert device(tied, data=2).weights_bytes == device(data=2).weights_bytes - 2 * 1000 * 64


def test_peaks_of_one_device_are_those_of_the_model():
    """Spread for data alone, a device runs the whole model."""
    model = load(json.dumps(SMALL).encode())
    memory = summarize(model, context=64, batch_size=1, dtype="bfloat16", memory=True, optimizer="adamw").memory
    found = device(data=2, optimizer="adamw")
    assert found.prefill_bytes == memory.prefill_bytes
    assert found.weights_bytes == memory.weights_bytes
    assert found.training_bytes == pytest.approx(memory.training.peak_bytes, rel=0.01)


def test_the_first_stage_of_a_pipeline_keeps_the_most_batches():
    found = device(SMALL | {"vocab_size": 50}, pipeline=3, optimizer="sgd", context=512)
    assert found.stage == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tensor": 3}, "8 heads with 2 of keys cannot be divided evenly over 3 devices"),
        ({"pipeline": 7}, "a stack of 6 layers cannot be a pipeline of 7 stages"),
    ],
)
def test_what_cannot_be_divided_is_refused(options, message):
    with pytest.raises(InputError, match=message):
        device(**options)


def test_the_table_names_the_devices(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(SMALL))
    options = ["--context", "64", "--tp", "2", "--pp", "2", "--dp", "2", "--zero", "1", "--optimizer", "adamw"]
    text = CliRunner().invoke(cli, ["summary", str(path), *options, "--width", "200"]).output
    assert "2 × 2 × 2 devices  tensor × pipeline × data; the largest, stage" in text
    refused = CliRunner().invoke(cli, ["summary", str(path), "--zero", "3"])
    assert "--zero divides over the devices of --dp N" in refused.output
