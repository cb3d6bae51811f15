"""Results → what people and programs read: a table of formats for each kind of result.

To add a format, add its module here and its line to a table. A format is only imported once it is chosen. rich is
imported in this package and nowhere else, and only for colour.
"""

from collections.abc import Callable
from importlib import import_module
from types import MappingProxyType
from typing import Any

from msgspec import Struct

MEMORY = ("memory", "optimizer", "kv_dtype", "tp", "pp", "dp")
"""Options about memory, which a format has to have a place for."""
ROWS = ("columns", "sort", "top")
"""Options about which layers and which of their columns are shown."""
ONE_OBJECT = "is one object for one file; use --format jsonl for several"
ONE_PICTURE = "is one picture of one file"


class Look(Struct, frozen=True):
    """How a result is to look: the options, and what the output can show.

    Attributes:
        columns, depth, sort, top, theme, bars, graph: the options of these names.
        width: terminal cells to fit into; None for as many as needed.
        several: whether the results of several files are written together.
        memory: whether memory was measured.
        terminal: whether it is written to a terminal.
        ascii_only: whether the output can show nothing but ASCII.
        colour: whether to colour text.
        warn: writes a warning on stderr.
    """

    warn: Callable[[str], None]
    columns: list[str] | None = None
    depth: int | None = None
    sort: str | None = None
    top: int | None = None
    width: int | None = None
    theme: str = "light"
    bars: str = "params"
    graph: bool = False
    several: bool = False
    memory: bool = False
    terminal: bool = False
    ascii_only: bool = False
    colour: bool = False


class Shown(Struct, frozen=True):
    """A summary to show, and by path the explanation of each layer's counts, where a format needs that."""

    summary: Any
    explained: Any = MappingProxyType({})


class Format(Struct, frozen=True):
    """A line of a table.

    Attributes:
        writer: the place in this package of the function that writes results: "json_format.indented". It takes
            the results and a `Look`, and returns the output in parts; bytes are written as they are.
        totals: the same for `summary --totals`.
        shows: the options about what is shown that have an effect.
        text: whether it is text for a terminal, which is fitted to its width and characters.
        explains: whether it needs the explanation of every layer.
        one: why it cannot hold several results; empty if it can.
        one_total: whether not even their totals fit.
    """

    writer: str
    totals: str = ""
    shows: tuple[str, ...] = ()
    text: bool = False
    explains: bool = False
    one: str = ""
    one_total: bool = False


TREE = (*ROWS, "depth")

SUMMARIES = {
    "table": Format("terminal.summaries", "terminal.totals", (*TREE, "width", *MEMORY), text=True),
    "json": Format("json_format.indented", "overview.indented", MEMORY, one=ONE_OBJECT, one_total=True),
    "jsonl": Format("json_format.lines", "overview.lines", MEMORY),
    "csv": Format("csv_format.summaries", "overview.csv_totals", ROWS),
    "markdown": Format("markdown.summaries", "overview.markdown_totals", (*TREE, *MEMORY)),
    "svg": Format("svg.summaries", "svg.totals", (*TREE, "width", "theme", *MEMORY), one=ONE_PICTURE),
    "html": Format("html.summary.summaries", "html.summary.totals", ("depth", *MEMORY), explains=True),
    "mermaid": Format("mermaid.summaries", "mermaid.totals", ("depth",), one=ONE_PICTURE),
    "dot": Format("dot.summaries", "dot.totals", ("depth",), one=ONE_PICTURE),
}
"""The formats of `paramcalc summary`."""

DIFFS = {
    "table": Format("terminal.diff", shows=("width", "columns", "depth"), text=True),
    "markdown": Format("diff_report.for_pull_request", shows=("depth", "graph")),
    "json": Format("diff_report.for_program"),
    "html": Format("html.diff.write", shows=("depth",), explains=True),
}
"""The formats of `paramcalc diff`."""

SWEEPS = {
    "table": Format("sweep.table", shows=("width",), text=True),
    "json": Format("sweep.json"),
    "csv": Format("sweep.csv"),
    "markdown": Format("sweep.markdown"),
    "svg": Format("sweep.svg", shows=("bars", "theme", "width")),
}
"""The formats of `paramcalc sweep`."""

EXPLANATIONS = {
    "text": Format("explain_text.for_terminal", text=True),
    "markdown": Format("explain_text.for_pull_request"),
    "json": Format("explain_text.for_program"),
}
"""The formats of `paramcalc explain`."""

MEMORY_EXPLANATIONS = {
    "text": Format("memory_explained_text.text", text=True),
    "json": Format("memory_explained_text.json"),
}
"""The formats of `paramcalc explain --memory`."""

FITS = {"table": Format("fit_text.fit_text", text=True), "json": Format("fit_text.fit_json")}
"""The formats of `paramcalc fit`."""

CHECKS = {
    "text": Format("check.text.render", text=True, shows=("width", "columns")),
    "json": Format("check.data.render"),
    "github": Format("check.github.render", text=True),
    "junit": Format("check.junit.render"),
    "sarif": Format("check.sarif.render"),
    "markdown": Format("check.markdown.render", text=True),
    "html": Format("check.html.render"),
}
"""The formats of `paramcalc check`; those that are not text are UTF-8 whatever a terminal speaks."""


def function_of(place: str) -> Callable[..., Any]:
    """The function at a place in this package, imported now."""
    module, _, name = place.rpartition(".")
    found: Callable[..., Any] = getattr(import_module(f"{__name__}.{module}"), name)
    return found
