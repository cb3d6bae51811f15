"""Functions of torch as layers: those that join and index tensors, as a spec has no code to call them in."""

from typing import Annotated, ClassVar

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.shapes import MAX_RANK, Dim, Shape, format_shape, positive_axis, volume

Axes = Annotated[tuple[int, ...], Meta(max_length=MAX_RANK)]
"""Several dimensions of one tensor."""


class Broadcast(Layer, frozen=True):
    """Base of the elementwise functions of several tensors, which are broadcast to one shape."""

    keeps_dtype: ClassVar[bool] = True
    merges: ClassVar[bool] = True

    def infer(self, x: Shape, *others: Shape) -> Inferred:
        """Return the broadcast shape."""
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

    merges: ClassVar[bool] = True
    keeps_dtype: ClassVar[bool] = True

    dim: int = 0

    def infer(self, x: Shape, *others: Shape) -> Inferred:
        """Return the joined shape; all other dimensions must be equal."""
        axis = positive_axis(self.dim, len(x))
        for other in others:
            x = joined(x, other, axis)
        return Inferred(x)


def joined(a: Shape, b: Shape, axis: int) -> Shape:
    """Return two shapes concatenated along an axis.

    Raises:
        LayerError: if another dimension differs.
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


class MatMul(Layer, frozen=True):
    """The product of two matrices, or of two stacks of them: torch.matmul, or `@`.

    Shapes: (..., n, k), (..., k, m) → (..., n, m)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.matmul.html
    Example: {framework: torch, inputs: {a: [8, 7], b: [7, 4]}, layers: [{MatMul: {}, inputs: [a, b]}]}
    """

    def infer(self, x: Shape, y: Shape) -> Inferred:
        """Count one sum over k per element of the output."""
        if len(x) < 2 or len(y) < 2:
            raise LayerError(f"expects two matrices, got {format_shape(x)} and {format_shape(y)}")
        if None not in (x[-1], y[-2]) and x[-1] != y[-2]:
            raise LayerError(f"{format_shape(x)} and {format_shape(y)} are no product: {x[-1]} columns, {y[-2]} rows")
        stack = broadcast(x[:-2], y[:-2])
        inner = y[-2] if x[-1] is None else x[-1]
        rows = (*stack, x[-2])
        return Inferred((*rows, y[-1]), macs=((("rows", volume(rows)), ("inner", inner), ("columns", y[-1])),))


class Permute(Layer, frozen=True):
    """The dimensions in another order: torch.permute.

    Shapes: (batch, a, b) → (batch, b, a) for [0, 2, 1]
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.permute.html
    Example: {framework: torch, input: [768, 196], layers: [{Permute: [0, 2, 1]}]}
    """

    list_argument: ClassVar[bool] = True
    keeps_dtype: ClassVar[bool] = True

    dims: Axes

    def infer(self, x: Shape) -> Inferred:
        """Return the permuted shape; `dims` must name each dimension once, and 0 is the batch."""
        axes = [positive_axis(dim, len(x)) for dim in self.dims]
        if sorted(axes) != list(range(len(x))):
            raise LayerError(f"dims {list(self.dims)} must name each dimension of {format_shape(x)} once")
        return Inferred(tuple(x[axis] for axis in axes))


class Select(Layer, frozen=True):
    """One element of a dimension, which is gone then: torch.select, or `x[:, 0]`.

    Shapes: (batch, length, features) → (batch, features) for [1, 0]
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.select.html
    Example: {framework: torch, input: [197, 768], layers: [{Select: [1, 0]}]}
    """

    keeps_dtype: ClassVar[bool] = True

    dim: int
    index: int

    def infer(self, x: Shape) -> Inferred:
        """Return the shape without the dimension; a negative index counts from the end."""
        axis = positive_axis(self.dim, len(x))
        size = x[axis]
        if size is not None and not -size <= self.index < size:
            raise LayerError(f"index {self.index} is out of range for dimension {self.dim} of {format_shape(x)}")
        return Inferred((*x[:axis], *x[axis + 1 :]))


class Slice(Layer, frozen=True, kw_only=True):
    """Some elements of a dimension, from `start` to before `end`: `x[:, start:end]`; negative ones count from the end.

    Shapes: (batch, length, features) → (batch, end - start, features) for dim 1
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.narrow.html
    Example: {framework: torch, input: [197, 768], layers: [{Slice: {dim: 1, start: 1}}]}
    """

    keeps_dtype: ClassVar[bool] = True

    dim: int
    start: int = 0
    end: int | None = None

    def infer(self, x: Shape) -> Inferred:
        """Return the shape after slicing, which must leave at least one element."""
        axis = positive_axis(self.dim, len(x))
        size = x[axis]
        if size is None:
            return Inferred((*x[:axis], None, *x[axis + 1 :]))
        left = len(range(size)[self.start : self.end])
        if not left:
            raise LayerError(f"{self.start} to {self.end} leaves nothing of dimension {self.dim} of {format_shape(x)}")
        return Inferred((*x[:axis], left, *x[axis + 1 :]))


class Mean(Layer, frozen=True):
    """The mean over one dimension or several: torch.mean.

    Shapes: (batch, length, features) → (batch, features) for dim 1
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.mean.html
    Example: {framework: torch, input: [768, 7, 7], layers: [{Mean: [2, 3]}]}
    """

    list_argument: ClassVar[bool] = True
    keeps_dtype: ClassVar[bool] = True

    dim: int | Axes
    keepdim: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Return the shape without the dimensions, or with 1 in their place if `keepdim` is set."""
        dims = (self.dim,) if isinstance(self.dim, int) else self.dim or tuple(range(len(x)))
        axes = [positive_axis(dim, len(x)) for dim in dims]
        if len(set(axes)) < len(axes):
            raise LayerError(f"dim {list(dims)} names a dimension twice")
        if self.keepdim:
            return Inferred(tuple(1 if axis in axes else size for axis, size in enumerate(x)))
        return Inferred(tuple(size for axis, size in enumerate(x) if axis not in axes))
