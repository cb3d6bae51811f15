"""What transformers knows of each `model_type`: its fields and their defaults, its classes; a line of types.jsonl each.

Only the line that is asked for is read as JSON: the file has eight hundred.
"""

import os
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct

FOLDER = os.path.dirname(__file__)


def data(*path: str) -> bytes:
    """The content of a file of this package; pathlib alone would take as long to import as the largest to read."""
    with open(os.path.join(FOLDER, *path), "rb") as file:
        return file.read()


VERSION = "5.24"
"""The version of transformers that the file was made with."""

KINDS = {"i": "an integer", "f": "a number", "b": "true or false", "s": "text", "l": "a list", "d": "a mapping"}
"""The letters of a field's kinds, but for n, null, and *, anything."""


class Part(Struct, frozen=True):
    """A field that holds the configuration of another model.

    Attributes:
        type: its model_type where it says none; "" for one that no model_type has.
        fixed: whether it is of that type whatever it says.
        optional: whether null means that there is none.
        values: what it is where the file has none.
    """

    type: str = ""
    fixed: bool = False
    optional: bool = False
    values: dict[str, Any] = {}


class ModelType(Struct, frozen=True, rename={"name": "type"}):
    """One model_type of transformers.

    Attributes:
        name: the model_type.
        fields: the configuration's fields: name → default, and the kinds of values that it takes.
        aliases: other names of its fields.
        parts: the fields that hold a configuration of their own.
        classes: the classes built from it → what they are for, such as "causal_lm", "base"; "" where nothing says that.
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
    """The first type that a class of this name is built from; the one that is called like it comes first."""
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
    """The names of all types; only for messages."""
    for line in lines().splitlines()[1:]:
        yield msgspec.json.decode(line, type=ModelType).name
