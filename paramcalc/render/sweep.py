"""Totals of one model with several values of its variables → a table, Markdown, CSV, JSON, or bars."""

from collections.abc import Iterator, Sequence

from msgspec import UNSET, Struct

from paramcalc.render import Look, overview
from paramcalc.render.csv_format import lines as csv_lines
from paramcalc.render.csv_format import text_cell
from paramcalc.render.grid import GridColumn, Row, grid_lines
from paramcalc.render.json_format import text_of, to_json
from paramcalc.render.layout import ASCII, UNICODE, Span
from paramcalc.render.text import pieces, sanitise
from paramcalc.render.wrap import wrapped
from paramcalc.summary import Summary

BAR = 260


class Swept(Struct):
    """A row: what the variables were set to, and the summary, without its layers."""

    sets: dict[str, str]
    summary: Summary


def table(rows: Sequence[Swept], look: Look) -> Iterator[str]:
    """A line a combination; in a narrow terminal the columns that say least are left out, and named."""
    if not rows:
        return iter(())
    width, glyphs = look.width, ASCII if look.ascii_only else UNICODE
    summaries = [row.summary for row in rows]
    names = overview.columns_of(summaries)
    sets = list(rows[0].sets)
    columns = [GridColumn(sanitise(name), number=True, needed=True) for name in sets]
    columns += [GridColumn(overview.COLUMNS[name][0], number=True, needed=name == "params") for name in names]
    grid = [Row([*map(sanitise, row.sets.values()), *overview.cells(row.summary, names)]) for row in rows]
    droppable = [len(sets) + names.index(name) for name, _ in overview.DROPPED if name in names]

    def lines() -> Iterator[list[Span]]:
        left_out = yield from grid_lines(columns, grid, width, glyphs, droppable)
        if left_out:
            yield from wrapped([Span(f"no room for {', '.join(left_out)}", "dim")], width, glyphs)

    return pieces("".join([span.text for span in line]).rstrip() + "\n" for line in lines())


def markdown(rows: Sequence[Swept], look: Look) -> Iterator[str]:
    """A table for a pull request."""
    if not rows:
        return
    from paramcalc.render.markdown import code, table_row

    names = overview.columns_of([row.summary for row in rows])
    sets = list(rows[0].sets)
    yield table_row([*map(code, sets), *[overview.COLUMNS[name][0] for name in names]])
    yield table_row(["---:"] * (len(sets) + len(names)))
    yield from (table_row([*map(code, row.sets.values()), *overview.cells(row.summary, names)]) for row in rows)


def csv(rows: Sequence[Swept], look: Look) -> Iterator[bytes]:
    """A line a combination, plain numbers, empty where one is unknown."""
    names = [name for name in overview.COLUMNS if look.memory or name != "inference_bytes"]
    sets = rows[0].sets if rows else {}
    yield from encoded(csv_lines([[*map(text_cell, sets), *names]]))
    for row in rows:
        values = [overview.value_of(row.summary, name) for name in names]
        numbers = ["" if value is None else str(value) for value in values]
        yield from encoded(csv_lines([[*map(text_cell, row.sets.values()), *numbers]]))


def encoded(parts: Iterator[str]) -> Iterator[bytes]:
    """Data in UTF-8, whatever a terminal speaks."""
    return (part.encode() for part in parts)


def json(rows: Sequence[Swept], look: Look) -> Iterator[bytes]:
    """One object; `rows` has what was set, as text, with the totals and the memory that `summary` has."""
    found = []
    for row in rows:
        entry = {"set": {text_of(name): text_of(value) for name, value in row.sets.items()}}
        fields = {name: getattr(row.summary, name) for name in ("totals", "memory", "partial")}
        found.append(entry | {name: value for name, value in fields.items() if value is not UNSET})
    first = {name: text_of(getattr(rows[0].summary, name)) for name in ("name", "source")} if rows else {}
    yield to_json({**first, "rows": found}, 1) + b"\n"


def svg(rows: Sequence[Swept], look: Look) -> Iterator[bytes]:
    """A bar for each combination, beside its numbers; the longest is the largest."""
    from paramcalc.render.svg import MAX_ROWS, Heading, Line, Picture, draw, name_of

    if not rows:
        return
    names = overview.columns_of([row.summary for row in rows])
    heights = [overview.value_of(row.summary, look.bars) for row in rows]
    largest = max([height for height in heights if height], default=1)
    headings = [Heading(sanitise(", ".join(rows[0].sets))), Heading(overview.COLUMNS[look.bars][0], bar=BAR)]
    headings += [Heading(overview.COLUMNS[name][0], right=True) for name in names]
    lines = [
        Line(
            [name_of(", ".join(row.sets.values())), "", *overview.cells(row.summary, names)],
            bar=None if height is None else height / largest,
        )
        for row, height in zip(rows[:MAX_ROWS], heights, strict=False)
    ]
    summary = rows[0].summary
    picture = Picture(name_of(summary.name), name_of(summary.source), headings, lines, more=len(rows) - len(lines))
    yield draw(picture, look.theme, look.width).encode()
