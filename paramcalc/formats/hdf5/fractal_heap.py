"""The fractal heap: objects of any length, in blocks whose size doubles from row to row."""

from collections.abc import Iterator
from typing import NamedTuple

from paramcalc.formats.hdf5 import checksum
from paramcalc.formats.hdf5.access import Access, Cursor
from paramcalc.formats.hdf5.btree import read_huge, read_tree

WHAT = "a fractal heap"
_MANAGED, _HUGE, _TINY = 0, 1, 2
_CHECKSUMMED = 0x02
_MAX_BITS = 64
_LONGEST_ID = 16
"""The most bytes of an ID: links' have 7, attributes' have 8; longer ones encode lengths differently."""


class Layout(NamedTuple):
    """The layout of a heap's address space.

    Attributes:
        width: the number of blocks in a row.
        start: bytes of a block in the first two rows; each later row doubles the size.
        most: bytes of the largest direct block, which contains objects; larger blocks are indirect and contain blocks.
        offset_size: bytes of an offset in the heap.
        checksummed: whether direct blocks have a checksum.
    """

    width: int
    start: int
    most: int
    offset_size: int
    checksummed: bool

    def possible(self, bits: int) -> bool:
        """Whether the sizes are powers of two, in order, and an offset has no more than 64 bits."""
        sizes = (self.width, self.start, self.most)
        return all(size and size & (size - 1) == 0 for size in sizes) and self.start <= self.most and bits <= _MAX_BITS

    def row_of(self, place: int) -> int:
        """The row of the block at an offset."""
        return (place // (self.start * self.width)).bit_length()

    def row_start(self, row: int) -> int:
        """The offset at which a row begins."""
        return self.start * self.width << (row - 1) if row else 0

    def block_size(self, row: int) -> int:
        """The bytes of a block in a row."""
        return self.start << max(row - 1, 0)

    def rows(self, size: int) -> int:
        """The number of rows in an indirect block that spans this many bytes."""
        return size.bit_length() - (self.start * self.width).bit_length() + 1


def read_dense(access: Access, heap: int, tree: int | None, kind: int, at: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield each object of a heap that a tree lists, with its record.

    Args:
        access: the file.
        heap: the address of the fractal heap.
        tree: the address of the tree's header.
        kind: the type that the records must have.
        at: the offset of the object's ID in a record.
    """
    if tree is None:
        raise access.broken("a heap has no tree that lists it")
    objects = FractalHeap(access, heap)
    for record in read_tree(access, tree, kind):
        yield objects.object(record[at : at + objects.id_size]), record


class FractalHeap:
    """One heap, whose blocks are read when an object in them is needed.

    Attributes:
        id_size: bytes of an object's ID.
        huge_tree: the address of the tree that lists the objects too large for blocks.
    """

    def __init__(self, access: Access, address: int) -> None:
        access.claim(address, WHAT)
        offset, length = access.offset_size, access.length_size
        head = access.cursor(address, 22 + 12 * length + 3 * offset + checksum.SIZE, WHAT)
        checksum.verify(access, head.data, WHAT)
        head.expect(b"FRHP\0")
        self.id_size, filters, flags = head.number(2), head.number(2), head.number(1)
        if filters:
            raise access.unsupported("compressed lists of links or attributes")
        largest = head.number(4)
        head.skip(length)
        self.huge_tree = head.address()
        head.skip(9 * length + offset)  # statistics of used and free space
        width, start, most, bits = head.number(2), head.length(), head.length(), head.number(2)
        layout = Layout(width, start, most, -(-bits // 8), bool(flags & _CHECKSUMMED))
        if not layout.possible(bits) or not largest or not 1 < self.id_size <= _LONGEST_ID:
            raise access.broken(f"{WHAT} has impossible sizes")
        head.skip(2)
        self._root, self._rows = head.address(), head.number(2)
        # No more bytes than the largest block and the largest object need.
        self._length_size = min(-(-(most.bit_length() - 1) // 8), (largest.bit_length() - 1) // 8 + 1)
        self._access, self._address, self._layout = access, address, layout
        self._direct: dict[int, bytes] = {}
        self._indirect: dict[int, list[int | None]] = {}
        self._huge: dict[int, tuple[int, int]] | None = None

    def object(self, identity: bytes) -> bytes:
        """Read the object with an ID."""
        cursor = Cursor(self._access, identity, "the ID of an object in a heap")
        first = cursor.number(1)
        kind = first >> 4 & 3
        if first >> 6 or kind > _TINY:
            raise self._access.unsupported("objects of an unknown kind in a heap")
        if kind == _TINY:
            return cursor.take((first & 15) + 1)
        if kind == _HUGE:
            return self._access.read(*self._place_of_huge(cursor))
        return self._managed(cursor.number(self._layout.offset_size), cursor.number(self._length_size))

    def _place_of_huge(self, cursor: Cursor) -> tuple[int, int]:
        """The address and length of a huge object: in the ID if they fit, else in a tree of their own."""
        access = self._access
        if access.offset_size + access.length_size < self.id_size:
            return cursor.needed_address(), cursor.length()
        if self._huge is None:
            self._huge = read_huge(access, self.huge_tree)
        found = self._huge.get(cursor.number(min(self.id_size - 1, 8)))
        if found is None:
            raise access.broken(f"an object of {WHAT} is not there")
        return found

    def _managed(self, place: int, length: int) -> bytes:
        address, start, size = self._block(place)
        if address not in self._direct:
            self._direct[address] = self._read_direct(address, start, size)
        block = self._direct[address]
        if length == 0 or place - start + length > len(block):
            raise self._access.broken(f"an object of {WHAT} does not fit in its block")
        self._access.charge(length)
        return block[place - start : place - start + length]

    def _block(self, place: int) -> tuple[int, int, int]:
        """The direct block at an offset: its address, the offset where it begins, and its size."""
        layout, block, rows, start = self._layout, self._root, self._rows, 0
        if rows == 0 and block is not None:
            return block, 0, layout.start
        while block is not None:
            row = layout.row_of(place - start)
            if row >= rows:
                break
            size = layout.block_size(row)
            column = (place - start - layout.row_start(row)) // size
            block = self._children(block, rows, start)[row * layout.width + column]
            start += layout.row_start(row) + column * size
            if size <= layout.most and block is not None:
                return block, start, size
            rows = layout.rows(size)
        raise self._access.broken(f"an object is outside of {WHAT}")

    def _head(self, cursor: Cursor, signature: bytes, start: int) -> None:
        """Check the header of a block, which gives the heap that it belongs to and its offset there."""
        cursor.expect(signature + b"\0")
        if cursor.address() != self._address or cursor.number(self._layout.offset_size) != start:
            raise self._access.broken(f"a block of {WHAT} is part of another")

    def _read_direct(self, address: int, start: int, size: int) -> bytes:
        self._access.claim(address, WHAT)
        cursor = self._access.cursor(address, size, WHAT)
        self._head(cursor, b"FHDB", start)
        if self._layout.checksummed:
            data, at = cursor.data, cursor.at
            blank = data[:at] + bytes(checksum.SIZE) + data[at + checksum.SIZE :]
            checksum.verify(self._access, blank + cursor.take(checksum.SIZE), WHAT)
        return cursor.data

    def _children(self, address: int, rows: int, start: int) -> list[int | None]:
        """The addresses of the blocks in an indirect block, row by row."""
        if address not in self._indirect:
            access, count = self._access, rows * self._layout.width
            access.claim(address, WHAT)
            size = 5 + access.offset_size + self._layout.offset_size + count * access.offset_size + checksum.SIZE
            cursor = access.cursor(address, size, WHAT)
            checksum.verify(access, cursor.data, WHAT)
            self._head(cursor, b"FHIB", start)
            self._indirect[address] = [cursor.address() for _ in range(count)]
        return self._indirect[address]
