"""Reads the wire format of Protocol Buffers field by field: no schema, no recursion, and no copies unless asked for.

https://protobuf.dev/programming-guides/encoding
"""

from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""The wire types; groups, 3 and 4, have been deprecated since 2008."""

Field = tuple[int, int | bytes]
"""A field's number and its value: bytes for strings, messages and numbers of fixed width."""


class WireError(ValueError):
    """Bytes that are no message; the text is for the user."""


def varint(data: bytes, at: int) -> tuple[int, int]:
    """An unsigned number of variable length, at most 64 bits, and the position after it.

    Raises:
        WireError: when there is none.
    """
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise WireError("a number in it has no end")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7


def fields(data: bytes) -> Iterator[Field]:
    """The fields of a message, in order.

    Raises:
        WireError: if it is not a message, or is truncated.
    """
    at, end = 0, len(data)
    while at < end:
        key, at = varint(data, at)
        kind = key & 7
        if kind == VARINT:
            number, at = varint(data, at)
            yield key >> 3, number
            continue
        if kind == BYTES:
            size, at = varint(data, at)
        elif kind in (FIXED32, FIXED64):
            size = 4 if kind == FIXED32 else 8
        else:
            raise WireError(f"a field in it is of the unknown kind {kind}")
        if size > end - at:
            raise WireError("a field in it is cut off")
        yield key >> 3, data[at : at + size]
        at += size


def signed(value: int) -> int:
    """A varint as a signed 64-bit integer."""
    return value - (1 << 64) if value >= 1 << 63 else value
