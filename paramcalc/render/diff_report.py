"""A Diff as a table, Markdown or JSON."""

from collections.abc import Iterator, Sequence

from paramcalc.analysis.diff import Change, Diff, Total
from paramcalc.check.budgets import percent
from paramcalc.render.columns import shape_text
from paramcalc.render.json_format import text_of, to_json
from paramcalc.render.layout import UNICODE, Line, Span
from paramcalc.render.markdown import code, escape, table_row
from paramcalc.render.text import cut_middle, sanitise, width_of
from paramcalc.summary import LayerSummary

MARKS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}
HEADINGS = ("", "Layer", "Type", "Output shape", "Params", "Δ", "Δ %", "Δ MACs")
NAME = 1
"""The column that gives way in a narrow terminal."""

LEFT = 4
"""How many columns are text; the others are numbers."""

MIN_NAME = 16
MANY = 20
"""Up to this many layers that were only renamed are shown: across formats that may be all of them."""

TOTALS = {
    "params": "Params",
    "trainable_params": "Trainable",
    "non_trainable_params": "Non-trainable",
    "buffers": "Buffers",
    "macs": "MACs",
    "size_bytes": "Size, bytes",
    "layers": "Layers",
}
GAP = "  "


def signed(value: int | None) -> str:
    """`+1,234`, `0`, or `?` where it is unknown."""
    return "?" if value is None else f"{value:+,}" if value else "0"


def share(before: int | None, now: int | None) -> str:
    """The change in percent; nothing where there was nothing, or nothing changed."""
    return "" if not before or now is None or before == now else percent(now - before, before)


def both(before: str | None, now: str | None) -> str:
    """What it is, or what it was and is."""
    return f"{before} → {now}" if before and now and before != now else now or before or ""


def cells(change: Change) -> list[str]:
    """One row of the table."""
    before, now = change.base, change.head
    sides = [side for side in (before, now) if side is not None]
    dtypes = dtypes_of(sides)
    types = [
        f"{row.type} {dtype}" if dtypes[0] != dtypes[-1] else row.type for row, dtype in zip(sides, dtypes, strict=True)
    ]
    names = [row.path for row in sides]
    shapes = [shape_text(row.output_shape) for row in sides]
    return [
        MARKS[change.kind],
        both(names[0], names[-1]),
        both(types[0], types[-1]),
        both(shapes[0], shapes[-1]),
        f"{params(now):,}",
        signed(change.delta("params")),
        share(params(before), params(now)),
        signed(change.delta("macs")),
    ]


def dtypes_of(sides: Sequence[LayerSummary]) -> list[str]:
    """The dtype of each side, where they may differ: that of the policy, else those that its weights are kept in."""
    if sides[0].dtype != sides[-1].dtype:
        return [row.dtype for row in sides]
    return [", ".join(dict.fromkeys([weight.dtype for weight in row.weights])) for row in sides]


def params(row: LayerSummary | None) -> int:
    """The parameters of a layer that may not be there."""
    return row.params if row else 0


def total_cells(total: Total) -> list[str]:
    """One row of the totals."""
    before, now = ("?" if value is None else f"{value:,}" for value in (total.base, total.head))
    return [TOTALS[total.metric], before, now, signed(total.delta), share(total.base, total.head)]


def shown(diff: Diff) -> list[Change]:
    """The changes that have a row of their own."""
    only_renamed = sum(change.kind == "renamed" for change in diff.changes)
    return [change for change in diff.changes if change.kind != "renamed" or only_renamed <= MANY]


def folded(diff: Diff) -> str:
    """`3 layers unchanged, 170 only renamed`: what has no row."""
    if not diff.changes:
        return "no layer changed"
    renamed = len(diff.changes) - len(shown(diff))
    said = f"{diff.unchanged:,} layer{'' if diff.unchanged == 1 else 's'} unchanged"
    return f"{said}, {renamed:,} only renamed" if renamed else said


def lines(diff: Diff, width: int | None) -> Iterator[Line]:
    """For a terminal or a pipe: what changed, then the totals."""
    yield [Span(f"{sanitise(diff.base.source)} → {sanitise(diff.head.source)}", "title")]
    yield []
    changes = shown(diff)
    if changes:
        table = [list(HEADINGS), *[[sanitise(cell) for cell in cells(change)] for change in changes]]
        styles = ["header", *[change.kind for change in changes]]
        yield from columns(table, styles, LEFT, width)
    yield [Span(folded(diff), "dim")]
    yield []
    totals = [["", "Before", "After", "Δ", "Δ %"], *map(total_cells, shown_totals(diff))]
    yield from columns(totals, ["header", *[""] * (len(totals) - 1)], 1, None)


def shown_totals(diff: Diff) -> list[Total]:
    """The totals of which there is something: most models have no buffers."""
    return [total for total in diff.totals if total.metric != "buffers" or total.base or total.head]


def columns(table: Sequence[list[str]], styles: Sequence[str], left: int, width: int | None) -> Iterator[Line]:
    """The cells under one another, the first so many to the left."""
    sizes = [list(map(width_of, column)) for column in zip(*table, strict=True)]
    widths = list(map(max, sizes))
    if width is not None:
        over = sum(widths) + len(GAP) * (len(widths) - 1) - width
        widths[NAME] = max(widths[NAME] - max(over, 0), min(MIN_NAME, widths[NAME]))
    for row, taken, style in zip(table, zip(*sizes, strict=True), styles, strict=True):
        padded = []
        for index, cell in enumerate(row):
            space = widths[index] - taken[index]
            if space < 0:
                cell = cut_middle(cell, widths[index], UNICODE.ellipsis)
                space = widths[index] - width_of(cell)
            padded.append(cell + " " * space if index < left else " " * space + cell)
        yield [Span(GAP.join(padded).rstrip(), style)]


def markdown(diff: Diff, graph: bool = False) -> Iterator[str]:
    """For a pull request, with the part of the graph that changed where that is wanted."""
    yield f"**{code(diff.base.source)} → {code(diff.head.source)}**\n\n"
    changes = shown(diff)
    if changes:
        yield table_row(HEADINGS) + "|---|---|---|---|---:|---:|---:|---:|\n"
        for change in changes:
            mark, name, *others = cells(change)
            yield table_row([escape(mark), code(name), *map(escape, others)])
        yield "\n"
    yield f"{folded(diff)}\n\n" + table_row(["", "Before", "After", "Δ", "Δ %"]) + "|---|---:|---:|---:|---:|\n"
    yield from (table_row(total_cells(total)) for total in shown_totals(diff))
    if graph:
        yield from graph_block(diff)


def graph_block(diff: Diff) -> Iterator[str]:
    """The part of the graph that changed, as Markdown."""
    from paramcalc.render.graph import changed_graph  # only loaded where it is drawn
    from paramcalc.render.mermaid import fenced

    drawn = fenced(changed_graph(diff))
    if drawn:
        yield "\n" + drawn


def as_json(diff: Diff) -> Iterator[bytes]:
    """For a program: every change with both sides."""
    names = {"schema_version": 1, "base": text_of(diff.base.source), "head": text_of(diff.head.source)}
    yield to_json(names, indent=2).removesuffix(b"\n}") + b',\n  "changes": ['
    for index, change in enumerate(diff.changes):
        said = {
            "kind": change.kind,
            "path": change.path,
            "base": change.base,
            "head": change.head,
            "params_delta": change.delta("params"),
            "macs_delta": change.delta("macs"),
        }
        yield (b",\n    " if index else b"\n    ") + to_json(said, indent=2).replace(b"\n", b"\n    ")
    totals = {total.metric: {"base": total.base, "head": total.head, "delta": total.delta} for total in diff.totals}
    rest = to_json({"unchanged": diff.unchanged, "totals": totals}, indent=2).removeprefix(b"{")
    yield (b"\n  ]," if diff.changes else b"],") + rest + b"\n"
