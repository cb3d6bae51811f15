"""The inputs of an entry and the results of a block: tensors by their names."""

from collections.abc import Callable
from typing import Any

from paramcalc.errors import DocPath, echo
from paramcalc.formats.native.entries import Entry
from paramcalc.formats.native.names import Reference, Scope, TensorName
from paramcalc.formats.native.problems import SpecError
from paramcalc.formats.native.values import named, value_in_scope
from paramcalc.limits import INPUTS_PER_STEP

Step = Callable[[DocPath, int], None]
"""Counts work done for what is at a place; raises if it is too much."""


def read_inputs(entry: Entry, scope: Scope, previous: Reference, step: Step) -> tuple[Reference, ...]:
    """What an entry reads: the names in its `inputs`, or else the entry before it."""
    raw = entry.common.get("inputs")
    if raw is None:
        return (previous,)
    where = (*entry.where, "inputs")
    value = value_in_scope(raw, scope, where)
    if isinstance(value, str):
        return (named(value, previous, scope, where),)
    if not isinstance(value, list) or not value:
        raise SpecError(f"inputs: expected a name or a list of names, got {echo(value)}", where)
    step(where, len(value) // INPUTS_PER_STEP)
    for index, item in enumerate(value):
        if not isinstance(item, str):
            raise SpecError(f"inputs: expected a name, got {echo(item)}", (*where, index))
    return tuple([named(item, previous, scope, (*where, index)) for index, item in enumerate(value)])


def read_outputs(raw: list[Any], scope: Scope, where: DocPath, step: Step) -> list[Reference]:
    """The results that the `outputs` of a block name: an expression may list them all, or be null for the last."""
    found: list[Reference] = []
    step(where, len(raw) // INPUTS_PER_STEP)
    for index, item in enumerate(raw):
        value = value_in_scope(item, scope, (*where, index))
        for name in value if isinstance(value, list) else [value] * (value is not None):
            if not isinstance(name, str):
                raise SpecError(f"outputs: expected a name, got {echo(name)}", (*where, index))
            found.append(TensorName(scope, name, (*where, index)))
    return found
