"""Pooling with a sliding window (maximum, average, power average), and max unpooling."""

from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer
from paramcalc.layers.formulas.spatial import spatial_of
from paramcalc.layers.torch.window import Paddings, Sizes, per_axis, pooled_length
from paramcalc.shapes import Dim, Shape, format_shape, ntuple

Steps = Sizes | None
"""A stride; null means the kernel's size."""


class Pooling(Layer, frozen=True):
    """Base of the pooling layers; `rank` is the number of spatial axes."""

    rank: ClassVar[int]
    keeps_dtype: ClassVar[bool] = True

    def pooled(
        self, x: Shape, kernel: Sizes, stride: Steps, padding: Paddings = 0, dilation: Sizes = 1, ceil: bool = False
    ) -> Shape:
        """Return the output shape; see `pooled_length`."""
        spatial = spatial_of(x, self.rank, "channels_first")
        sizes = per_axis(kernel, self.rank, "kernel_size")
        steps = sizes if stride is None else per_axis(stride, self.rank, "stride")
        sides = per_axis(padding, self.rank, "padding")
        rates = per_axis(dilation, self.rank, "dilation")
        axes = zip(spatial, sizes, steps, sides, rates, strict=True)
        return (*x[:2], *(pooled_length(*axis, ceil) for axis in axes))


class MaxPooling(Pooling, frozen=True):
    """Base of the maximum pooling layers."""

    kernel_size: Sizes
    stride: Steps = None
    padding: Paddings = 0
    dilation: Sizes = 1
    return_indices: bool = False
    ceil_mode: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Return the output shape, and the same shape for the indices of the maxima with `return_indices`."""
        y = self.pooled(x, self.kernel_size, self.stride, self.padding, self.dilation, self.ceil_mode)
        return Inferred([y, y] if self.return_indices else y)


class PowerPooling(Pooling, frozen=True):
    """Base of the power-average pooling layers."""

    norm_type: float
    kernel_size: Sizes
    stride: Steps = None
    ceil_mode: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Return the output shape, as for average pooling without padding."""
        if self.rank == 1 and not isinstance(self.kernel_size, int):
            raise LayerError("kernel_size must be a number, not a list, for the only axis")
        ntuple(self.kernel_size, self.rank, "kernel_size")
        return Inferred(self.pooled(x, self.kernel_size, self.stride, ceil=self.ceil_mode))


class AveragePooling(Pooling, frozen=True):
    """Base of the average pooling layers over several axes."""

    kernel_size: Sizes
    stride: Steps = None
    padding: Paddings = 0
    ceil_mode: bool = False
    count_include_pad: bool = True
    divisor_override: int | None = None

    def infer(self, x: Shape) -> Inferred:
        """Return the output shape: the mean of each window."""
        if self.divisor_override == 0:
            raise LayerError("divisor_override cannot be 0")
        return Inferred(self.pooled(x, self.kernel_size, self.stride, self.padding, ceil=self.ceil_mode))


class Unpooling(Pooling, frozen=True):
    """Base of the max unpooling layers: partial inverses of max pooling that fill in 0 elsewhere."""

    kernel_size: Sizes
    stride: Steps = None
    padding: Paddings = 0

    def infer(self, x: Shape, indices: Shape, *, output_size: list[int] | None = None) -> Inferred:
        """Return (size − 1) × stride − 2 × padding + kernel along each axis, or a call's output_size near it."""
        spatial = spatial_of(x, self.rank, "channels_first")
        if len(x) != len(indices) or any(None not in (a, b) and a != b for a, b in zip(x, indices, strict=True)):
            raise LayerError(
                f"the indices must have the shape of the input {format_shape(x)}, got {format_shape(indices)}"
            )
        kernel = ntuple(self.kernel_size, self.rank, "kernel_size")
        stride = kernel if self.stride is None else ntuple(self.stride, self.rank, "stride")
        padding = ntuple(self.padding, self.rank, "padding")
        axes = zip(spatial, kernel, stride, padding, strict=True)
        lengths = [None if n is None else (n - 1) * s - 2 * p + k for n, k, s, p in axes]
        if output_size is not None:
            lengths = self.near(lengths, stride, output_size)
        for length in lengths:
            if length is not None and length < 1:
                raise LayerError(f"the output would be {length} long: the padding takes all of it")
        return Inferred((*x[:2], *lengths))

    def near(self, lengths: list[Dim], stride: tuple[int, ...], wanted: list[int]) -> list[Dim]:
        """Return the call's output_size, which must be within one stride of the default length."""
        sizes = wanted[2:] if len(wanted) == self.rank + 2 else wanted
        if len(sizes) != self.rank:
            raise LayerError(f"output_size needs {self.rank} values, or {self.rank + 2}, got {len(wanted)}")
        for size, length, step in zip(sizes, lengths, stride, strict=True):
            if length is not None and not length - step < size < length + step:
                raise LayerError(f"output_size {size} must be between {length - step} and {length + step}")
        return list(sizes)


class MaxPool1d(MaxPooling, frozen=True):
    """The largest element of each window of sequences.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxPool1d.html
    Example: {framework: torch, input: [8, 32], layers: [{MaxPool1d: 2}]}
    """

    rank: ClassVar[int] = 1


class MaxPool2d(MaxPooling, frozen=True):
    """The largest element of each window of images.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxPool2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{MaxPool2d: 2}]}
    """

    rank: ClassVar[int] = 2


class MaxPool3d(MaxPooling, frozen=True):
    """The largest element of each window of volumes.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxPool3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{MaxPool3d: 2}]}
    """

    rank: ClassVar[int] = 3


class AvgPool1d(Pooling, frozen=True):
    """The mean of each window of sequences.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.AvgPool1d.html
    Example: {framework: torch, input: [8, 32], layers: [{AvgPool1d: 2}]}
    """

    rank: ClassVar[int] = 1

    kernel_size: Sizes
    stride: Steps = None
    padding: Paddings = 0
    ceil_mode: bool = False
    count_include_pad: bool = True

    def infer(self, x: Shape) -> Inferred:
        """Return the output shape: the mean of each window."""
        return Inferred(self.pooled(x, self.kernel_size, self.stride, self.padding, ceil=self.ceil_mode))


class AvgPool2d(AveragePooling, frozen=True):
    """The mean of each window of images.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.AvgPool2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{AvgPool2d: 2}]}
    """

    rank: ClassVar[int] = 2


class AvgPool3d(AveragePooling, frozen=True):
    """The mean of each window of volumes.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.AvgPool3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{AvgPool3d: 2}]}
    """

    rank: ClassVar[int] = 3

    def infer(self, x: Shape) -> Inferred:
        """Return the output shape; a window must fit into the unpadded volume."""
        kernel = per_axis(self.kernel_size, 3, "kernel_size")
        for size, width in zip(spatial_of(x, 3, "channels_first"), kernel, strict=True):
            if size is not None and width > size:
                raise LayerError(f"kernel_size {width} is larger than its input {size}")
        return AveragePooling.infer(self, x)


class LPPool1d(PowerPooling, frozen=True):
    """The root of the sum of powers of each window of sequences.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LPPool1d.html
    Example: {framework: torch, input: [8, 32], layers: [{LPPool1d: [2, 3]}]}
    """

    rank: ClassVar[int] = 1


class LPPool2d(PowerPooling, frozen=True):
    """The root of the sum of powers of each window of images.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LPPool2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{LPPool2d: [2, 3]}]}
    """

    rank: ClassVar[int] = 2


class LPPool3d(PowerPooling, frozen=True):
    """The root of the sum of powers of each window of volumes.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LPPool3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{LPPool3d: [2, 3]}]}
    """

    rank: ClassVar[int] = 3


class MaxUnpool1d(Unpooling, frozen=True):
    """Put maxima of sequences back where they stood; the second input says where.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxUnpool1d.html
    Example: {framework: torch, inputs: {x: [8, 16], at: [8, 16]}, layers: [{MaxUnpool1d: 2, inputs: [x, at]}]}
    """

    rank: ClassVar[int] = 1


class MaxUnpool2d(Unpooling, frozen=True):
    """Put maxima of images back where they stood; the second input says where.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxUnpool2d.html
    Example: {framework: torch, inputs: {x: [8, 16, 16], at: [8, 16, 16]}, layers: [{MaxUnpool2d: 2, inputs: [x, at]}]}
    """

    rank: ClassVar[int] = 2


class MaxUnpool3d(Unpooling, frozen=True):
    """Put maxima of volumes back where they stood; the second input says where.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.MaxUnpool3d.html
    Example: {framework: torch, inputs: {x: [8, 4, 4, 4], at: [8, 4, 4, 4]}, layers: [{MaxUnpool3d: 2, inputs: [x, at]}]}
    """  # noqa: E501

    rank: ClassVar[int] = 3
