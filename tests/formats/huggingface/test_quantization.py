"""Sizes of quantised models, of the configuration alone and of the folder: tests/oracle/freeze_quantized.py."""

import gzip
import json
from pathlib import Path

import pytest

from paramcalc import load, summarize
from paramcalc.formats import quantized
from paramcalc.formats.tensor import Tensor
from paramcalc.layers.torch.quantized import METHODS, Scheme
from tests.formats.huggingface.test_folder import LLAMA, MIXTRAL, size, write

DATA = Path(__file__).parents[2] / "data" / "quantized.jsonl.gz"
RECORDS = [json.loads(line) for line in gzip.decompress(DATA.read_bytes()).splitlines()]


def label(record):
    said = record["config"]["quantization_config"]
    how = [str(said.get(key)) for key in ("format", "bnb_4bit_quant_type", "load_in_8bit") if key in said]
    return "-".join([record["config"]["architectures"][0], said["quant_method"], *how])


def summary_of(config):
    return summarize(load(json.dumps(config).encode()))


@pytest.mark.parametrize("record", RECORDS, ids=label)
def test_sizes_are_those_of_the_library_that_quantised(tmp_path, record):
    """To the byte, from the configuration alone; the folder agrees, tensor by tensor."""
    summary = summary_of(record["config"])
    wrong = summary.totals.size_bytes - size(record["tensors"])
    if record["config"]["quantization_config"].get("bnb_4bit_use_double_quant"):
        assert abs(wrong) < 30
        assert "a few bytes a layer off" in summary.warnings[0]
    else:
        assert wrong == 0
        assert not summary.warnings
    folder = summarize(load(write(tmp_path, record["config"], record["tensors"])))
    assert not folder.contradictions
    assert folder.totals.size_bytes == size(record["tensors"])
    assert folder.totals.params == summary.totals.params


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("outside", "inside", "group"), [(64, 128, 32), (96, 256, None), (4096, 4096, 128)])
def test_gptq_and_awq_are_packed_as_they_are_recognised(bits, outside, inside, group):
    """What a configuration gives is what the reader of checkpoints takes for that scheme, of as many parameters."""
    for method in ("gptq", "awq") if bits == 4 else ("gptq",):
        found = METHODS[method](outside, inside, Scheme(method, bits, group, scale_dtype="float16"))
        words = (inside * bits // 32, outside) if method == "gptq" else (inside, outside * bits // 32)
        row = {item.name: Tensor(item.name, item.shape, item.dtype, 0) for item in found.beside}
        row["qweight"] = Tensor("qweight", words, "int32", found.size)
        scheme = quantized.recognise(row)
        assert scheme.name == f"{method} {bits} bits"
        assert scheme.tensors["qweight"] == ("weight", outside * inside)
        assert found.size == 4 * words[0] * words[1]


def test_a_mixtures_experts_are_stored_one_by_one(tmp_path):
    """Each expert's matrices have scales of their own, which the fused weight has as one tensor."""
    tensors = {}
    for name, (dtype, *shape) in MIXTRAL["tensors"].items():
        eight = "experts" in name or "_proj" in name
        tensors[name] = ["F8_E4M3" if eight else dtype, *shape]
        if eight:
            tensors[name + "_scale_inv"] = ["F32", -(-shape[0] // 128), -(-shape[1] // 128)]
    scheme = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    config = MIXTRAL["config"] | {"dtype": "bfloat16", "quantization_config": scheme}
    assert summary_of(config).totals.size_bytes == size(tensors)
    folder = summarize(load(write(tmp_path, config, tensors)))
    assert not folder.contradictions
    assert folder.totals.size_bytes == size(tensors)


def quantised(**scheme):
    return summary_of(LLAMA["config"] | {"dtype": "bfloat16", "quantization_config": scheme})


@pytest.mark.parametrize(
    ("scheme", "name"),
    [
        ({"quant_method": "fp8", "modules_to_not_convert": ["lm_head", "model.layers.0.self_attn.q_proj"]}, "fp8"),
        ({"quant_method": "modelopt", "quant_algo": "FP8", "ignore": ["lm_head", "*.0.self_attn.q*"]}, "8 bits"),
        (
            {
                "quant_method": "compressed-tensors",
                "format": "float-quantized",
                "ignore": ["lm_head", r"re:.*\.0\.self_attn\.q_.*"],
                "config_groups": {
                    "all": {"targets": ["Linear"], "weights": {"num_bits": 8, "type": "float", "strategy": "tensor"}}
                },
            },
            "8 bits",
        ),
        (
            {
                "quant_method": "bitsandbytes",
                "load_in_8bit": True,
                "llm_int8_skip_modules": ["lm_head", "0.self_attn.q_proj"],
            },
            "bitsandbytes 8 bits",
        ),
    ],
)
def test_layers_that_are_left_out_are_not_quantised(scheme, name):
    summary = quantised(**scheme)
    packed = {row.path for row in summary.layers if any(weight.kind == "scale" for weight in row.weights)}
    linear = {row.path for row in summary.layers if row.path.endswith("_proj")}
    assert linear - packed == {"model/layers/0/self_attn/q_proj"}
    assert packed <= linear
    assert summary.details["quantization"] == f"{name}: {len(packed):,} layers"


@pytest.mark.parametrize(
    "scheme",
    [
        {"quant_method": "aqlm"},
        {"quant_method": None},
        {"quant_method": "gptq", "bits": 5},
        {"quant_method": "gptq", "bits": 4, "dynamic": {"-:.*q_proj": {}}},
        {"quant_method": "awq", "bits": "4"},
        {"quant_method": "fp8", "weight_block_size": [128]},
        {"quant_method": "fp8", "modules_to_not_convert": [1]},
        {"quant_method": "fp8", "modules_to_not_convert": ["(a"]},
        {"quant_method": "bitsandbytes", "load_in_4bit": True, "bnb_4bit_quant_type": "x"},
        {"quant_method": "compressed-tensors", "config_groups": {}},
        {"quant_method": "compressed-tensors", "format": "marlin", "config_groups": {"a": {"weights": {}}}},
        {"quant_method": "modelopt", "quant_algo": "W4A8"},
    ],
)
def test_a_scheme_that_is_not_known_changes_nothing_and_is_said(scheme):
    summary = quantised(**scheme)
    assert summary.totals.size_bytes == 2 * summary.totals.params
    assert "quantised in a way that is not known" in summary.warnings[0]


def test_an_adapter_is_added_to_quantised_layers():
    """QLoRA: the base stays as it is stored."""
    config = LLAMA["config"] | {
        "dtype": "bfloat16",
        "quantization_config": {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
    }
    plain, adapted = summary_of(config), summarize(load(json.dumps(config).encode(), lora="4:q_proj"))
    added = adapted.totals.trainable_params
    assert adapted.totals.params == plain.totals.params + added
    assert adapted.totals.size_bytes == plain.totals.size_bytes + 4 * added
