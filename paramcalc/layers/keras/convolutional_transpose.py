"""Transposed convolutions: every input position writes a kernel's worth of outputs."""

from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, NonNegative, Positive, Size, Weight, bias, macs_at
from paramcalc.layers.formulas.spatial import join_channels
from paramcalc.layers.keras.convolutional import (
    Padding,
    check_stride_or_dilation,
    sliding,
)
from paramcalc.layers.keras.fields import Activation, Constraint, DataFormat, Initializer, Regularizer
from paramcalc.shapes import Shape, ntuple

OutputPadding = NonNegative | tuple[NonNegative, ...] | None


class _ConvTranspose(Layer, frozen=True):
    """Base of the transposed convolutions."""

    rank: ClassVar[int]

    filters: Positive
    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    output_padding: OutputPadding = None
    data_format: DataFormat = None
    dilation_rate: Size = 1
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None

    def infer(self, x: Shape) -> Inferred:
        """Infer one kernel per input position; overlapping outputs are summed."""
        spatial, channels, window = sliding(self, x)
        check_stride_or_dilation(window)
        kernel = Weight(
            "kernel",
            (*window.size, self.filters, channels),
            (*window.factors, ("filters", self.filters), ("channels", channels)),
        )
        lengths = window.transposed_lengths(spatial, self.extras(window.strides))
        biases = (bias(self.filters, "filters"),) if self.use_bias else ()
        return Inferred(
            join_channels(x[0], lengths, self.filters, self.data_format),
            (kernel, *biases),
            macs_at((x[0], *spatial), kernel),
        )

    def extras(self, strides: tuple[int, ...]) -> tuple[int | None, ...]:
        """`output_padding` along each axis; it can only choose among the lengths a stride leaves open."""
        if self.output_padding is None:
            return (None,) * self.rank
        extras = ntuple(self.output_padding, self.rank, "output_padding")
        for extra, stride in zip(extras, strides, strict=True):
            if extra >= stride:
                raise LayerError(f"output_padding {extra} must be smaller than its stride {stride}")
        return extras


class Conv1DTranspose(_ConvTranspose, frozen=True):
    """Transposed convolution along a sequence: learns to lengthen it.

    Shapes: (batch, length, channels) → (batch, new length, filters)
    Formula: kernel × filters × channels + filters (bias)
    Source: https://keras.io/api/layers/convolution_layers/convolution1d_transpose/
    Example: {input: [32, 16], layers: [{Conv1DTranspose: {filters: 8, kernel_size: 3, strides: 2}}]}
    """

    rank: ClassVar[int] = 1


class Conv2DTranspose(_ConvTranspose, frozen=True):
    """Transposed convolution over an image: learns to enlarge it.

    Shapes: (batch, height, width, channels) → (batch, new height, new width, filters)
    Formula: kernel height × kernel width × filters × channels + filters (bias)
    Source: https://keras.io/api/layers/convolution_layers/convolution2d_transpose/
    Example: {input: [7, 7, 64], layers: [{Conv2DTranspose: {filters: 32, kernel_size: 3, strides: 2}}]}
    """

    rank: ClassVar[int] = 2


class Conv3DTranspose(_ConvTranspose, frozen=True):
    """Transposed convolution over a volume: learns to enlarge it.

    Shapes: (batch, depth, height, width, channels) → (batch, new depth, new height, new width, filters)
    Formula: kernel depth × kernel height × kernel width × filters × channels + filters (bias)
    Source: https://keras.io/api/layers/convolution_layers/convolution3d_transpose/
    Example: {input: [4, 7, 7, 64], layers: [{Conv3DTranspose: {filters: 32, kernel_size: 3, strides: 2}}]}
    """

    rank: ClassVar[int] = 3
