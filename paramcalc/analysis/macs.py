"""Why the MACs of a layer are unknown: the same reason for the table, `check` and `explain`.

In: rows of a summary. Out: a phrase such as `'c' (Custom) states no macs`, and what the user can do about it.
"""

from collections.abc import Iterable, Sequence

from paramcalc.shapes import Dim
from paramcalc.summary import LayerSummary, Summary

MAX_NAMED = 3
"""How many layers a sentence names."""


def why_unknown(rows: Iterable[LayerSummary], names: int = MAX_NAMED) -> str:
    """Why the first rows without MACs have none, rows with the same reason together; "" if all are known.

    Args:
        rows: layers, including those with MACs.
        names: how many layers to name.
    """
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.macs is None:
            found.setdefault(reason(row), []).append(f"'{row.path}' ({row.type})")
    why, layers = next(iter(found.items()), ("", []))
    others = len(layers) - names
    named = ", ".join(layers[:names]) + (f" and {others:,} more" if others > 0 else "")
    return why.replace(" states ", " state " if len(layers) > 1 else " states ").format(named)


def missing(summary: Summary) -> str:
    """Why the MACs of a model are unknown, and what makes them known where that can be done without its file."""
    if any(row.output_shape is None for row in summary.layers):
        help_ = "; --assume NAME=shape gives it"
    elif any(map(states_none, summary.layers)):
        help_ = ""
    elif any(item.shape[1] is None for item in summary.inputs if len(item.shape) in (2, 3)):
        return "the number of tokens is unknown; --context N gives it"
    else:
        given = any(has_unknown(item.shape[1:]) for item in summary.inputs)
        help_ = "; --input NAME=… gives it" if given else ""
    return why_unknown(summary.layers, names=1) + help_


def missing_size(summary: Summary) -> str:
    """Which input size is unknown, so that the memory is too, and which option gives it."""
    if any(len(item.shape) in (2, 3) and item.shape[1] is None for item in summary.inputs):
        return "the number of tokens is unknown; --context N gives it"
    given = any(has_unknown(item.shape[1:]) for item in summary.inputs)
    return "the size of an input is unknown; --input NAME=… gives it" if given else ""


def states_none(row: LayerSummary) -> bool:
    """Whether the shapes of a layer are known but its cost is not."""
    return row.macs is None and reason(row) == STATES_NONE


STATES_NONE = "{} states no macs"


def reason(row: LayerSummary) -> str:
    """The reason as a sentence around the name of the layer."""
    if row.output_shape is None or None in row.input_shapes:
        return "the shapes of {} are not known"
    shapes = [shape for shape in row.input_shapes if shape is not None]
    outputs = row.output_shape if isinstance(row.output_shape, list) else [row.output_shape]
    # MACs are those of one sample, so that an unknown batch is no reason.
    if any(has_unknown(shape[1:]) for shape in [*shapes, *outputs]):
        return "a dimension of {} is unknown"
    return STATES_NONE


def has_unknown(dims: Sequence[Dim]) -> bool:
    """Whether one of the dimensions is unknown."""
    return any(dim is None for dim in dims)
