"""The columns of a table of layers, defined once for all formats.

A column is a function of the layers that a row stands for: one, or all those folded into it.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

from paramcalc.shapes import format_shape
from paramcalc.summary import LayerSummary, Totals

SHOWN_DTYPES = 3
"""Dtypes in a row; all are in the note beside the total size."""

Layers = Sequence[LayerSummary]
ColumnKind = Literal["text", "shape", "number", "share", "bytes"]


class Column(NamedTuple):
    """A column: its heading, its kind of value, and how the value is computed from the layers of a row."""

    header: str
    kind: ColumnKind
    value: Callable[[Layers], Any]


def _sum(field: str) -> Callable[[Layers], int | None]:
    def total(layers: Layers) -> int | None:
        if len(layers) == 1:
            one: int | None = getattr(layers[0], field)
            return one
        values = [getattr(layer, field) for layer in layers]
        return None if None in values else sum(values)

    return total


def _flops(layers: Layers) -> int | None:
    macs = _sum("macs")(layers)
    return None if macs is None else 2 * macs


def _only(field: str) -> Callable[[Layers], Any]:
    """The field of a single layer; None for folded layers, which may differ."""
    return lambda layers: getattr(layers[0], field) if len(layers) == 1 else ""


def _weight_shapes(layers: Layers) -> Any:
    """The shapes of a single layer's weights; None for folded layers, which may differ."""
    return [weight.shape for weight in layers[0].weights] if len(layers) == 1 and layers[0].weights else ""


def _dtypes(layers: Layers) -> str:
    """The dtypes of the weights, the ones with the most bytes first, and how many more there are.

    A normalization's counter of batches, a single integer, would be in every row of a ResNet: only the total names it.
    """
    sizes: dict[str, int] = {}
    weights = [weight for layer in layers for weight in layer.weights]
    for weight in [weight for weight in weights if weight.kind != "buffer" or weight.shape] or weights:
        sizes[weight.dtype] = sizes.get(weight.dtype, 0) + weight.bytes
    found = sorted(sizes, key=lambda dtype: -sizes[dtype])
    more = f" +{len(found) - SHOWN_DTYPES}" if len(found) > SHOWN_DTYPES else ""
    return ", ".join(found[:SHOWN_DTYPES]) + more


def _type(layers: Layers) -> str:
    return layers[0].type if len(layers) == 1 else f"{len(layers):,} layers"


COLUMNS: dict[str, Column] = {
    "name": Column("Layer", "text", _only("name")),
    "path": Column("Path", "text", _only("path")),
    "type": Column("Type", "text", _type),
    "inputs": Column("Inputs", "text", lambda layers: ", ".join(layers[0].inputs)),
    "input_shape": Column("Input shape", "shape", lambda layers: layers[0].input_shapes),
    "output_shape": Column("Output shape", "shape", lambda layers: layers[-1].output_shape),
    "params": Column("Params", "number", _sum("params")),
    "trainable": Column("Trainable", "number", _sum("trainable_params")),
    "non_trainable": Column("Non-trainable", "number", _sum("non_trainable_params")),
    "weights": Column("Weights", "number", _sum("weight_params")),
    "bias": Column("Biases", "number", _sum("bias_params")),
    "macs": Column("MACs", "number", _sum("macs")),
    "flops": Column("FLOPs", "number", _flops),
    "buffers": Column("Buffers", "number", _sum("buffers")),
    "weight_shapes": Column("Weight shapes", "shape", _weight_shapes),
    "dtype": Column("Dtype", "text", _dtypes),
    "bytes": Column("Size", "bytes", _sum("size_bytes")),
    "share": Column("Share", "share", _sum("params")),
    "macs_share": Column("MACs share", "share", _sum("macs")),
    "output_bytes": Column("Output size", "bytes", _sum("output_bytes")),
    "shared": Column("Shared with", "text", lambda layers: _only("shared_with")(layers) or ""),
}

SHARES = {"share": "params", "macs_share": "macs"}
"""Column → the total that it is a share of."""

COUNTED = ("params", "trainable", "non_trainable", "weights", "bias", "share")
"""Columns that an unknown layer leaves unknown (MACs and bytes say so themselves)."""


def whole_of(totals: Totals, column: str) -> int:
    """The total that a column of shares refers to; 0 if it is unknown, or the column has no shares."""
    name = SHARES.get(column)
    return (getattr(totals, name) or 0) if name is not None else 0


def shape_text(value: Any) -> str:
    """One shape, or several: `(None, 5, 10)`, `[(None, 5, 10), (None, 10)]`; `?` if unknown."""
    if value is None:
        return "?"
    if isinstance(value, list):
        shapes = [shape_text(item) for item in value]
        return shapes[0] if len(shapes) == 1 else f"[{', '.join(shapes)}]"
    return format_shape(value)
