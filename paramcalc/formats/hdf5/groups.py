"""The members of groups: a symbol table in old groups, a message per link or a heap of links in new ones."""

from collections.abc import Iterator

from paramcalc.errors import MAX_ECHO
from paramcalc.formats.hdf5.access import Access, Cursor
from paramcalc.formats.hdf5.object_header import LINK, LINK_INFO, SYMBOL_TABLE, Message
from paramcalc.formats.hdf5.symbol_table import read_symbol_table

GROUP_KINDS = (SYMBOL_TABLE, LINK_INFO, LINK)
"""The messages that make an object a group."""

_WHAT = "a link"
_HAS_ORDER, _HAS_KIND, _HAS_CHARSET = 0x04, 0x08, 0x10
_HARD = 0
_BY_NAME = 5
_ID = 4
"""The offset of the link's heap ID in a record of the tree, after the name's hash."""


def read_members(access: Access, messages: list[Message]) -> dict[str, int | None]:
    """The address of each member's object header, by name; None for a symbolic or external link."""
    found: dict[str, int | None] = {}
    for message in messages:
        for name, address in _links(access, message):
            if name in found:
                raise access.broken(f"a group has the member {name[:MAX_ECHO]!r} twice")
            found[name] = address
    return found


def _links(access: Access, message: Message) -> Iterator[tuple[str, int | None]]:
    if message.kind in GROUP_KINDS and message.shared:
        raise access.unsupported("members that groups share")
    if message.kind == SYMBOL_TABLE:
        yield from read_symbol_table(access, message.data)
    elif message.kind == LINK:
        yield _read_link(access, message.data)
    elif message.kind == LINK_INFO:
        yield from _in_heap(access, message.data)


def _read_link(access: Access, data: bytes) -> tuple[str, int | None]:
    cursor = Cursor(access, data, _WHAT)
    cursor.expect(b"\1")
    flags = cursor.number(1)
    kind = cursor.number(1) if flags & _HAS_KIND else _HARD
    cursor.skip((8 if flags & _HAS_ORDER else 0) + (1 if flags & _HAS_CHARSET else 0))
    name = cursor.text(cursor.number(1 << (flags & 3)))
    return name, cursor.needed_address() if kind == _HARD else None


def _in_heap(access: Access, data: bytes) -> Iterator[tuple[str, int | None]]:
    """Yield the links of a link info message; none if it has no heap."""
    cursor = Cursor(access, data, "a link info message")
    cursor.expect(b"\0")
    cursor.skip(8 if cursor.number(1) & 1 else 0)  # the highest creation order, if that is tracked
    heap, tree = cursor.address(), cursor.address()
    if heap is not None:
        from paramcalc.formats.hdf5.fractal_heap import read_dense  # Keras' own files have no heaps

        for link, _ in read_dense(access, heap, tree, _BY_NAME, _ID):
            yield _read_link(access, link)
