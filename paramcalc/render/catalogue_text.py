"""The catalogue of layers for a person: a list by family, or all there is to say of one layer."""

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from paramcalc.layers.catalogue import Entry, FieldEntry
from paramcalc.layers.registry import FRAMEWORKS
from paramcalc.render.text import sanitise

WIDTH = 100


def by_family(entries: Sequence[Entry]) -> Iterator[tuple[str, list[Entry]]]:
    """The entries of each family, in their order; the name of another framework stands before its families."""
    for (framework, family), group in groupby(entries, lambda each: (each.framework, each.family)):
        label = family.replace("_", " ")
        yield label if framework == FRAMEWORKS[0] else f"{framework}: {label}", list(group)


def list_text(entries: Sequence[Entry]) -> str:
    """A line a layer; `·` marks those that never hold a weight."""
    lines = []
    for family, group in by_family(entries):
        width = max(len(sanitise(each.name)) for each in group)
        lines.append(f"{family}:")
        for each in group:
            mark = " " if each.weights else "·"
            lines.append(f"  {mark} {sanitise(each.name):<{width}}  {sanitise(each.summary)}")
        lines.append("")
    lines.append("· no weights")
    lines.append("`paramcalc layers NAME` shows a layer's fields, formula and an example.")
    return "\n".join(lines) + "\n"


def list_markdown(entries: Sequence[Entry]) -> str:
    """The table of the guide: a row a family."""
    lines = ["| Family | Layers with weights | Layers without |", "|---|---|---|"]
    for family, group in by_family(entries):
        cells = [", ".join(f"`{each.name}`" for each in group if each.weights is held) for held in (True, False)]
        lines.append(f"| {family} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def entry_text(entry: Entry) -> str:
    """Everything of one layer."""
    parts = [f"{entry.name} — {entry.summary}", ""]
    if entry.text:
        parts += [entry.text, ""]
    facts = entry.sections | {"Aliases": ", ".join(entry.aliases), "From": entry.origin, "Family": entry.family}
    example = facts.pop("Example", "")
    for name, value in facts.items():
        for line in value.splitlines():
            parts += textwrap.wrap(line, WIDTH, initial_indent=f"{name + ':':<9}", subsequent_indent=" " * 9)
    parts += ["", "Fields, in the order of positional arguments:" if entry.fields else "No fields."]
    width = max((len(each.name) for each in entry.fields), default=0)
    for field in entry.fields:
        parts += field_lines(field, width)
    if example:
        parts += ["", "Example (a whole spec):", f"  {example}"]
    return "\n".join(sanitise(line).rstrip() for part in parts for line in part.split("\n")) + "\n"


def field_lines(field: FieldEntry, width: int) -> list[str]:
    """A field's name, type and default, and what it means."""
    given = "required" if field.default is None else f"default {field.default}"
    words = [f"  {field.name:<{width}}  {field.type} ({given})"]
    return words + [f"  {'':<{width}}  {field.description}"] * bool(field.description)
