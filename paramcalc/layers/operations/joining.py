"""Operations that join or split tensors, one short function each (NumPy's rules)."""

from itertools import pairwise
from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.operations.arguments import Result, argument, shape
from paramcalc.limits import MAX_OUTPUTS
from paramcalc.shapes import Dim, Shape, check_min_rank, format_shape, positive_axis


def concatenate(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """The sizes along one axis add up; the others must agree. A size unknown in the first tensor stays unknown."""
    shapes = shapes_in(args)
    axis = positive_axis(argument(args, kwargs, "axis", 1, 0), len(shapes[0]))
    return Result(concatenated(shapes, shapes[0], axis))


def concatenated(shapes: list[Shape], others: Shape, axis: int) -> Shape:
    """The shape of tensors joined along an axis; `others` has the sizes of the other axes.

    Raises:
        LayerError: when the tensors differ in a known size on any other axis.
    """
    agreed([(*x[:axis], *x[axis + 1 :]) for x in shapes], "concatenate", shapes)
    sizes = [x[axis] for x in shapes]
    total = None if None in sizes else sum(sizes)  # type: ignore[arg-type]
    return (*others[:axis], total, *others[axis + 1 :])


def agreed(parts: list[Shape], what: str, shapes: list[Shape]) -> Shape:
    """The shape that all parts agree on; a size unknown in one part is taken from another.

    Raises:
        LayerError: when there is none; the message shows the operation (`what`) and the full `shapes` that disagree.
    """
    result = parts[0]
    for part, whole in zip(parts[1:], shapes[1:], strict=True):
        if len(part) != len(result) or any(a != b and None not in (a, b) for a, b in zip(result, part, strict=False)):
            raise LayerError(f"cannot {what} {format_shape(shapes[0])} and {format_shape(whole)}")
        result = tuple([b if a is None else a for a, b in zip(result, part, strict=True)])
    return result


def shapes_in(args: list[Any]) -> list[Shape]:
    """The shapes of the tensors to be joined, given as one list or as separate arguments.

    Raises:
        LayerError: when there are no tensors.
    """
    values = args[0] if isinstance(args[0], list) else args
    if not values:
        raise LayerError("needs at least one tensor")
    return [shape(value) for value in values]


def stack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A new axis whose size is the number of tensors. A size unknown in the first tensor stays unknown."""
    shapes = shapes_in(args)
    agreed(shapes, "stack", shapes)
    return Result(stacked(shapes, shapes[0], argument(args, kwargs, "axis", 1, 0)))


def stacked(shapes: list[Shape], one: Shape, axis: int) -> Shape:
    """The shape of tensors, each of shape `one`, stacked along a new axis."""
    axis = positive_axis(axis, len(one) + 1)
    return (*one[:axis], len(shapes), *one[axis:])


def check_outputs(count: int) -> None:
    """Refuse to split a tensor into more parts than any model needs."""
    if count > MAX_OUTPUTS:
        raise LayerError(f"an operation may have at most {MAX_OUTPUTS:,} outputs, this one has {count:,}")


def equal_parts(x: Shape, axis: int, count: int) -> list[Dim]:
    """The sizes of the parts of an axis that is split into `count` equal parts.

    Raises:
        LayerError: when its size is not divisible by `count`.
    """
    size = x[axis]
    check_outputs(count)
    if count < 1 or (size is not None and size % count):
        raise LayerError(f"cannot split axis {axis} of {format_shape(x)} into {count} equal parts")
    return [None if size is None else size // count] * count


def pieces_of(x: Shape, axis: int, sizes: list[Dim]) -> Result:
    """The tensors that result from cutting an axis into pieces; those of equal size share one shape object."""
    check_outputs(len(sizes))
    made = {size: (*x[:axis], size, *x[axis + 1 :]) for size in sizes}
    return Result([made[size] for size in sizes])


def split(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`split`: into a number of equal sections, or at indices."""
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
    """`unstack`: one tensor per index along an axis."""
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
    """`hstack`: joined along the second axis. Keras' graphs cannot join vectors this way, though its arrays can."""
    shapes = shapes_in(args)
    check_min_rank(shapes[0], 2)
    return Result(concatenated(shapes, shapes[0], 1))


def vstack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`vstack`: joined along the first axis. Keras' graphs join vectors end to end and do not stack them as rows."""
    shapes = shapes_in(args)
    check_min_rank(shapes[0], 2)
    return Result(concatenated(shapes, shapes[0], 0))


def dstack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`dstack`: joined along the third axis; a vector is a row of an image, and a matrix an image with one channel."""
    shapes = [{0: (1, 1, 1), 1: (1, *x, 1), 2: (*x, 1)}.get(len(x), x) for x in shapes_in(args)]
    return Result(concatenated(shapes, shapes[0], 2))
