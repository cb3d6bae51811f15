"""Rows → the lines of a table that fits a width: numbers and shapes are never cut, names are."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from paramcalc.render.columns import COLUMNS, shape_text
from paramcalc.render.numbers import format_bytes, format_int, format_share
from paramcalc.render.rows import Row, Rows
from paramcalc.render.text import cut_middle, sanitise, width_of
from paramcalc.summary import Summary

DEFAULT_COLUMNS = ("name", "type", "output_shape", "params", "share")
WEIGHTS_COLUMNS = ("name", "weight_shapes", "dtype", "params", "share")
"""The usual columns of a file that holds weights and no graph."""
MIN_NAME = 16
MIN_TYPE = 8
BAR = 10
MAX_CELL = 512
"""The widest that a name or a list of names is shown: every line is as long as the longest."""
MAX_SHAPES = 16
"""How many shapes of one layer are shown."""
GAP = "  "


class Span(Struct, frozen=True, gc=False):
    """Text in one named style; what it looks like is up to the printer."""

    text: str
    style: str = ""


Line = list[Span]


class Glyphs(NamedTuple):
    """What lines, trees and bars are drawn with."""

    rule: str
    branch: str
    last: str
    pipe: str
    times: str
    ellipsis: str
    dash: str
    bar: str
    ascii_only: bool = False


UNICODE = Glyphs("─", "├─ ", "└─ ", "│  ", "×", "…", "—", "█")
ASCII = Glyphs("-", "|- ", "`- ", "|  ", "x", "..", "-", "#", ascii_only=True)


class Cell(Struct, frozen=True, gc=False):
    """A cell in parts, of which only `text` may be cut.

    Attributes:
        width: terminal cells when nothing is cut.
    """

    text: str
    width: int
    before: str = ""
    after: str = ""
    style: str = ""


def cell_of(text: str, before: str = "", after: str = "", style: str = "") -> Cell:
    """A cell, measured."""
    return Cell(text, width_of(text) + len(before) + len(after), before, after, style)


def table_lines(
    summary: Summary, rows: Rows, columns: Sequence[str] | None, width: int | None, glyphs: Glyphs
) -> Iterator[Line]:
    """Header, rule, one line a row, rule.

    Args:
        summary: whose totals the shares are of.
        rows: what to show.
        columns: which columns; None for the usual ones.
        width: terminal cells to fit into where that is possible; None for as many as needed.
        glyphs: what to draw with.
    """
    names = list(columns or default_columns(summary))
    total = summary.totals.params
    grid = {name: [cell(row, name, total, glyphs) for row in rows.rows] for name in names}
    widths = {name: max([len(COLUMNS[name].header), *[c.width for c in grid[name]]]) for name in names}
    bar = BAR if "share" in names and total else 0
    if width is not None:
        bar = fit(names, widths, bar, width, may_drop=columns is None)
    right = [COLUMNS[name].kind in ("number", "share", "bytes") for name in names]
    room = [widths[name] for name in names]
    bar_at = names.index("share") if bar else None
    header = [cell_of(COLUMNS[name].header, style="header") for name in names]
    rule = [Span(glyphs.rule * (sum(widths.values()) + len(GAP) * (len(names) - 1) + bar + (bar > 0)), "rule")]
    yield _line(header, room, right, bar_at, " " * bar, glyphs)
    yield rule
    for row, cells in zip(rows.rows, zip(*[grid[name] for name in names], strict=True), strict=True):
        share = row.value("share") if bar else None
        drawn = bar_text(share / total, bar, glyphs) if isinstance(share, int) else " " * bar
        yield _line(cells, room, right, bar_at, drawn, glyphs)
    yield rule


def default_columns(summary: Summary) -> tuple[str, ...]:
    """The columns that are shown when nobody says which."""
    return DEFAULT_COLUMNS if summary.framework is not None else WEIGHTS_COLUMNS


def cell(row: Row, column: str, total: int, glyphs: Glyphs) -> Cell:
    """What stands in one place of the table."""
    style = "group" if len(row.layers) > 1 else ""
    if column == "name":
        before = "".join((glyphs.pipe, "   ")[last] for last in row.lasts[1:-1])
        if len(row.lasts) > 1:
            before += glyphs.last if row.lasts[-1] else glyphs.branch
        after = f" {glyphs.times}{row.repeats:,}" if row.repeats > 1 else ""
        label = sanitise(row.label.replace(" … ", f" {glyphs.ellipsis} "), glyphs.ascii_only)
        return cell_of(
            cut_middle(label, MAX_CELL, glyphs.ellipsis), before, after + (f" {row.marks}" if row.marks else ""), style
        )
    text = value_text(row.value(column), column, total)
    if COLUMNS[column].kind == "text":
        text = cut_middle(sanitise(text, glyphs.ascii_only), MAX_CELL, glyphs.ellipsis)
    return cell_of(text, style="dim" if style or not row.layers else "")


def value_text(value: Any, column: str, total: int) -> str:
    """A value as its column shows it; empty where the row has none."""
    if value == "":
        return ""
    kind = COLUMNS[column].kind
    if kind == "shape":
        more = len(value) - MAX_SHAPES if isinstance(value, list) else 0
        return f"{shape_text(value[:MAX_SHAPES])} and {more:,} more" if more > 0 else shape_text(value)
    if kind == "number":
        return format_int(value)
    if kind == "bytes":
        return format_bytes(value)
    if kind == "share":
        return "" if value == 0 else format_share(None if value is None else value / total)
    return str(value)


def fit(names: list[str], widths: dict[str, int], bar: int, width: int, may_drop: bool) -> int:
    """Make the columns narrow enough, changing `names` and `widths`; returns the width left for the bar.

    The bar goes first, then the share (where nobody asked for it), then names and types are cut; numbers
    and shapes never: a line that is still too long runs over.
    """

    def excess() -> int:
        return sum(widths.values()) + len(GAP) * (len(names) - 1) + (bar + 1 if bar else 0) - width

    if excess() > 0:
        bar = max(bar - excess(), 0) if excess() <= bar - 4 else 0
    if excess() > max(widths.get("name", 0) - MIN_NAME, 0) and may_drop and "share" in names:
        names.remove("share")
        del widths["share"]
    for name, least in (("name", MIN_NAME), ("path", MIN_NAME), ("inputs", MIN_NAME), ("type", MIN_TYPE)):
        if name in widths and excess() > 0:
            widths[name] = max(widths[name] - excess(), min(least, widths[name]))
    return bar


def _line(
    cells: Sequence[Cell], room: Sequence[int], right: Sequence[bool], bar_at: int | None, drawn: str, glyphs: Glyphs
) -> Line:
    """The cells under those of other lines, numbers to the right; the bar stands behind the share."""
    line: Line = []
    blank = ""
    for index, item in enumerate(cells):
        text = item.text
        space = room[index] - item.width
        if space < 0:
            text = cut_middle(text, room[index] - len(item.before) - len(item.after), glyphs.ellipsis)
            space = max(room[index] - len(item.before) - len(item.after) - width_of(text), 0)
        if right[index]:
            blank += " " * space
        if blank:
            line.append(Span(blank))
        if item.before:
            line.append(Span(item.before, "rule"))
        if text:
            line.append(Span(text, item.style))
        if item.after:
            line.append(Span(item.after, "mark"))
        blank = GAP if right[index] else " " * space + GAP
        if index == bar_at:
            line.append(Span(f" {drawn}", "bar"))
    return _stripped(line)


def _stripped(line: Line) -> Line:
    while line and not line[-1].text.strip():
        line.pop()
    if line and line[-1].text[-1] == " ":
        line[-1] = Span(line[-1].text.rstrip(), line[-1].style)
    return line


EIGHTHS = " ▏▎▍▌▋▊▉"


def bar_text(share: float, width: int, glyphs: Glyphs) -> str:
    """A bar for a share of the total, `width` cells for all of it; what is there is never drawn as nothing."""
    eighths = round(share * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    if glyphs.ascii_only:
        return (glyphs.bar * -(-eighths // 8)).ljust(width)
    return (glyphs.bar * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip().ljust(width)
