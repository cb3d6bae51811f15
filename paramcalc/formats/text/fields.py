"""Plain values → a layer with these fields: msgspec checks them, this module explains what is wrong.

It is the same for every format; the caller knows the place of the values in the file.
"""

import re
from functools import cache
from importlib import import_module
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from msgspec import Struct

from paramcalc.errors import MAX_PROBLEMS, DocPath, Key, ParamcalcError, did_you_mean, echo, listed, nearest
from paramcalc.layers.base import Layer, Sublayer
from paramcalc.layers.registry import FRAMEWORKS, framework_of

MAX_ALLOWED = 8
"""An error lists all the names that a field takes if there are no more than this."""


class FieldProblem(Struct, frozen=True):
    """What is wrong with a field, and its place relative to the layer."""

    message: str
    where: DocPath


class FieldsError(ParamcalcError):
    """One or more fields of a layer are wrong."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        super().__init__("; ".join(problem.message for problem in problems))
        self.problems = problems


def build_layer(cls: type[Layer], fields: dict[str, Any]) -> Layer:
    """The layer with these fields.

    Raises:
        FieldsError: with every field that is unknown, missing, or of the wrong type.
    """
    try:
        return msgspec.convert(fields, cls)
    except (msgspec.ValidationError, ValueError, TypeError, RecursionError):
        raise FieldsError(list(explain_fields(cls, fields))) from None


@cache
def fields_of(cls: type[Layer]) -> tuple[tuple[str, bool, Any], ...]:
    """The fields of a class: name, whether it is required, default. Cached, because msgspec is slow to collect them."""
    return tuple([(info.name, info.required, default_of(info)) for info in msgspec.structs.fields(cls)])


def default_of(info: msgspec.structs.FieldInfo) -> Any:
    """The default value of a field."""
    return info.default if info.default_factory is msgspec.NODEFAULT else info.default_factory()


def explain_fields(cls: type[Layer], fields: dict[str, Any]) -> list[FieldProblem]:
    """Every problem with these fields, with one message each."""
    hints = get_type_hints(cls, include_extras=True)
    known = cls.__struct_fields__
    problems: list[FieldProblem] = []
    meant: set[str] = set()
    for name, value in fields.items():
        if len(problems) >= MAX_PROBLEMS:
            break
        if name not in known:
            near, advice = meant_field(cls, str(name))
            meant.add(near or "")
            problems.append(FieldProblem(f"unknown field '{str(name)[:80]}'{advice}", (Key(name),)))
            continue
        try:
            msgspec.convert(value, hints[name])
        except (msgspec.ValidationError, ValueError, TypeError, RecursionError) as error:
            problems.append(explain_value(name, value, str(error), hints[name]))
    # A field that was only misspelled is not also reported as missing.
    given = meant.union(fields)
    missing = [info.name for info in msgspec.structs.fields(cls) if info.required and info.name not in given]
    return problems + [FieldProblem(f"the field '{name}' is missing", ()) for name in missing]


WORDS = {
    "int": "an integer",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
    "Sublayer": "a layer",
}
_PATH = r" - at `\$(.*)`$"


def meant_field(cls: type[Layer], name: str) -> tuple[str | None, str]:
    """The field meant by a wrong name, and a hint: the counterpart of another framework's name, or the nearest name."""
    known = cls.__struct_fields__
    names = import_module(f"paramcalc.layers.{framework_of(cls) or FRAMEWORKS[0]}.names")
    theirs: tuple[str, ...] = names.FIELD_COUNTERPARTS.get(name, ())
    near = next((field for field in theirs if field in known), None)
    if near is None and name in names.NO_FIELDS:
        return None, f"; {names.NO_FIELDS[name]}"
    near = near or nearest(name, known)
    return near, f"; did you mean '{near}'?" if near else ""


def names_in(hint: Any) -> list[str]:
    """The strings that a type allows."""
    if get_origin(hint) is Literal:
        return [name for name in get_args(hint) if isinstance(name, str)]
    return [name for part in get_args(hint) for name in names_in(part)]


def explain_value(name: str, value: Any, error: str, hint: Any) -> FieldProblem:
    """Rephrase an error from msgspec: `units: expected an integer, got 10.5`."""
    match = re.search(_PATH, error)
    inner = match.group(1) if match else ""
    where: list[str | int] = [name]
    for step in re.findall(r"\[(\d+)\]", inner):
        where.append(int(step))
        if isinstance(value, (list, tuple)) and int(step) < len(value):
            value = value[int(step)]
    text = re.sub(_PATH, "", error)
    wanted = re.match(r"Expected `([^`]*)`(.*?)(?:, got .*)?$", text)
    if wanted:
        words = " or ".join(WORDS.get(word, word) for word in wanted.group(1).split(" | "))
        text = f"expected {words}{wanted.group(2)}, got {echo(shown(value))}{surprise(value)}"
        if wanted.group(1).startswith("int") and isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
            text += f", a float; write {int(value)}"
    elif text.startswith("Invalid enum value") and isinstance(value, str):
        allowed = names_in(hint)
        near = did_you_mean(value, allowed) or (f"; use {listed(allowed)}" if len(allowed) <= MAX_ALLOWED else "")
        text = f"{echo(value)} is not one of the names that it takes{near}"
    return FieldProblem(f"{name}: {text}", tuple(where))


def surprise(value: Any) -> str:
    """A hint about a Python literal, or about how other YAML readers interpret a text, or an empty string."""
    from paramcalc.formats.text.scalars import explain_scalar, from_python

    if not isinstance(value, str):
        return ""
    ours = from_python(value)
    words = f"write {ours}" if ours else explain_scalar(value)
    return f"; {words}" if words else ""


def shown(value: Any) -> Any:
    """A value as shown in errors: a layer by its type, anything else as it is."""
    if isinstance(value, Sublayer):
        return f"a {value.type} layer"
    return value
