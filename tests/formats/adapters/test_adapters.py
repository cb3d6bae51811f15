"""Adapted models against what PEFT makes of them: tests/oracle/freeze_adapters.py made the records."""

import gzip
import json
from pathlib import Path

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.cli import run
from paramcalc.formats import read_source
from paramcalc.formats.adapters.config import AdapterError, parse, read
from paramcalc.formats.adapters.folder import add_adapter
from paramcalc.formats.checkpoint import Contents
from paramcalc.formats.source import Options, open_source
from paramcalc.formats.tensor import Tensor
from tests.formats.huggingface.test_folder import LLAMA, write

DATA = Path(__file__).parents[2] / "data" / "adapters.jsonl.gz"
RECORDS = [json.loads(line) for line in gzip.decompress(DATA.read_bytes()).splitlines()]
REFUSED = ("the experts of this model", "is not known", "LoRA is known for")


def name_of(record):
    return record["config"]["model_type"] if "config" in record else "layers"


def adapted(record):
    """The adapted model, with the adapter's file beside it."""
    adapter = read(record["adapter"])
    with open_source(json.dumps(record.get("config") or record["spec"]).encode()) as source:
        model = read_source(source, Options(adapter=adapter))
    tensors = [Tensor(name, tuple(shape), "float32", 0) for name, shape in record["file"].items()]
    add_adapter(model, adapter, Contents(tensors, "safetensors", {}))
    return summarize(model)


@pytest.mark.parametrize("part", range(4))
def test_an_adapted_model_is_what_peft_makes(part):
    """Trained and all parameters, names and shapes in the adapter's file; a few are refused, each by name."""
    records = RECORDS[part::4]
    found = [outcome(record) for record in records]
    lines = map(difference, records, found)
    wrong = [f"{name_of(record)}: {line}" for record, line in zip(records, lines, strict=True) if line]
    assert not wrong, f"{len(wrong)} of {len(records)}:\n" + "\n".join(wrong)
    assert sum(isinstance(each, str) for each in found) < len(found) / 5


def difference(record, found):
    """How a summary, or a refusal, differs from what PEFT says, as a line to read; None where they agree."""
    if isinstance(found, str):
        return None if any(reason in found for reason in REFUSED) else f"refused: {found}"
    counts = found.totals.params, found.totals.trainable_params
    if counts != (record["total"], record["trainable"]):
        return f"{counts} instead of {record['total'], record['trainable']} with {json.dumps(record['adapter'])}"
    return f"{found.contradictions} with {json.dumps(record['adapter'])}" if found.contradictions else None


def outcome(record):
    """The summary of an adapted model, or why it is refused."""
    try:
        return adapted(record)
    except InputError as error:
        return str(error)


def layers(*entries, **inputs):
    return json.dumps({"framework": "torch", "inputs": {"x": inputs}, "layers": list(entries)}).encode()


CONV = {"Conv2d": {"out_channels": 8, "kernel_size": 3, "padding": 1}, "name": "a"}
GROUPED = {"Conv2d": {"out_channels": 8, "kernel_size": 3, "padding": 1, "groups": 4}, "name": "a"}


@pytest.mark.parametrize(
    ("spec", "batch", "plain", "dora"),
    [
        (layers({"Linear": 6, "name": "a"}, shape=[5, 10]), 3, 1860, 2500),
        (layers({"Embedding": [20, 6], "name": "a"}, shape=[5], dtype="int64"), 3, 360, 840),
        (layers(CONV, shape=[3, 6, 6]), 2, 25632, 26496),
        (layers(GROUPED, shape=[8, 6, 6]), 2, 31680, 32256),
    ],
)
def test_an_adapters_products_are_counted(spec, batch, plain, dora):
    """As PyTorch's FlopCounterMode counts those of PEFT's layers of rank 4 (halved)."""
    for wanted, adapter in ((plain, {}), (dora, {"use_dora": True})):
        options = Options(adapter=read({"peft_type": "LORA", "r": 4, "target_modules": ["a"]} | adapter))
        with open_source(spec) as source:
            assert summarize(read_source(source, options), batch_size=batch).totals.macs == wanted


def test_lora_on_the_command_line(tmp_path, capsys):
    (tmp_path / "config.json").write_text(json.dumps(LLAMA["config"]))
    path = str(tmp_path / "config.json")
    assert run(["summary", path, "--lora", "4:q_proj,v_proj", "--format", "json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["details"]["lora"] == "rank 4: q_proj, v_proj"
    trained = {weight["name"] for row in found["layers"] for weight in row["weights"] if weight["trainable"]}
    assert trained == {"lora_A.weight", "lora_B.weight"}
    assert run(["check", path, "--lora", "4:q_proj", "--max-trainable-params", "1"]) == 1
    assert run(["explain", path, "--lora", "4:q_proj", "*q_proj"]) == 0
    assert "lora_A.weight" in capsys.readouterr().out


def test_the_usual_layers_are_those_that_peft_has_for_the_type(tmp_path):
    summary = summarize(load(json.dumps(LLAMA["config"]).encode(), lora="2"))
    assert summary.details["lora"] == "rank 2: q_proj, v_proj"
    layers_of_no_type = layers({"Linear": 6, "name": "a"}, shape=[5, 10])
    assert summarize(load(layers_of_no_type, lora="2")).details["lora"] == "rank 2: a"


@pytest.mark.parametrize("text", ["", "x", "0", "-1", "1e3", "99999999999"])
def test_a_rank_that_is_none_is_refused(text):
    with pytest.raises(AdapterError, match="such as 16:q_proj"):
        parse(text)


def test_layers_that_are_not_there_are_named():
    with pytest.raises(InputError, match="no layer is called nowhere"):
        load(json.dumps(LLAMA["config"]).encode(), lora="2:nowhere")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"peft_type": "IA3"}, "is an adapter that is not read"),
        ({"r": 0}, "a rank is an integer from 1 up"),
        ({"r": "8"}, "r: expected an integer"),
        ({"bias": "some"}, "is none of none, all, lora_only"),
        ({"target_modules": "(q"}, "unbalanced parenthesis"),
        ({"target_modules": [1]}, "target_modules: expected at most"),
        ({"target_parameters": ["experts.gate_up_proj"]}, "adapters of single parameters"),
        ({"rank_pattern": {"q": 0}}, "a rank is an integer"),
        ({"layers_to_transform": ["1"]}, "expected numbers of layers"),
    ],
)
def test_what_is_wrong_in_an_adapter_is_named(change, said):
    with pytest.raises(AdapterError, match=said):
        read({"peft_type": "LORA", "r": 8, "target_modules": ["q_proj"]} | change)


ADAPTER = {"peft_type": "LORA", "r": 2, "target_modules": ["q_proj"], "base_model_name_or_path": "them/base-model"}
HIDDEN = next(shape[2] for name, shape in LLAMA["tensors"].items() if name.endswith("0.self_attn.q_proj.weight"))
OUT = next(shape[1] for name, shape in LLAMA["tensors"].items() if name.endswith("0.self_attn.q_proj.weight"))
LAYERS = sum(name.endswith("self_attn.q_proj.weight") for name in LLAMA["tensors"])
TENSORS = {
    f"base_model.model.model.layers.{layer}.self_attn.q_proj.lora_{side}.weight": ["F32", *shape]
    for layer in range(LAYERS)
    for side, shape in (("A", (2, HIDDEN)), ("B", (OUT, 2)))
}
ADDED = LAYERS * 2 * (HIDDEN + OUT)


def write_adapter(folder, tensors):
    write(folder, None, tensors, "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps(ADAPTER))
    return folder


def base_params():
    return summarize(load(json.dumps(LLAMA["config"]).encode())).totals.params


@pytest.mark.parametrize("place", ["the same folder", "beside it", "in it"])
def test_an_adapter_is_read_with_its_base(tmp_path, place):
    """Both checkpoints are compared: the base's with the base, the adapter's with what it adds."""
    folder = write_adapter(tmp_path / "adapter", TENSORS)
    base = {"the same folder": folder, "beside it": tmp_path / "base-model", "in it": folder / "base-model"}[place]
    write(base, LLAMA["config"], LLAMA["tensors"])
    for source in (folder, folder / "adapter_config.json"):
        summary = summarize(load(source))
        assert summary.totals.params == base_params() + ADDED
        assert summary.totals.trainable_params == ADDED
        assert not summary.contradictions


def test_an_adapter_that_is_not_what_its_configuration_says_is_named(tmp_path):
    tensors = dict(list(TENSORS.items())[1:])
    folder = write_adapter(tmp_path / "adapter", tensors)
    write(tmp_path / "base-model", LLAMA["config"], LLAMA["tensors"])
    (message,) = summarize(load(folder)).contradictions
    assert "layers.0.self_attn.q_proj.lora_A.weight' (2, " in message


def test_a_base_and_an_adapter_may_be_given_together(tmp_path):
    folder = write_adapter(tmp_path / "adapter", TENSORS)
    (tmp_path / "config.json").write_text(json.dumps(LLAMA["config"]))
    summary = summarize(load(tmp_path / "config.json", lora=str(folder)))
    assert summary.totals.trainable_params == ADDED
    assert not summary.contradictions


def test_an_adapter_without_its_base_is_counted_alone(tmp_path):
    folder = write_adapter(tmp_path / "adapter", TENSORS)
    summary = summarize(load(folder))
    assert summary.totals.params == ADDED
    assert "'them/base-model' is not beside it, and nothing is downloaded" in summary.warnings[0]
    with pytest.raises(InputError, match="paramcalc summary BASE --lora"):
        load(folder / "adapter_config.json")


def test_no_path_that_a_file_names_is_opened(tmp_path):
    """A base is looked for beside the adapter, by the last part of its name."""
    secret = write(tmp_path / "secret", LLAMA["config"], LLAMA["tensors"])
    (tmp_path / "here").mkdir()
    folder = write_adapter(tmp_path / "here" / "adapter", TENSORS)
    for path in (str(secret), "../../secret", f"{secret}/."):
        (folder / "adapter_config.json").write_text(json.dumps(ADAPTER | {"base_model_name_or_path": path}))
        with pytest.raises(InputError, match="is not beside it"):
            load(folder / "adapter_config.json")


def test_keras_layers_get_keras_own_adapters():
    """`enable_lora` of each that is named; everything else is frozen, as KerasHub does."""
    spec = b"{input: [8], layers: [{Dense: 4, name: first}, {Dense: 3, name: second}]}"
    summary = summarize(load(spec, lora="2:second"))
    assert summary.totals.trainable_params == 2 * (4 + 3) + 3  # the matrices, and the bias that Keras leaves trained
    with pytest.raises(InputError, match="has no lora_rank"):
        load(b"{input: [8], layers: [{Dense: 4}, {LayerNormalization: {}, name: n}]}", lora="2:n")


def test_weights_alone_cannot_be_adapted(tmp_path):
    with pytest.raises(InputError, match="needs the architecture"):
        load(write(tmp_path, None, LLAMA["tensors"]) / "model.safetensors", lora="2")
