"""Lines that are longer than a terminal is wide, broken at their spaces.

In: a line of styled spans. Out: the lines it takes, those after the first indented. A number is never cut; a name that
is longer than a whole line loses its middle.
"""

import re
from collections.abc import Iterable, Iterator

from paramcalc.render.layout import Glyphs, Line, Span
from paramcalc.render.text import cut_middle, width_of

MIN_TEXT = 12
"""The least room that is left beside an indentation; where there is less, nothing is indented."""

MIN_BESIDE = 20
"""Cells that a text has beside its label, or else it goes on at the left."""

_WORD = re.compile(r"\s*\S+")
_NUMBER = re.compile(r"[\d,.?%+-]+")


def wrapped(line: Line, width: int | None, glyphs: Glyphs, indent: int = 2) -> Iterator[Line]:
    """The line as it is where it fits, else in several.

    Args:
        line: what to print.
        width: terminal cells; None for a line of any length.
        glyphs: what to show in place of the middle of a name.
        indent: cells before each line but the first.
    """
    if width is None or sum([width_of(span.text) for span in line]) <= width:
        yield line
        return
    indent = indent if width - indent >= MIN_TEXT else 0
    current: Line = []
    used = 0
    for word in words(line):
        text = word.text
        if used + width_of(text) > width and current:
            yield current
            current, used = ([Span(" " * indent)] if indent else []), indent
            text = word.text.lstrip()
        room = width - used
        if width_of(text) > room and not _NUMBER.fullmatch(text.strip()):
            text = cut_middle(text, room, glyphs.ellipsis)
        current.append(Span(text, word.style))
        used += width_of(text)
    yield current


def words(line: Line) -> Iterator[Span]:
    """The words of a line, each with the spaces before it, in its style."""
    before = ""
    for span in line:
        end = 0
        for match in _WORD.finditer(span.text):
            yield Span(before + match.group(), span.style)
            before, end = "", match.end()
        before += span.text[end:]


def all_wrapped(lines: Iterable[Line], width: int | None, glyphs: Glyphs, indent: int = 2) -> Iterator[Line]:
    """The lines, each in as many as it takes."""
    for line in lines:
        yield from wrapped(line, width, glyphs, indent)


def hanging(label: str, text: str, width: int) -> list[str]:
    """A text behind its label, its further lines below its first; at the left where there is no room beside."""
    indent = len(label) if width - len(label) >= MIN_BESIDE else 4
    words = label + text if label else text
    if len(words) <= width:
        return [words]
    import textwrap  # only loaded for what does not fit

    return textwrap.wrap(
        words,
        max(width, MIN_BESIDE),
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
