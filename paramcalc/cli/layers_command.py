"""`paramcalc layers`: the catalogue."""

import click

from paramcalc.cli import declare
from paramcalc.cli.options import output_option
from paramcalc.cli.output import terminal_width, write


def complete_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Built-in layers; plugins are left out because looking them up is slow."""
    from paramcalc.layers.catalogue import built_in
    from paramcalc.layers.registry import Registry

    return [name for name in built_in(Registry()) if name.lower().startswith(incomplete.lower())]


@declare.command()
@click.argument("name", required=False, shell_complete=complete_names)
@declare.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", help="How to print it."
)
@declare.option("--all", "everything", is_flag=True, help="Describe the fields that change no shape and no count, too.")
@output_option
def command(name: str | None, format_: str, everything: bool, output: str | None) -> int:
    """List all layers, or show one with its fields, formula, shapes and an example.

    NAME is a Keras class name, its snake_case, an alias such as MaxPool2D, or
    a class of PyTorch's, such as torch.Linear.
    """
    if everything and (name is None or format_ != "text"):
        raise click.UsageError("--all is for the text of one layer")
    write([text_of(name, format_, terminal_width(output), everything)], output)
    return 0


def text_of(name: str | None, format_: str, width: int | None, everything: bool) -> str | bytes:
    """What to print."""
    from paramcalc.layers.catalogue import catalogue, entry
    from paramcalc.layers.registry import Registry
    from paramcalc.render import catalogue_text
    from paramcalc.render.json_format import to_json

    if name is not None and format_ == "markdown":
        raise click.UsageError("--format markdown is for the list of all layers")
    registry = Registry()
    found = catalogue(registry) if name is None else entry(registry, name)
    if format_ == "json":
        return to_json(found, indent=1) + b"\n"
    width = width or catalogue_text.WIDTH
    if not isinstance(found, list):
        return catalogue_text.entry_text(found, width, everything)
    return catalogue_text.list_markdown(found) if format_ == "markdown" else catalogue_text.list_text(found, width)
