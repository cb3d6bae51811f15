"""Less common operations of keras.ops: sorting and searching, losses, signals, statistics, attention."""

from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.formulas.attention import attention_macs, score_factors
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.layers.operations import images
from paramcalc.layers.operations.arguments import (
    Result,
    argument,
    as_list,
    each_axis,
    shape,
    whole,
)
from paramcalc.layers.operations.joining import check_outputs, concatenate, pieces_of
from paramcalc.layers.operations.layout import broadcasting, class_axis, cumulative, diagonal, in_order, reduction
from paramcalc.shapes import check_min_rank, check_rank, format_shape, positive_axis, product, volume


def search_sorted(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`searchsorted`: one index for each value looked up in a sorted vector."""
    check_rank(shape(args[0]), 1, "(sorted values)")
    return Result(shape(args[1]), dtype="int32")


def digitize(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`digitize`: the bin of each value; the bins are a vector of edges."""
    if not hasattr(args[1], "shape"):
        raise LayerError("the bins must be a tensor or a constant array")
    check_rank(shape(args[1]), 1, "(bins)")
    return Result(shape(args[0]), dtype="int32")


def without_last(count: int) -> Any:
    """A rule that drops the last `count` axes, which must exist."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> Result:
        x = shape(args[0])
        check_min_rank(x, count)
        return Result(x[: len(x) - count])

    return apply


def crossentropy(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """One loss per row of probabilities; target and output have the same shape.

    Raises:
        LayerError: for any axis but the last, as Keras' graph always drops the last one.
    """
    target, output = shape(args[0]), shape(args[1])
    check_min_rank(target, 1)
    fits = len(target) == len(output) and all(a == b or None in (a, b) for a, b in zip(target, output, strict=True))
    if not fits:
        raise LayerError(f"target {format_shape(target)} and output {format_shape(output)} must have one shape")
    if kwargs.get("axis", -1) not in (-1, len(target) - 1):
        raise LayerError("a crossentropy along another axis than the last is not supported")
    return Result(target[:-1])


def sparse_crossentropy(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """One loss per row of probabilities; the target has one class per row, with or without a last axis of size 1."""
    target, output = shape(args[0]), shape(args[1])
    check_min_rank(output, 1)
    rows = target[:-1] if len(target) == len(output) and target[-1] == 1 else target
    fits = len(rows) == len(output) - 1 and all(a == b or None in (a, b) for a, b in zip(rows, output, strict=False))
    if not fits:
        raise LayerError(f"target {format_shape(target)} does not fit the output {format_shape(output)}")
    return Result(output[:-1], dtype="float32")


def complex_pair(rank: int) -> Any:
    """A rule for transforms of a real and an imaginary part, which share a shape of at least `rank` axes."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> Result:
        real, imaginary = map(shape, args[0])
        check_min_rank(real, rank)
        if real != imaginary:
            raise LayerError(f"real {format_shape(real)} and imaginary part {format_shape(imaginary)} must be alike")
        return Result([real, imaginary])

    return apply


def spectrum(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`rfft`: the non-negative frequencies, as real and imaginary parts."""
    x = shape(args[0])
    length = kwargs.get("fft_length") or x[-1]
    output = (*x[:-1], None if length is None else length // 2 + 1)
    return Result([output, output])


def frames(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`extract_sequences`: sliding windows over a signal."""
    x, length, stride = shape(args[0]), kwargs["sequence_length"], kwargs["sequence_stride"]
    return Result((*x[:-1], None if x[-1] is None else 1 + (x[-1] - length) // stride, length))


def short_spectrum(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`stft`: the spectrum of each window, as real and imaginary parts."""
    x, size = shape(args[0]), kwargs["fft_length"]
    padded = 0 if kwargs.get("center") is False else size // 2 * 2
    count = None if x[-1] is None else 1 + (x[-1] + padded - size) // kwargs["sequence_stride"]
    output = (*x[:-1], count, size // 2 + 1)
    return Result([output, output])


def append(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`append`: joined along an axis, whose sizes must be known; without an axis, both are flattened first."""
    axis = kwargs.get("axis")
    if axis is None:
        sizes = [product(shape(value)) for value in args]
        return Result((None if None in sizes else sum(sizes),))  # type: ignore[arg-type]
    joined = concatenate([args], kwargs)
    if joined.output[axis] is None:
        raise LayerError(f"append needs known sizes at axis {axis}")
    return joined


def array_split(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`array_split`: parts whose sizes differ by at most one."""
    x, sections = shape(args[0]), whole(kwargs["indices_or_sections"])
    axis = positive_axis(kwargs.get("axis", 0), len(x))
    size = x[axis]
    check_outputs(sections)
    if sections < 1:
        raise LayerError(f"cannot split axis {axis} of {format_shape(x)} into {sections} parts")
    if size is None:
        return pieces_of(x, axis, [None] * sections)
    return pieces_of(x, axis, [size // sections + (part < size % sections) for part in range(sections)])


def select(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`select`: conditions, choices and a default, broadcast together."""
    return broadcasting([*args[0], *args[1], *args[2:]], kwargs)


def quantile(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A reduction for each requested quantile."""
    found = reduction([args[0]], {"axis": kwargs.get("axis"), "keepdims": kwargs.get("keepdims")}).output
    return Result((*shape(argument(args, kwargs, "q", 1, 0)), *found))


def multi_hot(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`multi_hot`: a new axis with the number of classes; the axis after the first is reduced."""
    x = shape(args[0])
    axis = class_axis(kwargs.get("axis", -1), len(x))
    full = (*x[:axis], kwargs["num_classes"], *x[axis:])
    return Result((full[-1],) if len(full) == 2 else (full[0], *full[2:]), dtype=kwargs.get("dtype") or "int32")


def rot90(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`rot90` swaps two axes; Keras' graph does so whatever the number of quarter turns."""
    x = list(shape(args[0]))
    a, b = each_axis(list(kwargs.get("axes") or (0, 1)), len(x))
    x[a], x[b] = x[b], x[a]
    return Result(tuple(x))


def diff(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`diff`: differences of neighbours, which shorten the axis by one each time."""
    x = shape(args[0])
    axis = positive_axis(kwargs.get("axis", -1), len(x))
    size = x[axis]
    return Result((*x[:axis], None if size is None else max(0, size - kwargs.get("n", 1)), *x[axis + 1 :]))


def trace(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`trace`: the sum of a diagonal."""
    return Result(diagonal(args, kwargs).output[:-1])


def inner(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`inner`: sums of products along the last axes."""
    a, b = shape(args[0]), shape(args[1])
    if not a or not b:
        return Result(broadcast(a, b))
    if None not in (a[-1], b[-1]) and a[-1] != b[-1]:
        raise LayerError(f"cannot multiply {format_shape(a)} and {format_shape(b)} along their last axes")
    return Result((*a[:-1], *b[:-1]), ((("left", volume(a)), ("right", volume(b[:-1]))),))


def kron(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`kron`: the Kronecker product, which multiplies the sizes of each axis."""
    pairs = zip(shape(args[0]), shape(args[1]), strict=True)
    return Result(tuple([None if a is None or b is None else a * b for a, b in pairs]))


def segments(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`segment_sum` and the like: one result per segment."""
    return Result((kwargs.get("num_segments"), *shape(args[0])[1:]))


def moments(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`moments`: a mean and a variance."""
    one = reduction([args[0]], {"axis": kwargs.get("axes"), "keepdims": kwargs.get("keepdims")}).output
    return Result([one, one])  # type: ignore[list-item]


def attention(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`dot_product_attention` on tensors of shape (batch, time, heads, size)."""
    query, key, value = shape(args[0]), shape(args[1]), shape(args[2])
    for x in (query, key, value):
        check_rank(x, 4, "(batch, time, heads, size)")
    # Keras' graph returns the query's shape whatever the values are; its backends need values shaped like the keys.
    if key != value or query[-1] != value[-1]:
        raise LayerError(f"keys {format_shape(key)} and values {format_shape(value)} must be alike, and as the query")
    scores = score_factors(query[0], query[1], key[1], ("heads", query[2]))
    return Result(query, attention_macs(scores, ("size", query[3]), ("value size", value[3])))


def evenly_spaced(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`linspace` and the like: a new axis with the number of steps."""
    ends = broadcast(shape(args[0]), shape(args[1]))
    axis = positive_axis(kwargs.get("axis", 0), len(ends) + 1)
    return Result((*ends[:axis], kwargs.get("num", 50), *ends[axis:]))


def named_shape(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`slice` and `scatter`: the shape given as an argument."""
    return Result(tuple(as_list(kwargs["shape"])))


def view(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`view`: reinterprets the bytes as another dtype, which has more or fewer elements unless its width is the same.

    Raises:
        LayerError: when a dtype is given, since the width of the input's elements is not known here.
    """
    if kwargs.get("dtype") is not None:
        raise LayerError("a view as another dtype is not supported")
    return Result(shape(args[0]))


def same_as_first(dtype: str | None = None) -> Any:
    """A rule that returns the shape of the first argument."""
    return lambda args, kwargs: Result(shape(args[0]), dtype=dtype)


RARE = {
    **dict.fromkeys(
        ("Array", "ConvertToTensor", "AffineTransform", "PerspectiveTransform", "GaussianBlur", "ElasticTransform",
         "BatchNorm", "SliceUpdate", "ScatterUpdate", "Polar", "BinaryCrossentropy", "Cholesky",
         "Inv"),
        same_as_first(),
    ),
    "View": view,
    "Argpartition": in_order,
    "IsIn": same_as_first("bool"),
    "Digitize": digitize,
    "InTopK": same_as_first("bool"),
    "SearchSorted": search_sorted,
    "Nancumsum": cumulative,
    "Nancumprod": cumulative,
    "CategoricalCrossentropy": crossentropy,
    "SparseCategoricalCrossentropy": sparse_crossentropy,
    "Logdet": without_last(2),
    "Det": without_last(2),
    "Size": lambda args, kwargs: Result((), dtype="int32"),
    "Vdot": lambda args, kwargs: Result((), ((("elements", volume(shape(args[0]))),),)),
    "PSNR": lambda args, kwargs: Result(()),
    "FFT": complex_pair(1),
    "FFT2": complex_pair(2),
    "IFFT2": complex_pair(2),
    "RFFT": spectrum,
    "STFT": short_spectrum,
    "ExtractSequences": frames,
    "Append": append,
    "ArraySplit": array_split,
    "Select": select,
    **dict.fromkeys(("Quantile", "Percentile", "Nanquantile", "Nanpercentile"), quantile),
    "MultiHot": multi_hot,
    "Rot90": rot90,
    "Diff": diff,
    "Trace": trace,
    "Inner": inner,
    "Kron": kron,
    **dict.fromkeys(("SegmentSum", "SegmentMax", "SegmentMin", "SegmentProd"), segments),
    "RGBToGrayscale": images.one_channel,
    "Resize": images.resize,
    "PadImages": images.with_borders(1, "padding"),
    "CropImages": images.with_borders(-1, "cropping"),
    "Moments": moments,
    "DotProductAttention": attention,
    **dict.fromkeys(("Linspace", "Logspace", "Geomspace"), evenly_spaced),
    "Slice": named_shape,
    "Scatter": named_shape,
    "DepthwiseConv": images.depthwise,
    "SeparableConv": images.separable,
    "ConvTranspose": images.transposed,
    "ExtractPatches": images.patches,
    "DepthToSpace": images.block_moved(to_space=True),
    "SpaceToDepth": images.block_moved(to_space=False),
}  # fmt: skip
"""Class in keras.ops → rule."""
