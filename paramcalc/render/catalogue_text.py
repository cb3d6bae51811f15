"""The catalogue of layers as text: a list by family, or everything about one layer."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from paramcalc.layers.catalogue import NO_COUNT, FieldEntry, LayerEntry
from paramcalc.layers.registry import FRAMEWORKS
from paramcalc.render.text import sanitise
from paramcalc.render.wrap import hanging

WIDTH = 100
"""The width of a line if none is given."""


def by_family(entries: Sequence[LayerEntry]) -> Iterator[tuple[str, list[LayerEntry]]]:
    """The entries by family, in order; families of other frameworks have its name as a prefix."""
    for (framework, family), group in groupby(entries, lambda each: (each.framework, each.family)):
        label = family.replace("_", " ")
        yield label if framework == FRAMEWORKS[0] else f"{framework}: {label}", list(group)


def list_text(entries: Sequence[LayerEntry], width: int = WIDTH) -> str:
    """A line per layer, or more on a narrow terminal; `·` marks layers that never have weights."""
    lines = []
    for family, group in by_family(entries):
        names = max(len(sanitise(each.name)) for each in group)
        lines.append(f"{family}:")
        for each in group:
            mark = " " if each.weights else "·"
            lines += hanging(f"  {mark} {sanitise(each.name):<{names}}  ", sanitise(each.summary), width)
        lines.append("")
    lines.append("· no weights")
    lines += hanging("", "`paramcalc layers NAME` shows a layer's fields, formula and an example.", width)
    return "\n".join(lines) + "\n"


def list_markdown(entries: Sequence[LayerEntry]) -> str:
    """The table of the guide: a row a family."""
    lines = ["| Family | Layers with weights | Layers without |", "|---|---|---|"]
    for family, group in by_family(entries):
        cells = [
            ", ".join(f"`{each.name}`" for each in group if each.weights is weighted) for weighted in (True, False)
        ]
        lines.append(f"| {family} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def entry_text(entry: LayerEntry, width: int = WIDTH, everything: bool = False) -> str:
    """Everything of one layer.

    Args:
        entry: the layer.
        width: cells of a line.
        everything: also describe the fields that change no shape and no count; else they are named.
    """
    parts = [*hanging("", f"{entry.name} — {entry.summary}", width), ""]
    if entry.text:
        parts += [*paragraphs(entry.text, width), ""]
    facts = entry.sections | {"Aliases": ", ".join(entry.aliases), "From": entry.origin, "Family": entry.family}
    example = facts.pop("Example", "")
    for name, value in facts.items():
        for line in value.splitlines():
            parts += hanging(f"{name + ':':<9}", line, width)
    parts += ["", *fields_text(entry, width, everything)]
    if example:
        parts += ["", "Example (a whole spec):", *hanging("  ", example, width)]
    return "\n".join(sanitise(line).rstrip() for part in parts for line in part.split("\n")) + "\n"


def paragraphs(text: str, width: int) -> Iterator[str]:
    """The paragraphs of a docstring, rewrapped; indented parts stay as they are."""
    for index, paragraph in enumerate(text.split("\n\n")):
        yield from [""] if index else []
        if any(line.startswith(" ") for line in paragraph.splitlines()):
            yield paragraph
        else:
            yield from hanging("", " ".join(paragraph.split()), width)


def fields_text(entry: LayerEntry, width: int, everything: bool) -> Iterator[str]:
    """The fields, first those that change a shape or a count; the numbers are the positions of arguments."""
    if not entry.fields:
        yield "No fields."
        return
    numbered = list(enumerate(entry.fields, start=1))
    main = [item for item in numbered if everything or matters(item[1])]
    others = [item for item in numbered if item not in main]
    room = max((len(field.name) for _, field in main), default=0)
    if main:
        yield from hanging("", "Fields, numbered as positional arguments:", width)
    for number, field in main:
        yield from field_lines(number, field, room, width)
    if others:
        yield from [""] if main else []
        names = ", ".join([f"{field.name}\0({number})" for number, field in others])
        yield from hanging("", f"{'Others' if main else 'Fields'}, which change no shape and no count (--all):", width)
        yield from (line.replace("\0", " ") for line in hanging("  ", names, width))


def matters(field: FieldEntry) -> bool:
    """Whether a field must be given, or may change a shape or a count."""
    return field.default is None or NO_COUNT not in field.description


def field_lines(number: int, field: FieldEntry, room: int, width: int) -> list[str]:
    """A field's position, name, type and default, and what it means."""
    given = "required" if field.default is None else f"default {field.default}"
    label = f"  {number:>2}  {field.name:<{room}}  "
    said = hanging(label, f"{field.type} ({given})", width)
    return said + (hanging(" " * len(label), field.description, width) if field.description else [])
