"""Locally connected layers of Keras 2: convolutions that share no weights between positions."""

from math import prod
from typing import ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, Positive, Size, Weight, macs_at
from paramcalc.layers.formulas.spatial import join_channels
from paramcalc.layers.formulas.window import Window
from paramcalc.layers.keras.convolutional import sliding
from paramcalc.layers.keras.fields import Activation, Constraint, DataFormat, Initializer, Regularizer
from paramcalc.shapes import Shape, known


class LocallyConnected(Layer, frozen=True):
    """Base of LocallyConnected1D and LocallyConnected2D."""

    rank: ClassVar[int]
    dilation_rate: ClassVar[int] = 1

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
        """Infer one weight per connection, each used once per sample."""
        if self.padding != "valid" and self.implementation == 1:
            raise LayerError("padding 'same' needs implementation 2 or 3")
        _, channels, window = sliding(self, x)
        start = 2 if self.data_format == "channels_first" else 1
        spatial = tuple(known(x, axis, "spatial size") for axis in range(start, start + self.rank))
        outputs: tuple[int, ...] = window.lengths(spatial)  # type: ignore[assignment]  # known, as the sizes are
        kernel = self.kernel(spatial, channels, outputs, window)
        names = (*(f"output {axis}" for axis in range(1, self.rank + 1)), "filters")
        shape = (*outputs, self.filters)
        bias = Weight("bias", shape, tuple(zip(names, shape, strict=True)), "bias")
        weights = (kernel, bias) if self.use_bias else (kernel,)
        output = join_channels(x[0], outputs, self.filters, self.data_format)
        return Inferred(output, weights, macs_at((x[0],), kernel))

    def kernel(self, sizes: tuple[int, ...], channels: int, outputs: tuple[int, ...], window: Window) -> Weight:
        """Return the kernel in implementation 1 (one per position), 2 (all to all) or 3 (a list of connections)."""
        if self.implementation == 1:
            area = prod(window.size)
            factors: Factors = (("positions", prod(outputs)), ("kernel", area), ("channels", channels))
            shape = (prod(outputs), area * channels, self.filters)
            return Weight("kernel", shape, (*factors, ("filters", self.filters)))
        if self.implementation == 2:
            first = self.data_format == "channels_first"
            read = (channels, *sizes) if first else (*sizes, channels)
            written = (self.filters, *outputs) if first else (*outputs, self.filters)
            factors = (("inputs", prod(read)), ("outputs", prod(written)))
            return Weight("kernel", (*read, *written), factors)
        each = zip(sizes, outputs, window.size, window.strides, strict=True)
        count = prod(connections(*axis, self.padding) for axis in each)
        factors = (("connections", count), ("channels", channels), ("filters", self.filters))
        return Weight("kernel", (count * channels * self.filters,), factors)


def connections(size: int, outputs: int, kernel: int, stride: int, padding: str) -> int:
    """Count the pairs of input and output positions that a window connects along one axis.

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

    rank: ClassVar[int] = 1


class LocallyConnected2D(LocallyConnected, frozen=True):
    """A Conv2D with its own kernel at every position.

    Shapes: (batch, rows, columns, channels) → (batch, output rows, output columns, filters)
    Formula: output rows × output columns × (kernel rows × columns × channels × filters + filters (bias))
    Source: Keras 2
    Example: {input: [10, 10, 3], layers: [{LocallyConnected2D: [8, 3]}]}
    """

    rank: ClassVar[int] = 2
