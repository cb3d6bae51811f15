"""Helpers to write tables of cases; shapes are whole, the batch (or whatever is axis 0) included."""

from itertools import product
from typing import Any

Case = dict[str, Any]


def case(kind: str, options: dict[str, Any], *inputs: list[int], call: dict[str, Any] | None = None) -> Case:
    """One case; `call` has the arguments of the call that are no tensors."""
    return {"layer": {kind: options}, "inputs": list(inputs)} | ({"call": call} if call else {})


def each(kind: str, options: dict[str, Any], *shapes: list[int]) -> list[Case]:
    """The same module on each of several single inputs."""
    return [case(kind, options, shape) for shape in shapes]


def grid(kind: str, base: dict[str, Any], shapes: list[list[int]], **choices: list[Any]) -> list[Case]:
    """Every combination of the choices on every single input."""
    found = []
    for values in product(*choices.values()):
        found += each(kind, base | dict(zip(choices, values, strict=True)), *shapes)
    return found


def vary(kind: str, base: dict[str, Any], inputs: list[list[int]], **choices: list[Any]) -> list[Case]:
    """`base` with one option at a time replaced by each of its choices."""
    return [case(kind, base | {name: value}, *inputs) for name, values in choices.items() for value in values]
