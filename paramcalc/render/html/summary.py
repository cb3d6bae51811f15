"""The page of one or several models: what the table says, and the facts from which its scripts draw the rest."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from paramcalc.render import Look, Shown, overview
from paramcalc.render.columns import COLUMNS
from paramcalc.render.html.facts import facts
from paramcalc.render.html.page import bar, data, page, text
from paramcalc.render.layout import UNICODE, default_columns, value_text
from paramcalc.render.rows import Row, Rows, folded_tree, tree_rows
from paramcalc.render.table import footnotes, total_entries
from paramcalc.summary import Summary

MAX_INDENT = 12
"""Levels of nesting that are indented; deeper ones stand below one another."""


def summaries(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """One page for all models; none where no file could be read."""
    entries = list(shown)
    return (part.encode() for part in (summary_page(entries, look.depth) if entries else ()))


def totals(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """One page with a row a model."""
    return (part.encode() for part in totals_page([each.summary for each in shown]))


def summary_page(entries: Sequence[Shown], depth: int | None = None) -> Iterator[str]:
    """The page of some models, `depth` levels of their layers open; as many as fit a screen when None."""
    summaries = [entry.summary for entry in entries]
    title = summaries[0].name if len(summaries) == 1 else f"{len(summaries):,} models"
    return page(title, body(entries, depth))


def totals_page(summaries: Sequence[Summary]) -> Iterator[str]:
    """The page with a row a model and nothing else."""
    return page(counted(summaries), iter([models_table(summaries, linked=False)]))


def counted(summaries: Sequence[Summary]) -> str:
    """How many models there are."""
    return f"{len(summaries):,} model{'' if len(summaries) == 1 else 's'}"


def body(entries: Sequence[Shown], depth: int | None) -> Iterator[str]:
    """A table of the models where they are several, and all there is to say of each."""
    if len(entries) != 1:
        yield models_table([entry.summary for entry in entries])
    for number, entry in enumerate(entries):
        yield from model_section(entry, depth, number, "h1" if len(entries) == 1 else "h2")


def models_table(summaries: Sequence[Summary], linked: bool = True) -> str:
    """A row a model, each a link to what is below if there is anything."""
    columns = overview.columns_of(summaries)
    heads = "".join([f'<th scope="col" class="number">{overview.COLUMNS[name][0]}</th>' for name in columns])
    rows = [
        f'<tr><th scope="row">{link(summary, number) if linked else text(summary.source)}</th>'
        + "".join([f'<td class="number">{cell}</td>' for cell in overview.cells(summary, columns)])
        + "</tr>\n"
        for number, summary in enumerate(summaries)
    ]
    return (
        f'<h1>{counted(summaries)}</h1>\n<section class="all"><div class="scroll">'
        '<table class="models" data-table="model">\n'
        f'<thead><tr><th scope="col">Model</th>{heads}</tr></thead>\n'
        f"<tbody>\n{''.join(rows)}</tbody></table></div></section>\n"
    )


def link(summary: Summary, number: int) -> str:
    """The name of a model, which leads to what is said of it."""
    return f'<a href="#m{number}">{text(summary.source)}</a>'


def model_section(
    entry: Shown, depth: int | None, number: int, heading: str, statuses: Mapping[str, str] | None = None
) -> Iterator[str]:
    """One model: its totals, its table for who runs no scripts, and the facts for the scripts.

    `statuses` says what became of a layer, by path, where the page compares two models.
    """
    summary = entry.summary
    found = folded_tree(summary, depth)
    yield (
        f'<article class="model" id="m{number}" tabindex="-1">\n<{heading}>{text(summary.name)}</{heading}>\n'
        f'<p class="source">{text(", ".join(described(summary)))}</p>\n{totals_list(summary)}'
    )
    yield from static_table(summary, tree_rows(summary, depth, found), f"h{int(heading[1]) + 1}")
    known = facts(summary, found[0], found[1], entry.explained)
    if statuses:
        paths = enumerate([layer.path for layer in summary.layers])
        known["statuses"] = {str(index): statuses[path] for index, path in paths if path in statuses}
    yield data(known)
    yield "</article>\n"


def described(summary: Summary) -> Iterator[str]:
    """Where the model is from."""
    yield summary.source
    yield (
        f"format {summary.format}"
        if summary.framework in (None, summary.format)
        else f"{summary.framework}, format {summary.format}"
    )
    yield f"{summary.totals.layers:,} layer{'' if summary.totals.layers == 1 else 's'}"


def totals_list(summary: Summary) -> str:
    """The sums, each with its label and a remark."""
    items = []
    for label, number, note in total_entries(summary):
        note = note.removeprefix("(").replace(") ", " ").removesuffix(")") if note.startswith("(") else note
        shown = f"<dd>{text(number)}</dd>" if number else ""
        items.append(f'<div><dt>{text(label)}</dt>{shown}<dd class="note">{text(note)}</dd></div>\n')
    return f'<dl class="totals">\n{"".join(items)}</dl>\n'


def static_table(summary: Summary, rows: Rows, heading: str) -> Iterator[str]:
    """The table as the terminal has it; the scripts put theirs in its place."""
    columns = [*default_columns(summary), *(["macs"] if summary.framework is not None else [])]
    yield f'<section class="static">\n<{heading} class="part">Layers</{heading}>\n'
    yield '<div class="scroll"><table class="layers"><thead><tr>'
    yield from (f'<th scope="col"{kind_class(name)}>{COLUMNS[name].header}</th>' for name in columns)
    yield "</tr></thead>\n<tbody>\n"
    yield from (static_row(row, columns, summary.totals.params) for row in rows.rows)
    yield "</tbody></table></div>\n"
    yield from notes(summary, rows)
    yield "</section>\n"


def kind_class(column: str) -> str:
    """Numbers stand to the right."""
    return ' class="number"' if COLUMNS[column].kind in ("number", "share", "bytes") else ""


def static_row(row: Row, columns: Iterable[str], total: int) -> str:
    """One row of the table."""
    cells = []
    for name in columns:
        if name == "name":
            level = min(max(len(row.lasts) - 1, 0), MAX_INDENT)
            repeats = f' <span class="times">×{row.repeats:,}</span>' if row.repeats > 1 else ""
            marks = f" {text(row.marks)}" if row.marks else ""
            cells.append(f'<th scope="row" class="i{level}">{text(row.label)}{repeats}{marks}</th>')
            continue
        value = row.value(name)
        drawn = bar(value / total) if name == "share" and isinstance(value, int) and total else ""
        cells.append(f"<td{kind_class(name)}>{text(value_text(value, name, total))}{drawn}</td>")
    return f"<tr>{''.join(cells)}</tr>\n"


def notes(summary: Summary, rows: Rows) -> Iterator[str]:
    """What the marks mean, and what the reader of the file noticed."""
    lines = ["".join([span.text for span in line]) for line in footnotes(summary, rows, UNICODE)]
    for line in [*lines, *(f"warning: {warning}" for warning in summary.warnings or ())]:
        if line:
            yield f'<p class="note">{text(line)}</p>\n'
