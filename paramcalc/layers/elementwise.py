"""Base of the layers that work on each element: what goes in comes out, in the same shape."""

from paramcalc.layers.base import Inferred, Layer
from paramcalc.shapes import Shape


class Elementwise(Layer, frozen=True):
    """The output has the shape of the input; a list of inputs is a list of outputs."""

    def infer(self, x: Shape, *more: Shape) -> Inferred:
        """Check what there is to check; the shape stays."""
        for shape in (x, *more):
            self.check(shape)
        return Inferred([x, *more] if more else x)

    def check(self, x: Shape) -> None:
        """Refuse an input, or fields, that Keras refuses."""
