"""Substitutes variables in values, whose strings may have `$name`, `$(expression)` and `$$`."""

import re
from functools import lru_cache
from typing import Any

from msgspec import Struct

from paramcalc.errors import echo
from paramcalc.formats.native.expressions import ExpressionError, Names
from paramcalc.limits import MAX_FILLED

_BRACKETS = r"""'[^']*(?:'|$)|"[^"]*(?:"|$)|[()]"""
_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
"""Regular expressions are compiled where a text needs them: most specs have no expressions."""


class Code(Struct, frozen=True):
    """An expression in a text: what is between `$(` and `)`, or the name in `$name`."""

    text: str


@lru_cache(maxsize=16_384)
def split(text: str) -> tuple[str | Code, ...]:
    """A text as literal parts and expressions.

    Raises:
        ExpressionError: for a `$` that begins neither, or a `$(` that is not closed.
    """
    parts: list[str | Code] = []
    start = 0
    while (dollar := text.find("$", start)) >= 0:
        if dollar > start:
            parts.append(text[start:dollar])
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            parts.append("$")
            start = dollar + 2
        elif following == "(":
            end = closing(text, dollar + 1)
            parts.append(Code(text[dollar + 2 : end]))
            start = end + 1
        elif name := re.compile(_NAME).match(text, dollar + 1):
            parts.append(Code(name[0]))
            start = name.end()
        else:
            raise ExpressionError(f"{echo(text)}: a $ starts $name or $(expression); a dollar sign is $$")
    if start < len(text):
        parts.append(text[start:])
    return tuple(parts)


def closing(text: str, start: int) -> int:
    """The offset at which the parenthesis at `start` is closed; those in quotes do not count."""
    depth = 0
    for match in re.compile(_BRACKETS).finditer(text, start):
        found = match[0]
        if found == "(":
            depth += 1
        elif found == ")":
            depth -= 1
            if depth == 0:
                return match.start()
    raise ExpressionError(
        f"{echo(text)}: the parenthesis of $( is not closed; write the value in quotes if it has a comma inside {{ }}"
    )


def is_template(value: Any) -> bool:
    """Whether there is a `$` in a text, or in any text of a list or mapping."""
    if isinstance(value, str):
        return "$" in value
    if isinstance(value, list):
        return any(is_template(item) for item in value)
    return isinstance(value, dict) and any(is_template(item) for item in value.values())


def fill(value: Any, names: Names) -> Any:
    """The value with its expressions replaced; where one is the whole text, its result keeps its type.

    Raises:
        ExpressionError: with the place below `value`.
    """
    if isinstance(value, str):
        return fill_text(value, names) if "$" in value else value
    if isinstance(value, list):
        return [at(index, item, names) for index, item in enumerate(value)]
    if isinstance(value, dict):
        return {key: at(key, item, names) for key, item in value.items()}
    return value


def at(key: str | int, value: Any, names: Names) -> Any:
    """The item of a list or mapping, filled in; an error gets its key."""
    try:
        return fill(value, names)
    except ExpressionError as error:
        error.where = (key, *error.where)
        raise


def fill_text(text: str, names: Names) -> Any:
    """A text with its expressions replaced; unless one is the whole text, the results become text."""
    from paramcalc.formats.native.interpreter import evaluate_expression

    parts = split(text)
    if len(parts) == 1 and isinstance(parts[0], Code):
        return evaluate_expression(parts[0].text, names)
    done = []
    size = 0
    for part in parts:
        value = evaluate_expression(part.text, names) if isinstance(part, Code) else part
        if isinstance(value, (list, dict)):
            raise ExpressionError(f"{echo(text)}: {echo(value)} cannot be part of a string")
        done.append(str(value))
        size += len(done[-1])
        if size > MAX_FILLED:
            raise ExpressionError(f"{echo(text)}: the text has more than {MAX_FILLED:,} characters")
    return "".join(done)


def variables(value: Any) -> set[str]:
    """The names of the variables that a value reads.

    Raises:
        ExpressionError: for what is not an expression.
    """
    if isinstance(value, str):
        return variables_of_text(value) if "$" in value else set()
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return {name for item in items for name in variables(item)}


def variables_of_text(text: str) -> set[str]:
    """The names of the variables in the expressions of a text."""
    from paramcalc.formats.native.interpreter import names_in

    return {name for part in split(text) if isinstance(part, Code) for name in names_in(part.text)}


def origin(raw: Any, names: Names) -> str:
    """` (from $(d / 2) with d = 3)` for a value that was written as an expression.

    For a text that is the name of a variable, without its dollar, `; write $d`; else nothing.
    """
    if isinstance(raw, str) and raw in names:
        return f"; write ${raw}"
    if not isinstance(raw, str) or "$" not in raw:
        return ""
    from paramcalc.formats.native.interpreter import shown

    codes = [part for part in split(raw) if isinstance(part, Code)][:3]
    return f" (from {', '.join(shown(code.text, names) for code in codes)})"
