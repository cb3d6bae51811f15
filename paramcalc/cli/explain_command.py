"""`paramcalc explain`: every count taken apart."""

from typing import TYPE_CHECKING, Any

import click

from paramcalc.answer import Question, evaluation_of, memory_options, question, read
from paramcalc.cli import declare, options, output
from paramcalc.render import EXPLANATIONS, MEMORY_EXPLANATIONS, function_of

if TYPE_CHECKING:
    from paramcalc.analysis.memory_explained import Part


@declare.command()
@click.argument("spec", shell_complete=options.complete_specs)
@click.argument("layer", required=False, shell_complete=options.complete_layers)
@declare.option("--format", "format_", type=click.Choice(list(EXPLANATIONS)), default="text", help="How to print it.")
@options.set_option
@options.batch_option
@options.context_option
@options.input_option
@options.allow_option
@options.assume_option
@options.max_layers_option
@options.weights_option
@options.lora_option
@declare.option("--memory", is_flag=True, help="Take the figures of its memory apart instead.")
@options.dtype_option
@options.optimizer_option
@options.kv_dtype_option
@options.output_option
def command(spec: str, layer: str | None, format_: str, **given: Any) -> int:
    """Take every count apart: which weight, which factors, which numbers.

    LAYER is a path, a name, or a glob such as 'encoder/*'; or a block, whose parts are added up. Without it, all
    layers are explained.
    """
    from paramcalc.analysis.explain import explain

    asked = question(given)
    check_usage(format_, given)
    found: Any
    if given["memory"]:
        form, found = MEMORY_EXPLANATIONS[format_], memory_parts(spec, layer, asked)
    else:
        form, found = EXPLANATIONS[format_], explain(evaluation_of(read(spec, asked), asked), layer)
    output.write(function_of(form.writer)(found, output.look_of(form, given)), given["output"])
    return 0


def check_usage(format_: str, given: dict[str, Any]) -> None:
    """Refuse what would be ignored."""
    for name in ("dtype", "optimizer", "kv_dtype"):
        if given[name] is not None and not given["memory"]:
            raise click.UsageError(f"--{name.replace('_', '-')} is about the memory; --memory asks for that")
    if given["memory"] and format_ not in MEMORY_EXPLANATIONS:
        raise click.UsageError(f"--memory is {' or '.join(MEMORY_EXPLANATIONS)}")


def memory_parts(spec: str, layer: str | None, asked: Question) -> "list[Part]":
    """The figures of a model's memory, each with the layers that it is made of."""
    from paramcalc.analysis.memory_explained import explain_memory
    from paramcalc.analysis.summarize import summarize_with_memory

    evaluation = evaluation_of(read(spec, asked), asked)
    options = memory_options(asked)
    summary = summarize_with_memory(evaluation, asked.dtype, options)
    return explain_memory(evaluation, summary, asked.dtype, options, layer)
