"""`paramcalc fit`: which types, texts and batches a memory has room for."""

from typing import Any

import click

from paramcalc.answer import memory_options, question, read
from paramcalc.cli import declare, options, output
from paramcalc.metrics import OPTIMIZERS
from paramcalc.render import FITS, function_of


def parse_memory(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    """`24GiB` → its bytes."""
    if value is None:
        return None
    from paramcalc.units import UnitError, parse_bytes

    try:
        return parse_bytes(value)
    except UnitError as error:
        raise click.BadParameter(str(error), ctx, param) from None


def parse_card(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """The name of a card that is known."""
    from paramcalc.analysis.cards import CARDS
    from paramcalc.errors import did_you_mean

    if value is None or value.lower() in CARDS:
        return None if value is None else value.lower()
    near = did_you_mean(value.lower(), CARDS) or f"; they are: {', '.join(CARDS)}"
    raise click.BadParameter(f"there is no card '{value[:40]}'{near}", ctx, param)


@declare.command()
@click.argument("spec", shell_complete=options.complete_specs)
@declare.option("--memory", callback=parse_memory, metavar="SIZE", help="What there is on each device, such as 24GiB.")
@declare.option("--gpu", callback=parse_card, metavar="NAME", help="The same by the name of a card, such as h100.")
@options.context_option
@options.batch_option
@options.dtype_option
@options.kv_dtype_option
@declare.option("--train", is_flag=True, help="Train it, and not only run it.")
@declare.option(
    "--optimizer",
    type=click.Choice(OPTIMIZERS),
    metavar="NAME",
    help="Train it with this one; adamw if left out.",
)
@options.checkpointing_option
@options.master_option
@options.tp_option
@options.pp_option
@options.dp_option
@options.zero_option
@options.set_option
@options.assume_option
@options.max_layers_option
@options.weights_option
@declare.option("--format", "format_", type=click.Choice(list(FITS)), default="table", help="How to print it.")
@options.output_option
def command(spec: str, format_: str, **given: Any) -> int:
    """Say whether a model fits, and in which types, for how long a text and how many sequences.

    Exits with 1 where it fits in none of the types; --dtype asks for a single one.
    """
    from paramcalc.analysis.cards import CARDS
    from paramcalc.analysis.fit import Asked, fit

    check_usage(given)
    card = None if given["gpu"] is None else CARDS[given["gpu"]]
    if given["train"] and given["optimizer"] is None:
        given["optimizer"] = "adamw"
    wanted = question(given | {"memory": True})
    memory = given["memory"] if card is None else card.memory
    name = None if card is None else card.name
    batch, how = wanted.batch_size or 1, memory_options(wanted)
    asked = Asked(memory, wanted.context, batch, wanted.dtype, how, name, wanted.max_layers, wanted.assume)
    found = fit(read(spec, wanted), asked)
    form = FITS[format_]
    output.write(function_of(form.writer)(found, output.look_of(form, given)), given["output"])
    return 0 if found.fits else 1


def check_usage(given: dict[str, Any]) -> None:
    """Refuse what would be ignored, or guessed."""
    if given["memory"] is None and given["gpu"] is None:
        raise click.UsageError("say what there is: --memory 24GiB, or --gpu h100")
    if given["memory"] is not None and given["gpu"] is not None:
        raise click.UsageError("--gpu says how much memory there is: leave it or --memory out")
    options.check_training(given, "--train")
