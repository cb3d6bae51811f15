"""`paramcalc layers`: the catalogue."""

import click

from paramcalc.cli.options import output_option
from paramcalc.cli.output import write


def complete_names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Built-in layers; plugins are left out, for looking them up is slow."""
    from paramcalc.layers.catalogue import built_in
    from paramcalc.layers.registry import Registry

    return [name for name in built_in(Registry()) if name.lower().startswith(incomplete.lower())]


@click.command()
@click.argument("name", required=False, shell_complete=complete_names)
@click.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", help="How to print it."
)
@output_option
def command(name: str | None, format_: str, output: str | None) -> int:
    """List all layers, or show one with its fields, formula, shapes and an example.

    NAME is a Keras class name, its snake_case, an alias such as MaxPool2D, or
    a class of PyTorch's, such as torch.Linear.
    """
    write([text_of(name, format_)], output)
    return 0


def text_of(name: str | None, format_: str) -> str | bytes:
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
    if not isinstance(found, list):
        return catalogue_text.entry_text(found)
    return catalogue_text.list_markdown(found) if format_ == "markdown" else catalogue_text.list_text(found)
