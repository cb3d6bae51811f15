"""`.keras` archives: `config.json` is read, nothing else is; nothing is ever extracted."""

import zipfile
from os import SEEK_END
from typing import Any, BinaryIO

from paramcalc.errors import InputError, Problem
from paramcalc.formats.source import check_size
from paramcalc.formats.unsupported import identify_archive
from paramcalc.limits import MAX_ARCHIVE_DIRECTORY, MAX_ARCHIVE_ENTRIES, max_unpacked

CONFIG = "config.json"
_ENCRYPTED = 0x1
_CHUNK = 65_536


class _ShortReads:
    """A file of which no single read is larger than a directory may be.

    zipfile reads the directory at once, and believes the archive about its size.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.seek = file.seek
        self.tell = file.tell
        self.seekable = file.seekable
        self._read = file.read

    def read(self, size: int = -1) -> bytes:
        data = self._read(min(size, MAX_ARCHIVE_DIRECTORY + 1) if size >= 0 else MAX_ARCHIVE_DIRECTORY + 1)
        if len(data) > MAX_ARCHIVE_DIRECTORY:
            raise _RefusedError(f"the archive's table of contents is larger than {MAX_ARCHIVE_DIRECTORY:,} bytes")
        return data


class _RefusedError(Exception):
    """What is wrong with an archive, in words for its user."""


def read_config(file: BinaryIO, name: str) -> bytes:
    """The `config.json` of the archive.

    Raises:
        InputError: when there is none or two, or the archive is broken, encrypted, or a bomb.
    """
    try:
        return _read_config(file, name)
    except _RefusedError as error:
        raise InputError(name, [Problem(str(error))]) from None
    except InputError:
        raise
    except Exception as error:  # fuzzing zipfile gave nine kinds beside BadZipFile
        raise InputError(name, [Problem(f"a broken archive: {error or type(error).__name__}")]) from None


def _read_config(file: BinaryIO, name: str) -> bytes:
    proxy: Any = _ShortReads(file)
    with zipfile.ZipFile(proxy) as archive:
        entries = archive.infolist()
        if len(entries) > MAX_ARCHIVE_ENTRIES:
            raise _RefusedError(f"the archive has {len(entries):,} entries, the limit is {MAX_ARCHIVE_ENTRIES:,}")
        found = [entry for entry in entries if entry.filename == CONFIG]
        if not found:
            raise _RefusedError(f"this is {identify_archive([entry.filename for entry in entries])}")
        if len(found) > 1:
            raise _RefusedError(f"the archive has {CONFIG} {len(found)} times: which one counts is not clear")
        (entry,) = found
        if entry.flag_bits & _ENCRYPTED:
            raise _RefusedError(f"{CONFIG} is encrypted")
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _RefusedError(f"{CONFIG} is neither stored nor deflated, as Keras writes it")
        return _read_entry(archive, entry, name, max_unpacked(file.seek(0, SEEK_END)))


def _read_entry(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, name: str, limit: int) -> bytes:
    """In small pieces, so that what a bomb unpacks to is never held."""
    pieces = []
    size = 0
    with archive.open(entry) as stream:
        while piece := stream.read(_CHUNK):
            pieces.append(piece)
            size += len(piece)
            check_size(name, size, limit, CONFIG)
    return b"".join(pieces)
