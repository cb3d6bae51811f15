"""Operations that keep a shape, broadcast several, or reduce one."""

from tests.oracle.operation_table import Case, case, each, tensor, tensors, vary

# Every rule looks at the rank, so each operation meets several, with and without unknown sizes.
ONE = ([None, 3, 4],), ([2, 5],), ([],)

SAME = each(
    "Abs Absolute Arccos Arccosh Arcsin Arcsinh Arctan Arctanh Cbrt Ceil Celu Conj Conjugate Copy Cos Cosh Deg2rad Elu "
    "Erf Erfc Erfinv Exp Exp2 Expm1 Fabs Floor Gelu HardShrink HardSigmoid HardSilu HardTanh I0 Imag LeakyRelu Log "
    "Log10 Log1p Log2 LogSigmoid NanToNum Negative OnesLike Rad2deg Real Reciprocal Relu Relu6 Round Rsqrt Selu "
    "Sigmoid Sign Silu Sin Sinc Sinh SoftShrink Softplus Softsign SparsePlus SparseSigmoid Sqrt Square Squareplus "
    "StopGradient Tan Tanh TanhShrink Trunc ZerosLike EmptyLike Isfinite Isinf Isnan Isneginf Isposinf Isreal "
    "LogicalNot Signbit Array ConvertToTensor",
    *ONE,
)
SAME += each("BitwiseNot BitwiseInvert", *ONE, types="i")
SAME += each("Angle", *ONE, types="c")
SAME += each("Softmax LogSoftmax Sparsemax Normalize", ([None, 3, 4],), ([2, 5],))
SAME += [case(name, [None, 3, 4], args=[tensor(0), None]) for name in ("RMSNorm",)]
SAME += [case("LayerNorm", [None, 3, 4], args=[tensor(0), None, None])]
SAME += each("Softmax LogSoftmax Sparsemax Normalize", ([None, 3, 4],), axis=1)
SAME += each("Softmax LogSoftmax Sparsemax Normalize Flip", ([None, 3, 4],), axis=3)
SAME += each("Flip", ([None, 3, 4],), axis=[0, 1])
SAME += each("Fliplr", ([2, 3],), ([None, 3, 4],))
SAME += each("Flipud Flip", ([2, 3],), ([None, 3, 4],))
SAME += each("Tril Triu", ([2, 3],), ([None, 3, 4],), k=1)
SAME += each("Roll", ([None, 3, 4],), shift=1, axis=1)
SAME += each("Roll", ([None, 3, 4],), shift=1, axis=3)
SAME += each("Clip", *ONE, x_min=0.0, x_max=1.0)
SAME += each("Threshold", *ONE, threshold=0.0, default_value=1.0)
SAME += each("Cast SaturateCast", *ONE, dtype="float16") + each("Cast", *ONE, dtype="int8")
SAME += each("View", *ONE, dtype="int32")
SAME += each("View", ([None, 3, 4],), dtype="float16")
SAME += [case("FullLike", [None, 3, 4], args=[tensor(0), 7]), case("FullLike", [2, 3], [], args=tensors(0, 1))]
SAME += each("RGBToHSV HSVToRGB", ([None, 4, 5, 3],), ([4, 5, 3],))
SAME += [
    case("BatchNorm", [None, 4, 3], [3], [3], args=[tensor(0), tensor(1), tensor(2), None, None], axis=-1),
    case("LayerNorm", [None, 4, 3], [3], [3]),
]
SAME += [case("RMSNorm", [None, 4, 3], [3])]
SAME += each("Cholesky Inv", ([None, 3, 3],), ([3, 3],), ([2, 5, 4, 4],))
SAME += each("Polar", ([None, 3], [None, 3]), ([2, 3], [2, 3]))
SAME += [
    case("AffineTransform", [None, 8, 9, 3], [None, 8]),
    case("AffineTransform", [8, 9, 3], [8]),
    case("PerspectiveTransform", [None, 8, 9, 3], [None, 4, 2], [None, 4, 2]),
    *each("GaussianBlur ElasticTransform", ([None, 8, 9, 3],), ([8, 9, 3],)),
    case("SliceUpdate", [None, 4, 5], [None, 2, 2], args=[tensor(0), [0, 1, 1], tensor(1)]),
    case("ScatterUpdate", [4, 5], [3, 2], [3], types="fif"),
    case("BinaryCrossentropy", [None, 3], [None, 3]),
    case("BinaryCrossentropy", [2, 3, 4], [2, 3, 4]),
]

PAIRS = (
    ([None, 3, 4], [None, 3, 4]),
    ([None, 3, 4], [4]),
    ([3, 1], [None, 1, 5]),
    ([None, None, 4], [None, 3, 1]),
    ([2, 1, 4], [3, 1]),
    ([None, 3], [None, None]),
    ([2, 3], []),
    ([], []),
    ([2, 3], [2, 4]),
    ([2, 3, 4], [2, 1]),
    ([3, 3], [2, 3]),
    ([None, 3], [5, 3]),
    ([None, 3], [1, 3]),
)
ARITHMETIC = "Add Subtract Multiply Divide Maximum Power Greater Equal LogicalAnd Where"
BROADCAST = each(ARITHMETIC.replace(" Where", ""), *PAIRS)
BROADCAST += each(
    "DivideNoNan TrueDivide FloorDivide Mod Minimum GreaterEqual Less LessEqual NotEqual LogicalOr LogicalXor Arctan2 "
    "Logaddexp Logaddexp2 Hypot Fmod Nextafter Heaviside Fmax Fmin Isclose",
    *PAIRS[:3],
    PAIRS[8],
)
BROADCAST += each(
    "BitwiseAnd BitwiseOr BitwiseXor LeftShift RightShift BitwiseLeftShift BitwiseRightShift Gcd Lcm",
    *PAIRS[:3],
    PAIRS[8],
    types="ii",
)
BROADCAST += each("Ldexp", *PAIRS[:3], PAIRS[8], types="fi")
BROADCAST += [
    case("Add", [None, 3], args=[tensor(0), 2.0]),
    case("Add", [None, 3], args=[1, tensor(0)]),
    case("Multiply", [None, 3], [None, 1], kwargs={"x1": tensor(0), "x2": tensor(1)}, args=[]),
    case("Add", [None, 3], args=[tensor(0), [1.0, 2.0, 3.0]]),
    case("Add", [None, 3], args=[tensor(0), [[1.0], [2.0]]]),
    case("Where", [None, 3], [None, 3], [None, 3], types="b"),
    case("Where", [None, 1], [None, 3], [4, 1, 1], types="b"),
    case("Where", [None, 3], args=[tensor(0), 1.0, 0.0], types="b"),
    case("Where", [2, 3], [2, 4], [2, 3], types="b"),
    case("Where", [2, 3], [2, 3], [3, 3], types="b"),
    case("Select", [None, 3], [None, 3], [None, 3], [None, 3], args=[tensors(0, 1), tensors(2, 3), 0], types="bb"),
    case("Select", [2, 3], [2, 3], args=[tensors(0), tensors(1), 0], types="b"),
    case("Isclose", [None, 3], [3], args=[tensor(0), tensor(1), 0.1, 0.1]),
]

AXES = (None, -1, 0, 1, 2, [1], [0, -1], [1, 2], [0, 1, 2], -3, 3, -4, [0, 3], [])
REDUCED = vary("Sum", [None, 3, 4], [2, 3, 4], axis=AXES)
REDUCED += vary("Sum", [None, 3, 4], base={"keepdims": True}, axis=AXES)
REDUCED += vary("Sum", [None, None, 4], axis=AXES[:8])
REDUCED += each("Sum", ([],), ([5],))
REDUCED += each(
    "Mean Max Min Amax Amin Std Var Any All Median Logsumexp CountNonzero Prod Average Nanmax Nanmin Nanmean Nansum "
    "Nanprod Nanstd Nanvar Nanmedian Ptp Norm",
    ([None, 3, 4],),
    ([2, 5],),
)
for _axis in (-1, 0, [1], [0, 1], 2):
    REDUCED += each(
        "Mean Max Min Amax Amin Std Var Any All Median Logsumexp CountNonzero Prod Nanmax Nanmin Nanmean Nansum "
        "Nanprod Nanstd Nanvar Nanmedian Ptp Norm",
        ([None, 3],),
        axis=_axis,
    )
    REDUCED += each(
        "Mean Max Min Amax Amin Std Var Any All Median Logsumexp Prod Nanmax Nanmin Nanmean Nansum Nanprod Nanstd "
        "Nanvar Nanmedian Ptp Norm",
        ([None, 3],),
        axis=_axis,
        keepdims=True,
    )
for _axis in (None, -1, 0, 1, 2, -4, 3):
    REDUCED += each("Argmax Argmin Nanargmax Nanargmin", ([None, 3, 4],), axis=_axis)
    REDUCED += each("Argmax Argmin", ([2, 3, 4],), axis=_axis, keepdims=True)
REDUCED += vary("Average", [None, 3, 4], axis=(-1, 1, 0, 3))
REDUCED += [
    case("Average", [None, 3, 4], [None, 3, 4], axis=1),
    case("Average", [None, 3, 4], [3], axis=1),
    *vary("Moments", [None, 3, 4], axes=(-1, [1], [1, 2], 0, 3)),
    *vary("Moments", [2, 3, 4], base={"keepdims": True}, axes=(-1, [1, 2])),
]
for _name in ("Quantile", "Percentile", "Nanquantile", "Nanpercentile"):
    REDUCED += [
        case(_name, [None, 3, 4], args=[tensor(0), 0.5], axis=1),
        case(_name, [None, 3, 4], args=[tensor(0), 0.5]),
        case(_name, [2, 3, 4], args=[tensor(0), 0.5], axis=-1, keepdims=True),
        case(_name, [2, 3, 4], [5], axis=-1),
        case(_name, [2, 3, 4], [5], axis=-1, keepdims=True),
        case(_name, [2, 3, 4], args=[tensor(0), [0.1, 0.9]], axis=[0, 1]),
    ]

CASES: list[Case] = SAME + BROADCAST + REDUCED
