"""LevelDB's sorted tables, the format of TensorFlow's checkpoint indexes: blocks of keys and values.

https://github.com/google/leveldb/blob/main/doc/table_format.md

The entries of a block share key prefixes; an index block says where each data block is. Checksums are not verified:
they detect disk errors, whereas this reader must be safe with any bytes.
"""

from collections.abc import Iterator

from paramcalc.formats.protobuf import WireError, varint
from paramcalc.limits import MAX_TABLE_KEY

MAGIC = (0xDB4775248B80FB57).to_bytes(8, "little")
FOOTER = 48
"""The size in bytes of a table's footer: the padded handles of two index blocks, and the magic number."""
TRAILER = 5
"""The size in bytes of a block's trailer: its compression and its checksum."""
COMPRESSION = {0: "not", 1: "snappy", 2: "zstd"}


class TableError(ValueError):
    """The table is broken; the message is for the user."""


Entry = tuple[bytes, bytes]
"""A key and its value."""


def entries(data: bytes) -> Iterator[Entry]:
    """Every entry of a table, in the order of keys that the format guarantees.

    Raises:
        TableError: when it is broken, or compressed.
    """
    if len(data) < FOOTER or not data.endswith(MAGIC):
        raise TableError("the table in it has no end: it is cut off")
    try:
        yield from _entries(data)
    except WireError as error:
        raise TableError(str(error)) from None


def _entries(data: bytes) -> Iterator[Entry]:
    footer = data[-FOOTER:]
    _, at = _handle(footer, 0)  # the index of filters, which TensorFlow does not write
    (start, size), _ = _handle(footer, at)
    last: bytes | None = None
    for _, value in _block(data, start, size):
        (start, size), _ = _handle(value, 0)
        for key, content in _block(data, start, size):
            # Keys must increase, so no block can be listed twice: the work is bounded by the file's size.
            if last is not None and key <= last:
                raise TableError("its keys are not in order")
            last = key
            yield key, content


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Parse a handle: the offset and size of a block, and the position after the handle."""
    start, at = varint(data, at)
    size, at = varint(data, at)
    return (start, size), at


def _block(data: bytes, start: int, size: int) -> Iterator[Entry]:
    """The entries of one block.

    Raises:
        TableError: when it does not fit the file or is compressed.
        WireError: when a varint in it is not terminated.
    """
    if size < 4 or start + size + TRAILER > len(data) - FOOTER:
        raise TableError("a block of it is outside of the file")
    kind = data[start + size]
    if kind:
        name = COMPRESSION.get(kind, f"of the unknown kind {kind}")
        raise TableError(f"its table is compressed ({name}), which is not read: TensorFlow itself never does that")
    block = data[start : start + size]
    restarts = int.from_bytes(block[-4:], "little")
    end = size - 4 - 4 * restarts
    if end < 0:
        raise TableError("a block of it is broken")
    at, key = 0, b""
    while at < end:
        shared, at = varint(block, at)
        new, at = varint(block, at)
        length, at = varint(block, at)
        if shared > len(key) or at + new + length > end or shared + new > MAX_TABLE_KEY:
            raise TableError("an entry of it is broken")
        key = key[:shared] + block[at : at + new]
        at += new
        yield key, block[at : at + length]
        at += length
