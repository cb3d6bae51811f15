"""A place in a document → line and column. Only errors ask, so the text is read again for them."""

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any

from paramcalc.errors import DocPath, Position

_BLANKS = re.compile(r"[ \t\n\r]*")
_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}:,]', re.DOTALL)
# Numbers are left as text: a huge one must not cost, or fail, here.
_decoder: Any = json.JSONDecoder(parse_int=str, parse_float=str)
_skip = _decoder.scan_once


def offset_position(text: str, offset: int) -> Position:
    """Line and column of the character at `offset`."""
    return Position(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


class JsonPlaces:
    """Finds places in a JSON text; what was read once, to find one, is kept for the next."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._children: dict[int, dict[str | int, tuple[int, int]]] = {}
        self._lines: list[int] = []

    def locate(self, where: DocPath, key: bool = False) -> Position:
        """Where `where` is: a list's or a mapping's key, else the value; `key` asks for the key.

        What the text does not have is where the nearest thing around it is.
        """
        at = best = _blanks(self.text, 0)
        for step in where:
            if at not in self._children:
                self._children[at] = dict(_children(self.text, at))
            found = self._children[at].get(step)
            if found is None:
                break
            key_at, at = found
            best = key_at if key or self.text[at] in "[{" else at
        return self._position(best)

    def _position(self, offset: int) -> Position:
        if not self._lines:
            self._lines = [0, *(match.end() for match in re.finditer("\n", self.text))]
        line = bisect_right(self._lines, offset)
        return Position(line, offset - self._lines[line - 1] + 1)


def _blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _children(text: str, at: int) -> Iterator[tuple[str | int, tuple[int, int]]]:
    """What the list or the mapping at `at` holds: key or index → where the key and the value start."""
    opening = text[at : at + 1]
    at = _blanks(text, at + 1)
    if opening == "{":
        while text[at : at + 1] == '"':
            key_at = at
            key, at = scanstring(text, at + 1, True)
            at = _blanks(text, _blanks(text, at) + 1)
            yield key, (key_at, at)
            at = _next(text, at)
    elif opening == "[":
        index = 0
        while text[at : at + 1] not in ("]", ""):
            yield index, (at, at)
            at = _next(text, at)
            index += 1


def _next(text: str, at: int) -> int:
    """Past the value at `at` and the comma after it."""
    end = _blanks(text, _skip(text, at)[1])
    return _blanks(text, end + 1) if text[end : end + 1] == "," else end


def _tokens(text: str) -> Iterator[tuple[int, str]]:
    for match in _TOKEN.finditer(text):
        yield match.start(), match.group()


def deepest_bracket(text: str, limit: int) -> int:
    """The offset of the bracket that opens level `limit` + 1; 0 when none does."""
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
    """Keys that a mapping of this JSON text has twice, with the first and the second place of each."""
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


class YamlPlaces:
    """Finds places in a YAML text that has passed `parse_yaml`, so that composing it is known to be safe."""

    def __init__(self, text: str) -> None:
        import yaml

        loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
        self._root: Any = yaml.compose(text, Loader=loader)
        self._children: dict[int, dict[str | int, tuple[Any, Any]]] = {}

    def locate(self, where: DocPath, key: bool = False) -> Position | None:
        """As `JsonPlaces.locate`; None in an empty text."""
        node = best = self._root
        for step in where:
            found = self._below(node).get(step)
            if found is None:
                break
            key_node, node = found
            best = key_node if key or node.id != "scalar" else node
        return None if best is None else Position(best.start_mark.line + 1, best.start_mark.column + 1)

    def _below(self, node: Any) -> dict[str | int, tuple[Any, Any]]:
        """Key or index → the nodes of key and value, with those that a mapping merges."""
        found = self._children.get(id(node))
        if found is None:
            found = self._children[id(node)] = {}
            if node is not None and node.id == "sequence":
                found.update({index: (child, child) for index, child in enumerate(node.value)})
            elif node is not None and node.id == "mapping":
                for key, value in node.value:
                    if key.value == "<<" and not key.style:
                        for merged in reversed(value.value if value.id == "sequence" else [value]):
                            found.update(self._below(merged))
                found.update({key.value: (key, value) for key, value in node.value})
        return found
