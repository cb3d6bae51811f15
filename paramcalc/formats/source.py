"""A source: the name and the content of a path, of `-` or of bytes, read only as far as needed."""

import os
import stat
import sys
from collections.abc import Mapping
from functools import cached_property
from io import BytesIO
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO

from msgspec import Struct

from paramcalc.errors import MAX_CANDIDATES, InputError, Problem, nearest, why
from paramcalc.limits import MAX_ANY_DIRECTORY, MAX_ANY_ENTRIES, MAX_FOLDER_FILES, MAX_JSON_BYTES, check_size, max_bytes

if TYPE_CHECKING:
    from paramcalc.formats.adapters.config import Adapter, LlamaAdapter
    from paramcalc.formats.text.document import Document

STDIN = "<stdin>"
HEAD = 512
"""How many bytes are read to recognise a binary format; a tar archive's signature is at byte 257."""
LARGE = 128 * 1024
"""From this size on, the values of a text do not fit in the processor's cache."""
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_IS_FOLDER = "is a directory, not a file"
_KINDS = (
    (stat.S_ISFIFO, "is a pipe; give its content on standard input instead: paramcalc summary -"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
)


class Options(Struct, frozen=True):
    """The user's options for a reader of any format.

    Attributes:
        sets: values that take the place of a spec's `vars`; text is read as `--set` reads it.
        max_layers: how many layers a model may unroll to; None for the usual limit.
        weights: the path of a checkpoint to compare the architecture with.
        adapter: the adapter to add to the model.
    """

    sets: Mapping[str, Any] | None = None
    max_layers: int | None = None
    weights: str | None = None
    adapter: "Adapter | LlamaAdapter | None" = None


class Source:
    """A file, standard input, bytes, or a folder.

    Formats are recognised by its properties. Each is computed once, when it is first needed: for a format that is
    recognised by its first bytes, nothing else is read.

    Attributes:
        name: as the user gave it; errors begin with it.
        path: the path for a library to open; None for standard input and bytes.
    """

    def __init__(self, name: str, stream: BinaryIO | None, path: str | None = None) -> None:
        self.name = name
        self.path = path
        self._stream = stream  # None for a folder

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *error: object) -> None:
        if self._stream is not None and self.path is not None:  # standard input must stay open
            self._stream.close()

    @cached_property
    def head(self) -> bytes:
        """The first 512 bytes; empty for a folder."""
        return b"" if self._stream is None else self._read(self._stream, HEAD)

    @cached_property
    def file(self) -> BinaryIO:
        """The bytes as a seekable file; its position is wherever the last reader left it.

        Standard input is not seekable, so it is read completely.

        Raises:
            InputError: for a folder, and if standard input is larger than the largest JSON may be.
        """
        head = self.head
        if self._stream is None:
            raise InputError(self.name, [Problem(_IS_FOLDER)])
        if self.path is not None:
            return self._stream
        limit = max_bytes(MAX_JSON_BYTES)
        if isinstance(self._stream, BytesIO):
            check_size(self.name, self._stream.seek(0, os.SEEK_END), limit, "the input")
            return self._stream
        rest = self._read(self._stream, limit + 1)
        check_size(self.name, len(rest), limit, "the input")
        return BytesIO(head + rest)

    @cached_property
    def size(self) -> int:
        """The size in bytes."""
        return self.file.seek(0, os.SEEK_END)

    @cached_property
    def data(self) -> bytes:
        """All bytes of a text.

        Raises:
            InputError: if there are more than a text may have, or they cannot be read.
        """
        return self.read(max_bytes(MAX_JSON_BYTES), "the file")

    @cached_property
    def document(self) -> "Document":
        """The content as JSON or YAML.

        Raises:
            InputError: when it is neither.
        """
        from paramcalc.formats.text.document import parse

        return parse(self.data, self.name)

    @property
    def is_archive(self) -> bool:
        """Whether it begins as a zip does."""
        return self.head.startswith(_ZIP)

    @cached_property
    def entries(self) -> list[str]:
        """The names of the entries of a zip archive; none for any other file.

        Raises:
            InputError: for a broken archive, or one with too large a directory.
        """
        if not self.is_archive:
            return []
        from paramcalc.formats.archive import open_archive

        with open_archive(self.file, self.name, MAX_ANY_DIRECTORY, MAX_ANY_ENTRIES) as archive:
            return archive.names

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder, and no file."""
        return self._stream is None

    @cached_property
    def folder(self) -> frozenset[str]:
        """The names in a folder; none for a file.

        Raises:
            InputError: if it cannot be listed, or has more files than a model's folder would.
        """
        if self._stream is not None or self.path is None:
            return frozenset()
        try:
            with os.scandir(self.path) as entries:
                names = frozenset(entry.name for entry in islice(entries, MAX_FOLDER_FILES + 1))
        except OSError as error:
            raise InputError(self.name, [Problem(f"the folder cannot be read: {why(error)}")]) from None
        if len(names) > MAX_FOLDER_FILES:
            message = f"a folder of more than {MAX_FOLDER_FILES:,} files, which no model's has"
            raise InputError(self.name, [Problem(message)])
        return names

    def read(self, limit: int, what: str) -> bytes:
        """All bytes.

        Raises:
            InputError: when there are more than `limit`, or they cannot be read.
        """
        self.file.seek(0)
        data = self._read(self.file, limit + 1)
        check_size(self.name, len(data), limit, what)
        return data

    def _read(self, stream: BinaryIO, size: int) -> bytes:
        """Up to `size` bytes.

        Raises:
            InputError: if they cannot be read, or if there are none yet and may never be.
        """
        try:
            data: bytes | None = stream.read(size)
        except OSError as error:
            raise InputError(self.name, [Problem(_explain(error))]) from None
        if data is None:
            raise InputError(self.name, [Problem("the file never ends")])
        return data


def open_source(source: str | os.PathLike[str] | bytes, name: str | None = None) -> Source:
    """Open `source`; "-" is standard input.

    Raises:
        InputError: for what is missing, unreadable, or neither a regular file nor a folder.
    """
    if isinstance(source, bytes):
        return Source(name or "<bytes>", BytesIO(source))
    if source == "-":
        return Source(name or STDIN, sys.stdin.buffer)
    path = os.fspath(source)
    name = name or path or "''"
    try:
        return Source(name, _open(path, name), path)
    except (OSError, ValueError) as error:
        leads_nowhere = isinstance(error, FileNotFoundError) and os.path.islink(path)
        message = "is a link that leads nowhere" if leads_nowhere else _explain(error)
        if isinstance(error, FileNotFoundError) and not leads_nowhere:
            message += _advice(path)
        raise InputError(name, [Problem(message)]) from None


def _open(path: str, name: str) -> BinaryIO | None:
    """The file at a path; None for a folder."""
    # Check before opening: opening a pipe may block for ever, opening a device may have effects.
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        return None
    _check_kind(name, mode)
    file = open(path, "rb", opener=_without_waiting)  # noqa: SIM115 (the source closes it)
    _check_kind(name, os.fstat(file.fileno()).st_mode)
    return file


def _without_waiting(path: str, flags: int) -> int:
    """Open without blocking: the file may have become a pipe since, or be one of /proc that has no data yet."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check_kind(name: str, mode: int) -> None:
    for is_kind, message in _KINDS:
        if is_kind(mode):
            raise InputError(name, [Problem(message)])


def _is_name_on_a_hub(path: str) -> bool:
    """Whether a path that leads nowhere looks like `owner/model`: in no folder that there is, without an extension."""
    owner, slash, model = path.partition("/")
    is_file = os.path.splitext(model)[1][1:2].isalpha()  # the `.1-8B` of `Llama-3.1-8B` is no extension
    return bool(owner and slash and model) and "/" not in model and not is_file and not os.path.exists(owner)


def _advice(path: str) -> str:
    """What may be meant by a name that is not there; nothing where that is not known.

    `; did you mean 'models/net.yaml'?` if the folder has a file with a similar name; or that neither an address
    nor the name of a model on a hub (`owner/model`) is a file.
    """
    folder, wanted = os.path.split(path)
    if "://" in path or _is_name_on_a_hub(path):
        return "; paramcalc fetches nothing: download the model's config.json, and name that"
    try:
        with os.scandir(folder or os.curdir) as entries:
            near = nearest(wanted, sorted(entry.name for entry in islice(entries, MAX_CANDIDATES)))
    except (OSError, ValueError):
        return ""
    return f"; did you mean '{os.path.join(folder, near)}'?" if near is not None else ""


def _explain(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, OSError):
        return f"the file cannot be read: {why(error)}"
    return "this cannot be the name of a file"
