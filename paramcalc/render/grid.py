"""Grids of text cells, with as many columns as fit a width, for `diff` and `check`.

In: columns, and rows of cells as text. Out: lines. Numbers are never cut: names give way, then columns are left out
from the right, and named.
"""

from collections.abc import Generator, Sequence
from typing import NamedTuple

from paramcalc.render.layout import GAP, Glyphs, Line, Span
from paramcalc.render.text import cut_middle, width_of

STEPS = (24, 12, 8)
"""The widths that columns of names are cut to, step by step, all columns at each step."""


class GridColumn(NamedTuple):
    """The heading of a column, and how it may shrink.

    Attributes:
        number: whether its cells are aligned to the right.
        gives_way: the width that its texts may be cut to; 0 if they are never cut.
        needed: whether it is shown at any width.
    """

    header: str
    number: bool = False
    gives_way: int = 0
    needed: bool = False


class Row(NamedTuple):
    """The cells of a row, and the style of the whole row."""

    cells: Sequence[str]
    style: str = ""


def grid_lines(
    columns: Sequence[GridColumn],
    rows: Sequence[Row],
    width: int | None,
    glyphs: Glyphs,
    drop: Sequence[int] | None = None,
) -> Generator[Line, None, list[str]]:
    """The heading and the rows; returns the headings of the columns for which there is no room.

    Args:
        columns: of every row.
        rows: cells are harmless already.
        width: terminal cells; None for as many as needed.
        glyphs: the characters to draw with.
        drop: the positions of columns that may be left out, in that order; None for all, from the right.
    """
    table = [Row([column.header for column in columns], "header"), *rows]
    widths = [max([width_of(row.cells[index]) for row in table]) for index in range(len(columns))]
    shown = [index for index in range(len(columns)) if widths[index]]
    left_out = fit(columns, widths, shown, width, drop) if width is not None else []
    for row in table:
        cells = [cell(row.cells[index], widths[index], columns[index].number, glyphs) for index in shown]
        yield [Span(GAP.join(cells).rstrip(), row.style)]
    return left_out


def fit(
    columns: Sequence[GridColumn], widths: list[int], shown: list[int], width: int, drop: Sequence[int] | None
) -> list[str]:
    """Cut `widths` and take columns out of `shown` until a width is kept; returns the headings of those."""

    def excess() -> int:
        return sum([widths[index] for index in shown]) + len(GAP) * (len(shown) - 1) - width

    whole = list(widths)
    for least in STEPS:
        for index in shown:
            if columns[index].gives_way and excess() > 0:
                widths[index] = max(widths[index] - excess(), min(max(least, columns[index].gives_way), widths[index]))
    left_out: list[str] = []
    for index in [index for index in drop or reversed(list(shown)) if not columns[index].needed]:
        if excess() > 0 and index in shown:
            shown.remove(index)
            left_out.append(columns[index].header)
    for index in shown if left_out else ():  # the remaining columns may have room again
        widths[index] += max(min(-excess(), whole[index] - widths[index]), 0)
    return left_out


def cell(text: str, room: int, number: bool, glyphs: Glyphs) -> str:
    """A cell in its room."""
    text = cut_middle(text, room, glyphs.ellipsis)
    space = " " * (room - width_of(text))
    return space + text if number else text + space
