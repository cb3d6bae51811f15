"""Attributes: their names and string values; other values are not read."""

from collections.abc import Iterator
from typing import NamedTuple

from paramcalc.errors import MAX_ECHO
from paramcalc.formats.hdf5.access import Access, Cursor
from paramcalc.formats.hdf5.datatype import Datatype, elements, read_datatype, read_shape
from paramcalc.formats.hdf5.global_heap import GlobalHeap
from paramcalc.formats.hdf5.object_header import ATTRIBUTE, ATTRIBUTE_INFO, Message
from paramcalc.limits import MAX_CONFIG_BYTES, check_size, max_bytes

_BY_NAME = 8
_ID, _FLAGS = 0, 8
"""Offsets in a record of the tree: the ID of the attribute in the heap, and the flags of its message."""
_SHARED = 0x02
_SHARED_TYPE, _SHARED_SPACE = 0x01, 0x02
_NULL_PADDED, _SPACE_PADDED = 1, 2


class Attribute(NamedTuple):
    """An attribute whose value has not been parsed yet.

    Attributes:
        name: the attribute's name.
        rest: the bytes of its type, shape and value, in this order.
        sizes: bytes of the type and of the shape, including padding.
        shared: whether its type or shape is stored elsewhere.
    """

    name: str
    rest: bytes
    sizes: tuple[int, int]
    shared: bool


def read_attributes(access: Access, messages: list[Message]) -> dict[str, Attribute]:
    """The attributes of an object by name: those in its header, and those in a heap if there are many or large ones."""
    found: dict[str, Attribute] = {}
    for message in _all_messages(access, messages):
        if message.shared:
            raise access.unsupported("attributes that objects share")
        attribute = _read(access, message.data)
        if attribute.name in found:
            raise access.broken(f"an object has the attribute {attribute.name[:MAX_ECHO]!r} twice")
        found[attribute.name] = attribute
    return found


def _all_messages(access: Access, messages: list[Message]) -> Iterator[Message]:
    for message in messages:
        if message.kind == ATTRIBUTE:
            yield message
        elif message.kind == ATTRIBUTE_INFO:
            yield from _in_heap(access, message.data)


def _in_heap(access: Access, data: bytes) -> Iterator[Message]:
    """Yield the attributes of an attribute info message; none if it has no heap."""
    cursor = Cursor(access, data, "an attribute info message")
    cursor.expect(b"\0")
    cursor.skip(2 if cursor.number(1) & 1 else 0)  # the highest creation order, if that is tracked
    heap, tree = cursor.address(), cursor.address()
    if heap is not None:
        from paramcalc.formats.hdf5.fractal_heap import read_dense  # Keras' own files have no heaps

        for attribute, record in read_dense(access, heap, tree, _BY_NAME, _ID):
            yield Message(ATTRIBUTE, bool(record[_FLAGS] & _SHARED), attribute)


def _read(access: Access, data: bytes) -> Attribute:
    """Parse an attribute message as far as the name."""
    cursor = Cursor(access, data, "an attribute")
    version, flags = cursor.number(1), cursor.number(1)
    if not 1 <= version <= 3:
        raise access.unsupported(f"an attribute of version {version}")
    name, datatype, shape = (cursor.number(2) for _ in range(3))
    if version == 1:
        name, datatype, shape = (-(-size // 8) * 8 for size in (name, datatype, shape))
    elif version == 3:
        cursor.skip(1)  # the encoding of the name: ASCII or UTF-8, which includes it
    shared = version > 1 and bool(flags & (_SHARED_TYPE | _SHARED_SPACE))
    return Attribute(cursor.text(name), cursor.take(cursor.left), (datatype, shape), shared)


class Texts:
    """Reads the string values of one file's attributes."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._heap = GlobalHeap(access)
        self._limit = max_bytes(MAX_CONFIG_BYTES)

    def read(self, attribute: Attribute) -> tuple[tuple[int, ...], list[bytes]]:
        """The shape of an attribute and its strings, in order; an empty array may be of any type.

        Raises:
            InputError: when its elements are not strings, or one is larger than an architecture may be.
        """
        if attribute.shared:
            raise self._access.unsupported("a datatype that objects share")
        what = f"the attribute {attribute.name[:MAX_ECHO]!r}"
        cursor = Cursor(self._access, attribute.rest, what)
        datatype = read_datatype(cursor.cursor(attribute.sizes[0], f"the type of {what}"))
        shape = read_shape(cursor.cursor(attribute.sizes[1], f"the shape of {what}"))
        count = elements(shape)
        if shape is None or count == 0:
            return shape or (0,), []
        if datatype.name != "string":
            raise self._access.unexpected(f"{what} holds no texts")
        if count > cursor.left // datatype.size:
            raise self._access.broken(f"{what} has fewer bytes than for its {count:,} elements")
        read = self._variable if datatype.variable else self._fixed
        return shape, [read(cursor, datatype, attribute.name) for _ in range(count)]

    def _variable(self, cursor: Cursor, datatype: Datatype, name: str) -> bytes:
        """Read a variable-length string: the attribute contains its location in the global heap."""
        length, address, index = cursor.number(4), cursor.address(), cursor.number(4)
        check_size(self._access.name, length, self._limit, name[:MAX_ECHO])
        if not length or not address:
            return b""
        return self._heap.object(address, index, length).split(b"\0", 1)[0]

    def _fixed(self, cursor: Cursor, datatype: Datatype, name: str) -> bytes:
        """Read a fixed-length string without its padding."""
        check_size(self._access.name, datatype.size, self._limit, name[:MAX_ECHO])
        data = cursor.take(datatype.size)
        if datatype.padding == _SPACE_PADDED:
            return data.rstrip(b" ")
        return data.rstrip(b"\0") if datatype.padding == _NULL_PADDED else data.split(b"\0", 1)[0]
