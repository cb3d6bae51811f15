"""Operations that multiply and add up: matrix products, contractions, convolutions, pooling, attention."""

from tests.oracle.operation_table import Case, case, tensor, vary

# Pairs of shapes of every two ranks from 0 to 4, that fit and that do not.
MATRICES = (
    ([None, 3, 4], [None, 4, 5]), ([2, 3, 4], [4, 5]), ([3, 4], [2, 4, 5]), ([2, 1, 3, 4], [6, 4, 5]),
    ([4], [4]), ([4], [4, 5]), ([3, 4], [4]), ([2, 3, 4], [4]), ([4], [2, 4, 5]), ([2, 6, 3, 4], [4]),
    ([4], [6, 2, 4, 5]),
    ([3, 4], [4, 5]), ([3, 4], [5, 4]), ([4], [5]), ([4], [5, 6]), ([3, 4], [5]), ([2, 3, 4], [3, 4, 5]),
    ([2, 3, 4], [2, 5, 6]), ([None, 3, 4], [4, 5]), ([None, 3, None], [None, 4, 5]), ([None, 3, 4], [None, None, 5]),
    ([None, None, 4], [4, 5]), ([None, 4], [4, 5]), ([None, 4], [4]), ([None, 4], [None, 4]), ([], [4]), ([4], []),
    ([], []), ([3, 4], []), ([1, 3, 4], [5, 4, 6]), ([None, 3, 4], [1, 4, 5]), ([None, 3, 4], [7, 4, 5]),
    ([2, 3], [3, 2, 3]), ([5, 2, 3], [5, 3, 1]), ([1], [1]), ([1, 4], [4, 1]), ([2, 3, 4, 5], [2, 3, 5, 6]),
    ([2, 3, 4, 5], [2, 1, 5, 6]), ([2, 3, 4, 5], [3, 2, 5, 6]),
)  # fmt: skip
PRODUCTS = [case(name, a, b) for name in ("Matmul", "Dot", "Inner") for a, b in MATRICES]
PRODUCTS += [case("Outer", a, b) for a, b in (([3], [4]), ([2, 3], [4]), ([None, 3], [4]), ([], [4]), ([], []))]
PRODUCTS += [case("Vdot", a, b) for a, b in (([3], [3]), ([2, 3], [2, 3]), ([2, 3], [3, 2]), ([3], [4]))]
PRODUCTS += [
    case("Kron", a, b)
    for a, b in (([2, 3], [4, 5]), ([None, 3], [4, 5]), ([3], [4]), ([2, 3], [4]), ([2, 3, 4], [1, 2, 1]),
                 ([2], [3, 4]))
]  # fmt: skip

PRODUCTS += [
    case("Tensordot", a, b, axes=axes)
    for a, b in (
        ([None, 3, 4], [4, 5]), ([2, 3, 4], [3, 4, 5]), ([2, 3, 4], [4, 3, 5]), ([2, 3, 4], [2, 3, 4]), ([4], [4]),
        ([2, 3, 4], [None, 4]),
    )
    for axes in (0, 1, 2, 3, -1, 4, [[1], [0]], [[2], [1]], [[-1], [0]], [[1, 2], [0, 1]], [[1, 2], [1, 0]],
                 [[0, 1, 2], [0, 1, 2]], [2, 0], [-1, 1], [[3], [0]], [[1, 2], [0]], [[], []])
]  # fmt: skip

EQUATIONS = (
    ("ij,jk->ik", [2, 3], [3, 4]), ("ij,jk", [2, 3], [3, 4]), ("ij,jk->ki", [None, 3], [3, 4]),
    ("ij,kj->ik", [2, 3], [4, 3]), ("bij,bjk->bik", [None, 3, 4], [None, 4, 5]), ("bij,bkj", [2, 3, 4], [2, 5, 4]),
    ("ij,jk->ik", [2, 3], [4, 5]), ("ij,jk->ik", [2, 3, 4], [4, 5]), ("ij->ji", [2, 3]), ("ij", [2, 3]),
    ("ji", [2, 3]), ("ij->", [2, 3]), ("ij->i", [None, 3]), ("ii->i", [3, 3]), ("ii", [3, 3]), ("ii->i", [3, 4]),
    ("...ij,...jk->...ik", [None, 3, 4], [None, 4, 5]), ("...ij,...jk", [2, 3, 4], [4, 5]),
    ("...ij,jk->...ik", [2, 6, 3, 4], [4, 5]), ("...ij,...jk->...ik", [2, 1, 3, 4], [6, 4, 5]),
    ("...ij,...jk->...ik", [2, 3, 4], [5, 4, 6]), ("b...c,b...c->b...", [None, 3, 4, 5], [None, 3, 4, 5]),
    ("b...c,b...c->b...", [2, 3, 5], [2, 3, 5]), ("b...,b...->b...", [2, 3, 4], [2, 3, 4]),
    ("i...j,j->i...", [2, 3, 4], [4]), ("i...j,j->...i", [2, 3, 4], [4]), ("...i,i->...", [4], [4]),
    ("i,i->", [4], [4]), ("i,i", [4], [4]), ("i,j->ij", [3], [4]), ("i,j->ji", [3], [4]), ("i,j", [3], [4]),
    ("ab,bc,cd->ad", [2, 3], [3, 4], [4, 5]), ("ab,bc,cd", [2, 3], [3, 4], [4, 5]),
    ("ij,jk->ik", [1, 1], [3, 4]), ("bij,bjk->bik", [1, 3, 4], [2, 4, 5]), ("bij,bjk->bik", [2, 3, 1], [2, 4, 5]),
    ("ij , jk -> ik", [2, 3], [3, 4]), ("ij,jk->iz", [2, 3], [3, 4]), ("ij,jk->ii", [2, 3], [3, 4]),
    ("ij,jk->ik", [2, 3]), ("ij->ij", [2, 3], [3, 4]), ("...->...", [2, 3]), ("...", [2, 3]), ("", []),
    ("ab,bc->", [None, 3], [3, 4]), ("abc,cde->abde", [None, 3, 4], [4, 2, 5]),
    ("abcd,cde->abe", [None, 3, 2, 4], [2, 4, 5]),
    ("aecd,abcd->acbe", [None, 3, 2, 4], [None, 5, 2, 4]), ("acbe,aecd->abcd", [None, 2, 5, 3], [None, 3, 2, 4]),
    ("bij,bjk->bik", [None, None, 4], [None, 4, 5]), ("ij,jk->ik", [None, None], [3, 4]), ("Ab,bC->AC", [2, 3], [3, 4]),
    ("...a,...b->...ab", [2, 3], [2, 4]), ("a...,b...->ab...", [2, 5], [3, 5]), ("a...b,...b->a...", [2, 3, 4], [3, 4]),
    ("ij,kj->ik", [None, 3], [None, 3]), ("ab,b,c->ac", [2, 3], [3], [4]), ("abc,cd->bd", [2, 3, 4], [4, 5]),
    ("ab,cd->", [2, 3], [4, 5]), ("ab,ab->", [2, 3], [2, 3]), ("...ab,...cb->...ac", [2, 3, 4], [2, 5, 4]),
    ("...ab,...cb", [2, 3, 4], [2, 5, 4]), ("i j", [2, 3]),
    ("ij,jk->i k", [2, 3], [3, 4]), (".ij->ij", [2, 3]), ("ij->ij->ij", [2, 3]),
    ("ij,,jk->ik", [2, 3], [3, 4]),
)  # fmt: skip
PRODUCTS += [case("Einsum", *shapes, subscripts=equation) for equation, *shapes in EQUATIONS]

IMAGES = ([None, 9, 8, 4], [2, 9, 8, 4], [None, None, 8, 4])
CONVOLVED: list[Case] = []
for _padding in ("valid", "same"):
    for _strides in (1, 2, [2, 1], 3):
        CONVOLVED += [case("Conv", x, [3, 2, 4, 6], strides=_strides, padding=_padding) for x in IMAGES]
        CONVOLVED += [
            case("DepthwiseConv", [None, 9, 8, 4], [3, 2, 4, 2], strides=_strides, padding=_padding),
            case("SeparableConv", [None, 9, 8, 4], [3, 2, 4, 2], [1, 1, 8, 5], strides=_strides, padding=_padding),
        ]
        for _extra in (None, 0, 1, [1, 0]):
            CONVOLVED += [
                case("ConvTranspose", x, [3, 2, 6, 4], strides=_strides, padding=_padding, output_padding=_extra)
                for x in ([None, 5, 4, 4], [2, 5, 4, 4])
            ]
    for _rate in (2, [1, 2], 3):
        CONVOLVED += [
            case("Conv", [None, 9, 8, 4], [3, 2, 4, 6], dilation_rate=_rate, padding=_padding),
            case("DepthwiseConv", [None, 9, 8, 4], [3, 2, 4, 2], dilation_rate=_rate, padding=_padding),
            case("SeparableConv", [2, 9, 8, 4], [3, 2, 4, 2], [1, 1, 8, 5], dilation_rate=_rate, padding=_padding),
            case("ConvTranspose", [None, 5, 4, 4], [3, 2, 6, 4], dilation_rate=_rate, padding=_padding),
        ]
    CONVOLVED += [
        case("Conv", [None, 10, 4], [3, 4, 6], padding=_padding),
        case("Conv", [None, 10, 4], [3, 2, 6], padding=_padding),
        case("Conv", [2, 5, 6, 7, 3], [2, 2, 2, 3, 4], padding=_padding),
        case("Conv", [None, 10, 4], [11, 4, 6], padding=_padding),
        case("Conv", [2, 4, 9, 8], [3, 2, 4, 6], padding=_padding, data_format="channels_first"),
        case("DepthwiseConv", [2, 4, 9, 8], [3, 2, 4, 2], padding=_padding, data_format="channels_first"),
        case("SeparableConv", [2, 4, 9, 8], [3, 2, 4, 2], [1, 1, 8, 5], padding=_padding, data_format="channels_first"),
        case("ConvTranspose", [2, 4, 5, 4], [3, 2, 6, 4], padding=_padding, strides=2, data_format="channels_first"),
        case("ConvTranspose", [None, 10, 4], [3, 6, 4], strides=2, padding=_padding),
        case("ConvTranspose", [2, 5, 6, 7, 3], [2, 2, 2, 4, 3], strides=2, padding=_padding),
        case("DepthwiseConv", [None, 10, 4], [3, 4, 2], padding=_padding),
        case("SeparableConv", [None, 10, 4], [3, 4, 2], [1, 8, 5], padding=_padding),
    ]
CONVOLVED += [
    case("Conv", [None, 9, 8, 4], [3, 2, 5, 6]),
    case("Conv", [None, 9, 8, 4], [3, 2, 3, 6]),
    case("Conv", [None, 9, 8, 4], [3, 4, 6]),
    case("Conv", [None, 9, 8, 4], [3, 2, 4, 6], strides=[1]),
    case("Conv", [None, 9, 8, 4], [3, 2, 4, 6], strides=[1, 1, 1]),
    case("Conv", [None, 9, 8, 4], [3, 2, 4, 6], strides=2, dilation_rate=2),
    case("Conv", [None, 9, 8, 4], [3, 2, 4, 6], padding="causal"),
    case("Conv", [None, 9, 8, 4], [3, 2, 4, 6], padding="odd"),
    case("Conv", [None, 9, 4], [3, 4, 6], padding="causal"),
    case("Conv", [None, 9, 4], [3, 4, 6], padding="causal", strides=2),
    case("Conv", [None, 9, None], [3, 4, 6]),
    case("Conv", [None, 9, 4], [9, 4, 6]),
    case("Conv", [None, 9, 4], [3, 4, 6], padding="SAME"),
    case("ConvTranspose", [None, 5, 4, 4], [3, 2, 6, 4], strides=2, output_padding=2),
    case("ConvTranspose", [None, 5, 4, 4], [3, 2, 6, 5]),
    case("DepthwiseConv", [None, 9, 8, 4], [3, 2, 5, 2]),
    case("SeparableConv", [None, 9, 8, 4], [3, 2, 4, 2], [1, 1, 7, 5]),
]

POOLED: list[Case] = []
for _name in ("MaxPool", "AveragePool"):
    for _padding in ("valid", "same"):
        for _strides in (None, 1, [2, 1]):
            POOLED += [
                case(_name, x, pool_size=size, strides=_strides, padding=_padding, data_format="channels_last")
                for x in IMAGES[:2]
                for size in (2, [3, 2], [3])
            ]
        _last = {"padding": _padding, "data_format": "channels_last"}
        POOLED += [
            case(_name, [None, 10, 4], pool_size=3, **_last),
            case(_name, [None, None, 4], pool_size=3, **_last),
            case(_name, [None, 4], pool_size=3, **_last),
            case(_name, [4], pool_size=3, **_last),
            case(_name, [2, 5, 6, 7, 3], pool_size=2, **_last),
            case(_name, [None, 10, 4], pool_size=11, **_last),
            case(_name, [None, 10, 4], pool_size=10, **_last),
            case(_name, [2, 4, 9, 8], pool_size=2, padding=_padding, data_format="channels_first"),
        ]
for _name in ("AdaptiveAveragePool", "AdaptiveMaxPool"):
    POOLED += vary(_name, [None, 9, 8, 4], [2, 9, 8, 4], output_size=(3, [3, 2], [3]))
    POOLED += [case(_name, [2, 4, 9, 8], output_size=3, data_format="channels_first")]

Q, K = [None, 6, 4, 8], [None, 7, 4, 8]
ATTENTION = [
    case("DotProductAttention", Q, K, K),
    case("DotProductAttention", Q, K, [None, 7, 4, 5]),
    case("DotProductAttention", [2, 6, 4, 8], [2, 7, 4, 8], [2, 7, 4, 8]),
    case("DotProductAttention", [2, 6, 4, 8], [2, 7, 2, 8], [2, 7, 2, 8]),
    case("DotProductAttention", [2, 6, 4, 8], [2, 7, 3, 8], [2, 7, 3, 8]),
    case("DotProductAttention", [2, 6, 4, 8], [2, 7, 4, 9], [2, 7, 4, 8]),
    case("DotProductAttention", [2, 6, 4, 8], [2, 7, 4, 8], [2, 5, 4, 8]),
    case("DotProductAttention", [2, 6, 4, 8], [2, 7, 4, 8], [2, 7, 4, 5]),
    case("DotProductAttention", [6, 4, 8], [7, 4, 8], [7, 4, 8]),
    case("DotProductAttention", [2, 6, 4, 8], [3, 7, 4, 8], [3, 7, 4, 8]),
    case("DotProductAttention", Q, K, K, [None, 4, 6, 7], args=[tensor(0), tensor(1), tensor(2), tensor(3)]),
    case("DotProductAttention", Q, Q, Q, is_causal=True),
]

CASES: list[Case] = PRODUCTS + CONVOLVED + POOLED + ATTENTION
