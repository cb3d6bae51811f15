"""JSON text → plain values, refusing what lenient parsers would accept.

msgspec parses twice as fast as the standard json, but keeps the last of duplicate keys and rounds huge integers. It
therefore parses ordinary files, whose values are encoded again to check that nothing was lost; anything unusual goes to
the standard json, with hooks that find out what is wrong.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from paramcalc.errors import MAX_PROBLEMS, DocPath, InputError, Problem, echo
from paramcalc.limits import MAX_DEPTH, MAX_INTEGER_DIGITS

_DIGITS_TO_ZERO = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * (MAX_INTEGER_DIGITS + 1)
_PIECE = 64 * 1024
"""Bytes of a text that are searched at a time, few enough to stay in the processor's cache."""
_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NOT_BRACKETS = bytes(set(range(256)) - set(b'[]{}"'))
_CONTAINERS = frozenset((dict, list))
_HUGE: int = 10**MAX_INTEGER_DIGITS


def parse_json(text: str, name: str) -> tuple[Any, bool]:
    """The value of a JSON document, and whether it contains infinities or NaN.

    Raises:
        json.JSONDecodeError: when it is not JSON.
        InputError: for JSON that is nested too deep, or has duplicate keys, huge integers or lone surrogates.
    """
    raw = text.encode()
    # \u003a is a colon that is not written as one, so counting colons would prove nothing.
    if ("\\" not in text or "\\u" not in text) and not has_huge_integer(raw):
        value = _decode(raw)
        if value is not _MISSING:
            again = msgspec.json.encode(value)
            # Every key has a colon, and of duplicate keys only one is encoded again: fewer colons mean that one was
            # lost.
            if again.count(b":") == raw.count(b":") and is_shallow(again):
                return value, False
    return _parse_carefully(text, name)


_MISSING = object()


def has_huge_integer(raw: bytes) -> bool:
    """Whether there are more consecutive digits than an integer may have, except in a fraction.

    A large text is searched in pieces: allocating memory for a full copy would take longer than filling it.
    """
    start = 0
    while start < len(raw):
        end = raw.find(b",", start + _PIECE)
        end = end if end >= 0 else len(raw)
        if _has_huge_integer(raw[start:end]):
            return True
        start = end
    return False


def _has_huge_integer(raw: bytes) -> bool:
    zeros = raw.translate(_DIGITS_TO_ZERO)
    at = zeros.find(_LONG_NUMBER)
    while at >= 0 and zeros[at - 1 : at] == b".":
        at = zeros.find(_LONG_NUMBER, at + len(_LONG_NUMBER))
    return at >= 0


def _decode(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _MISSING


def is_shallow(raw: bytes, depth: int = MAX_DEPTH) -> bool:
    """Whether at most `depth` brackets are open at once; also False if brackets in strings make this unclear.

    Removing all innermost pairs at once, as many times as there are levels, is ten times faster than walking the text.
    """
    if b'\\"' in raw:  # escaped quotes could hide where a string ends
        raw = raw.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = raw.translate(_ONE_KIND, _NOT_BRACKETS).replace(b'""', b"")
    for _ in range(depth):
        if not brackets:
            return True
        before = len(brackets)
        brackets = brackets.replace(b"[]", b"")
        if len(brackets) == before:
            return False
    return not brackets


def depth_of(value: Any) -> int:
    """The nesting depth of lists and mappings."""
    depth = 0
    level = [value]
    while level:
        depth += 1
        below: list[Any] = []
        for item in level:
            children = item.values() if item.__class__ is dict else item
            below += [child for child in children if child.__class__ in _CONTAINERS]
        level = below
    return depth


def _parse_carefully(text: str, name: str) -> tuple[Any, bool]:
    """Parse with the standard json, whose hooks see every value."""
    import json  # only needed for unusual files

    from paramcalc.formats.text.locate import deepest_bracket, duplicate_keys, offset_position

    hooks = _Hooks()
    try:
        value = json.loads(
            text,
            object_pairs_hook=hooks.mapping,
            parse_int=hooks.integer,
            parse_float=hooks.number,
            parse_constant=hooks.number,
        )
        too_deep = value.__class__ in _CONTAINERS and depth_of(value) > MAX_DEPTH
    except RecursionError:
        too_deep = True
    if too_deep:
        place = offset_position(text, deepest_bracket(text, MAX_DEPTH))
        message = f"lists and mappings are nested more than {MAX_DEPTH} deep"
        raise InputError(name, [Problem(message, position=place)])
    if hooks.duplicates:
        found = duplicate_keys(text, MAX_PROBLEMS)
        raise InputError(
            name,
            [
                Problem(f"duplicate key {echo(key)}", None, None, second, (("first used here", first),))
                for key, first, second in found
            ],
        )
    if hooks.huge or "\\ud" in text or "\\uD" in text:
        _check_leaves(value, text, name)
    return value, hooks.non_finite


class _Hooks:
    """The hooks that json calls for each value, which record anything unusual."""

    def __init__(self) -> None:
        self.duplicates = False
        self.huge = False
        self.non_finite = False

    def mapping(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        self.duplicates = self.duplicates or len(found) != len(pairs)
        return found

    def integer(self, digits: str) -> int:
        """An int. A huge one is only recorded as such: converting a million digits takes minutes."""
        if len(digits) - (digits[0] == "-") > MAX_INTEGER_DIGITS:
            self.huge = True
            return _HUGE
        return int(digits)

    def number(self, text: str) -> float:
        found = float(text)
        self.non_finite = self.non_finite or not is_finite(found)
        return found


def _check_leaves(value: Any, text: str, name: str) -> None:
    """Refuse huge integers and lone surrogates, each with its place."""
    from paramcalc.formats.text.locate import JsonPlaces

    locate = JsonPlaces(text).locate
    problems: list[Problem] = []
    message = "a string holds half of a surrogate pair (\\ud800 … \\udfff), which is not a character"
    for path, item, is_key in walk(value):
        if isinstance(item, int) and item >= _HUGE:
            where = tuple(path)
            huge = f"an integer of more than {MAX_INTEGER_DIGITS} digits"
            problems.append(Problem(huge, where, position=locate(where)))
        elif isinstance(item, str) and _is_broken(item):
            where = tuple(path)
            problems.append(Problem(message, where, position=locate(where, is_key)))
        if len(problems) == MAX_PROBLEMS:
            break
    if problems:
        raise InputError(name, problems)


def is_finite(number: float) -> bool:
    """Whether a number is neither NaN nor an infinity."""
    return abs(number) < float("inf")


def _is_broken(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def walk(value: Any) -> Iterator[tuple[list[str | int], Any, bool]]:
    """Yield every key and every leaf in document order, with its place and whether it is a key.

    A leaf is a scalar or an empty container. The place is a single list that is modified on the way, since building a
    new one each time takes much longer than the walk itself when values are deeply nested. Copy it to keep it.
    """
    if not value or value.__class__ not in _CONTAINERS:
        yield [], value, False
        return
    place: list[str | int] = [0]
    stack: list[Iterator[tuple[Any, Any]]] = [_steps(value)]
    while stack:
        for step, item in stack[-1]:
            place[-1] = step
            if step.__class__ is str:
                yield place, step, True
            if item and item.__class__ in _CONTAINERS:
                stack.append(_steps(item))
                place.append(0)
                break
            yield place, item, False
        else:
            stack.pop()
            place.pop()


def leaves(value: Any) -> Iterator[tuple[DocPath, Any]]:
    """Yield every leaf with its place, in document order."""
    return ((tuple(place), item) for place, item, is_key in walk(value) if not is_key)


def _steps(value: Any) -> Iterator[tuple[Any, Any]]:
    return iter(value.items()) if value.__class__ is dict else enumerate(value)
