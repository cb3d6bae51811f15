"""Operations that exist only in TensorFlow, or whose arguments differ from those in keras.ops."""

from operator import add, floordiv, mul, sub
from types import SimpleNamespace
from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.layers.operations import joining, layout, products
from paramcalc.layers.operations import tensorflow_images as images
from paramcalc.layers.operations.arguments import Result, argument, as_list, shape
from paramcalc.layers.operations.arrays import moments, without_last
from paramcalc.layers.operations.content import (
    as_shape,
    concatenated,
    elementwise,
    gathered,
    indexed,
    numbers_of,
    shape_of_tensor,
    with_content,
)
from paramcalc.layers.operations.joining import equal_parts, pieces_of
from paramcalc.shapes import Dim, format_shape, positive_axis, product


def broadcasting(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Elementwise functions of two or more arguments; a list is a constant."""
    return layout.broadcast_all([*args, *(kwargs[key] for key in ("x1", "x2", "x", "y") if key in kwargs)])


def comparison(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Comparisons and other functions of two arguments that return booleans."""
    return broadcasting(args, kwargs)._replace(dtype="bool")


def broadcast_to(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.broadcast_to`: the given shape, in which −1 keeps the input's size."""
    x, numbers = shape(args[0]), numbers_of(argument(args, kwargs, "shape", 1, None))
    if numbers is None:
        raise LayerError("the target shape is not known")
    kept = (1,) * (len(numbers) - len(x)) + x
    target = tuple(was if size == -1 else size for was, size in zip(kept, numbers, strict=True))
    broadcast(x, target)
    return Result(target)


def reshape(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.reshape`: a single open size, −1 or a number computed by the graph, follows from the others."""
    x, target = shape(args[0]), layout.target_of(args, kwargs)
    wanted = [None if dim in (-1, None) else dim for dim in target]
    size, rest = product(x), product([dim for dim in wanted if dim is not None])
    if None not in wanted:
        if size not in (None, rest):
            raise LayerError(f"cannot reshape {format_shape(x)} to {format_shape(wanted)}")
    elif wanted.count(None) == 1 and size is not None and rest:
        if size % rest:
            raise LayerError(f"cannot reshape {format_shape(x)} to {format_shape(wanted)}")
        wanted[wanted.index(None)] = size // rest
    return Result(tuple(wanted))


def squeeze(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.squeeze`: an explicitly given axis may have an unknown size."""
    return layout.squeezed(args, kwargs, (1, None))


def item(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`x[…]`: one key, or one for each axis."""
    key = argument(args, kwargs, "key", 1, [])
    return layout.indexed(shape(args[0]), key if isinstance(key, list) else [key])


def concatenate(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.concat`: a size unknown in one tensor is taken from another."""
    shapes = joining.shapes_in(args)
    axis = positive_axis(argument(args, kwargs, "axis", 1, 0), len(shapes[0]))
    others = joining.agreed([(*x[:axis], None, *x[axis + 1 :]) for x in shapes], "concatenate", shapes)
    return Result(joining.concatenated(shapes, others, axis))


def stack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.stack`: a size unknown in one tensor is taken from another."""
    shapes = joining.shapes_in(args)
    return Result(
        joining.stacked(shapes, joining.agreed(shapes, "stack", shapes), argument(args, kwargs, "axis", 1, 0))
    )


def tile(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.tile`: a number of repeats for each axis."""
    repeats = numbers_of(argument(args, kwargs, "repeats", 1, None))
    if repeats is not None and len(repeats) != len(shape(args[0])):
        raise LayerError(f"{len(repeats)} numbers of repeats do not fit {format_shape(shape(args[0]))}")
    return layout.tile(args, kwargs)


def one_hot(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.one_hot`: a new axis with the number of classes, at any position."""
    x = shape(args[0])
    axis = positive_axis(argument(args, kwargs, "axis", 2, -1), len(x) + 1)
    return Result((*x[:axis], argument(args, kwargs, "num_classes", 1, None), *x[axis:]))


def einsum(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.einsum`: blanks are ignored, and any letter can label an axis."""
    return products.summed(products.equation_of(args, kwargs).replace(" ", ""), [shape(value) for value in args])


def tensordot(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.tensordot`: the axes may be one number per tensor."""
    axes = argument(args, kwargs, "axes", 2, 2)
    return products.tensordot(args[:2], {"axes": axes if isinstance(axes, int) else [as_list(each) for each in axes]})


def split(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.split`: into a number of equal parts, or into parts of given sizes (one of them −1, the rest)."""
    x = shape(args[0])
    sizes = argument(args, kwargs, "num_or_size_splits", 1, None)
    axis = positive_axis(argument(args, kwargs, "axis", 2, 0), len(x))
    size = x[axis]
    if isinstance(sizes, int):
        pieces = equal_parts(x, axis, sizes)
    else:
        rest = None if size is None else size - sum(item for item in sizes if item >= 0)
        pieces = [rest if item < 0 else item for item in sizes]
        if size is not None and sum(pieces) != size:  # type: ignore[arg-type]
            raise LayerError(f"cannot split axis {axis} of {format_shape(x)} into parts of {sizes}")
    return pieces_of(x, axis, pieces)


def gather(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.gather`: elements at indices along an axis; with batch_dims, both share their batch axes."""
    x, indices = shape(args[0]), shape(argument(args, kwargs, "indices", 1, None))
    batch = kwargs.get("batch_dims") or 0
    axis = kwargs.get("axis")
    axis = positive_axis(batch if axis is None else axis, len(x))
    batch = batch + len(indices) if batch < 0 else batch
    return Result((*x[:axis], *indices[batch:], *x[axis + 1 :]))


def gather_nd(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.gather_nd`: the last axis of the indices has the coordinates of an element or slice."""
    x, indices = shape(args[0]), shape(argument(args, kwargs, "indices", 1, None))
    batch = kwargs.get("batch_dims") or 0
    depth = indices[-1]
    if depth is None:
        raise LayerError("the number of indices is not known")
    return Result((*indices[:-1], *x[batch + depth :]))


def where(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.where` with one argument: the coordinates of true elements, whose number is unknown."""
    if len(args) == 1 and not {"x", "y"} & kwargs.keys():
        return Result((None, len(shape(args[0]))), dtype="int64")
    return broadcasting(args, kwargs)


def filled(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.fill`, `tf.random.normal`: the given shape."""
    return Result(as_shape(args or kwargs["shape"]))


def span(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.range`: a vector whose length follows from the bounds, if they are known."""
    bounds = [args[0] if args else 0, *(kwargs[key] for key in ("limit", "delta") if kwargs.get(key) is not None)]
    numbers = [number for bound in bounds for number in numbers_of(bound) or [None]]
    if None in numbers:
        return Result((None,))
    return Result((len(range(*numbers)),))  # type: ignore[arg-type]


def cut(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.slice`: a start and a size for each axis (−1: the rest of the axis)."""
    x = shape(args[0])
    begin = numbers_of(argument(args, kwargs, "begin", 1, None)) or [None] * len(x)
    size = numbers_of(argument(args, kwargs, "size", 2, None)) or [None] * len(x)
    result: list[Dim] = []
    for dim, first, count in zip(x, begin, size, strict=True):
        rest = None if dim is None or first is None else dim - first
        result.append(rest if count == -1 else count)
    return Result(tuple(result))


def strided(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.strided_slice`: the graph's form of `x[…]`; bit masks encode the kind of each item."""
    begin, end = bounds(kwargs["begin"]), bounds(kwargs["end"])
    steps = bounds(kwargs.get("strides") or [1] * len(begin))
    key: list[Any] = []
    for place, (first, last, step) in enumerate(zip(begin, end, steps, strict=True)):
        masked = {name for name in MASKS if (kwargs.get(f"{name}_mask") or 0) >> place & 1}
        if "ellipsis" in masked:
            key.append({"class_name": "__ellipsis__"})
        elif "new_axis" in masked:
            key.append(None)
        elif "shrink_axis" in masked:
            key.append(first)
        else:
            start, stop = (None if "begin" in masked else first), (None if "end" in masked else last)
            key.append({"start": start, "stop": stop, "step": step})
    return Result(*indexed(item)([args[0], key], {}))


def bounds(value: Any) -> list[Any]:
    """The bounds in a list or in a tensor computed by the graph; an unknown one is a scalar without content."""
    numbers = numbers_of(value)
    if numbers is None:
        raise LayerError("the bounds of a slice are not known")
    return [SimpleNamespace(shape=()) if number is None else number for number in numbers]


MASKS = ("ellipsis", "new_axis", "shrink_axis", "begin", "end")


def batch_flatten(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Everything but the batch flattened into one axis, whose size is unknown in TensorFlow."""
    return Result((shape(args[0])[0], None))


def last_axis(size: int) -> Any:
    """A rule that replaces the size of the last axis."""
    return lambda args, kwargs: Result((*shape(args[0])[:-1], size))


def swapped(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """The last two axes swapped."""
    return Result(products.swap_last(shape(args[0])))


def doubled(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.nn.crelu`: twice the size on the last axis."""
    x = shape(args[0])
    return Result((*x[:-1], images.times(x[-1], 2)))


def diagonal_matrix(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.linalg.diag`: a square matrix for each vector."""
    x = shape(args[0])
    return Result((*x, x[-1]))


def diagonal_part(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.linalg.diag_part`: the diagonal, as long as the shorter side."""
    x = shape(args[0])
    return Result((*x[:-2], None if None in x[-2:] else min(x[-2:])))  # type: ignore[type-var]


def matvec(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A matrix times a vector."""
    a, b = shape(args[0]), shape(args[1])
    a = products.swap_last(a) if kwargs.get("transpose_a") else a
    return Result((*a[:-2], a[-2]), ((("products", product(a[1:-1])), ("inner size", b[-1])),))


def sequence_mask(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.sequence_mask`: a row of booleans for each length."""
    longest = numbers_of(kwargs.get("maxlen"))
    return Result((*shape(args[0]), longest[0] if longest else None), dtype="bool")


def boolean_mask(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """As many as are true."""
    x, mask = shape(args[0]), shape(argument(args, kwargs, "mask", 1, None))
    axis = positive_axis(kwargs.get("axis") or 0, len(x))
    return Result((*x[:axis], None, *x[axis + len(mask) :]))


def updated(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.scatter_nd`: the given shape."""
    return Result(as_shape(kwargs["shape"]))


TENSORFLOW_RULES = {
    "tf.broadcast": broadcasting,
    "tf.compare": comparison,
    "tf.reshape": reshape,
    "tf.squeeze": squeeze,
    "tf.item": indexed(item),
    "tf.broadcast_to": broadcast_to,
    "tf.one_hot": one_hot,
    "tf.tile": tile,
    "tf.einsum": einsum,
    "tf.tensordot": tensordot,
    "tf.concat": with_content(concatenate, concatenated),
    "tf.stack": with_content(stack, concatenated),
    **{
        f"tf.{name}": with_content(broadcasting, elementwise(operate))
        for name, operate in (("add", add), ("subtract", sub), ("multiply", mul), ("floor_divide", floordiv))
    },
    "tf.add_n": lambda args, kwargs: broadcasting(args[0], kwargs),
    "tf.shape": shape_of_tensor,
    "tf.scalar": lambda args, kwargs: Result(()),
    "tf.first": lambda args, kwargs: Result(shape(args[0])[:1]),
    "tf.split": split,
    "tf.gather": gathered(gather),
    "tf.gather_nd": gather_nd,
    "tf.where": where,
    "tf.filled": filled,
    "tf.range": span,
    "tf.slice": cut,
    "tf.strided_slice": strided,
    "tf.conv": images.convolution,
    "tf.depthwise": images.depthwise,
    "tf.conv_transpose": images.transposed_convolution,
    "tf.pool": images.pooling,
    "tf.to_space": images.to_space,
    "tf.to_depth": images.to_depth,
    "tf.resized": images.resized,
    "tf.patches": images.patches,
    "tf.batch_flatten": batch_flatten,
    "tf.without_last": without_last(1),
    "tf.without_two": without_last(2),
    "tf.one_channel": last_axis(1),
    "tf.three_channels": last_axis(3),
    "tf.swapped": swapped,
    "tf.crelu": doubled,
    "tf.diag": diagonal_matrix,
    "tf.diag_part": diagonal_part,
    "tf.matvec": matvec,
    "tf.sequence_mask": sequence_mask,
    "tf.boolean_mask": boolean_mask,
    "tf.scatter_nd": updated,
    "tf.moments": moments,
}
"""Operation → rule."""
