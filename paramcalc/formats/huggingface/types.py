"""What transformers knows about each `model_type`: fields, defaults and classes; a line of types.jsonl each.

Only the line in question is parsed as JSON: the file has eight hundred.
"""

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

FOLDER = os.path.dirname(__file__)


def data(*path: str) -> bytes:
    """The content of a data file; importing pathlib alone would take as long as reading the largest."""
    with open(os.path.join(FOLDER, *path), "rb") as file:
        return file.read()


VERSION = "5.24"
"""The version of transformers that the data files were made with."""

KINDS = {"i": "an integer", "f": "a number", "b": "true or false", "s": "text", "l": "a list", "d": "a mapping"}
"""The letters for a field's kinds, besides n for null and * for anything."""


class Part(Struct, frozen=True):
    """A field that holds the configuration of another model.

    Attributes:
        type: its model_type if it names none; "" for one without a model_type.
        fixed: whether it has that type whatever it names.
        optional: whether null means that the part is absent.
        values: its default if the file has none.
    """

    type: str = ""
    fixed: bool = False
    optional: bool = False
    values: dict[str, Any] = {}


class ModelType(Struct, frozen=True, rename={"name": "type"}):
    """One model_type of transformers.

    Attributes:
        name: the model_type.
        fields: the configuration's fields: name → default, and the kinds of values it accepts.
        aliases: other names of its fields.
        parts: the fields that hold a configuration of their own.
        classes: the classes built from it → their heads, such as "causal_lm", "base"; "" if unknown.
    """

    name: str
    fields: dict[str, tuple[Any, str]]
    aliases: dict[str, str]
    parts: dict[str, Part]
    classes: dict[str, str]


@lru_cache(maxsize=1)
def lines() -> bytes:
    """The whole file, with a line break before each line."""
    return b"\n" + data("types.jsonl")


@lru_cache(maxsize=64)
def find_type(name: str) -> ModelType | None:
    """The type of this name."""
    start = lines().find(b'\n{"type":%s,' % msgspec.json.encode(name))
    return None if start < 0 else line_at(start + 1)


def find_class(name: str) -> ModelType | None:
    """The first type that a class of this name is built from, preferring the type with a similar name."""
    found = None
    start = 0
    wanted = b"%s:" % msgspec.json.encode(name)
    while (start := lines().find(wanted, start + 1)) >= 0:
        line = line_at(lines().rfind(b"\n", 0, start) + 1)
        if name in line.classes:
            if name.lower().startswith(line.name.replace("_", "").replace("-", "")):
                return line
            found = found or line
    return found


def line_at(start: int) -> ModelType:
    """The type of the line that begins there."""
    end = lines().find(b"\n", start)
    return msgspec.json.decode(lines()[start : end if end >= 0 else None], type=ModelType)


def type_names() -> Iterator[str]:
    """The names of all types, for messages."""
    for line in lines().splitlines()[1:]:
        yield msgspec.json.decode(line, type=ModelType).name
