"""`paramcalc check`: budgets in CI."""

import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from paramcalc.cli import declare, options, output
from paramcalc.metrics import MEMORY
from paramcalc.render import CHECKS
from paramcalc.units import DTYPE_BITS

if TYPE_CHECKING:
    from paramcalc.budget import Budget
    from paramcalc.check.config import Config
    from paramcalc.check.jobs import Job
    from paramcalc.check.outcome import FileReport

LIMITS = ("params", "trainable_params", "size", "macs", "layer_params", *MEMORY)
MANY = 50
"""A progress bar is shown from this many files on."""


def parse_columns(ctx: click.Context, param: click.Parameter, value: str | None) -> list[str] | None:
    """Columns of the text, checked."""
    if value is None:
        return None
    from paramcalc.render.check.text import COLUMNS

    return options.checked_columns(ctx, param, value, COLUMNS)


@declare.command()
@click.argument("specs", nargs=-1, metavar="[SPEC...]", shell_complete=options.complete_specs)
@declare.option("--max-params", metavar="5M", help="Maximum number of parameters.")
@declare.option("--max-trainable-params", metavar="5M", help="Maximum number of trainable parameters.")
@declare.option("--max-size", metavar='"20 MiB"', help="Maximum size of all weights, with its unit.")
@declare.option("--max-macs", metavar="300M", help="Maximum multiply-accumulates for one sample.")
@declare.option("--max-layer-params", metavar="1M", help="Maximum parameters of any single layer.")
@declare.option("--max-kv-cache", metavar='"4 GiB"', help="Maximum size of a decoder's cache, at --context.")
@declare.option("--max-inference-memory", metavar='"24 GiB"', help="Maximum memory to run the model.")
@declare.option("--max-training-memory", metavar='"80 GiB"', help="Maximum memory to train the model, with AdamW.")
@options.context_option
@options.batch_option
@declare.option(
    "--dtype",
    type=click.Choice(list(DTYPE_BITS)),
    metavar="DTYPE",
    help="Judge sizes as this dtype where the budget names none.",
)
@declare.option(
    "--config",
    type=declare.Path(),
    metavar="FILE",
    help="The checks (default: the nearest ones upward from here).",
)
@declare.option("--against", metavar="REV|DIR|FILE", help="Baseline: a git revision, a folder, or a saved summary.")
@declare.option(
    "--max-increase",
    "increases",
    multiple=True,
    callback=options.parse_increases,
    metavar="params:1%",
    help="How much a metric may grow since the baseline.",
)
@options.set_option
@options.assume_option
@options.weights_option
@options.lora_option
@declare.option("--format", "format_", type=click.Choice(list(CHECKS)), default="text", help="How to report.")
@declare.option(
    "--graph", is_flag=True, help="Add what changed since --against as a graph to Markdown and the step summary."
)
@declare.option("--exit-zero", is_flag=True, help="Exit 0 when over budget; what cannot be judged still exits 2.")
@declare.option("--quiet", "-q", is_flag=True, help="Print only what is wrong.")
@declare.option("--hide-passed", is_flag=True, help="Leave out models within budget.")
@declare.option("--width", type=options.Whole(20), help="Fit the text into this many characters.")
@declare.option(
    "--columns",
    callback=parse_columns,
    metavar="NAME,...",
    help="A table with a row for each limit: status, file, layer, metric, actual, limit, headroom, set_by.",
)
@declare.option("--depth", type=options.Whole(1), help="Sum what holds most, or grew, by blocks of this depth.")
@options.color_option
@options.output_option
def command(specs: tuple[str, ...], format_: str, **given: Any) -> int:
    """Fail when a model outgrows its budget.

    Without SPEC, runs the checks of pyproject.toml ([[tool.paramcalc.checks]]) or paramcalc.yaml, found upward from
    here; with it, those that are about the files named. A spec's own `budget:` always counts. Equal passes; what
    cannot be judged exits 2.
    """
    from paramcalc.check.gate import unreadable
    from paramcalc.check.jobs import config_jobs, find_checks, named_jobs
    from paramcalc.check.outcome import exit_code
    from paramcalc.errors import InputError

    if given["increases"] and given["against"] is None:
        raise click.UsageError("--max-increase needs --against, the baseline to grow from")
    if given["graph"] and given["against"] is None:
        raise click.UsageError("--graph needs --against, the baseline to draw the changes since")
    for name in ("width", "columns"):
        if given[name] is not None and name not in CHECKS[format_].shows:
            raise click.UsageError(f"--{name} does nothing for --format {format_}; it is for --format text")
    if given["weights"] is not None and len(specs) != 1:
        raise click.UsageError("--weights is for one architecture; name one file")
    try:
        config = find_checks(given["config"])
    except InputError as error:  # reported like an unreadable model: where CI looks for it, with its line
        reports = [unreadable(error.source, error)]
    else:
        jobs = list(named_jobs(specs, config) if specs else config_jobs(config))
        reports = run(jobs, config, given)
    code = exit_code(reports)
    show(reports, code, format_, given)
    return 0 if given["exit_zero"] and code == 1 else code


def flag_budget(given: dict[str, Any]) -> "Budget":
    """The budget of the `--max-…` options."""
    from paramcalc.budget import BudgetError, parse_budget

    limits = {name: given[f"max_{name}"] for name in LIMITS if given[f"max_{name}"] is not None}
    try:
        return parse_budget(limits)._replace(owner="--max-{}")
    except BudgetError as error:  # which speaks of the key of a budget
        name = str(error.where[0])
        option = f"'--max-{name.replace('_', '-')}'"
        raise click.UsageError(f"Invalid value for {option}: {str(error).removeprefix(f'budget: {name}: ')}") from None


def run(jobs: "list[Job]", config: "Config | None", given: dict[str, Any]) -> "list[FileReport]":
    """The report of each file, with a bar on a terminal when they are many."""
    from paramcalc.answer import question
    from paramcalc.check.jobs import Asked, run_jobs

    options = question(given | {"dtype": None, "allow_unknown": True})
    asked = Asked(flag_budget(given), options, given["dtype"], given["graph"], given["depth"])
    against, increases = given["against"], given["increases"]
    with run_jobs(jobs, config.folder if config else os.curdir, asked, against, increases) as reports:
        return list(progress(reports, len(jobs)))


def progress(reports: "Iterator[FileReport]", count: int) -> "Iterator[FileReport]":
    """The reports one by one, with a bar on a terminal when they are many."""
    if count < MANY or not sys.stderr.isatty():
        yield from reports
        return
    with click.progressbar(reports, length=count, label="Checking", file=sys.stderr) as bar:
        yield from bar


def style_of(given: dict[str, Any]) -> Any:
    """The style of the text: the options, and what the terminal can show."""
    from paramcalc.render.check.text import Style

    path = given["output"]
    width = given["width"] or output.terminal_width(path)
    return Style(width, output.use_colour(given["color"], path), given["columns"], output.glyphs_for(path))


def show(reports: "list[FileReport]", code: int, format_: str, given: dict[str, Any]) -> None:
    """Write the report, and in GitHub Actions also to the summary of the job."""
    from paramcalc.errors import why
    from paramcalc.render.check import render

    hide = given["hide_passed"] or given["quiet"]
    silent = given["quiet"] and code == 0 and given["output"] is None and format_ in ("text", "github", "markdown")
    if not silent:
        text = render(reports, format_, hide_passed=hide, style=style_of(given) if format_ == "text" else None)
        output.write([text if CHECKS[format_].text else text.encode()], given["output"])
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path or os.environ.get("GITHUB_ACTIONS") != "true":
        return
    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(render(reports, "markdown", hide_passed=hide))
    except OSError as error:
        output.warn(f"cannot append to the step summary: {why(error)}")
