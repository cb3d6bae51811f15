"""CSV for a spreadsheet: one row a layer, plain numbers."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Any

from paramcalc.render import Look, Shown
from paramcalc.render.columns import COLUMNS, shape_text, whole_of
from paramcalc.render.rows import Row, sorted_rows, unknown_of
from paramcalc.render.text import PIECE, sanitise
from paramcalc.summary import Summary

DEFAULT_COLUMNS = (
    "path",
    "type",
    "inputs",
    "input_shape",
    "output_shape",
    "params",
    "trainable",
    "non_trainable",
    "weights",
    "bias",
    "macs",
    "output_bytes",
    "shared",
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""Spreadsheets take a cell that starts with one of these for a formula."""


def summaries(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """One table for all models, in UTF-8 whatever a terminal speaks."""
    yield header(look.columns, look.several).encode()
    for each in shown:
        for part in summary_csv(each.summary, look.columns, look.sort, look.top, look.several):
            yield part.encode()


def header(columns: Sequence[str] | None, with_source: bool) -> str:
    """The line of column names, with `source` first if several files share a table."""
    return next(lines([[*(["source"] if with_source else []), *(columns or DEFAULT_COLUMNS)]]))


def summary_csv(
    summary: Summary,
    columns: Sequence[str] | None,
    sort: str | None = None,
    top: int | None = None,
    with_source: bool = False,
) -> Iterator[str]:
    """One line a layer, in execution order unless they are to be sorted."""
    names = columns or DEFAULT_COLUMNS
    if sort or top:
        rows: Iterable[Row] = sorted_rows(summary, sort or "params", top).rows
    else:
        unknown = unknown_of(summary)
        marked = ((layer, "?" if layer.path in unknown else "") for layer in summary.layers)
        rows = (Row(layer.path, (layer,), marks=marks) for layer, marks in marked)
    first = [text_cell(summary.source)] if with_source else []
    cells = [cell_maker(name, whole_of(summary.totals, name)) for name in names]
    return lines([*first, *[cell(row) for cell in cells]] for row in rows)


def cell_maker(column: str, total: int) -> Callable[[Row], str]:
    """A function that makes the cells of a column; equal ones in a row, as a large model has them, are made once."""
    last: Any = None
    made = _cell(None, column, total)

    def cell(row: Row) -> str:
        nonlocal last, made
        value = row.value(column)
        if value is not last and value != last:
            last, made = value, _cell(value, column, total)
        return made

    return cell


def _cell(value: Any, column: str, total: int) -> str:
    if value is None:
        return ""
    kind = COLUMNS[column].kind
    if kind == "share":
        return f"{value / total:.6f}" if total else "0"
    if kind == "shape":
        return shape_text(value)
    return text_cell(value) if kind == "text" else str(value)


def text_cell(text: str) -> str:
    """A name that no spreadsheet takes for a formula and no terminal for a command."""
    return sanitise("'" + text if text.startswith(FORMULA) else text)


def lines(rows: Iterable[list[str]]) -> Iterator[str]:
    """The rows as CSV, in pieces."""
    waiting = iter(rows)
    while some := list(islice(waiting, PIECE)):
        buffer = StringIO()
        csv.writer(buffer, lineterminator="\n").writerows(some)
        yield buffer.getvalue()
