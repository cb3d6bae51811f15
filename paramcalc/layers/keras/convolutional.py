"""Convolutions: a kernel slides over the spatial axes and reads every channel, or each on its own."""

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
    bias,
    macs_at,
)
from paramcalc.shapes import (
    SPATIAL_NAMES,
    Shape,
    channels_axis,
    join_channels,
    known,
    ntuple,
    spatial_of,
    window_lengths,
)

Padding = Literal["valid", "same", "VALID", "SAME", "Valid", "Same"]
"""Convolutions, unlike pooling, read it in capitals too: TensorFlow's spelling."""


def kernel_factors(kernel: tuple[int, ...]) -> Factors:
    """The spatial sizes of a kernel by name: (("kernel height", 3), ("kernel width", 3))."""
    names = SPATIAL_NAMES[len(kernel)]
    return tuple((f"kernel {name}", size) for name, size in zip(names, kernel, strict=True))


def check_stride_or_dilation(strides: tuple[int, ...], dilation: tuple[int, ...]) -> None:
    """Refuse strides together with dilation, which Keras does not compute."""
    if max(strides) > 1 and max(dilation) > 1:
        raise LayerError(f"strides {list(strides)} and dilation_rate {list(dilation)} cannot both be above 1")


def input_channels(x: Shape, data_format: DataFormat) -> int:
    """The number of channels, which every kernel depends on."""
    return known(x, channels_axis(data_format), "number of channels")


class _Conv(Layer, frozen=True):
    """What Conv1D, Conv2D and Conv3D share."""

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
        """A kernel over all channels of a group, at every output position."""
        spatial = spatial_of(x, self.rank, self.data_format)
        channels = input_channels(x, self.data_format)
        self.check_groups(channels)
        size = ntuple(self.kernel_size, self.rank, "kernel_size")
        strides = ntuple(self.strides, self.rank, "strides")
        dilation = ntuple(self.dilation_rate, self.rank, "dilation_rate")
        check_stride_or_dilation(strides, dilation)
        output = window_lengths(spatial, size, strides, self.padding.lower(), dilation)

        depth = channels // self.groups
        reads = (*kernel_factors(size), ("channels per group" if self.groups > 1 else "channels", depth))
        kernel = Weight(
            "kernel", (*size, depth, self.filters), (*reads, ("filters", self.filters)), trainable=not self.lora_rank
        )
        biases = (bias(self.filters, "filters"),) if self.use_bias else ()
        lora, lora_macs = self.adapter((*size, depth), reads)
        return Inferred(
            join_channels(x[0], output, self.filters, self.data_format),
            (kernel, *biases, *lora),
            macs_at((x[0], *output), kernel) + lora_macs,
        )

    def check_groups(self, channels: int) -> None:
        """Groups share out the channels and the filters evenly."""
        for what, count in (("filters", self.filters), ("input channels", channels)):
            if count % self.groups:
                raise LayerError(f"{count} {what} cannot be divided into {self.groups} groups")

    def adapter(self, shape: tuple[int, ...], reads: Factors) -> tuple[tuple[Weight, ...], tuple[Factors, ...]]:
        """The low-rank update of the kernel (LoRA, arXiv:2106.09685): two factors, multiplied once a call."""
        if not self.lora_rank:
            return (), ()
        rank, filters = ("lora rank", self.lora_rank), ("filters", self.filters)
        a = Weight("lora_kernel_a", (*shape, self.lora_rank), (*reads, rank))
        b = Weight("lora_kernel_b", (self.lora_rank, self.filters), (rank, filters))
        return (a, b), ((*reads, rank, filters),)


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
    """What DepthwiseConv1D and DepthwiseConv2D share."""

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
        """`depth_multiplier` kernels for each channel, none of which sees another channel."""
        spatial = spatial_of(x, self.rank, self.data_format)
        channels = input_channels(x, self.data_format)
        size = ntuple(self.kernel_size, self.rank, "kernel_size")
        strides = ntuple(self.strides, self.rank, "strides")
        dilation = ntuple(self.dilation_rate, self.rank, "dilation_rate")
        output = window_lengths(spatial, size, strides, self.padding.lower(), dilation)
        kernel = depthwise_kernel("kernel", size, channels, self.depth_multiplier)
        made = channels * self.depth_multiplier
        factors: Factors = (("channels", channels), ("depth multiplier", self.depth_multiplier))
        biases = (Weight("bias", (made,), factors, "bias"),) if self.use_bias else ()
        return Inferred(
            join_channels(x[0], output, made, self.data_format),
            (kernel, *biases),
            macs_at((x[0], *output), kernel),
        )


def depthwise_kernel(name: str, size: tuple[int, ...], channels: int, multiplier: int) -> Weight:
    """A kernel of its own for each channel, `multiplier` times."""
    factors = (*kernel_factors(size), ("channels", channels), ("depth multiplier", multiplier))
    return Weight(name, (*size, channels, multiplier), factors)


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
    """What SeparableConv1D and SeparableConv2D share."""

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
        """A depthwise convolution, then a dense layer over the channels of every position."""
        spatial = spatial_of(x, self.rank, self.data_format)
        channels = input_channels(x, self.data_format)
        size = ntuple(self.kernel_size, self.rank, "kernel_size")
        strides = ntuple(self.strides, self.rank, "strides")
        dilation = ntuple(self.dilation_rate, self.rank, "dilation_rate")
        output = window_lengths(spatial, size, strides, self.padding.lower(), dilation)
        depthwise = depthwise_kernel("depthwise_kernel", size, channels, self.depth_multiplier)
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
