"""A Diff as a table, Markdown or JSON."""

import json
from typing import Any

from paramcalc.budgets import percent
from paramcalc.diff import Change, Diff
from paramcalc.render.check_report import cell, clean
from paramcalc.shapes import format_shape

MARKS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}
HEADINGS = ("", "layer", "type", "output shape", "params", "Δ", "Δ %", "Δ MACs")


def signed(value: int | None) -> str:
    """`+1,234`, `0`, or `?` where it is unknown."""
    return "?" if value is None else f"{value:+,}" if value else "0"


def shape_text(shape: Any) -> str:
    """One shape, or several."""
    if shape is None:
        return "?"
    if shape and isinstance(shape[0], (list, tuple)):
        return " ".join(format_shape(item) for item in shape)
    return format_shape(shape)


def share(before: int | None, now: int | None) -> str:
    """The change in percent; nothing where there was nothing."""
    return "" if not before or now is None else percent(now - before, before)


def cells(change: Change) -> list[str]:
    """One row of the table."""
    row = change.head or change.base
    if row is None:
        return [""] * len(HEADINGS)
    name = change.path
    if change.kind == "renamed" and change.base is not None:
        name = f"{change.base.path} > {change.path}"
    before, now = change.base, change.head
    shape = shape_text(row.output_shape)
    if before is not None and now is not None and before.output_shape != now.output_shape:
        shape = f"{shape_text(before.output_shape)} > {shape}"
    params = f"{(now.params if now else 0):,}"
    percent_ = share(before.params if before else None, now.params if now else 0)
    return [MARKS[change.kind], name, row.type, shape, params, signed(change.delta("params")), percent_,
            signed(change.delta("macs"))]  # fmt: skip


def rows(diff: Diff) -> list[list[str]]:
    """The table without its heading."""
    return [cells(change) for change in diff.changes]


def totals(diff: Diff) -> list[str]:
    """A line a total."""
    lines = []
    for total in diff.totals:
        before, now = ("?" if value is None else f"{value:,}" for value in (total.base, total.head))
        change = share(total.base, total.head) if total.delta else ""
        name = total.metric.replace("_", " ")
        lines.append(f"{name}: {before} → {now}  {signed(total.delta)}{' ' if change else ''}{change}")
    return lines


def text(diff: Diff) -> str:
    """For a terminal or a pipe: columns as wide as they need to be."""
    table = [list(HEADINGS), *[[clean(value) for value in row] for row in rows(diff)]]
    widths = [max(len(row[index]) for row in table) for index in range(len(HEADINGS))]
    out = []
    if diff.changes:
        for row in table:
            left = [value.ljust(width) for value, width in zip(row[:4], widths[:4], strict=True)]
            right = [value.rjust(width) for value, width in zip(row[4:], widths[4:], strict=True)]
            out.append("  ".join(left + right).rstrip())
    out.append(f"{diff.unchanged} layers unchanged" if diff.changes else "no layer changed")
    return "\n".join([*out, "", *totals(diff)]) + "\n"


def markdown(diff: Diff) -> str:
    """For a pull request."""
    out = [f"**{cell(diff.base.source)} → {cell(diff.head.source)}**", ""]
    if diff.changes:
        out += ["| " + " | ".join(HEADINGS) + " |", "|---|---|---|---|---:|---:|---:|---:|"]
        out += ["| " + " | ".join(cell(value) for value in row) + " |" for row in rows(diff)]
        out.append("")
    out += [f"{diff.unchanged} layers unchanged", "", *[f"- {line}" for line in totals(diff)]]
    return "\n".join(out) + "\n"


def as_json(diff: Diff) -> str:
    """For a program: every change with both sides."""
    import msgspec

    changes = [
        {
            "kind": change.kind,
            "path": change.path,
            "base": msgspec.to_builtins(change.base),
            "head": msgspec.to_builtins(change.head),
            "params_delta": change.delta("params"),
            "macs_delta": change.delta("macs"),
        }
        for change in diff.changes
    ]
    all_totals = {total.metric: {"base": total.base, "head": total.head, "delta": total.delta} for total in diff.totals}
    value = {"schema_version": 1, "base": diff.base.source, "head": diff.head.source, "changes": changes,
             "unchanged": diff.unchanged, "totals": all_totals}  # fmt: skip
    return json.dumps(value, indent=2) + "\n"


FORMATS = {"table": text, "markdown": markdown, "json": as_json}
