"""The superblock, which gives the width of addresses and the location of the root group."""

from paramcalc.formats.hdf5 import checksum
from paramcalc.formats.hdf5.access import Access, Cursor

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_WHAT = "the superblock"
_WIDTHS = (2, 4, 8)


def read_superblock(access: Access) -> int:
    """The address of the root group's object header; also sets the widths of addresses and lengths.

    Raises:
        InputError: for a version above 3, a truncated file, or one written by a special driver.
    """
    cursor = Cursor(access, access.read_ahead(0), _WHAT)
    cursor.expect(SIGNATURE)
    version = cursor.number(1)
    if version > 3:
        raise access.unsupported(f"a superblock of version {version}")
    return _version_0(access, cursor, version) if version < 2 else _version_2(access, cursor)


def _version_0(access: Access, cursor: Cursor, version: int) -> int:
    """Versions 0 and 1, which differ in four bytes; the root group is a symbol table entry."""
    cursor.skip(4)  # versions of structures that are unused, or always 0
    _set_widths(access, cursor)
    cursor.skip(1 + 4 + 4 + (4 if version == 1 else 0))  # B-tree node sizes: each node gives its number of entries
    base = cursor.address()
    cursor.address()  # free space
    end = cursor.address()
    driver = cursor.address()
    _check(access, base, end, driver)
    cursor.length()  # offset of the root group's name
    return cursor.needed_address()


def _version_2(access: Access, cursor: Cursor) -> int:
    """Versions 2 and 3, which differ in the meaning of a flag for writers."""
    _set_widths(access, cursor)
    cursor.skip(1)
    base = cursor.address()
    cursor.address()  # the extension, with node sizes and the location of free space
    end = cursor.address()
    root = cursor.needed_address()
    checksum.verify(access, cursor.data[: cursor.at] + cursor.take(checksum.SIZE), _WHAT)
    _check(access, base, end, None)
    return root


def _set_widths(access: Access, cursor: Cursor) -> None:
    addresses, lengths = cursor.number(1), cursor.number(1)
    if addresses not in _WIDTHS or lengths not in _WIDTHS:
        raise access.broken(f"addresses and lengths take {addresses} and {lengths} bytes, not 2, 4 or 8")
    access.set_widths(addresses, lengths)


def _check(access: Access, base: int | None, end: int | None, driver: int | None) -> None:
    if base != 0:
        raise access.unsupported("data of a user before its own")
    if driver is not None:
        raise access.unsupported("the block of a special file driver")
    if end is None or end > access.size:
        said = "no length" if end is None else f"{end:,} bytes"
        raise access.broken(
            f"it was cut short, or not written to its end: {said} by its superblock, {access.size:,} found"
        )
