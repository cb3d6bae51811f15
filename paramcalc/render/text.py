"""Text from a file made harmless: nothing of it drives a terminal, a CI log, or the layout."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import AnyStr

from paramcalc.characters import is_hidden, is_mark

MAX_MARKS = 2
"""Combining marks that may follow one another: what real words need, not what climbs into the line above."""

# The GitHub runner obeys `::command::` and `##[command]`, Azure `##vso[command]`.
_CI_COMMANDS = re.compile(r"(?<=:):|(?<=#)#")

_NOT_ASCII = re.compile(r"[^ -~]+")
_OTHERS = re.compile(r"[^ -~─│├└█▉▊▋▌▍▎▏×…·—→−⌈⌉Δ]+")
"""Characters to check one by one; our own glyphs, which most lines have, need no check."""

PIECE = 200
"""How many parts are joined: written one by one each is a system call, all at once they take as much memory again."""


def pieces(parts: Iterable[AnyStr]) -> Iterator[AnyStr]:
    """The same text in larger pieces."""
    waiting = iter(parts)
    while some := list(islice(waiting, PIECE)):
        yield some[0][:0].join(some)


def escape(char: str) -> str:
    r"""One character as its number: `\x1b`, `\u202e`, `\U000e0001`."""
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def sanitise(text: str, ascii_only: bool = False) -> str:
    r"""The text with controls, bidi marks and invisible characters shown as `\xNN` or `\uNNNN`.

    `ascii_only` escapes all that is not ASCII too, for terminals that cannot show it.
    """
    if not (text.isascii() and text.isprintable()):
        others = _NOT_ASCII if ascii_only else _OTHERS
        text = others.sub(lambda match: "".join(escaped(match.group(), ascii_only)), text)
    if "::" in text or "##" in text:
        text = _CI_COMMANDS.sub(lambda match: f"\\x{ord(match.group()):02x}", text)
    return text


def escaped(text: str, ascii_only: bool = False, escape: Callable[[str], str] = escape) -> list[str]:
    """The characters of a text, hidden ones and stacked marks escaped."""
    shown = []
    marks = 0
    for char in text:
        marks = marks + 1 if is_mark(char) else 0
        hidden = is_hidden(char) or marks > MAX_MARKS
        shown.append(escape(char) if hidden or (ascii_only and not char.isascii()) else char)
    return shown


def width_of(text: str) -> int:
    """How many terminal cells the text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # wide characters are rare: only then is rich asked

    return len(text) if text.translate(_NARROW).isascii() else cell_len(text)


_NARROW = dict.fromkeys(map(ord, "─│├└█▉▊▋▌▍▎▏×…·—→−Δ"), "-")


def cut_middle(text: str, width: int, ellipsis: str) -> str:
    """The text in at most `width` cells, the middle left out: both ends of a name tell it apart."""
    if width_of(text) <= width:
        return text
    keep = max(width - len(ellipsis), 0)
    head, tail = text[: (keep + 1) // 2], text[len(text) - keep // 2 :]
    while width_of(head) + width_of(tail) > keep:
        head, tail = (head[:-1], tail) if width_of(head) > width_of(tail) else (head, tail[1:])
    return head + ellipsis + tail if width >= len(ellipsis) else ""
