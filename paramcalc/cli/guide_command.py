"""`paramcalc guide`: the reference, a page a topic."""

import sys
from importlib.resources import files
from typing import TYPE_CHECKING

import click

from paramcalc.cli import COMMANDS, declare, output

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

TOPICS = {
    "language": "The spec language: layers, inputs, variables, blocks, repeats, branches, calls.",
    "layers": "All layers of Keras and PyTorch, by family.",
    "files": "What is read: specs, Keras, TensorFlow.js, PyTorch, Hugging Face, checkpoints.",
    "pytorch": "From a PyTorch model to a summary; what is counted how; CI.",
    "huggingface": "What a config.json tells, and the model types that are known.",
    "checkpoints": "Files with weights alone: safetensors, GGUF, torch.save, HDF5, NumPy.",
    "summary": "The table: columns, depth, other shapes, unknown layers, the terminal, exit codes.",
    "explain": "Every count taken apart; the kinds of weights.",
    "diff": "What changed between two models, also in git.",
    "check": "Budgets: the configuration, baselines, GitHub, GitLab, pre-commit.",
    "memory": "What a model takes to run and to train, and what each number assumes.",
    "fit": "Which types, texts and batches a memory has room for; cards by name.",
    "sweep": "One row for each combination of values of a model's variables, and bars.",
    "json": "The data: JSON, CSV, Markdown, and the same from Python.",
    "plugins": "A layer of your own, and those of other packages.",
    "limits": "Files from anyone: what is promised, all limits, speed.",
}
"""Topic → what its page is about; the page is `paramcalc/guide/TOPIC.md`."""

MAX_WIDTH = 100
"""Longer lines of prose are hard to read."""


def complete_topics(ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
    """The topics with this prefix, and their descriptions for shells that show them."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(topic, help=about) for topic, about in TOPICS.items() if topic.startswith(incomplete)]


@declare.command()
@click.argument("topic", required=False, shell_complete=complete_topics)
def command(topic: str | None) -> int:
    """Print a page of the guide. Without TOPIC, list them all.

    A terminal shows the page laid out, in the pager; a pipe gets it as Markdown.
    """
    if topic is None:
        output.write([contents()], None)
    elif sys.stdout.isatty() and output.speaks_unicode(None):
        show(page(topic))
    else:
        output.write([page(topic)], None)
    return 0


def contents() -> str:
    """The topics, on a line each if there is room."""
    formatter = click.HelpFormatter(width=min(output.terminal_width(None) or MAX_WIDTH, MAX_WIDTH))
    formatter.write("paramcalc guide TOPIC prints one of these pages:\n\n")
    with formatter.indentation():
        formatter.write_dl(list(TOPICS.items()))
    return formatter.getvalue()


def page(topic: str) -> str:
    """A page, in Markdown.

    Raises:
        click.BadParameter: naming the nearest topic, or all of them.
    """
    if topic not in TOPICS:
        from paramcalc.errors import did_you_mean

        near = did_you_mean(topic, TOPICS) or f"; the topics are: {', '.join(TOPICS)}"
        if topic in COMMANDS:
            near = f"; 'paramcalc {topic} --help' says what that does"
        raise click.BadParameter(f"the guide has no page '{topic}'{near}", param_hint="TOPIC")
    return (files("paramcalc") / "guide" / f"{topic}.md").read_text(encoding="utf-8")


def show(text: str) -> None:
    """Lay out a page for the terminal, and show it in the pager."""
    import os

    from paramcalc.render.guide import laid_out

    colour = output.use_colour("auto", None)
    width = min(output.terminal_width(None) or MAX_WIDTH, MAX_WIDTH)
    # As in git: show colours, and quit at once if everything fits on the screen.
    os.environ.setdefault("LESS", "FRX")
    click.echo_via_pager(laid_out(text, width, colour), color=colour)
