"""Version 2 B-trees, which list the objects in a fractal heap."""

from collections.abc import Iterator
from typing import NamedTuple

from paramcalc.formats.hdf5 import checksum
from paramcalc.formats.hdf5.access import Access, Cursor

_WHAT = "a B-tree"
_HUGE = 1
_MAX_DEPTH = 16
_HEAD = 6
"""Bytes of a node before its records: signature, version and type."""


class _Tree(NamedTuple):
    """The header of a tree.

    Attributes:
        kind: the type of its records.
        node_size: bytes of a node.
        record_size: bytes of a record.
        count_size: bytes of the number of records in a node.
        totals: bytes of the count of all records below a node, for each level from the leaves up; leaves do not have
            it.
    """

    kind: int
    node_size: int
    record_size: int
    count_size: int
    totals: list[int]


def read_huge(access: Access, tree: int | None) -> dict[int, tuple[int, int]]:
    """The addresses and lengths of a heap's huge objects, by ID."""
    found = {}
    for record in read_tree(access, tree, _HUGE) if tree is not None else ():
        cursor = Cursor(access, record, _WHAT)
        place = cursor.needed_address(), cursor.length()
        found[cursor.length()] = place
    return found


def read_tree(access: Access, address: int, kind: int) -> Iterator[bytes]:
    """Yield the records of a tree, in no particular order."""
    access.claim(address, _WHAT)
    head = access.cursor(address, 18 + access.offset_size + access.length_size + checksum.SIZE, _WHAT)
    checksum.verify(access, head.data, _WHAT)
    head.expect(b"BTHD\0" + bytes([kind]))
    node_size, record_size, depth = head.number(4), head.number(2), head.number(2)
    head.skip(2)  # split and merge percentages
    root, records = head.address(), head.number(2)
    if depth > _MAX_DEPTH or record_size == 0 or node_size <= _HEAD + checksum.SIZE:
        raise access.broken(f"{_WHAT} has impossible sizes")
    if root is None:
        return
    tree = _measured(access, _Tree(kind, node_size, record_size, 0, [0]), depth)
    stack = [(root, records, depth)]
    while stack:
        address, records, level = stack.pop()
        found, children = _read_node(access, tree, address, records, level)
        yield from found
        stack += children


def _measured(access: Access, tree: _Tree, depth: int) -> _Tree:
    """The tree with the sizes of its counts: each takes as few bytes as the largest possible count needs."""
    room = tree.node_size - _HEAD - checksum.SIZE
    total = room // tree.record_size
    tree = tree._replace(count_size=_bytes_for(total))
    for level in range(depth):
        pointer = access.offset_size + tree.count_size + tree.totals[level]
        most = (room - pointer) // (tree.record_size + pointer)
        if most < 1:
            raise access.broken(f"{_WHAT} has impossible sizes")
        total = (most + 1) * total + most
        tree.totals.append(_bytes_for(total))
    return tree


def _bytes_for(number: int) -> int:
    return max(number.bit_length() - 1, 0) // 8 + 1


def _read_node(
    access: Access, tree: _Tree, address: int, count: int, level: int
) -> tuple[list[bytes], list[tuple[int, int, int]]]:
    """A node's records and its children: address, number of records, level."""
    access.claim(address, _WHAT)
    total_size = tree.totals[level - 1] if level else 0
    pointers = count + 1 if level else 0
    used = _HEAD + count * tree.record_size + pointers * (access.offset_size + tree.count_size + total_size)
    if used + checksum.SIZE > tree.node_size:
        raise access.broken(f"a node of {_WHAT} holds more than it has room for")
    node = access.cursor(address, used + checksum.SIZE, _WHAT)
    checksum.verify(access, node.data, _WHAT)
    node.expect((b"BTIN\0" if level else b"BTLF\0") + bytes([tree.kind]))
    records = [node.take(tree.record_size) for _ in range(count)]
    children = []
    for _ in range(pointers):
        children.append((node.needed_address(), node.number(tree.count_size), level - 1))
        node.skip(total_size)
    return records, children
