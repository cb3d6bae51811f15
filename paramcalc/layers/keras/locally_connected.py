"""Locally connected layers of Keras 2: convolutions that share no weights between positions."""

from math import prod
from typing import ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import (
    Activation,
    Constraint,
    DataFormat,
    Factors,
    Inferred,
    Initializer,
    Layer,
    Positive,
    Regularizer,
    Size,
    Weight,
    macs_at,
)
from paramcalc.shapes import Shape, check_rank, format_shape, known, ntuple, window_length


class LocallyConnected(Layer, frozen=True):
    """Base of both; each class knows its number of spatial axes."""

    spatial: ClassVar[int]

    filters: Positive
    kernel_size: Size
    strides: Size = 1
    padding: Literal["valid", "same"] = "valid"
    data_format: DataFormat = None
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    implementation: Literal[1, 2, 3] = 1

    def infer(self, x: Shape) -> Inferred:
        """Every connection has its own weight, so it is used once a sample."""
        n = self.spatial
        check_rank(x, n + 2, "(batch, ..., channels)")
        if self.padding != "valid" and self.implementation == 1:
            raise LayerError("padding 'same' needs implementation 2 or 3")
        first = self.data_format == "channels_first"
        start = 2 if first else 1
        sizes = tuple(known(x, axis, "spatial size") for axis in range(start, start + n))
        channels = known(x, 1 if first else n + 1, "number of channels")
        outputs = self.outputs(x, sizes)
        kernel = self.kernel(sizes, channels, outputs)
        names = (*(f"output {i + 1}" for i in range(n)), "filters")
        shape = (*outputs, self.filters)
        bias = Weight("bias", shape, tuple(zip(names, shape, strict=True)), "bias")
        output = (x[0], self.filters, *outputs) if first else (x[0], *shape)
        weights = (kernel, bias) if self.use_bias else (kernel,)
        return Inferred(output, weights, macs_at((x[0],), kernel))

    def outputs(self, x: Shape, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """The spatial sizes of the output."""
        outputs = []
        steps = ntuple(self.strides, self.spatial, "strides")
        for size, kernel, stride in zip(sizes, self.kernel_sizes(), steps, strict=True):
            length = window_length(size, kernel, stride, self.padding)
            if length is None or length < 1:
                raise LayerError(f"kernel_size {kernel} is larger than its input {format_shape(x)}")
            outputs.append(length)
        return tuple(outputs)

    def kernel_sizes(self) -> tuple[int, ...]:
        """The kernel's size on each axis."""
        return ntuple(self.kernel_size, self.spatial, "kernel_size")

    def kernel(self, sizes: tuple[int, ...], channels: int, outputs: tuple[int, ...]) -> Weight:
        """The kernel: a small one a position (1), one from all to all (2), or a list of connections (3)."""
        if self.implementation == 1:
            window = prod(self.kernel_sizes())
            factors: Factors = (("positions", prod(outputs)), ("kernel", window), ("channels", channels))
            shape = (prod(outputs), window * channels, self.filters)
            return Weight("kernel", shape, (*factors, ("filters", self.filters)))
        if self.implementation == 2:
            first = self.data_format == "channels_first"
            read = (channels, *sizes) if first else (*sizes, channels)
            written = (self.filters, *outputs) if first else (*outputs, self.filters)
            factors = (("inputs", prod(read)), ("outputs", prod(written)))
            return Weight("kernel", (*read, *written), factors)
        steps = ntuple(self.strides, self.spatial, "strides")
        each = zip(sizes, outputs, self.kernel_sizes(), steps, strict=True)
        count = prod(connections(*axis, self.padding) for axis in each)
        factors = (("connections", count), ("channels", channels), ("filters", self.filters))
        return Weight("kernel", (count * channels * self.filters,), factors)


def connections(size: int, outputs: int, kernel: int, stride: int, padding: str) -> int:
    """How many pairs of input and output positions a window connects along one axis.

    With padding 'same' the window around i × stride is cut at both ends; the two sums over i of where it
    ends and where it starts are arithmetic series.
    """
    if padding == "valid":
        return kernel * outputs
    left = kernel // 2
    right = kernel - left
    inside = min(max((size - right) // stride + 1, 0), outputs)
    ends = stride * inside * (inside - 1) // 2 + right * inside + size * (outputs - inside)
    skipped = min(-(-left // stride), outputs)
    moved = outputs - skipped
    starts = stride * (skipped + outputs - 1) * moved // 2 - left * moved
    return ends - starts


class LocallyConnected1D(LocallyConnected, frozen=True):
    """A Conv1D with its own kernel at every position.

    Shapes: (batch, steps, channels) → (batch, output, filters)
    Formula: output × (kernel_size × channels × filters + filters (bias))
    Source: Keras 2
    Example: {input: [10, 3], layers: [{LocallyConnected1D: [8, 3]}]}
    """

    spatial: ClassVar[int] = 1


class LocallyConnected2D(LocallyConnected, frozen=True):
    """A Conv2D with its own kernel at every position.

    Shapes: (batch, rows, columns, channels) → (batch, output rows, output columns, filters)
    Formula: output rows × output columns × (kernel rows × columns × channels × filters + filters (bias))
    Source: Keras 2
    Example: {input: [10, 10, 3], layers: [{LocallyConnected2D: [8, 3]}]}
    """

    spatial: ClassVar[int] = 2
