"""What is read back is held against what it was written from."""

import json
from importlib import import_module

import pytest

from paramcalc import load
from paramcalc.cli import convert_command
from paramcalc.formats.convert import WRITERS, ConvertError, convert, same_models
from tests.each import each

DENSE = {"Dense": 16}
TWICE = [DENSE, {"call": "dense"}]
ATTENTION = {"MultiHeadAttention": [2, 4]}
SUM = {"Operation": {"function": "Sum", "config": {"keepdims": True}}}


def model(*layers, **more):
    return load(json.dumps({"input": [8, 16], "layers": list(layers), **more}).encode(), name="model.yaml")


@each(
    "one, other",
    [
        (model(DENSE), model(DENSE, "ReLU")),
        (model(DENSE), model({"Dense": {"units": 16, "use_bias": False}})),
        (model(DENSE), model({"Dense": 16, "name": "a"})),
        (model(DENSE), model({"Dense": 16, "trainable": False})),
        (model(DENSE), model({"Dense": 16, "dtype": "float16"})),
        (model(DENSE), model(DENSE, name="other")),
        (model(DENSE), model(DENSE, input=[9, 16])),
        (model(DENSE), model(DENSE, outputs=[{"a": "dense"}])),
        (model(DENSE, DENSE), model(DENSE, {"Dense": 16, "inputs": "input"})),
        (model(DENSE, DENSE), model(DENSE, DENSE, outputs=["dense"])),
        (model(DENSE, DENSE), model(DENSE, DENSE, tied=[["dense.kernel", "dense_1.kernel"]])),
        (model(ATTENTION), model(ATTENTION | {"options": {"training": True}})),
        (model(SUM), model({"Operation": {"function": "Sum", "config": {"keepdims": 1}}})),
    ],
)
def test_models_of_which_anything_differs_are_not_the_same(one, other):
    assert same_models(one, one, names=True)
    assert not same_models(one, other, names=True)
    assert not same_models(other, one, names=True)


def test_a_layer_called_twice_is_not_two_equal_layers():
    once, again = model(*TWICE), model(DENSE, DENSE)
    assert not same_models(once, again, names=False)
    assert not same_models(again, once, names=False)


def test_names_count_only_where_both_formats_keep_them():
    one, other = model(DENSE, name="one"), model({"Dense": 16, "name": "other"}, name="two")
    assert same_models(one, other, names=False)
    assert not same_models(one, other, names=True)


@pytest.mark.parametrize("written", [{"layers": [{"Dense": 9}]}, {"layers": ["ReLU"]}, {"layers": [DENSE, DENSE]}])
def test_a_text_that_means_another_model_is_never_given_out(monkeypatch, written):
    text = json.dumps({"name": "model", "input": [8, 16]} | written)
    monkeypatch.setattr("paramcalc.formats.native.writing.spec.to_spec", lambda model: text)
    with pytest.raises(ConvertError, match="what was written gives another summary"):
        convert(model(DENSE))


def test_a_field_that_is_written_in_another_way_is_no_other_model(monkeypatch):
    text = json.dumps({"name": "model", "input": [8, 16], "layers": [{"Dense": [16, "linear"]}]})
    monkeypatch.setattr("paramcalc.formats.native.writing.spec.to_spec", lambda model: text)
    assert convert(model(DENSE)) == text


def test_every_line_of_the_table_names_a_function_and_a_choice_of_the_command():
    for writer in WRITERS.values():
        module, _, function = writer.function.rpartition(".")
        assert callable(getattr(import_module(f"paramcalc.formats.{module}"), function))
    choices = next(param.type.choices for param in convert_command.command.params if param.name == "target")
    assert list(choices) == list(WRITERS)
