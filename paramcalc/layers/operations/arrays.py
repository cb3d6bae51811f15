"""Rarer operations of keras.ops: statistics, images, signals, products with kernels that are constants."""

from math import prod
from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.formulas.broadcasting import broadcast
from paramcalc.layers.formulas.window import transposed_length
from paramcalc.layers.operations import products
from paramcalc.layers.operations.arguments import Result, argument, as_list, height_axis, per_axis, shape, whole
from paramcalc.layers.operations.joining import check_outputs, concatenate, pieces_of
from paramcalc.layers.operations.layout import broadcasting, cumulative, diagonal, in_order, reduction
from paramcalc.shapes import Dim, Shape, check_axes, format_shape, positive_axis, product, volume


def second(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`searchsorted`: the shape of what is looked up."""
    return Result(shape(args[1]), dtype="int32")


def without_last(count: int, dtype: str | None = None) -> Any:
    """A result for each but the last axes."""
    return lambda args, kwargs: Result(shape(args[0])[: len(shape(args[0])) - count], dtype=dtype)


def two(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A real and an imaginary part."""
    real, imaginary = args[0]
    return Result([shape(real), shape(imaginary)])


def spectrum(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`rfft`: half the frequencies, in two parts."""
    x = shape(args[0])
    length = kwargs.get("fft_length") or x[-1]
    output = (*x[:-1], None if length is None else length // 2 + 1)
    return Result([output, output])


def frames(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`extract_sequences`: windows of a signal."""
    x, length, stride = shape(args[0]), kwargs["sequence_length"], kwargs["sequence_stride"]
    return Result((*x[:-1], None if x[-1] is None else 1 + (x[-1] - length) // stride, length))


def short_spectrum(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`stft`: the spectra of windows, in two parts."""
    x, size = shape(args[0]), kwargs["fft_length"]
    padded = 0 if kwargs.get("center") is False else size // 2 * 2
    count = None if x[-1] is None else 1 + (x[-1] + padded - size) // kwargs["sequence_stride"]
    output = (*x[:-1], count, size // 2 + 1)
    return Result([output, output])


def append(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Joined along an axis; without one, all elements in a row."""
    if kwargs.get("axis") is None:
        sizes = [product(shape(value)) for value in args]
        return Result((None if None in sizes else sum(sizes),))  # type: ignore[arg-type]
    return concatenate([args], kwargs)


def array_split(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Parts that differ by one at most, or cut at indices."""
    x, sections = shape(args[0]), kwargs["indices_or_sections"]
    axis = positive_axis(kwargs.get("axis", 0), len(x))
    size = x[axis]
    if isinstance(sections, int):
        check_outputs(sections)
    if isinstance(sections, list):
        cuts = [0, *sections]
        sizes: list[Dim] = [b - a for a, b in zip(cuts, sections, strict=False)]
        sizes.append(None if size is None else size - cuts[-1])
    elif size is None:
        sizes = [None] * sections
    else:
        sizes = [size // sections + (part < size % sections) for part in range(sections)]
    return pieces_of(x, axis, sizes)


def select(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`select`: conditions, choices and a default, broadcast."""
    return broadcasting([*args[0], *args[1], *args[2:]], kwargs)


def quantile(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A reduction for each of the quantiles asked for."""
    found = reduction([args[0]], {"axis": kwargs.get("axis"), "keepdims": kwargs.get("keepdims")}).output
    return Result((*shape(argument(args, kwargs, "q", 1, 0)), *found))


def multi_hot(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """One axis of the number of classes; the one before the last goes."""
    x = shape(args[0])
    axis, classes = kwargs.get("axis", -1), kwargs["num_classes"]
    full = (*x, classes) if axis == -1 else (*x[:axis], classes, *x[axis:])
    return Result((full[-1],) if len(full) == 2 else (full[0], *full[2:]))


def rot90(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Quarter turns exchange two axes; in the shapes of a graph, as Keras has them, whatever their number."""
    x = list(shape(args[0]))
    a, b = (positive_axis(axis, len(x)) for axis in kwargs.get("axes") or (0, 1))
    x[a], x[b] = x[b], x[a]
    return Result(tuple(x))


def diff(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Differences of neighbours: one fewer each time."""
    x = shape(args[0])
    axis = positive_axis(kwargs.get("axis", -1), len(x))
    size = x[axis]
    return Result((*x[:axis], None if size is None else max(0, size - kwargs.get("n", 1)), *x[axis + 1 :]))


def trace(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """The sum of a diagonal."""
    return Result(diagonal(args, kwargs).output[:-1])


def dstack(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Joined along the third axis."""
    if any(len(shape(value)) < 3 for value in args[0]):
        raise LayerError("dstack of tensors of fewer than three axes is not supported")
    return concatenate(args, {"axis": 2})


def inner(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Sums of products along the last axes."""
    a, b = shape(args[0]), shape(args[1])
    if not a or not b:
        return Result(broadcast(a, b))
    if None not in (a[-1], b[-1]) and a[-1] != b[-1]:
        raise LayerError(f"cannot multiply {format_shape(a)} and {format_shape(b)} along their last axes")
    return Result((*a[:-1], *b[:-1]), ((("left", volume(a)), ("right", volume(b[:-1]))),))


def kron(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """Every element of one with all of the other."""
    pairs = zip(shape(args[0]), shape(args[1]), strict=True)
    return Result(tuple([None if a is None or b is None else a * b for a, b in pairs]))


def segments(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """One result for each segment."""
    return Result((kwargs.get("num_segments"), *shape(args[0])[1:]))


def one_channel(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A grey image."""
    x = list(shape(args[0]))
    x[-3 if kwargs.get("data_format") == "channels_first" else -1] = 1
    return Result(tuple(x))


def resize(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """An image of another size."""
    x = list(shape(args[0]))
    first = height_axis(tuple(x), kwargs)
    x[first], x[first + 1] = argument(args, kwargs, "size", 1, None)
    return Result(tuple(x))


def bordered(sign: int, what: str) -> Any:
    """An image with borders added or cut off; or the size told instead of two of them."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> Result:
        x = list(shape(args[0]))
        first = height_axis(tuple(x), kwargs)
        sides = (("height", "top", "bottom"), ("width", "left", "right"))
        for axis, (size, before, after) in enumerate(sides, first):
            borders = [kwargs.get(f"{side}_{what}") for side in (before, after)]
            dim, target = x[axis], kwargs.get(f"target_{size}")
            if target is None and dim is not None and None not in borders:
                target = dim + sign * sum(borders)  # type: ignore[arg-type]
            x[axis] = target
        return Result(tuple(x))

    return apply


def moments(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A mean and a variance."""
    one = reduction([args[0]], {"axis": kwargs.get("axes"), "keepdims": kwargs.get("keepdims")}).output
    return Result([one, one])  # type: ignore[list-item]


def attention(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`dot_product_attention` on (batch, time, heads, size): scores, and values added up by them."""
    query, key, value = shape(args[0]), shape(args[1]), shape(args[2])
    batch = [] if query[0] is None else [("batch", query[0])]
    scores = (*batch, ("queries", query[1]), ("keys", key[1]), ("heads", query[2]))
    macs = ((*scores, ("size", query[3])), (*scores, ("value size", value[3])))
    return Result((*query[:-1], value[-1]), macs)


def spaced(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`linspace`: a new axis of so many steps."""
    ends = broadcast(shape(args[0]), shape(args[1]))
    axis = positive_axis(kwargs.get("axis", 0), len(ends) + 1)
    return Result((*ends[:axis], kwargs.get("num", 50), *ends[axis:]))


def given(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A shape that the operation names."""
    return Result(tuple(as_list(kwargs["shape"])))


def kernel_last(x: Shape, kwargs: dict[str, Any], spatial: Shape, channels: Dim) -> Shape:
    """An image of other sizes."""
    first = kwargs.get("data_format") == "channels_first"
    return (x[0], channels, *spatial) if first else (x[0], *spatial, channels)


def depthwise(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`depthwise_conv`: the kernel's last axes are the channels and how many are made of each."""
    *size, channels, multiplier = shape(args[1])
    made = None if channels is None or multiplier is None else channels * multiplier
    return products.convolution([args[0], Like((*size, 1, made))], kwargs)


def separable(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`separable_conv`: a depthwise one and one over channels only."""
    deep = depthwise(args[:2], kwargs)
    wide = {"data_format": kwargs.get("data_format")}
    last = products.convolution([Like(deep.output), args[2]], wide)  # type: ignore[arg-type]
    return Result(last.output, (*deep.macs, *last.macs))


class Like:
    """Something of this shape."""

    def __init__(self, shape: Shape) -> None:
        self.shape = shape


def transposed(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`conv_transpose`: a multiply-accumulate for each input position and element of the kernel."""
    x, kernel = shape(args[0]), shape(args[1])
    n = len(x) - 2
    sizes = x[2:] if kwargs.get("data_format") == "channels_first" else x[1:-1]
    strides, rates = (per_axis(kwargs.get(name) or 1, n, name) for name in ("strides", "dilation_rate"))
    extra = kwargs.get("output_padding")
    more = [None] * n if extra is None else per_axis(extra, n, "output_padding")
    padding = kwargs.get("padding", "valid")
    spatial = [
        transposed_length(size, int(k or 1), stride, padding, add, rate)
        for size, k, stride, add, rate in zip(sizes, kernel[:n], strides, more, rates, strict=True)
    ]
    macs = (("positions", product(sizes)), ("kernel", prod(int(k or 0) for k in kernel)))
    return Result(kernel_last(x, kwargs, tuple(spatial), kernel[-2]), (macs,))


def patches(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`image.extract_patches`: each patch becomes channels."""
    x = shape(args[0])
    size = [whole(item) for item in as_list(kwargs["size"])]
    check_axes(len(size))
    if len(size) == 1:
        size = size * 2
    batch = x if len(x) == len(size) + 2 else (1, *x)
    channels = batch[1] if kwargs.get("data_format") == "channels_first" else batch[-1]
    made = None if channels is None else channels * prod(size)
    strides = kwargs.get("strides") or size
    found = products.convolution([Like(batch), Like((*size, 1, made))], {**kwargs, "strides": strides}).output
    return Result(found if batch is x else found[1:])


def block_moved(to_space: bool) -> Any:
    """`depth_to_space` and back: blocks of pixels are channels elsewhere."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> Result:
        x, block = shape(args[0]), whole(kwargs["block_size"])
        first = kwargs.get("data_format") == "channels_first"
        channels, height, width = (x[1], x[2], x[3]) if first else (x[3], x[1], x[2])
        grown, shrunk = ([height, width], [channels]) if to_space else ([channels], [height, width])
        for dim in shrunk:
            if dim is not None and dim % (block**2 if to_space else block):
                raise LayerError(f"cannot make blocks of {block} × {block} of {format_shape(x)}")
        more = [None if dim is None else dim * (block if to_space else block**2) for dim in grown]
        less = [None if dim is None else dim // (block**2 if to_space else block) for dim in shrunk]
        spatial, made = (more, less[0]) if to_space else (less, more[0])
        return Result(kernel_last(x, kwargs, tuple(spatial), made))

    return apply


def same_as_first(dtype: str | None = None) -> Any:
    """The shape of the first argument."""
    return lambda args, kwargs: Result(shape(args[0]), dtype=dtype)


RARE = {
    **dict.fromkeys(
        ("Array", "ConvertToTensor", "AffineTransform", "PerspectiveTransform", "GaussianBlur", "ElasticTransform",
         "BatchNorm", "SliceUpdate", "ScatterUpdate", "Polar", "BinaryCrossentropy", "View", "Cholesky",
         "Inv"),
        same_as_first(),
    ),
    "Argpartition": in_order,
    "IsIn": same_as_first("bool"),
    "Digitize": same_as_first("int32"),
    "InTopK": same_as_first("bool"),
    "SearchSorted": second,
    "Nancumsum": cumulative,
    "Nancumprod": cumulative,
    "CategoricalCrossentropy": without_last(1),
    "SparseCategoricalCrossentropy": lambda args, kwargs: Result(shape(args[1])[:-1]),
    "Logdet": without_last(2),
    "Det": without_last(2),
    "Size": lambda args, kwargs: Result((), dtype="int32"),
    "Vdot": lambda args, kwargs: Result((), ((("elements", volume(shape(args[0]))),),)),
    "PSNR": lambda args, kwargs: Result(()),
    "FFT": two,
    "FFT2": two,
    "IFFT2": two,
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
    "Dstack": dstack,
    "Inner": inner,
    "Kron": kron,
    **dict.fromkeys(("SegmentSum", "SegmentMax"), segments),
    "RGBToGrayscale": one_channel,
    "Resize": resize,
    "PadImages": bordered(1, "padding"),
    "CropImages": bordered(-1, "cropping"),
    "Moments": moments,
    "DotProductAttention": attention,
    **dict.fromkeys(("Linspace", "Logspace", "Geomspace"), spaced),
    "Slice": given,
    "Scatter": given,
    "DepthwiseConv": depthwise,
    "SeparableConv": separable,
    "ConvTranspose": transposed,
    "ExtractPatches": patches,
    "DepthToSpace": block_moved(to_space=True),
    "SpaceToDepth": block_moved(to_space=False),
}  # fmt: skip
"""Operation → rule."""
