"""Operations that join tensors, or take one apart: one short function each (NumPy's rules)."""

from itertools import pairwise
from typing import Any, NamedTuple

from paramcalc.errors import LayerError
from paramcalc.layers.operations.arguments import Result, argument, shape
from paramcalc.limits import MAX_OUTPUTS
from paramcalc.shapes import Dim, Shape, format_shape, positive_axis


def concatenate(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """One axis adds up, the others must agree."""
    values = args[0] if isinstance(args[0], list) else args
    shapes = [shape(value) for value in values]
    axis = positive_axis(argument(args, kwargs, "axis", 1, 0), len(shapes[0]))
    result = list(shapes[0])
    for other in shapes[1:]:
        if len(other) != len(result):
            raise LayerError("concatenate needs shapes of the same rank")
        for index, dim in enumerate(other):
            if index == axis:
                old = result[index]
                result[index] = None if old is None or dim is None else old + dim
            elif dim is not None and result[index] not in (None, dim):
                raise LayerError(f"cannot concatenate {format_shape(shapes[0])} and {format_shape(other)}")
            elif result[index] is None:
                result[index] = dim
    return Result(tuple(result))


def stack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A new axis that counts the tensors."""
    values = args[0] if isinstance(args[0], list) else args
    shapes = [shape(value) for value in values]
    result: Shape = shapes[0]
    for other in shapes[1:]:
        if len(other) != len(result) or any(a != b and None not in (a, b) for a, b in zip(result, other, strict=False)):
            raise LayerError(f"cannot stack {format_shape(result)} and {format_shape(other)}")
        result = tuple([b if a is None else a for a, b in zip(result, other, strict=True)])
    axis = positive_axis(argument(args, kwargs, "axis", 1, 0), len(result) + 1)
    return Result((*result[:axis], len(shapes), *result[axis:]))


def check_outputs(count: int) -> None:
    """Refuse to make more tensors of one than any model needs."""
    if count > MAX_OUTPUTS:
        raise LayerError(f"an operation may have at most {MAX_OUTPUTS:,} outputs, this one has {count:,}")


def equal_parts(x: Shape, axis: int, count: int) -> list[Dim]:
    """The sizes of an axis that is split into so many equal parts.

    Raises:
        LayerError: when it cannot be.
    """
    size = x[axis]
    check_outputs(count)
    if count < 1 or (size is not None and size % count):
        raise LayerError(f"cannot split axis {axis} of {format_shape(x)} into {count} equal parts")
    return [None if size is None else size // count] * count


def pieces_of(x: Shape, axis: int, sizes: list[Dim]) -> Result:
    """The tensors that an axis is cut into; equal ones are one shape."""
    check_outputs(len(sizes))
    made = {size: (*x[:axis], size, *x[axis + 1 :]) for size in sizes}
    return Result([made[size] for size in sizes])


def split(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Equal sections, or cut at indices."""
    x = shape(args[0])
    sections = argument(args, kwargs, "indices_or_sections", 1, None)
    axis = positive_axis(argument(args, kwargs, "axis", 2, 0), len(x))
    size = x[axis]
    if isinstance(sections, int):
        pieces = equal_parts(x, axis, sections)
    else:
        cuts = [0, *sections]
        pieces = [b - a for a, b in pairwise(cuts)]
        pieces.append(None if size is None else size - cuts[-1])
    return pieces_of(x, axis, pieces)


def unstack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """One tensor for each place of an axis."""
    x = shape(args[0])
    axis = positive_axis(argument(args, kwargs, "axis", 2, 0), len(x))
    count = argument(args, kwargs, "num", 1, x[axis])
    if count is None:
        raise LayerError(f"unstack needs a known size of axis {axis} of {format_shape(x)}")
    check_outputs(count)
    return Result([(*x[:axis], *x[axis + 1 :])] * count)


def hstack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Joined along the second axis; the first of vectors."""
    values = args[0] if isinstance(args[0], list) else args
    return concatenate([values], {"axis": 0 if len(shape(values[0])) == 1 else 1})


def vstack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Joined along the first axis, vectors as rows."""
    values = args[0] if isinstance(args[0], list) else args
    return concatenate([[_Shaped(s if len(s) > 1 else (1, *s)) for s in map(shape, values)]], {"axis": 0})


class _Shaped(NamedTuple):
    """Something that has a shape."""

    shape: Shape
