"""Object headers: the messages that say what a group or a dataset is, in the old encoding (1) and the new (2)."""

from collections.abc import Iterator
from typing import NamedTuple

from paramcalc.formats.hdf5 import checksum
from paramcalc.formats.hdf5.access import Access, Cursor

DATASPACE = 0x01
LINK_INFO = 0x02
DATATYPE = 0x03
LINK = 0x06
LAYOUT = 0x08
ATTRIBUTE = 0x0C
CONTINUATION = 0x10
SYMBOL_TABLE = 0x11
ATTRIBUTE_INFO = 0x15
_LAST_KNOWN = 0x17

_SHARED = 0x02
_FAIL_IF_UNKNOWN = 0x80
_TIMES, _PHASES, _ORDER = 0x20, 0x10, 0x04
_PREFIX_2 = 34
"""The most bytes before the first message of version 2."""


class Message(NamedTuple):
    """One message of an object header.

    Attributes:
        kind: one of the constants above, or another number.
        shared: whether the data only say where the message itself is.
        data: what it says.
    """

    kind: int
    shared: bool
    data: bytes


class _Chunk(NamedTuple):
    """A run of messages, and how each begins: whether in the new encoding, and with its order of creation."""

    cursor: Cursor
    new: bool
    ordered: bool


def read_messages(access: Access, address: int) -> list[Message]:
    """All messages of the object header at an address, those of its continuations as well.

    Raises:
        InputError: for a header that is broken, or that something else was read as before.
    """
    what = f"the object header at byte {address:,}"
    access.claim(address, "an object header")
    prefix = Cursor(access, access.read_up_to(address, _PREFIX_2), what)
    first = prefix.take(4)
    if first == b"OHDR":
        chunk = _first_chunk_2(access, address, prefix)
    elif first[0] == 1:
        prefix.skip(4)  # the number of messages is found out, how many links lead here is of no use
        chunk = _Chunk(access.cursor(address + 16, prefix.number(4), what), False, False)
    else:
        raise access.broken(f"there is no object header at byte {address:,}")
    return _all_messages(access, chunk)


def _first_chunk_2(access: Access, address: int, prefix: Cursor) -> _Chunk:
    prefix.expect(b"\2")
    flags = prefix.number(1)
    prefix.skip((16 if flags & _TIMES else 0) + (4 if flags & _PHASES else 0))
    size = prefix.number(1 << (flags & 3))
    data = access.read(address, prefix.at + size + checksum.SIZE)
    checksum.verify(access, data, prefix.what)
    return _Chunk(Cursor(access, data[prefix.at : -checksum.SIZE], prefix.what), True, bool(flags & _ORDER))


def _all_messages(access: Access, first: _Chunk) -> list[Message]:
    chunks, messages = [first], []
    for chunk in chunks:  # grows while it is read
        for message in _messages(access, chunk):
            if message.kind == CONTINUATION:
                chunks.append(_continuation(access, message, chunk))
            else:
                messages.append(message)
    return messages


def _continuation(access: Access, message: Message, before: _Chunk) -> _Chunk:
    what = "the continuation of an object header"
    place = Cursor(access, message.data, what)
    address, size = place.needed_address(), place.length()
    access.claim(address, what)
    data = access.read(address, size)
    if before.new:
        if data[:4] != b"OCHK":
            raise access.broken(f"there is no continuation of an object header at byte {address:,}")
        checksum.verify(access, data, what)
        data = data[4 : -checksum.SIZE]
    return before._replace(cursor=Cursor(access, data, what))


def _messages(access: Access, chunk: _Chunk) -> Iterator[Message]:
    """The messages of one chunk; a rest that is too short for one is a gap."""
    cursor, new = chunk.cursor, chunk.new
    start = 4 + 2 * chunk.ordered if new else 8
    while cursor.left >= start:
        kind, size, flags = cursor.number(1 if new else 2), cursor.number(2), cursor.number(1)
        cursor.skip(2 * chunk.ordered if new else 3)
        if kind > _LAST_KNOWN and flags & _FAIL_IF_UNKNOWN:
            raise access.unsupported(f"a message of kind {kind} that every reader must know")
        yield Message(kind, bool(flags & _SHARED), cursor.take(size))
