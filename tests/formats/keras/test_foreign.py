"""A class that is not Keras' own is refused wherever it stands, whatever it is called."""

import json

import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize


def tensor(name):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def layer(kind, name, config, *reads, module="keras.layers", **more):
    nodes = [{"args": [tensor(read)], "kwargs": {}} for read in reads]
    entry = {"class_name": kind, "module": module, "config": {"name": name, **config}, "name": name}
    return {**entry, "inbound_nodes": nodes, **more}


def inner(**more):
    """A Sequential with a Dense of 110 parameters."""
    layers = [layer("InputLayer", "q", {"batch_shape": [None, 10]}), layer("Dense", "d", {"units": 10})]
    return {"class_name": "Sequential", "module": "keras", "config": {"name": "x", "layers": layers}, **more}


def activation(**more):
    return {"units": 10, "activation": {"class_name": "function", "module": "builtins", "config": "relu", **more}}


def model(entry, **more):
    """A Functional of an input of 10, the entry, and a Dense of one unit."""
    layers = [layer("InputLayer", "i", {"batch_shape": [None, 10]}), entry, layer("Dense", "o", {"units": 1}, "x")]
    config = {"name": "m", "layers": layers, "input_layers": [["i", 0, 0]], "output_layers": [["o", 0, 0]]}
    return {"class_name": "Functional", "module": "keras", "config": config, **more}


POLICY = {"class_name": "DTypePolicy", "module": "keras", "config": {"name": "float16"}}
KERAS_OPERATION = {"module": "keras.src.ops.numpy"}
OWN = {
    "layer": (layer("Dense", "x", {"units": 10}, "i"), 121),
    "registered as Keras'": (layer("Dense", "x", {"units": 10}, "i", registered_name="Keras>Dense"), 121),
    "registered by its name": (layer("Dense", "x", {"units": 10}, "i", registered_name="Dense"), 121),
    "model": ({**inner(), "name": "x", "inbound_nodes": [{"args": [tensor("i")], "kwargs": {}}]}, 121),
    "operation": (layer("Abs", "x", {}, "i", **KERAS_OPERATION), 11),
    "operation of TensorFlow": (layer("TFOpLambda", "x", {"function": "math.abs"}, "i"), 11),
    "model in a wrapper": (layer("TimeDistributed", "x", {"layer": inner()}, "i"), None),
    "activation": (layer("Dense", "x", activation(), "i"), 121),
    "dtype policy": (layer("Dense", "x", {"units": 10, "dtype": POLICY}, "i"), 121),
}
FOREIGN = ({"module": "evil.layers"}, {"registered_name": "evil>Thing"}, {"registered_name": "KerasEvil>Thing"})


def total(document):
    return summarize(paramcalc.load(json.dumps(document).encode())).totals.params


@pytest.mark.parametrize("name", [name for name, (_, params) in OWN.items() if params])
def test_what_is_keras_own_is_counted(name):
    entry, params = OWN[name]
    assert total(model(entry)) == params


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
@pytest.mark.parametrize("name", OWN)
def test_what_is_not_is_refused(name, foreign):
    entry = json.loads(json.dumps(OWN[name][0]))
    place = {
        "model in a wrapper": lambda: entry["config"]["layer"],
        "activation": lambda: entry["config"]["activation"],
        "dtype policy": lambda: entry["config"]["dtype"],
    }.get(name, lambda: entry)()
    place.update(foreign)
    with pytest.raises(InputError, match=r"is not (a Keras|one of Keras|Keras')"):
        total(model(entry))


@pytest.mark.parametrize("foreign", FOREIGN, ids=str)
def test_an_input_and_the_model_itself_are_no_exception(foreign):
    document = model(OWN["layer"][0])
    document["config"]["layers"][0].update(foreign)
    with pytest.raises(InputError, match=r"evil|Evil"):
        total(document)
    with pytest.raises(InputError, match="is not Keras' own"):
        total(model(OWN["layer"][0], **foreign))


def without_modules(item):
    """A document as Keras 2 wrote it: no entry names a module."""
    if isinstance(item, dict):
        return {key: without_modules(value) for key, value in item.items() if key != "module"}
    return [without_modules(value) for value in item] if isinstance(item, list) else item


BARE = {"keras": lambda document: document, "no modules": without_modules}


@pytest.mark.parametrize("as_written", BARE.values(), ids=BARE)
@pytest.mark.parametrize("kind", ["MyModel", "functional", "Layer", "Wrapper"])
def test_a_functional_config_makes_no_model_of_a_class_that_is_not_keras_own(kind, as_written):
    """Keras 3, tf_keras 2.21 and tf.keras 2.15 load such a file only with the class itself at hand."""
    document = as_written(model(OWN["layer"][0], class_name=kind))
    with pytest.raises(InputError, match=f"'{kind}', which is not Keras' own|this is a Wrapper layer, not a model"):
        total(document)


@pytest.mark.parametrize("as_written", BARE.values(), ids=BARE)
def test_nor_of_a_layer_of_keras(as_written):
    with pytest.raises(InputError, match="this is a Dense layer, not a model"):
        total(as_written(model(OWN["layer"][0], class_name="Dense")))


@pytest.mark.parametrize("call", [0, 1])
def test_nor_inside_a_model_where_its_output_may_still_be_assumed(call):
    """tf.keras counts the calls of a model from 1, and this layer may be one."""
    made = model(OWN["layer"][0])["config"]
    entry = {"class_name": "MyModel", "name": "x", "config": made, "inbound_nodes": [[["i", 0, 0, {}]]]}
    document = without_modules(model(entry, class_name="Functional"))
    document["config"]["layers"][2]["inbound_nodes"] = [[["x", call, 0, {}]]]
    read = paramcalc.load(json.dumps(document).encode())
    with pytest.raises(InputError, match="'MyModel' is not a Keras layer"):
        summarize(read)
    assert summarize(read, assume={"x": "same"}).totals.params == 11
