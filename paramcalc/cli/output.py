"""Where results go: stdout, or a file that is whole at every moment."""

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import click

from paramcalc.errors import ParamcalcError, why

if TYPE_CHECKING:
    from paramcalc.render import Format, Look
    from paramcalc.render.layout import Glyphs


class OutputError(ParamcalcError):
    """The result cannot be written to its destination."""


def write(parts: Iterable[str | bytes], path: str | None) -> None:
    """Write the parts to stdout as they come, or all of them to a file.

    Raises:
        OutputError: if the file cannot be written; an old file then stays unchanged.
    """
    if path is None or path == "-":
        for part in parts:
            write_stdout(part)
        return
    if is_stdout(path):
        write(parts, None)
        return
    try:
        write_file(path, (part if isinstance(part, bytes) else part.encode() for part in parts))
    except OSError as error:
        raise OutputError(f"cannot write {path or repr(path)}: {why(error)}") from error


def write_stdout(part: str | bytes) -> None:
    """Write to stdout now."""
    try:
        if isinstance(part, bytes):
            sys.stdout.flush()
            sys.stdout.buffer.write(part)
        else:
            sys.stdout.write(part)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise OutputError(f"cannot write to stdout: {why(error)}") from error


def is_stdout(path: str) -> bool:
    """Whether a path, such as /dev/stdout, is stdout itself: replacing that file would lose its content."""
    try:
        return os.path.samestat(os.stat(path), os.fstat(sys.stdout.fileno()))
    except (OSError, ValueError):
        return False


def write_file(path: str, parts: Iterable[bytes]) -> None:
    """Write to a temporary file and rename it, following links: a full disk or an error leaves the old file."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        umask = os.umask(0)
        os.umask(umask)
        mode = stat.S_IFREG | (0o666 & ~umask)
    if not stat.S_ISREG(mode):  # a device or a pipe is written to, not replaced
        with open(path, "wb") as file:
            file.writelines(parts)
        return
    path = os.path.realpath(path)
    # Named before it exists, so that it can be removed whenever the program ends.
    beside = os.path.join(os.path.dirname(path), f".paramcalc-{os.urandom(8).hex()}")
    with tidy_end():
        try:
            with open(beside, "xb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
                file.writelines(parts)
                os.fchmod(file.fileno(), stat.S_IMODE(mode))
            os.replace(beside, path)
        except BaseException:
            with suppress(OSError):
                os.unlink(beside)
            raise


@contextmanager
def tidy_end() -> Iterator[None]:
    """Inside this block, signals that CI sends to end a program do so like Ctrl-C, with all clean-up."""
    import signal

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [
        number for number in map(signal.Signals.__getitem__, names) if signal.getsignal(number) is signal.SIG_DFL
    ]
    for number in numbers:
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        for number in numbers:
            signal.signal(number, signal.SIG_DFL)


def use_colour(choice: str, path: str | None) -> bool:
    """Whether to colour: on a capable terminal, unless NO_COLOR is set; `--color` overrides both."""
    if choice != "auto":
        return choice == "always"
    on_terminal = (path is None or path == "-") and sys.stdout.isatty()
    return on_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def speaks_unicode(path: str | None) -> bool:
    """Whether the output can show the characters of trees and bars; files are UTF-8."""
    if path is not None and path != "-":
        return True
    try:
        "─█▏…×—".encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def glyphs_for(path: str | None) -> "Glyphs":
    """The characters that tables can be drawn with there."""
    from paramcalc.render.layout import ASCII, UNICODE

    return UNICODE if speaks_unicode(path) else ASCII


def terminal_width(path: str | None) -> int | None:
    """The width of the terminal; None for a pipe or a file, which are as wide as needed."""
    if (path is None or path == "-") and sys.stdout.isatty():
        return os.get_terminal_size(sys.stdout.fileno()).columns or None
    return None


def look_of(form: "Format", given: dict[str, Any], several: bool = False) -> "Look":
    """How a result is to look: the options of the command, and what the output can show."""
    from paramcalc.render import Look

    path, room = given["output"], terminal_width(given["output"])
    options = ("columns", "depth", "sort", "top", "theme", "bars", "graph")
    wanted = {name: given[name] for name in options if given.get(name)}
    width = given.get("width")
    return Look(
        warn,
        **wanted,
        width=room if form.text and width is None else width,
        several=several,
        memory=bool(given.get("memory") or given.get("optimizer")),
        terminal=room is not None,
        ascii_only=form.text and not speaks_unicode(path),
        colour=form.text and use_colour(given.get("color", "never"), path),
    )


def check_shown(form: "Format", format_: str, options: Iterable[str], given: dict[str, Any]) -> None:
    """Refuse an option about what is shown that does nothing for a format.

    Raises:
        click.UsageError: naming the first.
    """
    for name in options:
        if given[name] not in (None, False) and name not in form.shows:
            raise click.UsageError(f"--{name.replace('_', '-')} does nothing for --format {format_}")


def warn(message: str) -> None:
    """Write a line to stderr, sanitised."""
    from paramcalc.render.text import sanitise

    click.echo(sanitise(f"paramcalc: {message}"), err=True)
