"""The page of a comparison: the totals before and after, every change, and the new model with its changes marked."""

from collections.abc import Iterator
from typing import Any

from paramcalc.analysis.diff import Diff
from paramcalc.analysis.diff_rows import DiffRow, diff_rows
from paramcalc.render import Look, Shown
from paramcalc.render.diff_report import (
    HEADINGS,
    folded,
    notes_of,
    row_cells,
    shown,
    shown_totals,
    total_cells,
)
from paramcalc.render.html.page import bar, page, text
from paramcalc.render.html.summary import model_section

MAX_CHANGES = 2_000
"""Rows of the table of changes; more are counted."""

DELTA = HEADINGS.index("Δ")
LEFT = 4
"""How many columns are text; the others are numbers."""


def write(diff: Diff, explained: Any, look: Look) -> Iterator[bytes]:
    """The page in UTF-8; `explained` has the explanations of the new model's counts."""
    return (part.encode() for part in diff_page(diff, Shown(diff.head, explained), look.depth))


def diff_page(diff: Diff, head: Shown, depth: int | None = None) -> Iterator[str]:
    """The page.

    Args:
        diff: what changed.
        head: the new model, with why its counts are what they are where that is known.
        depth: sum the changes by blocks of this depth; None folds what belongs together.
    """
    names = f"{diff.base.source} → {diff.head.source}"
    return page(names, body(diff, head, depth, names))


def body(diff: Diff, head: Shown, depth: int | None, names: str) -> Iterator[str]:
    """The totals, the changes, the new model."""
    yield f"<h1>{text(names)}</h1>\n"
    yield from totals(diff)
    yield from changes(diff, depth)
    statuses = {change.head.path: change.kind for change in shown(diff) if change.head is not None}
    yield from model_section(head, None, 0, "h2", statuses)


def totals(diff: Diff) -> Iterator[str]:
    """What the models come to, side by side."""
    yield '<section class="all">\n<h2 class="part">Totals</h2>\n'
    yield '<div class="scroll"><table><thead><tr><th scope="col">Total</th>'
    yield from (f'<th scope="col" class="number">{name}</th>' for name in ("Before", "After", "Δ", "Δ %"))
    yield "</tr></thead>\n<tbody>\n"
    for total in shown_totals(diff):
        label, *numbers = total_cells(total)
        row = "".join([f'<td class="number">{text(number)}</td>' for number in numbers])
        yield f'<tr><th scope="row">{text(label)}</th>{row}</tr>\n'
    yield "</tbody></table></div>\n</section>\n"


def changes(diff: Diff, depth: int | None) -> Iterator[str]:
    """A row a layer that is not as it was, or for all that changed alike."""
    yield '<section>\n<h2 class="part">Changes</h2>\n'
    rows = diff_rows(diff, shown(diff), depth)
    if rows:
        largest = max([abs(row.delta("params") or 0) for row in rows])
        yield '<div class="scroll"><table data-table="changes"><thead><tr>'
        for index, name in enumerate(HEADINGS):
            kind = "" if index < LEFT else ' class="number"'
            yield f'<th scope="col"{kind}>{name or "Change"}</th>'
        yield "</tr></thead>\n<tbody>\n"
        yield from (change_row(row, largest) for row in rows[:MAX_CHANGES])
        yield "</tbody></table></div>\n"
        more = len(rows) - MAX_CHANGES
        yield f'<p class="note">and {more:,} more changes</p>\n' if more > 0 else ""
    yield from (f'<p class="note">{text(note)}</p>\n' for note in (folded(diff), *notes_of(diff)))
    yield "</section>\n"


def change_row(row: DiffRow, largest: int) -> str:
    """What changed on both sides."""
    found = [f'<td class="status">{row.kind}</td>']
    for index, said in enumerate(row_cells(row)[1:], start=1):
        drawn = bar(abs(row.delta("params") or 0) / largest) if index == DELTA and largest else ""
        inside = f"{text(said)}{drawn}"
        found.append(f'<th scope="row">{inside}</th>' if index == 1 else f"<td{number(index)}>{inside}</td>")
    return f'<tr class="{row.kind}" data-state="{row.kind}">{"".join(found)}</tr>\n'


def number(index: int) -> str:
    """Numbers stand to the right; on a narrow screen, below one another with what they are."""
    return "" if index < LEFT else f' class="number" data-label="{HEADINGS[index]}"'
