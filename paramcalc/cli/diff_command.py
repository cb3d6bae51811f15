"""`paramcalc diff`: what changed between two models."""

import os
from typing import TYPE_CHECKING, Any

import click

from paramcalc.answer import Question, answer, question, read, summary_explained
from paramcalc.cli import declare, options, output
from paramcalc.errors import InputError, ParamcalcError, Problem
from paramcalc.render import DIFFS, function_of

if TYPE_CHECKING:
    from paramcalc.analysis.explain import LayerExplained

SHOWN = ("width", "columns", "depth")
"""Options about what is shown, in the order in which they are checked."""


def parse_columns(ctx: click.Context, param: click.Parameter, value: str | None) -> list[str] | None:
    """Columns of the table, checked."""
    if value is None:
        return None
    from paramcalc.render.diff_report import COLUMNS

    return options.checked_columns(ctx, param, value, COLUMNS)


@declare.command()
@click.argument("base", shell_complete=options.complete_specs)
@click.argument("head", shell_complete=options.complete_specs)
@declare.option("--format", "format_", type=click.Choice(list(DIFFS)), default="table", help="How to print it.")
@declare.option(
    "--fail-on",
    "limits",
    multiple=True,
    callback=options.parse_increases,
    metavar="params:0",
    help="Exit 1 when a metric grew by more: params:0, params:10k, macs:1%, 'size:4 KiB'.",
)
@declare.option("--graph", is_flag=True, help="Add the changed part of the graph to --format markdown, as Mermaid.")
@declare.option("--width", type=options.Whole(20), help="Fit the table into this many characters.")
@declare.option(
    "--columns", callback=parse_columns, metavar="NAME,...", help="Which columns of the table, in this order."
)
@declare.option("--depth", type=options.Whole(1), help="Sum the changes by blocks of this depth.")
@options.context_option
@options.batch_option
@options.allow_option
@options.assume_option
@options.color_option
@options.output_option
def command(base: str, head: str, format_: str, limits: dict[str, str], **given: Any) -> int:
    """Show what changed from BASE to HEAD, layer by layer.

    Each is a file of any format, or REV:path, read through git and named as git names it: from the top of the
    repository, or from here as REV:./path.
    """
    from paramcalc.analysis.diff import compare
    from paramcalc.check.budgets import check_growth, worst

    if given["graph"] and "graph" not in DIFFS[format_].shows:
        raise click.UsageError(f"--graph does nothing for --format {format_}; it is for --format markdown")
    form = DIFFS[format_]
    output.check_shown(form, format_, SHOWN, given)
    asked = of_either_side(question(given))
    sides = (base, read_side(base, head, asked)), (head, read_side(head, base, asked))
    check_counted(*sides)
    before, now = named_alike(*sides, asked)
    diff = compare(before, now)
    explained = explanations(head, asked) if form.explains else {}
    output.write(function_of(form.writer)(diff, explained, output.look_of(form, given)), given["output"])
    findings = check_growth(now, before, limits)
    for finding in findings:
        if finding.status != "passed":
            output.warn(finding.message)
    return {"passed": 0, "failed": 1, "broken": 2}[worst(findings)]


def check_counted(base: tuple[str, Any], head: tuple[str, Any]) -> None:
    """Refuse to hold totals that a file only states against the layers of another.

    Raises:
        InputError: naming the file whose weights are not there.
    """
    from paramcalc.summary import is_only_stated

    for (name, summary), (other, against) in ((base, head), (head, base)):
        if is_only_stated(summary) and not is_only_stated(against):
            message = (
                "the files with its weights are not beside it, so there are no layers to compare; "
                f"`paramcalc summary {other} --weights {name}` compares the names, where that is an architecture"
            )
            raise InputError(name, [Problem(message)])


def named_alike(base: tuple[str, Any], head: tuple[str, Any], asked: Question) -> tuple[Any, Any]:
    """Both sides, with a checkpoint's weights renamed to those of the architecture on the other side."""
    (first, before), (second, now) = base, head
    if (before.framework is None) != (now.framework is None) and os.path.exists(first) and os.path.exists(second):
        from paramcalc.answer import weights_named_by

        if before.framework is None:
            return weights_named_by(second, first, asked) or before, now
        return before, weights_named_by(first, second, asked) or now
    return before, now


def of_either_side(asked: Question) -> Question:
    """The same options, with assumptions that need not apply to both models."""
    if not asked.assume:
        return asked
    from msgspec.structs import replace

    return replace(asked, assume={name: replace(said, optional=True) for name, said in asked.assume.items()})


def explanations(head: str, asked: Question) -> "dict[str, LayerExplained]":
    """Why the counts of the new model are what they are, if it is in a file."""
    return summary_explained(read(head, asked), asked)[1] if os.path.exists(head) else {}


def read_side(name: str, other: str, asked: Question) -> Any:
    """The summary of a file, or of `REV:path`; `other` is the other side.

    Raises:
        ParamcalcError: if it does not exist.
    """
    if ":" in name:
        from paramcalc.check.baseline import summary_at

        found = summary_at(name, asked)
        if found is not None:
            return found
    try:
        return answer(name, asked)
    except InputError as error:
        if os.path.exists(name) or ":" in name:
            raise
        near = next(filter(is_in_git, (f"{name}:{other}", f"{name}:./{other}")), None)
        if near is None:
            raise
        raise InputError(name, [Problem(f"there is no such file; did you mean '{near}'?")]) from error


def is_in_git(name: str) -> bool:
    """Whether git has this `REV:path`."""
    from paramcalc.check.baseline import summary_at

    try:
        return summary_at(name) is not None
    except InputError:
        return True  # it exists, but is invalid
    except ParamcalcError:
        return False
