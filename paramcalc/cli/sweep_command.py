"""`paramcalc sweep`: one row for each combination of values of a model's variables."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import replace

from paramcalc.answer import Question, answer, question
from paramcalc.cli import declare, options, output, report
from paramcalc.errors import ParamcalcError
from paramcalc.limits import MAX_SWEPT
from paramcalc.render import SWEEPS, function_of

if TYPE_CHECKING:
    from paramcalc.render.sweep import Swept

BARS = ("params", "trainable_params", "active_params", "macs", "decode_macs", "size_bytes", "inference_bytes")


def values_of(text: str) -> list[str]:
    """Split `256,512` at the commas, but not at those inside lists: `[1,2],[3]`.

    Raises:
        ValueError: for an empty value.
    """
    found, depth = [""], 0
    for letter in text:
        depth += (letter in "[{") - (letter in "]}")
        if letter == "," and depth == 0:
            found.append("")
        else:
            found[-1] += letter
    if not all(found):
        raise ValueError("write the values with a comma between two, such as 256,512")
    return found


@declare.command()
@click.argument("spec", shell_complete=options.complete_specs)
@declare.option(
    "--set",
    "swept",
    type=options.Pair(values_of),
    multiple=True,
    required=True,
    metavar="VAR=VALUE,...",
    help="The values of a variable of the spec, or of a field of a config.json.",
)
@options.batch_option
@options.context_option
@options.input_option
@options.dtype_option
@options.allow_option
@options.assume_option
@options.max_layers_option
@options.lora_option
@options.memory_option
@options.optimizer_option
@options.checkpointing_option
@options.master_option
@options.kv_dtype_option
@declare.option("--format", "format_", type=click.Choice(list(SWEEPS)), default="table", help="How to print it.")
@declare.option("--bars", type=click.Choice(BARS), help="What the bars of the picture show (default: params).")
@declare.option("--width", type=options.Whole(20), help="Fit the table into this many characters.")
@declare.option("--theme", type=click.Choice(["light", "dark"]), help="Colours of the picture (default: light).")
@options.output_option
def command(spec: str, swept: tuple[tuple[str, list[str]], ...], format_: str, **given: Any) -> int:
    """Compare a model with other values of its variables: a row for each combination.

    --set may stand several times. A combination that the model refuses is reported, and the others still come.
    """
    check_usage(spec, swept, format_, given)
    failed: list[ParamcalcError] = []
    rows = list(each(spec, question(given), swept, failed))
    form = SWEEPS[format_]
    output.write(function_of(form.writer)(rows, output.look_of(form, given)), given["output"])
    return failed[0].exit_code if failed else 0


def check_usage(spec: str, swept: tuple[tuple[str, list[str]], ...], format_: str, given: dict[str, Any]) -> None:
    """Refuse what would be ignored, or take forever."""
    if spec == "-":
        raise click.UsageError("a sweep reads its file once for each row; standard input can be read only once")
    names = [name for name, _ in swept]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise click.UsageError(f"--set {twice} stands there twice; write its values with commas: {twice}=256,512")
    count = 1
    for _, values in swept:
        count *= len(values)
    if count > MAX_SWEPT:
        raise click.UsageError(f"these are {count:,} combinations; a sweep has at most {MAX_SWEPT:,}")
    output.check_shown(SWEEPS[format_], format_, ("bars", "theme", "width"), given)
    if given["bars"] == "inference_bytes" and not (given["memory"] or given["optimizer"]):
        raise click.UsageError("--bars inference_bytes needs --memory")
    options.check_training(given, "--optimizer NAME")


def each(
    spec: str, asked: Question, swept: tuple[tuple[str, list[str]], ...], failed: list[ParamcalcError]
) -> Iterator["Swept"]:
    """The totals for each combination, with the last variable changing fastest."""
    from paramcalc.render.sweep import Swept

    names = [name for name, _ in swept]
    refused: list[str] = []
    for values in product(*[values for _, values in swept]):
        sets = dict(zip(names, values, strict=True))
        try:
            summary = answer(spec, replace(asked, sets=sets))
        except ParamcalcError as error:
            refused.append(", ".join(f"{name}={value}" for name, value in sets.items()))
            failed.append(error)
            continue
        yield Swept(sets, replace(summary, layers=[]))
    tell(failed, refused, prod(len(values) for _, values in swept))


def tell(failed: list[ParamcalcError], refused: list[str], count: int) -> None:
    """Report the first of the combinations that were refused.

    If all are refused for the same reason, such as a missing file, the values have nothing to do with it.
    """
    if not failed:
        return
    same = len(failed) == count and len({str(error) for error in failed}) == 1
    if not same or count == 1:
        output.warn(f"refused with {refused[0]}:")
    report(failed[0])
    if len(failed) > 1 and not same:
        output.warn(f"{len(failed):,} combinations were refused; the first is shown")
