"""What every rule of an operation needs: its result, and its arguments made sense of."""

from collections.abc import Callable
from typing import Any, NamedTuple

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors
from paramcalc.shapes import Dim, Shape, format_shape, ntuple, positive_axis


class Result(NamedTuple):
    """What an operation gives: a shape, or a list of them; multiply-accumulates; a dtype if not its input's."""

    output: Shape | list[Shape]
    macs: tuple[Factors, ...] = ()
    dtype: str | None = None


Rule = Callable[[list[Any], dict[str, Any]], Result]


def shape(value: Any) -> Shape:
    """The shape of a tensor argument; a plain number has none."""
    found = getattr(value, "shape", None)
    if found is not None:
        return tuple(found)
    if isinstance(value, (int, float)):
        return ()
    if isinstance(value, list):
        return (len(value), *shape(value[0])) if value else (0,)
    raise LayerError("an argument of the operation is not a tensor")


def broadcast(a: Shape, b: Shape) -> Shape:
    """NumPy's broadcasting, unknown dimensions included.

    Raises:
        LayerError: when the shapes do not fit.
    """
    rank = max(len(a), len(b))
    left, right = (1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b
    return tuple([broadcast_dim(x, y, a, b) for x, y in zip(left, right, strict=True)])


def broadcast_dim(x: Dim, y: Dim, a: Shape, b: Shape) -> Dim:
    """One dimension of a broadcast."""
    if x == y or y == 1:
        return x
    if x == 1:
        return y
    if x is None or y is None:
        return y if x is None else x
    raise LayerError(f"shapes {format_shape(a)} and {format_shape(b)} do not broadcast")


def axes_of(axis: Any, rank: int) -> set[int]:
    """One axis or several, counted from the front."""
    listed = axis if isinstance(axis, (list, tuple)) else [axis]
    return {positive_axis(item, rank) for item in listed}


def each_axis(axis: Any, rank: int) -> list[int]:
    """One axis or several, counted from the front, in their order; none of them twice.

    Raises:
        LayerError: for one that there is not, or that is there twice.
    """
    found = [positive_axis(item, rank) for item in as_list(axis)]
    if len(set(found)) < len(found):
        raise LayerError("an axis is named twice")
    return found


def whole(value: Any) -> int:
    """The value, which is about to be multiplied: a text or a list would be repeated so many times.

    Raises:
        TypeError: when it is no integer.
    """
    if type(value) is not int:
        raise TypeError("not an integer")
    return value


def per_axis(value: Any, n: int, name: str) -> tuple[int, ...]:
    """A setting of a window: one integer for all spatial axes, or one for each."""
    return tuple([whole(item) for item in ntuple(value, n, name)])


def height_axis(x: Shape, kwargs: dict[str, Any]) -> int:
    """Where the height of an image stands, the width being next.

    Raises:
        LayerError: for what is neither an image nor a batch of them.
    """
    if len(x) not in (3, 4):
        raise LayerError(f"expects an image, or a batch of them, got {format_shape(x)}")
    return len(x) - (2 if kwargs.get("data_format") == "channels_first" else 3)


def as_list(value: Any) -> list[Any]:
    """One value as a list of one."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def argument(args: list[Any], kwargs: dict[str, Any], name: str, position: int, default: Any) -> Any:
    """A setting by keyword, by position, or its default."""
    if kwargs.get(name) is not None:
        return kwargs[name]
    return args[position] if len(args) > position and args[position] is not None else default
