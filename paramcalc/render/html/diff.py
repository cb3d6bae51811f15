"""The page of a comparison: the totals before and after, every change, and the new model with its changes marked."""

from collections.abc import Iterator

from paramcalc.analysis.diff import Change, Diff
from paramcalc.render.diff_report import HEADINGS, cells, folded, shown_totals, total_cells
from paramcalc.render.html.page import bar, page, text
from paramcalc.render.html.summary import Entry, model_section

MAX_CHANGES = 2_000
"""Rows of the table of changes; more are counted."""

DELTA = HEADINGS.index("Δ")
LEFT = 4
"""How many columns are text; the others are numbers."""


def diff_page(diff: Diff, head: Entry) -> Iterator[str]:
    """The page; `head` is the new model, with why its counts are what they are where that is known."""
    names = f"{diff.base.source} → {diff.head.source}"
    return page(names, body(diff, head, names))


def body(diff: Diff, head: Entry, names: str) -> Iterator[str]:
    """The totals, the changes, the new model."""
    yield f"<h1>{text(names)}</h1>\n"
    yield from totals(diff)
    yield from changes(diff)
    statuses = {
        change.head.path: change.kind for change in diff.changes if change.head is not None and change.kind != "removed"
    }
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


def changes(diff: Diff) -> Iterator[str]:
    """A row a layer that is not as it was."""
    yield '<section>\n<h2 class="part">Changes</h2>\n'
    if diff.changes:
        largest = max([abs(change.delta("params") or 0) for change in diff.changes])
        yield '<div class="scroll"><table data-table="changes"><thead><tr>'
        for index, name in enumerate(HEADINGS):
            kind = "" if index < LEFT else ' class="number"'
            yield f'<th scope="col"{kind}>{name or "Change"}</th>'
        yield "</tr></thead>\n<tbody>\n"
        yield from (change_row(change, largest) for change in diff.changes[:MAX_CHANGES])
        yield "</tbody></table></div>\n"
        more = len(diff.changes) - MAX_CHANGES
        yield f'<p class="note">and {more:,} more changes</p>\n' if more > 0 else ""
    yield f'<p class="note">{text(folded(diff))}</p>\n</section>\n'


def change_row(change: Change, largest: int) -> str:
    """One layer on both sides."""
    found = [f'<td class="status">{change.kind}</td>']
    for index, said in enumerate(cells(change)[1:], start=1):
        drawn = bar(abs(change.delta("params") or 0) / largest) if index == DELTA and largest else ""
        shown = f"{text(said)}{drawn}"
        found.append(f'<th scope="row">{shown}</th>' if index == 1 else f"<td{number(index)}>{shown}</td>")
    return f'<tr class="{change.kind}" data-state="{change.kind}">{"".join(found)}</tr>\n'


def number(index: int) -> str:
    """Numbers stand to the right; on a narrow screen, below one another with what they are."""
    return "" if index < LEFT else f' class="number" data-label="{HEADINGS[index]}"'
