"""Adapters of llama.cpp against PEFT's, of which its converter made them: tests/oracle/freeze_gguf_lora.py."""

import gzip
import json
from math import prod
from pathlib import Path

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.cli import run
from tests.formats.gguf_files import write_file

DATA = Path(__file__).parents[2] / "data" / "gguf_lora.jsonl.gz"
RECORDS = [json.loads(line) for line in gzip.decompress(DATA.read_bytes()).splitlines()]
TURNED = [record for record in RECORDS if record["config"]["model_type"] == "gpt2"]
"""The converter turns these as it does the weights, which are stored upright; llama.cpp does not load what it makes."""
RECORDS = [record for record in RECORDS if record not in TURNED]
IDS = [f"{record['config']['model_type']}-{number}" for number, record in enumerate(RECORDS)]


def adapter_values(record):
    return {
        "general.type": "adapter",
        "general.architecture": record["adapter_architecture"],
        "adapter.type": "lora",
        "adapter.lora.alpha": record["alpha"],
    }


def write(folder, record, adapter=None, values=None, base=None):
    """A config.json, the base and the adapter as GGUF files."""
    (folder / "config.json").write_text(json.dumps(record["config"]))
    model = {"general.type": "model", "general.architecture": record["architecture"]}
    write_file(folder / "base.gguf", record["tensors"] if base is None else base, model)
    tensors = record["adapter"] if adapter is None else adapter
    write_file(folder / "lora.gguf", tensors, adapter_values(record) | (values or {}))
    return folder


def summary_of(folder, base):
    return summarize(load(folder / base, lora=str(folder / "lora.gguf")))


def params(tensors):
    return sum(map(prod, tensors.values()))


@pytest.mark.parametrize("record", RECORDS, ids=IDS)
def test_a_configuration_with_an_adapter_is_what_peft_makes(tmp_path, record):
    found = summary_of(write(tmp_path, record), "config.json")
    assert (found.totals.params, found.totals.trainable_params) == (record["total"], record["trainable"])
    assert not found.contradictions
    assert "alpha 16" in found.details["lora"]


@pytest.mark.parametrize("record", RECORDS, ids=IDS)
def test_a_base_with_an_adapter_has_the_tensors_of_both(tmp_path, record):
    found = summary_of(write(tmp_path, record), "base.gguf")
    added = params(record["adapter"])
    assert (found.totals.params, found.totals.trainable_params) == (params(record["tensors"]) + added, added)
    assert found.details["tensors"] == len(record["tensors"]) + len(record["adapter"])


def test_what_the_converter_turns_by_mistake_is_seen(tmp_path):
    (record,) = TURNED
    folder = write(tmp_path, record)
    with pytest.raises(InputError, match="do not fit"):
        summary_of(folder, "base.gguf")
    assert summary_of(folder, "config.json").contradictions


LLAMA = RECORDS[0]
NAME = "blk.0.attn_q.weight"


def changed(part, shape):
    return LLAMA["adapter"] | {f"{NAME}.{part}": shape}


def test_a_folder_of_the_base_is_as_good_as_its_file(tmp_path):
    write(tmp_path, LLAMA)
    (tmp_path / "config.json").unlink()
    assert summary_of(tmp_path, "").totals == summary_of(tmp_path, "base.gguf").totals


def test_what_an_adapter_adds_stands_behind_the_weight(tmp_path):
    found = summary_of(write(tmp_path, LLAMA), "base.gguf")
    names = {layer.path: [weight.name for weight in layer.weights] for layer in found.layers}
    assert names["blk/0/attn_q"] == ["weight"]
    assert names["blk/0/attn_q/weight"] == ["lora_a", "lora_b"]
    paths = list(names)
    assert paths.index("blk/0/attn_q/weight") == paths.index("blk/0/attn_q") + 1
    trained = {layer.path for layer in found.layers if layer.trainable_params}
    assert trained == {path for path in paths if path.endswith("/weight")}


REFUSED = {
    "another architecture": (None, {"general.architecture": "qwen2"}, "architecture 'qwen2'"),
    "half a pair": (
        {name: shape for name, shape in LLAMA["adapter"].items() if name != f"{NAME}.lora_b"},
        {},
        f"'{NAME}.lora_a' has no lora_b beside it",
    ),
    "a tensor of no pair": (LLAMA["adapter"] | {"blk.0.attn_q.bias": [4]}, {}, "is no lora_a or lora_b"),
    "no tensors": ({}, {}, "an adapter without tensors"),
    "another kind of adapter": (None, {"adapter.type": "loha"}, "an adapter of the type 'loha'"),
    "a model": (None, {"general.type": "model"}, "it holds no adapter, but a model"),
    "a block too many": (
        LLAMA["adapter"] | {"blk.99.attn_q.weight.lora_a": [4, 8], "blk.99.attn_q.weight.lora_b": [8, 4]},
        {},
        "the adapter is for 'blk.99.attn_q.weight'",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.parametrize("base", ["base.gguf", "config.json"])
def test_what_llama_cpp_does_not_load_is_refused(tmp_path, capsys, case, base):
    adapter, values, words = REFUSED[case]
    folder = write(tmp_path, LLAMA, adapter, values)
    assert run(["summary", str(folder / base), "--lora", str(folder / "lora.gguf")]) == 2
    assert words in capsys.readouterr().err


@pytest.mark.parametrize(("part", "axis"), [("lora_a", 1), ("lora_b", 0)])
def test_a_shape_that_does_not_fit_is_named(tmp_path, part, axis):
    """For a GGUF file it is refused, as llama.cpp does; a configuration contradicts it, as it does PEFT's files."""
    shape = list(LLAMA["adapter"][f"{NAME}.{part}"])
    shape[axis] += 1
    folder = write(tmp_path, LLAMA, changed(part, shape))
    with pytest.raises(InputError, match=rf"lora_a and lora_b for '{NAME}' are .*, which do not fit its"):
        summary_of(folder, "base.gguf")
    (message,) = summary_of(folder, "config.json").contradictions
    assert f".lora_{'A' if part == 'lora_a' else 'B'}.weight' is (" in message


def test_experts_have_a_matrix_each(tmp_path):
    record = LLAMA | {
        "tensors": {"blk.0.ffn_up_exps.weight": [3, 16, 8]},
        "adapter": {"blk.0.ffn_up_exps.weight.lora_a": [3, 2, 8], "blk.0.ffn_up_exps.weight.lora_b": [3, 16, 2]},
    }
    assert summary_of(write(tmp_path, record), "base.gguf").totals.trainable_params == 3 * (16 + 32)
    fewer = record["adapter"] | {"blk.0.ffn_up_exps.weight.lora_a": [2, 2, 8]}
    with pytest.raises(InputError, match="do not fit"):
        summary_of(write(tmp_path, record, fewer), "base.gguf")


def test_what_is_joined_from_several_weights_is_no_layer_of_a_configuration(tmp_path):
    width = LLAMA["config"]["hidden_size"]
    joined = {"blk.0.attn_qkv.weight.lora_a": [4, width], "blk.0.attn_qkv.weight.lora_b": [3 * width, 4]}
    with pytest.raises(InputError, match=r"'blk\.0\.attn_qkv\.weight', which is not the weight of one layer here"):
        summary_of(write(tmp_path, LLAMA, joined), "config.json")


def test_a_type_whose_names_are_not_known_is_refused(tmp_path):
    record = LLAMA | {"config": {"model_type": "vit", "architectures": ["ViTModel"]}}
    with pytest.raises(InputError, match=r"how llama\.cpp names the weights of 'vit' is not known"):
        summary_of(write(tmp_path, record), "config.json")


def test_another_framework_has_no_tensors_by_such_names(tmp_path):
    write(tmp_path, LLAMA)
    with pytest.raises(InputError, match=r"an adapter of llama\.cpp is for a GGUF file, or for a config\.json"):
        load(b"{framework: torch, input: [8], layers: [{Linear: 4}]}", lora=str(tmp_path / "lora.gguf"))


def test_the_checkpoint_of_the_base_is_compared_as_well(tmp_path):
    folder = write(tmp_path, LLAMA)
    paths = {"weights": folder / "base.gguf", "lora": str(folder / "lora.gguf")}
    assert not summarize(load(folder / "config.json", **paths)).contradictions
    fewer = {name: shape for name, shape in LLAMA["tensors"].items() if name != "output_norm.weight"}
    write(tmp_path, LLAMA, base=fewer)
    (message,) = summarize(load(folder / "config.json", **paths)).contradictions
    assert message.startswith("weight 'model.norm.weight'")
