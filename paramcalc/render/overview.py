"""One row a model: what `--totals` prints, and what the summary of several files begins with.

In: summaries. Out: the row of each as lines of a table, Markdown, CSV or JSON.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import UNSET

from paramcalc.render import Look, Shown
from paramcalc.render.csv_format import lines as csv_lines
from paramcalc.render.csv_format import text_cell
from paramcalc.render.json_format import FIRST, text_of, to_json
from paramcalc.render.layout import GAP, MIN_NAME, Glyphs, Line, Span
from paramcalc.render.numbers import format_bytes, format_int, so_far
from paramcalc.render.text import cut_middle, sanitise, width_of
from paramcalc.render.wrap import wrapped
from paramcalc.summary import Summary

COLUMNS: dict[str, tuple[str, str]] = {
    "params": ("Params", "number"),
    "trainable_params": ("Trainable", "number"),
    "active_params": ("Active", "number"),
    "macs": ("MACs", "number"),
    "decode_macs": ("MACs a token", "number"),
    "size_bytes": ("Size", "bytes"),
    "inference_bytes": ("Inference", "bytes"),
}
"""Column → its heading and kind of value; the columns after the source."""

LEAST_NAME = 8
DROPPED = (
    *[(name, MIN_NAME) for name in ("trainable_params", "active_params", "decode_macs")],
    *[(name, LEAST_NAME) for name in ("", "macs", "inference_bytes", "size_bytes")],
)
"""The columns that a narrow terminal does without, in this order, each with the width that names then need."""

USUAL = ("params", "trainable_params", "macs", "size_bytes")


def value_of(summary: Summary, column: str) -> int | None:
    """The value of a model in a column; None if it is unknown."""
    if column == "inference_bytes":
        return None if summary.memory is UNSET else summary.memory.inference_bytes
    found: int | None = getattr(summary.totals, column, None)
    return found


def columns_of(summaries: Sequence[Summary]) -> list[str]:
    """The usual columns, and those that add information about one of the models."""
    totals = [summary.totals for summary in summaries]
    shown = set(USUAL)
    if any(total.active_params != total.params for total in totals):
        shown.add("active_params")
    if any(getattr(total, "decode_macs", None) is not None for total in totals):
        shown.add("decode_macs")
    if any(summary.memory is not UNSET for summary in summaries):
        shown.add("inference_bytes")
    return [name for name in COLUMNS if name in shown]


def cells(summary: Summary, columns: Iterable[str]) -> list[str]:
    """The formatted numbers of one model; those of a partial model only count what is known."""
    texts = {"number": format_int, "bytes": format_bytes}
    values = [(value_of(summary, name), name, texts[COLUMNS[name][1]]) for name in columns]
    stated = {"size_bytes": "size"}
    return [
        text(value) if value is None else so_far(text(value), stated.get(name, name), summary)
        for value, name, text in values
    ]


def table_lines(summaries: Sequence[Summary], width: int | None, glyphs: Glyphs) -> Iterator[Line]:
    """The table: a heading, a rule, a line a model.

    In a narrow terminal the names give way, and the columns that say least; a number is never cut.
    """
    names = [sanitise(summary.source, glyphs.ascii_only) for summary in summaries]
    room = max(map(width_of, ["Model", *names]))
    columns = columns_of(summaries)
    for dropped, least in (("", MIN_NAME), *DROPPED):
        columns = [name for name in columns if name != dropped]
        headings = ["Model", *[COLUMNS[name][0] for name in columns]]
        grid = [cells(summary, columns) for summary in summaries]
        widths = [max(map(len, column)) for column in zip(headings[1:], *grid, strict=True)]
        others = sum(widths) + len(GAP) * len(widths)
        if width is None or others + min(room, least) <= width:
            break
    if width is not None:
        room = max(min(room, width - others), min(room, LEAST_NAME))

    def line(name: str, numbers: Sequence[str], style: str) -> Line:
        name = cut_middle(name, room, glyphs.ellipsis)
        padded = "".join(GAP + number.rjust(size) for number, size in zip(numbers, widths, strict=True))
        return [Span(name + " " * (room - width_of(name)), style), Span(padded, style)]

    yield line(headings[0], headings[1:], "header")
    yield [Span(glyphs.rule * (room + others), "rule")]
    for name, numbers in zip(names, grid, strict=True):
        yield line(name, numbers, "")
    left_out = [COLUMNS[name][0] for name in columns_of(summaries) if name not in columns]
    if left_out:
        yield from wrapped([Span(f"no room for {', '.join(left_out)}", "dim")], width, glyphs)


def indented(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """The totals of each model as an indented object."""
    return (json(each.summary, indent=True) for each in shown)


def lines(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """The totals of each model as an object on a line of its own."""
    return (json(each.summary, indent=False) for each in shown)


def csv_totals(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """A line a model, in UTF-8 whatever a terminal speaks."""
    return (part.encode() for part in csv((each.summary for each in shown), look.memory))


def markdown_totals(shown: Iterable[Shown], look: Look) -> Iterator[str]:
    """A table with a row a model."""
    return markdown([each.summary for each in shown])


def markdown(summaries: Sequence[Summary]) -> Iterator[str]:
    """A table for a pull request."""
    from paramcalc.render.markdown import code, table_row

    columns = columns_of(summaries)
    yield table_row(["Model", *[COLUMNS[name][0] for name in columns]])
    yield table_row(["---", *["---:" for _ in columns]])
    yield from (table_row([code(summary.source), *cells(summary, columns)]) for summary in summaries)


def csv(summaries: Iterable[Summary], memory: bool) -> Iterator[str]:
    """A line a model, plain numbers, empty where one is unknown."""
    columns = [name for name in COLUMNS if memory or name != "inference_bytes"]
    yield from csv_lines([["source", *columns]])
    for summary in summaries:
        values = [value_of(summary, name) for name in columns]
        yield from csv_lines([[text_cell(summary.source), *["" if value is None else str(value) for value in values]]])


def json(summary: Summary, indent: bool) -> bytes:
    """The summary without its layers."""
    names = (*FIRST, "framework", "totals", "memory", "partial", "stated")
    fields: dict[str, Any] = {name: getattr(summary, name) for name in names}
    fields |= {name: text_of(fields[name]) for name in ("name", "source")}
    return to_json({name: value for name, value in fields.items() if value is not UNSET}, int(indent)) + b"\n"
