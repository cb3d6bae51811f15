"""`paramcalc summary`: one or several models, as a table or as data."""

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

import click
from msgspec.structs import replace

from paramcalc.answer import Question, question, read, summary_explained, summary_of, warnings_of
from paramcalc.cli import declare, options, output, report, report_warnings
from paramcalc.errors import ParamcalcError
from paramcalc.model import Model
from paramcalc.summary import Summary

if TYPE_CHECKING:
    from paramcalc.render.graph import Graph
    from paramcalc.render.layout import Line
    from paramcalc.render.table import Options

Found = TypeVar("Found")
FORMATS = ("table", "json", "jsonl", "csv", "markdown", "svg", "html", "mermaid", "dot")
GRAPHS = ("mermaid", "dot")
MEANT_FOR = {
    "columns": ("table", "csv", "markdown", "svg"),
    "sort": ("table", "csv", "markdown", "svg"),
    "top": ("table", "csv", "markdown", "svg"),
    "depth": ("table", "markdown", "svg", "html", "mermaid", "dot"),
    "width": ("table", "svg"),
    "theme": ("svg",),
    "memory": ("table", "json", "jsonl", "markdown", "svg", "html"),
    "optimizer": ("table", "json", "jsonl", "markdown", "svg", "html"),
    "kv_dtype": ("table", "json", "jsonl", "markdown", "svg", "html"),
    "tp": ("table", "json", "jsonl", "markdown", "svg", "html"),
    "pp": ("table", "json", "jsonl", "markdown", "svg", "html"),
    "dp": ("table", "json", "jsonl", "markdown", "svg", "html"),
}
"""Options about what is shown, and the formats that show it."""


@declare.command()
@options.specs_argument
@declare.option("--format", "format_", type=click.Choice(FORMATS), default="table", help="How to print it.")
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
    check_usage(specs, format_, given)
    failed: list[ParamcalcError] = []
    summaries = read_all(specs, given, failed)
    parts: Iterable[str | bytes]
    if given["totals"]:
        parts = render_totals(summaries, format_, given)
    elif format_ == "html":
        parts = html_page(specs, given, failed)
    else:
        parts = render(summaries, format_, given, several=len(specs) > 1)
    output.write(parts, given["output"])
    return failed[0].exit_code if failed else 0


def read_all(specs: tuple[str, ...], given: dict[str, Any], failed: list[ParamcalcError]) -> Iterator[Summary]:
    """The summary of each file; a broken one is reported, and the others still come."""
    for model, summary in each(specs, given, failed, summary_of):
        report_warnings(summary.source, warnings_of(model, summary))
        yield summary


def each(
    specs: tuple[str, ...], given: dict[str, Any], failed: list[ParamcalcError], ask: Callable[[Model, Question], Found]
) -> Iterator[tuple[Model, Found]]:
    """Each model, and the answer to what is asked of it; a broken one is reported, and the others still come."""
    asked = question(given)
    for source in specs:
        try:
            model = read(source, asked)
            found = ask(model, asked)
        except ParamcalcError as error:
            failed.append(error)
            report(error)
            continue
        yield model, found


def html_page(specs: tuple[str, ...], given: dict[str, Any], failed: list[ParamcalcError]) -> Iterator[bytes]:
    """One page for all the models; none where no file can be read."""
    from paramcalc.render.html.summary import Entry, summary_page

    entries = []
    for model, (summary, explained) in each(specs, given, failed, summary_explained):
        report_warnings(summary.source, warnings_of(model, summary))
        entries.append(Entry(summary, explained))
    return (part.encode() for part in (summary_page(entries, given["depth"]) if entries else ()))


def render_totals(summaries: Iterator[Summary], format_: str, given: dict[str, Any]) -> Iterator[str | bytes]:
    """One row a model."""
    from paramcalc.render import overview

    if format_ in ("json", "jsonl"):
        yield from (overview.json(summary, indent=format_ == "json") for summary in summaries)
    elif format_ == "csv":
        yield from (part.encode() for part in overview.csv(summaries, bool(given["memory"] or given["optimizer"])))
    elif format_ == "markdown":
        yield from overview.markdown(list(summaries))
    elif format_ == "html":
        from paramcalc.render.html.summary import totals_page

        yield from (part.encode() for part in totals_page(list(summaries)))
    elif format_ in GRAPHS:
        from paramcalc.render.graph import overview_graph

        yield from written(overview_graph(list(summaries)), format_)
    else:
        yield from overview_table(list(summaries), format_, given)


def overview_table(summaries: list[Summary], format_: str, given: dict[str, Any]) -> Iterator[str | bytes]:
    """One row a model, for a terminal or as a picture."""
    from paramcalc.render import overview

    shape = options_of(format_, given)
    if format_ == "svg":
        from paramcalc.render.svg import overview_svg

        return iter([overview_svg(summaries, shape.width, given["theme"] or "light").encode()])
    lines = overview.table_lines(summaries, shape.width, shape.glyphs) if summaries else iter(())
    return drawn(lines, given)


def check_usage(specs: tuple[str, ...], format_: str, given: dict[str, Any]) -> None:
    """Refuse what would be ignored in silence."""
    for name, formats in MEANT_FOR.items():
        if given[name] is not None and format_ not in formats:
            raise click.UsageError(f"--{name.replace('_', '-')} does nothing for --format {format_}")
    if given["zero"] and given["dp"] is None:
        raise click.UsageError("--zero divides over the devices of --dp N")
    for name in ("checkpointing", "master_weights"):
        if given[name] and given["optimizer"] is None:
            raise click.UsageError(f"--{name.replace('_', '-')} is about training; --optimizer NAME asks for that")
    if given["depth"] is not None and (given["sort"] or given["top"]):
        raise click.UsageError("--depth is for the tree; --sort and --top show single layers")
    if len(specs) > 1 and given["weights"] is not None:
        raise click.UsageError("--weights is for one architecture; name one file")
    if given["totals"]:
        ignored = next((name for name in ("columns", "depth", "sort", "top") if given[name] is not None), None)
        if ignored is not None:
            raise click.UsageError(f"--totals shows no layers; --{ignored} is about them")
    if len(specs) > 1 and format_ == "json":
        raise click.UsageError("--format json is one object for one file; use --format jsonl for several")
    if len(specs) > 1 and format_ in (*GRAPHS, "svg") and not given["totals"]:
        raise click.UsageError(f"--format {format_} is one picture of one file")


def render(summaries: Iterator[Summary], format_: str, given: dict[str, Any], several: bool) -> Iterator[str | bytes]:
    """What to print, part by part; only what the format needs is imported."""
    if format_ in ("json", "jsonl"):
        from paramcalc.render import json_format

        write = json_format.summary_json if format_ == "json" else json_format.summary_jsonl
        for summary in summaries:
            yield from write(summary)
    elif format_ == "csv":
        from paramcalc.render import csv_format

        chosen = (given["columns"], given["sort"], given["top"], several)
        # Data is UTF-8 whatever a terminal speaks.
        yield csv_format.header(given["columns"], several).encode()
        for summary in summaries:
            yield from (part.encode() for part in csv_format.summary_csv(summary, *chosen))
    else:
        # Several models on a terminal begin with a row for each: the eye finds there which one to look at.
        if several and format_ == "table" and output.terminal_width(given["output"]):
            read = list(summaries)
            yield from overview_table(read, format_, given)
            yield "\n"
            summaries = iter(read)
        for index, summary in enumerate(summaries):
            yield from ("\n",) if index else ()
            yield from (graph if format_ in GRAPHS else picture)(summary, format_, given)


def graph(summary: Summary, format_: str, given: dict[str, Any]) -> Iterator[bytes]:
    """The graph of a model in the language of a program that draws it."""
    from paramcalc.render.graph import graph_of

    return written(graph_of(summary, given["depth"]), format_, summary.source)


def written(graph: "Graph", format_: str, source: str = "this") -> Iterator[bytes]:
    """The graph, written down; `source` is what a warning calls it."""
    if format_ == "dot":
        from paramcalc.render.dot import dot

        yield "".join(dot(graph)).encode()
        return
    from paramcalc.render.mermaid import mermaid, too_large

    drawn = "".join(mermaid(graph))
    if too_large(drawn):
        output.warn(f"{source}: GitHub draws no graph this large; a smaller --depth folds it")
    yield drawn.encode()


def picture(summary: Summary, format_: str, given: dict[str, Any]) -> Iterator[str | bytes]:
    """The formats that a person looks at."""
    from paramcalc.render import layout, table
    from paramcalc.render.text import pieces

    chosen = options_of(format_, given)
    if chosen.columns is None and given["sort"]:
        chosen = replace(chosen, columns=layout.sorted_columns(summary, given["sort"]))
    if format_ == "markdown":
        from paramcalc.render.markdown import summary_markdown

        return pieces(summary_markdown(summary, chosen))
    if format_ == "svg":
        from paramcalc.render.svg import summary_svg

        return iter([summary_svg(summary, chosen, given["theme"] or "light").encode()])
    return drawn(table.summary_lines(summary, chosen), given)


def options_of(format_: str, given: dict[str, Any]) -> "Options":
    """What the user chose of a table, and what the terminal can show."""
    from paramcalc.render import layout, table

    path, width = given["output"], given["width"]
    ascii_only = format_ == "table" and not output.speaks_unicode(path)
    return table.Options(
        columns=given["columns"],
        depth=given["depth"],
        sort=given["sort"],
        top=given["top"],
        width=output.terminal_width(path) if width is None and format_ == "table" else width,
        glyphs=layout.ASCII if ascii_only else layout.UNICODE,
    )


def drawn(lines: "Iterator[Line]", given: dict[str, Any]) -> Iterator[str | bytes]:
    """The lines of a table as text with or without colour."""
    from paramcalc.render import table
    from paramcalc.render.text import pieces

    colour = output.use_colour(given["color"], given["output"])
    return pieces(table.coloured(lines) if colour else table.plain(lines))
