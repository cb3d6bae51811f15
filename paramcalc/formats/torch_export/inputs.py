"""Inputs of other shapes than those of the export: the values that its symbols then have."""

from collections.abc import Iterable, Mapping

from paramcalc.errors import InputError, Problem
from paramcalc.formats.torch_export.calls import Sizes
from paramcalc.formats.torch_export.expressions import evaluate, symbol_in
from paramcalc.formats.torch_export.program import Graph, Range, Size
from paramcalc.model import Input
from paramcalc.shapes import Dim, Shape, format_shape


def batch_symbol(graph: Graph, users: Iterable[str]) -> str | None:
    """The symbol that is the first axis of an input: of what depends on it, one sample is counted."""
    for name in users:
        meta = graph.tensor_values.get(name)
        first = meta.sizes[0].as_expr if meta is not None and meta.sizes else None
        symbol = symbol_in(first.expr_str) if first is not None else None
        if symbol is not None:
            return symbol
    return None


def symbols_for(wanted: list[Input], graph: Graph, ranges: Mapping[str, Range], source: str) -> dict[str, int]:
    """The values that the symbols have with inputs of these shapes.

    Raises:
        InputError: when the program does not take such inputs.
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
    """The message about an input that the program does not accept."""
    return (
        f"the file records what its program does with an input '{item.name}' of {format_shape(shape)}, not of "
        f"{format_shape(item.shape)}: export it again with that, or with dynamic_shapes"
    )


def learn(size: Size, dim: Dim, values: dict[str, int]) -> None:
    """What a dimension of an input says of its symbol: 4 * s0 = 12 gives s0 = 3."""
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
    """Refuse sizes that the program was not exported for."""
    for symbol, value in values.items():
        allowed = ranges.get(symbol, Range())
        least, most = allowed.min_val or 0, allowed.max_val
        if value < least or (most is not None and value > most):
            limits = f"at least {least}" if most is None else f"{least} to {most}"
            raise InputError(source, [Problem(f"the program takes {symbol} of {limits}, not of {value}")])
