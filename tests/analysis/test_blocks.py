"""A block can be asked about as a layer can: its explanation is the sum of its parts."""

import pytest

from paramcalc import load, summarize
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.explain import explain
from paramcalc.errors import InputError
from paramcalc.render import explain_text
from paramcalc.render.rows import tree_rows

FORMATS = {"text": explain_text.text, "markdown": explain_text.markdown, "json": explain_text.as_json}
TOWERS = b"""
inputs: {user: [10, 32], item: [1, 32]}
blocks:
  tower: {layers: [GlobalAveragePooling1D, {Dense: 8, name: fc}, {Dropout: 0.5}]}
layers:
  - {tower: {}, inputs: user, name: left}
  - {tower: {}, inputs: item, name: right}
  - {Concatenate: {}, inputs: [left, right]}
  - {repeat: 12, layers: [{Dense: 16}, ReLU]}
  - {Dense: 4, name: head_a}
  - {Dense: 5, name: head_b}
"""


def block(name, text=TOWERS):
    found = list(explain(evaluate(load(text)), name))
    assert len(found) == 1
    return found[0]


def test_a_block_is_explained_by_its_sum():
    path, item = block("left")
    assert (path, item.type, item.inputs, item.output) == ("left", "3 layers", [(None, 10, 32)], (None, 8))
    assert (item.params.names, item.params.numbers, item.params.result) == ("fc", "264", 264)
    assert item.macs.result == 256


def test_equal_parts_in_a_row_are_one_product():
    _, item = block("repeat")
    assert (item.params.names, item.params.numbers, item.params.result) == ("12 × (0 … 11)", "12 × 272", 12 * 272)


@pytest.mark.parametrize("name", ["left/", "repeat/0 … 11 ×12", "repeat/0", "head"])
def test_a_block_is_found_as_a_table_shows_it(name):
    """With a slash at its end, as the first of several, or by the word that flat names share."""
    path, item = block(name)
    assert path in ("left", "repeat/0", "head")
    assert item.params.result > 0


def test_every_row_of_a_table_can_be_asked_about():
    model = load(TOWERS)
    evaluation = evaluate(model)
    rows = tree_rows(summarize(model)).rows
    around = []
    for row in [row for row in rows if row.layers]:
        around = [*around[: len(row.lasts) - 1], row.label.partition(" … ")[0]]
        found = list(explain(evaluation, "/".join(around)))
        assert sum(item.params.result for _, item in found) * row.repeats == row.value("params")


@pytest.mark.parametrize("format_", ["text", "markdown", "json"])
def test_every_format_shows_a_block(format_):
    parts = FORMATS[format_](explain(evaluate(load(TOWERS)), "right"))
    assert "264" in "".join(part.decode() if format_ == "json" else part for part in parts)


@pytest.mark.parametrize("width", [40, 60, 80])
def test_an_explanation_fits_a_terminal(width):
    spec = b"{input: [9, 64], layers: [{MultiHeadAttention: [8, 8]}, {LSTM: 4}]}"
    lines = "".join(FORMATS["text"](explain(evaluate(load(spec))), width)).splitlines()
    assert max(map(len, lines)) <= max(width, 24 + 20)
    whole = "".join(FORMATS["text"](explain(evaluate(load(spec))))).split()
    assert " ".join(lines).split() == whole


def test_a_block_that_there_is_not_is_answered_with_the_nearest():
    with pytest.raises(InputError, match="no layer or block matches 'lift'; did you mean 'left'"):
        block("lift")
