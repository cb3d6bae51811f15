"""Quantized models of Keras 3: counted as Keras counts them once it has loaded the same file.

The facts are frozen by `python -m tests.oracle.quantized_models`.
"""

import gzip
import json
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from paramcalc import Summary, load, summarize
from paramcalc.errors import LayerError, ParamcalcError
from paramcalc.formats.convert import convert
from paramcalc.layers.keras.schemes import Scheme, scheme_of

DATA = Path(__file__).parents[2] / "data" / "keras" / "quantized.jsonl.gz"

Fact = dict[str, Any]


def facts() -> dict[str, list[Fact]]:
    """The frozen answers by what the model holds."""
    found = defaultdict(list)
    for line in gzip.decompress(DATA.read_bytes()).splitlines()[1:]:
        fact = json.loads(line)
        found[fact["name"].partition(":")[0]].append(fact)
    return found


FACTS = facts()


def summary_of(config: Any) -> Summary | str:
    """What paramcalc says of a file; its refusal as text."""
    try:
        return summarize(load(json.dumps(config).encode()))
    except ParamcalcError as error:
        return str(error)


def weights_of(summary: Summary) -> list[list[Any]]:
    """Each weight: the last part of its name, shape, dtype, whether it trains."""
    weights = [weight for layer in summary.layers for weight in layer.weights]
    return [[weight.name.rpartition("/")[2], list(weight.shape), weight.dtype, weight.trainable] for weight in weights]


def difference(fact: Fact) -> str | None:
    """How paramcalc and Keras differ on a file; None where they agree."""
    ours = summary_of(fact["config"])
    if "refused" in fact:
        return None if isinstance(ours, str) else f"Keras refuses ({fact['refused']}), paramcalc: {ours.totals}"
    if isinstance(ours, str):
        return f"paramcalc refuses ({ours}), Keras: {fact['totals']}"
    totals = fact["totals"]
    theirs = [[name.rpartition("/")[2], *rest] for name, *rest in fact["weights"]]
    if weights_of(ours) != theirs:
        return f"Keras has {theirs}, paramcalc {weights_of(ours)}"
    counts = ours.totals.params, ours.totals.trainable_params, ours.totals.size_bytes
    if counts != (totals["params"], totals["trainable"], totals["size_bytes"]):
        return f"Keras counts {totals}, paramcalc {counts}"
    if totals["macs"] not in (None, ours.totals.macs):
        return f"JAX multiplies {totals['macs']} times, paramcalc says {ours.totals.macs}"
    return None


@pytest.mark.parametrize("name", sorted(FACTS))
def test_a_quantized_model_is_what_keras_says(name: str) -> None:
    """Every weight with its dtype, the counts, bytes and multiply-accumulates, and what Keras refuses."""
    lines = [f"{fact['name']}: {line}" for fact in FACTS[name] if (line := difference(fact))]
    assert not lines, f"{len(lines)} of {len(FACTS[name])}:\n" + "\n".join(lines)


@pytest.mark.parametrize("target", ["spec", "keras"])
@pytest.mark.parametrize("name", ["transformer", "einsum of heads", "reversible, untied"])
def test_a_quantized_model_is_converted(name: str, target: str) -> None:
    """The policy says all that there is to say, so the other format gives the same weights."""
    for fact in FACTS[name]:
        if fact["name"].endswith((": int8", ": int4", ": float8", "gptq/4/2_from_float32")) and "refused" not in fact:
            model = load(json.dumps(fact["config"]).encode())
            again = load(convert(model, target).encode(), name="model.yaml" if target == "spec" else "model.json")
            assert weights_of(summarize(again)) == weights_of(summarize(model)), fact["name"]


def spec(**keys: Any) -> Any:
    """A spec's weights, or its refusal."""
    found = summary_of({"input": [4, 6], **keys})
    return found if isinstance(found, str) else weights_of(found)


QUANTIZED = [["bias", [5], "float32", True], ["kernel", [6, 5], "int8", False], ["kernel_scale", [5], "float32", False]]


def test_a_spec_quantizes_by_its_dtype() -> None:
    """The whole of it, one layer of it, or a layer inside another."""
    assert spec(layers=[{"Dense": 5}], dtype="int8_from_float32") == QUANTIZED
    assert spec(layers=[{"Dense": 5, "dtype": "int8_from_float32"}]) == QUANTIZED
    wrapped = {"TimeDistributed": {"layer": {"Dense": 5}}, "dtype": "int8_from_float32"}
    assert spec(layers=[wrapped]) == QUANTIZED


def test_a_policy_does_not_reach_into_a_wrapped_block() -> None:
    """Its layers would be counted as they were made: not quantized. They can say so themselves."""
    wrapped = [{"TimeDistributed": {"layer": {"two": {}}}, "dtype": "int8_from_float32"}]
    found = spec(layers=wrapped, blocks={"two": {"layers": [{"Dense": 5}]}})
    assert "does not reach into 'two': give its layers one" in found
    inside = {"two": {"layers": [{"Dense": 5, "dtype": "int8_from_float32"}]}}
    assert spec(layers=[{"TimeDistributed": {"layer": {"two": {}}}}], blocks=inside) == QUANTIZED


@pytest.mark.parametrize("length", [-1, True, "1024", 1.5, 2**31])
def test_a_history_that_is_no_number_is_refused(length: Any) -> None:
    """It is the length of three weights."""
    with pytest.raises(LayerError, match="amax_history_length"):
        scheme_of("float8_from_float32", None, length)


def test_a_history_has_the_length_that_the_file_says() -> None:
    """QuantizedFloat8DTypePolicy holds it; 1024 is the default."""
    config = next(fact for fact in FACTS["dense"] if fact["name"] == "dense: float8")["config"]
    shorter = summary_of(json.loads(json.dumps(config).replace("1024", "16")))
    assert not isinstance(shorter, str)
    assert [shape for name, shape, _, _ in weights_of(shorter) if name.endswith("history")] == [[16]] * 3


def test_layers_of_two_policies_are_two_layers() -> None:
    """Though their fields are equal."""
    both = [{"Dense": 6, "dtype": "int8_from_float32"}, {"Dense": 6}, {"Dense": 6, "dtype": "int4_from_float32"}]
    found = [weight for weight in spec(layers=both) if weight[0] == "kernel"]
    assert [(shape, dtype) for _, shape, dtype, _ in found] == [([6, 6], "int8"), ([6, 6], "float32"), ([6, 3], "int8")]


def test_layers_of_pytorch_are_not_quantized_by_keras() -> None:
    """The policy is refused by name."""
    found = spec(framework="torch", layers=[{"Linear": {"out_features": 5}}], dtype="int8_from_float32")
    assert "only Keras' layers can be quantized by 'int8_from_float32'" in found


def test_a_policy_that_is_not_quantized_cannot_be_named_so() -> None:
    """Keras: "Cannot convert 'int8_from_float32' to a mixed precision DTypePolicy"."""
    config = next(fact for fact in FACTS["dense"] if fact["name"] == "dense: int8")["config"]
    dense = config["config"]["layers"][1]["config"]
    policy = {"class_name": "DTypePolicy", "config": {"name": "int8_from_float32"}}
    found = summary_of(json.loads(json.dumps(config).replace(json.dumps(dense["dtype"]), json.dumps(policy))))
    assert "'int8_from_float32' is quantized, and a DTypePolicy is not" in str(found)


OVERRIDES: list[tuple[str, str, dict[str, Any], Scheme]] = [
    ("int4/128_from_float32", "Int4QuantizationConfig", {"block_size": 4}, Scheme("int4", group=4)),
    ("int4/128_from_float32", "Int4QuantizationConfig", {"block_size": None}, Scheme("int4")),
    ("int4/128_from_float32", "Int4QuantizationConfig", {"block_size": -1}, Scheme("int4")),
    ("int4/128_from_float32", "Int8QuantizationConfig", {"block_size": 4}, Scheme("int4", group=128)),
    ("gptq/4/128_from_float32", "GPTQConfig", {"weight_bits": 8, "group_size": 2}, Scheme("gptq", 8, 2)),
    ("awq/4/128_from_float32", "AWQConfig", {"group_size": -1}, Scheme("awq")),
]


@pytest.mark.parametrize(("policy", "kind", "config", "scheme"), OVERRIDES)
def test_a_layers_own_config_goes_before_the_policy(
    policy: str, kind: str, config: dict[str, Any], scheme: Scheme
) -> None:
    """As `get_block_size_for_layer` and its like in Keras look at it first, where it is of the same mode."""
    assert scheme_of(policy, {"class_name": kind, "config": config}) == scheme


@pytest.mark.parametrize("value", [0, -2, 1.5, "4", True, 2**31])
def test_a_group_that_is_no_number_is_refused(value: Any) -> None:
    """Before anything is divided by it."""
    config = {"class_name": "Int4QuantizationConfig", "config": {"block_size": value}}
    with pytest.raises(LayerError, match="quantization_config: a group of"):
        scheme_of("int4_from_float32", config)


@pytest.mark.parametrize(
    "policy", ["int4/" + "9" * 5000 + "_from_float32", "int4/٣_from_float32", "gptq/４/2_from_float32"]
)
def test_numbers_in_a_policy_are_short_and_plain(policy: str) -> None:
    """However long or odd the text is."""
    with pytest.raises(LayerError):
        scheme_of(policy)


def test_a_policy_whose_class_is_no_text_is_refused() -> None:
    policy = {"class_name": {"a": 1}, "config": {"name": "float32"}}
    dense = {"class_name": "Dense", "config": {"units": 2, "dtype": policy}}
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4]}}
    model = {"class_name": "Sequential", "config": {"layers": [first, dense]}}
    with pytest.raises(ParamcalcError, match="dtype policy"):
        summarize(load(json.dumps(model).encode()))
