"""Old groups: a B-tree of symbol nodes, with the names in a local heap."""

from collections.abc import Iterator

from paramcalc.formats.hdf5.access import Access, Cursor, as_text

_WHAT = "a group's tree"
_SOFT = 2
_MAX_LEVEL = 32
"""A tree of this height has more leaves than a disk has bytes."""


def read_symbol_table(access: Access, data: bytes) -> Iterator[tuple[str, int | None]]:
    """Yield each member's name with the address of its object header, None for a symbolic link.

    Args:
        access: the file.
        data: the group's symbol table message.
    """
    message = Cursor(access, data, "a symbol table message")
    tree, heap = message.needed_address(), message.needed_address()
    names = _read_heap(access, heap)
    for node in _leaves(access, tree):
        yield from _read_node(access, node, names)


def _read_heap(access: Access, address: int) -> bytes:
    """Read the data of a local heap."""
    what = "a group's heap"
    access.claim(address, what)
    head = access.cursor(address, 8 + 2 * access.length_size + access.offset_size, what)
    head.expect(b"HEAP\0")
    head.skip(3)
    size = head.length()
    head.length()  # offset of the free list
    return access.read(head.needed_address(), size)


def _leaves(access: Access, root: int) -> Iterator[int]:
    """Yield the addresses of the symbol nodes in order; the stack contains the nodes to visit, the next one last."""
    stack = [(root, _MAX_LEVEL + 1)]
    while stack:
        address, above = stack.pop()
        level, children = _read_tree(access, address, above)
        if level == 0:
            yield from children
        else:
            stack.extend((child, level) for child in reversed(children))


def _read_tree(access: Access, address: int, above: int) -> tuple[int, list[int]]:
    """A node's level, which must be below that of its parent, and its children; the keys are redundant."""
    access.claim(address, _WHAT)
    ahead = access.read_ahead(address)
    head = Cursor(access, ahead, _WHAT)
    head.expect(b"TREE\0")
    level, used = head.number(1), head.number(2)
    head.skip(2 * access.offset_size)  # addresses of its siblings
    if level >= above:
        raise access.broken(f"{_WHAT} does not end at its leaves")
    entry = access.layout("LA")
    data = access.complete(address, ahead, head.at + used * entry.size)
    return level, [child for _, child in entry.iter_unpack(data[head.at :])]


def _read_node(access: Access, address: int, names: bytes) -> Iterator[tuple[str, int | None]]:
    what = "a group's symbol node"
    access.claim(address, what)
    ahead = access.read_ahead(address)
    head = Cursor(access, ahead, what)
    head.expect(b"SNOD\1")
    head.skip(1)
    symbols = head.number(2)
    entry = access.layout("LAI20x")
    data = access.complete(address, ahead, head.at + symbols * entry.size)
    for start, header, cached in entry.iter_unpack(data[head.at :]):
        leads_nowhere = cached == _SOFT or header == access.nowhere
        yield _name(access, names, start), None if leads_nowhere else header


def _name(access: Access, names: bytes, start: int) -> str:
    end = names.find(b"\0", start)
    if end < 0 or start >= len(names):
        raise access.broken("the name of a group's member is not in its heap")
    access.charge(end - start)  # names may overlap
    return as_text(access, names[start:end], "the name of a group's member")
