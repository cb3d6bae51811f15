"""Observes a layer: records what the layers inside it are called with.

Only a wrapper's formula knows that, and only files that make claims about the layers inside need it.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from msgspec.structs import replace

from paramcalc.analysis.calls import InnerCall, InnerModel
from paramcalc.layers.base import Inferred, Layer, Sublayer, sublayers_of
from paramcalc.shapes import Shape


class ObservedSublayer(Sublayer):
    """A sublayer that records what it is called with."""

    __slots__ = ("found", "original")

    def __init__(self, original: Sublayer, found: list[InnerCall]) -> None:
        layer = observed(original.layer, found)
        super().__init__(layer, original.name, original.type, original.trainable, original.built, original.shared)
        self.original = original
        self.found = found

    def ask(self, formula: str, shapes: Sequence[Shape], options: dict[str, Any]) -> Inferred:
        """The inner layer's answer; recorded if the file makes a claim that it can be compared with."""
        if isinstance(self.layer, InnerModel):
            evaluation = self.layer.evaluate(*shapes)
            inferred = self.owned(self.layer.as_inferred(evaluation))
            self.found.append(InnerCall(self, self.layer.infer, shapes, inferred.weights, evaluation))
            return inferred
        inferred = super().ask(formula, shapes, options)
        if self.built:
            # The check of the claim asks the layer again, and must not be observed.
            infer = partial(getattr(self.original.layer, formula), **options)
            self.found.append(InnerCall(self, infer, shapes, inferred.weights))
        return inferred


def observed(layer: Any, found: list[InnerCall]) -> Any:
    """The same layer, with the calls of all layers inside it recorded in `found`, innermost first."""
    if not isinstance(layer, Layer) or not sublayers_of(layer):
        return layer
    fields = {name: observed_field(getattr(layer, name), found) for name in layer.sublayers}
    return replace(layer, **fields)


def observed_field(value: Any, found: list[InnerCall]) -> Any:
    """The value of a field that holds one sublayer or several, observed."""
    if isinstance(value, (tuple, list)):
        return tuple([observed_field(item, found) for item in value])
    return ObservedSublayer(value, found) if isinstance(value, Sublayer) else value
