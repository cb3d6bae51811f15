"""`paramcalc convert`: the same model in another format."""

from typing import Any

import click

from paramcalc.answer import question, read, shapes_for
from paramcalc.cli import declare, options, output


@declare.command()
@click.argument("model", shell_complete=options.complete_specs)
@declare.option("--to", "target", type=click.Choice(["spec", "keras"]), default="spec", help="What to write.")
@options.set_option
@options.allow_option
@options.assume_option
@options.max_layers_option
@options.output_option
def command(model: str, target: str, **given: Any) -> int:
    """Write MODEL as a paramcalc spec, or as JSON that Keras 3 loads.

    The result is the same model: what the other format cannot say is an error.
    """
    from paramcalc.formats.convert import convert
    from paramcalc.render.json_format import harmless

    asked = question(given)
    found = read(model, asked)
    if asked.assume or asked.allow_unknown or found.assumed:
        from paramcalc.analysis.assumptions import settle

        settle(found, shapes_for(found, asked)["assume"], asked.allow_unknown)
    text = convert(found, target, given["max_layers"])
    output.write([harmless(text.encode()) if target == "keras" else text], given["output"])
    return 0
