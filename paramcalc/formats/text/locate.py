"""A place in a document → its line and column. Only errors need these, so the text is parsed again for them."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from paramcalc.errors import DocPath, Position

_BLANKS = re.compile(r"[ \t\n\r]*")
_STRIDE = 64
"""The number of items of a list that are skipped at a time; the offset after each such step is kept."""
_SIMPLE_ITEMS = re.compile(rf'(?>[^"\[\]{{}},]*(?:"[^"\\]*"[ \t\n\r]*)?,){{{_STRIDE}}}')
"""Matches this many items, none of which is a list, a mapping, or a string with an escape."""
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}:,]', re.DOTALL)
# Numbers are left as text, so that a huge one cannot be slow or fail here.
_decoder: Any = json.JSONDecoder(parse_int=str, parse_float=str)
_skip = _decoder.scan_once


def offset_position(text: str, offset: int) -> Position:
    """The line and column of the character at `offset`."""
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


class JsonPlaces:
    """Finds places in a JSON text; whatever was parsed to find one is kept for the next.

    A list in a text of a few megabytes may have millions of items, so it is parsed only as far as needed.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._keys: dict[int, dict[str, tuple[int, int]]] = {}
        self._strides: dict[int, list[int]] = {}
        self._lines: list[int] = []

    def locate(self, where: DocPath, key: bool = False) -> Position:
        """The line and column of a value, or of its key if it is a list or a mapping, or if `key` is set.

        For a value that is not in the text, this is the place of the nearest thing around it.
        """
        at = best = _blanks(self.text, 0)
        for step in where:
            found = self._item(at, step) if isinstance(step, int) else self._value(at, step)
            if found is None:
                break
            key_at, at = found
            best = key_at if key or self.text[at] in "[{" else at
        return self._position(best)

    def _value(self, at: int, key: str) -> tuple[int, int] | None:
        """The offsets of a key and its value in the mapping at `at`."""
        if at not in self._keys:
            self._keys[at] = dict(_keys(self.text, at))
        return self._keys[at].get(key)

    def _item(self, at: int, index: int) -> tuple[int, int] | None:
        """The offset of an item of the list at `at`, twice, as an item has no key."""
        if self.text[at : at + 1] != "[":
            return None
        strides = self._strides.setdefault(at, [_blanks(self.text, at + 1)])
        while len(strides) <= index // _STRIDE:
            strides.append(_after(self.text, strides[-1], _STRIDE))
        found = _after(self.text, strides[index // _STRIDE], index % _STRIDE)
        return None if _ends(self.text, found) else (found, found)

    def _position(self, offset: int) -> Position:
        if not self._lines:
            self._lines = [0, *(match.end() for match in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1] + 1)


def _blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _keys(text: str, at: int) -> Iterator[tuple[str, tuple[int, int]]]:
    """Yield the keys of the mapping at `at`, each with its offset and that of its value."""
    opening = text[at : at + 1]
    at = _blanks(text, at + 1)
    while opening == "{" and text[at : at + 1] == '"':
        key_at = at
        key, at = scanstring(text, at + 1, True)
        at = _blanks(text, _blanks(text, at) + 1)
        yield key, (key_at, at)
        at = _next(text, at)


def _after(text: str, at: int, items: int) -> int:
    """The offset after this many items of a list, or that of its end."""
    simple = _SIMPLE_ITEMS.match(text, at) if items == _STRIDE else None
    if simple:
        return _blanks(text, simple.end())
    for _ in range(items):
        if _ends(text, at):
            break
        at = _next(text, at)
    return at


def _ends(text: str, at: int) -> bool:
    """Whether a list ends at this offset."""
    return text[at : at + 1] in ("]", "")


def _next(text: str, at: int) -> int:
    """The offset after the value at `at` and the comma that follows it."""
    end = _blanks(text, _skip(text, at)[1])
    return _blanks(text, end + 1) if text[end : end + 1] == "," else end


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    for match in _TOKEN.finditer(text):
        yield match.start(), match.group()


def deepest_bracket(text: str, limit: int) -> int:
    """The offset of the first bracket that opens level `limit` + 1; 0 if there is none."""
    depth = 0
    for at, token in _tokens(text):
        if token in "[{":
            depth += 1
            if depth > limit:
                return at
        elif token in "]}":
            depth -= 1
    return 0


def duplicate_keys(text: str, limit: int) -> list[tuple[str, Position, Position]]:
    """The keys that occur twice in a mapping of a JSON text, each with its first and second position."""
    found: list[tuple[str, Position, Position]] = []
    stack: list[dict[str, int]] = []
    string, string_at = "", 0
    for at, token in _tokens(text):
        if token[0] == '"':
            string, string_at = token, at
        elif token == "{" or token == "[":
            stack.append({})
        elif token == "]" or token == "}":
            stack.pop()
        elif token == ":":
            key = json.loads(string)
            first = stack[-1].setdefault(key, string_at)
            if first != string_at:
                found.append((key, offset_position(text, first), offset_position(text, string_at)))
                if len(found) == limit:
                    break
    return found


class _Node:
    """A value in a YAML text: its position, and what it contains.

    Attributes:
        children: key or index → its position and value.
        key: for a mapping that is being read, the key whose value comes next, and its position.
        merged: the mappings merged by `<<`, of which the first takes precedence; until they are read, the list of them.
    """

    __slots__ = ("at", "children", "key", "kind", "merged")

    def __init__(self, kind: str, at: Position) -> None:
        self.kind = kind
        self.at = at
        self.children: dict[str | int, tuple[Position, _Node]] = {}
        self.key: tuple[str | None, Position] | None = None
        self.merged: list[_Node] = []


class YamlPlaces:
    """Finds places in a YAML text that `parse_yaml` has accepted, using the event stream as it does.

    PyYAML's composer would create such nodes, but refuses an anchor that is used twice.
    """

    def __init__(self, text: str) -> None:
        import yaml

        from paramcalc.formats.text.strict_yaml import LOADER

        self._kinds = {yaml.ScalarEvent: "scalar", yaml.SequenceStartEvent: "list", yaml.MappingStartEvent: "mapping"}
        self._anchors: dict[str, _Node] = {}
        self._open: list[_Node] = []
        self._root: _Node | None = None
        for event in iter(LOADER(text).get_event, None):
            if isinstance(event, yaml.NodeEvent):
                self._start(event)
            elif isinstance(event, yaml.CollectionEndEvent):
                node = self._open.pop()
                for other in node.merged:
                    node.children = other.children | node.children
                if node.kind == "list" and self._open and self._open[-1].merged[-1:] == [node]:
                    self._open[-1].merged[-1:] = [child for _, child in node.children.values()]

    def locate(self, where: DocPath, key: bool = False) -> Position | None:
        """Like `JsonPlaces.locate`; None for an empty text."""
        node = self._root
        if node is None:
            return None
        best = node.at
        for step in where:
            found = node.children.get(step)
            if found is None:
                break
            key_at, node = found
            best = node.at if node.kind == "scalar" and not key else key_at
        return best

    def _start(self, event: Any) -> None:
        """Record the start of a value or a key."""
        at = Position(event.start_mark.line + 1, event.start_mark.column + 1)
        kind = self._kinds.get(type(event))
        node = self._anchors[event.anchor] if kind is None else _Node(kind, at)
        if event.anchor is not None:
            self._anchors[event.anchor] = node
        if not self._open:
            self._root = node
        elif self._open[-1].kind == "list":
            self._open[-1].children[len(self._open[-1].children)] = (at, node)
        elif self._open[-1].key is None:
            is_merge = event.value == "<<" and event.implicit[0]
            self._open[-1].key = (None if is_merge else event.value, at)
        else:
            key, key_at = self._open[-1].key
            self._open[-1].key = None
            if key is not None:
                self._open[-1].children[key] = (key_at, node)
            else:
                self._open[-1].merged.append(node)
        if kind in ("list", "mapping"):
            self._open.append(node)
