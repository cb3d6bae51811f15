"""A Diff as a table, Markdown or JSON."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from paramcalc.analysis.across import Reason
from paramcalc.analysis.alignment import is_renumbered
from paramcalc.analysis.diff import Change, Diff, Total
from paramcalc.analysis.diff_rows import DiffRow, diff_rows
from paramcalc.check.budgets import percent
from paramcalc.render import Look
from paramcalc.render.columns import shape_text
from paramcalc.render.grid import GridColumn, Row, grid_lines
from paramcalc.render.json_format import text_of, to_json
from paramcalc.render.layout import UNICODE, Glyphs, Line, Span
from paramcalc.render.markdown import code, escape, table_row
from paramcalc.render.text import pieces, sanitise
from paramcalc.render.wrap import all_wrapped, wrapped
from paramcalc.summary import LayerSummary

MARKS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}
HEADINGS = ("", "Layer", "Type", "Output shape", "Params", "Δ", "Δ %", "Δ MACs")
NAME, TYPE = 1, 2
"""Places in HEADINGS."""

MANY = 20
"""The most layers that are shown if they were only renamed: across formats that may be all of them."""

TOTALS = {
    "params": "Params",
    "trainable_params": "Trainable",
    "non_trainable_params": "Non-trainable",
    "buffers": "Buffers",
    "macs": "MACs",
    "size_bytes": "Size, bytes",
    "layers": "Layers",
}


def signed(value: int | None) -> str:
    """`+1,234`, `0`, or `?` where it is unknown."""
    return "?" if value is None else f"{value:+,}" if value else "0"


def share(before: int | None, now: int | None) -> str:
    """The change in percent; empty if there was nothing before, or nothing changed."""
    return "" if not before or now is None or before == now else percent(now - before, before)


def both(before: str | None, now: str | None) -> str:
    """The value, or the old and the new one."""
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
    """The parameters of a layer; 0 if it is missing."""
    return row.params if row else 0


def total_cells(total: Total) -> list[str]:
    """One row of the totals."""
    before, now = ("?" if value is None else f"{value:,}" for value in (total.base, total.head))
    return [TOTALS[total.metric], before, now, signed(total.delta), share(total.base, total.head)]


def shown(diff: Diff) -> list[Change]:
    """The changes with a row of their own; across frameworks, a differing bias is not one."""
    if diff.across:
        return [change for change in diff.changes if is_other_network(change)]
    only_renamed = sum(change.kind == "renamed" for change in diff.changes)
    return [change for change in diff.changes if change.kind != "renamed" or only_renamed <= MANY]


def is_other_network(change: Change) -> bool:
    """Whether a layer holds other weights than in the other framework; biases and statistics are reasons below."""
    if change.base is None or change.head is None:
        return True
    return change.base.weight_params != change.head.weight_params


def folded(diff: Diff) -> str:
    """`3 layers unchanged, 170 only renamed`: what has no row."""
    if not diff.changes:
        return "no layer changed" + (" in itself" if diff.rewired else "")
    renamed = sum(change.kind == "renamed" for change in diff.changes) - sum(
        change.kind == "renamed" for change in shown(diff)
    )
    unchanged = diff.unchanged + (len(diff.changes) - len(shown(diff)) if diff.across else 0)
    layers = f"{unchanged:,} layer{'' if unchanged == 1 else 's'}"
    if diff.across:
        return f"{layers} hold the same weights, whatever their names; layers without weights are not compared"
    said = f"{layers} unchanged"
    return f"{said}, {renamed:,} only renamed" if renamed else said


def notes_of(diff: Diff) -> list[str]:
    """What is to be said below the changes: layers that read others, and why two frameworks differ."""
    said = []
    if diff.rewired:
        first, count = diff.rewired[0], len(diff.rewired)
        others = f"{count:,} layers read others" if count > 1 else "1 layer reads others"
        change = f"{' and '.join(first.base)} → {' and '.join(first.head)}"
        said.append(f"{others} than before{', such as' if count > 1 else ':'} '{first.path}': {change}")
    return [*said, *map(reason_text, diff.reasons)]


def reason_text(reason: Reason) -> str:
    """`biases: 53 layers, -26,560 params, such as 'fc': …`."""
    count = f"{reason.layers:,} layer{'' if reason.layers == 1 else 's'}"
    params_ = f", {signed(reason.params)} params" if reason.params else ""
    return f"{reason.what}: {count}{params_}, such as {reason.example}"


class Options(NamedTuple):
    """The look of a table of changes.

    Attributes:
        width: terminal cells to fit into; None for lines of any length.
        columns: which, in this order; None for all.
        depth: levels of nesting to show; None folds what belongs together.
        glyphs: what to draw with.
    """

    width: int | None = None
    columns: Sequence[str] | None = None
    depth: int | None = None
    glyphs: Glyphs = UNICODE


COLUMNS: dict[str, GridColumn] = {
    "change": GridColumn("", needed=True),
    "name": GridColumn("Layer", gives_way=8, needed=True),
    "type": GridColumn("Type", gives_way=12),
    "output_shape": GridColumn("Output shape"),
    "params": GridColumn("Params", number=True),
    "delta": GridColumn("Δ", number=True, needed=True),
    "percent": GridColumn("Δ %", number=True),
    "macs_delta": GridColumn("Δ MACs", number=True),
}
"""Column → its heading; the order is that of `cells`."""

DROPPED = ("output_shape", "macs_delta", "params", "type", "percent")
"""The columns that a narrow terminal does without, in this order."""


def row_cells(row: DiffRow) -> list[str]:
    """The cells of a row, which may stand for several changes."""
    if len(row.changes) == 1 and row.iterations is None and row.name == row.changes[0].path:
        found = cells(row.changes[0])
        before_, now_ = row.changes[0].base, row.changes[0].head
        if before_ is not None and now_ is not None and is_renumbered(before_, now_):
            found[NAME] = row.name
        return found
    one = cells(row.changes[0]) if row.repeats > 1 else cells(row.changes[-1])
    before, now = row.total("params", False), row.total("params", True)
    name = row.name + (f" ×{row.repeats:,}" if row.repeats > 1 else "")
    if row.iterations is not None and row.whole is not None:
        name += f" ×{row.iterations[0]:,} → ×{row.iterations[1]:,}"
        before, now = row.whole
    types = one[TYPE] if row.repeats > 1 else f"{len(row.changes):,} layers"
    counts = [f"{now or 0:,}", signed(row.delta("params")), share(before, now), signed(row.delta("macs"))]
    return [MARKS[row.kind], name, types, one[TYPE + 1], *counts]


def lines(diff: Diff, options: Options | None = None) -> Iterator[Line]:
    """For a terminal or a pipe: what changed, then the totals."""
    options = options or Options()
    width, glyphs = options.width, options.glyphs
    yield from wrapped([Span(f"{sanitise(diff.base.source)} → {sanitise(diff.head.source)}", "title")], width, glyphs)
    yield []
    rows = diff_rows(diff, shown(diff), options.depth)
    left_out: list[str] = []
    if rows:
        names = list(options.columns or columns_of(diff))
        order = [list(COLUMNS).index(name) for name in names]
        table = [[row_cells(row), row.kind] for row in rows]
        chosen = [Row([sanitise(found[index]) for index in order], str(kind)) for found, kind in table]
        left_out = yield from grid_lines([COLUMNS[name] for name in names], chosen, width, glyphs, drop_order(names))
    notes = [folded(diff), *notes_of(diff)]
    if left_out:
        notes.append(f"no room for {', '.join(left_out)}")
    yield from all_wrapped([[Span(sanitise(note), "dim")] for note in notes], width, glyphs)
    yield []
    totals = [Row(total_cells(total)) for total in shown_totals(diff)]
    yield from grid_lines(TOTAL_COLUMNS, totals, width, glyphs)


TOTAL_COLUMNS = (
    GridColumn("", needed=True),
    *[GridColumn(name, number=True, needed=name == "Δ") for name in ("Before", "After", "Δ", "Δ %")],
)


def columns_of(diff: Diff) -> list[str]:
    """The usual columns: two frameworks have their axes in different orders, so shapes say nothing there."""
    return [name for name in COLUMNS if name != "output_shape" or not diff.across]


def drop_order(names: Sequence[str]) -> list[int]:
    """The positions of the columns that a narrow terminal does without, in the order in which they go."""
    return [names.index(name) for name in DROPPED if name in names]


def shown_totals(diff: Diff) -> list[Total]:
    """The totals that are not empty: most models have no buffers."""
    return [total for total in diff.totals if total.metric != "buffers" or total.base or total.head]


def for_pull_request(diff: Diff, explained: object, look: Look) -> Iterator[str]:
    """The changes in Markdown."""
    return pieces(markdown(diff, look.graph, look.depth))


def for_program(diff: Diff, explained: object, look: Look) -> Iterator[bytes]:
    """The changes in JSON."""
    return pieces(as_json(diff))


def markdown(diff: Diff, graph: bool = False, depth: int | None = None) -> Iterator[str]:
    """For a pull request, with the changed part of the graph if requested."""
    yield f"**{code(diff.base.source)} → {code(diff.head.source)}**\n\n"
    rows = diff_rows(diff, shown(diff), depth)
    if rows:
        yield table_row(HEADINGS) + "|---|---|---|---|---:|---:|---:|---:|\n"
        for row in rows:
            mark, name, *others = row_cells(row)
            yield table_row([escape(mark), code(name), *map(escape, others)])
        yield "\n"
    yield f"{folded(diff)}\n\n"
    notes = notes_of(diff)
    yield "".join([f"- {escape(note)}\n" for note in notes]) + "\n" * bool(notes)
    yield table_row(["", "Before", "After", "Δ", "Δ %"]) + "|---|---:|---:|---:|---:|\n"
    yield from (table_row(total_cells(total)) for total in shown_totals(diff))
    if graph:
        yield from graph_block(diff)


def graph_block(diff: Diff) -> Iterator[str]:
    """The part of the graph that changed, as Markdown."""
    from paramcalc.render.graph import changed_graph  # only loaded where it is drawn
    from paramcalc.render.mermaid import fenced

    drawn = fenced(changed_graph(diff, shown(diff)))
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
    reasons = {"reasons": [reason._asdict() for reason in diff.reasons]} if diff.across else {}
    if diff.rewired:
        reasons = {"rewired": [row._asdict() for row in diff.rewired]}
    rest = to_json({"unchanged": diff.unchanged, "totals": totals} | reasons, indent=2).removeprefix(b"{")
    yield (b"\n  ]," if diff.changes else b"],") + rest + b"\n"
