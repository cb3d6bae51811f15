"""Keys that any entry may have besides its type, evaluated in its scope: flags, dtype, call arguments."""

from typing import Any

from paramcalc.errors import echo
from paramcalc.formats.native.build import read_flag
from paramcalc.formats.native.entries import Entry
from paramcalc.formats.native.expressions import Names
from paramcalc.formats.native.names import Scope
from paramcalc.formats.native.problems import SpecError
from paramcalc.formats.native.values import check_policy, value_in_scope


def flag(entry: Entry, key: str, scope: Scope) -> bool:
    """The value of `when` or `trainable`, which is true if it is not written."""
    return key not in entry.common or read_flag(entry, key, scope.env, True)


def policy(entry: Entry, scope: Scope) -> str:
    """The dtype policy of an entry, or that of its scope if it names none."""
    if "dtype" not in entry.common:
        return scope.dtype
    where = (*entry.where, "dtype")
    return check_policy(value_in_scope(entry.common["dtype"], scope, where), where)


def call_options(entry: Entry, scope: Scope) -> dict[str, Any] | None:
    """Call arguments that change the result, such as `return_attention_scores`."""
    if "options" not in entry.common:
        return None
    where = (*entry.where, "options")
    value = value_in_scope(entry.common["options"], scope, where)
    if not isinstance(value, dict):
        raise SpecError(f"options: expected call arguments by name, got {echo(value)}", where)
    return value


def scope_inside(scope: Scope, name: str, env: Names, entry: Entry | None = None, sealed: bool = False) -> Scope:
    """A scope inside this one, whose paths begin with `name/`; the flags of its entry apply to everything in it."""
    step = f"{name}/" if name else ""
    first_call_prefix = None if scope.first_call_prefix is None else scope.first_call_prefix + step
    trainable, dtype = scope.trainable, scope.dtype
    if entry is not None:
        trainable, dtype = trainable and flag(entry, "trainable", scope), policy(entry, scope)
    inner = Scope(
        scope.prefix + step, env, scope, sealed, trainable, dtype, scope.notes, first_call_prefix, scope.blocks
    )
    inner.envs = scope.envs
    if not name:
        inner.counters = scope.counters
    return inner


def no_options(entry: Entry) -> None:
    """Refuse call arguments of anything but a layer.

    Raises:
        SpecError: when there are any.
    """
    if "options" in entry.common:
        raise SpecError("options are for the call of a single layer", (*entry.where, "options"))
