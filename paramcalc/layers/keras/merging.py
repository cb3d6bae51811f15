"""Merging layers: several inputs, one output."""

from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer
from paramcalc.layers.formulas.broadcasting import aligned, broadcast
from paramcalc.shapes import Dim, Shape, format_shape, product


class Merge(Layer, frozen=True):
    """Base of the elementwise merging layers: shapes are broadcast, as in NumPy."""

    merges: ClassVar[bool] = True

    def infer(self, *inputs: Shape) -> Inferred:
        """Return the broadcast shape; all batch sizes must agree."""
        if not inputs:
            raise LayerError("needs at least one input")
        batch = common_batch(inputs)
        merged = inputs[0][1:]
        for shape in inputs[1:]:
            merged = merge_shapes(merged, shape[1:], inputs)
        return Inferred((batch, *merged))


def common_batch(inputs: tuple[Shape, ...]) -> Dim:
    """Return the inputs' common batch size, None if all are unknown."""
    sizes = {shape[0] for shape in inputs if shape and shape[0] is not None}
    if len(sizes) > 1:
        raise LayerError(f"inputs have different batch sizes: {listing(inputs)}")
    return sizes.pop() if sizes else None


def merge_shapes(a: Shape, b: Shape, inputs: tuple[Shape, ...]) -> Shape:
    """Return the broadcast of two shapes.

    Keras' merging layers, unlike its operations, make a dimension unknown if either is.

    Raises:
        LayerError: when the shapes do not fit; it names all `inputs`.
    """
    try:
        merged = broadcast(a, b)
    except LayerError:
        raise LayerError(f"inputs have shapes that cannot be merged: {listing(inputs)}") from None
    if None not in a and None not in b:
        return merged
    return tuple(None if None in pair else size for pair, size in zip(aligned(a, b), merged, strict=True))


def listing(inputs: tuple[Shape, ...]) -> str:
    """Return the shapes of the inputs as text, shortened if there are many."""
    shown = ", ".join(format_shape(shape) for shape in inputs[:5])
    return f"{shown}, …" if len(inputs) > 5 else shown


class Add(Merge, frozen=True):
    """The sum of its inputs, element by element.

    Shapes: a list of shapes that can be broadcast → the broadcast shape
    Formula: no weights
    Source: https://keras.io/api/layers/merging_layers/add/
    Example: {inputs: {a: [8], b: [8]}, layers: [{Add: {}, inputs: [a, b]}]}
    """


class Subtract(Merge, frozen=True):
    """The first input minus the second.

    Shapes: two shapes that can be broadcast → the broadcast shape
    Formula: no weights
    Source: https://keras.io/api/layers/merging_layers/subtract/
    Example: {inputs: {a: [8], b: [8]}, layers: [{Subtract: {}, inputs: [a, b]}]}
    """

    def infer(self, *inputs: Shape) -> Inferred:
        """Return the broadcast shape of exactly two inputs."""
        if len(inputs) != 2:
            raise LayerError(f"needs exactly 2 inputs, got {len(inputs)}")
        return Merge.infer(self, *inputs)


class Multiply(Merge, frozen=True):
    """The product of its inputs, element by element.

    Shapes: a list of shapes that can be broadcast → the broadcast shape
    Formula: no weights
    Source: https://keras.io/api/layers/merging_layers/multiply/
    Example: {inputs: {a: [8], b: [8]}, layers: [{Multiply: {}, inputs: [a, b]}]}
    """


class Average(Merge, frozen=True):
    """The mean of its inputs, element by element.

    Shapes: a list of shapes that can be broadcast → the broadcast shape
    Formula: no weights
    Source: https://keras.io/api/layers/merging_layers/average/
    Example: {inputs: {a: [8], b: [8]}, layers: [{Average: {}, inputs: [a, b]}]}
    """


class Maximum(Merge, frozen=True):
    """The largest of its inputs, element by element.

    Shapes: a list of shapes that can be broadcast → the broadcast shape
    Formula: no weights
    Source: https://keras.io/api/layers/merging_layers/maximum/
    Example: {inputs: {a: [8], b: [8]}, layers: [{Maximum: {}, inputs: [a, b]}]}
    """


class Minimum(Merge, frozen=True):
    """The smallest of its inputs, element by element.

    Shapes: a list of shapes that can be broadcast → the broadcast shape
    Formula: no weights
    Source: https://keras.io/api/layers/merging_layers/minimum/
    Example: {inputs: {a: [8], b: [8]}, layers: [{Minimum: {}, inputs: [a, b]}]}
    """


class Concatenate(Layer, frozen=True):
    """Its inputs one after the other along axis.

    Shapes: a list of shapes, equal but for axis → the same, the sizes at axis added up
    Formula: no weights
    Source: https://keras.io/api/layers/merging_layers/concatenate/
    Example: {inputs: {a: [8], b: [4]}, layers: [{Concatenate: {}, inputs: [a, b]}]}
    """

    merges: ClassVar[bool] = True
    axis: int = -1

    def infer(self, *inputs: Shape) -> Inferred:
        """Other axes are the first input's, even where only a later input knows the size."""
        if not inputs:
            raise LayerError("needs at least one input")
        self.check(inputs)
        output = list(inputs[0])
        if len(inputs) > 1:
            total: Dim = 0
            for shape in inputs:
                size = shape[self.axis]
                total = None if total is None or size is None else total + size
            output[self.axis] = total
        return Inferred(tuple(output))

    def check(self, inputs: tuple[Shape, ...]) -> None:
        """All ranks are one, the axis exists, and known sizes agree at all other axes."""
        rank = len(inputs[0])
        if any(len(shape) != rank for shape in inputs):
            raise LayerError(f"inputs have different ranks: {listing(inputs)}")
        # Keras looks at a positive axis only once there are two inputs.
        if self.axis < -rank or (self.axis >= rank and len(inputs) > 1) or rank == 0:
            raise LayerError(f"axis {self.axis} is out of range for inputs {listing(inputs)}")
        for axis in range(rank):
            sizes = {shape[axis] for shape in inputs} - {None}
            if axis != self.axis % rank and len(sizes) > 1:
                raise LayerError(f"inputs differ at axis {axis}, not only at axis {self.axis}: {listing(inputs)}")


class Dot(Layer, frozen=True):
    """The product of two inputs, summed over one axis of each, batch by batch.

    Shapes: (batch, a…, n, b…) and (batch, c…, n, d…) → (batch, a…, b…, c…, d…)
    Formula: no weights; n multiply-accumulates for each element of the output
    Source: https://keras.io/api/layers/merging_layers/dot/
    Example: {inputs: {a: [5, 8], b: [7, 8]}, layers: [{Dot: {axes: 2}, inputs: [a, b]}]}
    """

    merges: ClassVar[bool] = True
    axes: int | tuple[int, int]
    normalize: bool = False

    def infer(self, *inputs: Shape) -> Inferred:
        """The summed axes must be of one size; an unknown size fits only another unknown one."""
        if len(inputs) != 2:
            raise LayerError(f"needs exactly 2 inputs, got {len(inputs)}")
        a, b = inputs
        first, second = self.resolved(a, b)
        if a[first] != b[second]:
            raise LayerError(
                f"sums over {a[first]} values of the first input (axis {first}) but {b[second]} of the second "
                f"(axis {second}): {listing(inputs)}"
            )
        rows = without(a, first)
        columns = without(without(b, second), 0)
        output = (*rows, *columns)
        macs = () if first == 0 or second == 0 else (dot_macs(a[first], rows, columns),)
        return Inferred(output if len(output) != 1 else (*output, 1), (), macs)

    def resolved(self, a: Shape, b: Shape) -> tuple[int, int]:
        """The axis of each input, counted from the front where `axes` is one number."""
        if isinstance(self.axes, tuple):
            axes = self.axes
        elif self.axes < 0 and a and b:
            axes = (self.axes % len(a), self.axes % len(b))
        else:
            axes = (self.axes, self.axes)
        for axis, shape in zip(axes, (a, b), strict=True):
            if not -len(shape) <= axis < len(shape):
                raise LayerError(f"axis {axis} of axes is out of range for the input {format_shape(shape)}")
        if len(b) < 2:
            raise LayerError(f"needs inputs of rank 2 or more, got {listing((a, b))}")
        return axes[0] % len(a), axes[1] % len(b)


def without(shape: Shape, axis: int) -> Shape:
    """The shape without one axis."""
    return shape[:axis] + shape[axis + 1 :]


def dot_macs(summed: Dim, rows: Shape, columns: Shape) -> Factors:
    """One for each summed value of each element of the output; an unknown batch counts as 1."""
    batch = rows[0] if rows and rows[0] is not None else 1
    return (("batch", batch), ("rows", product(rows[1:])), ("columns", product(columns)), ("summed", summed))
