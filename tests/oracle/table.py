"""Helpers to write tables of oracle cases: one layer, its options, its input shapes."""

from itertools import product
from typing import Any

Shape = list[int | None]
Case = dict[str, Any]

DEFAULT = object()
"""An option value meaning "leave the option out"."""


def case(kind: str, options: dict[str, Any], *inputs: Shape, dtypes: list[str] | None = None) -> Case:
    """One case: the layer as a spec entry and its input shapes without the batch."""
    entry: Case = {"layer": {kind: options}, "inputs": list(inputs)}
    if dtypes:
        entry["dtypes"] = dtypes
    return entry


def on_each(kind: str, options: dict[str, Any], *shapes: Shape, dtypes: list[str] | None = None) -> list[Case]:
    """The same layer on each of several single inputs."""
    return [case(kind, options, shape, dtypes=dtypes) for shape in shapes]


def grid(kind: str, shapes: list[Shape], **choices: list[Any]) -> list[Case]:
    """Every combination of the options' choices on every single-input shape."""
    cases = []
    for values in product(*choices.values()):
        named = zip(choices, values, strict=True)
        options = {name: value for name, value in named if value is not DEFAULT}
        cases += on_each(kind, options, *shapes)
    return cases


def vary(kind: str, shape: Shape, base: dict[str, Any], **choices: list[Any]) -> list[Case]:
    """`base` with one option at a time replaced by each of its choices."""
    return [case(kind, {**base, name: value}, shape) for name, values in choices.items() for value in values]
