"""Helpers to read values and tensors, shared by several parts of the spec reader."""

from typing import Any

from paramcalc.errors import DocPath, echo
from paramcalc.formats.native.entries import Entry
from paramcalc.formats.native.expressions import ExpressionError
from paramcalc.formats.native.names import PREVIOUS, Reference, Scope, TensorName, Value
from paramcalc.formats.native.problems import SpecError
from paramcalc.formats.native.templates import fill
from paramcalc.model import Ref
from paramcalc.units import is_policy


def named(name: str, previous: Reference, scope: Scope, where: DocPath) -> Reference:
    """The tensor with a name in `inputs`; `previous` is what the entry would read without any."""
    return previous if name == PREVIOUS else TensorName(scope, name, where)


def first_of(value: Value) -> Reference:
    """The first output of the result of an entry."""
    return Ref(value) if isinstance(value, int) else value[0]


def only(sources: tuple[Reference, ...], entry: Entry) -> Reference:
    """The only input of a repeat, a group or branches."""
    if len(sources) != 1:
        raise SpecError(f"this takes one input, got {len(sources)}", (*entry.where, "inputs"))
    return sources[0]


def value_in_scope(raw: Any, scope: Scope, where: DocPath, label: str = "") -> Any:
    """The value with its expressions replaced by their values in a scope; `label` comes first in an error.

    Raises:
        SpecError: for an expression that is wrong.
    """
    try:
        return fill(raw, scope.env)
    except ExpressionError as error:
        raise SpecError(f"{label}{error}", (*where, *error.where)) from None


def check_policy(value: Any, where: DocPath) -> str:
    """A dtype, a mixed policy, or a quantized one: `int8_from_float32`.

    Raises:
        SpecError: for anything else.
    """
    if not isinstance(value, str) or not (is_policy(value) or "_from_" in value):
        raise SpecError(f"dtype: {echo(value)} is not a dtype, such as float32 or mixed_bfloat16", where)
    return value
