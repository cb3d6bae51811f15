"""`convert` of what repeats: equal times in a row are a `repeat` again, all else stays one block after another."""

import json
from textwrap import dedent

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paramcalc import ParamcalcError, load
from paramcalc.formats.convert import convert, facts

ROUND_TRIPS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
REASONS = ("do not stand together", "is already taken")
LSTM = {"LSTM": {"units": 16, "return_sequences": True, "return_state": True}}


def converted(layers, **more):
    """The text, known to give the same summary, and the same text when it is converted again."""
    model = load(json.dumps({"input": [8, 16], "layers": layers, **more}).encode(), name="model.yaml")
    text = convert(model)
    again = load(text.encode(), name="model.yaml")
    assert list(facts(again)) == list(facts(model))
    assert convert(again) == text
    return text


EQUAL = [
    (
        [{"repeat": 3, "layers": [{"Dense": 8}, "ReLU"]}],
        "- repeat: 3\n  layers:\n    - Dense: 8\n    - ReLU\n",
    ),
    (
        [{"repeat": 1, "layers": ["ReLU"]}],
        "- repeat: 1\n  layers:\n    - ReLU\n",
    ),
    (
        [{"repeat": 2, "name": "a", "layers": ["ReLU"]}, {"repeat": 2, "inputs": "input", "layers": ["ReLU"]}],
        "- repeat: 2\n  name: a\n  layers:\n    - ReLU\n- repeat: 2\n  inputs: input\n  layers:\n    - ReLU\n",
    ),
    (
        [{"repeat": 2, "layers": [{"Dense": 8}, {"repeat": 3, "layers": ["ReLU"]}]}],
        "- repeat: 2\n  layers:\n    - Dense: 8\n    - repeat: 3\n      layers:\n        - ReLU\n",
    ),
    (
        [{"repeat": 2, "layers": [{"Add": {}, "inputs": ["previous", "previous"]}]}],
        "- repeat: 2\n  layers:\n    - {Add: {}, inputs: [previous, previous]}\n",
    ),
    (
        [{"repeat": 2, "layers": [{"Dense": 16}, {"call": "dense"}]}],
        "- repeat: 2\n  layers:\n    - Dense: 16\n    - call: dense\n",
    ),
    (
        [{"repeat": 2, "trainable": False, "dtype": "float16", "layers": [{"Dense": 8}]}, "ReLU"],
        "- repeat: 2\n  layers:\n    - {Dense: 8, trainable: false, dtype: float16}\n- ReLU\n",
    ),
    (
        [{"repeat": 2, "layers": [LSTM]}, {"Dense": 4}],
        "- repeat: 2\n  layers:\n    - LSTM: {units: 16, return_sequences: true, return_state: true}\n- Dense: 4\n",
    ),
    (
        [{"repeat": 2, "layers": [{"Bidirectional": {"GRU": {"units": "$(4 + 0 * i)", "return_sequences": True}}}]}],
        "- repeat: 2\n  layers:\n    - Bidirectional: {GRU: {units: 4, return_sequences: true}}\n",
    ),
]


@pytest.mark.parametrize(("layers", "written"), EQUAL)
def test_equal_times_are_written_as_a_repeat(layers, written):
    assert dedent(converted(layers).partition("\nlayers:\n")[2]) == written


@pytest.mark.parametrize(
    "layers",
    [
        [{"repeat": 2, "layers": [{"Dense": "$(8 + i)"}]}],
        [{"repeat": 2, "layers": [{"Dense": 8, "name": "dense_of_$i"}]}],
        [{"repeat": 2, "layers": [{"Dense": 8, "trainable": "$(i > 0)"}]}],
        [{"repeat": 3, "layers": [{"Dense": 16}, {"ReLU": {}, "when": "$(i < 2)"}]}],
        [{"repeat": 2, "layers": [{"branches": [[{"Dense": 16}], []], "merge": "Add"}]}],
        [{"repeat": 2, "layers": [{"Add": {}, "inputs": ["previous", "input"]}]}],
        [{"repeat": 2, "layers": [LSTM]}, {"Add": {}, "inputs": ["repeat[1]", "repeat[2]"]}],
        [{"repeat": 2, "layers": [LSTM]}, {"Add": {}, "inputs": ["repeat[1]", "repeat[1]"]}],
        [{"repeat": 1, "layers": [{"Dense": 16}]}, {"ReLU": {}, "inputs": "input"}],
        [{"Dense": 16}, {"repeat": 2, "layers": [{"call": "dense"}]}],
    ],
    ids=["field", "name", "trainable", "when", "start", "outside", "states", "state", "unread", "shared"],
)
def test_what_no_repeat_can_say_is_written_as_before(layers):
    assert "repeat:" not in converted(layers)


def sequential(name, layers):
    return {"class_name": "Sequential", "config": {"name": name, "layers": layers}}


def dense(units):
    return {"class_name": "Dense", "config": {"name": "dense", "units": units}}


@pytest.mark.parametrize(("units", "folds"), [([4, 4, 4], True), ([4, 4, 5], False)])
def test_numbered_models_inside_a_keras_model_are_a_repeat_where_they_are_equal(units, folds):
    start = {"class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "x"}}
    numbered = [sequential(str(number), [dense(size)]) for number, size in enumerate(units)]
    source = json.dumps(sequential("m", [start, sequential("encoder", numbered)]))
    text = convert(load(source.encode(), name="model.json"))
    assert ("  - repeat: 3\n    name: encoder\n    layers:\n      - Dense: 4\n" in text) is folds
    assert ("repeat:" in text) is folds


ENTRIES = st.recursive(
    st.sampled_from(
        [
            "ReLU",
            {"Dense": 16},
            {"Dense": "$(16 + 0 * i)"},
            {"Dropout": "$(0.5 / (i + 1))"},
            {"Dense": 16, "name": "d_$i"},
            {"Add": {}, "inputs": ["previous", "previous"]},
            {"Add": {}, "inputs": ["previous", "input"]},
            {"ReLU": {}, "when": "$(i > 0)"},
            LSTM,
            "body",
            {"call": "first"},
        ]
    ),
    lambda inner: st.one_of(
        st.builds(lambda n, layers: {"repeat": n, "layers": layers}, st.integers(0, 3), st.lists(inner, max_size=3)),
        st.builds(lambda a, b: {"branches": [a, b], "merge": "Add"}, *[st.lists(inner, max_size=2)] * 2),
    ),
    max_leaves=6,
)


@ROUND_TRIPS
@given(st.lists(ENTRIES, max_size=3), st.lists(ENTRIES.filter(lambda entry: "body" not in str(entry)), max_size=3))
def test_any_nesting_of_repeats_comes_back_as_it_was_or_is_refused_with_a_reason(layers, inner):
    first = {"Dense": 16, "name": "first"}
    body = {"layers": [first, {"repeat": 2, "layers": inner}]}
    repeats = [{"repeat": 2, "layers": [*layers, "body"]}, {"body": {}, "name": "again"}, {"call": "again"}]
    refused = None
    try:
        converted([first, *repeats, "ReLU"], blocks={"body": body})
    except ParamcalcError as error:
        refused = str(error)
    assert refused is None or any(reason in refused for reason in REASONS), refused
