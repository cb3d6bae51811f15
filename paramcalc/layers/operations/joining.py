"""Operations that join tensors, or take one apart: one short function each (NumPy's rules)."""

from itertools import pairwise
from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.operations.arguments import Result, argument, shape
from paramcalc.limits import MAX_OUTPUTS
from paramcalc.shapes import Dim, Shape, check_min_rank, format_shape, positive_axis


def concatenate(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """One axis adds up, the others must agree; where a size is unknown in the first tensor, it stays unknown."""
    shapes = shapes_in(args)
    axis = positive_axis(argument(args, kwargs, "axis", 1, 0), len(shapes[0]))
    return Result(concatenated(shapes, shapes[0], axis))


def concatenated(shapes: list[Shape], others: Shape, axis: int) -> Shape:
    """The shape of tensors that are joined along an axis; the sizes at all `others` are given.

    Raises:
        LayerError: when known sizes of two tensors differ anywhere else.
    """
    agreed([(*x[:axis], *x[axis + 1 :]) for x in shapes], "concatenate", shapes)
    sizes = [x[axis] for x in shapes]
    total = None if None in sizes else sum(sizes)  # type: ignore[arg-type]
    return (*others[:axis], total, *others[axis + 1 :])


def agreed(parts: list[Shape], what: str, shapes: list[Shape]) -> Shape:
    """The one shape that all parts can have: sizes that are unknown in one are another's.

    Raises:
        LayerError: when there is none; it says what cannot be done with which of the whole `shapes`.
    """
    result = parts[0]
    for part, whole in zip(parts[1:], shapes[1:], strict=True):
        if len(part) != len(result) or any(a != b and None not in (a, b) for a, b in zip(result, part, strict=False)):
            raise LayerError(f"cannot {what} {format_shape(shapes[0])} and {format_shape(whole)}")
        result = tuple([b if a is None else a for a, b in zip(result, part, strict=True)])
    return result


def shapes_in(args: list[Any]) -> list[Shape]:
    """The shapes of the tensors that are joined: of one list, or of all arguments.

    Raises:
        LayerError: when there is no tensor.
    """
    values = args[0] if isinstance(args[0], list) else args
    if not values:
        raise LayerError("needs at least one tensor")
    return [shape(value) for value in values]


def stack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A new axis that counts the tensors; where a size is unknown in the first tensor, it stays unknown."""
    shapes = shapes_in(args)
    agreed(shapes, "stack", shapes)
    return Result(stacked(shapes, shapes[0], argument(args, kwargs, "axis", 1, 0)))


def stacked(shapes: list[Shape], one: Shape, axis: int) -> Shape:
    """The shape of tensors of the shape `one` along a new axis."""
    axis = positive_axis(axis, len(one) + 1)
    return (*one[:axis], len(shapes), *one[axis:])


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
    if x[axis] not in (None, count):
        raise LayerError(f"cannot unstack axis {axis} of {format_shape(x)} into {count}")
    check_outputs(count)
    return Result([(*x[:axis], *x[axis + 1 :])] * count)


def hstack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Joined along the second axis. Keras' graphs cannot join vectors so, though its arrays can."""
    shapes = shapes_in(args)
    check_min_rank(shapes[0], 2)
    return Result(concatenated(shapes, shapes[0], 1))


def vstack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Joined along the first axis. Vectors would be rows, but Keras' graphs say that they are joined end to end."""
    shapes = shapes_in(args)
    check_min_rank(shapes[0], 2)
    return Result(concatenated(shapes, shapes[0], 0))


def dstack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Joined along the third axis; a vector is a row of an image, a matrix an image of one channel."""
    shapes = [{0: (1, 1, 1), 1: (1, *x, 1), 2: (*x, 1)}.get(len(x), x) for x in shapes_in(args)]
    return Result(concatenated(shapes, shapes[0], 2))
