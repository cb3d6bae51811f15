"""Pooling to a given output size: adaptive pooling, and fractional pooling with random windows."""

from collections.abc import Sequence
from typing import Annotated, ClassVar

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, NonNegative
from paramcalc.layers.formulas.spatial import spatial_of
from paramcalc.layers.torch.window import Sizes
from paramcalc.shapes import Dim, Shape, ntuple

OutputSize = NonNegative | tuple[NonNegative | None, ...]
"""One size for all axes, or one for each; null keeps the input's size."""
Ratio = Annotated[float, Meta(gt=0, lt=1)]


class AdaptivePooling(Layer, frozen=True):
    """Base of the adaptive pooling layers; `rank` is the number of spatial axes."""

    rank: ClassVar[int]
    keeps_dtype: ClassVar[bool] = True

    def sized(self, x: Shape, output_size: int | Sequence[Dim]) -> Shape:
        """Return the output shape."""
        spatial = spatial_of(x, self.rank, "channels_first")
        if isinstance(output_size, int):
            return (*x[:2], *((output_size,) * self.rank))
        if len(output_size) != self.rank:
            raise LayerError(f"output_size needs {self.rank} value{'s' * (self.rank > 1)}, got {list(output_size)}")
        if self.rank == 1 and output_size[0] is None:
            raise LayerError("output_size cannot be null for the only axis")
        return (*x[:2], *(old if new is None else new for old, new in zip(spatial, output_size, strict=True)))


class AdaptiveAverage(AdaptivePooling, frozen=True):
    """Base of the adaptive average pooling layers."""

    list_argument: ClassVar[bool] = True

    output_size: OutputSize

    def infer(self, x: Shape) -> Inferred:
        """Return the output shape: the mean of each part of the input."""
        return Inferred(self.sized(x, self.output_size))


class AdaptiveMaximum(AdaptivePooling, frozen=True):
    """Base of the adaptive maximum pooling layers."""

    output_size: OutputSize
    return_indices: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Return the output shape, and the same shape for the indices of the maxima with `return_indices`."""
        y = self.sized(x, self.output_size)
        return Inferred([y, y] if self.return_indices else y)


class FractionalPooling(Layer, frozen=True):
    """Base of the fractional pooling layers, whose randomly placed windows add up to a given output size."""

    rank: ClassVar[int]
    spare: ClassVar[int] = 0
    keeps_dtype: ClassVar[bool] = True

    kernel_size: Sizes
    output_size: Sizes | None = None
    output_ratio: Ratio | tuple[Ratio, ...] | None = None
    return_indices: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Return the output shape, and the same shape for the indices of the maxima with `return_indices`."""
        spatial = spatial_of(x, self.rank, "channels_first")
        kernel = ntuple(self.kernel_size, self.rank, "kernel_size")
        lengths = self.lengths(spatial)
        for old, new, size in zip(spatial, lengths, kernel, strict=True):
            if old is not None and new is not None and new + size - 1 > old - self.spare:
                raise LayerError(f"kernel_size {size} and an output of {new} are too large for an input of {old}")
        y = (*x[:2], *lengths)
        return Inferred([y, y] if self.return_indices else y)

    def lengths(self, spatial: Shape) -> tuple[Dim, ...]:
        """Return the output's spatial dimensions, given directly or as a ratio of the input's.

        Raises:
            LayerError: unless exactly one of the two fields is given.
        """
        if (self.output_size is None) == (self.output_ratio is None):
            raise LayerError("needs either output_size or output_ratio")
        if self.output_size is not None:
            return ntuple(self.output_size, self.rank, "output_size")
        ratio = self.output_ratio
        ratios = (ratio,) * self.rank if isinstance(ratio, float) else ratio or ()
        if len(ratios) != self.rank:
            raise LayerError(f"output_ratio needs {self.rank} values, got {list(ratios)}")
        return tuple(None if size is None else int(size * share) for size, share in zip(spatial, ratios, strict=True))


class AdaptiveAvgPool1d(AdaptiveAverage, frozen=True):
    """The mean of each of as many parts of sequences as the output has elements.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveAvgPool1d.html
    Example: {framework: torch, input: [8, 32], layers: [{AdaptiveAvgPool1d: 4}]}
    """

    rank: ClassVar[int] = 1


class AdaptiveAvgPool2d(AdaptiveAverage, frozen=True):
    """The mean of each of as many parts of images as the output has elements.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveAvgPool2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{AdaptiveAvgPool2d: 4}]}
    """

    rank: ClassVar[int] = 2


class AdaptiveAvgPool3d(AdaptiveAverage, frozen=True):
    """The mean of each of as many parts of volumes as the output has elements.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveAvgPool3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{AdaptiveAvgPool3d: 4}]}
    """

    rank: ClassVar[int] = 3


class AdaptiveMaxPool1d(AdaptiveMaximum, frozen=True):
    """The largest element of each of as many parts of sequences as the output has elements.

    Shapes: (batch, channels, length) → (batch, channels, new length)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveMaxPool1d.html
    Example: {framework: torch, input: [8, 32], layers: [{AdaptiveMaxPool1d: 4}]}
    """

    rank: ClassVar[int] = 1


class AdaptiveMaxPool2d(AdaptiveMaximum, frozen=True):
    """The largest element of each of as many parts of images as the output has elements.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveMaxPool2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{AdaptiveMaxPool2d: 4}]}
    """

    rank: ClassVar[int] = 2


class AdaptiveMaxPool3d(AdaptiveMaximum, frozen=True):
    """The largest element of each of as many parts of volumes as the output has elements.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.AdaptiveMaxPool3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{AdaptiveMaxPool3d: 4}]}
    """

    rank: ClassVar[int] = 3


class FractionalMaxPool2d(FractionalPooling, frozen=True):
    """The largest element of each window of images, at random places that make the output's size.

    Shapes: (batch, channels, height, width) → (batch, channels, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.FractionalMaxPool2d.html
    Example: {framework: torch, input: [8, 32, 32], layers: [{FractionalMaxPool2d: [2, null, 0.5]}]}
    """

    rank: ClassVar[int] = 2


class FractionalMaxPool3d(FractionalPooling, frozen=True):
    """The largest element of each window of volumes, at random places that make the output's size.

    Shapes: (batch, channels, depth, height, width) → (batch, channels, new depth, new height, new width)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.FractionalMaxPool3d.html
    Example: {framework: torch, input: [8, 8, 32, 32], layers: [{FractionalMaxPool3d: [2, null, 0.5]}]}
    """

    rank: ClassVar[int] = 3
    spare: ClassVar[int] = 1
    """PyTorch's size check for volumes does not count the last place a window could have."""
