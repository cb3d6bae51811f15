"""`convert --to keras` and back: the same counts of every call, or an error that says what Keras cannot."""

import gzip
import json
from pathlib import Path

import pytest

from paramcalc import ParamcalcError, load, summarize
from paramcalc.formats.convert import ConvertError, convert, counts
from tests.each import each

KERAS = Path(__file__).parents[2] / "data/keras"
APPLICATIONS = sorted((KERAS / "applications").glob("*.json.gz"))
EVERY = 6
"""Of the models only every sixth is tried in the ordinary run."""
REASONS = ("no output depends on", "is frozen", "has no shape", "which Keras 3 cannot load")


def random_cases():
    lines = gzip.decompress((KERAS / "random.jsonl.gz").read_bytes()).splitlines()
    cases = [json.loads(line) for line in lines[::EVERY]]
    return [(case["seed"], case["config"]) for case in cases if "truth" in case]


def keras_of(**spec):
    return json.loads(convert(load(json.dumps({"input": [8, 16]} | spec).encode()), "keras"))


def layers_of(**spec):
    return {layer["name"]: layer for layer in keras_of(**spec)["config"]["layers"]}


def refusal(model):
    """What a conversion refuses; None once it counts the same."""
    try:
        text = convert(model, "keras")
    except ConvertError as error:
        return str(error)
    assert list(counts(load(text.encode()))) == list(counts(model))
    return None


@pytest.mark.parametrize("path", APPLICATIONS[::EVERY], ids=lambda path: path.name.partition(".")[0])
def test_applications_count_the_same_as_flat_keras_models(path):
    assert refusal(load(json.loads(gzip.decompress(path.read_bytes()))["config"].encode())) is None


@each("seed, config", random_cases(), lambda seed, _: f"seed {seed}")
def test_random_models_count_the_same_or_are_refused_with_a_reason(seed, config):
    try:
        model = load(config.encode())
        summarize(model)
    except ParamcalcError:
        return  # as the tests of the corpus want it
    refused = refusal(model)
    assert refused is None or any(reason in refused for reason in REASONS), refused


def test_a_layer_is_written_with_its_fields_and_the_tensors_it_reads():
    dense = layers_of(layers=[{"Dense": 4, "trainable": False}])["dense"]
    assert dense["module"] == "keras.layers"
    assert dense["config"] == {"units": 4, "trainable": False, "name": "dense"}
    (call,) = dense["inbound_nodes"]
    assert call["args"][0]["config"] == {
        "shape": [None, 8, 16],
        "dtype": "float32",
        "keras_history": ["input", 0, 0],
    }


def test_a_second_call_is_a_second_node_of_one_layer():
    found = keras_of(layers=[{"Dense": 16}, {"call": "dense"}])
    assert [len(layer["inbound_nodes"]) for layer in found["config"]["layers"]] == [0, 2]
    assert found["config"]["output_layers"] == ["dense", 1, 0]


def test_a_block_is_written_flat_with_dots_for_slashes():
    found = layers_of(blocks={"body": {"layers": [{"Dense": 4}, {"Dense": 2}]}}, layers=["body"])
    assert list(found) == ["input", "body.dense", "body.dense_1"]


def test_a_merge_gets_a_list_and_a_recurrent_layer_its_state_by_name():
    layers = [
        {"LSTM": {"units": 16, "return_sequences": True, "return_state": True}},
        {"Add": {}, "inputs": ["input", "lstm"]},
        {"LSTM": 16, "inputs": ["add", "lstm[1]", "lstm[2]"]},
    ]
    found = layers_of(layers=layers)
    assert len(found["add"]["inbound_nodes"][0]["args"][0]) == 2
    assert len(found["lstm_1"]["inbound_nodes"][0]["kwargs"]["initial_state"]) == 2


@pytest.mark.parametrize("name", ["a[0]", 'a"b', "]}}", "tensor"])
def test_a_tensor_is_known_by_any_name_that_its_layer_has_in_keras(name):
    layers = [
        {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "x"}},
        {"class_name": "Dense", "config": {"units": 2, "name": name}},
        {"class_name": "ReLU", "config": {"name": "last"}},
    ]
    source = json.dumps({"class_name": "Sequential", "module": "keras", "config": {"name": "m", "layers": layers}})
    last = json.loads(convert(load(source.encode()), "keras"))["config"]["layers"][-1]
    assert last["inbound_nodes"][0]["args"][0]["config"]["keras_history"] == [name, 0, 0]


def test_an_operation_keeps_its_module_and_its_arguments():
    (_, operation) = layers_of(layers=[{"Operation": {"function": "Softmax", "config": {"axis": 1}}}]).values()
    assert operation["module"] == "keras.src.ops.nn"
    assert operation["config"] == {"axis": 1, "name": "operation"}


def test_a_frozen_wrapper_freezes_the_layer_inside_it():
    found = layers_of(layers=[{"Bidirectional": {"LSTM": 4}, "trainable": False}])["bidirectional"]
    assert found["config"]["layer"]["config"]["trainable"] is False


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"layers": [{"Custom": {}}]}, "layer 'custom' (Custom) is not in keras.layers"),
        ({"input": [16], "layers": ["Highway"]}, "layer 'highway' (Highway) is not in keras.layers"),
        ({"layers": ["ReLU", {"Dense": 4, "inputs": "input"}]}, "no output depends on layer 're_lu'"),
        ({"layers": [{"MultiHeadAttention": [2, 4], "trainable": False}]}, "is frozen, which Keras does not keep"),
        (
            {"layers": [{"Dense": 16}, {"Dense": 16}], "tied": [["dense.kernel", "dense_1.kernel"]]},
            "Keras' JSON cannot say that weights are tied",
        ),
    ],
)
def test_what_keras_does_not_have_is_refused(spec, message):
    with pytest.raises(ParamcalcError) as caught:
        keras_of(**spec)
    assert message in str(caught.value)
