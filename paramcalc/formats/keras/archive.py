"""`.keras` archives: `config.json` is read, nothing else is."""

from typing import BinaryIO

from paramcalc.formats.archive import RefusedError, open_archive
from paramcalc.formats.unsupported import identify_archive
from paramcalc.limits import MAX_ARCHIVE_DIRECTORY, MAX_ARCHIVE_ENTRIES, max_unpacked

CONFIG = "config.json"


def read_config(file: BinaryIO, name: str) -> bytes:
    """The `config.json` of the archive.

    Raises:
        InputError: when there is none or two, or the archive is broken, encrypted, or a bomb.
    """
    with open_archive(file, name, MAX_ARCHIVE_DIRECTORY, MAX_ARCHIVE_ENTRIES) as archive:
        if CONFIG not in archive.names:
            raise RefusedError(f"this is {identify_archive(archive.names)}")
        return archive.read(CONFIG, max_unpacked(archive.size), ", as Keras writes it")
