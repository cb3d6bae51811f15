"""One vector of a sequence: what sentence-transformers makes of the vectors of tokens."""

from paramcalc.layers.base import Inferred, Layer
from paramcalc.shapes import Shape


class Pooled(Layer, frozen=True):
    """The tokens of a sequence as one vector: their mean, the first one, or several such side by side.

    Attributes:
        ways: how many vectors are put side by side.
    """

    ways: int = 1

    def infer(self, x: Shape) -> Inferred:
        """Batch and features; a model may have pooled the tokens itself already."""
        size = x[-1]
        return Inferred((x[0], None if size is None else self.ways * size))
