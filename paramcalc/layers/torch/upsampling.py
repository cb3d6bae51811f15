"""Upsampling, and shuffles that turn channels into pixels and back."""

from math import floor
from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive
from paramcalc.layers.torch.common import Unchanged, check_ranks
from paramcalc.layers.torch.window import Sizes
from paramcalc.shapes import MAX_DIMENSION, Dim, Shape, check_min_rank, format_shape, ntuple, product

Scale = Annotated[float, Meta(gt=0, le=MAX_DIMENSION)]
Scales = Scale | tuple[Scale, ...]
Mode = Literal["nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area"]
RANKS: dict[str, tuple[int, ...]] = {
    "nearest": (3, 4, 5),
    "nearest-exact": (3, 4, 5),
    "area": (3, 4, 5),
    "linear": (3,),
    "bilinear": (4,),
    "bicubic": (4,),
    "trilinear": (5,),
}
"""The input ranks that each mode takes."""


class Upsample(Layer, frozen=True):
    """A larger or smaller sequence, image or volume, by interpolation.

    Shapes: (batch, channels, ...) → (batch, channels, size), or each size × scale_factor, rounded down
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Upsample.html
    Example: {framework: torch, input: [3, 8, 8], layers: [{Upsample: {scale_factor: 2}}]}
    """

    keeps_dtype: ClassVar[bool] = True

    size: Sizes | None = None
    scale_factor: Scales | None = None
    mode: Mode = "nearest"
    align_corners: bool | None = None
    recompute_scale_factor: bool | None = None

    def infer(self, x: Shape) -> Inferred:
        """Return the resized shape; batch and channels stay the same."""
        check_ranks(x, RANKS[self.mode], f"for mode: {self.mode}")
        if self.align_corners is not None and self.mode in ("nearest", "nearest-exact", "area"):
            raise LayerError(f"align_corners is not for mode: {self.mode}")
        if self.recompute_scale_factor and self.size is not None:
            raise LayerError("recompute_scale_factor needs a scale_factor, not a size")
        lengths = interpolated(x[2:], self.size, self.scale_factor, may_vanish=self.mode == "area")
        return Inferred((*x[:2], *lengths))


class UpsampleLike(Layer, frozen=True):
    """A sequence, image or volume as large as another, which is the second input: interpolate(x, size=other.shape[2:]).

    Shapes: (batch, channels, ...), (batch, others, *sizes) → (batch, channels, *sizes)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.interpolate.html
    Example: {framework: torch, inputs: {a: [3, 4, 4], b: [8, 9, 9]}, layers: [{UpsampleLike: {}, inputs: [a, b]}]}
    """

    keeps_dtype: ClassVar[bool] = True

    def infer(self, x: Shape, other: Shape) -> Inferred:
        """Return the first input's batch and channels with the second one's spatial dimensions."""
        check_min_rank(x, 3)
        if len(x) != len(other):
            raise LayerError(f"{format_shape(x)} cannot become as large as {format_shape(other)}: the ranks differ")
        return Inferred((*x[:2], *other[2:]))


def interpolated(spatial: Shape, size: Sizes | None, scale: Scales | None, may_vanish: bool = False) -> tuple[Dim, ...]:
    """Return the given spatial dimensions, or those of the input scaled.

    Raises:
        LayerError: unless exactly one of the two is given and no axis ends up empty.
    """
    rank = len(spatial)
    if (size is None) == (scale is None):
        raise LayerError("needs either size or scale_factor")
    if size is not None:
        return ntuple(size, rank, "size")
    factors = scale if isinstance(scale, tuple) else (scale,) * rank
    if len(factors) != rank:
        raise LayerError(f"scale_factor needs one number, or {rank}, got {len(factors)}")
    lengths = [
        None if n is None else floor(float(n) * (factor or 0)) for n, factor in zip(spatial, factors, strict=True)
    ]
    for before, length in zip(spatial, lengths, strict=True):
        if length == 0 and not may_vanish:
            raise LayerError(f"scale_factor leaves nothing of {before}")
    return tuple(lengths)


class UpsamplingNearest2d(Layer, frozen=True):
    """A larger image of repeated pixels; Upsample replaces it.

    Shapes: (batch, channels, height, width) → (batch, channels, size), or each size × scale_factor, rounded down
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.UpsamplingNearest2d.html
    Example: {framework: torch, input: [3, 8, 8], layers: [{UpsamplingNearest2d: {scale_factor: 2}}]}
    """

    keeps_dtype: ClassVar[bool] = True

    size: Sizes | None = None
    scale_factor: Scales | None = None

    def infer(self, x: Shape) -> Inferred:
        """Return the enlarged shape; takes sequences and volumes as well, as mode: nearest does."""
        check_ranks(x, RANKS["nearest"], "(batch, channels, height, width)")
        return Inferred((*x[:2], *interpolated(x[2:], self.size, self.scale_factor)))


class UpsamplingBilinear2d(Layer, frozen=True):
    """A larger image of interpolated pixels, its corners kept; Upsample replaces it.

    Shapes: (batch, channels, height, width) → (batch, channels, size), or each size × scale_factor, rounded down
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.UpsamplingBilinear2d.html
    Example: {framework: torch, input: [3, 8, 8], layers: [{UpsamplingBilinear2d: {scale_factor: 2}}]}
    """

    keeps_dtype: ClassVar[bool] = True

    size: Sizes | None = None
    scale_factor: Scales | None = None

    def infer(self, x: Shape) -> Inferred:
        """Return the enlarged shape of images."""
        check_ranks(x, RANKS["bilinear"], "(batch, channels, height, width)")
        return Inferred((*x[:2], *interpolated(x[2:], self.size, self.scale_factor)))


class PixelShuffle(Layer, frozen=True):
    """Channels become pixels: factor² of them make a square of factor × factor.

    Shapes: (..., channels, height, width) → (..., channels / factor², height × factor, width × factor)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.PixelShuffle.html
    Example: {framework: torch, input: [12, 8, 8], layers: [{PixelShuffle: 2}]}
    """

    keeps_dtype: ClassVar[bool] = True

    upscale_factor: Positive

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with channels moved to pixels; factor² must divide the channels."""
        check_min_rank(x, 3)
        square = self.upscale_factor**2
        channels = x[-3]
        if channels is not None and channels % square:
            raise LayerError(f"channels must be divisible by upscale_factor² = {square}, got {format_shape(x)}")
        size = tuple(product((dim, self.upscale_factor)) for dim in x[-2:])
        return Inferred((*x[:-3], None if channels is None else channels // square, *size))


class PixelUnshuffle(Layer, frozen=True):
    """Pixels become channels: a square of factor × factor makes factor² of them.

    Shapes: (..., channels, height, width) → (..., channels × factor², height / factor, width / factor)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.PixelUnshuffle.html
    Example: {framework: torch, input: [3, 8, 8], layers: [{PixelUnshuffle: 2}]}
    """

    keeps_dtype: ClassVar[bool] = True

    downscale_factor: Positive

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with pixels moved to channels; factor must divide height and width."""
        check_min_rank(x, 3)
        factor = self.downscale_factor
        if any(dim is not None and dim % factor for dim in x[-2:]):
            raise LayerError(f"height and width must be divisible by downscale_factor {factor}, got {format_shape(x)}")
        size = tuple(None if dim is None else dim // factor for dim in x[-2:])
        return Inferred((*x[:-3], product((x[-3], factor**2)), *size))


class ChannelShuffle(Unchanged, frozen=True):
    """Channels in another order: the first of each group, the second of each group, and so on.

    Shapes: (batch, channels, ...) → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ChannelShuffle.html
    Example: {framework: torch, input: [8, 5, 5], layers: [{ChannelShuffle: 2}]}
    """

    groups: Positive

    def check(self, x: Shape) -> None:
        """Refuse channels that the groups do not divide evenly."""
        check_min_rank(x, 3)
        if x[1] is not None and x[1] % self.groups:
            raise LayerError(f"channels must be divisible by groups {self.groups}, got {format_shape(x)}")
