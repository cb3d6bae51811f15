"""Object headers: the messages that describe a group or a dataset, in the old encoding (1) and the new (2)."""

from collections.abc import Iterator
from struct import Struct
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
_PREFIX_1 = 16
"""Bytes before the first message in version 1."""
_HEAD_1, _HEAD_2, _HEAD_ORDERED = Struct("<HHB3x"), Struct("<BHB"), Struct("<BHB2x")
"""The header of a message: kind, length and flags, followed in version 2 by an optional creation order."""


class Message(NamedTuple):
    """One message of an object header.

    Attributes:
        kind: one of the constants above, or another number.
        shared: whether the data only refer to a message stored elsewhere.
        data: its content.
    """

    kind: int
    shared: bool
    data: bytes


class _Chunk(NamedTuple):
    """A run of messages with their encoding: whether it is the new one, and whether it includes a creation order."""

    data: bytes
    what: str
    new: bool
    ordered: bool


def read_messages(access: Access, address: int) -> list[Message]:
    """All messages of the object header at an address, including its continuations.

    Raises:
        InputError: for a header that is broken, or at an address that has been read already.
    """
    what = f"the object header at byte {address:,}"
    access.claim(address, "an object header")
    ahead = access.read_ahead(address)
    if ahead[:4] == b"OHDR":
        chunk = _first_chunk_2(access, address, ahead, what)
    elif ahead[:1] == b"\1":
        # The number of messages follows from the size; the number of links to the object is not needed.
        size = _PREFIX_1 + int.from_bytes(ahead[8:12], "little")
        chunk = _Chunk(access.complete(address, ahead, size)[_PREFIX_1:], what, False, False)
    else:
        raise access.broken(f"there is no object header at byte {address:,}")
    return _all_messages(access, chunk)


def _first_chunk_2(access: Access, address: int, ahead: bytes, what: str) -> _Chunk:
    prefix = Cursor(access, ahead, what)
    prefix.expect(b"OHDR\2")
    flags = prefix.number(1)
    prefix.skip((16 if flags & _TIMES else 0) + (4 if flags & _PHASES else 0))
    size = prefix.number(1 << (flags & 3))
    data = access.complete(address, ahead, prefix.at + size + checksum.SIZE)
    checksum.verify(access, data, what)
    return _Chunk(data[prefix.at : -checksum.SIZE], what, True, bool(flags & _ORDER))


def _all_messages(access: Access, first: _Chunk) -> list[Message]:
    chunks, messages = [first], []
    for chunk in chunks:  # grows during the loop
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
    return before._replace(data=data, what=what)


def _messages(access: Access, chunk: _Chunk) -> Iterator[Message]:
    """Yield the messages of one chunk; a remainder too short for a message is a gap."""
    data = chunk.data
    head = (_HEAD_ORDERED if chunk.ordered else _HEAD_2) if chunk.new else _HEAD_1
    at, last = 0, len(data) - head.size
    while at <= last:
        kind, size, flags = head.unpack_from(data, at)
        at += head.size
        if kind > _LAST_KNOWN and flags & _FAIL_IF_UNKNOWN:
            raise access.unsupported(f"a message of kind {kind} that every reader must know")
        if at + size > len(data):
            raise access.broken(f"{chunk.what} ends too early")
        yield Message(kind, bool(flags & _SHARED), data[at : at + size])
        at += size
