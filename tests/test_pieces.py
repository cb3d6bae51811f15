"""What is written of a large model: piece by piece, and what equal layers have in common once.

A few bytes can stand for a hundred thousand layers, so what a line costs decides whether a command ends in time. Held
loosely, as ratios to what json.dumps takes for the same rows, and by the memory that is in use at once.
"""

import json
import time
import tracemalloc
from collections import deque
from functools import cache

import msgspec
import pytest

import paramcalc.analysis.explain
from paramcalc import load, summarize
from paramcalc.analysis.diff import compare
from paramcalc.analysis.evaluate import evaluate
from paramcalc.formats.keras.writer import to_keras
from paramcalc.formats.native.writing.spec import to_spec
from paramcalc.render import csv_format, diff_report, explain_text, markdown, table
from paramcalc.render.text import PIECE, pieces
from tests.bench import settle
from tests.test_speed import at_best

LAYERS = 2_000
SPECS = {
    "equal layers": {"input": [8], "layers": [{"repeat": LAYERS, "layers": [{"Dense": 8}]}]},
    "different layers": {"input": [8], "layers": [{"Dense": size} for size in range(1, LAYERS + 1)]},
    "one layer": {"input": [8], "layers": [{"Dense": 8}]},
}


def model_of(spec):
    return load(json.dumps(spec).encode(), name="m.json")


@cache
def known(name):
    """A model, its evaluation, its summary, and the rows of that as plain values."""
    model = model_of(SPECS[name])
    summary = summarize(model)
    return model, evaluate(model), summary, msgspec.to_builtins(summary.layers)


def explained(write):
    return lambda name: write(paramcalc.analysis.explain.explain(known(name)[1]))


def summarized(write):
    return lambda name: write(known(name)[2])


def compared(write):
    return lambda name: write(compare(known("one layer")[2], known(name)[2]))


EVERY, IN_ORDER = table.Options(depth=9), table.Options(sort="params")
WRITERS = {
    "explain, text": explained(explain_text.text),
    "explain, markdown": explained(explain_text.markdown),
    "explain, json": explained(explain_text.as_json),
    "table": summarized(lambda summary: table.plain(table.summary_lines(summary, EVERY))),
    "sorted table": summarized(lambda summary: table.plain(table.summary_lines(summary, IN_ORDER))),
    "markdown": summarized(lambda summary: markdown.summary_markdown(summary, IN_ORDER)),
    "csv": summarized(lambda summary: csv_format.summary_csv(summary, None)),
    "diff": compared(lambda changes: table.plain(diff_report.lines(changes, None))),
    "diff, markdown": compared(diff_report.markdown),
    "diff, json": compared(diff_report.as_json),
}
"""Everything that can be written of a model line by line → its parts, of one of `SPECS`."""


def ratio(work, rows):
    """The time that something takes to the time of the rows as JSON."""
    settle()
    start = time.process_time()
    work()
    middle = time.process_time()
    json.dumps(rows)
    return (middle - start) / (time.process_time() - middle)


@pytest.mark.parametrize(("name", "limit"), [("equal layers", 4), ("different layers", 12)])
@pytest.mark.parametrize("what", WRITERS)
def test_a_line_takes_a_few_times_the_json_of_its_row(what, name, limit):
    rows = known(name)[3]
    assert at_best(lambda: ratio(lambda: deque(WRITERS[what](name), 0), rows), limit) <= limit


@pytest.mark.parametrize("name", ["equal layers", "different layers"])
@pytest.mark.parametrize("write", [to_spec, to_keras])
def test_writing_a_conversion_takes_a_few_times_the_json_of_its_rows(write, name):
    model, _, _, rows = known(name)
    assert at_best(lambda: ratio(lambda: write(model), rows), 8) <= 8


@pytest.mark.parametrize("what", ["explain, text", "explain, markdown", "explain, json", "diff, json"])
def test_less_is_kept_than_is_written(what):
    """Not the whole text, nor an object for each line of it."""
    parts = WRITERS[what]("equal layers")
    settle()
    tracemalloc.start()
    try:
        size = sum(len(part) for part in pieces(parts))
        assert tracemalloc.get_traced_memory()[1] < size / 2
    finally:
        tracemalloc.stop()


def test_layers_past_what_is_read_are_not_explained(monkeypatch):
    """`paramcalc explain m.json | head` ends with head."""
    asked = []
    real = paramcalc.analysis.explain.explain_call
    monkeypatch.setattr(paramcalc.analysis.explain, "explain_call", lambda *call: asked.append(call) or real(*call))
    next(pieces(WRITERS["explain, text"]("different layers")))
    assert len(asked) <= PIECE + 1


def test_equal_layers_of_a_spec_are_one_object():
    """Whether they were written out or computed: what one says need not be asked again."""
    entries = [{"Dense": 8}, {"Dense": {"units": 8}}, {"repeat": 9, "layers": [{"Dense": "$(8 + i % 1)"}]}]
    model = model_of({"input": [8], "layers": [*entries, {"Dense": 9}]})
    assert len({id(node.instance.layer) for node in model.nodes}) == 2
    assert len({id(node.instance) for node in model.nodes}) == len(model.nodes)


def test_values_that_are_only_equal_in_python_are_other_layers():
    """`true` is no 1, though it is equal to it and was asked after it."""
    with pytest.raises(paramcalc.InputError, match="units"):
        model_of({"input": [8], "layers": [{"Dense": 1}, {"Dense": True}]})


def test_pieces_are_the_whole():
    parts = [f"{number}," for number in range(2 * PIECE + 1)]
    assert "".join(pieces(parts)) == "".join(parts)
    assert len(list(pieces(parts))) == 3
    assert list(pieces([])) == []
