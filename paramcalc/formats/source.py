"""A path, `-` or bytes → an open file with a name; only what ends when it is read."""

import os
import stat
import sys
from io import BytesIO
from typing import BinaryIO, NamedTuple

from paramcalc.errors import MAX_ECHO, InputError, Problem, why
from paramcalc.limits import MIB, SIZE_VARIABLE, max_bytes

STDIN = "<stdin>"
SECOND = "begins here, but a file holds one: was it opened to append ('a') where it should be written anew ('w')?"
"""What is wrong where a second text follows in a file."""

_KINDS = (
    (stat.S_ISDIR, "is a directory, not a file"),
    (stat.S_ISFIFO, "is a pipe; give its content on standard input instead: paramcalc summary -"),
    (stat.S_ISCHR, "is a device, not a file"),
    (stat.S_ISBLK, "is a device, not a file"),
    (stat.S_ISSOCK, "is a socket, not a file"),
)


class Source(NamedTuple):
    """What is read from.

    Attributes:
        name: as the user gave it; errors begin with it.
        file: positioned at its start.
        path: where an archive library can open it, None for standard input and bytes.
    """

    name: str
    file: BinaryIO
    path: str | None


def open_source(source: str | os.PathLike[str] | bytes, name: str | None = None) -> Source:
    """Open `source`; "-" is standard input.

    Raises:
        InputError: for what is missing, unreadable, or no regular file.
    """
    if isinstance(source, bytes):
        return Source(name or "<bytes>", BytesIO(source), None)
    if source == "-":
        return Source(name or STDIN, sys.stdin.buffer, None)
    path = os.fspath(source)
    name = name or path or "''"
    try:
        # Looked at before it is opened: opening a pipe may wait for ever, opening a device may act.
        _check_kind(name, os.stat(path).st_mode)
        file = open(path, "rb", opener=_open)  # noqa: SIM115 (the caller closes it)
        _check_kind(name, os.fstat(file.fileno()).st_mode)
    except (OSError, ValueError) as error:
        leads_nowhere = isinstance(error, FileNotFoundError) and os.path.islink(path)
        raise InputError(
            name, [Problem("is a link that leads nowhere" if leads_nowhere else _explain(error))]
        ) from None
    return Source(name, file, path)


def read(source: Source, limit: int, what: str) -> bytes:
    """All bytes of `source`.

    Raises:
        InputError: when there are more than `limit`, or they cannot be read.
    """
    data = read_some(source, limit + 1)
    check_size(source.name, len(data), limit, what)
    return data


def read_some(source: Source, size: int) -> bytes:
    """Up to `size` bytes.

    Raises:
        InputError: when they cannot be read, or when there are none yet and may never be any.
    """
    try:
        data: bytes | None = source.file.read(size)
    except OSError as error:
        raise InputError(source.name, [Problem(_explain(error))]) from None
    if data is None:
        raise InputError(source.name, [Problem("the file never ends")])
    return data


def check_size(name: str, size: int, limit: int, what: str) -> None:
    """Refuse more than `limit` bytes of `what`."""
    if size > limit:
        message = f"{what} is larger than {limit // MIB} MiB, the limit; "
        message += f"set the environment variable {SIZE_VARIABLE} (in MiB) to allow more"
        given = os.environ.get(SIZE_VARIABLE, "")
        if given and max_bytes(-1) < 0:
            message += f": '{given[:MAX_ECHO]}' is no number of MiB"
        raise InputError(name, [Problem(message)])


def _open(path: str, flags: int) -> int:
    """Without waiting: what the path leads to may have become a pipe, or be a file of /proc that waits for news."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check_kind(name: str, mode: int) -> None:
    for is_kind, message in _KINDS:
        if is_kind(mode):
            raise InputError(name, [Problem(message)])


def _explain(error: OSError | ValueError) -> str:
    if isinstance(error, FileNotFoundError):
        return "there is no such file"
    if isinstance(error, OSError):
        return f"the file cannot be read: {why(error)}"
    return "this cannot be the name of a file"
