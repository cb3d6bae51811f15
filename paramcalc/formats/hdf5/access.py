"""Bounded access to the bytes of an HDF5 file.

The format is a web of addresses, and a file from a stranger may point anywhere: past its end, back to where it came
from, or a thousand times to the same megabyte. Every read goes through `Access`, which knows the file's length,
charges what is read to an allowance in proportion to it, and refuses a structure that is reached twice.
"""

from os import SEEK_END
from struct import Struct
from typing import BinaryIO

from paramcalc.errors import InputError, Problem
from paramcalc.limits import MAX_HDF5_METADATA, MIB, SIZE_VARIABLE, max_bytes

ALLOWED_PER_BYTE = 3
"""How often each byte of a file may be read on average: a heap is read once as a block and once object by object."""

ALLOWED_ANYWAY = 64 * 1024
"""Bytes that even the smallest file may ask for."""

READ_COST = 64
"""A read costs as much as this many bytes, however small it is."""

AHEAD = 512
"""Bytes that are looked at where a structure says itself how long it is: nearly all are shorter."""

_CODES = {2: "H", 4: "I", 8: "Q"}


class Access:
    """The bytes of one file.

    Attributes:
        name: the file, as the user gave it; errors begin with it.
        size: the length of the file, or of its part that holds the HDF5 data.
        offset_size: how many bytes an address takes, by the superblock.
        length_size: how many bytes a length takes.
        nowhere: the address that means that there is nothing.
    """

    def __init__(self, file: BinaryIO, name: str, start: int = 0, size: int | None = None) -> None:
        self.name = name
        self.set_widths(8, 8)
        self.size = file.seek(0, SEEK_END) - start if size is None else size
        self._file = file
        self._start = start
        self._limit = min(ALLOWED_PER_BYTE * self.size + ALLOWED_ANYWAY, max_bytes(MAX_HDF5_METADATA))
        self._left = self._limit
        self._claimed: set[int] = set()

    def set_widths(self, offset_size: int, length_size: int) -> None:
        """Set how many bytes addresses and lengths take: 2, 4 or 8."""
        self.offset_size = offset_size
        self.length_size = length_size
        self.nowhere = (1 << 8 * offset_size) - 1

    def layout(self, fields: str) -> Struct:
        """Fields as `struct` has them, A for an address and L for a length."""
        fields = fields.replace("A", _CODES[self.offset_size]).replace("L", _CODES[self.length_size])
        return Struct(f"<{fields}")

    def read(self, address: int, size: int) -> bytes:
        """Exactly `size` bytes.

        Raises:
            InputError: when they are not in the file, or too many have been read already.
        """
        if address + size > self.size:
            raise self.broken(f"what is said to be at byte {address:,} is past its end, {self.size:,}")
        self.charge(size + READ_COST)
        self._file.seek(self._start + address)
        data = self._file.read(size)
        if len(data) != size:
            raise self.broken(f"it cannot be read at byte {address:,}")
        return data

    def read_ahead(self, address: int) -> bytes:
        """The next bytes, as many as `AHEAD` if the file has them; only for `complete`, or to be charged for."""
        self.charge(READ_COST)
        self._file.seek(self._start + min(address, self.size))
        return self._file.read(min(AHEAD, max(self.size - address, 0)))

    def complete(self, address: int, ahead: bytes, size: int) -> bytes:
        """The first `size` bytes of a structure of which `ahead` has been read."""
        if size > len(ahead):
            return self.read(address, size)
        self.charge(size)
        return ahead[:size]

    def cursor(self, address: int, size: int, what: str) -> "Cursor":
        """A cursor at the start of `size` bytes of the file."""
        return Cursor(self, self.read(address, size), what)

    def claim(self, address: int, what: str) -> None:
        """Note that the structure at an address is being read: each has one owner, so it must not be reached again."""
        if address in self._claimed:
            raise self.broken(f"{what} at byte {address:,} is reached twice")
        self._claimed.add(address)

    def charge(self, size: int) -> None:
        """Count work on so many bytes.

        Raises:
            InputError: when it is more than a file of this length can honestly need.
        """
        self._left -= size
        if self._left >= 0:
            return
        if self._limit < ALLOWED_PER_BYTE * self.size:
            message = f"the metadata of this HDF5 file take more than {self._limit // MIB} MiB, the limit; "
            message += f"set the environment variable {SIZE_VARIABLE} (in MiB) to allow more"
            raise self.unexpected(message)
        raise self.broken("its structures overlap: reading them takes more bytes than it has")

    def broken(self, message: str) -> InputError:
        """The error for a file that contradicts the format."""
        return self.unexpected(f"a broken HDF5 file: {message}")

    def unexpected(self, message: str) -> InputError:
        """The error for what may stand in an HDF5 file, but is not what is looked for."""
        return InputError(self.name, [Problem(message)])

    def unsupported(self, what: str) -> InputError:
        """The error for what the format has and Keras does not write."""
        return self.unexpected(f"this HDF5 file has {what}: Keras writes none, and it is not read")


class Cursor:
    """Takes one field after another from a run of bytes.

    Attributes:
        data: the bytes.
        at: where the next field begins.
        what: the structure they are, for errors.
    """

    __slots__ = ("access", "at", "data", "what")

    def __init__(self, access: Access, data: bytes, what: str) -> None:
        self.access = access
        self.data = data
        self.at = 0
        self.what = what

    @property
    def left(self) -> int:
        """How many bytes are left."""
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        """The next `size` bytes."""
        end = self.at + size
        if end > len(self.data):
            raise self.access.broken(f"{self.what} ends too early")
        found = self.data[self.at : end]
        self.at = end
        return found

    def skip(self, size: int) -> None:
        """Leave out `size` bytes."""
        self.take(size)

    def number(self, size: int) -> int:
        """An unsigned integer of `size` bytes; all of the format's own are little-endian."""
        start = self.at
        self.at = end = start + size
        if end > len(self.data):
            raise self.access.broken(f"{self.what} ends too early")
        return int.from_bytes(self.data[start:end], "little")

    def length(self) -> int:
        """A field of the size that the superblock gives to lengths."""
        return self.number(self.access.length_size)

    def address(self) -> int | None:
        """An address, or None for the one that means that there is nothing."""
        found = self.number(self.access.offset_size)
        return None if found == self.access.nowhere else found

    def needed_address(self) -> int:
        """An address that must be there."""
        found = self.address()
        if found is None:
            raise self.access.broken(f"{self.what} leads nowhere")
        return found

    def cursor(self, size: int, what: str) -> "Cursor":
        """A cursor over the next `size` bytes."""
        return Cursor(self.access, self.take(size), what)

    def text(self, size: int) -> str:
        """The next `size` bytes as the text before the first NUL."""
        return as_text(self.access, self.take(size).split(b"\0", 1)[0], self.what)

    def expect(self, signature: bytes) -> None:
        """Take a signature, or a version number, that must be this one."""
        found = self.take(len(signature))
        if found != signature:
            raise self.access.broken(f"{self.what} begins with {found!r}, not with {signature!r}")


def as_text(access: Access, data: bytes, what: str) -> str:
    """The bytes as text, in UTF-8 as HDF5 and Keras have it."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise access.broken(f"{what} is not UTF-8 text") from None
