"""The command line: options → calls → exit code. Nothing is computed here.

A command's module is imported when the command is used; `--help` and `--version` import none of them.
"""

import gc
import os
import sys
from codecs import backslashreplace_errors, register_error
from contextlib import suppress
from importlib import import_module

from paramcalc import __version__
from paramcalc.collector import gc_paused

try:
    with gc_paused():  # what is imported stays
        from typing import Any, NoReturn

        from paramcalc.cli.postponed import import_msgspec, postpone

        postpone("inspect")
        import click

        from paramcalc.cli import declare

        if not gc.get_freeze_count():
            # Together they make all of it old, so that the collector does not walk over it as soon as it may.
            gc.freeze()
            gc.unfreeze()
except KeyboardInterrupt:  # Ctrl-C is quiet even during start-up
    raise SystemExit(130) from None

COMMANDS = {
    "summary": "Show the layers of models with their shapes and parameters.",
    "check": "Fail when a model outgrows its budget.",
    "diff": "Show what changed between two models, layer by layer.",
    "fit": "Say which types, texts and batches a memory has room for.",
    "sweep": "Compare a model with other values of its variables.",
    "explain": "Take every count apart: which weight, which factors, which numbers.",
    "layers": "List all layers, or show one with its fields and formula.",
    "convert": "Write a model as a spec, or as Keras 3 JSON.",
    "schema": "Print the JSON Schema of specs, for editors, or of the JSON that summary prints.",
    "init": "Write a small commented spec to edit.",
    "guide": "Print the reference: the spec language, files, memory, CI and more.",
}
"""Command → its line in `paramcalc --help` and in completions; the module is `paramcalc.cli.<command>_command`."""

TEXTS = ("init", "guide")
"""Commands that print a text as it is; all others need msgspec."""

COMPLETE = "_PARAMCALC_COMPLETE"
"""The environment variable with which shells ask for completions."""

EXIT_BAD_INPUT = 2
EXIT_BUG = 3
EXIT_INTERRUPTED = 128 + 2
EXIT_CLOSED_PIPE = 128 + 13


class LazyGroup(declare.Command, click.Group):
    """A group that knows the names of its commands and imports only the one that runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All commands, in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now."""
        if cmd_name not in COMMANDS:
            return None
        if cmd_name not in TEXTS:
            import_msgspec()
        module = import_module(f"paramcalc.cli.{cmd_name}_command")
        command: click.Command = module.command
        command.short_help = COMMANDS[cmd_name]  # for completion
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command, or an error with the nearest name."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from paramcalc.errors import did_you_mean

            near = did_you_mean(args[0], COMMANDS)
            if not near and os.path.exists(args[0]):
                near = f"; did you mean 'paramcalc summary {args[0]}'?"
            raise click.UsageError(error.message.removesuffix(".") + near, ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the table of commands: click would import every command for its help."""
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def show_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Print the version; click's own option loads `locale` and may ask the metadata of packages."""
    if value:
        click.echo(f"paramcalc {__version__}")
        ctx.exit()


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@declare.option(
    "--version", "-V", is_flag=True, is_eager=True, expose_value=False, callback=show_version, help="Show the version."
)
@declare.option("--debug", is_flag=True, help="Show the traceback of a bug in paramcalc.")
def cli(debug: bool) -> None:
    """model.summary() without the framework.

    Reads a file that describes a network (a paramcalc spec, what Keras wrote, a config.json of Hugging Face, a .pt2
    of PyTorch, a checkpoint) and says exactly what every layer outputs, holds and costs. No framework is needed and
    no code of the model runs.

    Exit codes: 0 fine, 1 over budget, 2 bad usage or input, 3 a bug in paramcalc.
    """


def main() -> NoReturn:
    """Run the command line and exit."""
    # A short run makes little cyclic garbage: collecting less often saves a tenth of the start.
    gc.set_threshold(100_000, 50, 100)
    try:
        code = run(sys.argv[1:])
    except KeyboardInterrupt:  # a second one, while the first was handled
        code = EXIT_INTERRUPTED
    # Everything is flushed. Tearing down all objects and modules would take a tenth of a short run, and more of a long
    # one.
    os._exit(code)


def run(args: list[str]) -> int:
    """Run one command line; every error ends here, in an exit code."""
    try:
        prepare_streams()
        if os.environ.get(COMPLETE):
            return complete(os.environ[COMPLETE])
        with cli.make_context("paramcalc", list(args), terminal_width=help_width()) as context:
            code = cli.invoke(context)
        sys.stdout.flush()
    except click.exceptions.Exit as error:
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout again on exit, and would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_CLOSED_PIPE
    except Exception as error:
        return report(error, debug="--debug" in args)
    return code or 0


def complete(instruction: str) -> int:
    """Complete a word for a shell, or print the shell's completion script."""
    from click.shell_completion import shell_complete

    try:
        unknown = shell_complete(cli, {}, "paramcalc", COMPLETE, instruction)
    except (KeyError, ValueError):
        raise click.UsageError(f"{COMPLETE} needs COMP_WORDS and COMP_CWORD, as a shell sets them") from None
    if unknown:
        raise click.UsageError(f"{COMPLETE}: there is no '{instruction}'; it is such as bash_source or zsh_source")
    return 0


GLYPHS = {
    "→": ">", "Δ": "d", "×": "x", "·": ".", "…": "~", "—": "-", "−": "-", "²": "^2", "ⁿ": "^n", "⌈": "ceil(", "⌉": ")",
    "⌊": "floor(", "⌋": ")", "≤": "<=", "≥": ">=", "✅": "ok", "❌": "NO", "⚠": "??", "\ufe0f": "",
}  # fmt: skip
"""Replacements for our own glyphs where a terminal's encoding lacks them."""


def plain_glyphs(error: UnicodeError) -> tuple[str | bytes, int]:
    """The replacement for a character that the encoding lacks: a similar one, or its number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    glyph = GLYPHS.get(error.object[error.start])
    return backslashreplace_errors(error) if glyph is None else (glyph, error.start + 1)


def prepare_streams() -> None:
    """Escape what a stream cannot encode, and open one that was closed before the start on the null device.

    If it stayed closed, the next opened file would get its number.
    """
    register_error("paramcalc", plain_glyphs)
    for name in ("stdin", "stdout", "stderr"):
        stream: Any = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "r" if name == "stdin" else "w"))  # noqa: SIM115 - open to the end
        elif name != "stdin":
            stream.reconfigure(errors="paramcalc", encoding="ascii" if wants_ascii() else None)


def wants_ascii() -> bool:
    """Whether the user set the locale to C: Python itself would still write UTF-8."""
    chosen = os.environ.get("PYTHONUTF8") or os.environ.get("PYTHONIOENCODING")
    return not chosen and os.environ.get("LC_ALL") in ("C", "POSIX")


def help_width() -> int:
    """The width of help texts, computed as by click but without loading shutil."""
    try:
        columns = os.get_terminal_size().columns
    except OSError:
        columns = 80
    return max(min(columns, 80) - 2, 50)


def report(error: Exception, debug: bool = False) -> int:
    """Report an error on stderr, sanitised; return its exit code."""
    from paramcalc.errors import InputError, ParamcalcError, why
    from paramcalc.render.text import sanitise

    if isinstance(error, InputError) and sys.stderr.isatty():
        with suppress(OSError):
            show_problems(error)
        return error.exit_code
    if isinstance(error, click.ClickException):
        from io import StringIO

        shown = StringIO()
        error.show(shown)
        lines, code = shown.getvalue().splitlines(), EXIT_BAD_INPUT
    elif isinstance(error, ParamcalcError):
        lines, code = error.lines(), error.exit_code
    elif isinstance(error, MemoryError):
        lines, code = ["paramcalc: there is not enough memory"], EXIT_BAD_INPUT
    elif isinstance(error, FileNotFoundError) and error.filename is None:
        lines, code = ["paramcalc: the current folder is no longer there"], EXIT_BAD_INPUT
    elif isinstance(error, OSError):
        lines, code = [f"paramcalc: {f'{error.filename}: ' if error.filename else ''}{why(error)}"], EXIT_BAD_INPUT
    else:
        lines, code = [f"paramcalc: this is a bug in paramcalc: {type(error).__name__}: {error}"], EXIT_BUG
        if not debug:
            lines.append("Run it again as `paramcalc --debug …` and report what it prints.")
    if debug and code == EXIT_BUG:
        from traceback import format_exception

        lines = [part for entry in format_exception(error) for part in entry.splitlines()] + lines
    with suppress(OSError):  # if stderr is closed, the exit code still tells
        for line in lines:
            print(sanitise(line), file=sys.stderr)
    return code


def report_warnings(source: str, problems: list[Any]) -> None:
    """Report warnings about a file on stderr in the form of errors, one line each in a pipe."""
    if not problems:
        return
    from paramcalc.errors import InputError
    from paramcalc.render.text import sanitise

    with suppress(OSError):
        if sys.stderr.isatty():
            show_problems(InputError(source, problems), "warning")
            return
        for problem in problems:
            place = ":".join(map(str, (source, *(problem.position or ()))))
            print(sanitise(f"{place}: warning: {problem.message}"), file=sys.stderr)


COLOURS = {"error": "1;31", "warning": "1;33", "bold": "1", "mark": "34", "help": "1;32"}
"""Style of a part of an error → its terminal code."""


def show_problems(error: Any, severity: str = "error") -> None:
    """Show the problems of an input on a terminal, with the lines they are about."""
    from paramcalc.render.problems import problem_lines

    colour = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for line in problem_lines(error, os.get_terminal_size(sys.stderr.fileno()).columns or 80, severity):
        parts = [
            f"\x1b[{COLOURS[part.style]}m{part.text}\x1b[0m" if colour and part.style else part.text for part in line
        ]
        print("".join(parts), file=sys.stderr)
