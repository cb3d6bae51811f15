"""The figures of memory taken apart: the lines add up, and say where the bytes are."""

import json

import pytest
from click.testing import CliRunner

from paramcalc import load
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.memory_explained import explain_memory
from paramcalc.analysis.memory_options import MemoryOptions
from paramcalc.analysis.summarize import summarize_with_memory
from paramcalc.cli import cli
from paramcalc.errors import InputError
from tests.small_models import LLAMA

MAMBA = {
    "model_type": "falcon_mamba",
    "architectures": ["FalconMambaForCausalLM"],
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "vocab_size": 100,
}
WINDOWS = LLAMA | {"model_type": "mistral", "architectures": ["MistralForCausalLM"], "sliding_window": 16}
MIXTURE = LLAMA | {
    "model_type": "mixtral",
    "architectures": ["MixtralForCausalLM"],
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
}


def explained(config=LLAMA, pattern=None, context=50, batch=2, **options):
    options = MemoryOptions(memory=True, **options)
    evaluation = evaluate(load(json.dumps(config).encode()), batch_size=batch, context=context)
    summary = summarize_with_memory(evaluation, "bfloat16", options)
    return summary.memory, {
        part.title: part for part in explain_memory(evaluation, summary, "bfloat16", options, pattern)
    }


@pytest.mark.parametrize("config", [LLAMA, MAMBA, WINDOWS, MIXTURE], ids=lambda config: config["model_type"])
@pytest.mark.parametrize("batch", [1, 3])
def test_the_lines_of_each_figure_add_up_to_it(config, batch):
    memory, parts = explained(config, batch=batch, optimizer="adamw", kv_dtype="float8")
    figures = {
        "Weights": memory.weights_bytes,
        "KV cache": memory.kv_cache.bytes,
        "Prompt": memory.prefill_bytes,
        "One more token": memory.decode_bytes,
        "Kept for the backward pass": memory.training.activation_bytes,
        "Training": memory.training.total_bytes,
    }
    assert {title: part.bytes for title, part in parts.items()} == figures
    assert {title: sum(line.bytes for line in part.lines) for title, part in parts.items()} == figures


def test_a_cache_is_its_factors():
    _, parts = explained()
    assert [(line.what, line.count, line.bytes) for line in parts["KV cache"].lines] == [
        (f"{name}: 2 sequences × 50 tokens × 2 heads × 16 size in bfloat16", 4, 4 * 2 * 50 * 2 * 16 * 2)
        for name in ("keys", "values")
    ]


def test_a_peak_names_what_is_alive():
    memory, parts = explained(context=500)
    prompt = parts["Prompt"]
    assert prompt.at == memory.prefill_at == "model/layers/3/mlp/mul"
    assert {line.name for line in prompt.lines if line.what.startswith("alive")} == {
        *("input_ids", "model/embed_tokens", "model/layers/2/add", "model/layers/3/attended"),
        *("model/layers/3/post_attention_layernorm", "model/layers/3/mlp/act_fn", "model/layers/3/mlp/up_proj"),
        "model/layers/3/mlp/mul",
    }


def test_one_layer_is_its_own_part():
    _, parts = explained(pattern="model/layers/1/self_attn/attention", optimizer="adamw")
    assert set(parts) == {"KV cache", "Kept for the backward pass"}
    assert parts["KV cache"].bytes == 2 * 2 * 50 * 2 * 16 * 2
    with pytest.raises(InputError, match="matches 'nothing'"):
        explained(pattern="nothing")


def run(path, *options):
    return CliRunner().invoke(cli, ["explain", str(path), *options], standalone_mode=False)


def test_the_command(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA))
    text = run(path, "--memory", "--context", "50", "--dtype", "bfloat16").output
    assert "\nKV cache  25.0 KiB\n" in text
    assert (
        "12,800  keys: 50 tokens × 2 heads × 16 size in bfloat16  model/layers/0/self_attn/attention and 3 more" in text
    )
    parts = json.loads(run(path, "--memory", "--context", "50", "--format", "json").output)
    assert [part["title"] for part in parts] == ["Weights", "KV cache", "Prompt", "One more token"]
    assert "--dtype is about the memory" in run(path, "--dtype", "int8").exception.format_message()
    assert "text or json" in run(path, "--memory", "--format", "markdown").exception.format_message()
