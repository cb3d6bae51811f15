"""`paramcalc diff`: what changed between two models."""

import os
from typing import Any

import click

from paramcalc.cli import options, output


@click.command(short_help="Show what changed between two models, layer by layer.")
@click.argument("base", shell_complete=options.complete_specs)
@click.argument("head", shell_complete=options.complete_specs)
@click.option(
    "--format", "format_", type=click.Choice(["table", "markdown", "json"]), default="table", help="How to print it."
)
@click.option(
    "--fail-on",
    "fail_on",
    multiple=True,
    metavar="params:0",
    help="Exit 1 when a number grew by more: params:0, params:10k, macs:1%, size:0.",
)
@options.output_option
def command(base: str, head: str, format_: str, fail_on: tuple[str, ...], **given: Any) -> int:
    """Show what changed from BASE to HEAD, layer by layer.

    Each is a file of any format, or REV:path, read through git.
    """
    from paramcalc.budgets import check_growth, worst
    from paramcalc.cli.check_command import parse_increases
    from paramcalc.diff import compare
    from paramcalc.render.diff_report import FORMATS

    limits = parse_increases(click.get_current_context(), click.Option(["--fail-on"]), fail_on)
    before, now = read_side(base), read_side(head)
    output.write([FORMATS[format_](compare(before, now))], given["output"])
    if not limits:
        return 0
    findings = check_growth(now, before, limits)
    for finding in findings:
        if finding.status != "passed":
            output.warn(finding.message)
    return {"passed": 0, "failed": 1, "broken": 2}[worst(findings)]


def read_side(name: str) -> Any:
    """The summary of a file, or of `REV:path`.

    Raises:
        ParamcalcError: when there is no such thing.
    """
    from paramcalc.baseline import BaselineError, read_revision, summarized

    if ":" not in name or os.path.exists(name):
        return summarized(name)
    found = read_revision(name)
    if found is None:
        raise BaselineError(f"there is no '{name.partition(':')[2]}' at {name.partition(':')[0]}")
    return summarized(*found)
