"""Distances between two tensors."""

from typing import ClassVar

from paramcalc.layers.base import Inferred, Layer
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.shapes import Shape, positive_axis


class CosineSimilarity(Layer, frozen=True):
    """The cosine of the angle between two vectors along a dimension.

    Shapes: two shapes that can be broadcast → the broadcast shape without dim
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.CosineSimilarity.html
    Example: {framework: torch, inputs: {a: [8], b: [8]}, layers: [{CosineSimilarity: {}, inputs: [a, b]}]}
    """

    keeps_dtype: ClassVar[bool] = True

    dim: int = 1
    eps: float = 1e-8

    def infer(self, x1: Shape, x2: Shape) -> Inferred:
        """Return the broadcast shape without `dim`, which is summed."""
        x = broadcast(x1, x2)
        axis = positive_axis(self.dim, len(x))
        return Inferred((*x[:axis], *x[axis + 1 :]))


class PairwiseDistance(Layer, frozen=True):
    """The length of the difference of two vectors, along the last axis.

    Shapes: two shapes that can be broadcast → the broadcast shape without the last axis
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.PairwiseDistance.html
    Example: {framework: torch, inputs: {a: [8], b: [8]}, layers: [{PairwiseDistance: {}, inputs: [a, b]}]}
    """

    keeps_dtype: ClassVar[bool] = True

    p: float = 2.0
    eps: float = 1e-6
    keepdim: bool = False

    def infer(self, x1: Shape, x2: Shape) -> Inferred:
        """Return the broadcast shape without the last axis, which is summed."""
        x = broadcast(x1, x2)
        axis = positive_axis(-1, len(x))
        return Inferred((*x[:axis], 1) if self.keepdim else x[:axis])
