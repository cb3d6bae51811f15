"""Operations that move, cut out or reduce: one short function each (NumPy's rules)."""

from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.layers.operations.arguments import Result, argument, as_list, axes_of, each_axis, shape, whole
from paramcalc.layers.operations.content import as_shape, numbers_of
from paramcalc.shapes import Dim, Shape, check_axes, format_shape, positive_axis, product


def same(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """The shape of the first argument."""
    return Result(shape(args[0]))


def broadcasting(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Two arguments or more, elementwise."""
    values = [*args, *(kwargs[key] for key in ("x1", "x2", "x", "y") if key in kwargs)]
    result: Shape = ()
    for value in values:
        if value is not None and not isinstance(value, (str, bool)):
            result = broadcast(result, shape(value))
    return Result(result)


def reduction(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Sum, mean, … over axes; all of them where axis is null."""
    x = shape(args[0])
    axis = kwargs.get("axis", args[1] if len(args) > 1 and not hasattr(args[1], "shape") else None)
    axes = axes_of(axis, len(x)) if axis is not None else set(range(len(x)))
    if kwargs.get("keepdims"):
        return Result(tuple([1 if index in axes else dim for index, dim in enumerate(x)]))
    return Result(tuple([dim for index, dim in enumerate(x) if index not in axes]))


def reshape(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A new shape; one −1 is computed where all else is known (null is unknown, as `ops.shape` gives)."""
    x = shape(args[0])
    target = kwargs.get("newshape", kwargs.get("shape", args[1] if len(args) > 1 else None))
    target = numbers_of(target)
    if target is None:
        raise LayerError("the target shape is not known")
    check_axes(len(target))
    wanted = [None if dim in (-1, None) else dim for dim in target]
    if None not in wanted:
        size = product(x)
        if size is not None and size != product(wanted):
            raise LayerError(f"cannot reshape {format_shape(x)} to {format_shape(tuple(wanted))}")
        return Result(tuple(wanted))
    return Result(fill_reshape(x, wanted, target.count(-1)))


def fill_reshape(x: Shape, wanted: list[Dim], minus_ones: int) -> Shape:
    """The one open dimension of a reshape, where it follows."""
    if wanted.count(None) > 1 or minus_ones > 1:
        return tuple(wanted)
    size, rest = product(x), product([dim for dim in wanted if dim is not None])
    if size is None or not rest:
        return tuple(wanted)
    if size % rest:
        raise LayerError(f"cannot reshape {format_shape(x)} to {format_shape(tuple(wanted))}")
    return tuple([size // rest if dim is None else dim for dim in wanted])


def transpose(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """The axes in another order; reversed where none is given."""
    x = shape(args[0])
    axes = kwargs.get("axes", args[1] if len(args) > 1 else None)
    order = list(range(len(x)))[::-1] if axes is None else [positive_axis(a, len(x)) for a in axes]
    if sorted(order) != list(range(len(x))):
        raise LayerError(f"axes {axes} is not a permutation of the axes of {format_shape(x)}")
    return Result(tuple([x[axis] for axis in order]))


def moveaxis(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """NumPy's moveaxis."""
    x = shape(args[0])
    source, destination = (each_axis(kwargs[name], len(x)) for name in ("source", "destination"))
    order = [axis for axis in range(len(x)) if axis not in source]
    for target, axis in sorted(zip(destination, source, strict=True)):
        order.insert(target, axis)
    return Result(tuple([x[axis] for axis in order]))


def swapaxes(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Two axes change places."""
    x = list(shape(args[0]))
    a, b = positive_axis(kwargs["axis1"], len(x)), positive_axis(kwargs["axis2"], len(x))
    x[a], x[b] = x[b], x[a]
    return Result(tuple(x))


def expand_dims(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A new axis of size 1 (or several)."""
    x = list(shape(args[0]))
    axes = as_list(argument(args, kwargs, "axis", 1, -1))
    rank = len(x) + len(axes)
    check_axes(rank)
    for axis in sorted(each_axis(axes, rank)):
        x.insert(axis, 1)
    return Result(tuple(x))


def squeeze(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Axes of size 1 go."""
    x = shape(args[0])
    axis = argument(args, kwargs, "axis", 1, None)
    axes = axes_of(axis, len(x)) if axis is not None else {i for i, dim in enumerate(x) if dim == 1}
    for index in axes:
        if x[index] not in (1, None):
            raise LayerError(f"cannot squeeze axis {index} of {format_shape(x)}: its size is {x[index]}")
    return Result(tuple([dim for index, dim in enumerate(x) if index not in axes]))


def get_item(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`x[key]`: integers drop an axis, slices cut one, null adds one, an ellipsis skips."""
    x = shape(args[0])
    key = argument(args, kwargs, "key", 1, [])
    keys = key if isinstance(key, list) else [key]
    used = sum(not is_ellipsis(item) and item is not None for item in keys)
    if used > len(x):
        raise LayerError(f"too many indices for {format_shape(x)}")
    result: list[Dim] = []
    axis = 0
    for item in keys:
        if item is None:
            result.append(1)
        elif is_ellipsis(item):
            skipped = len(x) - used
            result.extend(x[axis : axis + skipped])
            axis += skipped
        else:
            if not isinstance(item, int):
                result.append(sliced(x[axis], item))
            elif x[axis] is not None and not -x[axis] <= item < x[axis]:  # type: ignore[operator]
                raise LayerError(f"index {item} is out of range for axis {axis} of {format_shape(x)}")
            axis += 1
    return Result((*result, *x[axis:]))


def is_ellipsis(item: Any) -> bool:
    """Keras' serialised `...`."""
    return isinstance(item, dict) and item.get("class_name") == "__ellipsis__"


def sliced(size: Dim, item: Any) -> Dim:
    """The length of a slice; unknown where the size is, but for `:`."""
    if not isinstance(item, dict):
        raise LayerError("an index is neither an integer nor a slice")
    config = item.get("config", item)
    bounds = [config.get(name) for name in ("start", "stop", "step")]
    for index, bound in enumerate(bounds):
        if len(getattr(bound, "shape", (1,))) == 0:  # a number that the graph computes
            (bounds[index],) = numbers_of(bound) or [None]
            if bounds[index] is None:
                return None
    if any(bound is not None and type(bound) is not int for bound in bounds):
        raise LayerError("the bounds of a slice are not known")
    if size is None:
        return None
    return len(range(*slice(*bounds).indices(size)))


def tile(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Each axis repeated."""
    x = shape(args[0])
    repeats = numbers_of(argument(args, kwargs, "repeats", 1, 1))
    if repeats is None:
        raise LayerError("the number of repeats of each axis is not known")
    rank = max(len(x), len(repeats))
    left, right = (1,) * (rank - len(x)) + x, [1] * (rank - len(repeats)) + repeats
    return Result(tuple([None if dim is None or n is None else dim * n for dim, n in zip(left, right, strict=True)]))


def repeat(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Elements repeated along one axis."""
    x = shape(args[0])
    repeats, axis = argument(args, kwargs, "repeats", 1, 1), argument(args, kwargs, "axis", 2, None)
    if axis is None:
        x, axis = (product(x),), 0
    axis = positive_axis(axis, len(x))
    size = x[axis]
    counts = [whole(item) for item in as_list(repeats)]
    new = sum(counts) if len(counts) > 1 else None if size is None else size * counts[0]
    return Result((*x[:axis], new, *x[axis + 1 :]))


def pad(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Each axis grows by what is put before and after it."""
    x = shape(args[0])
    width = argument(args, kwargs, "pad_width", 1, 0)
    if isinstance(width, int):
        width = [[width, width]] * len(x)
    if len(width) == 2 and all(isinstance(item, int) for item in width):
        width = [width] * len(x)
    width = [item if len(item) == 2 else [item[0], item[0]] for item in width]
    width = width * len(x) if len(width) == 1 else width
    return Result(tuple([None if d is None else d + a + b for d, (a, b) in zip(x, width, strict=True)]))


def one_hot(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A new axis of the number of classes."""
    x = shape(args[0])
    classes = argument(args, kwargs, "num_classes", 1, None)
    axis = positive_axis(argument(args, kwargs, "axis", 2, -1), len(x) + 1)
    return Result((*x[:axis], classes, *x[axis:]))


def take(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Elements at indices along an axis."""
    x, indices = shape(args[0]), shape(argument(args, kwargs, "indices", 1, None))
    axis = argument(args, kwargs, "axis", 2, None)
    if axis is None:
        return Result(indices)
    axis = positive_axis(axis, len(x))
    return Result((*x[:axis], *indices, *x[axis + 1 :]))


def broadcast_to(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A given shape."""
    target = as_shape(argument(args, kwargs, "shape", 1, ()))
    broadcast(shape(args[0]), target)
    return Result(target)


def flatten_like(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """All elements in one axis."""
    return Result((product(shape(args[0])),))


def cumulative(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A running sum along an axis; over all elements where none is given."""
    if argument(args, kwargs, "axis", 1, None) is None:
        return flatten_like(args, kwargs)
    return same(args, kwargs)


def in_order(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Sorted along an axis, the last where none is given; all elements in one row where it is null."""
    if kwargs.get("axis", -1) is None:
        return flatten_like(args, kwargs)
    return same(args, kwargs)


def top_k(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """The k largest of the last axis, and where they stood."""
    x = shape(args[0])
    count = numbers_of(argument(args, kwargs, "k", 1, 1))
    output = (*x[:-1], count[0] if count else None)
    return Result([output, output])


def flat_pair(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`ops.outer`: every element with every other."""
    a, b = product(shape(args[0])), product(shape(args[1]))
    return Result((a, b))


def norm(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A norm over axes."""
    return reduction(args[:1], kwargs)


def diagonal(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """The diagonal of two axes, as a new last axis."""
    x = shape(args[0])
    a = positive_axis(argument(args, kwargs, "axis1", 2, 0), len(x))
    b = positive_axis(argument(args, kwargs, "axis2", 3, 1), len(x))
    offset = argument(args, kwargs, "offset", 1, 0)
    rows, columns = x[a], x[b]
    size = None
    if rows is not None and columns is not None:
        size = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    return Result((*(dim for axis, dim in enumerate(x) if axis not in (a, b)), size))


def glu(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A gate: one half of an axis times the other."""
    x = shape(args[0])
    axis = positive_axis(argument(args, kwargs, "axis", 1, -1), len(x))
    size = x[axis]
    if size is not None and size % 2:
        raise LayerError(f"axis {axis} of {format_shape(x)} cannot be halved")
    return Result((*x[:axis], None if size is None else size // 2, *x[axis + 1 :]))


def take_along_axis(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """As many as there are indices."""
    return Result(shape(argument(args, kwargs, "indices", 1, None)))
