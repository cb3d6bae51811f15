"""Peaks of programs: what backward keeps against autograd, the rest against sums by hand and against each other."""

import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from paramcalc import load, summarize
from paramcalc.analysis.backward import segments_of, training_peak
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.memory import measure_memory
from paramcalc.analysis.summarize import summarize_evaluation
from paramcalc.analysis.tape import entered, record
from paramcalc.answer import Question, answer
from paramcalc.cli import cli
from paramcalc.errors import InputError
from paramcalc.layers.optimizers import optimizers_of
from paramcalc.layers.programs import SizedCall, program_of
from paramcalc.layers.registry import Registry
from paramcalc.layers.torch.linear import Linear
from paramcalc.layers.torch.names import FAMILIES
from paramcalc.layers.torch.needs import MODULES, STACKS
from paramcalc.layers.torch.programs import WORKSPACE
from tests.each import each
from tests.small_models import LLAMA

ROOT = Path(__file__).parents[2]
DATA = Path(__file__).parents[1] / "data" / "saved.jsonl.gz"
RECORDS = [json.loads(line) for line in gzip.decompress(DATA.read_bytes()).splitlines()]
LAYERS = [record for record in RECORDS if "spec" in record]
MODELS = [record for record in RECORDS if "config" in record]

OTHERWISE = {
    "LogSigmoid": "on a CPU it keeps a buffer more than on a GPU",
    "{Dropout: 0.1}": "on a CPU the mask is as wide as the elements",
    "MultiheadAttention": "on a GPU the kernel's result is copied once more",
    **dict.fromkeys(
        ("bart", "blenderbot", "blenderbot-small", "marian", "mbart", "mvp", "pegasus", "plbart"),
        "its attention to an encoder did not run: none was given",
    ),
    **dict.fromkeys(
        ("falcon_h1", "falcon_mamba", "jamba", "mamba", "nemotron_h", "qwen3_next", "qwen3_5_moe_text", "qwen3_5_text"),
        "without its kernels the recurrence keeps every step",
    ),
    "llama4_text": "every expert computes every token",
}
"""What was measured of something else than what is computed here, and why."""


def kept_by(record_):
    spec = record_["spec"]
    layer = spec if spec.startswith("{") or ":" not in spec else f"{{{spec}}}"
    text = f"{{framework: torch, input: {record_['shape'][1:]}, layers: [{layer}]}}"
    evaluation = evaluate(load(text.encode()), batch_size=record_["shape"][0])
    tape = record(evaluation, program_of("torch", None, ""), None, evaluation.outputs)
    return sum(tape.sizes[storage] for storage in tape.steps[0].keeps) + tape.steps[0].extra


@each("case", LAYERS, lambda case: case["spec"])
def test_a_module_keeps_what_autograd_saves(case):
    if not any(name in case["spec"] for name in OTHERWISE):
        assert kept_by(case) == case["saved"]


def activations(config, batch=2, tokens=48, **options):
    model = load(json.dumps(config).encode())
    found = summarize(model, batch_size=batch, context=tokens, dtype="bfloat16", optimizer="adamw", **options)
    return found.memory.training.activation_bytes


def test_language_models_keep_what_autograd_saves():
    """Within 15 % for each type but one, whose heads have values of another size, and within 3 % for most."""
    errors = {
        case["config"]["model_type"]: activations(case["config"]) / case["saved"] - 1
        for case in MODELS
        if case["config"]["model_type"] not in OTHERWISE
    }
    assert {name: error for name, error in errors.items() if abs(error) > 0.15 and name != "mimo_v2_flash"} == {}
    assert sum(abs(error) <= 0.03 for error in errors.values()) > len(errors) / 2


PEAKS = [json.loads(line) for line in gzip.decompress(DATA.with_name("peaks.jsonl.gz").read_bytes()).splitlines()]


@each("case", PEAKS, lambda case: case["config"]["model_type"])
def test_peaks_are_those_that_transformers_has(case):
    """Beyond weights and cache within 25 % for a prompt; for training what is kept within 15 %, the peak within 5 %."""
    model = load(json.dumps(case["config"]).encode())
    found = summarize(model, context=512, batch_size=2, dtype="bfloat16", optimizer="sgd").memory
    beyond = found.prefill_bytes - found.weights_bytes - found.kv_cache.bytes
    assert beyond == pytest.approx(case["prompt"] + WORKSPACE - found.kv_cache.bytes, rel=0.25)
    assert found.decode_bytes == pytest.approx(found.weights_bytes + WORKSPACE + case["token"], rel=0.05)
    assert found.training.activation_bytes == pytest.approx(case["kept"], rel=0.15)
    assert found.training.peak_bytes == pytest.approx(found.weights_bytes + 2 * WORKSPACE + case["backward"], rel=0.05)


def test_every_module_has_a_rule():
    """Of torch.nn, but for stacks of others, and those that keep their output as what is in no table does."""
    registry = Registry("torch")
    names = {name for family in FAMILIES.values() for name in family}
    names = {name for name in names if "torch.nn." in (registry.get(name).__doc__ or "")}
    rest = {name for name in names if name not in MODULES and name not in STACKS and "Pad" not in name}
    assert rest <= {
        *("RNNCell", "LSTMCell", "GRUCell", "LocalResponseNorm", "CrossMapLRN2d", "Parameter"),
        *(
            "MaxUnpool1d",
            "MaxUnpool2d",
            "MaxUnpool3d",
            "AdaptiveMaxPool3d",
            "FractionalMaxPool2d",
            "FractionalMaxPool3d",
        ),
    }


def memory(config=LLAMA, tokens=100, batch=1, dtype="bfloat16", **options):
    model = load(json.dumps(config).encode())
    return summarize(model, batch_size=batch, context=tokens, dtype=dtype, memory=True, **options).memory


CARD = {
    "resnet50": (524_920_832 - 171_681_792, 3_164_596_736),
    "vgg16": (2_286_220_288 - 622_637_568, 4_688_364_032),
    "vit_b_16": (686_501_376 - 415_477_248, 5_231_566_848),
}
"""What torchvision's took on an H100 in float32, 32 images at once: the peak of inference beyond what was there before,
the weights and the workspaces, and the peak of training with Adam."""


@pytest.mark.parametrize("name", CARD)
def test_images_take_what_a_card_measured(name):
    """VGG16's peak is a convolution between the two largest tensors, which it copies."""
    asked = Question(batch_size=32, optimizer="adam")
    memory = answer(str(ROOT / "specs" / "torch" / f"{name}.yaml"), asked).memory
    weights = memory.weights_bytes + memory.workspace_bytes
    beyond, training = CARD[name]
    assert memory.inference_bytes - weights == pytest.approx(beyond, rel=0.01)
    assert memory.training.peak_bytes == pytest.approx(training, rel=0.01)


def test_a_convolution_of_one_element_or_in_groups_copies_nothing():
    """The peak is then input and output alone."""
    for fields, copies in (
        ("[8, 3]", True),
        ("[8, 1]", False),
        ("{out_channels: 8, kernel_size: 3, groups: 8}", False),
    ):
        text = f"{{framework: torch, input: [8, 64, 64], layers: [{{Conv2d: {fields}}}]}}"
        memory = summarize(load(text.encode()), memory=True).memory
        beyond = memory.inference_bytes - memory.weights_bytes - WORKSPACE
        assert (beyond > 1.5 * memory.peak_bytes) == copies


def test_a_prompt_peaks_in_the_last_gated_network():
    """Alive: the embeddings, the layer's input, the residual, the normalised one, and three of the network's width."""
    found = memory(tokens=500)
    alive = 500 * 2 * (4 * 64 + 3 * 160) + 500 * 8
    assert found.prefill_at == "model/layers/3/mlp/mul"
    assert found.prefill_bytes == found.weights_bytes + found.kv_cache.bytes + WORKSPACE + alive
    assert found.inference_bytes == max(found.prefill_bytes, found.decode_bytes)


def test_one_more_token_copies_the_keys_of_a_layer():
    """2 heads of 16 for each of 4,000 tokens of 8 sequences, in two bytes: most of what is beside weights and cache."""
    found = memory(tokens=4000, batch=8)
    beside = found.decode_bytes - found.weights_bytes - found.kv_cache.bytes - WORKSPACE
    assert 1 <= beside / (8 * 4000 * 2 * 16 * 2) < 1.1


@settings(max_examples=15)
@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 4))
def test_more_tokens_and_more_sequences_never_take_less(tokens, more, batch):
    one, two, many = memory(tokens=tokens), memory(tokens=tokens + more), memory(tokens=tokens, batch=batch)
    for name in ("prefill_bytes", "decode_bytes", "inference_bytes"):
        assert getattr(one, name) <= getattr(two, name)
        assert getattr(one, name) <= getattr(many, name)


def test_frozen_layers_keep_what_the_layers_before_them_need(tmp_path):
    """With adapters of rank 4 on the queries, inputs of other matrices are not kept, nor what frozen norms scale."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA))
    asked = Question(context=100, batch_size=1, dtype="bfloat16", optimizer="adamw", lora="4:q_proj")
    found = answer(str(path), asked).memory.training
    assert found.gradient_bytes == 4 * 2 * 4 * 64 * 2
    tokens = 2 * 100
    layer = tokens * (64 * 2 + 64 * 2 + 64 + 64 + 2 * 32 + 64 + 3 * 160) + 4 * 100 * 4
    rest = tokens * 64 * 2 + 4 * 100 * 1000
    assert found.activation_bytes == 4 * layer + rest


def test_checkpointing_keeps_the_inputs_of_layers_alone():
    """Of each of 4 layers 100 × 64 elements, then a norm, the head's input and the logarithms in float32."""
    full, again = (memory(optimizer="adamw", checkpointing=flag).training for flag in (False, True))
    last = 100 * 64 * (4 + 2 + 2)
    assert again.activation_bytes == 4 * 100 * 64 * 2 + last + 100 * 8 + 4 * 100 * 1000
    assert again.activation_bytes < full.activation_bytes
    assert again.peak_bytes <= full.peak_bytes


def test_the_peak_of_a_step_is_never_less_than_its_parts():
    for optimizer in optimizers_of("torch"):
        found = memory(optimizer=optimizer).training
        fixed = found.weights_bytes + found.optimizer_bytes
        assert found.peak_bytes >= fixed + max(found.activation_bytes, found.gradient_bytes + found.temporary_bytes)


STATES = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2, "lion": 1}


@pytest.mark.parametrize(("optimizer", "copies"), STATES.items())
def test_states_are_copies_of_the_weights(optimizer, copies):
    found = memory(optimizer=optimizer).training
    assert found.optimizer_bytes == copies * found.gradient_bytes


def test_states_by_their_formulas():
    """A matrix of 64 × 128 and a vector of 64, in float32."""
    text = "{framework: torch, input: [128], layers: [{Linear: 64}]}"
    model = load(text.encode())
    found = {name: summarize(model, optimizer=name).memory.training for name in ("adafactor", "adamw-8bit", "muon")}
    count = 64 * 128
    assert found["adafactor"].optimizer_bytes == 4 * (64 + 128 + 64)
    assert found["adamw-8bit"].optimizer_bytes == 2 * (count + 4 * count // 256) + 8 * 64
    assert found["muon"].optimizer_bytes == 4 * (count + 2 * 64)
    assert found["muon"].temporary_bytes == 4 * count + 4 * 64 * 64 + 4 * count


def test_master_weights_are_float32_and_so_are_the_states():
    """2 bytes of weight and of gradient, 4 of master weight, 8 of state a parameter: ZeRO's 16 (arXiv:1910.02054)."""
    found = memory(optimizer="adamw", master_weights=True)
    params = found.weights_bytes // 2
    training = found.training
    parts = training.weights_bytes, training.gradient_bytes, training.master_bytes, training.optimizer_bytes
    assert parts == (2 * params, 2 * params, 4 * params, 8 * params)


def test_an_optimizer_of_another_framework_is_refused():
    with pytest.raises(InputError, match="muon is no optimizer of this model's framework; it has: sgd, momentum, adam"):
        summarize(load(b"{input: [4], layers: [{Dense: 4}]}"), optimizer="muon")


def test_a_module_of_somebodys_own_is_not_known_unless_it_is_a_norm():
    """With weights, it is more than one operation; what it keeps of them is anybody's guess."""
    program = program_of("torch", None, "")
    asked = SizedCall(Linear(out_features=8), [(2, 4, 8)], [(2, 4, 8)], 2)
    assert program.needs("WindowAttention", asked, holds_weights=True) is None
    assert program.needs("cumsum", asked, holds_weights=False).output
    assert program.needs("LlamaRMSNorm", asked, holds_weights=True).extra == 64 * (4 + 2)
    assert program.needs("AnyLayerNorm", asked, holds_weights=True).inputs == 1


def test_a_stack_of_others_is_not_known():
    text = "{framework: torch, input: [10, 64], layers: [{TransformerEncoderLayer: {nhead: 4, dim_feedforward: 9}}]}"
    found = summarize(load(text.encode()), batch_size=2, optimizer="adamw").memory
    assert found.training.activation_bytes is found.training.peak_bytes is None


@pytest.mark.parametrize(
    ("reader", "maker", "group"),
    [
        ("model/layers/1/mlp/up", "model/layers/0/add", "model/layers/1"),
        ("model/layers/1/mlp/up", "model/layers/1/norm", "model/layers/1/mlp"),
        ("model/layers/1/add", "model/layers/1/norm", ""),
        ("head", "model/norm", ""),
        ("model/norm", "ids", "model"),
    ],
)
def test_a_module_that_is_entered_holds_its_input(reader, maker, group):
    assert entered(reader, maker) == group


def test_segments_are_the_numbered_parts_of_a_stack():
    evaluation = evaluate(load(json.dumps(LLAMA).encode()), context=10)
    parts = segments_of(evaluation.calls)
    assert len(parts) == 4
    assert {evaluation.calls[start].node.path.rpartition("/")[2] for start, _ in parts} == {"input_layernorm"}


def test_an_unknown_length_leaves_the_peaks_unknown():
    model = load(json.dumps(LLAMA).encode())
    found = summarize(model, memory=True, optimizer="adamw").memory
    assert found.prefill_bytes is found.decode_bytes is found.inference_bytes is found.training.peak_bytes is None
    evaluation = evaluate(model)
    program = program_of("torch", "transformers", "LlamaForCausalLM")
    assert training_peak(evaluation, program, None, [0] * len(evaluation.calls), False, 0) is None


def test_the_table_says_what_it_assumes(tmp_path):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(LLAMA))
    options = ("--context", "64", "--optimizer", "adamw", "--checkpointing", "--master-weights", "--width", "200")
    text = CliRunner().invoke(cli, ["summary", str(path), *options]).output
    for label in ("KV cache", "Prompt", "One more token", "Master weights", "Kept", "Peak of a step"):
        assert f"\n{label}" in text
    assert "weights + cache + activations, last logits only, 32.0 MiB workspace" in text
    refused = CliRunner().invoke(cli, ["summary", str(path), "--checkpointing"])
    assert "--checkpointing is about training; --optimizer NAME asks for that" in refused.output


def test_last_uses_are_found_once_for_a_prompt_and_a_token(monkeypatch):
    """They depend on who reads what alone; another program finds its own."""
    from paramcalc.analysis import tape as tapes

    found = []
    original = tapes.find_last_uses
    monkeypatch.setattr(tapes, "find_last_uses", lambda *given: found.append(original(*given)) or found[-1])
    evaluation = evaluate(load(json.dumps(LLAMA).encode()), context=16, batch_size=1)
    rows = summarize_evaluation(evaluation).layers
    once = measure_memory(evaluation, rows)
    assert len(found) == 1
    evaluation.known.clear()
    assert measure_memory(evaluation, rows) == once
