"""Helpers to write tables of cases of bare operations: a class of keras.ops, its settings, and its arguments."""

from typing import Any

Shape = list[int | None]
Case = dict[str, Any]

DTYPES = {"i": "int32", "b": "bool", "c": "complex64", "f": "float32"}


class _Given:
    """Stands for "the inputs in their order" where a case names no arguments."""


def tensor(number: int) -> dict[str, int]:
    """An argument that is one of the case's inputs."""
    return {"input": number}


def tensors(*numbers: int) -> list[dict[str, int]]:
    """An argument that is a list of the case's inputs."""
    return [tensor(number) for number in numbers]


def case(
    name: str, *inputs: Shape, args: Any = _Given, kwargs: dict[str, Any] | None = None, types: str = "", **config: Any
) -> Case:
    """One case.

    Args:
        name: the operation's class.
        inputs: the shapes of the tensors that it reads, with the batch.
        args: the arguments of its call; the inputs in their order where left out.
        kwargs: the arguments that are given by name.
        types: one letter for each input's dtype, as in `DTYPES`; float32 for those left out.
        config: the settings of the operation.
    """
    found: Case = {"op": name, "inputs": list(inputs)}
    if config:
        found["config"] = config
    if args is not _Given:
        found["args"] = args
    if kwargs:
        found["kwargs"] = kwargs
    if types:
        found["dtypes"] = [DTYPES[letter] for letter in types.ljust(len(inputs), "f")]
    return found


def listed(name: str, *inputs: Shape, **config: Any) -> Case:
    """A case whose call takes one list of all inputs."""
    return case(name, *inputs, args=[tensors(*range(len(inputs)))], **config)


def each(names: str, *cases: tuple[Any, ...], types: str = "", **config: Any) -> list[Case]:
    """Every operation of `names` on every one of the tuples of inputs."""
    return [case(name, *inputs, types=types, **config) for name in names.split() for inputs in cases]


def vary(name: str, *shapes: Shape, types: str = "", base: dict[str, Any] | None = None, **choices: Any) -> list[Case]:
    """One setting at a time with each of its choices, on every single-input shape."""
    return [
        case(name, shape, types=types, **{**(base or {}), key: value})
        for key, values in choices.items()
        for value in values
        for shape in shapes
    ]


def sliced(start: int | None = None, stop: int | None = None, step: int | None = None) -> dict[str, Any]:
    """A slice as Keras writes it."""
    return {"class_name": "__slice__", "config": {"start": start, "stop": stop, "step": step}}


ELLIPSIS: dict[str, Any] = {"class_name": "__ellipsis__", "config": {}}
