"""A spec as plain values → YAML, in which every entry is one line in flow style."""

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from paramcalc.characters import is_hidden, is_mark
from paramcalc.formats.text.scalars import explain_scalar, resolve

_PLAIN = re.compile(r"[A-Za-z_$][A-Za-z0-9_.$#-]*")
"""Texts with characters that need no quotes."""


def spec_text(spec: dict[str, Any]) -> str:
    """The text of a whole spec."""
    return "".join(f"{line}\n" for line in spec_lines(spec, ""))


def spec_lines(spec: dict[str, Any], indent: str) -> Iterator[str]:
    """The lines of a spec or a block: one for each key, and those of its layers and blocks below."""
    for key, value in spec.items():
        if key == "layers":
            yield f"{indent}layers:"
            for item in value:
                yield from entry_lines(item, indent + "  ")
        elif key == "blocks":
            yield f"{indent}blocks:"
            for name, block in value.items():
                yield f"{indent}  {scalar(name)}:"
                yield from spec_lines(block, indent + "    ")
        elif key == "inputs" and isinstance(value, dict):
            yield f"{indent}inputs:"
            yield from (f"{indent}  {scalar(name)}: {flow(item)}" for name, item in value.items())
        else:
            yield f"{indent}{key}: {flow(value)}"


def entry_lines(value: Any, indent: str) -> Iterator[str]:
    """The line of an entry; those of a repeat's layers follow."""
    if isinstance(value, dict) and "repeat" in value:
        facts = {key: item for key, item in value.items() if key != "layers"}
        first, *others = spec_lines(facts | {"layers": value["layers"]}, indent + "  ")
        yield f"{indent}- {first.lstrip()}"
        yield from others
    else:
        yield f"{indent}- {entry(value)}"


def entry(value: Any) -> str:
    """An entry; a mapping of a single key needs no braces."""
    if isinstance(value, dict) and len(value) == 1:
        [(key, arguments)] = value.items()
        return f"{scalar(key)}: {flow(arguments)}"
    return flow(value)


def flow(value: Any) -> str:
    """A value in flow style."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{scalar(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    return scalar(value)


def scalar(value: Any) -> str:
    """A single value."""
    if isinstance(value, str):
        return word(value)
    if isinstance(value, float):
        return json.dumps(value).replace("-Infinity", "-.inf").replace("Infinity", ".inf").replace("NaN", ".nan")
    return json.dumps(value)


@lru_cache(1_000)
def word(text: str) -> str:
    """A text, in quotes if any YAML reader, however old, could understand it otherwise."""
    safe = _PLAIN.fullmatch(text) and "##" not in text and resolve(text) == text and explain_scalar(text) is None
    return text if safe else quoted(text)


def quoted(text: str) -> str:
    """A text in double quotes, with invisible characters and anything a CI log would interpret escaped."""
    shown = json.dumps(text, ensure_ascii=False).replace("##", "#\\x23").replace("::", ":\\x3a")
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(f"\\U{ord(char):08X}" if is_hidden(char) or is_mark(char) else char for char in shown)
