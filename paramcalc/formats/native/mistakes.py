"""The usual mistakes in a spec that are valid YAML: what to write instead."""

import re
from typing import Any

from paramcalc.errors import did_you_mean
from paramcalc.formats.native.entries import COMMON


def no_list(raw: Any) -> str:
    """What to write where layers were written without their dashes, or without the space after one."""
    first = next(iter(raw), None) if isinstance(raw, dict) else None
    if not isinstance(first, str):
        return ""
    if first.startswith("-"):
        return f"; write '- {first[1:40]}', with a space after the dash"
    return f"; write '- ' before each layer: '- {first[:40]}: …'"


_RUN_TOGETHER = re.compile(r"([A-Za-z][\w.]*)(?::(\S.*)|\((.*)\)| +\{(.*))$")


def misspelled(name: str) -> str | None:
    """What is wrong with a type that was run together with its arguments: `Dense:3`, `Dense(3)`, `Dense {units`."""
    found = _RUN_TOGETHER.match(name[:80])
    if not found:
        return None
    type_, colon, call, braces = found.groups()
    right = f"{type_}: {{{braces}: …}}" if braces is not None else f"{type_}: {colon or call or '…'}"
    return f"there is no layer type '{name[:80]}'; write '{right}'"


def stray_key(key: str, type_: str, value: Any) -> str:
    """What to say of a key beside the type that is none of the common ones; `value` is what the type has."""
    if is_misplaced(value) and value is not None:
        return f"unknown key '{key[:80]}': a comma inside {{ }} ends a value; write {type_[:80]}'s value in quotes"
    near = did_you_mean(key, COMMON)
    if near:
        return f"unknown key '{key[:80]}'{near}"
    if value is None:
        return f"unknown key '{key[:80]}'; write it two columns further in, so that it is a field of '{type_[:80]}:'"
    return f"unknown key '{key[:80]}': the fields of the layer stand inside '{type_[:80]}: {{…}}'"


def is_misplaced(value: Any) -> bool:
    """Whether the value of a type shows that the rest of it stands elsewhere: nothing, or half an expression."""
    return value is None or (isinstance(value, str) and "$(" in value and value.count("(") > value.count(")"))
