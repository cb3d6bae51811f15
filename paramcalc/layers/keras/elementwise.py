"""The base of elementwise layers, whose output has the shape of the input."""

from paramcalc.layers.base import Inferred, Layer
from paramcalc.shapes import Shape


class Elementwise(Layer, frozen=True):
    """Base of the layers without weights whose output has the input's shape."""

    def infer(self, x: Shape) -> Inferred:
        """Check fields and input; the shape stays the same."""
        self.check(x)
        return Inferred(x)

    def check(self, x: Shape) -> None:
        """Refuse inputs and field values that Keras refuses."""


class Structured(Elementwise, frozen=True):
    """Base of the layers that also take lists and dicts of inputs, as in Keras, and return as many outputs."""

    def infer(self, x: Shape, *more: Shape) -> Inferred:
        """Return each input's shape unchanged."""
        self.check(x)
        return Inferred([x, *more] if more else x)
