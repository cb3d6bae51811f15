"""How commands and options are declared: as click does it, without what every start would pay for."""

from functools import partial
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Option(click.Option):
    """An option whose help is one paragraph: click would load `inspect` to tidy it up."""

    def __init__(self, *args: Any, help: str, **attributes: Any) -> None:  # noqa: A002 - click's name
        super().__init__(*args, **attributes)
        self.help = help


def show_help(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    """Print the help of the command, and end."""
    if value and not ctx.resilient_parsing:
        click.echo(ctx.get_help(), color=ctx.color)
        ctx.exit()


HELP = Option(
    ["-h", "--help"],
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=show_help,
    help="Show this message and exit.",
)
"""The same for every command. click's own has its text translated, which loads `locale` and looks for files."""


class Command(click.Command):
    """A command with the help option above."""

    def get_help_option(self, ctx: click.Context) -> click.Option:
        """-h and --help."""
        return HELP


class Path(click.ParamType):  # type: ignore[type-arg]  # generic only since click 8.2
    """A path, which whoever opens it will judge; the name of click's own type is translated, too."""

    name = "path"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """The shell's own file names."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]


command = partial(click.command, cls=Command)
option = partial(click.option, cls=Option)
