"""Operations that multiply and add up: matrix products, contractions, convolutions, pooling (NumPy's rules)."""

from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.layers.formulas.window import window_length
from paramcalc.layers.operations.arguments import Result, argument, as_list, per_axis, shape
from paramcalc.limits import MAX_EXPRESSION
from paramcalc.shapes import Dim, Shape, format_shape, positive_axis, product, volume


def matmul(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Matrix product with broadcast leading axes."""
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
    """The last two axes exchanged."""
    return (*x[:-2], x[-1], x[-2])


def einsum(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Einstein summation; an ellipsis stands for the axes that all operands broadcast."""
    given = kwargs["subscripts"] if "subscripts" in kwargs else args.pop(0)
    if not isinstance(given, str) or len(given) > MAX_EXPRESSION:
        raise LayerError(f"an einsum's equation is a text of at most {MAX_EXPRESSION} characters")
    equation = given.replace(" ", "")
    operands = equation.partition("->")[0].count(",") + 1
    if operands != len(args):
        raise LayerError(
            f"einsum '{equation}' is of {operands} tensors, and has {len(args)}: Keras does not load it either"
        )
    terms, arrow, target = equation.partition("->")
    if not arrow:
        letters = sorted(set(terms) - set(",."))
        target = ("..." if "..." in terms else "") + "".join(c for c in letters if terms.count(c) == 1)
    sizes: dict[str, Dim] = {}
    rest: Shape = ()
    for term, value in zip(terms.split(","), args, strict=True):
        dims, middle = einsum_term(term, shape(value))
        rest = broadcast(rest, middle)
        for letter, dim in dims:
            old = sizes.get(letter)
            if None not in (old, dim) and old != dim and 1 not in (old, dim):
                raise LayerError(f"einsum '{equation}': axis {letter} is both {old} and {dim}")
            sizes[letter] = dim if old in (None, 1) else old
    before, _, after = target.partition("...")
    middle = rest if "..." in target else ()
    output = (*(sizes[letter] for letter in before), *middle, *(sizes[letter] for letter in after))
    macs: tuple[Factors, ...] = ()
    if len(args) > 1:
        batch = target[:1]
        factors = [(f"axis {k}", 1 if v is None and k == batch else v) for k, v in sizes.items()]
        macs = ((*factors, ("other axes", volume(rest))),)
    return Result(output, macs)


def einsum_term(term: str, x: Shape) -> tuple[list[tuple[str, Dim]], Shape]:
    """The dimensions of one operand by letter, and those under its ellipsis."""
    before, dots, after = term.partition("...")
    if len(before) + len(after) > len(x) or (not dots and len(term) != len(x)):
        raise LayerError(f"einsum term '{term}' does not fit {format_shape(x)}")
    end = len(x) - len(after)
    named = [*zip(before, x, strict=False), *zip(after, x[end:], strict=True)]
    return named, x[len(before) : end] if dots else ()


def dot(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """NumPy's dot: the last axis of one with the last but one of the other."""
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
        left = [positive_axis(axis, len(a)) for axis in as_list(axes[0])]
        right = [positive_axis(axis, len(b)) for axis in as_list(axes[1])]
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
    """`ops.conv` with a kernel among its arguments."""
    x, kernel = shape(args[0]), shape(argument(args, kwargs, "kernel", 1, None))
    n = len(x) - 2
    first = kwargs.get("data_format") == "channels_first"
    sizes = x[2:] if first else x[1:-1]
    strides = per_axis(kwargs.get("strides", 1), n, "strides")
    dilation = per_axis(kwargs.get("dilation_rate", 1), n, "dilation_rate")
    spatial = [
        window_length(size, int(k or 1), stride, kwargs.get("padding", "valid"), rate)
        for size, k, stride, rate in zip(sizes, kernel[:n], strides, dilation, strict=True)
    ]
    output = (x[0], kernel[-1], *spatial) if first else (x[0], *spatial, kernel[-1])
    return Result(output, ((("outputs", volume(output)), ("kernel", product(kernel[:-1]))),))


def pooling(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`ops.max_pool` and `ops.average_pool`."""
    x = shape(args[0])
    n = len(x) - 2
    first = kwargs.get("data_format") == "channels_first"
    sizes = x[2:] if first else x[1:-1]
    pool = per_axis(argument(args, kwargs, "pool_size", 1, 1), n, "pool_size")
    strides = per_axis(argument(args, kwargs, "strides", 2, pool), n, "strides")
    padding = argument(args, kwargs, "padding", 3, "valid")
    spatial = [window_length(*item, padding) for item in zip(sizes, pool, strides, strict=True)]
    return Result((*x[:2], *spatial) if first else (x[0], *spatial, x[-1]))
