"""`paramcalc schema`: JSON Schemas."""

import click

from paramcalc.cli import declare
from paramcalc.cli.options import output_option
from paramcalc.cli.output import write


@declare.command()
@click.argument("kind", type=click.Choice(["spec", "summary"]), default="spec")
@output_option
def command(kind: str, output: str | None) -> int:
    """Print the JSON Schema of specs, for editors, or of the JSON that summary prints.

    Editors check and complete a spec, after `paramcalc schema spec -o FILE`,
    that starts with the line

    \b
        # yaml-language-server: $schema=FILE
    """  # noqa: D301 - click keeps the lines of a paragraph that begins with a backspace
    from paramcalc.schema import encoded, spec_schema, summary_schema

    write([encoded(spec_schema() if kind == "spec" else summary_schema())], output)
    return 0
