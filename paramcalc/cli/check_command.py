"""`paramcalc check`: budgets in CI."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from paramcalc.cli import options, output
from paramcalc.units import DTYPE_BITS

FORMATS = ("text", "json", "github", "junit", "sarif", "markdown")
LIMITS = ("params", "trainable_params", "size", "macs", "layer_params")


def parse_increases(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> dict[str, int | str]:
    """`params:1%` → {"params": "1%"}; a bare value is for params."""
    from paramcalc.units import UnitError, parse_increase

    found: dict[str, int | str] = {}
    for value in values:
        metric, colon, limit = value.rpartition(":")
        try:
            parse_increase(limit)
        except UnitError as error:
            raise click.BadParameter(str(error), ctx, param) from None
        found[metric if colon else "params"] = limit
    return found


@click.command(short_help="Fail when a model outgrows its budget.")
@click.argument("specs", nargs=-1, metavar="[SPEC...]", shell_complete=options.complete_specs)
@click.option("--max-params", metavar="5M", help="Most parameters a model may have.")
@click.option("--max-trainable-params", metavar="5M", help="Most trainable parameters.")
@click.option("--max-size", metavar='"20 MiB"', help="Most bytes of all weights, with the unit written out.")
@click.option("--max-macs", metavar="300M", help="Most multiply-accumulates of one sample.")
@click.option("--max-layer-params", metavar="1M", help="Most parameters of any single layer.")
@click.option("--dtype", type=click.Choice(list(DTYPE_BITS)), metavar="DTYPE", help="Judge sizes as this type.")
@click.option("--config", type=click.Path(), metavar="FILE", help="Checks to run (default: found upward from here).")
@click.option("--against", metavar="REV|DIR|FILE", help="Baseline: a git revision, a folder, or a saved summary.")
@click.option(
    "--max-increase",
    "increases",
    multiple=True,
    callback=parse_increases,
    metavar="params:1%",
    help="How much a number may grow since the baseline.",
)
@options.set_option
@click.option("--format", "format_", type=click.Choice(FORMATS), default="text", help="How to report.")
@click.option("--exit-zero", is_flag=True, help="Exit 0 when over budget; what cannot be judged still exits 2.")
@click.option("--quiet", "-q", is_flag=True, help="Say only what is wrong.")
@click.option("--hide-passed", is_flag=True, help="Leave out the models within budget.")
@options.output_option
def command(specs: tuple[str, ...], format_: str, **given: Any) -> int:
    """Fail when a model outgrows its budget.

    Without SPEC, runs the checks of pyproject.toml ([[tool.paramcalc.checks]]) or paramcalc.yaml, found upward from
    here. A spec's own `budget:` always counts. Equal passes; what cannot be judged exits 2.
    """
    from paramcalc.render.check_report import FORMATS as RENDERERS
    from paramcalc.render.check_report import exit_code

    if given["increases"] and not given["against"]:
        raise click.UsageError("--max-increase needs --against, the baseline to grow from")
    jobs = list(find_jobs(specs, given))
    reports = [run_job(file, budgets, message, given) for file, budgets, message in progress(jobs)]
    options_ = {"hide_passed": given["hide_passed"] or given["quiet"]} if format_ == "text" else {}
    text = RENDERERS[format_](reports, **options_)
    code = exit_code(reports)
    if not (given["quiet"] and format_ == "text" and code == 0):
        output.write([text], given["output"])
    step_summary(reports)
    return 0 if given["exit_zero"] and code == 1 else code


def flag_budget(given: dict[str, Any]) -> Any:
    """The budget that the flags are."""
    from paramcalc.budgets import parse_budget

    limits = {name: given[f"max_{name}"] for name in LIMITS if given[f"max_{name}"] is not None}
    if given["dtype"]:
        limits["dtype"] = given["dtype"]
    return parse_budget(limits)


def find_jobs(specs: tuple[str, ...], given: dict[str, Any]) -> Iterator[tuple[str, list[Any], str | None]]:
    """(file, budgets, message) of everything to check: the files named, else the configuration's."""
    from paramcalc.check_config import ConfigError, expand, find_config, read_config

    flags = flag_budget(given)
    if specs and not given["config"]:
        for file in named_files(specs):
            yield file, [flags], None
        return
    path = Path(given["config"]) if given["config"] else find_config(Path.cwd())
    if path is None:
        raise ConfigError(
            "nothing to check: name a spec, or write [[tool.paramcalc.checks]] in pyproject.toml or checks: in "
            "paramcalc.yaml"
        )
    config = read_config(path)
    chosen = {os.path.relpath(file) for file in named_files(specs)} if specs else None
    for check in config.checks:
        for file in expand(check.files, config.path.parent):
            if chosen is None or os.path.relpath(file) in chosen:
                yield file, [check.budget, flags], check.message


def named_files(specs: tuple[str, ...]) -> list[str]:
    """The files on the command line, globs expanded where the shell did not."""
    from paramcalc.check_config import expand

    files: list[str] = []
    for spec in specs:
        files += expand([spec], Path()) if any(char in spec for char in "*?[") and not os.path.exists(spec) else [spec]
    return files


def run_job(file: str, budgets: list[Any], message: str | None, given: dict[str, Any]) -> Any:
    """Check one file."""
    from paramcalc.gate import Growth, check_file

    growth = Growth(given["against"], given["increases"]) if given["against"] else None
    return check_file(file, budgets, growth, message, dict(given["sets"]) or None)


def progress(jobs: list[Any]) -> Iterator[Any]:
    """The jobs one by one, with a bar on a terminal when they are many."""
    if len(jobs) < 50 or not sys.stderr.isatty():
        yield from jobs
        return
    with click.progressbar(jobs, label="Checking", file=sys.stderr) as bar:
        yield from bar


def step_summary(reports: list[Any]) -> None:
    """In GitHub Actions: append the table to the step's summary."""
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if not path or os.environ.get("GITHUB_ACTIONS") != "true":
        return
    from paramcalc.render.check_report import markdown

    try:
        with open(path, "a", encoding="utf-8") as file:
            file.write(markdown(reports))
    except OSError as error:
        output.warn(f"cannot append to the step summary: {error.strerror}")
