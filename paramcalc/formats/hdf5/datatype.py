"""Shapes and element types: the dataspace and datatype messages."""

from math import prod
from typing import NamedTuple

from paramcalc.formats.hdf5.access import Cursor
from paramcalc.shapes import MAX_RANK

_INTEGER, _FLOAT, _STRING, _OPAQUE, _ENUM, _VARIABLE = 0, 1, 3, 5, 8, 9
_OTHERS = {2: "time", 4: "bit field", 6: "compound", 7: "reference", 10: "array", 11: "complex"}

_FLOATS = {
    # (bytes, the exponent's first bit and length, the mantissa's, the exponent's bias)
    (1, (2, 5), (0, 2), 15): "float8_e5m2",
    (1, (3, 4), (0, 3), 7): "float8_e4m3fn",
    (2, (10, 5), (0, 10), 15): "float16",
    (2, (7, 8), (0, 7), 127): "bfloat16",
    (4, (23, 8), (0, 23), 127): "float32",
    (8, (52, 11), (0, 52), 1023): "float64",
}
_NULL_SPACE = 2
_WHAT_TYPE = "a datatype"
_WHAT_SPACE = "a dataspace"


class Datatype(NamedTuple):
    """The type of a dataset's elements.

    Attributes:
        name: "float32", "bool", "string" …; None for a type that weights never have.
        size: bytes of one element.
        variable: whether it is a variable-length string, stored in a heap.
        padding: how a fixed-length string is padded: 0 with one NUL, 1 with NULs to the end, 2 with spaces.
        kind: the name of its class in HDF5, for errors.
    """

    name: str | None
    size: int
    variable: bool = False
    padding: int = 0
    kind: str = ""


def read_shape(cursor: Cursor) -> tuple[int, ...] | None:
    """Parse the shape in a dataspace message; None for a null dataspace, which has no elements, not even a scalar."""
    version, rank, flags = cursor.number(1), cursor.number(1), cursor.number(1)
    if version not in (1, 2):
        raise cursor.access.unsupported(f"a dataspace of version {version}")
    if rank > MAX_RANK:
        raise cursor.access.unsupported(f"a shape of {rank} dimensions, more than {MAX_RANK}")
    if version == 1:
        cursor.skip(5)
    elif cursor.number(1) == _NULL_SPACE:
        return None
    shape = tuple(cursor.length() for _ in range(rank))
    if flags & 1:
        cursor.skip(rank * cursor.access.length_size)  # maximum sizes
    return shape


def read_datatype(cursor: Cursor) -> Datatype:
    """Parse a datatype message."""
    head, bits = cursor.number(1), cursor.number(3)
    number, version, size = head & 15, head >> 4, cursor.number(4)
    if not 1 <= version <= 5:
        raise cursor.access.unsupported(f"a datatype of version {version}")
    if size == 0:
        raise cursor.access.broken(f"{_WHAT_TYPE} of no bytes")
    if number == _INTEGER:
        return _integer(cursor, bits, size)
    if number == _FLOAT:
        return _float(cursor, bits, size)
    if number == _STRING:
        return Datatype("string", size, padding=bits & 15)
    if number == _ENUM:
        return _enum(cursor, bits & 0xFFFF, version, size)
    if number == _VARIABLE:
        return Datatype("string" if bits & 15 == 1 else None, size, bits & 15 == 1, kind="list of any length")
    if number == _OPAQUE:
        return Datatype(None, size, kind="opaque")
    if number not in _OTHERS:
        raise cursor.access.unsupported(f"a datatype of class {number}")
    return Datatype(None, size, kind=_OTHERS[number])


def _integer(cursor: Cursor, bits: int, size: int) -> Datatype:
    first, precision = cursor.number(2), cursor.number(2)
    if first or precision != 8 * size or size not in (1, 2, 4, 8):
        return Datatype(None, size, kind=f"{precision}-bit integer")
    return Datatype(f"{'int' if bits & 8 else 'uint'}{8 * size}", size)


def _float(cursor: Cursor, bits: int, size: int) -> Datatype:
    """Identify a float type by its bit layout, in either byte order; the sign is the highest bit in each of these."""
    first, precision = cursor.number(2), cursor.number(2)
    exponent, mantissa = (cursor.number(1), cursor.number(1)), (cursor.number(1), cursor.number(1))
    layout = (size, exponent, mantissa, cursor.number(4))
    whole = first == 0 and precision == 8 * size and bits >> 8 & 255 == precision - 1
    return Datatype(_FLOATS.get(layout) if whole else None, size, kind=f"{precision}-bit floating point")


def _enum(cursor: Cursor, members: int, version: int, size: int) -> Datatype:
    """An enumeration is read as its integers, except FALSE and TRUE, which is how h5py writes booleans."""
    base = read_datatype(cursor)
    if base.size != size:
        raise cursor.access.broken(f"an enumeration of {size} bytes over integers of {base.size}")
    if members == 2 and size == 1:
        names = [_member(cursor, version) for _ in range(2)]
        if names == [b"FALSE", b"TRUE"] and cursor.take(2) == b"\0\1":
            return Datatype("bool", 1)
    return base


def _member(cursor: Cursor, version: int) -> bytes:
    """Read a member's name, which is padded to a multiple of eight bytes before version 3."""
    end = cursor.data.find(b"\0", cursor.at)
    if end < 0:
        raise cursor.access.broken("an enumeration ends too early")
    length = end + 1 - cursor.at
    name = cursor.take(length)[:-1]
    if version < 3:
        cursor.skip(-length % 8)
    return name


def elements(shape: tuple[int, ...] | None) -> int:
    """The number of elements in a shape."""
    return 0 if shape is None else prod(shape)
