"""Markdown to paste into a pull request: the rows of the table, with everything in names escaped."""

import re
from collections.abc import Iterable, Iterator, Sequence

from paramcalc.render import Look, Shown
from paramcalc.render.columns import COLUMNS, whole_of
from paramcalc.render.layout import UNICODE, Line, cell, default_columns
from paramcalc.render.rows import Row
from paramcalc.render.table import Options, choose_rows, footnotes, options_of, total_entries
from paramcalc.render.text import pieces, sanitise
from paramcalc.summary import Summary

_SPECIAL = re.compile(r"[\\`*_\[\]<>#|~@&$]|:(?! )")


def escape(text: str) -> str:
    """Text that Markdown shows as it is: no pipe ends a cell, no link, image, mention or tag begins."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match.group())};", sanitise(text))


def code(text: str) -> str:
    """Text in code style; entities escape even backticks and pipes."""
    return f"<code>{escape(text)}</code>"


def summaries(shown: Iterable[Shown], look: Look) -> Iterator[str]:
    """A section for each model."""
    for index, each in enumerate(shown):
        yield from ("\n",) if index else ()
        yield from pieces(summary_markdown(each.summary, options_of(each.summary, look)))


def summary_markdown(summary: Summary, options: Options) -> Iterator[str]:
    """A heading, the table, and the totals as a list."""
    rows = choose_rows(summary, options)
    columns = list(options.columns or default_columns(summary))
    wholes = {name: whole_of(summary.totals, name) for name in columns}
    yield f"### {code(summary.name)}\n\n"
    yield table_row([COLUMNS[name].header for name in columns])
    yield table_row(["---" if COLUMNS[name].kind in ("text", "shape") else "---:" for name in columns])
    yield from (table_row([_cell(row, name, wholes[name]) for name in columns]) for row in rows.rows)
    sums = [(label, f"**{number}** " if number else "", note) for label, number, note in total_entries(summary)]
    lines = ["", *[f"- {label}: {number}{escape(note)}".rstrip() for label, number, note in sums]]
    lines += ["", *[_text(line) + "  " for line in footnotes(summary, rows, UNICODE) if line]]
    yield "\n".join(lines).rstrip() + "\n"


def _cell(row: Row, column: str, total: int) -> str:
    if column == "name":
        indent = "&emsp;" * max(len(row.lasts) - 1, 0)
        repeats = f" ×{row.repeats:,}" if row.repeats > 1 else ""
        return f"{indent}{code(row.label)}{repeats}{' ' + escape(row.marks) if row.marks else ''}"
    text = cell(row, column, total, UNICODE).text
    return escape(text) if COLUMNS[column].kind == "text" else text


def table_row(cells: Sequence[str]) -> str:
    """One row of a Markdown table."""
    return f"| {' | '.join(cells)} |\n"


def _text(line: Line) -> str:
    return escape("".join([span.text for span in line]))
