"""Layers whose code is not in a file that holds their weights: counted from there."""

import io
import json

import h5py
import numpy as np
import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.explain import explain
from paramcalc.analysis.summarize import summarize
from tests.formats.keras.test_h5 import KNOWN, unpacked

WITH_UNKNOWN = [name for name in KNOWN if "model." in name or "nested" in name]


@pytest.mark.parametrize("name", WITH_UNKNOWN)
def test_the_total_is_what_keras_counts(name):
    """Without leave: nothing that counts is left out."""
    summary, known = summarize(paramcalc.load(unpacked(name), name=name)), KNOWN[name]
    assert summary.totals.params == known["params"]
    assert summary.totals.trainable_params == known["trainable"]
    assert summary.partial is not True
    assert summary.totals.macs is None
    (warning,) = summary.warnings
    assert warning.startswith("the file has the weights of these layers, but not their code: ")


@pytest.mark.parametrize("name", WITH_UNKNOWN)
def test_each_layer_has_its_own_weights(name):
    rows = {layer.path: layer.params for layer in summarize(paramcalc.load(unpacked(name), name=name)).layers}
    if "nested" in name:
        expected = {"inner/two": 20, "inner/inmost/one": 23, "other/mine": 20, "three": 26, "inner/normal": 8}
    else:
        expected = {"mine": 20, "shared": 20, "gru": 120}
    assert {path: rows[path] for path in expected} == expected


def custom(name, reads, kind="Mine"):
    config = {"name": name, "trainable": True, "dtype": "float32"}
    return {"class_name": kind, "config": config, "name": name, "inbound_nodes": [[[reads, 0, 0, {}]]]}


def dense(name, reads, units=2, **config):
    entry = custom(name, reads, "Dense")
    return {**entry, "config": {**entry["config"], "units": units, **config}}


def h5(layers, weights, **attributes):
    """A functional model from `x` of four features, with the weights of each layer in the order given."""
    start = {
        "class_name": "InputLayer",
        "config": {"batch_input_shape": [None, 4], "dtype": "float32", "name": "x"},
        "name": "x",
        "inbound_nodes": [],
    }
    config = {
        "name": "m",
        "layers": [start, *layers],
        "input_layers": [["x", 0, 0]],
        "output_layers": [[layers[-1]["name"], 0, 0]],
    }
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["model_config"] = json.dumps({"class_name": "Functional", "config": config})
        file.attrs["keras_version"] = "2.15.0"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"x", *(layer["name"].encode() for layer in layers)]
        group.create_group("x").attrs["weight_names"] = np.array([])
        for layer in layers:
            shapes = weights.get(layer["name"], {})
            inner = group.create_group(layer["name"])
            inner.attrs["weight_names"] = np.array([f"{layer['name']}/{name}:0".encode() for name in shapes])
            for name, shape in shapes.items():
                inner[f"{layer['name']}/{name}:0"] = np.zeros(shape, "f4")
    return buffer.getvalue()


CHAIN = [custom("mine", "x"), dense("last", "mine")]
CHAIN_WEIGHTS = {"mine": {"w": (4, 7)}, "last": {"kernel": (7, 2), "bias": (2,)}}


def test_a_layer_behind_one_that_is_not_known_has_the_weights_of_the_file_too():
    summary = summarize(paramcalc.load(h5(CHAIN, CHAIN_WEIGHTS)))
    assert [layer.params for layer in summary.layers] == [28, 16]
    assert [layer.output_shape for layer in summary.layers] == [None, None]


def test_a_shape_that_the_user_gives_makes_the_rest_computable():
    summary = summarize(paramcalc.load(h5(CHAIN, CHAIN_WEIGHTS)), assume={"mine": (None, 7)})
    assert [layer.params for layer in summary.layers] == [28, 16]
    assert summary.layers[1].macs == 14
    assert summary.partial is not True


def test_a_lambda_holds_nothing_where_the_file_lists_nothing_for_it():
    layers = [custom("lambda", "x", "Lambda"), dense("last", "lambda")]
    summary = summarize(paramcalc.load(h5(layers, {"last": {"kernel": (9, 2), "bias": (2,)}})))
    assert [layer.params for layer in summary.layers] == [0, 20]


def test_a_frozen_layer_s_weights_are_not_trained():
    layers = [custom("mine", "x"), dense("last", "mine", trainable=False)]
    totals = summarize(paramcalc.load(h5(layers, CHAIN_WEIGHTS))).totals
    assert (totals.trainable_params, totals.non_trainable_params) == (28, 16)


def test_a_layer_called_again_is_counted_once():
    again = custom("mine", "x")
    again["inbound_nodes"] = [[["x", 0, 0, {}]], [["mine", 0, 0, {}]]]
    last = dense("last", "mine")
    last["inbound_nodes"] = [[["mine", 1, 0, {}]]]
    summary = summarize(paramcalc.load(h5([again, last], CHAIN_WEIGHTS)))
    assert {layer.path: layer.params for layer in summary.layers} == {"mine": 28, "mine#2": 0, "last": 16}


def test_without_the_weights_it_stays_refused():
    data = h5(CHAIN, CHAIN_WEIGHTS)
    with h5py.File(io.BytesIO(data)) as file:
        architecture = file.attrs["model_config"].encode()
    with pytest.raises(InputError, match="'Mine' is not a Keras layer"):
        summarize(paramcalc.load(architecture))


def nested(names):
    """A model inside with two layers, whose weights have these names."""
    inner = {
        "name": "inner",
        "layers": [
            {**custom("i", ""), "class_name": "InputLayer", "inbound_nodes": []}
            | {"config": {"batch_input_shape": [None, 4], "name": "i"}},
            custom("one", "i"),
            custom("two", "one"),
        ],
        "input_layers": [["i", 0, 0]],
        "output_layers": [["two", 0, 0]],
    }
    entry = {"class_name": "Functional", "config": inner, "name": "inner", "inbound_nodes": [[["x", 0, 0, {}]]]}
    return h5([entry], {"inner": dict.fromkeys(names, (4, 4))})


def test_weights_of_a_model_inside_go_to_the_layer_that_is_in_their_names():
    summary = summarize(paramcalc.load(nested(["one/w", "one/two/w", "two/w"])))
    assert {layer.path: layer.params for layer in summary.layers} == {"inner/one": 32, "inner/two": 16}


@pytest.mark.parametrize("names", [["one/w", "w"], ["w", "v"], ["one", "two"]])
def test_where_it_is_not_clear_whose_they_are_the_layers_stay_refused(names):
    with pytest.raises(InputError, match="'Mine' is not a Keras layer"):
        summarize(paramcalc.load(nested(names)))


def test_such_weights_are_explained_by_their_axes():
    explained = dict(explain(evaluate(paramcalc.load(h5(CHAIN, CHAIN_WEIGHTS)))))
    assert explained["mine"].weights[0].formula.names == "axis 0 × axis 1"
    assert explained["mine"].weights[0].formula.result == 28


def test_equal_layers_with_weights_of_their_own_are_explained_each():
    layers = [custom("mine", "x"), dense("one", "mine"), dense("two", "one")]
    weights = {"mine": {"w": (4, 7)}, "one": {"kernel": (7, 2), "bias": (2,)}, "two": {"kernel": (2, 2), "bias": (2,)}}
    explained = dict(explain(evaluate(paramcalc.load(h5(layers, weights)))))
    assert [explained[name].weights[0].shape for name in ("one", "two")] == [(7, 2), (2, 2)]
