"""A graph in the language of Graphviz: `paramcalc summary model.yaml --format dot | dot -Tsvg`."""

from collections.abc import Iterable, Iterator

from paramcalc.render import Look, Shown
from paramcalc.render.graph import Box, Graph, block_label, graph_of, label_lines, overview_graph
from paramcalc.render.layout import MAX_CELL
from paramcalc.render.text import cut_middle, sanitise

HEAD = """  graph [fontname="Helvetica", fontsize=12, rankdir=TB, nodesep=0.3, ranksep=0.4]
  node [fontname="Helvetica", fontsize=11, shape=box, style="rounded,filled", fillcolor="#eef2fa", color="#8b97ab"]
  edge [fontname="Helvetica", fontsize=9, color="#8b97ab", fontcolor="#5c6470", arrowsize=0.6]
"""


def summaries(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """The graph of each model."""
    for each in shown:
        yield "".join(dot(graph_of(each.summary, look.depth))).encode()


def totals(shown: Iterable[Shown], look: Look) -> Iterator[bytes]:
    """A graph with a box a model."""
    yield "".join(dot(overview_graph([each.summary for each in shown]))).encode()


def dot(graph: Graph) -> Iterator[str]:
    """A directed graph, blocks as clusters, shapes on the edges."""
    yield f"digraph {quoted(graph.name)} {{\n{HEAD}"
    for source in graph.inputs:
        yield f"  {source.key} [label={lines([source.label, source.shape])}, shape=oval, fillcolor=white]\n"
    yield from boxes(graph.boxes, "  ")
    for arrow in graph.arrows:
        yield f"  {arrow.tail} -> {arrow.head} [label={quoted(arrow.shape)}]\n"
    yield "}\n"


def boxes(found: list[Box], indent: str) -> Iterator[str]:
    """A line a closed box; an open one has its parts in braces."""
    for box in found:
        if box.children:
            look = f'label={quoted(block_label(box))}, style=rounded, color="#8b97ab"'
            yield f"{indent}subgraph cluster_{box.key} {{\n{indent}  graph [{look}]\n"
            yield from boxes(box.children, f"{indent}  ")
            yield f"{indent}}}\n"
        else:
            yield f"{indent}{box.key} [label={lines(label_lines(box))}]\n"


def quoted(value: str) -> str:
    r"""A string of Graphviz's that shows the text as it is: no escape such as `\N`, no entity."""
    return f'"{escaped(value)}"'


def lines(values: list[str]) -> str:
    """The same of several lines, one below another."""
    return '"' + "\\n".join(map(escaped, values)) + '"'


def escaped(value: str) -> str:
    """The text without its quotes."""
    shown = cut_middle(sanitise(value), MAX_CELL, "…")
    return shown.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
