"""Which characters are invisible."""

import unicodedata

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | frozenset(
    map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)
"""Characters that Unicode calls printable though they are invisible; `str.isprintable` knows the others."""


def is_hidden(char: str) -> bool:
    """Whether a character is invisible: a control, a bidi mark, a filler."""
    return not char.isprintable() or char in INVISIBLE


def is_mark(char: str) -> bool:
    """Whether a character is a combining mark, drawn onto the one before."""
    return unicodedata.combining(char) != 0
