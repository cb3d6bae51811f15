"""Large Keras files are read layer by layer: the same models, and the same errors, as read whole."""

import json
import sys
from itertools import islice
from pathlib import Path

import pytest

from paramcalc import InputError, load, summarize
from paramcalc import formats as readers
from paramcalc.formats.keras import builder, large, lazy_layers
from tests.each import each
from tests.oracle.live import frozen_cases
from tests.synthetic import SHAPES, chain, nested, text_of

HOSTILE = Path(__file__).parents[2] / "data/hostile"


def outcome(data):
    """The summary, or the error, of a file."""
    try:
        return summarize(load(data, name="m.json"))
    except InputError as error:
        return str(error)


@pytest.fixture
def both_ways(monkeypatch):
    """A function that gives the outcome of a file read layer by layer, if it can be, and of the same one read whole."""

    def read(data):
        outcomes = []
        for limit in (0, sys.maxsize):
            monkeypatch.setattr(readers, "LARGE", limit)
            outcomes.append(outcome(data))
        return outcomes

    return read


@pytest.fixture
def layer_by_layer():
    """A function that says whether a file is read so."""
    return lambda data: large.read_large(data, "m.json", None, shared_objects=False, version=None) is not None


def test_what_keras_wrote_is_the_same_both_ways(both_ways, layer_by_layer):
    """Every fourth of keras.applications and of the random models; nearly all are read layer by layer."""
    texts = [text_of_case(case) for case in islice(frozen_cases(), 0, None, 4)]
    found = {text: both_ways(text) for text in texts}
    assert [text[:80] for text, (piecewise, whole) in found.items() if piecewise != whole] == []
    good = [text for text, (_, whole) in found.items() if not isinstance(whole, str)]
    assert sum(map(layer_by_layer, good)) > 0.85 * len(good)  # not those with names in odd characters


def text_of_case(case):
    config = case["config"]
    return (config if isinstance(config, str) else json.dumps(config)).encode()


@each("path", sorted(HOSTILE.glob("*.json")), lambda path: path.name)
def test_hostile_files_end_the_same_both_ways(both_ways, path):
    piecewise, whole = both_ways(path.read_bytes())
    assert piecewise == whole


@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "repeat"])
def test_graphs_of_every_shape_are_read_layer_by_layer(both_ways, layer_by_layer, shape):
    data = text_of(shape, 100)
    piecewise, whole = both_ways(data)
    assert piecewise == whole
    assert layer_by_layer(data)


def second(old, new):
    """The text with a change in its second layer, which is like the first."""
    start = TEXT.index(old, TEXT.index(old) + 1)
    return TEXT[:start] + new + TEXT[start + len(old) :]


TEXT = text_of("chain", 3).decode()
DEEP = '{"layers":' + "[" * 193 + "]" * 193 + "}"
ODD = {
    "a key twice in a layer": TEXT.replace('"units":8', '"units":9,"units":8', 1),
    "a key twice around the layers": TEXT.replace('"name":"net"', '"name":"net","name":"net"'),
    "the layers twice": TEXT.replace('"layers":', '"layers":[],"layers":', 1),
    "a key that Keras does not write": TEXT.replace('"name":"net"', '"name":"net","mine":1'),
    "an escaped colon": TEXT.replace('"use_bias":true', '"use_bias":true,"\\u003a":1', 1),
    "a huge integer": TEXT.replace('"seed":null', '"seed":' + "9" * 20, 1),
    "NaN": TEXT.replace('"seed":null', '"seed":NaN', 1),
    "a layer nested too deep": TEXT.replace('"seed":null', f'"seed":{DEEP}', 1),
    "a layer that is wrong": TEXT.replace('"units":8', '"units":"8"', 1),
    "a layer cut off": TEXT[:-60],
    "something after the end": TEXT + "x",
    "a byte that is no text": TEXT.replace('"d0"', '"\udcff0"'),
    "a mark before the text": "\ufeff" + TEXT,
    "something else than a mapping among the layers": TEXT.replace('"layers":[', '"layers":[7,', 1),
    "a huge integer in a repeated layer": second('"seed":null', '"seed":' + "9" * 20),
    "a key twice in a repeated config": second('"units":8', '"units":9,"units":8'),
    "a key twice in a repeated layer": second('"config":', '"config":{"units":7},"config":'),
    "a key twice in a call": second('"kwargs":{}', '"kwargs":{},"kwargs":{}'),
    "a key twice among the arguments of a call": second('"kwargs":{}', '"kwargs":{"mask":1,"mask":null}'),
    "a key twice in a tensor": second('"__keras_tensor__"', '"x","class_name":"__keras_tensor__"'),
    "a key twice in a history": second('"keras_history":', '"keras_history":0,"keras_history":'),
    "a key twice in what a layer was built for": second('"input_shape":', '"input_shape":0,"input_shape":'),
    "a key twice and a name with a colon": second('"units":8', '"units":9,"units":8').replace("d0", "d:0"),
    "a name that ends in the middle of a character": second('"d1"', '"d1\udcff"'),
    "what a layer was built for nested too deep": second('"input_shape":', f'"deep":{DEEP},"input_shape":'),
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_what_is_odd_or_wrong_is_read_whole(both_ways, layer_by_layer, text):
    """So that an error is the same, with its place."""
    data = text.encode("utf-8", "surrogateescape")
    piecewise, whole = both_ways(data)
    assert piecewise == whole
    assert not layer_by_layer(data)


def changed(layer, **changes):
    """A layer of the model with other fields in its config, and perhaps a name or a call of its own."""
    model = chain(3)
    for key, value in changes.items():
        place = model["config"]["layers"][layer]
        (place if key in place else place["config"])[key] = value
    return model


def called_with(*kwargs):
    """A model whose layers get these as named arguments."""
    model = chain(len(kwargs))
    for layer, given in zip(model["config"]["layers"][1:], kwargs, strict=True):
        layer["inbound_nodes"][0]["kwargs"] = given
    return model


def averaging(*kwargs):
    """A model of operations that say how they average in their calls alone."""
    model = called_with(*kwargs)
    for layer in model["config"]["layers"][1:]:
        layer |= {"module": "keras.src.ops.numpy", "class_name": "Mean", "config": {"name": layer["name"]}}
    return model


NEARLY_ALIKE = {
    "another size": changed(2, units=9),
    "another name inside the config": changed(2, config=changed(2)["config"]["layers"][2]["config"] | {"name": "x"}),
    "not trained": changed(2, trainable=False),
    "neither true nor false": changed(2, trainable=0),
    "another class": changed(2, class_name="Activation"),
    "another module": changed(2, module="mine"),
    "another registered name": changed(2, registered_name="mine>Dense"),
    "built for something else": changed(2, build_config={"input_shape": [None, 9]}),
    "not built": changed(2, build_config=None),
    "never called": changed(3, inbound_nodes=[]),
    "arguments that are left out": called_with({"training": None}, {"training": False}, {"mask": None}),
    "an argument that it does not take": called_with({}, {"mine": 1}),
    "an argument that is a list": called_with({}, {"mask": [1]}),
    "operations": averaging({"axis": 1, "keepdims": True}, {"axis": 1}, {"axis": 0, "keepdims": True}),
    "a shape that is none": called_with({}, {}) | {"build_config": {"input_shape": "x"}},
}


@pytest.mark.parametrize("model", NEARLY_ALIKE.values(), ids=NEARLY_ALIKE)
def test_layers_that_are_nearly_alike_are_told_apart(both_ways, layer_by_layer, model):
    for separators in ((",", ":"), None):
        data = json.dumps(model, separators=separators).encode()
        piecewise, whole = both_ways(data)
        assert piecewise == whole
        assert isinstance(whole, str) or layer_by_layer(data)


@pytest.mark.parametrize("name", ["a b", "a/b", "é", "a:b", 'a"b', "a\\b", "a\nb", 'd0","units":9,"x":"', ""])
def test_layers_of_any_name_are_read_alike(both_ways, name):
    model = json.dumps(chain(3), ensure_ascii=False).replace('"d1"', json.dumps(name, ensure_ascii=False))
    piecewise, whole = both_ways(model.encode())
    assert piecewise == whole


def around(**changes):
    """A long model inside another one, which says something else."""
    model = nested(40, 1)
    model["config"]["layers"][1] |= changes
    return model


INSIDE = {
    "another class": around(class_name="Mine"),
    "somebody else's class of that name": around(module="mine"),
    "no inputs": around(inbound_nodes=[]),
    "what Keras does not write": around(mine=1),
    "built for nothing": around(build_config={"input_shape": None}),
    "a Sequential": around(class_name="Sequential"),
    "at every level": nested(40, lazy_layers.MAX_LEVELS + 2),
}


@pytest.mark.parametrize("model", INSIDE.values(), ids=INSIDE)
def test_models_inside_models_are_read_layer_by_layer(both_ways, layer_by_layer, model):
    data = json.dumps(model).encode()
    piecewise, whole = both_ways(data)
    assert piecewise == whole
    assert isinstance(whole, str) or layer_by_layer(data)


@pytest.mark.parametrize("depth", [1, lazy_layers.MAX_LEVELS + 2])
def test_a_key_twice_in_a_model_inside_is_found(both_ways, layer_by_layer, depth):
    data = json.dumps(nested(40, depth)).replace('"units": 8', '"units": 9, "units": 8', 1).encode()
    piecewise, whole = both_ways(data)
    assert piecewise == whole
    assert "duplicate key" in piecewise
    assert not layer_by_layer(data)


def test_a_layer_nested_too_deep_in_a_model_is_found(both_ways, layer_by_layer):
    """What is allowed in a layer is less for each model around it."""
    for deep in range(150, 200):
        value = json.dumps({"seed": None}).replace("null", "[" * deep + "]" * deep)
        data = json.dumps(nested(40, 3)).replace('{"seed": null}', value, 1).encode()
        piecewise, whole = both_ways(data)
        assert piecewise == whole


def test_a_config_is_parsed_once_for_all_layers_that_are_alike(monkeypatch):
    made = []
    make = builder.make_layer
    monkeypatch.setattr(builder, "make_layer", lambda *args: made.append(args) or make(*args))
    data = json.dumps(chain(50)).encode()
    model = large.read_large(data, "m.json", None, shared_objects=False, version=None)
    assert len(made) == 1
    assert len({id(node.instance.layer) for node in model.nodes}) == 1
    assert len({id(node.instance) for node in model.nodes}) == 50


def test_an_error_of_the_shapes_has_its_place_in_a_large_file():
    """What is found out only when the model is computed is located in the bytes that were kept."""
    model = chain(2_000)
    model["config"]["layers"][1_500]["inbound_nodes"][0]["args"] = []
    data = json.dumps(model, indent=1).encode()
    line = data[: data.index(b'"name": "d1499"')].count(b"\n")
    with pytest.raises(InputError, match=r"m\.json:\d+:\d+: layer 'd1499' \(Dense\)") as caught:
        summarize(load(data, name="m.json"))
    assert abs(caught.value.problems[0].position.line - line) < 50
