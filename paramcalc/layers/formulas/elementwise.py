"""Base of the layers that work on each element: what goes in comes out, in the same shape."""

from paramcalc.layers.base import Inferred, Layer
from paramcalc.shapes import Shape


class Elementwise(Layer, frozen=True):
    """The output has the shape of the input, and there are no weights."""

    def infer(self, x: Shape) -> Inferred:
        """Check what there is to check; the shape stays."""
        self.check(x)
        return Inferred(x)

    def check(self, x: Shape) -> None:
        """Refuse an input, or fields, that Keras refuses."""


class Structured(Elementwise, frozen=True):
    """One that also takes several inputs together, as Keras takes lists and dicts: as many outputs."""

    def infer(self, x: Shape, *more: Shape) -> Inferred:
        """Every input passes on its own."""
        self.check(x)
        return Inferred([x, *more] if more else x)
