"""Operations on images, and convolutions less common than `ops.conv`."""

from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.formulas.spatial import channels_axis, join_channels
from paramcalc.layers.operations import products
from paramcalc.layers.operations.arguments import (
    Result,
    argument,
    height_axis,
    per_axis,
    shape,
    spatial_axes,
    whole,
)
from paramcalc.shapes import Shape, format_shape, product, volume


def one_channel(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`rgb_to_grayscale`: an image with one channel."""
    x = list(shape(args[0]))
    height_axis(tuple(x), kwargs)
    x[-3 if kwargs.get("data_format") == "channels_first" else -1] = 1
    return Result(tuple(x))


def resize(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`image.resize`: an image with a new height and width."""
    x = list(shape(args[0]))
    first = height_axis(tuple(x), kwargs)
    x[first], x[first + 1] = argument(args, kwargs, "size", 1, None)
    return Result(tuple(x))


def with_borders(sign: int, what: str) -> Any:
    """A rule that adds or removes image borders; two of an axis's borders and its new size are given."""

    def apply(args: list[Any], kwargs: dict[str, Any]) -> Result:
        x = list(shape(args[0]))
        first = height_axis(tuple(x), kwargs)
        sides = (("height", "top", "bottom"), ("width", "left", "right"))
        for axis, (size, before, after) in enumerate(sides, first):
            borders = [kwargs.get(f"{side}_{what}") for side in (before, after)]
            dim, target = x[axis], kwargs.get(f"target_{size}")
            if [*borders, target].count(None) != 1:
                raise LayerError(f"needs two of {before}_{what}, {after}_{what} and target_{size}")
            if target is None and dim is None and sign < 0:
                raise LayerError(f"needs target_{size}, as the {size} of the image is unknown")
            if target is None and dim is not None:
                target = dim + sign * sum(borders)  # type: ignore[arg-type]
            x[axis] = target
        return Result(tuple(x))

    return apply


def depthwise(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`depthwise_conv`: the kernel's last axes are the channels and the depth multiplier."""
    x, kernel = shape(args[0]), shape(args[1])
    result = products.convolved(x, (*kernel[:-2], 1, product(kernel[-2:])), kwargs)
    products.check_channels(x, kernel[-2], kwargs)
    return result


def separable(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`separable_conv`: a depthwise convolution followed by a pointwise one."""
    deep = depthwise(args[:2], kwargs)
    kernel, layout = shape(args[2]), {"data_format": kwargs.get("data_format")}
    between: Shape = deep.output  # type: ignore[assignment]
    last = products.convolved(between, kernel, layout)
    products.check_channels(between, kernel[-2], layout)
    return Result(last.output, (*deep.macs, *last.macs))


def transposed(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`conv_transpose`: one multiply-accumulate per input position and kernel element."""
    x, kernel = shape(args[0]), shape(args[1])
    products.check_channels(x, kernel[-1], kwargs)
    rank, layout = len(x) - 2, kwargs.get("data_format")
    window = products.window_of(x, kernel[:-2], kwargs, kwargs.get("strides") or 1, "kernel size")
    extra = kwargs.get("output_padding")
    extras = [None] * rank if extra is None else per_axis(extra, rank, "output_padding")
    spatial = spatial_axes(x, kwargs)
    output = join_channels(x[0], window.transposed_lengths(spatial, extras), kernel[-2], layout)
    positions = volume((x[0], *spatial))
    return Result(output, ((("positions", positions), ("kernel", product(kernel))),))


def patches(args: list[Any], kwargs: dict[str, Any]) -> Result:
    """`image.extract_patches`: each patch is flattened into channels."""
    x, given = shape(args[0]), kwargs["size"]
    size = [given] * 2 if isinstance(given, int) else [whole(item) for item in given]
    if len(size) not in (2, 3):
        raise LayerError(f"size is one number, or one for each of two or three axes; it has {len(size)}")
    batch = x if len(x) == len(size) + 2 else (1, *x)
    channels = batch[channels_axis(kwargs.get("data_format"))]
    made = product((channels, *size))
    strides = kwargs.get("strides") or size
    found = products.convolved(batch, (*size, 1, made), {**kwargs, "strides": strides}).output
    return Result(found if batch is x else found[1:])


def block_moved(to_space: bool) -> Any:
    """A rule for `depth_to_space` or its inverse, which move blocks of pixels from and to the channels."""

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
        return Result(join_channels(x[0], tuple(spatial), made, kwargs.get("data_format")))

    return apply
