"""The `vars` of a spec or a block, and what the user or the use of the block sets → the values of the variables."""

import re
from collections import ChainMap
from collections.abc import Callable, Mapping
from typing import Any

from paramcalc.errors import DocPath, did_you_mean, echo, listed
from paramcalc.formats.native.arguments import named_arguments
from paramcalc.formats.native.entries import BlockEntry
from paramcalc.formats.native.expanded_size import SizeBudget
from paramcalc.formats.native.expressions import ExpressionError, Names, maps_of
from paramcalc.formats.native.names import Scope
from paramcalc.formats.native.problems import Problems, SpecError
from paramcalc.formats.native.templates import fill
from paramcalc.formats.native.values import value_in_scope
from paramcalc.limits import MAX_EXPRESSION, MAX_INTEGER_DIGITS

_NUMBER = r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?"


def spec_variables(raw: dict[str, Any], sets: Mapping[str, Any], where: DocPath, problems: Problems) -> dict[str, Any]:
    """The value of each variable; it may depend on those above it.

    Args:
        raw: names and raw values, in the order of the file.
        sets: names and values from the command line.
        where: the place of `vars`.
        problems: where unknown names and wrong values are noted.
    """
    for name in sets:
        if name not in raw:
            known = f"; its variables are: {listed(raw)}" if raw else "; it has none"
            near = did_you_mean(name, list(raw))
            problems.add(f"--set {name[:80]}: the spec has no such variable{near or known}", None)
    values: dict[str, Any] = {}
    room = SizeBudget(raw)
    for name, default in raw.items():
        try:
            value = fill(default, values)
            room.take(value)
        except ExpressionError as error:
            problems.add(f"{name}: {error}", (*where, name, *error.where))
            value = 1
        if name in sets:
            given = parse_value(sets[name], value)
            if not same_kind(given, value):
                problems.add(f"--set {name}: expected {kind(value)} such as {echo(value)}, got {echo(given)}", None)
                given = value
            value = given
        values[name] = value
    return values


def parse_value(text: Any, default: Any) -> Any:
    """A value from the command line: a number, true, false, null or a JSON list, or else text."""
    if isinstance(default, str) or not isinstance(text, str):  # given in Python, a value is what it is
        return text
    if text in ("true", "false"):
        return text == "true"
    if text == "null":
        return None
    if re.fullmatch(_NUMBER, text) and len(text) <= MAX_INTEGER_DIGITS:
        return float(text) if any(char in text for char in ".eE") else int(text)
    if text.startswith("[") and len(text) <= MAX_EXPRESSION:
        import json  # lists are rare, so it is not loaded before

        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return text


def kind(value: Any) -> str:
    """What kind of value this is, as errors call it."""
    for type_, word in ((bool, "true or false"), (int, "a number"), (float, "a number"), (list, "a list")):
        if isinstance(value, type_):
            return word
    return "text" if isinstance(value, str) else "a value"


def same_kind(given: Any, default: Any) -> bool:
    """Whether a value can replace the default; null can replace, and be replaced by, any value."""
    if given is None or default is None or isinstance(default, dict):
        return True
    return kind(given) == kind(default)


def block_variables(
    entry: BlockEntry, scope: Scope, spec_env: dict[str, Any], weigh: Callable[[Any, DocPath], None]
) -> Names:
    """The variables inside a use of a block: its own, then those of blocks around its definition, then the spec's.

    `weigh` bounds what they hold.
    """
    given, places = named_arguments(entry.block, entry.arguments, entry.places)
    outer = entry.block.outer
    around = spec_env if outer is None else next(env for block, env in reversed(scope.envs) if block is outer)
    if not entry.block.vars:
        return around
    env: ChainMap[str, Any] = ChainMap(
        {}, *maps_of(around)
    )  # a layer over those outside, not a copy: there may be many variables
    for name, default in entry.block.vars.items():
        if name in given:
            env[name] = value_in_scope(given[name], scope, places[name], f"{name}: ")
        else:
            where = (*entry.block.where, "vars", name)
            try:
                env[name] = fill(default, env)
            except ExpressionError as error:
                raise SpecError(f"{name}: {error}", (*where, *error.where)) from None
        if isinstance(env[name], (list, dict)):
            weigh(env[name], entry.where)
    return env
