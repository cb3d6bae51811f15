"""Operations that move, cut out or reduce elements, one short function each (NumPy's rules)."""

from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.layers.operations.arguments import Result, argument, as_list, axes_of, each_axis, shape, whole
from paramcalc.layers.operations.content import as_shape, numbers_of
from paramcalc.shapes import Dim, Shape, check_axes, check_min_rank, format_shape, positive_axis, product


def same(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """The shape of the first argument."""
    return Result(shape(args[0]))


def same_with_axis(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """The shape of the first argument, which must have the axis (or axes) that the operation works along."""
    x, axis = shape(args[0]), kwargs.get("axis")
    if axis is not None:
        axes_of(axis, len(x))
    return Result(x)


def broadcasting(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Elementwise operations on two or more arguments; a list is not accepted, as Keras requires an array."""
    values = [*args, *(kwargs[key] for key in ("x1", "x2", "x", "y") if key in kwargs)]
    if any(isinstance(value, list) for value in values):
        raise LayerError("a list among the arguments is no tensor; write it as a constant")
    return broadcast_all(values)


def broadcast_all(values: list[Any]) -> Result:
    """The shape that all tensors and numbers among the arguments broadcast to."""
    result: Shape = ()
    for value in values:
        if value is not None and not isinstance(value, (str, bool)):
            result = broadcast(result, shape(value))
    return Result(result)


def of_first(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Elementwise operations on two arguments for which Keras' graph always returns the first one's shape.

    Raises:
        LayerError: when the arguments broadcast to a different shape.
    """
    first, result = shape(args[0]), broadcasting(args, kwargs)
    if result.output != first:
        raise LayerError(
            f"Keras would say that the result is {format_shape(first)}, but its arguments broadcast to another shape"
        )
    return result


def reduction(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Sum, mean, … over the given axes, or over all of them if axis is null."""
    x = shape(args[0])
    axis = kwargs.get("axis", args[1] if len(args) > 1 and not hasattr(args[1], "shape") else None)
    axes = axes_of(axis, len(x)) if axis is not None else set(range(len(x)))
    if kwargs.get("keepdims"):
        return Result(tuple([1 if index in axes else dim for index, dim in enumerate(x)]))
    return Result(tuple([dim for index, dim in enumerate(x) if index not in axes]))


def reshape(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A new shape; −1 is computed if all else is known, and null is an unknown size, as returned by `ops.shape`."""
    x, target = shape(args[0]), target_of(args, kwargs)
    if target.count(-1) > 1:
        raise LayerError(f"a new shape may have one -1, not {target.count(-1)}")
    size, rest = product(x), product([dim for dim in target if dim != -1])
    if size is None or rest is None:
        return Result(tuple([None if dim == -1 else dim for dim in target]))
    if size != rest if -1 not in target else not rest or size % rest:
        raise LayerError(f"cannot reshape {format_shape(x)} to {format_shape(target)}")
    return Result(tuple([size // rest if dim == -1 else dim for dim in target]))


def target_of(args: list[Any], kwargs: dict[str, Any]) -> list[Dim]:
    """The target shape of a reshape.

    Raises:
        LayerError: when not even the number of its axes is known.
    """
    target = numbers_of(kwargs.get("newshape", kwargs.get("shape", args[1] if len(args) > 1 else None)))
    if target is None:
        raise LayerError("the target shape is not known")
    check_axes(len(target))
    return target


def transpose(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """The axes in the given order, or reversed by default."""
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
    """Two axes swapped."""
    x = list(shape(args[0]))
    a, b = positive_axis(kwargs["axis1"], len(x)), positive_axis(kwargs["axis2"], len(x))
    x[a], x[b] = x[b], x[a]
    return Result(tuple(x))


def expand_dims(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """One or more new axes of size 1."""
    x = list(shape(args[0]))
    axes = as_list(argument(args, kwargs, "axis", 1, -1))
    rank = len(x) + len(axes)
    check_axes(rank)
    for axis in sorted(each_axis(axes, rank)):
        x.insert(axis, 1)
    return Result(tuple(x))


def squeeze(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Axes of size 1 removed; an unknown size is not assumed to be 1."""
    return squeezed(args, kwargs, (1,))


def squeezed(args: list[Any], kwargs: dict[str, Any], fits: tuple[Dim, ...]) -> Result:
    """The shape without the given axes, whose sizes must be among `fits`; by default, without all axes of size 1."""
    x = shape(args[0])
    axis = argument(args, kwargs, "axis", 1, None)
    axes = each_axis(axis, len(x)) if axis is not None else [i for i, dim in enumerate(x) if dim == 1]
    for index in axes:
        if x[index] not in fits:
            raise LayerError(f"cannot squeeze axis {index} of {format_shape(x)}: its size is {x[index]}")
    return Result(tuple([dim for index, dim in enumerate(x) if index not in axes]))


def get_item(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`x[key]`: an integer drops an axis, a slice cuts it, null adds one, and an ellipsis skips axes.

    Raises:
        LayerError: for a key that is neither an integer nor a list, which Keras' graphs never contain.
    """
    key = argument(args, kwargs, "key", 1, None)
    if not isinstance(key, (list, int)):
        raise LayerError("a key is an integer, or a list of integers and slices, one for each axis")
    return indexed(shape(args[0]), as_list(key))


def indexed(x: Shape, keys: list[Any]) -> Result:
    """`x[…]` with a key for each axis."""
    if sum(map(is_ellipsis, keys)) > 1:
        raise LayerError("an index may have one ellipsis")
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
    """Whether an item is Keras' serialised form of `...`."""
    return isinstance(item, dict) and item.get("class_name") == "__ellipsis__"


def sliced(size: Dim, item: Any) -> Dim:
    """The length of a slice; unknown if the size or a bound is unknown."""
    if not isinstance(item, dict):
        raise LayerError("an index is neither an integer nor a slice")
    config = item.get("config", item)
    bounds = [config.get(name) for name in ("start", "stop", "step")]
    for index, bound in enumerate(bounds):
        if len(getattr(bound, "shape", (1,))) == 0:  # a number computed by the graph
            (bounds[index],) = numbers_of(bound) or [None]
            if bounds[index] is None:
                return None
    if any(bound is not None and type(bound) is not int for bound in bounds):
        raise LayerError("the bounds of a slice are not known")
    if size is None:
        return None
    return len(range(*slice(*bounds).indices(size)))


def tile(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tile`: each axis is repeated a number of times."""
    x = shape(args[0])
    repeats = numbers_of(argument(args, kwargs, "repeats", 1, 1))
    if repeats is None:
        raise LayerError("the number of repeats of each axis is not known")
    rank = max(len(x), len(repeats))
    left, right = (1,) * (rank - len(x)) + x, [1] * (rank - len(repeats)) + repeats
    return Result(tuple([None if dim is None or n is None else dim * n for dim, n in zip(left, right, strict=True)]))


def repeat(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`repeat`: elements are repeated along one axis."""
    x = shape(args[0])
    repeats, axis = argument(args, kwargs, "repeats", 1, 1), argument(args, kwargs, "axis", 2, None)
    if axis is None:
        x, axis = (product(x),), 0
    axis = positive_axis(axis, len(x))
    size = x[axis]
    counts = [whole(item) for item in as_list(repeats)]
    if len(counts) == 1 or size is None:
        new = None if size is None else size * counts[0]
    elif len(counts) != size:
        raise LayerError(f"{len(counts)} numbers of repeats do not fit axis {axis} of {format_shape(x)}")
    else:
        new = sum(counts)
    return Result((*x[:axis], new, *x[axis + 1 :]))


def pad(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`pad`: each axis grows by the padding before and after it."""
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
    """`one_hot`: a new axis with the number of classes."""
    x = shape(args[0])
    axis = class_axis(argument(args, kwargs, "axis", 2, -1), len(x))
    dtype = kwargs.get("dtype") or "float32"
    return Result((*x[:axis], argument(args, kwargs, "num_classes", 1, None), *x[axis:]), dtype=dtype)


def class_axis(axis: int, rank: int) -> int:
    """The index of an encoding's new axis; −1 puts it last.

    Raises:
        LayerError: when the axis is neither −1 nor the index of one of the `rank` axes.
    """
    if axis != -1 and not 0 <= axis < rank:
        raise LayerError(f"axis must be -1, or from 0 to {rank - 1}, not {axis}")
    return rank if axis == -1 else axis


def take(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`take`: the elements at the given indices along an axis."""
    x, indices = shape(args[0]), shape(argument(args, kwargs, "indices", 1, None))
    axis = argument(args, kwargs, "axis", 2, None)
    if axis is None:
        return Result(indices)
    axis = positive_axis(axis, len(x))
    return Result((*x[:axis], *indices, *x[axis + 1 :]))


def broadcast_to(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`broadcast_to`: the given shape, whose unknown sizes are null."""
    wanted = argument(args, kwargs, "shape", 1, ())
    if any(size is not None and size < 0 for size in numbers_of(wanted) or ()):
        raise LayerError("cannot broadcast to a negative size")
    target = as_shape(wanted)
    broadcast(shape(args[0]), target)
    return Result(target)


def flatten_like(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """All elements flattened into one axis."""
    return Result((product(shape(args[0])),))


def cumulative(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`cumsum` and the like along an axis, or over all elements flattened if none is given."""
    return along(shape(args[0]), argument(args, kwargs, "axis", 1, None))


def in_order(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Sorted along an axis, by default the last; null sorts all elements flattened."""
    return along(shape(args[0]), kwargs.get("axis", -1))


def along(x: Shape, axis: int | None) -> Result:
    """The shape after an operation along one axis, which keeps it; without an axis, the input is flattened."""
    if axis is None:
        return Result((product(x),))
    positive_axis(axis, len(x))
    return Result(x)


def top_k(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`top_k`: the k largest elements of the last axis, and their indices."""
    x = shape(args[0])
    check_min_rank(x, 1)
    (count,) = numbers_of(argument(args, kwargs, "k", 1, 1)) or [None]
    if None not in (count, x[-1]) and count > x[-1]:  # type: ignore[operator]
        raise LayerError(f"the last axis of {format_shape(x)} has fewer than {count} elements")
    output = (*x[:-1], count)
    return Result([output, output])


def flat_pair(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`outer`: every element of one with every element of the other."""
    a, b = product(shape(args[0])), product(shape(args[1]))
    return Result((a, b))


def norm(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`norm`: a reduction over axes."""
    return reduction(args[:1], kwargs)


def diagonal(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`diagonal`: the diagonal of two axes, as a new last axis."""
    x = shape(args[0])
    a = positive_axis(argument(args, kwargs, "axis1", 2, 0), len(x))
    b = positive_axis(argument(args, kwargs, "axis2", 3, 1), len(x))
    if a == b:
        raise LayerError(f"a diagonal needs two axes, not axis {a} twice")
    offset = argument(args, kwargs, "offset", 1, 0)
    rows, columns = x[a], x[b]
    size = None
    if rows is not None and columns is not None:
        size = max(0, min(rows + min(offset, 0), columns - max(offset, 0)))
    return Result((*(dim for axis, dim in enumerate(x) if axis not in (a, b)), size))


def glu(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`glu`: one half of an axis, gated by the other half."""
    x = shape(args[0])
    axis = positive_axis(argument(args, kwargs, "axis", 1, -1), len(x))
    size = x[axis]
    if size is not None and size % 2:
        raise LayerError(f"axis {axis} of {format_shape(x)} cannot be halved")
    return Result((*x[:axis], None if size is None else size // 2, *x[axis + 1 :]))


def take_along_axis(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`take_along_axis`: the number of indices along the axis; on all other axes, the two broadcast."""
    x, indices = shape(args[0]), shape(argument(args, kwargs, "indices", 1, None))
    axis = argument(args, kwargs, "axis", 2, None)
    if axis is None:
        x, axis = (product(x),), 0
    if len(x) != len(indices):
        raise LayerError(f"indices {format_shape(indices)} must have as many axes as {format_shape(x)}")
    axis = positive_axis(axis, len(x))
    return Result(broadcast((*x[:axis], indices[axis], *x[axis + 1 :]), indices))
