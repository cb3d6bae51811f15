"""Recognises common mistakes in YAML from the lines around a syntax error, and suggests what to write instead.

Takes the text and the place where the YAML reader stopped; returns advice and the place it is about, or None. Loaded
only once a file has been refused. Each rule looks at two lines, cut at `MAX_LINE`, with patterns that cannot backtrack.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from paramcalc.errors import Position

MAX_LINE = 1_000


class Advice(NamedTuple):
    """What to write instead, and the place that this is about."""

    message: str
    place: Position


class Spot(NamedTuple):
    """The place where the reader stopped.

    Attributes:
        line: the text of the line.
        at: the position of the error; both numbers start at 1.
        above: the text of the nearest non-blank line above it.
        above_number: the number of that line.
    """

    line: str
    at: Position
    above: str
    above_number: int


_BARE_NAME = re.compile(r"( *- +)([A-Za-z_][\w.]*) *$")
_KEY = re.compile(r" *(?:- +)?([A-Za-z_$][\w.$]*): ")
_NO_SPACE = re.compile(r" *(?:- +)?([A-Za-z_]\w*):([^\s:][^:]*)$")
_TWO_KEYS = re.compile(r"( *- +)([A-Za-z_]\w*: [^,{\[]+), *([A-Za-z_]\w*):")
_EXPRESSION = re.compile(r"\$\([^\"']*?[\[{,]")
_INDEXED = re.compile(r"\$?[A-Za-z_][\w./]*\[[\w$]+\]")
_OPENED = re.compile(r"[{\[]")


def advise(text: str, start: Position, at: Position, flow: bool, words: str) -> Advice | None:
    """Advice for a syntax error; None if it is not a common mistake.

    Args:
        text: the whole file.
        start: the start of the list or mapping that the reader could not finish; `at` for other errors.
        at: where the reader stopped.
        flow: whether that list or mapping is in brackets or braces.
        words: the reader's error message.
    """
    rules = FLOW_RULES if flow else RULES if words.startswith("mapping values") else (*RULES, indentation)
    for place in (at, start):
        spot = spot_at(text, place)
        for rule in rules:
            found = rule(spot) if spot else None
            if found is not None:
                return found
    return None


def spot_at(text: str, at: Position) -> Spot | None:
    """The line at a position and the one above it; None past the end of the text."""
    lines = text.split("\n", at.line)
    if at.line > len(lines):
        return None
    number = at.line - 1
    while number > 0 and not lines[number - 1].strip():
        number -= 1
    above = lines[number - 1][:MAX_LINE] if number else ""
    return Spot(lines[at.line - 1][:MAX_LINE], at, above, number)


def bare_name(spot: Spot) -> Advice | None:
    """`- Concatenate` with `inputs: [a, b]` on the next line."""
    name, key = _BARE_NAME.match(spot.above), _KEY.match(f"{spot.line} ")
    if not name or not key or len(spot.line) - len(spot.line.lstrip()) < name.end(1):
        return None
    message = f"'{name[2]}' has '{key[1]}:' below it, so it needs a colon; write '{name[2]}:'"
    return Advice(message, Position(spot.above_number, name.start(2) + 1))


def no_space(spot: Spot) -> Advice | None:
    """`input:[4]`, on the line itself or the one above."""
    for text, number in ((spot.above, spot.above_number), (spot.line, spot.at.line)):
        found = _NO_SPACE.match(text)
        if found:
            message = f"a space is missing after the ':'; write '{found[1]}: {found[2].strip()[:40]}'"
            return Advice(message, Position(number, found.start(1) + 1))
    return None


def two_keys(spot: Spot) -> Advice | None:
    """`- Dense: 3, name: a` without braces."""
    found = _TWO_KEYS.match(spot.line)
    if not found:
        return None
    rest = spot.line[found.start(2) :].strip()[:60]
    return Advice(f"several keys on one line need braces; write '- {{{rest}}}'", spot.at)


def unquoted(spot: Spot) -> Advice | None:
    """`{units: $(sizes[0])}` or `{inputs: encoder[1]}`: inside braces, brackets and commas are YAML syntax."""
    for pattern in (_EXPRESSION, _INDEXED):
        found = pattern.search(spot.line)
        if found and _OPENED.search(spot.line[: found.start()]):
            whole = expression_at(spot.line, found.start()) if pattern is _EXPRESSION else found.group()
            message = f'inside {{ }} and [ ] a value with brackets or commas needs quotes; write "{whole[:60]}"'
            return Advice(message, Position(spot.at.line, found.start() + 1))
    return None


def expression_at(line: str, start: int) -> str:
    """The `$(…)` that begins at `start`, up to its own closing parenthesis."""
    depth = 0
    for index in range(start + 1, len(line)):
        depth += {"(": 1, ")": -1}.get(line[index], 0)
        if depth == 0:
            return line[start : index + 1]
    return line[start:]


def not_closed(spot: Spot) -> Advice | None:
    """A `{` or `[` on this line that is never closed."""
    stack: list[tuple[str, int]] = []
    for index, character in enumerate(spot.line.split(" #", 1)[0]):
        if character in "{[":
            stack.append((character, index))
        elif character in "}]" and stack:
            stack.pop()
    if not stack:
        return None
    opened, index = stack[-1]
    closing = {"{": "}", "[": "]"}[opened]
    return Advice(
        f"this '{opened}' is not closed; write the '{closing}' that belongs to it", Position(spot.at.line, index + 1)
    )


def indentation(spot: Spot) -> Advice | None:
    """A key that is indented neither like the one above nor as part of its value."""
    key, above = _KEY.match(f"{spot.line} "), _KEY.match(f"{spot.above} ")
    if not key or not above:
        return None
    here = len(spot.line) - len(spot.line.lstrip())
    there = above.start(1)
    if here == there:
        return None
    message = f"'{key[1]}' is indented by {here}, '{above[1]}' above it by {there}; write both in one column"
    return Advice(message, Position(spot.at.line, here + 1))


Rule = Callable[[Spot], Advice | None]
RULES: tuple[Rule, ...] = (bare_name, no_space, two_keys, unquoted)
"""Rules in order of precedence: the first that recognises its mistake applies."""
FLOW_RULES: tuple[Rule, ...] = (unquoted, not_closed)
"""The same for errors inside brackets and braces."""
