"""Large Keras files are read layer by layer: the same models, and the same errors, as read whole."""

import json
import sys
from itertools import islice
from pathlib import Path

import pytest

from paramcalc import InputError, load, summarize
from paramcalc import formats as readers
from paramcalc.formats.keras import large
from tests.each import each
from tests.oracle.live import frozen_cases
from tests.synthetic import SHAPES, chain, text_of

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
}


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
def test_what_is_odd_or_wrong_is_read_whole(both_ways, layer_by_layer, text):
    """So that an error is the same, with its place."""
    data = text.encode("utf-8", "surrogateescape")
    piecewise, whole = both_ways(data)
    assert piecewise == whole
    assert not layer_by_layer(data)


def test_an_error_of_the_shapes_has_its_place_in_a_large_file():
    """What is found out only when the model is computed is located in the bytes that were kept."""
    model = chain(2_000)
    model["config"]["layers"][1_500]["inbound_nodes"][0]["args"] = []
    data = json.dumps(model, indent=1).encode()
    line = data[: data.index(b'"name": "d1499"')].count(b"\n")
    with pytest.raises(InputError, match=r"m\.json:\d+:\d+: layer 'd1499' \(Dense\)") as caught:
        summarize(load(data, name="m.json"))
    assert abs(caught.value.problems[0].position.line - line) < 50
