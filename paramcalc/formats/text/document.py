"""Bytes → a document: plain values, and a way to find the line and column of each."""

import codecs
from typing import Any, Literal

from paramcalc.errors import MAX_PROBLEMS, DocPath, InputError, Key, Position, Problem
from paramcalc.formats.text import SECOND
from paramcalc.limits import MAX_JSON_BYTES, MAX_YAML_BYTES, check_size, max_bytes

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark begins with the same two bytes
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_BINARY = "this is no text, and no binary file that paramcalc knows; `paramcalc guide files` lists what is read"
_SAMPLE = 8192
"""A zero byte among this many first bytes of a file that is not UTF-8 shows that it was never meant to be text."""

_CUT_OFF = "the JSON ends in the middle of what begins here: is the file complete?"


class Document:
    """The content of a file as plain values.

    Attributes:
        name: the file, as the user gave it.
        text: the decoded text.
        value: dicts with string keys, lists, strings, ints, floats, bools, None; None for an empty file.
        kind: "json" or "yaml".
        non_finite: places (at most 20) of NaN and infinities, which only some files may contain.
        locate: finds places in the text; it does not refer to the value, which a model need not keep.
    """

    __slots__ = ("kind", "locate", "name", "non_finite", "text", "value")

    def __init__(
        self, name: str, text: str, value: Any, kind: Literal["json", "yaml"], non_finite: bool, embedded: bool
    ) -> None:
        self.name = name
        self.text = text
        self.value = value
        self.kind = kind
        self.non_finite = _non_finite(value) if non_finite else ()
        self.locate = Locator(text, kind, embedded)


class Locator:
    """Finds places in a text, or in its bytes, which it parses again only when needed.

    Attributes:
        silent: whether to find nothing for now, because errors are not going to be shown.
    """

    __slots__ = ("_embedded", "_kind", "_places", "_text", "silent")

    def __init__(self, text: str | bytes, kind: Literal["json", "yaml"], embedded: bool) -> None:
        self._text = text
        self._kind = kind
        self._embedded = embedded
        self._places: Any = None
        self.silent = False

    def __call__(self, where: DocPath) -> Position | None:
        """The line and column of a value, or of its key if it is a list or a mapping.

        A place that ends in a `Key` is always that of the key. For a value that is not in the text, this is the place
        of the nearest thing around it.
        """
        from paramcalc.formats.text import locate

        if self.silent:
            return None
        if self._embedded:  # JSON inside a JSON string, which is a single line
            return Position(1, 1)
        if self._places is None:
            places = locate.JsonPlaces if self._kind == "json" else locate.YamlPlaces
            self._places = places(self._text if isinstance(self._text, str) else self._text.decode())
        found: Position | None = self._places.locate(where, bool(where) and isinstance(where[-1], Key))
        return found


def parse(data: bytes, name: str, only_json: bool = False) -> Document:
    """Parse a text as JSON or YAML; `only_json` is for text that only programs write.

    Raises:
        InputError: with positions, for a text that is neither, or that lenient parsers would interpret differently.
    """
    text = decode(data, name, may_be_binary=not only_json)
    start = text.lstrip()[:1]
    if start and (only_json or start in '{["'):
        return _parse_json_first(text, name, only_json)
    return _parse_yaml(text, name)


def decode(data: bytes, name: str, may_be_binary: bool = False) -> str:
    """Decode UTF-8, or UTF-16 or UTF-32 with a byte order mark.

    Raises:
        InputError: for anything else; `may_be_binary` is for files that are not known to be text.
    """
    encoding = "utf-8"
    for mark, marked in _MARKS:
        if data.startswith(mark):
            encoding, data = marked, data[len(mark) :]
            break
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, "replace")
        place = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        if may_be_binary and encoding == "utf-8" and b"\0" in data[:_SAMPLE]:
            raise InputError(name, [Problem(_BINARY)]) from None
        message = f"this is not {encoding.upper()} text; save the file as UTF-8"
        raise InputError(name, [Problem(message, position=place)]) from None


def _parse_json_first(text: str, name: str, only_json: bool) -> Document:
    """Parse JSON, or YAML that looks like it; if it is neither, the error is that of the parser that got further."""
    from paramcalc.formats.text.strict_json import parse_json

    check_size(name, len(text), max_bytes(MAX_JSON_BYTES), "the file")
    try:
        value, non_finite = parse_json(text, name)
    except ValueError as error:  # a JSONDecodeError, whose module is not needed for a valid file
        problem = _json_problem(error, text)
        if only_json or problem.message == _CUT_OFF:  # not YAML either
            raise InputError(name, [problem]) from None
        try:
            document = _parse_yaml(text, name)
        except InputError as other:
            place = other.problems[0].position
            if place is not None and problem.position is not None and place > problem.position:
                raise
            raise InputError(name, [problem]) from None
        _refuse_python(document)
        return document
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        return _parse_embedded(value, name)
    return Document(name, text, value, "json", non_finite, False)


def _refuse_python(document: Document) -> None:
    """Refuse a Keras file written as `str(config)`: in YAML its None would be text."""
    from re import search

    is_keras = isinstance(document.value, dict) and "class_name" in document.value
    found = search(r"[:\[,]\s*(None)\b", document.text) if is_keras else None
    if found:
        before = document.text[: found.start(1)]
        place = Position(before.count("\n") + 1, len(before) - before.rfind("\n"))
        message = "None is Python's: the file was written with str(…); write it with model.to_json() or json.dump(…)"
        raise InputError(document.name, [Problem(message, position=place)])


def _parse_embedded(text: str, name: str) -> Document:
    """Parse JSON inside a JSON string, as `json.dump(model.to_json(), file)` writes it."""
    from json import JSONDecodeError

    from paramcalc.formats.text.strict_json import parse_json

    try:
        value, non_finite = parse_json(text, name)
    except JSONDecodeError as error:
        message = f"this is one JSON text, which holds something that is not JSON: {error.msg}"
        raise InputError(name, [Problem(message, position=Position(1, 1))]) from None
    return Document(name, text, value, "json", non_finite, True)


def _json_problem(error: Any, text: str) -> Problem:
    place = Position(error.lineno, error.colno)
    if not text[error.pos :].strip() or error.msg.startswith("Unterminated string"):
        return Problem(_CUT_OFF, position=place)
    if error.msg == "Extra data" and text[error.pos] == "{":
        return Problem(f"a second JSON {SECOND}", position=place)
    if text[error.pos] == "\0":
        return Problem("a NUL character: this is not text, or it is UTF-16 without a byte order mark", position=place)
    words = {
        "Extra data": "something follows after the end of the JSON",
        "Expecting value": "a JSON value is expected here",
        "Expecting property name enclosed in double quotes": "a key in double quotes is expected here",
    }.get(error.msg, error.msg[0].lower() + error.msg[1:])
    return Problem(f"not valid JSON: {words}", position=place)


def _parse_yaml(text: str, name: str) -> Document:
    from paramcalc.formats.text.strict_yaml import parse_yaml

    check_size(name, len(text), max_bytes(MAX_YAML_BYTES), "the YAML")
    value, non_finite = parse_yaml(text, name)
    return Document(name, text, value, "yaml", non_finite, False)


def _non_finite(value: Any) -> tuple[DocPath, ...]:
    from itertools import islice

    from paramcalc.formats.text.strict_json import is_finite, walk

    found = (tuple(place) for place, item, _ in walk(value) if item.__class__ is float and not is_finite(item))
    return tuple(islice(found, MAX_PROBLEMS))
