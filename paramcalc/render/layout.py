"""Lays out rows as the lines of a table that fits a width: names may be cut, numbers and shapes never."""

from collections.abc import Generator, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from paramcalc.render.columns import COLUMNS, shape_text, whole_of
from paramcalc.render.numbers import format_bytes, format_int, format_share
from paramcalc.render.rows import Row, Rows
from paramcalc.render.text import cut_middle, sanitise, width_of
from paramcalc.summary import Summary

DEFAULT_COLUMNS = ("name", "type", "output_shape", "params", "share")
WEIGHTS_COLUMNS = ("name", "weight_shapes", "dtype", "params", "share")
"""The default columns for a file with weights and no graph."""
MIN_NAME = 16
MIN_TEXT = 12
LEAST_TEXT = 8
LEAST_NAME = 5
"""The cells of a name that are kept before the lines of the tree are drawn."""
GIVE_WAY = (
    *[(name, MIN_TEXT) for name in ("inputs", "path", "name", "shared", "dtype", "type")],
    *[(name, LEAST_TEXT) for name in ("inputs", "path", "name", "shared", "dtype", "type")],
)
"""Columns of text and the width that each keeps, in the order in which they shrink."""

BAR = 10
MAX_CELL = 512
"""The largest width of a name or a list of names: every line is as long as the longest."""
MAX_SHAPES = 16
"""How many shapes of one layer are shown."""
GAP = "  "


class Span(Struct, frozen=True, gc=False):
    """Text in one named style, whose look is up to the printer."""

    text: str
    style: str = ""


Line = list[Span]


class Glyphs(NamedTuple):
    """The characters that lines, trees and bars are drawn with."""

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
        whole: whether not even `text` may be cut.
    """

    text: str
    width: int
    before: str = ""
    after: str = ""
    style: str = ""
    whole: bool = False


def cell_of(text: str, before: str = "", after: str = "", style: str = "", whole: bool = False) -> Cell:
    """A cell, measured."""
    return Cell(text, width_of(text) + len(before) + len(after), before, after, style, whole)


def table_lines(
    summary: Summary, rows: Rows, columns: Sequence[str] | None, width: int | None, glyphs: Glyphs
) -> Generator[Line, None, str]:
    """Header, rule, a line per row, rule; returns a note about columns for which there was no room.

    Args:
        summary: whose totals the shares are of.
        rows: what to show.
        columns: which columns; None for the usual ones.
        width: terminal cells to fit into where that is possible; None for as many as needed.
        glyphs: what to draw with.
    """
    names = list(columns or default_columns(summary))
    wholes = {name: whole_of(summary.totals, name) for name in names}
    grid = {name: [cell(row, name, wholes[name], glyphs) for row in rows.rows] for name in names}
    drawn_by = next((name for name in names if wholes[name]), None)
    shape = fit(names, grid, BAR if drawn_by else 0, width, may_drop=columns is None)
    bar = shape.bar if drawn_by in shape.names else 0
    right = [COLUMNS[name].kind in ("number", "share", "bytes") for name in shape.names]
    bar_at = shape.names.index(drawn_by) if bar and drawn_by else None
    header = [cell_of(COLUMNS[name].header, style="header") for name in shape.names]
    rule = [Span(glyphs.rule * (sum(shape.room) + len(GAP) * (len(shape.room) - 1) + bar + (bar > 0)), "rule")]
    yield _line(header, shape.room, right, bar_at, " " * bar, glyphs)
    yield rule
    for row, cells in zip(rows.rows, zip(*[grid[name] for name in shape.names], strict=True), strict=True):
        share = row.value(drawn_by) if bar and drawn_by else None
        drawn = bar_text(share / wholes[drawn_by], bar, glyphs) if isinstance(share, int) and drawn_by else " " * bar
        yield _line(cells, shape.room, right, bar_at, drawn, glyphs)
    yield rule
    left_out = ", ".join([COLUMNS[name].header for name in shape.left_out])
    return f"no room for {left_out}: --width {shape.needed:,} shows all" if left_out else ""


def default_columns(summary: Summary) -> tuple[str, ...]:
    """The default columns."""
    return DEFAULT_COLUMNS if summary.framework is not None else WEIGHTS_COLUMNS


def sorted_columns(summary: Summary, column: str) -> list[str] | None:
    """The default columns with the one that the rows are sorted by and its share; None if it is among them."""
    usual = default_columns(summary)
    if column in usual:
        return None
    share = "macs_share" if column in ("macs", "flops", "macs_share") else "share"
    return list(dict.fromkeys([*usual[:-1], column, share]))


def cell(row: Row, column: str, total: int, glyphs: Glyphs) -> Cell:
    """The cell of a row in a column."""
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
    return cell_of(text, style="dim" if style or not row.layers else "", whole=bool(style) and column == "type")


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
        return "" if value == 0 else format_share(None if value is None or not total else value / total)
    return str(value)


class Fitted(NamedTuple):
    """The columns that fit a width.

    Attributes:
        names: which are shown.
        room: the cells that each takes.
        bar: the cells of the bar; 0 for none.
        left_out: columns for which there is no room.
        needed: the width that would show them as well.
    """

    names: list[str]
    room: list[int]
    bar: int
    left_out: list[str]
    needed: int


def fit(names: list[str], grid: dict[str, list[Cell]], bar: int, width: int | None, may_drop: bool) -> Fitted:
    """Make the columns narrow enough for a width.

    The bar goes first, then the share (unless it was asked for), then text is cut: names before types, but never the
    type of a block's row, which is its number of layers. Numbers and shapes are shown whole or not at all: columns that
    still do not fit are left out from the right, and named.
    """
    names = list(names)
    widths = {name: max([len(COLUMNS[name].header), *[c.width for c in grid[name]]]) for name in names}
    needed = sum(widths.values()) + len(GAP) * (len(names) - 1)
    if width is None:
        return Fitted(names, [widths[name] for name in names], bar, [], needed)
    room = width

    def excess() -> int:
        return sum(widths[name] for name in names) + len(GAP) * (len(names) - 1) + (bar + 1 if bar else 0) - room

    if excess() > 0:
        bar = max(bar - excess(), 0) if excess() <= bar - 4 else 0
    if excess() > max(widths.get("name", 0) - MIN_NAME, 0) and may_drop and "share" in names:
        names.remove("share")
    needed = sum(widths[name] for name in names) + len(GAP) * (len(names) - 1)
    for name, least in GIVE_WAY:
        if name in names and excess() > 0:
            widths[name] = max(widths[name] - excess(), min(max(least, _least(grid[name])), widths[name]))
    left_out: list[str] = []
    while excess() > 0 and len(names) > 1:
        left_out.insert(0, names.pop(next(index for index in range(len(names) - 1, -1, -1) if _may_go(names, index))))
    if left_out:  # what is left may have room again
        for name in names:
            widths[name] += max(min(-excess(), max([c.width for c in grid[name]], default=0) - widths[name]), 0)
    return Fitted(names, [widths[name] for name in names], bar, left_out, needed)


def _least(cells: list[Cell]) -> int:
    """The cells that a column of text needs: for what is shown whole, and for some of a name with its marks."""
    return max([min(item.width, LEAST_NAME + len(item.after)) for item in cells if item.after], default=0) or max(
        [item.width for item in cells if item.whole], default=0
    )


def _may_go(names: list[str], index: int) -> bool:
    """Whether a column may be left out: the name only as the last one, counts only after shapes and types."""
    others = [name for name in names if name not in ("name", "path", "params")]
    return names[index] in others if others else index == len(names) - 1


def _line(
    cells: Sequence[Cell], room: Sequence[int], right: Sequence[bool], bar_at: int | None, drawn: str, glyphs: Glyphs
) -> Line:
    """One line, aligned with the others, numbers to the right; the bar follows the share."""
    line: Line = []
    blank = ""
    for index, item in enumerate(cells):
        text = item.text
        space = room[index] - item.width
        if space < 0:
            item = _shortened(item, room[index], glyphs)
            text = item.text
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


def _shortened(item: Cell, room: int, glyphs: Glyphs) -> Cell:
    """The cell with its name cut, and where that is not enough the drawing before it, whose end says most."""
    left = room - len(item.after) - len(item.before)
    before = item.before
    if left < LEAST_NAME and before:
        before = before[max(len(before) - max(room - len(item.after) - LEAST_NAME, 0), 0) :]
        left = room - len(item.after) - len(before)
    return Cell(cut_middle(item.text, left, glyphs.ellipsis), room, before, item.after, item.style)


def _stripped(line: Line) -> Line:
    while line and not line[-1].text.strip():
        line.pop()
    if line and line[-1].text[-1] == " ":
        line[-1] = Span(line[-1].text.rstrip(), line[-1].style)
    return line


EIGHTHS = " ▏▎▍▌▋▊▉"


def bar_text(share: float, width: int, glyphs: Glyphs) -> str:
    """A bar for a share of the total, `width` cells for all of it; a share above 0 is never invisible."""
    eighths = round(share * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    if glyphs.ascii_only:
        return (glyphs.bar * -(-eighths // 8)).ljust(width)
    return (glyphs.bar * (eighths // 8) + EIGHTHS[eighths % 8]).rstrip().ljust(width)
