"""A place in a document → line and column. Only errors ask, so the text is read again for them."""

import json
import re
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


def locate_json(text: str, where: DocPath, key: bool = False) -> Position:
    """Where `where` is in a JSON text: a list's or a mapping's key, else the value; `key` asks for the key.

    What the text does not have is where the nearest thing around it is.
    """
    at = best = _blanks(text, 0)
    for step in where:
        found = _member(text, at, step) if isinstance(step, str) else _item(text, at, step)
        if found is None:
            break
        key_at, at = found
        best = key_at if key or text[at] in "[{" else at
    return offset_position(text, best)


def _blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at


def _member(text: str, at: int, key: str) -> tuple[int, int] | None:
    """Where `key` of the mapping at `at`, and its value, start."""
    if text[at : at + 1] != "{":
        return None
    at = _blanks(text, at + 1)
    while text[at : at + 1] == '"':
        key_at = at
        found, at = scanstring(text, at + 1, True)
        at = _blanks(text, _blanks(text, at) + 1)
        if found == key:
            return key_at, at
        at = _next(text, at)
    return None


def _item(text: str, at: int, index: int) -> tuple[int, int] | None:
    """Where an item of the list at `at` starts, twice."""
    if text[at : at + 1] != "[":
        return None
    at = _blanks(text, at + 1)
    for _ in range(index):
        if text[at : at + 1] in ("]", ""):
            return None
        at = _next(text, at)
    return None if text[at : at + 1] in ("]", "") else (at, at)


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


def compose(text: str) -> Any:
    """The node tree of a YAML text that has passed `parse_yaml`, so that its depth is known to be safe."""
    import yaml

    loader: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    return yaml.compose(text, Loader=loader)


def locate_yaml(root: Any, where: DocPath, key: bool = False) -> Position:
    """The same for a YAML text, in its tree of `compose`."""
    node = root
    best = root
    for step in where:
        found = _yaml_member(node, step) if isinstance(step, str) else _yaml_item(node, step)
        if found is None:
            break
        key_node, node = found
        best = key_node if key or node.id != "scalar" else node
    mark = best.start_mark
    return Position(mark.line + 1, mark.column + 1)


def _yaml_item(node: Any, index: int) -> tuple[Any, Any] | None:
    if node.id != "sequence" or index >= len(node.value):
        return None
    return node.value[index], node.value[index]


def _yaml_member(node: Any, key: str) -> tuple[Any, Any] | None:
    """Key and value; where the mapping itself has no such key, those of what it merges."""
    if node.id != "mapping":
        return None
    merges: list[Any] = []
    for key_node, value in node.value:
        if key_node.value == key:
            return key_node, value
        if key_node.value == "<<" and key_node.style is None:
            merges += value.value if value.id == "sequence" else [value]
    for merged in merges:
        found = _yaml_member(merged, key)
        if found is not None:
            return found
    return None
