"""`diff` names layers that read others than before, also where no layer changed in itself."""

import json

import pytest

from paramcalc import load, summarize
from paramcalc.analysis.diff import compare
from paramcalc.render.diff_report import as_json, markdown

DENSE = "{{Dense: 4, name: {}}}"
RELU, NORM = "{ReLU: {}, name: r}", "{LayerNormalization: {}, name: n}"
A, B = DENSE.format("a"), DENSE.format("b")


def chain(*layers, inputs="input: [8, 4]"):
    return f"{{{inputs}, layers: [{', '.join(layers)}]}}"


def diff(base, head):
    return compare(*(summarize(load(text.encode())) for text in (base, head)))


@pytest.mark.parametrize(
    ("head", "paths"),
    [
        (chain(A, RELU, NORM, B), []),
        (chain(A, NORM, RELU, B), ["n", "r", "b"]),
        (chain(B, RELU, NORM, A), ["b", "r", "a"]),
        # What was added or removed has a row of its own, and its neighbours are not rewired by it.
        (chain(A, RELU, DENSE.format("c"), NORM, B), []),
        (chain(A, NORM, B), []),
        (chain(A, RELU, NORM, B, inputs="inputs: {x: [8, 4]}"), []),
    ],
)
def test_only_layers_that_read_others_are_rewired(head, paths):
    assert [row.path for row in diff(chain(A, RELU, NORM, B), head).rewired] == paths


def test_it_is_said_in_each_format():
    """`no layer changed` alone would be wrong of another network with as many parameters."""
    found = diff(chain(A, RELU, NORM, B), chain(A, NORM, RELU, B))
    text = "".join(markdown(found))
    assert "no layer changed in itself" in text
    assert "3 layers read others than before, such as 'n': r → a" in text
    said = json.loads(b"".join(as_json(found)))
    assert said["rewired"][0] == {"path": "n", "base": ["r"], "head": ["a"]}


def test_equal_models_of_two_frameworks_are_not_compared_by_their_wires():
    other = "{framework: torch, input: [8, 4], layers: [{Linear: 4, name: a}, {ReLU: {}, name: r}]}"
    assert not diff(chain(A, RELU), other).rewired
