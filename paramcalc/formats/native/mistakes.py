"""Recognises the usual mistakes in specs that are valid YAML, and says what to write instead."""

import re
from collections.abc import Sequence
from typing import Any

from paramcalc.errors import did_you_mean, nearest
from paramcalc.formats.native.entries import COMMON, LayerEntry
from paramcalc.formats.native.problems import SpecError
from paramcalc.formats.text.fields import fields_of
from paramcalc.layers.base import Layer


def check_merge(entry: LayerEntry, sources: Sequence[Any]) -> None:
    """Refuse a layer that merges tensors and is called with a single one, as the frameworks do.

    They accept a list of one tensor, which is `inputs: [a]` here.

    Raises:
        SpecError: at the layer.
    """
    raw = entry.common.get("inputs")
    if entry.cls.merges and len(sources) == 1 and (raw is None or (isinstance(raw, str) and "$" not in raw)):
        reads = f"'{raw[:40]}'" if raw is not None else "the entry before it"
        first = "previous" if raw is None else raw[:40]
        message = f"{entry.type} merges tensors, but reads only {reads}; write inputs: [{first}, …]"
        raise SpecError(message, (*entry.where, "inputs") if raw is not None else entry.where)


def no_list(raw: Any) -> str:
    """What to write instead of layers without their dashes, or without the space after a dash."""
    first = next(iter(raw), None) if isinstance(raw, dict) else None
    if not isinstance(first, str):
        return ""
    if first.startswith("-"):
        return f"; write '- {first[1:40]}', with a space after the dash"
    return f"; write '- ' before each layer: '- {first[:40]}: …'"


_RUN_TOGETHER = r"([A-Za-z][\w.]*)(?::(\S.*)|\((.*)\)| +\{(.*))$"


def misspelled(name: str) -> str | None:
    """What to write instead of a type that runs into its arguments: `Dense:3`, `Dense(3)`, `Dense {units`."""
    found = re.match(_RUN_TOGETHER, name[:80])
    if not found:
        return None
    type_, colon, call, braces = found.groups()
    if call == "":
        return f"there is no layer type '{name[:80]}'; write '{type_}'"
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


def split_tuple(fields: dict[str, Any]) -> tuple[str, str] | None:
    """Which field has a tuple as Python writes it, which YAML splits inside braces, and the list to write instead.

    `{kernel_size: (3, 5)}` is read as `{kernel_size: "(3", "5)": null}`.
    """
    rest = iter(fields.items())
    for name, value in rest:
        if isinstance(value, str) and value.startswith("(") and ")" not in value:
            parts = [value[1:]]
            for key, nothing in rest:
                parts.append(str(key))
                if nothing is not None:
                    return None
                if parts[-1].endswith(")"):
                    return name, f"[{', '.join(parts)[:-1]}]"
    return None


def meant_keys(raw: dict[str, Any], type_: str) -> dict[str, Any]:
    """The values of misspelled common keys under the keys that are meant, so that a name is known to its readers."""
    others = [key for key in raw if key != type_ and key not in COMMON]
    found = {nearest(key, COMMON): raw[key] for key in others}
    return {key: value for key, value in found.items() if key is not None and key not in raw}


def is_misplaced(value: Any) -> bool:
    """Whether a type's value, nothing or half an expression, shows that its other half stands elsewhere."""
    return value is None or (isinstance(value, str) and "$(" in value and value.count("(") > value.count(")"))
