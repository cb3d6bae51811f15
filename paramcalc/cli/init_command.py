"""`paramcalc init`: a spec to start from."""

from importlib.resources import files

import click

from paramcalc.cli import declare, output
from paramcalc.errors import ParamcalcError, why

TEMPLATES = ("mlp", "cnn", "rnn", "transformer")


class ExistsError(ParamcalcError):
    """The file cannot be made; an existing one is never written over."""


@declare.command()
@click.argument("file", default="model.yaml", type=declare.Path())
@declare.option(
    "--template", type=click.Choice(TEMPLATES), default="mlp", show_default=True, help="What to start from."
)
def command(file: str, template: str) -> int:
    """Write a small commented spec to FILE (model.yaml; - is stdout). An existing file is never written over."""
    text = (files("paramcalc") / "templates" / f"{template}.yaml").read_text(encoding="utf-8")
    if file == "-":
        output.write([text], None)
        return 0
    create(file, text)
    from paramcalc.render.text import sanitise

    click.echo(sanitise(f"wrote {file}; see it with: paramcalc summary {file}"), err=True)
    return 0


def create(file: str, text: str) -> None:
    """Write a new file.

    Raises:
        ExistsError: when it is there already, or cannot be made.
    """
    try:
        with open(file, "x", encoding="utf-8") as out:
            out.write(text)
    except FileExistsError:
        raise ExistsError(f"{file} already exists and was left as it is; name another file") from None
    except OSError as error:
        raise ExistsError(f"cannot write {file}: {why(error)}") from error
