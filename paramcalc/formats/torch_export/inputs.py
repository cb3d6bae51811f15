"""Solves for the symbols of a program when its inputs have shapes other than those of the export."""

from collections.abc import Iterable, Mapping

from paramcalc.errors import InputError, Problem
from paramcalc.formats.torch_export.calls import Sizes
from paramcalc.formats.torch_export.expressions import evaluate, symbol_in
from paramcalc.formats.torch_export.program import Graph, Range, Size
from paramcalc.model import Input
from paramcalc.shapes import Dim, Shape, format_shape


def batch_symbol(graph: Graph, users: Iterable[str]) -> str | None:
    """The first symbol that is the leading axis of an input: the batch size. Costs are counted for one sample."""
    for name in users:
        meta = graph.tensor_values.get(name)
        first = meta.sizes[0].as_expr if meta is not None and meta.sizes else None
        symbol = symbol_in(first.expr_str) if first is not None else None
        if symbol is not None:
            return symbol
    return None


def symbols_for(wanted: list[Input], graph: Graph, ranges: Mapping[str, Range], source: str) -> dict[str, int]:
    """The values of the symbols for inputs of these shapes.

    Raises:
        InputError: when the program does not accept these inputs.
    """
    values: dict[str, int] = {}
    for item in wanted:
        sizes = graph.tensor_values[item.name].sizes
        if len(sizes) == len(item.shape):
            for size, dim in zip(sizes, item.shape, strict=True):
                learn(size, dim, values)
    known = Sizes(None, values)
    for item in wanted:
        shape = known.shape(graph.tensor_values[item.name])
        if shape != item.shape:
            raise InputError(source, [Problem(refusal(item, shape))])
    check_ranges(values, ranges, source)
    return values


def refusal(item: Input, shape: Shape) -> str:
    """The error message for an input that the program does not accept."""
    return (
        f"the file records what its program does with an input '{item.name}' of {format_shape(shape)}, not of "
        f"{format_shape(item.shape)}: export it again with that, or with dynamic_shapes"
    )


def learn(size: Size, dim: Dim, values: dict[str, int]) -> None:
    """Solve an input dimension for its symbol and store the value: 4 * s0 = 12 gives s0 = 3."""
    if size.as_expr is None or dim is None:
        return
    text = size.as_expr.expr_str
    symbol = symbol_in(text)
    if symbol is not None:
        values.setdefault(symbol, dim)
        return
    for name in symbols_in(text) - set(values):
        at = [evaluate(text, {**values, name: value}) for value in (1, 2)]
        if at[0] is not None and at[1] is not None and at[1] != at[0]:
            found = 1 + (dim - at[0]) // (at[1] - at[0])
            if evaluate(text, {**values, name: found}) == dim:
                values[name] = found


def symbols_in(text: str) -> set[str]:
    """The names of the symbols in an expression, such as s0 and u1."""
    words = text.replace("(", " ").replace(")", " ").replace("'", " ").replace("*", " ").split()
    return {word for word in words if word[0] in "su" and word[1:].isdigit()}


def check_ranges(values: Mapping[str, int], ranges: Mapping[str, Range], source: str) -> None:
    """Refuse symbol values outside the ranges that the program was exported for."""
    for symbol, value in values.items():
        allowed = ranges.get(symbol, Range())
        least, most = allowed.min_val or 0, allowed.max_val
        if value < least or (most is not None and value > most):
            limits = f"at least {least}" if most is None else f"{least} to {most}"
            raise InputError(source, [Problem(f"the program takes {symbol} of {limits}, not of {value}")])
