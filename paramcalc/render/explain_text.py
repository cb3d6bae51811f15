"""Explanations as text, Markdown or JSON."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from paramcalc.analysis.explain import KEPT, Formula, LayerExplained
from paramcalc.render import Look
from paramcalc.render.columns import shape_text
from paramcalc.render.json_format import to_json
from paramcalc.render.text import pieces, sanitise
from paramcalc.render.wrap import hanging
from paramcalc.shapes import format_shape

Items = Iterable[tuple[str, LayerExplained]]


def equation(formula: Formula) -> str:
    """`64 × (128 + 1) = 8,256`."""
    result = "unknown" if formula.result is None else f"{formula.result:,}"
    return result if formula.numbers == result else f"{formula.numbers} = {result}"


def lines(item: LayerExplained) -> Iterator[tuple[str, str]]:
    """(label, text) of one layer."""
    if item.inputs or item.output is not None:
        yield "input", shape_text(item.inputs) if item.inputs else "none"
        yield "output", shape_text(item.output)
    for step in item.shape_steps:
        yield "", step
    for weight in item.weights:
        dtype = "" if weight.dtype == "float32" else f" {weight.dtype}"
        yield weight.name, f"{format_shape(weight.shape)}{dtype}  {weight.formula.names}: {equation(weight.formula)}"
        if weight.active is not None:
            yield "", f"for one token  {weight.active.names}: {equation(weight.active)}"
        yield "", f"{weight.kind}, {weight.why}"
    if item.shared_with is not None:
        yield "params", f"0: its weights are counted at '{item.shared_with}'"
    elif item.weights and not any(weight.counted for weight in item.weights):
        yield "params", "0: none of these is counted here"
    elif item.params.result != 0:
        yield "params", item.params.names
        yield "", equation(item.params)
    else:
        yield "params", "0: no weights"
    if item.macs.numbers == "?":
        yield "MACs", f"unknown: {item.macs.names}" if item.macs.names != "?" else "unknown"
    elif item.macs.result != 0:
        yield "MACs", item.macs.names
        yield "", equation(item.macs)
    else:
        yield "MACs", "0: no matrix product or convolution"
    for note in item.notes:
        yield "note", note


def text(items: Items, width: int | None = None) -> Iterator[str]:
    """For a person: a paragraph a layer, in lines of so many characters; None for lines of any length."""
    for index, (path, item) in enumerate(items):
        yield ("\n" if index else "") + sanitise(f"{path} ({item.type})") + text_of(item, width)


@lru_cache(KEPT)
def text_of(item: LayerExplained, width: int | None = None) -> str:
    """The lines below a layer's name, made once for all layers that share the explanation."""
    found = list(lines(item))
    labels = max([len(label) for label, _ in found])
    shown = [f"  {label.ljust(labels)}  {value}".rstrip() for label, value in found]
    if width is not None:
        shown = [line for label, value in found for line in hanging(f"  {label.ljust(labels)}  ", value, width)]
    whole = " ".join(shown)
    if sanitise(whole) != whole:
        shown = [sanitise(line) for line in shown]
    return "\n".join(["", *shown, ""])


def markdown(items: Items) -> Iterator[str]:
    """For a pull request."""
    from paramcalc.render.markdown import code  # only loaded for this format

    for index, (path, item) in enumerate(items):
        yield ("\n" if index else "") + f"### {code(path)} ({code(item.type)})\n\n{markdown_of(item)}"


@lru_cache(KEPT)
def markdown_of(item: LayerExplained) -> str:
    """The table of a layer."""
    from paramcalc.render.markdown import escape

    rows = [f"| {escape(label)} | {escape(value)} |\n" for label, value in lines(item)]
    return "".join(["| | |\n|---|---|\n", *rows])


def as_json(items: Items) -> Iterator[bytes]:
    """For a program."""
    yield b'{\n  "schema_version": 1,\n  "layers": ['
    index = -1
    for index, (path, item) in enumerate(items):
        name = to_json(path)
        yield b'%s\n    {\n      "path": %s,%s' % (b"," if index else b"", name, json_of(item))
    yield b"]\n}\n" if index < 0 else b"\n  ]\n}\n"


@lru_cache(KEPT)
def json_of(item: LayerExplained) -> bytes:
    """The fields of a layer but its path, at their place in the whole."""
    return to_json(item, indent=2).removeprefix(b"{").replace(b"\n", b"\n    ")


def for_terminal(items: Items, look: Look) -> Iterator[str]:
    """Paragraphs, fitted to a width."""
    return pieces(text(items, look.width))


def for_pull_request(items: Items, look: Look) -> Iterator[str]:
    """Tables in Markdown."""
    return pieces(markdown(items))


def for_program(items: Items, look: Look) -> Iterator[bytes]:
    """One object of JSON."""
    return pieces(as_json(items))
