"""Weights that do not depend on the input: for layers behind one whose output is unknown."""

from typing import Any

from paramcalc.errors import ParamcalcError
from paramcalc.layers.base import Weight
from paramcalc.shapes import Shape

_SIZES = (24, 36, 48, 60, 72)
_FURTHER = 60
"""Added to all sizes, makes none of them again."""


def fixed_weights(layer: Any, inputs: int) -> tuple[Weight, ...] | None:
    """The weights, where they are the same for every input that the layer takes; else None.

    An Embedding has its table, a Dropout nothing, whatever stands before it; a Dense has not.
    """
    found: tuple[Weight, ...] | None = None
    for one, other in _probes():
        weights = _weights(layer, one, inputs)
        if weights != _weights(layer, other, inputs):
            return None  # also where it takes only one of the two: what it makes of a third is not known
        if weights is not None:
            if found not in (None, weights):
                return None
            found = weights
    return found


def _weights(layer: Any, probe: Shape, inputs: int) -> tuple[Weight, ...] | None:
    """What the layer holds on this input; None if it takes none such."""
    try:
        weights: tuple[Weight, ...] = layer.infer(*[probe] * inputs).weights
    except (ParamcalcError, TypeError):
        return None
    return weights


def _probes() -> list[tuple[Shape, Shape]]:
    """Pairs of inputs of zero to five axes beside the batch that differ in the size of every axis."""
    return [
        ((None, *_SIZES[:rank]), (None, *[size + _FURTHER for size in reversed(_SIZES[:rank])]))
        for rank in range(len(_SIZES) + 1)
    ]
