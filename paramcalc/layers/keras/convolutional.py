"""Convolutions: a kernel slides over the spatial axes and reads every channel, or each on its own."""

from typing import ClassVar, Literal, Protocol

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, Positive, Size, Weight, bias, macs_at
from paramcalc.layers.formulas.lora import adapted
from paramcalc.layers.formulas.spatial import channels_axis, join_channels, spatial_of
from paramcalc.layers.formulas.window import Window
from paramcalc.layers.keras.fields import LORA_DTYPE, Activation, Constraint, DataFormat, Initializer, Regularizer
from paramcalc.shapes import Shape, known

Padding = Literal["valid", "same", "VALID", "SAME", "Valid", "Same"]
"""Unlike pooling, convolutions accept it in capitals too, TensorFlow's spelling."""


class Sliding(Protocol):
    """The fields of every convolution."""

    @property
    def rank(self) -> int:
        """The number of spatial axes."""

    @property
    def kernel_size(self) -> Size:
        """The size of the kernel along each spatial axis."""

    @property
    def strides(self) -> Size:
        """The step of the kernel along each spatial axis."""

    @property
    def padding(self) -> str:
        """The padding mode, in upper or lower case."""

    @property
    def data_format(self) -> DataFormat:
        """The position of the channels axis."""

    @property
    def dilation_rate(self) -> Size:
        """The distance between neighbouring positions that the kernel reads."""


def sliding(layer: Sliding, x: Shape) -> tuple[Shape, int, Window]:
    """Return the spatial axes and the channels of a convolution's input, and its window.

    Raises:
        LayerError: for an input of another rank or with unknown channels, or a list of another length than the rank.
    """
    spatial = spatial_of(x, layer.rank, layer.data_format)
    channels = known(x, channels_axis(layer.data_format), "number of channels")
    window = Window.of(layer.rank, layer.kernel_size, layer.strides, layer.padding, layer.dilation_rate)
    return spatial, channels, window


def check_stride_or_dilation(window: Window) -> None:
    """Refuse strides combined with dilation, which Keras does not support."""
    strides, dilation = window.strides, window.dilation
    if max(strides) > 1 and max(dilation) > 1:
        raise LayerError(f"strides {list(strides)} and dilation_rate {list(dilation)} cannot both be above 1")


class _Conv(Layer, frozen=True):
    """Base of Conv1D, Conv2D and Conv3D."""

    rank: ClassVar[int]

    filters: Positive
    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: Size = 1
    groups: Positive = 1
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    lora_rank: Positive | None = None
    lora_alpha: float | None = None

    def infer(self, x: Shape) -> Inferred:
        """Infer one kernel per filter over the channels of its group, applied at every output position."""
        spatial, channels, window = sliding(self, x)
        self.check_groups(channels)
        check_stride_or_dilation(window)
        output = window.lengths(spatial)
        depth = channels // self.groups
        reads = (*window.factors, ("channels per group" if self.groups > 1 else "channels", depth))
        kernel = Weight("kernel", (*window.size, depth, self.filters), (*reads, ("filters", self.filters)))
        biases = (bias(self.filters, "filters"),) if self.use_bias else ()
        macs = macs_at((x[0], *output), kernel)
        weights, macs = adapted(kernel, biases, macs, self.lora_rank, self.kernel_constraint, LORA_DTYPE)
        return Inferred(join_channels(x[0], output, self.filters, self.data_format), weights, macs)

    def check_groups(self, channels: int) -> None:
        """Refuse groups that do not divide the channels and the filters evenly."""
        for what, count in (("filters", self.filters), ("input channels", channels)):
            if count % self.groups:
                raise LayerError(f"{count} {what} cannot be divided into {self.groups} groups")


class Conv1D(_Conv, frozen=True):
    """Convolution along a sequence: the same small kernel at every step.

    `padding: causal` pads on the left only, so that no step sees a later one.

    Shapes: (batch, length, channels) → (batch, new length, filters)
    Formula: kernel × channels / groups × filters + filters (bias)
    Source: https://keras.io/api/layers/convolution_layers/convolution1d/
    Example: {input: [128, 16], layers: [{Conv1D: {filters: 32, kernel_size: 3}}]}
    """

    rank: ClassVar[int] = 1

    padding: Padding | Literal["causal", "CAUSAL", "Causal"] = "valid"  # type: ignore[assignment]


class Conv2D(_Conv, frozen=True):
    """Convolution over an image: the same small kernel at every position.

    Shapes: (batch, height, width, channels) → (batch, new height, new width, filters)
    Formula: kernel height × kernel width × channels / groups × filters + filters (bias)
    Source: https://keras.io/api/layers/convolution_layers/convolution2d/
    Example: {input: [28, 28, 3], layers: [{Conv2D: {filters: 32, kernel_size: 3}}]}
    """

    rank: ClassVar[int] = 2


class Conv3D(_Conv, frozen=True):
    """Convolution over a volume or a video: the same small kernel at every position.

    Shapes: (batch, depth, height, width, channels) → (batch, new depth, new height, new width, filters)
    Formula: kernel depth × kernel height × kernel width × channels / groups × filters + filters (bias)
    Source: https://keras.io/api/layers/convolution_layers/convolution3d/
    Example: {input: [16, 28, 28, 1], layers: [{Conv3D: {filters: 8, kernel_size: 3}}]}
    """

    rank: ClassVar[int] = 3


class _DepthwiseConv(Layer, frozen=True):
    """Base of DepthwiseConv1D and DepthwiseConv2D."""

    rank: ClassVar[int]

    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    depth_multiplier: Positive = 1
    data_format: DataFormat = None
    dilation_rate: Size = 1
    activation: Activation = None
    use_bias: bool = True
    depthwise_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    depthwise_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    depthwise_constraint: Constraint = None
    bias_constraint: Constraint = None

    def infer(self, x: Shape) -> Inferred:
        """Infer `depth_multiplier` kernels for each channel, each of which reads only that channel."""
        spatial, channels, window = sliding(self, x)
        output = window.lengths(spatial)
        kernel = depthwise_kernel("kernel", window, channels, self.depth_multiplier)
        made = channels * self.depth_multiplier
        factors: Factors = (("channels", channels), ("depth multiplier", self.depth_multiplier))
        biases = (Weight("bias", (made,), factors, "bias"),) if self.use_bias else ()
        return Inferred(
            join_channels(x[0], output, made, self.data_format),
            (kernel, *biases),
            macs_at((x[0], *output), kernel),
        )


def depthwise_kernel(name: str, window: Window, channels: int, multiplier: int) -> Weight:
    """Return the kernels: `multiplier` of them for each channel."""
    factors = (*window.factors, ("channels", channels), ("depth multiplier", multiplier))
    return Weight(name, (*window.size, channels, multiplier), factors)


class DepthwiseConv1D(_DepthwiseConv, frozen=True):
    """Convolution along a sequence, each channel on its own.

    Shapes: (batch, length, channels) → (batch, new length, channels × depth_multiplier)
    Formula: kernel × channels × depth_multiplier + channels × depth_multiplier (bias)
    Source: https://keras.io/api/layers/convolution_layers/depthwise_convolution1d/
    Example: {input: [128, 16], layers: [{DepthwiseConv1D: {kernel_size: 3}}]}
    """

    rank: ClassVar[int] = 1


class DepthwiseConv2D(_DepthwiseConv, frozen=True):
    """Convolution over an image, each channel on its own.

    Shapes: (batch, height, width, channels) → (batch, new height, new width, channels × depth_multiplier)
    Formula: kernel height × kernel width × channels × depth_multiplier + channels × depth_multiplier (bias)
    Source: https://keras.io/api/layers/convolution_layers/depthwise_convolution2d/
    Example: {input: [28, 28, 32], layers: [{DepthwiseConv2D: {kernel_size: 3}}]}
    """

    rank: ClassVar[int] = 2


class _SeparableConv(Layer, frozen=True):
    """Base of SeparableConv1D and SeparableConv2D."""

    rank: ClassVar[int]

    filters: Positive
    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: Size = 1
    depth_multiplier: Positive = 1
    activation: Activation = None
    use_bias: bool = True
    depthwise_initializer: Initializer = "glorot_uniform"
    pointwise_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    depthwise_regularizer: Regularizer = None
    pointwise_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    depthwise_constraint: Constraint = None
    pointwise_constraint: Constraint = None
    bias_constraint: Constraint = None

    def infer(self, x: Shape) -> Inferred:
        """Infer a depthwise convolution, then a pointwise one over the channels of every position."""
        spatial, channels, window = sliding(self, x)
        output = window.lengths(spatial)
        depthwise = depthwise_kernel("depthwise_kernel", window, channels, self.depth_multiplier)
        pointwise = Weight(
            "pointwise_kernel",
            (*(1,) * self.rank, channels * self.depth_multiplier, self.filters),
            (("channels", channels), ("depth multiplier", self.depth_multiplier), ("filters", self.filters)),
        )
        biases = (bias(self.filters, "filters"),) if self.use_bias else ()
        return Inferred(
            join_channels(x[0], output, self.filters, self.data_format),
            (depthwise, pointwise, *biases),
            macs_at((x[0], *output), depthwise, pointwise),
        )


class SeparableConv1D(_SeparableConv, frozen=True):
    """Convolution along a sequence in two cheaper steps: each channel on its own, then across channels.

    Shapes: (batch, length, channels) → (batch, new length, filters)
    Formula: kernel × channels × depth_multiplier + channels × depth_multiplier × filters + filters (bias)
    Source: https://keras.io/api/layers/convolution_layers/separable_convolution1d/
    Example: {input: [128, 16], layers: [{SeparableConv1D: {filters: 32, kernel_size: 3}}]}
    """

    rank: ClassVar[int] = 1


class SeparableConv2D(_SeparableConv, frozen=True):
    """Convolution over an image in two cheaper steps: each channel on its own, then across channels.

    Shapes: (batch, height, width, channels) → (batch, new height, new width, filters)
    Formula: kernel area × channels × depth_multiplier + channels × depth_multiplier × filters + filters (bias)
    Source: https://arxiv.org/abs/1610.02357
    Example: {input: [28, 28, 32], layers: [{SeparableConv2D: {filters: 64, kernel_size: 3}}]}
    """

    rank: ClassVar[int] = 2
