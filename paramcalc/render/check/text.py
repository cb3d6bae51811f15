"""For a person at a terminal, or in a CI log."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from paramcalc.check.budgets import Finding, amount, headroom, name_of
from paramcalc.check.outcome import FileReport
from paramcalc.metrics import BYTES
from paramcalc.render.check.words import finding, plain, sentences, summary_line
from paramcalc.render.grid import GridColumn, Row, grid_lines
from paramcalc.render.layout import UNICODE, Glyphs, Line, Span
from paramcalc.render.table import coloured
from paramcalc.render.table import plain as as_text
from paramcalc.render.text import sanitise
from paramcalc.render.wrap import wrapped

MARKS = {"passed": "ok", "failed": "OVER BUDGET", "broken": "CANNOT JUDGE"}
STYLES = {"passed": "added", "failed": "removed", "broken": "changed"}
INDENT = 13
NARROW = 60
"""Below this width nothing is indented as far as the marks reach."""


class Style(NamedTuple):
    """How a report looks.

    Attributes:
        width: terminal cells to fit into; None for lines of any length.
        colour: whether to colour it.
        columns: which columns of a table with a row for each limit; None for paragraphs.
        glyphs: what to draw with.
    """

    width: int | None = None
    colour: bool = False
    columns: Sequence[str] | None = None
    glyphs: Glyphs = UNICODE


Value = Callable[[FileReport, Finding], str]
COLUMNS: dict[str, tuple[GridColumn, Value]] = {
    "status": (GridColumn("", needed=True), lambda report, item: MARKS[item.status]),
    "file": (GridColumn("File", gives_way=8), lambda report, item: report.source),
    "layer": (GridColumn("Layers", gives_way=8), lambda report, item: item.layer or ""),
    "metric": (GridColumn("Metric", needed=True), lambda report, item: name_of(item.metric)),
    "actual": (GridColumn("Actual", number=True, needed=True), lambda report, item: number(item, item.actual)),
    "limit": (GridColumn("Limit", number=True), lambda report, item: number(item, item.limit)),
    "headroom": (GridColumn("Left", number=True), lambda report, item: left(item)),
    "set_by": (GridColumn("Set by", gives_way=8), lambda report, item: item.check or item.whose or ""),
}
"""Column → its heading, and what stands in it."""


def number(item: Finding, value: int | None) -> str:
    """A number of a finding, bytes in the unit of the limit."""
    unit = (item.unit or "B") if item.metric in BYTES else None
    other = item.limit if value is item.actual else None
    if value is None:
        return "?" if item.limit is not None else ""
    return amount(value, unit, other)


def left(item: Finding) -> str:
    """What is left of the limit in percent; a minus says by how much it is exceeded."""
    if item.actual is None or not item.limit:
        return ""
    if item.actual > item.limit:
        return f"-{100 * (item.actual - item.limit) / item.limit:.1f}%"
    return headroom(item.actual, item.limit).removeprefix(", ").removesuffix(" left").replace("nothing", "0%")


def render(reports: Sequence[FileReport], counts: Mapping[str, int], style: Style | None = None) -> str:
    """A paragraph a file, or a row a limit; the last line is the sum."""
    style = style or Style()
    found = table(reports, style) if style.columns else paragraphs(reports, style)
    lines = [*found, *wrapped([Span(summary_line(counts), "title")], style.width, style.glyphs)]
    return "".join(coloured(lines) if style.colour else as_text(lines))


def paragraphs(reports: Sequence[FileReport], style: Style) -> Iterator[Line]:
    """The lines of each file."""
    for report in reports:
        for line in lines_of(report, style):
            yield from wrapped(line, style.width, style.glyphs, indent_of(style) + 2)


def indent_of(style: Style) -> int:
    """The cells before what is said of a file."""
    return INDENT if style.width is None or style.width >= NARROW else 2


def lines_of(report: FileReport, style: Style) -> Iterator[Line]:
    """One file: its outcome, then a line for each thing there is to say of it."""
    passed = [plain(finding(item)) for item in report.findings] if report.status == "passed" else []
    beside = "  " + "; ".join(passed) if passed and style.width is None else ""
    mark = Span(f"{MARKS[report.status]:12} ", STYLES[report.status])
    yield [mark, Span(sanitise(report.source), "title"), Span(beside)]
    indent = " " * indent_of(style)
    yield from ([Span(indent + each)] for each in ([] if beside else passed))
    yield from ([Span(indent + plain(each))] for each in sentences(report))
    yield from ([Span(sanitise(f"{indent}note: {note}"), "dim")] for note in report.notices)


def table(reports: Sequence[FileReport], style: Style) -> Iterator[Line]:
    """A row for each limit, or for a file that has none because it cannot be read."""
    chosen = [COLUMNS[name] for name in style.columns or ()]
    rows = []
    for report in reports:
        for item in report.findings or [Finding(report.status, "", None, None, "")]:
            cells = [sanitise(value(report, item)) for _, value in chosen]
            rows.append(Row(cells, STYLES[item.status] if item.status != "passed" else ""))
    left_out = yield from grid_lines([column for column, _ in chosen], rows, style.width, style.glyphs)
    if left_out:
        yield from wrapped([Span(f"no room for {', '.join(left_out)}", "dim")], style.width, style.glyphs)
    yield from paragraphs([report for report in reports if report.problems], style)
