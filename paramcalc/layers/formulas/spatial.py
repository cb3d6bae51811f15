"""Shapes of sequences, images and volumes: a batch, channels, and one to three spatial axes.

`layout` is "channels_first" for (batch, channels, *spatial); anything else is (batch, *spatial, channels).
"""

from collections.abc import Sequence

from paramcalc.errors import LayerError
from paramcalc.shapes import Dim, Shape, check_rank, product

SPATIAL_NAMES: dict[int, tuple[str, ...]] = {
    1: ("length",),
    2: ("height", "width"),
    3: ("depth", "height", "width"),
}
"""Number of spatial axes → their names."""


def channels_axis(layout: str | None) -> int:
    """The axis of the channels: the last, or the one after the batch."""
    return 1 if layout == "channels_first" else -1


def spatial_of(x: Shape, rank: int, layout: str | None) -> Shape:
    """The `rank` spatial dimensions of an input.

    Raises:
        LayerError: when the input does not have `rank` + 2 axes.
    """
    names = SPATIAL_NAMES[rank]
    first = layout == "channels_first"
    axes = ("batch", "channels", *names) if first else ("batch", *names, "channels")
    check_rank(x, rank + 2, f"({', '.join(axes)})")
    return x[2:] if first else x[1:-1]


def join_channels(batch: Dim, spatial: Shape, channels: Dim, layout: str | None) -> Shape:
    """The full shape, with its parts in the order of the layout."""
    if layout == "channels_first":
        return (batch, channels, *spatial)
    return (batch, *spatial, channels)


def with_spatial(x: Shape, spatial: Sequence[Dim], layout: str | None) -> Shape:
    """`x` with different spatial dimensions and the same batch and channels."""
    return join_channels(x[0], tuple(spatial), x[channels_axis(layout)], layout)


Sides = Sequence[tuple[int, int]]
"""How much is added or removed before and after each spatial axis."""


def cropped(x: Shape, sides: Sides, layout: str | None) -> Shape:
    """`x` with both ends of each spatial axis cut off.

    Raises:
        LayerError: when nothing would be left of an axis.
    """
    spatial = spatial_of(x, len(sides), layout)
    for size, side in zip(spatial, sides, strict=True):
        if size is not None and sum(side) >= size:
            raise LayerError(f"cropping {list(side)} leaves nothing of {size}")
    return with_spatial(x, lengthened(spatial, sides, -1), layout)


def padded(x: Shape, sides: Sides, layout: str | None) -> Shape:
    """`x` with both ends of each spatial axis padded."""
    return with_spatial(x, lengthened(spatial_of(x, len(sides), layout), sides), layout)


def lengthened(spatial: Shape, sides: Sides, sign: int = 1) -> list[Dim]:
    """Each dimension plus (or with sign −1, minus) what lies before and after it; unknown ones stay unknown."""
    pairs = zip(spatial, sides, strict=True)
    return [None if size is None else size + sign * sum(side) for size, side in pairs]


def upsampled(x: Shape, factors: Sequence[int], layout: str | None) -> Shape:
    """`x` with each spatial axis multiplied."""
    spatial = spatial_of(x, len(factors), layout)
    return with_spatial(x, [product(pair) for pair in zip(spatial, factors, strict=True)], layout)
