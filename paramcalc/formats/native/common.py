"""What any entry may have beside its type → values in its scope: flags, a dtype, call arguments."""

from typing import Any

from paramcalc.errors import echo
from paramcalc.formats.native.build import read_flag
from paramcalc.formats.native.entries import Entry
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
