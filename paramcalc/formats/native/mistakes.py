"""Something in a spec that is valid YAML and wrong → the usual mistake that it shows, and what to write instead."""

import re
from typing import Any

from paramcalc.errors import did_you_mean
from paramcalc.formats.native.entries import COMMON
from paramcalc.formats.text.fields import fields_of
from paramcalc.layers.base import Layer


def no_list(raw: Any) -> str:
    """What to write instead of layers without their dashes, or without the space after a dash."""
    first = next(iter(raw), None) if isinstance(raw, dict) else None
    if not isinstance(first, str):
        return ""
    if first.startswith("-"):
        return f"; write '- {first[1:40]}', with a space after the dash"
    return f"; write '- ' before each layer: '- {first[:40]}: …'"


_RUN_TOGETHER = re.compile(r"([A-Za-z][\w.]*)(?::(\S.*)|\((.*)\)| +\{(.*))$")


def misspelled(name: str) -> str | None:
    """What to write instead of a type that runs into its arguments: `Dense:3`, `Dense(3)`, `Dense {units`."""
    found = _RUN_TOGETHER.match(name[:80])
    if not found:
        return None
    type_, colon, call, braces = found.groups()
    right = f"{type_}: {{{braces}: …}}" if braces is not None else f"{type_}: {colon or call or '…'}"
    return f"there is no layer type '{name[:80]}'; write '{right}'"


def needs(cls: type[Layer]) -> str:
    """The message about a layer without any of the fields that it needs, such as a bare `Conv2D`."""
    names = [name for name, required, _ in fields_of(cls) if required]
    quoted = " and ".join(f"'{name}'" for name in names)
    example = ", ".join(f"{name}: …" for name in names)
    subject = f"the fields {quoted} are" if len(names) > 1 else f"the field {quoted} is"
    return f"{subject} missing; write '{cls.__name__}: {{{example}}}'"


def stray_key(key: str, type_: str, value: Any) -> str:
    """The message about a key beside the type that is not a common one; `value` is what stands behind the type."""
    if is_misplaced(value) and value is not None:
        return f"unknown key '{key[:80]}': a comma inside {{ }} ends a value; write {type_[:80]}'s value in quotes"
    near = did_you_mean(key, COMMON)
    if near:
        return f"unknown key '{key[:80]}'{near}"
    if value is None:
        return f"unknown key '{key[:80]}'; write it two columns further in, so that it is a field of '{type_[:80]}:'"
    return f"unknown key '{key[:80]}': the fields of the layer stand inside '{type_[:80]}: {{…}}'"


def is_misplaced(value: Any) -> bool:
    """Whether a type's value, nothing or half an expression, shows that its other half stands elsewhere."""
    return value is None or (isinstance(value, str) and "$(" in value and value.count("(") > value.count(")"))
