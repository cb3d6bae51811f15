"""The JSON Schemas accept what paramcalc reads and writes, and refuse what it refuses."""

import json
from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml
from click.testing import CliRunner

from paramcalc import InputError, load, summarize
from paramcalc.cli import cli
from paramcalc.layers.catalogue import built_in, entry
from paramcalc.layers.keras.names import ALIASES
from paramcalc.layers.registry import Registry, snake_case
from paramcalc.render.json_format import summary_json
from paramcalc.schema import encoded, spec_schema, summary_schema
from paramcalc.summary import Summary
from tests.each import each

TEXTS = {"spec": encoded(spec_schema()), "summary": encoded(summary_schema())}
SPEC_SCHEMA = json.loads(TEXTS["spec"])
SPEC = jsonschema.Draft7Validator(SPEC_SCHEMA)
SUMMARY = jsonschema.Draft202012Validator(json.loads(TEXTS["summary"]))
SPECS = sorted((Path(__file__).parents[2] / "specs").rglob("*.yaml"))
NAMES = built_in(Registry())


def problems(validator, value):
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


def spec(*layers, **more):
    return {"input": [8, 8, 3], "layers": list(layers), **more}


def test_both_are_valid_schemas_themselves():
    jsonschema.Draft7Validator.check_schema(SPEC_SCHEMA)
    jsonschema.Draft202012Validator.check_schema(SUMMARY.schema)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_file_of_specs_is_accepted(path):
    assert not problems(SPEC, yaml.safe_load(path.read_text()))


def test_every_example_of_the_catalogue_is_accepted():
    for name in NAMES:
        assert name == "Wrapper" or not problems(SPEC, yaml.safe_load(entry(Registry(), name).sections["Example"])), (
            name
        )


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_the_summary_of_every_file_of_specs_fits_the_schema_of_summaries(path):
    assert not problems(SUMMARY, json.loads(b"".join(summary_json(summarize(load(path))))))


def test_memory_and_several_outputs_fit_it_too_and_can_be_read_back():
    text = b"{input: [5, 10], layers: [{LSTM: {units: 4, return_state: true}}]}"
    summary = summarize(load(text, name="lstm"), optimizer="adam")
    encoded_summary = b"".join(summary_json(summary))
    assert not problems(SUMMARY, json.loads(encoded_summary))
    assert b"".join(summary_json(msgspec.json.decode(encoded_summary, type=Summary))) == encoded_summary


TORCH = {"framework": "torch"}
RIGHT = {
    "layers of PyTorch": spec({"Conv2d": [8, 3]}, "BatchNorm2d", {"Linear": [1, 4]}, **TORCH, input=[3, 3, 3]),
    "what the input tells left out": spec(
        {"Linear": 4}, {"GroupNorm": 2}, {"MultiheadAttention": 2}, **TORCH, input=[8, 8]
    ),
    "what the input tells given": spec(
        {"Linear": {"in_features": 3, "out_features": 4}}, {"Linear": [4, 5, False]}, **TORCH
    ),
    "qualified names in either": spec({"torch.Linear": 4}, {"keras.Dense": 3}, "torch.re_lu"),
    "a layer of Keras in a spec of PyTorch": spec({"keras.Dense": 4}, {"torch.Linear": 3}, **TORCH),
    "a stack of PyTorch": spec(
        {"TransformerEncoder": [{"TransformerEncoderLayer": 2}, 2, {"LayerNorm": 8}]}, **TORCH, input=[4, 8]
    ),
    "a block of PyTorch": spec({"b": None}, blocks={"b": {"layers": [{"Linear": 3}]}}, **TORCH),
    "bare name": spec("Flatten"),
    "bare name that needs no field": spec("BatchNormalization"),
    "main argument": spec("Flatten", {"Dense": 5}),
    "positional": spec({"Conv2D": [8, 3, 1, "same"]}),
    "list as the one argument": spec({"Reshape": [64, 3]}),
    "nothing behind the type": spec({"ReLU": None}),
    "fields": spec({"Conv2D": {"filters": 8, "kernel_size": [3, 3]}}),
    "long form": spec({"type": "Conv2D", "filters": 8, "kernel_size": 3, "name": "stem"}),
    "snake case": spec({"conv2d": [8, 3]}, "max_pooling2d"),
    "alias": spec({"MaxPool2D": 2}, {"Convolution2D": [8, 3]}),
    "alias in the long form": spec({"type": "max_pool2d", "pool_size": 2}),
    "common keys": spec({"Conv2D": [8, 3], "name": "a", "trainable": False, "when": True, "dtype": "mixed_float16"}),
    "a quantised policy": spec("Flatten", {"Dense": 8, "dtype": "int4/128_from_float32"}),
    "a policy quantised and mixed": spec("Flatten", {"Dense": 8, "dtype": "int8_from_mixed_bfloat16"}),
    "expressions": spec(
        {"repeat": "$n", "layers": [{"Conv2D": {"filters": "$(d * 2)", "kernel_size": ["$k", 3], "padding": "$p"}}]},
        {"Dense": "$d"},
        {"Dense": {"units": "$d", "use_bias": "$b"}, "when": "$(d > 3)", "name": "a$(d)"},
        vars={"d": 4, "n": 2, "k": 1, "p": "same", "b": True},
    ),
    "a type that is an expression": spec({"type": "$t", "units": 4}, {"$t": 4}, "$u", vars={"t": "Dense", "u": "ReLU"}),
    "branches": spec({"branches": [[{"Conv2D": [3, 1]}], []], "merge": "Add"}),
    "merge with fields": spec({"branches": [[], []], "merge": {"Concatenate": {"axis": 1}}, "name": "joined"}),
    "call": spec({"Conv2D": [3, 1], "name": "a"}, {"call": "a", "inputs": "a"}),
    "tied": spec({"Dense": 3, "name": "a"}, {"Dense": 3, "name": "b"}, tied=[["a.kernel", "b.kernel"]]),
    "custom": spec({"Custom": {"weights": {"w": [10, 20]}, "output_shape": "same"}}),
    "budget": spec("Flatten", budget={"params": "5M", "size": "20 MiB", "layers": {"a*": {"macs": 10}}}),
    "wrapper": spec({"TimeDistributed": {"layer": {"Dense": 8}}}),
    "wrapper around its main argument": spec({"TimeDistributed": {"Dense": 8, "name": "inner"}}),
    "wrapper around a bare name": spec({"TimeDistributed": "Flatten"}),
    "cells": {"input": [5, 3], "layers": [{"RNN": {"cell": [{"LSTMCell": 4}, {"GRUCell": 3}]}}]},
    "several inputs": {"inputs": {"a": [3], "b": {"shape": [None], "dtype": "int32"}}, "layers": [{"Dense": 3}]},
    "outputs": spec({"Dense": 3, "name": "a"}, outputs=["a"]),
    "blocks": spec(
        {"residual": {"filters": 3}, "name": "r"},
        {"type": "residual", "filters": 3},
        "residual",
        blocks={
            "residual": {
                "vars": {"filters": 3},
                "layers": [{"branches": [[{"Conv2D": ["$filters", 1]}], []], "merge": "Add"}],
            }
        },
    ),
    "blocks of several inputs": {
        "inputs": {"a": [3], "b": [3]},
        "blocks": {"join": {"inputs": ["x", "y"], "layers": [{"Add": {}, "inputs": ["x", "y"]}], "outputs": ["add"]}},
        "layers": [{"join": {}, "inputs": ["a", "b"]}],
    },
    "a wrapper around a block": {
        "input": [5, 3],
        "blocks": {"head": {"layers": [{"Dense": 4}]}},
        "layers": [{"TimeDistributed": {"layer": {"head": {}}}}, {"TimeDistributed": {"layer": "head"}}],
    },
    "a block with the name of an alias": spec(
        {"attention": {"width": 3}, "name": "a"},
        {"type": "attention", "width": 4},
        "attention",
        blocks={"attention": {"vars": {"width": 3}, "layers": [{"Dense": "$width"}]}},
    ),
    "schema": spec("Flatten", **{"$schema": "x"}),
    "name": spec("Flatten", name="model"),
}

WRONG = {
    "a layer of Keras without its name": spec({"Dense": 4}, **TORCH),
    "a layer of PyTorch without its name": spec({"Linear": 4}),
    "a field of Keras": spec({"Conv2d": {"filters": 4, "kernel_size": 3}}, **TORCH),
    "a number for a framework": spec("ReLU", framework=3),
    "another framework": spec("ReLU", framework="jax"),
    "too few values": spec({"Conv2d": [8]}, **TORCH),
    "a class of PyTorch that there is not": spec("torch.Dense"),
    "not a mapping": [1],
    "no layers": {"input": [3]},
    "no input": {"layers": ["Flatten"]},
    "both inputs": spec("Flatten", inputs={"a": [3]}),
    "no layer in it": spec(),
    "unknown key": spec("Flatten", layer=[]),
    "a type with a typo": spec({"Dens": 3}),
    "a type with a typo, bare": spec("Flaten"),
    "a type with a typo, long": spec({"type": "Dens", "units": 3}),
    "a field with a typo": spec({"Dense": {"unit": 3}}),
    "a field with a typo, long": spec({"type": "Dense", "units": 3, "use_bais": True}),
    "a missing field": spec({"Dense": {"use_bias": False}}),
    "a missing field, long": spec({"type": "Dense"}),
    "a missing field, bare": spec("Dense"),
    "a missing field, nothing": spec({"Dense": None}),
    "a missing field, positional": spec({"Conv2D": [8]}),
    "a missing field, main": spec({"Conv2D": 8}),
    "text for a number": spec({"Dense": "five"}),
    "bool for a number": spec({"Dense": True}),
    "half a unit": spec({"Dense": 10.5}),
    "zero units": spec({"Dense": 0}),
    "negative units": spec({"Dense": {"units": -3}}),
    "number for a bool": spec({"Dense": {"units": 3, "use_bias": 1}}),
    "wrong choice": spec({"Conv2D": {"filters": 3, "kernel_size": 3, "padding": "sames"}}),
    "wrong activation": spec({"Dense": {"units": 3, "activation": "rellu"}}, {"Dense": [3, "rellu"]}),
    "wrong in a position": spec({"Conv2D": [8, 3, 1, "sames"]}),
    "too many positions": spec({"RepeatVector": [3, 4]}),
    "rate past 1": spec({"Dropout": 1.5}),
    "two types in one entry": spec({"Dense": 3, "ReLU": None}),
    "name inside": spec({"Dense": {"units": 3, "name": "a"}}),
    "an empty entry": spec({}),
    "a number for an entry": spec(3),
    "when is no flag": spec({"Dense": 3, "when": "yes"}),
    "trainable is no flag": spec({"Dense": 3, "trainable": 0}),
    "a name with a slash": spec({"Dense": 3, "name": "a/b"}),
    "inputs of numbers": spec({"Dense": 3, "inputs": [1]}),
    "a dtype there is not": spec({"Dense": 3, "dtype": "float17"}),
    "repeat without layers": spec({"repeat": 3}),
    "negative repeat": spec({"repeat": -1, "layers": ["ReLU"]}),
    "a stray key beside repeat": spec({"repeat": 1, "layers": ["ReLU"], "layer": []}),
    "branches without merge": spec({"branches": [[], []]}),
    "branches of no lists": spec({"branches": ["ReLU"], "merge": "Add"}),
    "merge that is a repeat": spec({"branches": [[], []], "merge": {"repeat": 1, "layers": []}}),
    "merge with inputs": spec({"branches": [[], []], "merge": {"Add": {}, "inputs": "input"}}),
    "call with trainable": spec({"Conv2D": [3, 1], "name": "a"}, {"call": "a", "trainable": False}),
    "call of a number": spec({"call": 3}),
    "wrapper around a typo": spec({"TimeDistributed": {"layer": {"Dens": 3}}}),
    "wrapper around a number": spec({"TimeDistributed": 3}),
    "wrapped with inputs": spec({"TimeDistributed": {"layer": {"Dense": 3, "inputs": "input"}}}),
    "a zero dimension": {"input": [0], "layers": ["Flatten"]},
    "a shape that is a number": {"input": 3, "layers": ["Flatten"]},
    "an input without a shape": {"inputs": {"a": {"dtype": "int32"}}, "layers": ["Flatten"]},
    "no inputs": {"inputs": {}, "layers": ["Flatten"]},
    "a variable with a dash": spec("Flatten", vars={"a-b": 3}),
    "a block without layers": spec("Flatten", blocks={"b": {"vars": {}}}),
    "a block with a stray key": spec("Flatten", blocks={"b": {"var": {}, "layers": ["ReLU"]}}),
    "a wrong field in a block": spec("Flatten", blocks={"b": {"layers": [{"Dense": {"unit": 3}}]}}),
    "a wrong field where blocks are": spec({"Dense": {"unit": 3}}, blocks={"b": {"layers": ["ReLU"]}}),
    "tied alone": spec("Flatten", tied=[["a.kernel"]]),
    "outputs of numbers": spec("Flatten", outputs=[3]),
    "weights that are no shapes": spec({"Custom": {"weights": {"w": "10"}}}),
}
BUDGETS = {
    "unknown": {"parms": 3},
    "without a unit": {"size": 3},
    "negative": {"params": -1},
    "wrong unit": {"params": "5 MB"},
    "nested twice": {"layers": {"a": {"layers": {}}}},
    "dtype": {"dtype": "float17"},
}


PACKAGED = [
    spec({"qkeras.QConv2D": {"filters": 8, "kernel_size": 3}, "name": "a"}, "tensorflow_addons.InstanceNormalization"),
    spec({"type": "qkeras.QActivation", "activation": "quantized_relu(4)"}),
    spec({"TimeDistributed": {"layer": {"qkeras.QDense": 8}}}),
]


@pytest.mark.parametrize("value", PACKAGED)
def test_a_layer_of_another_package_is_accepted(value):
    load(json.dumps(value).encode())
    assert not problems(SPEC, value)


@pytest.mark.parametrize("name", ["qkera.QDense", "QDense", "qkeras.Q Dense"])
def test_one_of_a_package_that_is_not_known_is_refused(name):
    for layer in (name, {name: 8}, {"type": name}):
        assert problems(SPEC, spec(layer))


@each("name", RIGHT)
def test_what_paramcalc_can_read_is_accepted(name):
    assert not problems(SPEC, RIGHT[name])
    assert summarize(load(json.dumps(RIGHT[name]).encode(), name="right")).layers


@each("name", WRONG)
def test_what_is_refused_paramcalc_refuses_too(name):
    assert problems(SPEC, WRONG[name])
    with pytest.raises(InputError):
        summarize(load(json.dumps(WRONG[name]).encode(), name="wrong"))


@each("name", BUDGETS)
def test_a_wrong_budget_is_refused(name):
    assert problems(SPEC, spec("Flatten", budget=BUDGETS[name]))


def test_every_name_of_a_layer_is_known():
    own = Registry().built_in()
    assert {*NAMES, *ALIASES, *map(snake_case, own)} <= set(SPEC_SCHEMA["$defs"]["short"]["properties"])


def test_every_field_of_a_layer_has_its_description():
    conv = SPEC_SCHEMA["$defs"]["Conv2D"]
    assert conv["properties"]["filters"]["description"] == "How many output channels there are."
    assert "Convolution" in conv["description"]


def test_the_command_prints_either():
    for kind, text in TEXTS.items():
        result = CliRunner().invoke(cli, ["schema", kind], standalone_mode=False)
        assert result.output.encode() == text
