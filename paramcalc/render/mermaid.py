"""A graph in Mermaid, which GitHub draws in a pull request, an issue or a README."""

import re
from collections.abc import Iterable, Iterator

from paramcalc.render import Look, Shown
from paramcalc.render.graph import Box, Graph, block_label, graph_of, label_lines, overview_graph
from paramcalc.render.layout import MAX_CELL
from paramcalc.render.text import cut_middle, sanitise

MAX_ARROWS = 500
MAX_CHARACTERS = 50_000
"""Mermaid's default limits, which GitHub does not raise."""

_SPECIAL = re.compile(r"[^\w .,()/+×·…-]|[.+-](?= )")

STYLES = {
    "added": "fill:#dcf5e7,stroke:#18794e,color:#1b1f26",
    "changed": "fill:#fdf0d2,stroke:#946200,color:#1b1f26",
    "removed": "fill:#fde3e1,stroke:#c0362c,color:#1b1f26,stroke-dasharray:4 3",
}


def summaries(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """The graph of each model."""
    for each in shown:
        yield checked(graph_of(each.summary, look.depth), each.summary.source, look)


def totals(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """A graph with a box a model."""
    yield checked(overview_graph([each.summary for each in shown]), "this", look)


def checked(graph: Graph, source: str, look: Look) -> bytes:
    """The graph as text, with a warning if it is too large for GitHub."""
    drawn = "".join(mermaid(graph))
    if too_large(drawn):
        look.warn(f"{source}: GitHub draws no graph this large; a smaller --depth folds it")
    return drawn.encode()


def mermaid(graph: Graph) -> Iterator[str]:
    """A flowchart from top to bottom, blocks as subgraphs, shapes on the arrows."""
    yield "flowchart TD\n"
    for source in graph.inputs:
        yield f'  {source.key}(["{text(source.label)}<br/>{text(source.shape)}"])\n'
    yield from boxes(graph.boxes, "  ")
    for arrow in graph.arrows:
        yield f'  {arrow.tail} -->|"{text(arrow.shape)}"| {arrow.head}\n'
    yield from (f"  classDef {status} {style}\n" for status, style in STYLES.items() if status in statuses(graph.boxes))


def boxes(found: list[Box], indent: str) -> Iterator[str]:
    """A line a closed box; an open one has its parts between two lines."""
    for box in found:
        if box.children:
            yield f'{indent}subgraph {box.key}["{text(block_label(box))}"]\n'
            yield from boxes(box.children, f"{indent}  ")
            yield f"{indent}end\n"
        else:
            label = "<br/>".join(map(text, label_lines(box)))
            yield f'{indent}{box.key}["{label}"]{f":::{box.status}" if box.status else ""}\n'


def statuses(found: list[Box]) -> set[str]:
    """The statuses of the boxes."""
    return {box.status for box in found} | {status for box in found for status in statuses(box.children)}


def text(value: str) -> str:
    """Text that Mermaid shows verbatim: characters with a meaning in Mermaid, HTML or Markdown are escaped."""
    shown = cut_middle(sanitise(value), MAX_CELL, "…")
    return _SPECIAL.sub(lambda match: f"#{ord(match.group())};", shown)


def fenced(graph: Graph) -> str:
    """The flowchart as a block of Markdown; empty if there is nothing to draw, or too much."""
    drawn = "".join(mermaid(graph)) if graph.boxes else ""
    return f"```mermaid\n{drawn}```\n" if drawn and not too_large(drawn) else ""


def too_large(drawn: str) -> bool:
    """Whether GitHub would refuse to draw it."""
    return drawn.count(" -->|") > MAX_ARROWS or len(drawn) > MAX_CHARACTERS
