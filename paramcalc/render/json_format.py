"""The JSON that programs read: every name exact, no character in it that drives a terminal or a CI log."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from paramcalc.render import Look, Shown
from paramcalc.summary import Summary

FIRST = ("schema_version", "name", "source", "format")
"""The fields that say what this is stand first."""

ROWS = 1_000
"""How many entries of a list are encoded at once: encoding all of a large model's would double the memory."""


def indented(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """An object for each model, which a person can read as well."""
    for each in shown:
        yield from summary_json(each.summary)


def lines(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """An object for each model, on a line of its own."""
    for each in shown:
        yield from summary_jsonl(each.summary)


def summary_json(summary: Summary) -> Iterator[bytes]:
    """One object, its lists with an entry a line, so that `less` and `diff` can show it.

    It comes in pieces; an ordinary model is one piece.
    """
    text = b"{"
    for name, value in _fields(summary).items():
        text += b'"%s": ' % name.encode()
        if not isinstance(value, list) or not value:
            text += to_json(value) + b",\n "
            continue
        text += b"[\n  "
        for start in range(0, len(value), ROWS):
            if start:
                yield text
                text = b",\n  "
            text += harmless(b",\n  ".join([msgspec.json.encode(item) for item in value[start : start + ROWS]]))
        text += b"],\n "
    yield text.removesuffix(b",\n ") + b"}\n"


def summary_jsonl(summary: Summary) -> Iterator[bytes]:
    """The same object on one line, in pieces as well."""
    text = b"{"
    for number, (name, value) in enumerate(_fields(summary).items()):
        text += b',"%s":' % name.encode() if number else b'"%s":' % name.encode()
        if not isinstance(value, list) or len(value) <= ROWS:
            text += to_json(value)
            continue
        for start in range(0, len(value), ROWS):
            text += b"," if start else b"["
            yield text + harmless(msgspec.json.encode(value[start : start + ROWS])[1:-1])
            text = b""
        text += b"]"
    yield text + b"}\n"


def _fields(summary: Summary) -> dict[str, Any]:
    """The fields that are set, in the order of the documentation."""
    fields = msgspec.structs.asdict(summary)
    for named_by_file in ("name", "source"):
        fields[named_by_file] = text_of(fields[named_by_file])
    ordered = {name: fields.pop(name) for name in FIRST} | fields
    return {name: value for name, value in ordered.items() if value is not msgspec.UNSET}


def text_of(name: str) -> str:
    """The name of a file with any bytes that are not text escaped, as JSON cannot hold them."""
    return name.encode(errors="backslashreplace").decode()


def to_json(value: Any, indent: int = 0) -> bytes:
    """A value as JSON, on one line or indented, without a line break at its end."""
    encoded = msgspec.json.encode(value)
    return harmless(msgspec.json.format(encoded, indent=indent) if indent else encoded)


def harmless(encoded: bytes) -> bytes:
    r"""The same JSON with `\u` escapes for what a terminal or a CI log would obey; it decodes to the same."""
    if not encoded.isascii() or b"\x7f" in encoded:
        # The signs in our own formulas are harmless, and none of them is a combining mark.
        encoded = re.sub(r"[^\n -~×−⌈⌉]+", _escape_run, encoded.decode()).encode()
    return encoded.replace(b"##", b"#\\u0023").replace(b"::", b":\\u003a")


def _escape_run(match: re.Match[str]) -> str:
    from paramcalc.render.text import escaped  # only for names that are not ASCII

    return "".join(escaped(match.group(), escape=_escape))


def _escape(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
