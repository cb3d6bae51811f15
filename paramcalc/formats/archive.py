"""Bounded access to zip archives: only what is asked for is read, and nothing is ever extracted to disk."""

import zipfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from os import SEEK_CUR, SEEK_END, SEEK_SET
from struct import unpack
from typing import Any, BinaryIO, NamedTuple

from paramcalc.errors import InputError, Problem
from paramcalc.limits import check_size

_ENCRYPTED = 0x1
_CHUNK = 65_536
_MAX_RATIO = 1_032
"""How many times its size a deflated entry can unpack to."""
_HEADER, _HEADER_LENGTHS = 30, 26
"""Bytes of a local file header before its name, and the position of the lengths of what follows."""


class RefusedError(Exception):
    """An archive is refused; the message is for the user."""


class Span(NamedTuple):
    """A part of a file: its start and its length in bytes, None for everything up to the end."""

    file: BinaryIO
    start: int
    size: int | None


class SpanFile:
    """A part of a file as a read-only file of its own, such as an archive that is stored in another."""

    def __init__(self, span: Span) -> None:
        self._file = span.file
        self._start = span.start
        self._size = span.file.seek(0, SEEK_END) - span.start if span.size is None else span.size
        self._at = 0

    def seekable(self) -> bool:
        """Always true; zipfile asks."""
        return True

    def tell(self) -> int:
        """The current position, from the start of the part."""
        return self._at

    def seek(self, offset: int, whence: int = SEEK_SET) -> int:
        """Move to a position, which may be past the end.

        Raises:
            OSError: for a position before the start.
        """
        base = {SEEK_SET: 0, SEEK_CUR: self._at, SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise OSError("before the beginning of the file")  # as ordinary files do, and as zipfile expects
        self._at = base + offset
        return self._at

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes."""
        left = max(self._size - self._at, 0)
        self._file.seek(self._start + self._at)
        data = self._file.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data


class Archive:
    """An open archive: its table of contents, and access to its entries.

    Attributes:
        names: the entries, in the order of the archive.
        size: bytes of the whole archive.
    """

    def __init__(self, archive: zipfile.ZipFile, file: BinaryIO, name: str, size: int) -> None:
        self._archive = archive
        self._file = file
        self._name = name
        self.size = size
        self._entries = archive.infolist()
        self.names = [entry.filename for entry in self._entries]
        self._by_name: dict[str, list[zipfile.ZipInfo]] = {}
        for entry in self._entries:
            self._by_name.setdefault(entry.filename, []).append(entry)

    @property
    def sizes(self) -> dict[str, int]:
        """The bytes of each entry, unpacked, as the table of contents has them."""
        return {entry.filename: entry.file_size for entry in self._entries}

    def sizes_of(self, names: Iterable[str]) -> dict[str, int]:
        """The bytes of those of these entries that there are, unpacked; no more than the archive can hold.

        Raises:
            RefusedError: when one is there twice, or has more than that.
        """
        sizes = {}
        packed = 0
        for name in names:
            if name in self._by_name:
                entry = self._entry(name)
                most = entry.compress_size * (_MAX_RATIO if entry.compress_type else 1)
                packed += entry.compress_size
                if entry.file_size > most or max(packed, entry.header_offset + entry.compress_size) > self.size:
                    raise RefusedError(f"{name} is not as long as the archive says")
                sizes[name] = entry.file_size
        return sizes

    def empty(self) -> list[str]:
        """The entries of size zero."""
        return [entry.filename for entry in self._entries if not entry.file_size]

    def read(self, name: str, limit: int, written: str = "") -> bytes:
        """The content of the one entry of this name.

        Args:
            name: the whole name of the entry.
            limit: how many bytes it may unpack to.
            written: what an error adds about the usual form: ", as Keras writes it".

        Raises:
            RefusedError: if the name occurs twice, or the entry is encrypted or compressed in an unusual way.
            InputError: if it is larger than the limit.
            KeyError: when there is none.
        """
        return self._content(self._entry(name, written), limit)

    def start(self, name: str, size: int) -> bytes:
        """The first `size` bytes of the one entry of this name; the rest is not unpacked.

        Raises:
            RefusedError: as `read` does.
            KeyError: when there is none.
        """
        with self._archive.open(self._entry(name)) as stream:
            return stream.read(size)

    def open(self, name: str, limit: int, written: str = "") -> "Span":
        """The one entry of this name, as a seekable part of a file.

        A stored entry is a part of the archive's own file and may have any size; a deflated one is unpacked, so the
        limit applies. Otherwise as `read`.
        """
        entry = self._entry(name, written)
        if entry.compress_type == zipfile.ZIP_DEFLATED:
            return Span(BytesIO(self._content(entry, limit)), 0, None)
        self._archive.open(entry).close()  # checks the entry's own header against the table of contents
        self._file.seek(entry.header_offset + _HEADER_LENGTHS)
        lengths = self._file.read(4)
        start = entry.header_offset + _HEADER + sum(unpack("<HH", lengths))
        if entry.compress_size != entry.file_size or start + entry.file_size > self.size:
            raise RefusedError(f"{name} is not as long as the archive says")
        return Span(self._file, start, entry.file_size)

    def unpacked_size(self, name: str) -> int:
        """The bytes that `open` would unpack for an entry: 0 if it is stored or does not exist."""
        packed = [entry.file_size for entry in self._by_name.get(name, []) if entry.compress_type]
        return max(packed, default=0)

    def _entry(self, name: str, written: str = "") -> zipfile.ZipInfo:
        """The one entry of this name, provided that it can be unpacked within bounds."""
        found = self._by_name.get(name)
        if not found:
            raise KeyError(name)
        if len(found) > 1:
            raise RefusedError(f"the archive has {name} {len(found)} times: which one counts is not clear")
        (entry,) = found
        if entry.flag_bits & _ENCRYPTED:
            raise RefusedError(f"{name} is encrypted")
        # With the other methods some bytes unpack to a gigabyte, even if only a part is asked for.
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise RefusedError(f"{name} is neither stored nor deflated{written}")
        return entry

    def _content(self, entry: zipfile.ZipInfo, limit: int) -> bytes:
        """Unpack in small pieces, so that a bomb never fills the memory."""
        pieces = []
        size = 0
        with self._archive.open(entry) as stream:
            while piece := stream.read(_CHUNK):
                pieces.append(piece)
                size += len(piece)
                check_size(self._name, size, limit, entry.filename)
        return b"".join(pieces)


@contextmanager
def open_archive(file: BinaryIO, name: str, max_directory: int, max_entries: int) -> Iterator[Archive]:
    """Open an archive with limits on the number of entries and on the bytes of the table of contents.

    Raises:
        InputError: if it exceeds them, is broken, or an entry is refused inside the `with` block.
    """
    try:
        proxy: Any = _ShortReads(file, max_directory)
        with zipfile.ZipFile(proxy) as opened:
            count = len(opened.infolist())
            if count > max_entries:
                raise RefusedError(f"the archive has {count:,} entries, the limit is {max_entries:,}")
            yield Archive(opened, file, name, file.seek(0, SEEK_END))
    except RefusedError as error:
        raise InputError(name, [Problem(str(error))]) from None
    except InputError:
        raise
    except Exception as error:  # fuzzing zipfile produced nine exception classes besides BadZipFile
        raise InputError(name, [Problem(f"a broken archive: {error or type(error).__name__}")]) from None


class _ShortReads:
    """A file that refuses single reads larger than a table of contents may be.

    zipfile reads the table of contents in one go, and trusts the archive about its size.
    """

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable
        self._read: Callable[[int], bytes] = file.read
        self._limit = limit

    def read(self, size: int = -1) -> bytes:
        data = self._read(min(size, self._limit + 1) if size >= 0 else self._limit + 1)
        if len(data) > self._limit:
            raise RefusedError(f"the archive's table of contents is larger than {self._limit:,} bytes")
        return data
