"""Maps the classes in keras.ops to their shape rules."""

from operator import add, floordiv, mul, sub

from paramcalc.layers.operations import content, joining, layout, products
from paramcalc.layers.operations.arguments import Rule

SAME_SHAPE = frozenset(
    (
        "Abs", "Absolute", "Arccos", "Arccosh", "Arcsin", "Arcsinh", "Arctan", "Arctanh", "BitwiseNot", "Cast",
        "Ceil", "Celu", "Clip", "Conj", "Conjugate", "Cos", "Cosh", "Elu", "ELU", "Erf", "Erfinv", "Exp", "Exp2",
        "Expm1", "Floor", "Gelu", "GELU", "HardShrink", "HardSigmoid", "HardSilu", "HardSwish", "HardTanh",
        "Imag", "Invert", "Isfinite", "Isinf", "Isnan", "LeakyRelu", "LeakyReLU", "Log", "Log10", "Log1p", "Log2",
        "LogSigmoid", "LogicalNot", "Logit", "Mish", "NanToNum", "Negative", "OnesLike",
        "Real", "Reciprocal", "Relu", "ReLU", "Relu6", "ReLU6", "Round", "Rsqrt", "Selu", "SELU", "Sigmoid",
        "Sign", "Signbit", "Silu", "Sin", "Sinc", "Sinh", "SoftShrink", "Softplus", "Softsign",
        "SparsePlus", "SparseSigmoid", "Sqrt", "Square", "Squareplus", "StopGradient", "Swish", "Tan",
        "Tanh", "TanhShrink", "Threshold", "Trunc", "ZerosLike", "RMSNorm", "Positive", "Tril", "Triu",
        "Angle", "Deg2rad", "Fabs", "Fliplr", "Flipud", "EmptyLike", "BitwiseInvert", "Isneginf", "Isposinf",
        "Isreal", "I0", "SaturateCast", "Erfc", "RGBToHSV", "HSVToRGB", "Rad2deg", "FullLike",
        "LayerNorm", "Exponential", "Linear", "HardSILU", "SiLU", "Cbrt", "Copy",
    )
)  # fmt: skip
"""Elementwise operations, and others whose result has the shape of the first argument."""

_WITH_AXIS = ("Flip", "LogSoftmax", "Normalize", "Roll", "Softmax", "Sparsemax")

REDUCTIONS = frozenset(
    (
        "Sum", "Mean", "Max", "Min", "Amax", "Amin", "Std", "Var", "Any", "All", "Median", "Logsumexp",
        "LogSumExp", "CountNonzero", "Argmax", "Argmin", "Average", "Nanmax", "Nanmin", "Nanmean", "Nansum",
        "Nanprod", "Nanstd", "Nanvar", "Nanmedian", "Nanargmax", "Nanargmin", "Ptp",
    )
)  # fmt: skip

_BROADCAST = (
        "Add", "Subtract", "Multiply", "Divide", "DivideNoNan", "TrueDivide", "FloorDivide", "Mod", "Power",
        "Maximum", "Minimum", "Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "LogicalAnd",
        "LogicalOr", "LogicalXor", "Where", "Arctan2", "Logaddexp", "Isclose", "Hypot", "Fmod", "Copysign",
        "Nextafter", "Heaviside", "Fmax", "Fmin", "Gcd", "Lcm", "Ldexp", "Logaddexp2",
)  # fmt: skip
_OF_FIRST = ("BitwiseAnd", "BitwiseOr", "BitwiseXor", "LeftShift", "RightShift", "BitwiseLeftShift",
             "BitwiseRightShift")  # fmt: skip

BOOLEAN = frozenset(
    (
        "Greater", "GreaterEqual", "Less", "LessEqual", "Equal", "NotEqual", "LogicalAnd", "LogicalOr", "LogicalXor",
        "LogicalNot", "Isnan", "Isinf", "Isfinite", "Isneginf", "Isposinf", "Isreal", "Isclose", "Any", "All",
        "Signbit", "Isin",
    )
)  # fmt: skip
"""Operations that return booleans, one byte each."""
INTEGER = frozenset(("Argmax", "Argmin", "Argpartition", "Argsort", "CountNonzero", "Nanargmax", "Nanargmin"))
"""Operations that return indices, as 32-bit integers."""

RULES: dict[str, Rule] = {
    "Identity": layout.same,
    **dict.fromkeys(_WITH_AXIS, layout.same_with_axis),
    "Sum": layout.reduction,
    "Reshape": layout.reshape,
    "Transpose": layout.transpose,
    "Moveaxis": layout.moveaxis,
    "Swapaxes": layout.swapaxes,
    "ExpandDims": layout.expand_dims,
    "Squeeze": layout.squeeze,
    "Split": joining.split,
    "Matmul": products.matmul,
    "Einsum": products.einsum,
    "Tile": layout.tile,
    "Repeat": layout.repeat,
    "Pad": layout.pad,
    "OneHot": layout.one_hot,
    "Take": layout.take,
    "BroadcastTo": layout.broadcast_to,
    "Dot": products.dot,
    "Ravel": layout.flatten_like,
    "Cumsum": layout.cumulative,
    "Cumprod": layout.cumulative,
    "Sort": layout.in_order,
    "Argsort": layout.in_order,
    "TopK": layout.top_k,
    "Hstack": joining.hstack,
    "Vstack": joining.vstack,
    "Dstack": joining.dstack,
    "Tensordot": products.tensordot,
    "Conv": products.convolution,
    "Outer": layout.flat_pair,
    "Norm": layout.norm,
    "MaxPool": products.pooling,
    "AveragePool": products.pooling,
    "Diagonal": layout.diagonal,
    "Glu": layout.glu,
    "GLU": layout.glu,
    "TakeAlongAxis": layout.take_along_axis,
    **dict.fromkeys(_BROADCAST, layout.broadcasting),
    **dict.fromkeys(_OF_FIRST, layout.of_first),
    **{
        name: content.with_content(layout.broadcasting, content.elementwise(operate))
        for name, operate in (("Add", add), ("Subtract", sub), ("Multiply", mul), ("FloorDivide", floordiv))
    },
    "Cast": content.with_content(layout.same, content.unchanged),
    "Prod": content.with_content(layout.reduction, content.product_of),
    "Stack": content.with_content(joining.stack, content.concatenated),
    "Concatenate": content.with_content(joining.concatenate, content.concatenated),
    "GetItem": content.indexed(layout.get_item),
    "Unstack": content.unstacked(joining.unstack),
}
