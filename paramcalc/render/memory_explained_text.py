"""The figures of a model's memory, taken apart, as text or JSON."""

from collections.abc import Iterator, Sequence

from paramcalc.analysis.memory_explained import Line, Part
from paramcalc.render import Look
from paramcalc.render.json_format import to_json
from paramcalc.render.numbers import format_bytes, format_int
from paramcalc.render.text import sanitise


def text(parts: Sequence[Part], look: Look) -> Iterator[str]:
    """For a person: a paragraph a figure, its lines adding up to it."""
    if not parts:
        yield "nothing is known of its memory: --context N or --input NAME=… gives what is missing\n"
    for index, each in enumerate(parts):
        at = f", at {sanitise(each.at)}" if each.at else ""
        yield ("\n" if index else "") + f"{each.title}  {format_bytes(each.bytes)}{at}\n"
        sizes = [format_int(line.bytes) for line in each.lines]
        width = max(map(len, sizes), default=0)
        for line, size in zip(each.lines, sizes, strict=True):
            yield f"  {size:>{width}}  {sanitise(what_of(line))}\n"


def what_of(line: Line) -> str:
    """What a line is of: the layer, and how many are like it."""
    many = f" and {line.count - 1:,} more" if line.count > 1 else ""
    where = f"  {line.name}{many}" if line.name else ""
    return f"{line.what}{where}"


def json(parts: Sequence[Part], look: Look) -> Iterator[bytes]:
    """The same with whole numbers."""
    yield to_json(list(parts), 2) + b"\n"
