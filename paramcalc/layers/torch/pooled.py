"""Sentence embeddings: how sentence-transformers pools the token vectors of a sequence into one."""

from paramcalc.layers.base import Inferred, Layer
from paramcalc.shapes import Shape


class Pooled(Layer, frozen=True):
    """The tokens of a sequence pooled into one vector: their mean, the first one, or several of these concatenated.

    Attributes:
        ways: how many vectors are concatenated.
    """

    ways: int = 1

    def infer(self, x: Shape) -> Inferred:
        """Return (batch, features); the model may have pooled the tokens already."""
        size = x[-1]
        return Inferred((x[0], None if size is None else self.ways * size))
