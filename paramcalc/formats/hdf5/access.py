"""Bounded access to the bytes of an HDF5 file.

The format is a web of addresses, and an untrusted file may point anywhere: past its end, back to where it came from, or
a thousand times to the same megabyte. Every read goes through `Access`, which checks it against the file's length,
charges it to an allowance in proportion to that length, and refuses a structure that is reached twice.
"""

from os import SEEK_END
from struct import Struct
from typing import BinaryIO

from paramcalc.errors import InputError, Problem
from paramcalc.limits import MAX_HDF5_METADATA, MIB, SIZE_VARIABLE, max_bytes

ALLOWED_PER_BYTE = 3
"""How often each byte of a file may be read on average: a heap is read once as a block and once object by object."""

ALLOWED_ANYWAY = 64 * 1024
"""Bytes that may be read from even the smallest file."""

READ_COST = 64
"""Each read costs this many bytes in addition to its size."""

AHEAD = 512
"""Bytes to read ahead from a structure that contains its own length; nearly all are shorter."""

_CODES = {2: "H", 4: "I", 8: "Q"}


class Access:
    """The bytes of one file.

    Attributes:
        name: the file, as the user gave it; error messages begin with it.
        size: the length of the file, or of its part that holds the HDF5 data.
        offset_size: bytes of an address, according to the superblock.
        length_size: bytes of a length, according to the superblock.
        nowhere: the address that stands for no address.
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
        """Set the number of bytes of addresses and lengths: 2, 4 or 8."""
        self.offset_size = offset_size
        self.length_size = length_size
        self.nowhere = (1 << 8 * offset_size) - 1

    def layout(self, fields: str) -> Struct:
        """Compile a `struct` format in which A is an address and L a length."""
        fields = fields.replace("A", _CODES[self.offset_size]).replace("L", _CODES[self.length_size])
        return Struct(f"<{fields}")

    def read(self, address: int, size: int) -> bytes:
        """Read exactly `size` bytes.

        Raises:
            InputError: when they are not in the file, or the allowance is used up.
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
        """Read up to `AHEAD` bytes, charging only for the read itself: pass them to `complete`, or charge for them."""
        self.charge(READ_COST)
        self._file.seek(self._start + min(address, self.size))
        return self._file.read(min(AHEAD, max(self.size - address, 0)))

    def complete(self, address: int, ahead: bytes, size: int) -> bytes:
        """The first `size` bytes of a structure whose beginning, `ahead`, has been read already."""
        if size > len(ahead):
            return self.read(address, size)
        self.charge(size)
        return ahead[:size]

    def cursor(self, address: int, size: int, what: str) -> "Cursor":
        """A cursor over `size` bytes of the file."""
        return Cursor(self, self.read(address, size), what)

    def claim(self, address: int, what: str) -> None:
        """Register the structure at an address, which must not be reached again: each has a single owner."""
        if address in self._claimed:
            raise self.broken(f"{what} at byte {address:,} is reached twice")
        self._claimed.add(address)

    def charge(self, size: int) -> None:
        """Charge for work on this many bytes.

        Raises:
            InputError: when it is more than any valid file of this length needs.
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
        """The error for content that HDF5 allows, but that is not what the caller needs."""
        return InputError(self.name, [Problem(message)])

    def unsupported(self, what: str) -> InputError:
        """The error for a feature of the format that Keras does not use."""
        return self.unexpected(f"this HDF5 file has {what}: Keras writes none, and it is not read")


class Cursor:
    """Reads one field after another from a run of bytes.

    Attributes:
        data: the bytes.
        at: the offset of the next field.
        what: the structure that they are, for errors.
    """

    __slots__ = ("access", "at", "data", "what")

    def __init__(self, access: Access, data: bytes, what: str) -> None:
        self.access = access
        self.data = data
        self.at = 0
        self.what = what

    @property
    def left(self) -> int:
        """The number of bytes left."""
        return len(self.data) - self.at

    def take(self, size: int) -> bytes:
        """Read the next `size` bytes."""
        end = self.at + size
        if end > len(self.data):
            raise self.access.broken(f"{self.what} ends too early")
        found = self.data[self.at : end]
        self.at = end
        return found

    def skip(self, size: int) -> None:
        """Skip `size` bytes."""
        self.take(size)

    def number(self, size: int) -> int:
        """Read an unsigned integer of `size` bytes; all of the format's own integers are little-endian."""
        start = self.at
        self.at = end = start + size
        if end > len(self.data):
            raise self.access.broken(f"{self.what} ends too early")
        return int.from_bytes(self.data[start:end], "little")

    def length(self) -> int:
        """Read a length, whose size the superblock gives."""
        return self.number(self.access.length_size)

    def address(self) -> int | None:
        """Read an address; None if it is the one that stands for no address."""
        found = self.number(self.access.offset_size)
        return None if found == self.access.nowhere else found

    def needed_address(self) -> int:
        """Read an address that must not be missing."""
        found = self.address()
        if found is None:
            raise self.access.broken(f"{self.what} leads nowhere")
        return found

    def cursor(self, size: int, what: str) -> "Cursor":
        """A cursor over the next `size` bytes."""
        return Cursor(self.access, self.take(size), what)

    def text(self, size: int) -> str:
        """Read the next `size` bytes as text up to the first NUL."""
        return as_text(self.access, self.take(size).split(b"\0", 1)[0], self.what)

    def expect(self, signature: bytes) -> None:
        """Read a signature or a version number, which must be this one."""
        found = self.take(len(signature))
        if found != signature:
            raise self.access.broken(f"{self.what} begins with {found!r}, not with {signature!r}")


def as_text(access: Access, data: bytes, what: str) -> str:
    """Decode bytes as UTF-8, the encoding of HDF5 and Keras."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise access.broken(f"{what} is not UTF-8 text") from None
