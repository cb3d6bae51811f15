"""TensorFlow's functions on images: convolutions, pooling, blocks and sizes."""

from math import prod
from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.formulas.spatial import channels_axis
from paramcalc.layers.operations import products
from paramcalc.layers.operations.arguments import Result, shape, whole
from paramcalc.layers.operations.content import (
    as_shape,
)
from paramcalc.shapes import Dim, Shape, format_shape, product


def windowed(kwargs: dict[str, Any], rank: int) -> dict[str, Any]:
    """TensorFlow's window settings (`[1, 2, 2, 1]`, NHWC, "SAME") in Keras' form."""
    layout = kwargs.get("data_format")
    first = isinstance(layout, str) and layout.startswith("NC")
    found: dict[str, Any] = {"data_format": "channels_first" if first else "channels_last"}
    for name, ours in (("strides", "strides"), ("dilations", "dilation_rate"), ("ksize", "pool_size")):
        value = kwargs.get(name)
        if isinstance(value, list) and len(value) == rank:
            value = value[2:] if first else value[1:-1]
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is not None:
            found[ours] = value
    padding = kwargs.get("padding") or "VALID"
    if not isinstance(padding, str):
        raise LayerError("explicit padding is not supported")
    return {**found, "padding": padding.lower()}


def convolution(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.nn.conv2d` and its kin."""
    kernel = kwargs["filters"] if kwargs.get("filters") is not None else kwargs.get("filter", args[-1])
    if kwargs.get("stride") is not None:
        kwargs = {**kwargs, "strides": kwargs["stride"]}
    x, sizes = shape(args[0]), shape(kernel)
    given = windowed(kwargs, len(x))
    result = products.convolved(x, sizes, given)
    channels, reads = x[channels_axis(given["data_format"])], sizes[-2]
    if channels is not None and reads and channels % reads:
        raise LayerError(f"{channels} input channels cannot be divided into groups of {reads}, as the kernel reads")
    return result


def depthwise(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.nn.depthwise_conv2d`: the kernel's last two axes are the channels and the depth multiplier."""
    x = shape(args[0])
    height, width, channels, multiplier = shape(kwargs["filter"] if kwargs.get("filter") is not None else args[1])
    return products.convolved(x, (height, width, 1, product((channels, multiplier))), windowed(kwargs, len(x)))


def pooling(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.nn.max_pool2d` and its kin."""
    return products.pooling([args[0]], windowed(kwargs, len(shape(args[0]))))


def to_space(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.nn.depth_to_space`: blocks of channels become pixels."""
    batch, height, width, channels = shape(args[0])
    size = kwargs["block_size"]
    if channels is not None and channels % size**2:
        raise LayerError(f"cannot make blocks of {size} × {size} of {channels} channels")
    return Result((batch, times(height, size), times(width, size), None if channels is None else channels // size**2))


def to_depth(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.nn.space_to_depth`: blocks of pixels become channels."""
    batch, height, width, channels = shape(args[0])
    size = kwargs["block_size"]
    for dim in (height, width):
        if dim is not None and dim % size:
            raise LayerError(f"cannot cut {format_shape((height, width))} into blocks of {size} × {size}")
    low = [None if dim is None else dim // size for dim in (height, width)]
    return Result((batch, *low, times(channels, size**2)))


def times(dim: Dim, factor: int) -> Dim:
    """The dimension times a factor; None if it is unknown."""
    return None if dim is None else dim * whole(factor)


def resized(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """A resized image: height and width are given as one argument `size`, or as two."""
    x = shape(args[0])
    names = (("size", None), ("target_height", "target_width"))
    size = next((kwargs[a] if b is None else [kwargs[a], kwargs[b]] for a, b in names if a in kwargs), None)
    return Result((*x[:-3], *as_shape(size if size is not None else args[1]), x[-1]))


def patches(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.image.extract_patches`: each patch is flattened into channels."""
    x = shape(args[0])
    given = windowed({"ksize": kwargs["sizes"], **kwargs}, 4)
    rows, columns = map(whole, given["pool_size"])
    plain = {key: value for key, value in given.items() if key != "pool_size"}
    rates = kwargs.get("rates") or [1, 1, 1, 1]
    made = products.convolved(x, (rows, columns, 1, 1), {**plain, "dilation_rate": rates[1:-1]})
    return Result((*made.output[:-1], times(x[-1], rows * columns)))


def transposed_convolution(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`tf.nn.conv2d_transpose`: the given shape; one multiply-accumulate per input position and kernel element."""
    x, kernel = shape(args[0]), shape(kwargs["filters"])
    positions = product(windowed_space(x, kwargs))
    return Result(as_shape(kwargs["output_shape"]), ((("positions", positions), ("kernel", prod(kernel))),))  # type: ignore[arg-type]


def windowed_space(x: Shape, kwargs: dict[str, Any]) -> Shape:
    """The sizes of an image's axes except batch and channels."""
    layout = kwargs.get("data_format")
    return x[2:] if isinstance(layout, str) and layout.startswith("NC") else x[1:-1]
