"""A table as a picture for a page or a slide: text, bars and lines, in SVG that every viewer draws alike.

Nothing is loaded, no style sheet is needed, and no place depends on the width of a font that may not be there: numbers
are set from their right end, and columns are as wide as their text is in a wide font.
"""

from collections.abc import Iterable, Iterator, Sequence
from html import escape
from typing import NamedTuple

from msgspec import Struct

from paramcalc.render import Look, Shown, overview
from paramcalc.render.columns import COLUMNS
from paramcalc.render.layout import UNICODE, cell, default_columns
from paramcalc.render.rows import Row, Rows
from paramcalc.render.table import Options, choose_rows, footnotes, options_of, total_entries
from paramcalc.render.text import cut_middle, sanitise
from paramcalc.summary import Summary

FONTS = "Inter, 'Segoe UI', 'Helvetica Neue', Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif"
SIZE = 13
TITLE = 19
ROW = 25
GAP = 26
PAD = 28
INDENT = 18
BAR = 96
CHARACTER = 7.5
"""Pixels that a character of `--width` stands for."""

MAX_ROWS = 500
"""A taller picture is cut."""
MAX_NAME = 64
LEAST_NAME = 16
MAX_NOTE = 110


class Theme(NamedTuple):
    """The colours of a picture."""

    page: str
    text: str
    dim: str
    line: str
    bar: str
    track: str
    mark: str


THEMES = {
    "light": Theme("#ffffff", "#1b1f26", "#5c6470", "#dfe3e9", "#4a78e0", "#edf0f5", "#946200"),
    "dark": Theme("#16181c", "#e9ebef", "#a2a9b4", "#30353d", "#7fa3f5", "#262a31", "#e8b64c"),
}


class Heading(Struct):
    """A column: its heading, whether it is set to the right, and how wide its bars are where it has some.

    Attributes:
        goal: where among the bars a line is drawn, in shares of their width.
    """

    text: str
    right: bool = False
    bar: int = 0
    goal: float | None = None


class Line(Struct):
    """A row: its cells, and how it looks.

    Attributes:
        after: what stands behind the first cell in another colour, such as `×3`.
        bar: how much of the bar is filled, from 0 to 1; None where there is none.
    """

    cells: Sequence[str]
    indent: int = 0
    bold: bool = False
    after: str = ""
    bar: float | None = None


class Picture(Struct):
    """All that is drawn, top to bottom."""

    title: str
    source: str
    headings: Sequence[Heading]
    lines: Sequence[Line]
    sums: Sequence[tuple[str, str, str]] = ()
    notes: Sequence[str] = ()
    more: int = 0


def summaries(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """A picture of the table of a model."""
    for each in shown:
        yield summary_svg(each.summary, options_of(each.summary, look), look.theme).encode()


def totals(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """A picture with a row a model."""
    yield overview_svg([each.summary for each in shown], look.width, look.theme).encode()


def summary_svg(summary: Summary, options: Options, theme: str = "light") -> str:
    """The table of a model with its totals."""
    rows = choose_rows(summary, options)
    names = list(options.columns or default_columns(summary))
    total = summary.totals.params
    headings = [heading(name, total) for name in names]
    lines = [line(row, names, total) for row in rows.rows[:MAX_ROWS]]
    picture = Picture(
        name_of(summary.name),
        name_of(summary.source),
        headings,
        lines,
        [(label, number, cut_middle(note, MAX_NOTE, "…")) for label, number, note in total_entries(summary)],
        notes_of(summary, rows),
        len(rows.rows) - len(lines),
    )
    return draw(picture, theme, options.width)


def overview_svg(summaries: Sequence[Summary], width: int | None, theme: str = "light") -> str:
    """One row a model."""
    columns = overview.columns_of(summaries)
    headings = [Heading("Model"), *[Heading(overview.COLUMNS[name][0], right=True) for name in columns]]
    lines = [Line([name_of(each.source), *overview.cells(each, columns)]) for each in summaries[:MAX_ROWS]]
    count = f"{len(summaries):,} model{'' if len(summaries) == 1 else 's'}"
    return draw(Picture(count, "", headings, lines, more=len(summaries) - len(lines)), theme, width)


def name_of(text: str) -> str:
    """A name, harmless, its middle left out where it is long."""
    return cut_middle(sanitise(text), MAX_NAME, UNICODE.ellipsis)


def heading(name: str, total: int) -> Heading:
    """A column of the table; the share has its bars behind it."""
    column = COLUMNS[name]
    right = column.kind in ("number", "share", "bytes")
    return Heading(column.header, right, BAR if name == "share" and total else 0)


def line(row: Row, names: Sequence[str], total: int) -> Line:
    """A row of the table."""
    cells = [cell(row, name, total, UNICODE) for name in names]
    texts = [
        cut_middle(each.text, MAX_NAME, UNICODE.ellipsis) if COLUMNS[name].kind == "text" else each.text
        for name, each in zip(names, cells, strict=True)
    ]
    share = row.value("share")
    return Line(
        texts,
        max(len(row.lasts) - 1, 0) if names[0] == "name" else 0,
        len(row.layers) > row.repeats,
        cells[0].after.strip(),
        share / total if isinstance(share, int) and share and total else None,
    )


def notes_of(summary: Summary, rows: Rows) -> list[str]:
    """What the marks in the rows mean."""
    texts = ["".join([span.text for span in note]) for note in footnotes(summary, rows, UNICODE)]
    return [cut_middle(text, MAX_NOTE, UNICODE.ellipsis) for text in texts if text]


def draw(picture: Picture, theme: str = "light", width: int | None = None) -> str:
    """The picture; where a `width` in characters is wanted, the first column gives way."""
    colours = THEMES[theme]
    widths = [column_width(picture, index) for index in range(len(picture.headings))]
    if width is not None:
        over = sum(widths) + GAP * (len(widths) - 1) - width * CHARACTER
        least = min(widths[0], LEAST_NAME * CHARACTER)
        widths[0] = max(widths[0] - max(over, 0), least)
    inside = max(sum(widths) + GAP * (len(widths) - 1), text_width(picture.title, TITLE), sums_width(picture))
    pen = Pen(colours)
    pen.y = PAD + TITLE
    pen.text(PAD, picture.title, size=TITLE, weight=600)
    if picture.source:
        pen.y += 22
        pen.text(PAD, picture.source, colours.dim)
    pen.y += 34
    table(pen, picture, widths, inside)
    sums(pen, picture)
    for note in picture.notes:
        pen.y += 19
        pen.text(PAD, note, colours.dim, size=12)
    return framed(pen, picture, round(inside + 2 * PAD), round(pen.y + PAD))


def framed(pen: "Pen", picture: Picture, width: int, height: int) -> str:
    """What was drawn, on its page."""
    label = escape(f"{picture.title}: {picture.source}" if picture.source else picture.title)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'role="img" aria-label="{label}">\n<title>{label}</title>\n'
        f'<rect x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10" '
        f'fill="{pen.colours.page}" stroke="{pen.colours.line}"/>\n'
        f'<g font-family="{FONTS}" font-size="{SIZE}" fill="{pen.colours.text}" xml:space="preserve">\n'
        f"{''.join(pen.parts)}</g>\n</svg>\n"
    )


class Pen:
    """What has been drawn so far, and how far down."""

    def __init__(self, colours: Theme) -> None:
        self.colours = colours
        self.parts: list[str] = []
        self.y = 0.0

    def text(
        self, x: float, said: str, fill: str = "", *, right: bool = False, size: int = SIZE, weight: int = 400
    ) -> None:
        """Text on the current line, from `x` on, or up to it."""
        if not said:
            return
        attributes = f' fill="{fill}"' if fill else ""
        attributes += ' text-anchor="end"' if right else ""
        attributes += f' font-size="{size}"' if size != SIZE else ""
        attributes += f' font-weight="{weight}"' if weight != 400 else ""
        self.parts.append(
            f'<text x="{number(x)}" y="{number(self.y)}"{attributes}>{escape(said, quote=False)}</text>\n'
        )

    def rect(self, x: float, y: float, width: float, height: float, fill: str, radius: float = 0) -> None:
        """A filled box."""
        round_ = f' rx="{number(radius)}"' if radius else ""
        place = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        self.parts.append(f'<rect {place}{round_} fill="{fill}"/>\n')


def number(value: float) -> str:
    """A coordinate, without digits that nobody sees."""
    return f"{value:.1f}".removesuffix(".0")


def table(pen: Pen, picture: Picture, widths: Sequence[float], inside: float) -> None:
    """The headings, and a line below another."""
    for place, column in zip(places(widths), picture.headings, strict=True):
        left, right = place
        text_end = right - column.bar - 10 if column.bar else right
        pen.text(text_end if column.right else left, column.text, pen.colours.dim, right=column.right, size=12)
    pen.rect(PAD, pen.y + 9, inside, 1, pen.colours.line)
    pen.y += 5
    for each in picture.lines:
        pen.y += ROW
        row(pen, picture, each, widths)
    if picture.more > 0:
        pen.y += ROW
        pen.text(PAD, f"… {picture.more:,} more rows", pen.colours.dim)
    pen.rect(PAD, pen.y + 11, inside, 1, pen.colours.line)
    pen.y += 12


def places(widths: Sequence[float]) -> Iterator[tuple[float, float]]:
    """Where each column begins and ends."""
    left = float(PAD)
    for width in widths:
        yield left, left + width
        left += width + GAP


def row(pen: Pen, picture: Picture, each: Line, widths: Sequence[float]) -> None:
    """One line of the table."""
    for index, (place, column) in enumerate(zip(places(widths), picture.headings, strict=True)):
        left, right = place
        said = each.cells[index]
        if column.bar:
            bar(pen, column, each, right)
            right -= column.bar + 10
        if index == 0:
            first(pen, each, left, widths[0])
        elif column.right:
            pen.text(right, said, pen.colours.dim if said in ("0", "?") else "", right=True)
        else:
            pen.text(left, said, pen.colours.dim)


def first(pen: Pen, each: Line, left: float, width: float) -> None:
    """The name of a row, below those around it; what stands behind it is never cut."""
    left += INDENT * each.indent
    weight = 600 if each.bold else 400
    room = width - INDENT * each.indent - (text_width(f" {each.after}", SIZE) if each.after else 0)
    said = each.cells[0]
    while text_width(said, SIZE, each.bold) > room + 1 and len(said) > 2:
        said = cut_middle(each.cells[0], len(said) - 1, UNICODE.ellipsis)
    if each.after:
        attributes = f' font-weight="{weight}"' if each.bold else ""
        pen.parts.append(
            f'<text x="{number(left)}" y="{number(pen.y)}"{attributes}>{escape(said, quote=False)}'
            f'<tspan fill="{pen.colours.mark}" dx="5">{escape(each.after, quote=False)}</tspan></text>\n'
        )
    else:
        pen.text(left, said, weight=weight)


def bar(pen: Pen, column: Heading, each: Line, right: float) -> None:
    """The bar of a line on its track; what is there is never drawn as nothing."""
    if each.bar is None:
        return
    left = right - column.bar
    pen.rect(left, pen.y - 9, column.bar, 8, pen.colours.track, 4)
    if each.bar > 0:
        over = column.goal is not None and each.bar > column.goal
        width = max(min(each.bar, 1) * column.bar, 2)
        pen.rect(left, pen.y - 9, width, 8, pen.colours.mark if over else pen.colours.bar, min(4, width / 2))
    if column.goal is not None:
        pen.rect(left + column.goal * column.bar, pen.y - 14, 1.5, 18, pen.colours.dim)


def sums(pen: Pen, picture: Picture) -> None:
    """The totals: label, number, note."""
    label = max([text_width(each[0], SIZE) for each in picture.sums], default=0)
    value = max([text_width(each[1], SIZE, bold=True) for each in picture.sums], default=0)
    for said, count, note in picture.sums:
        pen.y += 23
        pen.text(PAD, said, pen.colours.dim)
        pen.text(PAD + label + GAP + value, count, right=True, weight=600)
        pen.text(PAD + label + GAP + value + 14, note, pen.colours.dim)
    pen.y += 8 if picture.sums else 0


def sums_width(picture: Picture) -> float:
    """How wide the totals and the notes are."""
    label = max([text_width(each[0], SIZE) for each in picture.sums], default=0)
    value = max([text_width(each[1], SIZE, bold=True) for each in picture.sums], default=0)
    note = max([text_width(each[2], SIZE) for each in picture.sums], default=0)
    return max([label + GAP + value + 14 + note, *[text_width(each, 12) for each in picture.notes]])


def column_width(picture: Picture, index: int) -> float:
    """The widest text of a column, with what stands before and behind it."""
    column = picture.headings[index]
    found = [text_width(column.text, 12)]
    for each in picture.lines:
        width = text_width(each.cells[index], SIZE, each.bold and index == 0)
        if index == 0:
            width += INDENT * each.indent + (text_width(f" {each.after}", SIZE) if each.after else 0)
        found.append(width)
    return max(found) + (column.bar + 10 if column.bar else 0)


NARROW = frozenset("iljtfrI.,:;'|!()[]{} /\\`\"")
WIDE = frozenset("mwMWQOGD@%&…×—→")


def text_width(text: str, size: int, bold: bool = False) -> float:
    """About how wide text is, in a wide font: other fonts leave a little room."""
    width = 0.0
    for char in text:
        if char in NARROW:
            width += 0.38
        elif char in WIDE:
            width += 0.88
        elif not char.isascii():
            width += 1.0
        else:
            width += 0.68 if char.isupper() else 0.6
    return width * size * (1.08 if bold else 1.0)
