"""`paramcalc explain`: every count taken apart."""

from typing import Any

import click

from paramcalc.answer import evaluation_of, question, read
from paramcalc.cli import options, output


@click.command()
@click.argument("spec", shell_complete=options.complete_specs)
@click.argument("layer", required=False, shell_complete=options.complete_layers)
@click.option(
    "--format", "format_", type=click.Choice(["text", "markdown", "json"]), default="text", help="How to print it."
)
@options.set_option
@options.batch_option
@options.context_option
@options.input_option
@options.allow_option
@options.assume_option
@options.max_layers_option
@options.weights_option
@options.lora_option
@options.output_option
def command(spec: str, layer: str | None, format_: str, **given: Any) -> int:
    """Take every count apart: which weight, which factors, which numbers.

    LAYER is a path, a name, or a glob such as 'encoder/*'; without it, all layers are explained.
    """
    from paramcalc.analysis.explain import explain
    from paramcalc.render.explain_text import FORMATS
    from paramcalc.render.text import pieces

    asked = question(given)
    evaluation = evaluation_of(read(spec, asked), asked)
    output.write(pieces(FORMATS[format_](explain(evaluation, layer))), given["output"])
    return 0
