"""Operations that multiply and accumulate: matrix products, contractions, convolutions, pooling (NumPy's rules)."""

from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.layers.formulas.spatial import channels_axis, join_channels, with_spatial
from paramcalc.layers.formulas.window import Window
from paramcalc.layers.operations.arguments import Result, argument, each_axis, per_axis, shape, spatial_axes
from paramcalc.limits import MAX_EXPRESSION
from paramcalc.shapes import Dim, Shape, format_shape, product, volume


def matmul(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A matrix product whose leading axes broadcast."""
    a, b = shape(args[0]), shape(args[1])
    a = swap_last(a) if kwargs.get("transpose_a") else a
    b = swap_last(b) if kwargs.get("transpose_b") else b
    if not a or not b:
        raise LayerError("matmul needs tensors with axes")
    left, right = ((1, *a) if len(a) == 1 else a), ((*b, 1) if len(b) == 1 else b)
    inner = left[-1] if right[-2] is None else right[-2]
    if None not in (left[-1], right[-2]) and left[-1] != right[-2]:
        raise LayerError(f"cannot multiply {format_shape(a)} by {format_shape(b)}")
    full = (*broadcast(left[:-2], right[:-2]), left[-2], right[-1])
    output = full
    if len(b) == 1:
        output = output[:-1]
    if len(a) == 1:
        output = (*output[:-2], output[-1]) if len(b) > 1 else output[:-1]
    return Result(output, ((("products", volume(full)), ("inner size", inner)),))


def swap_last(x: Shape) -> Shape:
    """The shape with its last two axes swapped."""
    return (*x[:-2], x[-1], x[-2])


def einsum(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Einstein summation; an ellipsis stands for axes that broadcast across operands."""
    equation = equation_of(args, kwargs)
    if not set(equation) <= EINSUM:
        raise LayerError(f"einsum '{equation}' may have small letters, commas, an ellipsis and an arrow")
    return summed(equation, [shape(value) for value in args])


EINSUM = frozenset("abcdefghijklmnopqrstuvwxyz,.->")
"""The equations that Keras accepts."""


def equation_of(args: list[Any], kwargs: dict[str, Any]) -> str:
    """The equation; if it is among the positional arguments, it is removed from them.

    Raises:
        LayerError: when it is longer than any real one.
    """
    given = kwargs["subscripts"] if "subscripts" in kwargs else args.pop(0)
    if not isinstance(given, str) or len(given) > MAX_EXPRESSION:
        raise LayerError(f"an einsum's equation is a text of at most {MAX_EXPRESSION} characters")
    return given


def summed(equation: str, operands: list[Shape]) -> Result:
    """Apply an equation without blanks to its operands.

    Raises:
        LayerError: when the operands do not match the equation.
    """
    terms, arrow, target = equation.partition("->")
    if terms.count(",") + 1 != len(operands):
        raise LayerError(
            f"einsum '{equation}' is of {terms.count(',') + 1} tensors, and has {len(operands)}: "
            "Keras does not load it either"
        )
    if not arrow:
        letters = sorted(set(terms) - set(",."))
        target = ("..." if "..." in terms else "") + "".join(c for c in letters if terms.count(c) == 1)
    sizes: dict[str, Dim] = {}
    rest: Shape = ()
    named = []
    for term, operand in zip(terms.split(","), operands, strict=True):
        dims, middle = einsum_term(term, operand)
        named.append(dims)
        rest = broadcast(rest, middle)
        for letter, dim in dims:
            old = sizes.get(letter)
            if None not in (old, dim) and old != dim and 1 not in (old, dim):
                raise LayerError(f"einsum '{equation}': axis {letter} is both {old} and {dim}")
            sizes[letter] = dim if old in (None, 1) else old
    before, _, after = target.partition("...")
    middle = rest if "..." in target else ()
    output = (*(sizes[letter] for letter in before), *middle, *(sizes[letter] for letter in after))
    return Result(output, einsum_macs(named, target, sizes, rest))


def einsum_term(term: str, x: Shape) -> tuple[list[tuple[str, Dim]], Shape]:
    """The dimensions of one operand by letter, and those of its ellipsis."""
    before, dots, after = term.partition("...")
    if len(before) + len(after) > len(x) or (not dots and len(term) != len(x)):
        raise LayerError(f"einsum term '{term}' does not fit {format_shape(x)}")
    end = len(x) - len(after)
    named = [*zip(before, x, strict=False), *zip(after, x[end:], strict=True)]
    return named, x[len(before) : end] if dots else ()


def einsum_macs(
    operands: list[list[tuple[str, Dim]]], target: str, sizes: dict[str, Dim], rest: Shape
) -> tuple[Factors, ...]:
    """The multiply-accumulates of two operands; an axis in only one of them and not in the output is summed first.

    More than two operands are contracted in pairs, and the cost depends on the order.
    """
    if len(operands) < 2:
        return ()
    if len(operands) > 2:
        return ((("products in the order that the backend chooses", None),),)
    both = set.intersection(*({letter for letter, dim in dims if dim != 1} for dims in operands))
    batch = operands[0][0][0] if operands[0] else ""
    factors = [
        (f"axis {letter}", 1 if size is None and letter == batch else size)
        for letter, size in sizes.items()
        if letter in target or letter in both
    ]
    return ((*factors, ("other axes", volume(rest))),)


def dot(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """NumPy's dot: a sum over the last axis of one and the second to last of the other."""
    a, b = shape(args[0]), shape(args[1])
    if not a or not b:
        return Result(broadcast(a, b))
    axis = -1 if len(b) == 1 else -2
    if None not in (a[-1], b[axis]) and a[-1] != b[axis]:
        raise LayerError(f"cannot dot {format_shape(a)} with {format_shape(b)}")
    output = (*a[:-1], *b[:-1]) if len(b) == 1 else (*a[:-1], *b[:-2], b[-1])
    return Result(output, ((("products", volume(output)), ("inner size", a[-1])),))


def tensordot(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """NumPy's tensordot."""
    a, b = shape(args[0]), shape(args[1])
    axes = argument(args, kwargs, "axes", 2, 2)
    if isinstance(axes, int):
        if not 0 <= axes <= min(len(a), len(b)):
            raise LayerError(f"cannot contract {axes} axes of {format_shape(a)} and {format_shape(b)}")
        left, right = list(range(len(a) - axes, len(a))), list(range(axes))
    else:
        left, right = each_axis(list(axes[0]), len(a)), each_axis(list(axes[1]), len(b))
    for i, j in zip(left, right, strict=True):
        if None not in (a[i], b[j]) and a[i] != b[j]:
            raise LayerError(f"cannot contract axis {i} of {format_shape(a)} with axis {j} of {format_shape(b)}")
    output = (
        *(dim for axis, dim in enumerate(a) if axis not in left),
        *(dim for axis, dim in enumerate(b) if axis not in right),
    )
    inner = [b[j] if a[i] is None else a[i] for i, j in zip(left, right, strict=True)]
    return Result(output, ((("products", volume(output)), ("inner size", product(inner))),))


def convolution(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`ops.conv`, whose kernel is an argument."""
    x, kernel = shape(args[0]), shape(argument(args, kwargs, "kernel", 1, None))
    result = convolved(x, kernel, kwargs)
    check_channels(x, kernel[-2], kwargs)
    return result


def check_channels(x: Shape, reads: Dim, kwargs: dict[str, Any]) -> None:
    """Refuse a kernel whose number of input channels does not match its input."""
    channels = x[channels_axis(kwargs.get("data_format"))]
    if None not in (channels, reads) and channels != reads:
        raise LayerError(f"the kernel is for {reads} input channels, the input has {channels}")


def convolved(x: Shape, kernel: Shape, kwargs: dict[str, Any]) -> Result:
    """A kernel of shape (*spatial, input channels, output channels) applied at every output position."""
    window = window_of(x, kernel[:-2], kwargs, argument([], kwargs, "strides", 0, 1), "kernel")
    layout = kwargs.get("data_format")
    spatial = window.lengths(spatial_axes(x, kwargs), "kernel")
    output = join_channels(x[0], spatial, kernel[-1], layout)
    return Result(output, ((("outputs", volume(output)), ("kernel", product(kernel[:-1]))),))


def window_of(x: Shape, size: Any, kwargs: dict[str, Any], strides: Any, name: str) -> Window:
    """The window of an operation on `x`.

    Raises:
        LayerError: when a size is unknown, or the padding is neither valid nor same (nor causal, for a kernel).
    """
    rank = len(x) - 2
    dilation = argument([], kwargs, "dilation_rate", 0, 1)
    padding = str(argument([], kwargs, "padding", 0, "valid")).lower()
    if padding not in ("valid", "same") and not (padding == "causal" and name == "kernel"):
        raise LayerError(f"padding must be 'valid' or 'same', not {padding[:20]!r}")
    sizes, steps, rates = (
        per_axis(value, rank, field)
        for value, field in ((size, name), (strides, "strides"), (dilation, "dilation_rate"))
    )
    return Window(sizes, steps, rates, padding)


def pooling(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`ops.max_pool` and `ops.average_pool`."""
    x = shape(args[0])
    layout = kwargs.get("data_format")
    pool = argument(args, kwargs, "pool_size", 1, 1)
    options = {"padding": argument(args, kwargs, "padding", 3, "valid")}
    window = window_of(x, pool, options, argument(args, kwargs, "strides", 2, pool), "pool_size")
    return Result(with_spatial(x, window.lengths(spatial_axes(x, kwargs), "pool_size"), layout))
