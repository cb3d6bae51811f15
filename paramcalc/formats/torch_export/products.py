"""Formulas for the multiply-accumulates of aten's matrix products and convolutions.

Each formula takes a call and returns a sum of products that agrees with PyTorch's FlopCounterMode. Operations that
FlopCounterMode cannot see into (fused attention, recurrent layers, bilinear forms) are broken down into their matrix
products. A product with a vector on the right (`mv`, `dot`) is not a matrix product; PyTorch does not count it either.
"""

from collections import Counter
from collections.abc import Callable

from paramcalc.errors import LayerError
from paramcalc.formats.torch_export.calls import BrokenError, Call
from paramcalc.layers.base import Factors
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.shapes import Dim, Shape, product

Terms = tuple[Factors, ...]
Formula = Callable[[Call], Terms]


class UnknownCostError(Exception):
    """The cost of an operation is unknown."""


def agreed(a: Dim, b: Dim) -> Dim:
    """The size of an axis that two tensors share.

    Raises:
        BrokenError: when the sizes differ.
    """
    if a != b and None not in (a, b):
        raise BrokenError(f"it multiplies {a} columns with {b} rows")
    return b if a is None else a


def stretched(a: Shape, b: Shape) -> Shape:
    """The shape that two shapes broadcast to.

    Raises:
        BrokenError: when they do not broadcast.
    """
    try:
        return broadcast(a, b)
    except LayerError as error:
        raise BrokenError(str(error)) from None


def matrices(batch: Shape, rows: Dim, inner: Dim, columns: Dim) -> Terms:
    """Matrix products, one for each element of `batch`."""
    several = (("matrices", product(batch)),) if batch else ()
    return ((*several, ("rows", rows), ("inner", inner), ("columns", columns)),)


def mm(call: Call, left: str, right: str) -> Terms:
    """A product of two matrices."""
    (rows, a), (b, columns) = call.dims(left, 2), call.dims(right, 2)
    return matrices((), rows, agreed(a, b), columns)


def bmm(call: Call, left: str, right: str) -> Terms:
    """A product of two batches of matrices."""
    (count, rows, a), (_, b, columns) = call.dims(left, 3), call.dims(right, 3)
    return matrices((count,), rows, agreed(a, b), columns)


def matmul(call: Call, left: str, right: str) -> Terms:
    """A matrix product whose batch axes broadcast; a vector on the left is a matrix with one row."""
    a, b = call.dims(left), call.dims(right)
    if not a or len(b) < 2:
        return ()
    a = a if len(a) > 1 else (1, *a)
    return matrices(stretched(a[:-2], b[:-2]), a[-2], agreed(a[-1], b[-2]), b[-1])


def linear(call: Call) -> Terms:
    """A linear layer: every position of the input is multiplied by the weight matrix."""
    x, weight = call.dims("input"), call.dims("weight")
    if not x or len(weight) < 2:
        return ()
    inner = agreed(x[-1], weight[-1])
    return ((("positions", product(x[:-1])), ("out_features", weight[0]), ("in_features", inner)),)


def packed_linear(call: Call, left: str) -> Terms:
    """A linear layer whose weight is packed, so that out_features comes from the output."""
    x, out = call.dims(left), call.output()
    if not x or not out:
        return ()
    return ((("positions", product(x[:-1])), ("out_features", out[-1]), ("in_features", x[-1])),)


def grouped_mm(call: Call, left: str, right: str) -> Terms:
    """One matrix per group of rows, as in a mixture of experts; the cost does not depend on the grouping."""
    a, b = call.dims(left), call.dims(right)
    if len(a) == 2 and len(b) == 3:
        return matrices((), a[0], agreed(a[1], b[1]), b[2])
    if len(a) == 3 and len(b) == 2:
        return matrices((), a[1], agreed(a[2], b[0]), b[1])
    if len(a) == len(b) == 2:  # the groups divide the inner axis
        return matrices((), a[0], agreed(a[1], b[0]), b[1])
    return bmm(call, left, right)


def inner(call: Call) -> Terms:
    """`inner`: the dot product of every row of one tensor with every row of the other."""
    a, b = call.dims("self"), call.dims("other")
    if not a or not b:
        return ()
    return matrices((), product(a[:-1]), agreed(a[-1], b[-1]), product(b[:-1]))


def tensordot(call: Call) -> Terms:
    """A contraction over several axes; one of size 1 broadcasts, so the other tensor is first summed over it."""
    a, b = call.dims("self"), call.dims("other")
    pairs = list(zip(call.integers("dims_self"), call.integers("dims_other"), strict=False))
    if any(not -len(a) <= i < len(a) or not -len(b) <= j < len(b) for i, j in pairs):
        raise BrokenError("it has no such axes")
    shared = [1 if 1 in (a[i], b[j]) else agreed(a[i], b[j]) for i, j in pairs]
    rows = [size for axis, size in enumerate(a) if axis not in {i % len(a) for i, _ in pairs}]
    columns = [size for axis, size in enumerate(b) if axis not in {j % len(b) for _, j in pairs}]
    return matrices((), product(rows), product(shared), product(columns))


def bilinear(call: Call) -> Terms:
    """x₁ᵀ A x₂ for each output: first x₁ᵀ A, then the result times x₂."""
    x, weight = call.dims("input1"), call.dims("weight", 3)
    count, (out, first, second) = product(x[:-1]), weight
    positions, outs = ("positions", count), ("out_features", out)
    return (positions, outs, ("in1_features", first), ("in2_features", second)), (
        positions,
        outs,
        ("in2_features", second),
    )


def trilinear(call: Call) -> Terms:
    """`_trilinear`, which `bilinear` decomposes to.

    Raises:
        UnknownCostError: when it is used in any other way.
    """
    expanded = [tuple(call.integers(name)) for name in ("expand1", "expand2", "expand3", "sumdim")]
    if expanded != [(1, 3), (0,), (1, 2), (2, 3)]:
        raise UnknownCostError
    (count, first), (out, _, second) = call.dims("i1", 2), call.dims("i2", 3)
    terms = matrices((), count, first, product((out, second)))
    return terms + matrices((), count, second, out)


def convolution(call: Call, x: str = "input", weight: str = "weight", transposed: bool = False) -> Terms:
    """The kernel at every output position; for a transposed convolution, at every input position."""
    kernel = call.dims(weight)
    at = call.dims(x) if transposed else call.output()
    if len(kernel) < 3 or len(at) not in (len(kernel), len(kernel) - 1):
        raise BrokenError(f"its kernel has {len(kernel)} axes, for a tensor of {len(at)}")
    batched = len(at) == len(kernel)
    positions = product((*at[: 1 * batched], *at[1 + batched :]))
    channels = ("in_channels", "out_channels / groups") if transposed else ("out_channels", "in_channels / groups")
    axes = [(f"kernel[{axis}]", size) for axis, size in enumerate(kernel[2:])]
    return ((("positions", positions), (channels[0], kernel[0]), (channels[1], kernel[1]), *axes),)


def general_convolution(call: Call) -> Terms:
    """`aten.convolution`, which all others decompose to; its argument `transposed` says which kind it is."""
    return convolution(call, transposed=call.flag("transposed"))


def conv_tbc(call: Call) -> Terms:
    """A convolution along the first axis: (time, batch, channels)."""
    length, batch, _ = call.output() if len(call.output()) == 3 else (None, None, None)
    width, channels, out = call.dims("weight", 3)
    return (
        (("positions", product((length, batch))), ("out_channels", out), ("in_channels", channels), ("kernel", width)),
    )


def attention(call: Call, query: str = "query", key: str = "key", value: str = "value") -> Terms:
    """QKᵀ and AV for every head; with fewer key and value heads than queries, each is shared by several."""
    q, k, v = call.dims(query), call.dims(key), call.dims(value)
    if min(len(q), len(k), len(v)) < 2:
        raise BrokenError("its query, key and value are no matrices")
    grouped = call.flag("enable_gqa") or (len(q) == len(k) > 2 and q[-3] != k[-3] and 1 not in (q[-3], k[-3]))
    return attended(q, k[-2:] if grouped else k, v)


def attended(q: Shape, k: Shape, v: Shape) -> Terms:
    """Attention from its shapes (…, length, size)."""
    heads, queries, keys = ("heads", product(stretched(q[:-2], k[:-2]))), ("queries", q[-2]), ("keys", k[-2])
    scores = heads, queries, keys, ("head size", agreed(q[-1], k[-1]))
    return scores, (heads, queries, keys, ("value size", v[-1]))


def attention_by_length(call: Call) -> Terms:
    """Attention on tensors of shape (batch, length, heads, size).

    Raises:
        UnknownCostError: when sequences of different lengths are packed into one tensor.
    """
    q, k, v = call.dims("query"), call.dims("key"), call.dims("value")
    if {len(q), len(k), len(v)} != {4}:
        raise UnknownCostError
    return attended(*[(size[0], size[2], size[1], size[3]) for size in (q, (k[0], k[1], q[2], k[3]), v)])


def recurrent(call: Call, x: str = "input", weights: str = "params") -> Terms:
    """Every matrix of every layer and direction, once for each time step of each sequence."""
    positions = product(call.dims(x)[:-1])
    every = Counter([shape for shape in call.several(weights) if len(shape) == 2])
    return tuple(
        [(("steps", positions), *times(n), ("rows", shape[0]), ("columns", shape[1])) for shape, n in every.items()]
    )


def times(count: int) -> Factors:
    """A factor for something that occurs `count` times."""
    return (("matrices", count),) if count > 1 else ()


def recurrent_cell(call: Call) -> Terms:
    """One time step of one layer."""
    count = product(call.dims("input")[:-1])
    matrices = [call.dims("w_ih", 2), call.dims("w_hh", 2)]
    return tuple([(("samples", count), ("rows", rows), ("columns", columns)) for rows, columns in matrices])


def mkldnn_recurrent(call: Call) -> Terms:
    """One layer in one direction, whose weights are separate arguments."""
    positions = product(call.dims("input")[:-1])
    every = [call.dims("weight0", 2), call.dims("weight1", 2)]
    return tuple([(("steps", positions), ("rows", rows), ("columns", columns)) for rows, columns in every])


def multi_head_attention(call: Call) -> Terms:
    """The fast path of `MultiheadAttention`: input projections, attention and output projection."""
    q, k, v = call.dims("query", 3), call.dims("key", 3), call.dims("value", 3)
    (_, size), (out, _) = call.dims("qkv_weight", 2), call.dims("proj_weight", 2)
    projected = [matrices((), product(x[:2]), x[2], size)[0] for x in (q, k, v)]
    return *projected, *attended(q, k, v), *matrices((), product(q[:2]), size, out)


def encoder_layer(call: Call) -> Terms:
    """The fast path of `TransformerEncoderLayer`."""
    x = call.dims("src", 3)
    count, size = product(x[:2]), x[2]
    weights = [call.dims(name, 2) for name in ("qkv_weight", "proj_weight", "ffn_weight_1", "ffn_weight_2")]
    dense = tuple([matrices((), count, columns, rows)[0] for rows, columns in weights])
    return *dense, *attended((x[0], x[1], size), (x[0], x[1], size), (x[0], x[1], size))
