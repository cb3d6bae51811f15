"""TensorFlow's names for operations (TFOpLambda's `function`) → the rule, and that rule's argument names.

A rename to a digit puts a keyword argument at that position. A rule that starts with `tf.` is in `tensorflow.py`; the
others are classes of keras.ops.
"""

from typing import Any

_BINARY = {"x": "0", "y": "1", "a": "0", "b": "1"}
_REDUCE = {"input_tensor": "0", "input": "0", "tensor": "0", "keep_dims": "keepdims", "reduction_indices": "axis"}
_FIRST = dict.fromkeys(
    ("x", "features", "logits", "input", "inputs", "value", "tensor", "image", "images", "values"), "0"
)

_SUM = {**_BINARY, "value": "0", "bias": "1", "scalar": "0", "real": "0", "imag": "1"}
_TEXT = {"input": "0"}
_IMAGE = {"input": "0", "value": "0"}

_BROADCAST = (
    "__operators__.radd", "AddV2", "RealDiv", "truediv", "realdiv", "truncatediv", "pow", "floormod", "mod",
    "squared_difference", "maximum", "minimum", "atan2", "divide", "div", "divide_no_nan", "div_no_nan", "xlogy",
    "xdivy", "xlog1py", "multiply_no_nan", "scalar_mul", "bias_add", "complex", "polyval", "igamma", "zeta",
    "truncatemod", "approx_equal", "bitwise_and", "bitwise_or", "bitwise_xor", "nextafter",
)  # fmt: skip

_COMPARISONS = ("greater", "less", "equal", "greater_equal", "less_equal", "not_equal", "logical_and", "logical_or",
                "logical_xor")  # fmt: skip

_SAME = (
    "abs", "acos", "acosh", "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation",
    "angle", "argsort", "as_string", "asin", "asinh", "atan", "atanh", "band_part", "batch_normalization", "bessel_i0",
    "bessel_i0e", "bessel_i1", "bessel_i1e", "binary_crossentropy", "bitcast", "cast", "cast_to_floatx", "ceil",
    "check_numerics", "cholesky", "clip", "clip_by_norm", "clip_by_value", "conj", "convert_image_dtype",
    "convert_to_tensor", "cos", "cosh", "cumprod", "cumsum", "cumulative_logsumexp", "digamma", "dropout", "elu",
    "ensure_shape", "erf", "erfc", "erfinv", "exp", "expm1", "exponential", "fake_quant_with_min_max_args",
    "fake_quant_with_min_max_vars", "fft", "flip_left_right", "flip_up_down", "floor", "gelu", "hard_sigmoid",
    "hsv_to_rgb", "identity", "ifft", "imag", "inv", "invert", "l2_normalize",
    "leaky_relu", "lgamma", "linear", "local_response_normalization", "log", "log1p", "log_sigmoid", "log_softmax",
    "lrn", "mish", "nan_to_num", "ndtri", "negative", "ones_like", "ones_like_v2",
    "per_image_standardization", "random_brightness", "random_contrast", "random_flip_left_right",
    "random_flip_up_down", "random_hue", "random_saturation", "real", "reciprocal", "reciprocal_no_nan", "relu",
    "relu6", "reverse", "reverse_sequence", "rgb_to_hsv", "rgb_to_yiq", "rgb_to_yuv", "roll", "round", "rsqrt",
    "saturate_cast", "selu", "set_diag", "shuffle", "sigmoid", "sign", "silu", "sin", "sinh", "softmax", "softplus",
    "softsign", "sort", "sqrt", "square", "stop_gradient", "swish", "tan", "tanh", "tensor_scatter_nd_add",
    "tensor_scatter_nd_update", "yiq_to_rgb", "yuv_to_rgb", "zeros_like", "zeros_like_v2",
)  # fmt: skip

_REDUCTIONS = (
    "reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_std",
    "reduce_variance", "reduce_logsumexp", "reduce_euclidean_norm", "count_nonzero", "norm",
)  # fmt: skip

TENSORFLOW: dict[str, tuple[str, dict[str, str]]] = {
    **dict.fromkeys(_BROADCAST, ("tf.broadcast", _SUM)),
    **dict.fromkeys(_COMPARISONS, ("tf.compare", _BINARY)),
    **dict.fromkeys(("logical_not", "is_nan", "is_inf", "is_finite"), ("LogicalNot", _FIRST)),
    **dict.fromkeys(("reduce_any", "reduce_all"), ("Any", _REDUCE)),
    **dict.fromkeys(("__operators__.add", "math.add", "add"), ("tf.add", _BINARY)),
    **dict.fromkeys(("math.subtract", "subtract", "__operators__.sub"), ("tf.subtract", _BINARY)),
    **dict.fromkeys(("math.multiply", "multiply", "__operators__.mul"), ("tf.multiply", _BINARY)),
    **dict.fromkeys(("floordiv", "floor_div"), ("tf.floor_divide", _BINARY)),
    **dict.fromkeys(_SAME, ("Cast", _FIRST)),
    **dict.fromkeys(_REDUCTIONS, ("Sum", _REDUCE)),
    "reduce_prod": ("Prod", _REDUCE),
    "argmax": ("Argmax", {"input": "0", "dimension": "axis"}),
    "argmin": ("Argmax", {"input": "0", "dimension": "axis"}),
    "reshape": ("tf.reshape", {"tensor": "0", "shape": "newshape"}),
    "transpose": ("Transpose", {"a": "0", "perm": "axes"}),
    "expand_dims": ("ExpandDims", {"input": "0", "dim": "axis"}),
    "squeeze": ("tf.squeeze", {"input": "0", "squeeze_dims": "axis"}),
    "concat": ("tf.concat", {"values": "0"}),
    "stack": ("tf.stack", {"values": "0"}),
    "parallel_stack": ("tf.stack", {"values": "0"}),
    "unstack": ("Unstack", {"value": "0"}),
    "split": ("tf.split", {"value": "0"}),
    "matmul": ("Matmul", _BINARY),
    "matvec": ("tf.matvec", _BINARY),
    "einsum": ("tf.einsum", {}),
    "tensordot": ("tf.tensordot", _BINARY),
    "tile": ("tf.tile", {"input": "0", "multiples": "repeats"}),
    "repeat": ("Repeat", {"input": "0"}),
    "one_hot": ("tf.one_hot", {"indices": "0", "depth": "num_classes"}),
    "pad": ("Pad", {"tensor": "0", "paddings": "pad_width"}),
    "gather": ("tf.gather", {"params": "0"}),
    "gather_nd": ("tf.gather_nd", {"params": "0"}),
    "where": ("tf.where", {"condition": "0", "x": "1", "y": "2"}),
    "__operators__.getitem": ("tf.item", {"slice_spec": "1"}),
    "broadcast_to": ("tf.broadcast_to", {"input": "0"}),
    "top_k": ("TopK", {"input": "0"}),
    "in_top_k": ("tf.first", {}),
    "add_n": ("tf.add_n", {"inputs": "0"}),
    "accumulate_n": ("tf.add_n", {"inputs": "0"}),
    "moments": ("tf.moments", {"x": "0"}),
    "shape": ("tf.shape", {"input": "0"}),
    "size": ("tf.scalar", {"input": "0"}),
    "rank": ("tf.scalar", {"input": "0"}),
    "l2_loss": ("tf.scalar", {"t": "0"}),
    "zero_fraction": ("tf.scalar", {"value": "0"}),
    "strings.length": ("Cast", {"input": "0"}),
    **dict.fromkeys(("strings.lower", "strings.upper", "strings.strip", "strings.regex_replace"), ("Cast", _TEXT)),
    **dict.fromkeys(("fill", "zeros", "ones"), ("tf.filled", {"dims": "0", "shape": "0"})),
    **dict.fromkeys(("random.normal", "random.uniform", "random.truncated_normal", "random_normal", "random_uniform"),
                    ("tf.filled", {"shape": "0"})),
    "range": ("tf.range", {"start": "0"}),
    "slice": ("tf.slice", {"input_": "0"}),
    "strided_slice": ("tf.strided_slice", {"input_": "0"}),
    "boolean_mask": ("tf.boolean_mask", {"tensor": "0"}),
    "sequence_mask": ("tf.sequence_mask", {"lengths": "0"}),
    "scatter_nd": ("tf.scatter_nd", {"indices": "0"}),
    **dict.fromkeys(("nn.conv1d", "nn.conv2d", "nn.conv3d", "nn.convolution"), ("tf.conv", _IMAGE)),
    "atrous_conv2d": ("tf.conv", {"value": "0", "rate": "dilations"}),
    "depthwise_conv2d": ("tf.depthwise", {"input": "0"}),
    **dict.fromkeys(("nn.conv1d_transpose", "nn.conv2d_transpose", "nn.conv3d_transpose"),
                    ("tf.conv_transpose", {"input": "0", "value": "0", "filter": "filters"})),
    **dict.fromkeys(("max_pool", "avg_pool", "max_pool1d", "max_pool2d", "max_pool3d", "avg_pool1d", "avg_pool2d",
                     "avg_pool3d"), ("tf.pool", {"input": "0", "value": "0"})),
    "depth_to_space": ("tf.to_space", {"input": "0"}),
    "space_to_depth": ("tf.to_depth", {"input": "0"}),
    **dict.fromkeys(("image.resize", "image.resize_bilinear", "image.resize_images", "resize_with_pad", "resize",
                     "resize_nearest_neighbor", "resize_bicubic", "resize_with_crop_or_pad", "crop_to_bounding_box",
                     "pad_to_bounding_box", "image.resize_area"), ("tf.resized", {"images": "0", "image": "0"})),
    "extract_patches": ("tf.patches", {"images": "0"}),
    "rgb_to_grayscale": ("tf.one_channel", {"images": "0"}),
    "grayscale_to_rgb": ("tf.three_channels", {"images": "0"}),
    "batch_flatten": ("tf.batch_flatten", {"x": "0"}),
    "categorical_crossentropy": ("tf.without_last", {}),
    "linalg.diag": ("tf.diag", {"diagonal": "0"}),
    "diag_part": ("tf.diag_part", {"input": "0"}),
    "trace": ("tf.without_two", {"x": "0"}),
    "det": ("tf.without_two", {"input": "0"}),
    "logdet": ("tf.without_two", {"matrix": "0"}),
    "matrix_transpose": ("tf.swapped", {"a": "0"}),
    "adjoint": ("tf.swapped", {"matrix": "0"}),
    "pinv": ("tf.swapped", {"a": "0"}),
    "crelu": ("tf.crelu", {"features": "0"}),
}  # fmt: skip
"""Looked up by the whole name (without `compat.v1.`), then by its last part."""

DEFAULTS: dict[str, dict[str, Any]] = {
    "argmax": {"axis": 0},
    "argmin": {"axis": 0},
}
"""Arguments whose default in TensorFlow differs from the rule's."""

TAKE_A_LIST = frozenset(("concat", "stack", "parallel_stack", "add_n", "accumulate_n"))
"""Functions whose first argument is a list of tensors, which files write as separate arguments of the call."""
