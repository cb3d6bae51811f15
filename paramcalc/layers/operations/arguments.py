"""Shared by all operation rules: the result they return, and helpers that read their arguments."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from paramcalc.errors import LayerError, did_you_mean
from paramcalc.layers.base import Factors
from paramcalc.shapes import Shape, format_shape, ntuple, positive_axis


class Result(NamedTuple):
    """The output shape(s) of an operation, its multiply-accumulates, and its dtype (None: that of the input)."""

    output: Shape | list[Shape]
    macs: tuple[Factors, ...] = ()
    dtype: str | None = None


Rule = Callable[[list[Any], dict[str, Any]], Result]

OPTIONS = frozenset(
    (
        "M", "N", "a", "abs_", "alpha", "angle", "antialias", "approximate", "args", "array", "assume_unique",
        "atol", "attn_logits_soft_cap", "axes", "axes_lengths", "axis", "axis1", "axis2", "axisa", "axisb", "axisc",
        "b", "base", "beam_width", "beta", "bias", "bins", "block_size", "body", "body_fun", "bottom_cropping",
        "bottom_padding", "branches", "center", "choicelist", "compute_uv", "cond", "condition", "condlist",
        "constant_values", "coordinates", "crop_to_aspect_ratio", "data", "data_format", "decimals", "default",
        "default_value", "depthwise_kernel", "destination", "dilation", "dilation_rate", "dtype", "dx", "elements",
        "elems", "end_points", "endpoint", "epsilon", "equal_nan", "f", "false_fn", "fft_length", "fill_mode",
        "fill_value", "filter_sigma", "filter_size", "flash_attention", "from_logits", "full_matrices", "fun",
        "function", "gamma", "has_aux", "image", "image1", "image2", "images", "increasing", "index", "indexing",
        "indices", "indices_or_sections", "init", "init_val", "initial", "inputs", "interpolation", "invert",
        "is_causal", "k", "k1", "k2", "keepdims", "kernel", "kernel_size", "key", "kth", "left_cropping",
        "left_padding", "length", "loop_vars", "lower", "mask", "mask_index", "max_val", "max_vals", "max_value",
        "maximum_iterations", "mean", "merge_repeated", "method", "min_vals", "minlength", "mode", "n", "name",
        "nan", "narrow_range", "negative_slope", "neginf", "newshape", "num", "num_bits", "num_classes",
        "num_segments", "offset", "operands", "ord", "order", "output", "output_length", "output_padding",
        "output_shape", "output_size", "outputs", "pad_to_aspect_ratio", "pad_width", "padding", "pattern",
        "pointwise_kernel", "pool_size", "posinf", "pred", "predictions", "primals", "q", "query", "ragged",
        "range", "rcond", "reduction", "repeats", "retstep", "return_counts", "return_index", "return_inverse",
        "reverse", "right_cropping", "right_padding", "rms_scaling", "rtol", "scale", "seed", "segment_ids",
        "sequence_length", "sequence_lengths", "sequence_stride", "shape", "shift", "side", "sigma", "size",
        "sorted", "sorted_sequence", "source", "sparse", "spatial_dims", "start", "start_indices", "start_points",
        "step", "stop", "strategy", "stride", "strides", "subscripts", "synchronized", "tangents", "target",
        "target_height", "target_length", "target_width", "targets", "tensor", "threshold", "threshold_value",
        "tol", "top_cropping", "top_padding", "top_paths", "transform", "translation", "true_fn", "unroll",
        "updates", "upper", "value", "values", "variable", "variance", "weights", "window", "x", "x1", "x2",
        "x_max", "x_min", "xs", "y",
    )
)  # fmt: skip
"""The names of all settings and arguments in keras.ops, from Keras 3.0 to 3.15."""


def check_options(options: Iterable[str]) -> None:
    """Refuse a setting that no operation has; ignoring a misspelled one would apply its default.

    Raises:
        LayerError: with the closest valid name.
    """
    for name in options:
        if name not in OPTIONS:
            raise LayerError(f"unknown argument '{name[:80]}' of the operation{did_you_mean(name, OPTIONS)}")


def shape(value: Any) -> Shape:
    """The shape of a tensor argument; () for a plain number."""
    found = getattr(value, "shape", None)
    if found is not None:
        return tuple(found)
    if isinstance(value, (int, float)):
        return ()
    if isinstance(value, list):
        return (len(value), *shape(value[0])) if value else (0,)
    raise LayerError("an argument of the operation is not a tensor")


def axes_of(axis: Any, rank: int) -> set[int]:
    """One or more axes as a set of non-negative indices."""
    listed = axis if isinstance(axis, (list, tuple)) else [axis]
    return {positive_axis(item, rank) for item in listed}


def each_axis(axis: Any, rank: int) -> list[int]:
    """One or more axes as non-negative indices, in the given order.

    Raises:
        LayerError: for an axis that does not exist or is repeated.
    """
    found = [positive_axis(item, rank) for item in as_list(axis)]
    if len(set(found)) < len(found):
        raise LayerError("an axis is named twice")
    return found


def whole(value: Any) -> int:
    """Check that a value about to be multiplied is an integer: a string or list would be repeated and fill the memory.

    Raises:
        TypeError: when it is not an integer.
    """
    if type(value) is not int:
        raise TypeError("not an integer")
    return value


def per_axis(value: Any, n: int, name: str) -> tuple[int, ...]:
    """A window setting as one integer per spatial axis; a single integer applies to all `n` axes."""
    return tuple([whole(item) for item in ntuple(value, n, name)])


def spatial_axes(x: Shape, kwargs: dict[str, Any]) -> Shape:
    """The sizes of all axes except batch and channels; possibly none.

    Raises:
        LayerError: when there is no batch or channel axis.
    """
    if len(x) < 2:
        raise LayerError(f"expects an input with a batch and channels, got {format_shape(x)}")
    return x[2:] if kwargs.get("data_format") == "channels_first" else x[1:-1]


def height_axis(x: Shape, kwargs: dict[str, Any]) -> int:
    """The index of an image's height axis; the width is the next one.

    Raises:
        LayerError: when the tensor is neither an image nor a batch of images.
    """
    if len(x) not in (3, 4):
        raise LayerError(f"expects an image, or a batch of them, got {format_shape(x)}")
    return len(x) - (2 if kwargs.get("data_format") == "channels_first" else 3)


def as_list(value: Any) -> list[Any]:
    """The value as a list; a single value becomes a list of one."""
    return list(value) if isinstance(value, (list, tuple)) else [value]


def argument(args: list[Any], kwargs: dict[str, Any], name: str, position: int, default: Any) -> Any:
    """A setting given by keyword or by position, or else its default."""
    if kwargs.get(name) is not None:
        return kwargs[name]
    return args[position] if len(args) > position and args[position] is not None else default
