"""Arithmetic on shapes that several formulas share.

A shape is a tuple with the batch first; a dimension is an int, or None where it is unknown.
Unknown dimensions propagate; only a computation that needs a number raises.
"""

from collections.abc import Sequence
from math import prod

from paramcalc.errors import LayerError, UnknownDimensionError

Dim = int | None
Shape = tuple[Dim, ...]

MAX_DIMENSION = 2**31 - 1
MAX_RANK = 16
MAX_COUNT = 2**63 - 1
"""The largest number in any result: every JSON reader can represent 64-bit integers."""


def format_shape(shape: Sequence[Dim]) -> str:
    """`(None, 28, 28, 1)`, as Keras prints it, with `?` for what is unknown past the batch."""
    inner = ", ".join("None" if dim is None else str(dim) for dim in shape)
    return f"({inner},)" if len(shape) == 1 else f"({inner})"


def volume(shape: Sequence[Dim]) -> Dim:
    """The number of elements, an unknown batch counted as one sample; None if another is unknown."""
    if shape and shape[0] is None:
        shape = shape[1:]
    return None if None in shape else prod(shape)  # type: ignore[arg-type]


def product(dims: Sequence[Dim]) -> Dim:
    """The product, or None when a factor is unknown (a zero does not rescue it)."""
    return None if None in dims else prod(dims)  # type: ignore[arg-type]


def known(shape: Shape, axis: int, what: str = "size") -> int:
    """The dimension at `axis`, which a weight depends on.

    Raises:
        UnknownDimensionError: when it is None.
    """
    dim = shape[axis]
    if dim is None:
        raise UnknownDimensionError(
            f"the {what} (axis {axis} of the input {format_shape(shape)}) is unknown, but the weights depend on it",
            axis,
        )
    return dim


def check_rank(shape: Shape, rank: int, layout: str) -> None:
    """Refuse an input whose rank is not `rank`; `layout` names the axes it should have."""
    if len(shape) != rank:
        raise LayerError(f"expects an input of rank {rank} {layout}, got {format_shape(shape)} of rank {len(shape)}")


def check_min_rank(shape: Shape, rank: int) -> None:
    """Refuse an input with fewer than `rank` axes (the batch included)."""
    if len(shape) < rank:
        raise LayerError(f"expects an input of rank {rank} or more, got {format_shape(shape)} of rank {len(shape)}")


def check_axes(count: int) -> None:
    """Refuse a tensor of more axes than any program supports: each would cost its length in every layer."""
    if count > MAX_RANK:
        raise LayerError(f"a tensor may have at most {MAX_RANK} axes, this one would have {count:,}")


def check_sizes(shapes: Sequence[Shape]) -> None:
    """Refuse dimensions below 0 or past 64 bits: no program could hold such a tensor, or even read the number."""
    for shape in shapes:
        if len(shape) > MAX_RANK:
            check_axes(len(shape))
        for dim in shape:
            if dim is not None and not 0 <= dim <= MAX_COUNT:
                if dim < 0:
                    raise LayerError(f"its output has a negative dimension: {format_shape(shape)}")
                raise LayerError(f"its output has a dimension past {MAX_COUNT:,}")


def is_size(value: object) -> bool:
    """Whether a value is a dimension, known or unknown."""
    return value is None or (type(value) is int and 0 <= value <= MAX_DIMENSION)


def positive_axis(axis: int, rank: int) -> int:
    """`axis` counted from the front.

    Raises:
        LayerError: when the input has no such axis.
    """
    if not -rank <= axis < rank:
        raise LayerError(f"axis {axis} is out of range for an input of rank {rank}")
    return axis % rank


def ntuple(value: int | Sequence[int], n: int, name: str) -> tuple[int, ...]:
    """`value` for each of `n` spatial axes: one int for all, or a list of n."""
    if isinstance(value, int):
        return (value,) * n
    if len(value) != n:
        raise LayerError(f"{name} needs {n} value{'s' * (n > 1)}, got {len(value)}: {list(value)}")
    return tuple(value)
