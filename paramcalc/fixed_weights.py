"""Weights that do not depend on the input: for layers behind one whose output is unknown."""

from typing import Any

from paramcalc.errors import ParamcalcError
from paramcalc.layers.base import Weight
from paramcalc.shapes import Shape

_SIZES = (24, 36, 48, 60, 72)


def fixed_weights(layer: Any, inputs: int) -> tuple[Weight, ...] | None:
    """The weights, where they are the same for every input that the layer takes; else None.

    An Embedding has its table, a Dropout nothing, whatever stands before it; a Dense has not.
    """
    found: tuple[Weight, ...] | None = None
    for probe in _probes():
        try:
            weights: tuple[Weight, ...] = layer.infer(*[probe] * inputs).weights
        except (ParamcalcError, TypeError):
            continue  # it takes no such input
        if found is not None and weights != found:
            return None
        found = weights
    return found


def _probes() -> list[Shape]:
    """Inputs of zero to five axes beside the batch, two of each rank that differ in the size of every axis."""
    return [
        (None, *sizes)
        for rank in range(len(_SIZES) + 1)
        for sizes in (_SIZES[:rank], tuple(size + 12 for size in reversed(_SIZES[:rank])))
    ]
