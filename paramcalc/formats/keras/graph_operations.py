"""Maps a TensorFlowOpLayer, an operation of a TensorFlow graph, to the TensorFlow function that it stands for.

tf.keras 2.0 to 2.3 wrote these. The entry has a `node_def` with the operation's name, inputs and attributes, and the
constant inputs by position.
"""

import base64
import binascii
from typing import Any

import msgspec

from paramcalc.errors import LayerError

_UNARY = (
    "Abs", "Acos", "Acosh", "Angle", "Asin", "Asinh", "Atan", "Atanh", "Ceil", "CheckNumerics", "Conj", "Cos", "Cosh",
    "Digamma", "Elu", "Erf", "Erfc", "Exp", "Expm1", "FakeQuantWithMinMaxArgs", "FFT", "Floor", "GuaranteeConst",
    "Identity", "Imag", "Inv", "LeakyRelu", "Lgamma", "Log", "Log1p", "LogSoftmax", "LRN", "Neg", "OnesLike", "Real",
    "Reciprocal", "Relu", "Relu6", "Rint", "Round", "Rsqrt", "Selu", "Sigmoid", "Sign", "Sin", "Sinh", "Snapshot",
    "Softmax", "Softplus", "Softsign", "Sqrt", "Square", "StopGradient", "Tan", "Tanh", "ZerosLike", "AdjustHue",
    "AdjustContrastv2", "AdjustSaturation", "RGBToHSV", "HSVToRGB", "Cumsum", "Cumprod", "ReverseV2", "Roll",
    "MatrixBandPart", "MatrixSetDiagV3", "TensorScatterUpdate", "RandomShuffle", "EnsureShape", "AsString", "Bitcast",
    "BesselI0", "Ndtri", "Cholesky",
)  # fmt: skip
_BINARY = (
    "RealDiv", "Div", "Pow", "FloorMod", "Mod", "SquaredDifference", "Maximum", "Minimum", "Atan2", "DivNoNan",
    "MulNoNan", "Xlogy", "Xdivy", "TruncateDiv", "TruncateMod", "Complex",
)  # fmt: skip
_COMPARISONS = ("Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr")
_REDUCTIONS = ("Sum", "Mean", "Max", "Min", "EuclideanNorm")

FUNCTIONS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(_UNARY, ("identity", "x")),
    **dict.fromkeys(_BINARY, ("maximum", "x y")),
    **dict.fromkeys(_COMPARISONS, ("equal", "x y")),
    **dict.fromkeys(_REDUCTIONS, ("reduce_sum", "input_tensor axis")),
    **dict.fromkeys(("All", "Any"), ("reduce_any", "input_tensor axis")),
    **dict.fromkeys(("IsNan", "IsInf", "IsFinite", "LogicalNot"), ("logical_not", "x")),
    **dict.fromkeys(("Add", "AddV2"), ("add", "x y")),
    "Prod": ("reduce_prod", "input_tensor axis"),
    "Sub": ("subtract", "x y"),
    "Mul": ("multiply", "x y"),
    "FloorDiv": ("floordiv", "x y"),
    "Cast": ("cast", "x"),
    "BiasAdd": ("bias_add", "value bias"),
    "ArgMax": ("argmax", "input dimension"),
    "ArgMin": ("argmin", "input dimension"),
    "Reshape": ("reshape", "tensor shape"),
    "Transpose": ("transpose", "a perm"),
    "ExpandDims": ("expand_dims", "input dim"),
    "Squeeze": ("squeeze", "input"),
    "ConcatV2": ("concat", "*values axis"),
    "Pack": ("stack", "*values"),
    "AddN": ("add_n", "*inputs"),
    "Einsum": ("einsum", "*"),
    "Unpack": ("unstack", "value"),
    "Split": ("split", "axis value"),
    "SplitV": ("split", "value num_or_size_splits axis"),
    "Tile": ("tile", "input multiples"),
    **dict.fromkeys(("Pad", "PadV2", "MirrorPad"), ("pad", "tensor paddings")),
    "MatMul": ("matmul", "a b"),
    **dict.fromkeys(("BatchMatMul", "BatchMatMulV2", "BatchMatMulV3"), ("matmul", "a b")),
    "OneHot": ("one_hot", "indices depth"),
    **dict.fromkeys(("Gather", "GatherV2"), ("gather", "params indices axis")),
    "GatherNd": ("gather_nd", "params indices"),
    **dict.fromkeys(("Select", "SelectV2"), ("where", "condition x y")),
    "Where": ("where", "condition"),
    "StridedSlice": ("strided_slice", "input_ begin end strides"),
    "Slice": ("slice", "input_ begin size"),
    "BroadcastTo": ("broadcast_to", "input shape"),
    "TopKV2": ("top_k", "input k"),
    "Shape": ("shape", "input"),
    **dict.fromkeys(("Size", "Rank"), ("size", "input")),
    "L2Loss": ("l2_loss", "t"),
    "Fill": ("fill", "dims"),
    **dict.fromkeys(("RandomStandardNormal", "RandomUniform", "TruncatedNormal"), ("random.normal", "shape")),
    "Range": ("range", "start limit delta"),
    "Conv2D": ("nn.conv2d", "input filters"),
    "Conv3D": ("nn.conv3d", "input filters"),
    "DepthwiseConv2dNative": ("depthwise_conv2d", "input filter"),
    **dict.fromkeys(("MaxPool", "AvgPool", "MaxPool3D", "AvgPool3D"), ("max_pool", "value")),
    "DepthToSpace": ("depth_to_space", "input"),
    "SpaceToDepth": ("space_to_depth", "input"),
    **dict.fromkeys(("ResizeBilinear", "ResizeNearestNeighbor", "ResizeBicubic", "ResizeArea"),
                    ("image.resize", "images size")),
    "ExtractImagePatches": ("extract_patches", "images"),
    "MatrixDiagV3": ("linalg.diag", "diagonal"),
    "MatrixDiagPartV3": ("diag_part", "input"),
    "MatrixDeterminant": ("det", "input"),
    "MatrixInverse": ("inv", "x"),
}  # fmt: skip
"""Graph operation → the function, and the names of its inputs; a starred name takes all remaining inputs."""

ATTRIBUTES = {
    "keep_dims": "keepdims", "axis": "axis", "adj_x": "transpose_a", "adj_y": "transpose_b", "batch_dims": "batch_dims",
    "transpose_a": "transpose_a", "transpose_b": "transpose_b", "squeeze_dims": "axis",
    "num_split": "num_or_size_splits",
    "num": "num", "strides": "strides", "dilations": "dilations", "padding": "padding", "data_format": "data_format",
    "ksize": "ksize", "ksizes": "sizes", "rates": "rates", "block_size": "block_size", "equation": "subscripts",
    "begin_mask": "begin_mask", "end_mask": "end_mask", "ellipsis_mask": "ellipsis_mask", "DstT": "dtype",
    "new_axis_mask": "new_axis_mask", "shrink_axis_mask": "shrink_axis_mask",
}  # fmt: skip
TYPES = {"DT_HALF": "float16", "DT_BFLOAT16": "bfloat16", "DT_DOUBLE": "float64", "DT_BOOL": "bool",
         "DT_UINT8": "uint8", "DT_INT8": "int8", "DT_INT32": "int32", "DT_INT64": "int64"}  # fmt: skip


def function_call(config: dict[str, Any], tensors: list[Any]) -> tuple[str, list[Any], dict[str, Any]]:
    """The function, with its positional and its named arguments.

    Raises:
        LayerError: for an unknown operation, or a node whose parts contradict each other.
    """
    node = node_of(config)
    name = node.get("op")
    function, names = FUNCTIONS.get(name if isinstance(name, str) else "", ("", ""))
    if not function:
        raise LayerError(f"TensorFlow's operation '{str(name)[:60]}' is not known, so its output shape is not")
    inputs = inputs_of(node, config.get("constants"), tensors)
    attributes = node.get("attr")
    named = {
        ATTRIBUTES[key]: attribute(value)
        for key, value in (attributes.items() if isinstance(attributes, dict) else ())
        if key in ATTRIBUTES and attribute(value) not in (None, [])
    }
    first, *rest = names.split(" ")
    if not first.startswith("*"):
        return function, [], named | dict(zip((first, *rest), inputs, strict=False))
    last = len(inputs) - len(rest)
    named |= dict(zip(rest, inputs[last:], strict=True))
    return function, inputs[:last] if first == "*" else [inputs[:last]], named


def node_of(config: dict[str, Any]) -> dict[str, Any]:
    """The operation as a mapping; tf.keras 2.0 to 2.2 wrote it as a JSON string."""
    node = config.get("node_def")
    if isinstance(node, str):
        try:
            node = msgspec.json.decode(node)
        except msgspec.DecodeError:
            node = None
    if not isinstance(node, dict) or not isinstance(node.get("input", []), list):
        raise LayerError("its node_def is not an operation of a graph")
    return node


def inputs_of(node: dict[str, Any], constants: Any, tensors: list[Any]) -> list[Any]:
    """The inputs in order: constants at their own positions, tensors at the others."""
    count = sum(not str(name).startswith("^") for name in node.get("input", []))
    known = constants if isinstance(constants, dict) else {}
    remaining = iter(tensors)
    inputs = [known[str(place)] if str(place) in known else next(remaining, None) for place in range(count)]
    if any(item is None for item in inputs) or next(remaining, None) is not None:
        raise LayerError("it has a different number of inputs than its node_def")
    return inputs


def is_integer(value: Any) -> bool:
    """Whether a value is an integer of reasonable size, as a number or as text."""
    return type(value) in (int, str) and len(str(value)) < 20 and str(value).removeprefix("-").isdecimal()


def attribute(value: Any) -> Any:
    """The value of an attribute: a number, a boolean, a string, a type, or a list of numbers."""
    if not isinstance(value, dict):
        return None
    if isinstance(value.get("list"), dict):
        items = value["list"].get("i", [])
        return [int(item) for item in items if is_integer(item)] if isinstance(items, list) else None
    if is_integer(value.get("i")):
        return int(value["i"])
    if isinstance(value.get("s"), str):
        try:
            return base64.b64decode(value["s"]).decode("ascii", "replace")
        except (binascii.Error, ValueError):
            return None
    return TYPES.get(str(value["type"])) if "type" in value else value.get("b")
