"""Arguments of a type by name, given as a mapping, a list in order, the main argument alone, or nothing."""

from typing import Any

from paramcalc.errors import DocPath, at_key, did_you_mean, echo, listed
from paramcalc.formats.native.entries import COMMON, Block
from paramcalc.formats.native.mistakes import split_tuple
from paramcalc.formats.native.problems import SpecError
from paramcalc.layers.base import Layer

Arguments = tuple[dict[str, Any], dict[str, DocPath]]
"""Raw values by name, and the place of each in the document."""


def layer_arguments(cls: type[Layer], value: Any, base: DocPath) -> Arguments:
    """The fields of a layer by name, in whichever form they are given.

    Raises:
        SpecError: for more arguments than there are fields, or an entry's key inside the fields.
    """
    names = cls.__struct_fields__
    if isinstance(value, dict):
        if holds_layer(cls, value):
            return {names[0]: value}, {names[0]: base}
        for key in COMMON:
            if key in value and key not in names:
                raise SpecError(f"'{key}' stands beside {cls.__name__}, not inside it", at_key((*base, key)))
        tuple_ = None if all(key in names for key in value) else split_tuple(value)
        if tuple_ is not None:
            name, right = tuple_
            raise SpecError(f"{name}: a list stands in [ ]; write {name}: {right[:40]}", (*base, name))
        return dict(value), {key: (*base, key) for key in value}
    if isinstance(value, list) and cls.list_argument:
        return {names[0]: value}, {names[0]: base}
    return positional(cls.__name__, cls.positional(len(value) if isinstance(value, list) else 1), value, base)


def holds_layer(cls: type[Layer], value: dict[str, Any]) -> bool:
    """Whether a mapping is a layer that is the main argument, as in `Bidirectional: {LSTM: 64}`, and not fields."""
    names = cls.__struct_fields__
    return bool(names) and names[0] in cls.sublayers and not any(key in names for key in value)


def positional(type_: str, names: tuple[str, ...], value: Any, base: DocPath) -> Arguments:
    """Arguments without names: a list has them in order; anything else is the first."""
    if value is None:
        return {}, {}
    values = value if isinstance(value, list) else [value]
    if len(values) == 1 and names:
        return {names[0]: values[0]}, {names[0]: (*base, 0) if isinstance(value, list) else base}
    if len(values) > len(names):
        takes = f"at most {len(names)} arguments" if names else "no arguments"
        raise SpecError(f"{type_} takes {takes}, got {echo(value)}", base)
    places = [(*base, index) for index in range(len(values))] if isinstance(value, list) else [base]
    return dict(zip(names, values, strict=False)), dict(zip(names, places, strict=False))


def block_arguments(value: Any, base: DocPath) -> Arguments:
    """The variables given to a block where it is used."""
    if not isinstance(value, dict):
        # The block may be defined further down: its variables get their names when it is expanded.
        return {"": value}, {"": base}
    return dict(value), {key: (*base, key) for key in value}


def named_arguments(block: Block, arguments: dict[str, Any], places: dict[str, DocPath]) -> Arguments:
    """The arguments of a use of a block by name, once the block has been read.

    Raises:
        SpecError: for one that is no variable of the block, or too many.
    """
    names = tuple(block.vars)
    if "" in arguments:
        return positional(f"block '{block.name}'", names, arguments[""], places[""])
    for key in arguments:
        if key not in block.vars:
            if key in COMMON:
                raise SpecError(f"'{key}' stands beside {block.name}, not inside it", at_key(places[key]))
            write = f"write vars: {{{key[:40]}: …}} beside its layers"
            has = f"its variables are {listed(names)}" if names else write
            message = f"block '{block.name}' has no variable '{key[:80]}'{did_you_mean(key, names) or f'; {has}'}"
            raise SpecError(message, at_key(places[key]))
    return arguments, places
