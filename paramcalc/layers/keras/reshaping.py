"""Layers that move, drop, repeat or pad elements. No weights, no MACs."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, NonNegative, Positive, Size
from paramcalc.layers.formulas.spatial import cropped, padded, upsampled
from paramcalc.layers.keras.fields import DataFormat
from paramcalc.shapes import MAX_DIMENSION, Shape, check_axes, check_rank, format_shape, ntuple, product

Side = NonNegative | tuple[NonNegative, ...]
"""What is done before and after an axis: one number for both sides, or one for each.

The lengths are checked by `pairs`: msgspec 0.22 reads garbage for a bounded int or a tuple of fixed length.
"""
Sides = NonNegative | tuple[Side, ...]
Target = Annotated[int, Meta(ge=-1, le=MAX_DIMENSION)] | None


class Flatten(Layer, frozen=True):
    """All axes but the batch become one.

    Shapes: (batch, a, b, ...) → (batch, a × b × ...)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/flatten/
    Example: {input: [7, 7, 64], layers: [Flatten]}
    """

    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with the axes after the batch multiplied into one, unknown if one of them is."""
        check_batch(x)
        return Inferred((x[0], product(x[1:])))


class Reshape(Layer, frozen=True):
    """The same elements in another shape; one dimension may be -1: whatever is left.

    Shapes: (batch, ...) → (batch, *target_shape)
    Formula: no weights; the number of elements stays the same
    Source: https://keras.io/api/layers/reshaping_layers/reshape/
    Example: {input: [784], layers: [{Reshape: [28, 28, -1]}]}
    """

    list_argument: ClassVar[bool] = True

    target_shape: tuple[Target, ...]

    def infer(self, x: Shape) -> Inferred:
        """Return the new shape; -1 is unknown if the input or the target has an unknown dimension."""
        check_batch(x)
        target = self.target_shape
        check_axes(1 + len(target))
        if target.count(-1) > 1:
            raise LayerError(f"target_shape {list(target)} may have only one -1")
        if None in x[1:] or None in target:
            return Inferred((x[0], *(None if dim == -1 else dim for dim in target)))
        elements = product(x[1:]) or 0
        rest = product([dim for dim in target if dim != -1]) or 0
        fits = elements == rest if -1 not in target else rest > 0 and elements % rest == 0
        if not fits:
            raise LayerError(f"target_shape {list(target)} cannot hold the {elements} elements of {format_shape(x)}")
        return Inferred((x[0], *(elements // rest if dim == -1 else dim for dim in target)))


def check_batch(x: Shape) -> None:
    """Refuse a scalar, which has no batch axis to keep."""
    if not x:
        raise LayerError("expects an input with a batch axis, got a scalar")


class Permute(Layer, frozen=True):
    """The axes after the batch in another order.

    Shapes: (batch, d1, d2, ...) → (batch, those in the order of dims, counted from 1)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/permute/
    Example: {input: [10, 64], layers: [{Permute: [2, 1]}]}
    """

    list_argument: ClassVar[bool] = True

    dims: tuple[Positive, ...]

    def infer(self, x: Shape) -> Inferred:
        """Each axis once."""
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise LayerError(f"dims {list(self.dims)} must name each axis from 1 on once")
        check_rank(x, len(self.dims) + 1, f"(batch and {len(self.dims)} axes)")
        return Inferred((x[0], *(x[axis] for axis in self.dims)))


class RepeatVector(Layer, frozen=True):
    """The same features at each of n steps.

    Shapes: (batch, features) → (batch, n, features)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/repeat_vector/
    Example: {input: [32], layers: [{RepeatVector: 3}]}
    """

    n: Positive

    def infer(self, x: Shape) -> Inferred:
        """A new axis after the batch."""
        check_rank(x, 2, "(batch, features)")
        return Inferred((x[0], self.n, x[1]))


def pairs(sides: Side | tuple[Side, ...], n: int) -> list[tuple[int, int]]:
    """Return the sizes before and after each of `n` axes.

    Raises:
        LayerError: when there is not one side or one pair for each axis.
    """
    each: tuple[Side, ...] = (sides,) * n if isinstance(sides, int) else sides
    if len(each) != n:
        raise LayerError(f"needs one number, or {n} of them or of pairs, got {len(each)}")
    found = []
    for side in each:
        before_after = (side, side) if isinstance(side, int) else side
        if len(before_after) != 2:
            raise LayerError(f"what is before and after an axis is a pair, got {list(before_after)}")
        found.append((before_after[0], before_after[1]))
    return found


class Cropping1D(Layer, frozen=True):
    """Steps dropped at the start and the end of a sequence.

    Shapes: (batch, length, channels) → (batch, length − before − after, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/cropping1d/
    Example: {input: [128, 16], layers: [{Cropping1D: {cropping: [2, 1]}}]}
    """

    cropping: Side = (1, 1)

    def infer(self, x: Shape) -> Inferred:
        """Shorter by both sides."""
        return Inferred(cropped(x, pairs((self.cropping,), 1), None))


class Cropping2D(Layer, frozen=True):
    """Rows and columns dropped at the edges of an image.

    Shapes: (batch, height, width, channels) → (batch, smaller height, smaller width, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/cropping2d/
    Example: {input: [28, 28, 3], layers: [{Cropping2D: {cropping: [[2, 1], 4]}}]}
    """

    cropping: Sides = ((0, 0), (0, 0))
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Smaller by both sides of each axis."""
        return Inferred(cropped(x, pairs(self.cropping, 2), self.data_format))


class Cropping3D(Layer, frozen=True):
    """Slices dropped at the faces of a volume.

    Shapes: (batch, depth, height, width, channels) → (batch, smaller ones, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/cropping3d/
    Example: {input: [16, 28, 28, 1], layers: [{Cropping3D: {cropping: 2}}]}
    """

    cropping: Sides = ((1, 1), (1, 1), (1, 1))
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Smaller by both sides of each axis."""
        return Inferred(cropped(x, pairs(self.cropping, 3), self.data_format))


class ZeroPadding1D(Layer, frozen=True):
    """Zeros put at the start and the end of a sequence.

    Shapes: (batch, length, channels) → (batch, length + before + after, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/zero_padding1d/
    Example: {input: [128, 16], layers: [{ZeroPadding1D: {padding: [2, 0]}}]}
    """

    padding: Side = 1
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Longer by both sides."""
        return Inferred(padded(x, pairs((self.padding,), 1), self.data_format))


class ZeroPadding2D(Layer, frozen=True):
    """Zeros put around an image.

    Shapes: (batch, height, width, channels) → (batch, larger height, larger width, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/zero_padding2d/
    Example: {input: [28, 28, 3], layers: [{ZeroPadding2D: {padding: [[1, 0], 2]}}]}
    """

    padding: Sides = (1, 1)
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Larger by both sides of each axis."""
        return Inferred(padded(x, pairs(self.padding, 2), self.data_format))


class ZeroPadding3D(Layer, frozen=True):
    """Zeros put around a volume.

    Shapes: (batch, depth, height, width, channels) → (batch, larger ones, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/zero_padding3d/
    Example: {input: [16, 28, 28, 1], layers: [{ZeroPadding3D: {padding: 1}}]}
    """

    padding: Sides = ((1, 1), (1, 1), (1, 1))
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Larger by both sides of each axis."""
        return Inferred(padded(x, pairs(self.padding, 3), self.data_format))


class UpSampling1D(Layer, frozen=True):
    """Every step of a sequence `size` times.

    Shapes: (batch, length, channels) → (batch, length × size, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/up_sampling1d/
    Example: {input: [32, 16], layers: [UpSampling1D]}
    """

    size: Positive = 2

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with `size` times the length."""
        return Inferred(upsampled(x, (self.size,), None))


class UpSampling2D(Layer, frozen=True):
    """An image enlarged by whole factors, its pixels repeated or interpolated.

    Shapes: (batch, height, width, channels) → (batch, height × size, width × size, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/up_sampling2d/
    Example: {input: [14, 14, 32], layers: [{UpSampling2D: {size: [2, 1]}}]}
    """

    size: Size = 2
    data_format: DataFormat = None
    interpolation: Literal[
        "nearest", "bilinear", "bicubic", "area", "gaussian", "lanczos3", "lanczos5", "mitchellcubic"
    ] = "nearest"

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with the spatial axes multiplied by `size`."""
        return Inferred(upsampled(x, ntuple(self.size, 2, "size"), self.data_format))


class UpSampling3D(Layer, frozen=True):
    """A volume enlarged by whole factors, its elements repeated.

    Shapes: (batch, depth, height, width, channels) → (batch, each of them × size, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/reshaping_layers/up_sampling3d/
    Example: {input: [8, 14, 14, 4], layers: [UpSampling3D]}
    """

    size: Size = 2
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with the spatial axes multiplied by `size`."""
        return Inferred(upsampled(x, ntuple(self.size, 3, "size"), self.data_format))
