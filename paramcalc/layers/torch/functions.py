"""Functions of torch that join tensors, as layers: a spec has no code to call them in."""

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.shapes import Dim, Shape, format_shape, positive_axis


class Broadcast(Layer, frozen=True):
    """Base of the functions of each element of several tensors, which are stretched to one shape."""

    def infer(self, x: Shape, *others: Shape) -> Inferred:
        """The broadcast shape."""
        for other in others:
            x = broadcast(x, other)
        return Inferred(x)


class Add(Broadcast, frozen=True):
    """The sum of its inputs, element by element: torch.add, or `+`.

    Shapes: shapes that can be broadcast → the broadcast shape
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.add.html
    Example: {framework: torch, inputs: {a: [8], b: [8]}, layers: [{Add: {}, inputs: [a, b]}]}
    """


class Mul(Broadcast, frozen=True):
    """The product of its inputs, element by element: torch.mul, or `*`.

    Shapes: shapes that can be broadcast → the broadcast shape
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.mul.html
    Example: {framework: torch, inputs: {a: [8], b: [8]}, layers: [{Mul: {}, inputs: [a, b]}]}
    """


class Cat(Layer, frozen=True):
    """Its inputs one after another along a dimension: torch.cat.

    Dimension 0, PyTorch's default, is the batch; channels are dimension 1.

    Shapes: shapes that differ in one dimension only → their sum there
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.cat.html
    Example: {framework: torch, inputs: {a: [8, 7, 7], b: [4, 7, 7]}, layers: [{Cat: 1, inputs: [a, b]}]}
    """

    dim: int = 0

    def infer(self, x: Shape, *others: Shape) -> Inferred:
        """All other dimensions must be the same."""
        axis = positive_axis(self.dim, len(x))
        for other in others:
            x = joined(x, other, axis)
        return Inferred(x)


def joined(a: Shape, b: Shape, axis: int) -> Shape:
    """Two shapes joined at an axis.

    Raises:
        LayerError: when another dimension differs.
    """
    if len(a) != len(b):
        raise LayerError(f"cannot join {format_shape(a)} and {format_shape(b)}: their ranks differ")
    found: list[Dim] = []
    for index, (x, y) in enumerate(zip(a, b, strict=True)):
        if index == axis:
            found.append(None if x is None or y is None else x + y)
        elif None not in (x, y) and x != y:
            raise LayerError(
                f"cannot join {format_shape(a)} and {format_shape(b)} along dim {axis}: axis {index} differs"
            )
        else:
            found.append(y if x is None else x)
    return tuple(found)
