"""NumPy's broadcasting, unknown dimensions included."""

from collections.abc import Iterable

from paramcalc.errors import LayerError
from paramcalc.shapes import Dim, Shape, format_shape


def aligned(a: Shape, b: Shape) -> Iterable[tuple[Dim, Dim]]:
    """The dimensions of two shapes in pairs; the shorter shape is padded with ones on the left."""
    rank = max(len(a), len(b))
    return zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)


def broadcast(a: Shape, b: Shape) -> Shape:
    """The shape that both broadcast to. Opposite a known dimension above 1, an unknown one is taken to equal it.

    Raises:
        LayerError: when the shapes do not broadcast.
    """
    return tuple([broadcast_dim(x, y, a, b) for x, y in aligned(a, b)])


def broadcast_dim(x: Dim, y: Dim, a: Shape, b: Shape) -> Dim:
    """One dimension of `broadcast`; the whole shapes are for the error message."""
    if x == y or y == 1:
        return x
    if x == 1:
        return y
    if x is None or y is None:
        return y if x is None else x
    raise LayerError(f"shapes {format_shape(a)} and {format_shape(b)} do not broadcast")
