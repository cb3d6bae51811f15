"""JSON text → plain values, with what lenient readers let pass refused.

msgspec parses twice as fast as the standard json, but keeps the last of duplicate keys and rounds huge
integers. So it does the ordinary file, whose keys are then counted; whatever is out of the ordinary goes to the
standard json with hooks, which says what is wrong.
"""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from paramcalc.errors import MAX_PROBLEMS, DocPath, InputError, Problem, echo
from paramcalc.limits import MAX_DEPTH, MAX_INTEGER_DIGITS

_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * (MAX_INTEGER_DIGITS + 1)
_CONTAINERS = frozenset((dict, list))
_HUGE = 10**MAX_INTEGER_DIGITS


def parse_json(text: str, name: str) -> tuple[Any, bool]:
    """The value of a JSON document, and whether it holds infinities or NaN.

    Raises:
        json.JSONDecodeError: when it is not JSON.
        InputError: when it is, but nested too deep, or with duplicate keys, huge integers, half characters.
    """
    raw = text.encode()
    # A key ends in `":` unless blanks stand before the colon: then, counting those finds every key.
    if not any(blank in raw for blank in (b" :", b"\n:", b"\r:", b"\t:")):
        long_number = raw.translate(_DIGITS_TO_ZERO).rfind(_LONG_NUMBER) >= 0
        value = _MISSING if long_number else _decode(raw)
        if value is not _MISSING:
            depth, keys = measure(value)
            if depth <= MAX_DEPTH and keys == raw.count(b'":'):
                return value, False
    return _parse_carefully(text, name)


_MISSING = object()


def _decode(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _MISSING


def measure(value: Any) -> tuple[int, int]:
    """How deep lists and mappings are nested, and how many keys all mappings have."""
    depth = keys = 0
    level = [value]
    while level:
        depth += 1
        below: list[Any] = []
        for item in level:
            if item.__class__ is dict:
                keys += len(item)
                item = item.values()
            elif item.__class__ is not list:
                continue
            below += [child for child in item if child.__class__ in _CONTAINERS]
        level = below
    return depth, keys


def _parse_carefully(text: str, name: str) -> tuple[Any, bool]:
    """The same with the standard json, whose hooks see everything."""
    from paramcalc.readers.locate import deepest_bracket, duplicate_keys, offset_position

    duplicates = False

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal duplicates
        found = dict(pairs)
        duplicates = duplicates or len(found) != len(pairs)
        return found

    try:
        value = json.loads(text, object_pairs_hook=unique, parse_int=_integer)
        too_deep = measure(value)[0] > MAX_DEPTH
    except RecursionError:
        too_deep = True
    if too_deep:
        place = offset_position(text, deepest_bracket(text, MAX_DEPTH))
        message = f"lists and mappings are nested more than {MAX_DEPTH} deep"
        raise InputError(name, [Problem(message, position=place)])
    if duplicates:
        found = duplicate_keys(text, MAX_PROBLEMS)
        raise InputError(
            name,
            [
                Problem(f"duplicate key {echo(key)}", None, None, second, (("first used here", first),))
                for key, first, second in found
            ],
        )
    return value, _check_leaves(value, text, name)


def _integer(digits: str) -> int:
    """An int; of a huge one only that it is huge, since converting a million digits takes minutes."""
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS + 1 else _HUGE


def _check_leaves(value: Any, text: str, name: str) -> bool:
    """Refuse huge integers and half characters; say whether a number is not finite."""
    from paramcalc.readers.locate import locate_json

    non_finite = False
    problems: list[Problem] = []
    for where, leaf in leaves(value):
        if isinstance(leaf, float):
            non_finite = non_finite or not is_finite(leaf)
        elif isinstance(leaf, int) and not -_HUGE < leaf < _HUGE:
            message = f"an integer of more than {MAX_INTEGER_DIGITS} digits"
            problems.append(Problem(message, where, position=locate_json(text, where)))
        elif any(isinstance(part, str) and _is_broken(part) for part in (leaf, *where)):
            message = "a text holds half of a surrogate pair (\\ud800 … \\udfff), which is no character"
            problems.append(Problem(message, where, position=locate_json(text, where)))
        if len(problems) == MAX_PROBLEMS:
            break
    if problems:
        raise InputError(name, problems)
    return non_finite


def is_finite(number: float) -> bool:
    """Neither NaN nor an infinity."""
    return abs(number) < float("inf")


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def leaves(value: Any) -> Iterator[tuple[DocPath, Any]]:
    """Everything that holds nothing, with its place, in the order of the document."""
    stack: list[tuple[DocPath, Any]] = [((), value)]
    while stack:
        where, item = stack.pop()
        children: Any = ()
        if isinstance(item, dict):
            children = list(item.items())
        elif isinstance(item, list):
            children = list(enumerate(item))
        if children:
            stack.extend(((*where, step), child) for step, child in reversed(children))
        else:
            yield where, item
