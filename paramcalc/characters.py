"""What can be seen of a character."""

import unicodedata

INVISIBLE = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0") | frozenset(
    map(chr, [*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)])
)
"""What Unicode calls printable though nothing is seen; `str.isprintable` knows the others."""


def is_hidden(char: str) -> bool:
    """Whether a character is there without being seen: a control, a bidi mark, a filler."""
    return not char.isprintable() or char in INVISIBLE


def is_mark(char: str) -> bool:
    """Whether a character is drawn onto the one before."""
    return unicodedata.combining(char) != 0
