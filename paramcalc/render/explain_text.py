"""Explanations as text, Markdown or JSON."""

from collections.abc import Callable, Iterator
from typing import Any

from paramcalc.explain import Formula, LayerExplained
from paramcalc.render.text import sanitise
from paramcalc.shapes import format_shape


def shape_text(shape: Any) -> str:
    """One shape or several."""
    if shape is None:
        return "?"
    if shape and isinstance(shape[0], (list, tuple)):
        return " and ".join(format_shape(item) for item in shape)
    return format_shape(shape)


def equation(formula: Formula) -> str:
    """`64 × (128 + 1) = 8,256`."""
    result = "unknown" if formula.result is None else f"{formula.result:,}"
    return result if formula.numbers == result else f"{formula.numbers} = {result}"


def lines(item: LayerExplained) -> Iterator[tuple[str, str]]:
    """(label, text) of one layer."""
    yield "input", " and ".join(shape_text(shape) for shape in item.inputs) or "none"
    yield "output", shape_text(item.output)
    for step in item.shape_steps:
        yield "", step
    for weight in item.weights:
        yield weight.name, f"{format_shape(weight.shape)}  {weight.formula.names}: {equation(weight.formula)}"
        yield "", f"{weight.kind}, {weight.why}"
    if item.weights:
        yield "params", f"{item.params.names}"
        yield "", equation(item.params)
    else:
        yield "params", "0: this call holds no weights of its own"
    if item.macs.result != 0:
        yield "MACs", item.macs.names
        yield "", equation(item.macs)
    else:
        yield "MACs", "0: no matrix product or convolution"
    for note in item.notes:
        yield "note", note


def text(items: list[LayerExplained]) -> str:
    """For a person: a paragraph a layer."""
    out = []
    for item in items:
        out.append(f"{item.path} ({item.type})")
        width = max(len(label) for label, _ in lines(item))
        out += [f"  {label.ljust(width)}  {value}".rstrip() for label, value in lines(item)]
        out.append("")
    return "\n".join(sanitise(line) for line in out)


def markdown(items: list[LayerExplained]) -> str:
    """For a pull request."""
    from paramcalc.render.markdown import code, escape

    out = []
    for item in items:
        out += [f"### {code(item.path)} ({code(item.type)})", "", "| | |", "|---|---|"]
        out += [f"| {escape(label)} | {escape(value)} |" for label, value in lines(item)]
        out.append("")
    return "\n".join(out)


def as_json(items: list[LayerExplained]) -> bytes:
    """For a program."""
    import msgspec

    from paramcalc.render.json_format import harmless

    data = msgspec.json.encode({"schema_version": 1, "layers": items})
    return harmless(msgspec.json.format(data, indent=2) + b"\n")


FORMATS: dict[str, Callable[[list[LayerExplained]], str | bytes]] = {
    "text": text,
    "markdown": markdown,
    "json": as_json,
}
