"""The checksum of newer HDF5 structures: Bob Jenkins' lookup3, `hashlittle` with an initial value of 0."""

from struct import unpack

from paramcalc.formats.hdf5.access import Access

_MASK = 0xFFFFFFFF
_BLOCK = 12
SIZE = 4
"""Bytes of a checksum."""


def verify(access: Access, data: bytes, what: str) -> None:
    """Check the last four bytes, the checksum of those before them.

    Raises:
        InputError: when they differ.
    """
    if lookup3(data[:-SIZE]) != int.from_bytes(data[-SIZE:], "little"):
        raise access.broken(f"the checksum of {what} is wrong")


def lookup3(data: bytes) -> int:
    """Compute the checksum: bytes are mixed in blocks of three words, except the last block of 1 to 12 bytes."""
    a = b = c = (0xDEADBEEF + len(data)) & _MASK
    if not data:
        return c
    blocks = -(-len(data) // _BLOCK)
    words = unpack(f"<{3 * blocks}I", data.ljust(_BLOCK * blocks, b"\0"))
    for at in range(0, len(words) - 3, 3):
        a, b, c = _mixed(a + words[at], b + words[at + 1], c + words[at + 2])
    return _final(a + words[-3], b + words[-2], c + words[-1])


def _mixed(a: int, b: int, c: int) -> tuple[int, int, int]:
    """One round. Sums may exceed 32 bits until they are rotated, which is cheaper than truncating each."""
    a = (a - c) & _MASK ^ ((c & _MASK) << 4 & _MASK | (c & _MASK) >> 28)
    c = (c + b) & _MASK
    b = (b - a) & _MASK ^ (a << 6 & _MASK | a >> 26)
    a = (a + c) & _MASK
    c = (c - b) & _MASK ^ (b << 8 & _MASK | b >> 24)
    b = (b + a) & _MASK
    a = (a - c) & _MASK ^ (c << 16 & _MASK | c >> 16)
    c = (c + b) & _MASK
    b = (b - a) & _MASK ^ (a << 19 & _MASK | a >> 13)
    a = (a + c) & _MASK
    c = (c - b) & _MASK ^ (b << 4 & _MASK | b >> 28)
    b = (b + a) & _MASK
    return a, b, c


def _final(a: int, b: int, c: int) -> int:
    """The last block: each step is `x ^= y; x -= rotate_left(y)`."""
    a, b, c = a & _MASK, b & _MASK, c & _MASK
    c = _step(c, b, 14)
    a = _step(a, c, 11)
    b = _step(b, a, 25)
    c = _step(c, b, 16)
    a = _step(a, c, 4)
    b = _step(b, a, 14)
    return _step(c, b, 24)


def _step(value: int, by: int, bits: int) -> int:
    return ((value ^ by) - (by << bits & _MASK | by >> (32 - bits))) & _MASK
