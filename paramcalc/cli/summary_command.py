"""`paramcalc summary`: one or several models, as a table or as data."""

from collections.abc import Iterator
from typing import Any

import click

from paramcalc.answer import question, read, summary_explained, summary_of, warnings_of
from paramcalc.cli import declare, options, output, report, report_warnings
from paramcalc.errors import ParamcalcError
from paramcalc.render import MEMORY, ROWS, SUMMARIES, Format, Shown, function_of

SHOWN = (*ROWS, "depth", "width", "theme", *MEMORY)
"""Options about what is shown, in the order in which they are checked."""


@declare.command()
@options.specs_argument
@declare.option("--format", "format_", type=click.Choice(list(SUMMARIES)), default="table", help="How to print it.")
@declare.option(
    "--columns",
    callback=options.parse_columns,
    metavar="NAME,...",
    shell_complete=options.complete_columns,
    help="Which columns, in this order.",
)
@declare.option("--depth", type=options.Whole(1), help="Levels of nesting to show; deeper ones are summed.")
@declare.option(
    "--sort",
    callback=options.parse_column,
    metavar="NAME",
    shell_complete=options.complete_columns,
    help="Sort single layers by a column.",
)
@declare.option("--top", type=options.Whole(1), help="Show only the first N layers, by --sort or by parameters.")
@declare.option("--totals", is_flag=True, help="Show one row a model: parameters, MACs and size.")
@declare.option("--width", type=options.Whole(20), help="Fit the table into this many characters.")
@declare.option("--theme", type=click.Choice(["light", "dark"]), help="Colours of the picture (default: light).")
@options.set_option
@options.batch_option
@options.context_option
@options.input_option
@options.dtype_option
@options.allow_option
@options.assume_option
@options.max_layers_option
@options.weights_option
@options.lora_option
@options.memory_option
@options.optimizer_option
@options.checkpointing_option
@options.master_option
@options.kv_dtype_option
@options.tp_option
@options.pp_option
@options.dp_option
@options.zero_option
@options.color_option
@options.output_option
def command(specs: tuple[str, ...], format_: str, **given: Any) -> int:
    """Show the layers of models with their shapes and parameters.

    SPEC is a paramcalc spec, what Keras wrote, a config.json of Hugging Face, a .pt2, a checkpoint, or - for stdin.
    """
    form = SUMMARIES[format_]
    check_usage(specs, format_, form, given)
    failed: list[ParamcalcError] = []
    totals = given["totals"]
    shown = read_all(specs, given, failed, explained=form.explains and not totals)
    look = output.look_of(form, given, several=len(specs) > 1)
    output.write(function_of(form.totals if totals else form.writer)(shown, look), given["output"])
    return failed[0].exit_code if failed else 0


def read_all(
    specs: tuple[str, ...], given: dict[str, Any], failed: list[ParamcalcError], explained: bool
) -> Iterator[Shown]:
    """The summary of each file; a broken one is reported, and the others still come."""
    asked = question(given)
    for source in specs:
        try:
            model = read(source, asked)
            shown = Shown(*summary_explained(model, asked)) if explained else Shown(summary_of(model, asked))
        except ParamcalcError as error:
            failed.append(error)
            report(error)
            continue
        report_warnings(shown.summary.source, warnings_of(model, shown.summary))
        yield shown


def check_usage(specs: tuple[str, ...], format_: str, form: Format, given: dict[str, Any]) -> None:
    """Refuse what would be ignored in silence."""
    output.check_shown(form, format_, SHOWN, given)
    options.check_training(given, "--optimizer NAME")
    if given["depth"] is not None and (given["sort"] or given["top"]):
        raise click.UsageError("--depth is for the tree; --sort and --top show single layers")
    if len(specs) > 1 and given["weights"] is not None:
        raise click.UsageError("--weights is for one architecture; name one file")
    if given["totals"]:
        ignored = next((name for name in ("columns", "depth", "sort", "top") if given[name] is not None), None)
        if ignored is not None:
            raise click.UsageError(f"--totals shows no layers; --{ignored} is about them")
    if len(specs) > 1 and form.one and (form.one_total or not given["totals"]):
        raise click.UsageError(f"--format {format_} {form.one}")
