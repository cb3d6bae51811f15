"""Names that try to be more than names, and what no output may contain."""

import re
import unicodedata

NAMES = [
    "\x1b[2J\x1b[31mred\x1b[0m",
    "\x1b]8;;http://evil.example\x07click\x1b]8;;\x07",
    "\x1b]52;c;ZXZpbA==\x07",
    "[/x][bold]no[/bold] [link=http://evil.example]x[/link]",
    ":skull: :boom:",
    "\u202egnp.exe\u2066",
    "zero\u200bwidth\u2060\ufeffjoin\u200d",
    "z\u0300\u0301\u0302\u0303\u0304\u0305a",
    "new\nline\r\nand\ttab",
    "c1\x80\x85\x9b2J",
    "sep\u2028par\u2029",
    "=cmd|' /C calc'!A0 \"quoted\"",
    "+1",
    "-1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "a|b`c` **d** _e_ ~f~ \\| <b>",
    "![img](http://evil.example/x.png) [a](javascript:x) <img src=x onerror=y>",
    "@org/team #1 &lt; $x$",
    "</text><script>alert(1)</script>]]>&amp;<!--",
    "::error file=x::no",
    "a ##[group]b",
    "##vso[task.setvariable variable=a]b",
    "%0A::error::x%25",
    "{0} {{x}} %s",
    "tag\U000e0041\u3164\u115f\ufe0f",
    "层 ünïcode",
]

TOO_LONG = "n" * 10_000

_COMMANDS = re.compile(r"##\[|##vso|^\s*::\w+.*::", re.MULTILINE)
_HIDDEN = frozenset("\u034f\u115f\u1160\u2800\u3164\uffa0\ufe0f")


def assert_harmless(text: str, commands: bool = False) -> None:
    """Refuse control characters, invisible ones and stacked marks; CI commands only in output made of them."""
    marks = 0
    for char in text:
        assert char.isprintable() or char == "\n", f"{char!r} in {text[:300]!r}"
        assert char not in _HIDDEN or text[text.index(char) - 1] == "⚠", f"{char!r}"
        marks = marks + 1 if unicodedata.combining(char) else 0
        assert marks <= 2
    if not commands:
        found = _COMMANDS.search(text)
        assert not found, found
