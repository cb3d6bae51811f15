"""The base of layers that work on each element: the output has the shape of the input."""

from paramcalc.layers.base import Inferred, Layer
from paramcalc.shapes import Shape


class Elementwise(Layer, frozen=True):
    """The output has the shape of the input, and there are no weights."""

    def infer(self, x: Shape) -> Inferred:
        """Check fields and input; the shape stays the same."""
        self.check(x)
        return Inferred(x)

    def check(self, x: Shape) -> None:
        """Refuse inputs and field values that Keras refuses."""


class Structured(Elementwise, frozen=True):
    """A layer that also takes several inputs, as Keras takes lists and dicts, and returns as many outputs."""

    def infer(self, x: Shape, *more: Shape) -> Inferred:
        """Each input passes on its own."""
        self.check(x)
        return Inferred([x, *more] if more else x)
