"""Reshaping, and splitting images into windows."""

from math import prod
from typing import Annotated, ClassVar

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive
from paramcalc.layers.formulas.spatial import spatial_of
from paramcalc.layers.torch.common import check_ranks
from paramcalc.layers.torch.window import Paddings, Sizes, window_length
from paramcalc.shapes import MAX_RANK, Dim, Shape, format_shape, ntuple, positive_axis, product


class Flatten(Layer, frozen=True):
    """Several dimensions made one: all but the batch, by default.

    Shapes: (batch, a, b, ...) → (batch, a × b × ...)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Flatten.html
    Example: {framework: torch, input: [8, 5, 5], layers: [Flatten]}
    """

    keeps_dtype: ClassVar[bool] = True

    start_dim: int = 1
    end_dim: int = -1

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with the dimensions from start_dim to end_dim multiplied into one."""
        first, last = (positive_axis(dim, max(len(x), 1)) for dim in (self.start_dim, self.end_dim))
        if first > last:
            raise LayerError(f"start_dim {self.start_dim} cannot come after end_dim {self.end_dim}")
        return Inferred((*x[:first], product(x[first : last + 1]), *x[last + 1 :]))


class Unflatten(Layer, frozen=True):
    """One dimension made several; one of them may be -1.

    Shapes: (batch, a × b, ...) → (batch, a, b, ...)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Unflatten.html
    Example: {framework: torch, input: [50], layers: [{Unflatten: [1, [2, 5, 5]]}]}
    """

    keeps_dtype: ClassVar[bool] = True

    dim: int
    unflattened_size: Annotated[tuple[int, ...], Meta(max_length=MAX_RANK)]

    def infer(self, x: Shape) -> Inferred:
        """Return the unflattened shape; the sizes must multiply to the dimension."""
        axis = positive_axis(self.dim, len(x))
        return Inferred((*x[:axis], *parts(self.unflattened_size, x[axis]), *x[axis + 1 :]))


def parts(sizes: tuple[int, ...], whole: Dim) -> tuple[Dim, ...]:
    """Return the sizes, with -1 filled in.

    Raises:
        LayerError: if they do not multiply to the dimension.
    """
    if not sizes:
        raise LayerError("unflattened_size needs at least one size")
    free, fixed = sizes.count(-1), prod(size for size in sizes if size != -1)
    if free > 1 or any(size < -1 for size in sizes):
        raise LayerError(f"unflattened_size may have one -1, and sizes, got {list(sizes)}")
    if whole is None:
        return tuple(None if size == -1 else size for size in sizes)
    if (fixed == 0 or whole % fixed) if free else fixed != whole:
        raise LayerError(f"unflattened_size {list(sizes)} does not multiply to {whole}")
    return tuple(whole // fixed if size == -1 else size for size in sizes)


class Windows(Layer, frozen=True, kw_only=True):
    """Base of Unfold and Fold: sliding windows over images."""

    kernel_size: Sizes
    dilation: Sizes = 1
    padding: Paddings = 0
    stride: Sizes = 1

    def window(self) -> int:
        """Return the number of positions in a window."""
        return prod(ntuple(self.kernel_size, 2, "kernel_size"))

    def count(self, spatial: Shape) -> Dim:
        """Return the number of windows in an image."""
        fields = ("kernel_size", "stride", "padding", "padding", "dilation")
        each = [ntuple(getattr(self, field), 2, field) for field in fields]
        return product([window_length(size, *of_axis) for size, *of_axis in zip(spatial, *each, strict=True)])


class Unfold(Windows, frozen=True, kw_only=True):
    """Every window of an image as a column.

    Shapes: (batch, channels, height, width) → (batch, channels × kernel height × kernel width, windows)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Unfold.html
    Example: {framework: torch, input: [3, 8, 8], layers: [{Unfold: 3}]}
    """

    keeps_dtype: ClassVar[bool] = True

    def infer(self, x: Shape) -> Inferred:
        """Return one column per window; windows slide as in a convolution."""
        spatial = spatial_of(x, 2, "channels_first")
        return Inferred((x[0], product((x[1], self.window())), self.count(spatial)))


class Fold(Layer, frozen=True):
    """Columns put back into an image, and summed where they overlap.

    Shapes: (batch, channels × kernel height × kernel width, windows) → (batch, channels, *output_size)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Fold.html
    Example: {framework: torch, input: [27, 36], layers: [{Fold: [8, 3]}]}
    """

    keeps_dtype: ClassVar[bool] = True

    output_size: Positive | tuple[Positive, ...]
    kernel_size: Sizes
    dilation: Sizes = 1
    padding: Paddings = 0
    stride: Sizes = 1

    def infer(self, x: Shape) -> Inferred:
        """Return the image's shape; there must be one column per window, with the same number of channels each."""
        check_ranks(x, (3,), "(batch, channels × kernel, windows)")
        size = ntuple(self.output_size, 2, "output_size")
        windows = Unfold(kernel_size=self.kernel_size, dilation=self.dilation, padding=self.padding, stride=self.stride)
        area, count = windows.window(), windows.count(size)
        if x[1] is not None and x[1] % area:
            raise LayerError(f"axis 1 must be divisible by the kernel's {area} positions, got {format_shape(x)}")
        if x[2] not in (None, count):
            raise LayerError(f"an image of {list(size)} has {count} windows, got {format_shape(x)}")
        return Inferred((x[0], None if x[1] is None else x[1] // area, *size))
