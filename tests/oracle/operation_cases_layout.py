"""Operations that move, slice, repeat, join or split."""

from tests.oracle.operation_table import ELLIPSIS, Case, case, each, listed, sliced, tensor, tensors, vary

X, KNOWN, OPEN = [None, 3, 4], [2, 3, 4], [None, None, 4]

RESHAPED = vary(
    "Reshape", X, KNOWN, OPEN,
    newshape=([-1, 12], [-1, 4], [None, 12], [2, 12], [2, -1], [2, 5], [-1], [24], [-1, 5], [-1, -1, 4], [1, -1, 12],
              [], [0, -1], [-1, 0], [2, 3, 2, 2], [None, -1], [-1, None, 4]),
)  # fmt: skip
RESHAPED += vary("Reshape", [0, 3], newshape=([-1, 3], [0], [-1], [3, -1]))
RESHAPED += vary("Reshape", [], newshape=([1], [-1], []))
RESHAPED += each("Ravel", ([None, 3],), ([2, 3, 4],), ([],), ([None, 2, None],))
RESHAPED += vary(
    "Transpose", X, KNOWN,
    axes=(None, [0, 2, 1], [2, 1, 0], [-1, 0, 1], [0, 1], [0, 1, 1], [0, 1, 3], [0, 1, -4], [0, 1, 2, 3]),
)  # fmt: skip
for _pair in ((0, 1), (1, -1), (-1, -2), (2, 2), (0, 3), (-4, 0), (0, -4)):
    RESHAPED += vary("Swapaxes", X, base={"axis1": _pair[0]}, axis2=[_pair[1]])
for _moved in ((0, -1), (1, 0), (-1, 1), ([0, 1], [1, 2]), ([0, 1], [-1, 0]), ([2], [0]), ([0, 0], [1, 2]),
               ([0, 1], [1, 1]), (3, 0), (0, 3), ([0, 1], [2]), ([0, 1, 2], [2, 0, 1])):  # fmt: skip
    RESHAPED += vary("Moveaxis", X, [2, 3, 4, 5], base={"source": _moved[0]}, destination=[_moved[1]])
RESHAPED += vary("ExpandDims", X, [], axis=(0, 1, -1, 3, -4, 4, -5, [0, 1], [0, -1], [1, 1], [0, 4], [1, 3]))
RESHAPED += vary("Squeeze", [None, 1, 4, 1], [1, 3], axis=(None, 1, -1, [1, 3], [1, -1], 0, 2, 4, -5, [1, 1], []))
RESHAPED += vary("Squeeze", [None, None, 1], axis=(None, 1, 2))
RESHAPED += vary("BroadcastTo", [3, 1], [], [None, 1],
                 shape=([3, 4], [2, 3, 4], [3, 1], [4, 4], [3], [1, 1], [5, 1], [None, 4], [0, 3, 1],
                        [-1, 3, 1]))  # fmt: skip

SELECTED = [
    case("GetItem", shape, args=[tensor(0), key])
    for shape in (X, KNOWN, OPEN)
    for key in (
        0, 1, -1, 2, -2, -3, [sliced(), 0], [sliced(), -1], [sliced(), 2], [sliced(), 3], [sliced(), -3],
        [sliced(), -4], [0, 0, 0], [0, 0, 0, 0], sliced(1), sliced(None, 1), [sliced(), sliced(1, 3)],
        [sliced(), sliced(None, -1)], [sliced(), sliced(None, None, 2)], [sliced(), sliced(None, None, -1)],
        [sliced(), sliced(5, 2)], [sliced(), sliced(1, 10)], [sliced(), sliced(-2, None)],
        [sliced(), sliced(None, None, 3)], [sliced(), sliced(3, 0, -2)],
        [ELLIPSIS, 0], [ELLIPSIS, None], [None, ELLIPSIS], [sliced(), None, 0], [0, ELLIPSIS, 0], ELLIPSIS, None,
        [ELLIPSIS, sliced(None, 2)], [0, ELLIPSIS, 1, 2], [ELLIPSIS, 0, 0, 0], [ELLIPSIS, 0, 0, 0, 0],
        [sliced(), sliced(), sliced(), sliced()], [None, None], [0, None, sliced(1), None], [ELLIPSIS, ELLIPSIS],
        [0, ELLIPSIS, ELLIPSIS], [],
    )
]  # fmt: skip
for _axis in (None, 0, 1, -1, 2, 3, -4):
    SELECTED += [
        case("Take", X, [5], types="fi", axis=_axis),
        case("Take", X, [5, 6], types="fi", axis=_axis),
        case("Take", KNOWN, [], types="fi", axis=_axis),
        case("Take", KNOWN, args=[tensor(0), 0], axis=_axis),
        case("Take", KNOWN, args=[tensor(0), [0, 1]], axis=_axis),
        case("Take", KNOWN, args=[tensor(0), [[0], [1], [1]]], axis=_axis),
    ]
SELECTED += [
    case("TakeAlongAxis", X, [None, 1, 4], types="fi", axis=1),
    case("TakeAlongAxis", KNOWN, [2, 3, 1], types="fi", axis=-1),
    case("TakeAlongAxis", KNOWN, [2, 5, 4], types="fi", axis=1),
    case("TakeAlongAxis", KNOWN, [24], types="fi"),
    case("TakeAlongAxis", KNOWN, [1, 2, 4], types="fi", axis=1),
    case("TakeAlongAxis", X, [1, 2, 1], types="fi", axis=1),
    case("TakeAlongAxis", KNOWN, [2, 5], types="fi", axis=1),
    case("TakeAlongAxis", KNOWN, [3, 3, 4], types="fi", axis=1),
    case("TakeAlongAxis", KNOWN, [2, 3, 4], types="fi", axis=3),
]
SELECTED += vary("OneHot", [None, 3], [5], [], types="i", base={"num_classes": 7}, axis=(-1, 0, 1, 2, 3, -2, -3))
SELECTED += vary("MultiHot", [None, 3], [2, 3, 4], [5], types="i", base={"num_classes": 7}, axis=(-1, 0, 1, 2))
SELECTED += vary("TopK", X, KNOWN, [5], [], k=(1, 2, 4, 5))
SELECTED += vary("Diagonal", X, KNOWN, [4, 5], [5], base={"axis1": 0, "axis2": 1}, offset=(0, 1, -1, 4, -4, 9))
for _axes in ((1, 2), (2, 1), (-1, 0), (-2, -1), (0, 0), (0, 3), (1, 1)):
    SELECTED += vary("Diagonal", [2, 3, 5], base={"axis1": _axes[0], "axis2": _axes[1]}, offset=(0, 1, -2, 3))
    SELECTED += vary("Trace", [2, 3, 5], base={"axis1": _axes[0], "axis2": _axes[1]}, offset=(0,))
SELECTED += each("Trace", ([None, 3],), ([3, 4, 5, 6],), ([5],))
SELECTED += vary("Slice", X, KNOWN, shape=([1, 2, 2], [2, 1, 4]))
SELECTED = [{**found, "args": [tensor(0), [0, 1, 0]]} if found["op"] == "Slice" else found for found in SELECTED]

REPEATED = vary("Tile", X, KNOWN, [3], [], repeats=(2, [2], [1, 2], [1, 1, 3], [2, 1, 1, 1], [1, 2, 3], [0, 1], []))
for _repeats in (2, [2], [1, 2, 3], 0, [2, 0, 1]):
    REPEATED += vary("Repeat", X, KNOWN, base={"repeats": _repeats}, axis=(None, 0, 1, -1, 3, -4))
REPEATED += vary(
    "Pad", X, KNOWN, [4],
    pad_width=(1, 0, [1], [1, 2], [[1, 2]], [[0, 0], [1, 2], [3, 4]], [[0, 0], [1, 2]], [[1], [2], [3]],
               [[0, 0], [0, 0], [0, 5]], [[1, 1], [1, 1], [1, 1], [1, 1]]),
)  # fmt: skip
REPEATED += vary("Cumsum", X, KNOWN, [5], axis=(None, 0, 1, -1, 3))
REPEATED += vary("Cumprod", X, KNOWN, [5], axis=(None, 0, -1, 3))
REPEATED += vary("Nancumsum", X, KNOWN, axis=(None, 0, -1)) + vary("Nancumprod", X, KNOWN, axis=(None, 0, -1))
REPEATED += vary("Sort", X, KNOWN, axis=(None, 0, -1, 3)) + vary("Argsort", X, KNOWN, axis=(None, 0, -1, 3))
REPEATED += vary("Argpartition", X, KNOWN, base={"kth": 1}, axis=(None, 0, -1, 3))
REPEATED += vary("Nancumsum", X, axis=(3, -4)) + vary("Cumsum", X, axis=(-4,)) + vary("Sort", X, axis=(-4,))
REPEATED += vary("Glu", X, KNOWN, [4, 6], axis=(-1, 0, 1, 2, 3))
REPEATED += vary("Rot90", [None, 3, 4], [3, 4], k=(0, 1, 2, 3))
REPEATED += vary("Rot90", [2, 3, 4], base={"k": 1}, axes=([0, 1], [1, 2], [1, 0], [-1, 0], [0, 0], [0, 3]))
REPEATED += vary("Diff", X, KNOWN, [5], n=(1, 2, 5, 0)) + vary("Diff", X, KNOWN, axis=(0, 1, -1, 3))

JOINED: list[Case] = []
_LISTS = ([X, X], [X, [None, 3, 5]], [X, [None, 2, 4]], [X, [5, 3, 4]], [X, [None, None, 4]], [X], [X, X, X],
          [X, [None, 3]], [KNOWN, [2, 3, 1]], [[3], [4]], [KNOWN, [1, 3, 4]], [KNOWN, [2, 1, 4]], [OPEN, X],
          [[5], [6], [7]])  # fmt: skip
for _inputs in _LISTS:
    for _axis in (0, 1, -1, 2, 3, -4):
        JOINED += [listed("Concatenate", *_inputs, axis=_axis), listed("Stack", *_inputs, axis=_axis)]
    JOINED += [listed(_name, *_inputs) for _name in ("Hstack", "Vstack", "Dstack")]
JOINED += [listed(_name, [], []) for _name in ("Stack", "Hstack", "Vstack", "Concatenate")]
JOINED += [listed(_name, [2, 3], [2, 3]) for _name in ("Hstack", "Vstack", "Dstack")]
JOINED += [listed(_name, [3], [3]) for _name in ("Hstack", "Vstack", "Dstack")]
JOINED += [listed(_name, [2, 3], [4, 3]) for _name in ("Hstack", "Vstack")]
for _axis in (None, 0, 1, -1, 3):
    JOINED += [
        case("Append", X, X, axis=_axis),
        case("Append", KNOWN, [2, 5, 4], axis=_axis),
        case("Append", [3], [4], axis=_axis),
    ]

APART: list[Case] = []
for _sections in (1, 2, 3, 4, 0, -1, [1], [1, 2], [2, 2], [0], [5], [2, 1], [], [-1]):
    APART += vary("Split", [None, 6, 4], [4, 6, 4], base={"indices_or_sections": _sections}, axis=(0, 1, -1))
for _sections in (1, 2, 3, 4, 7, 0, [1], [1, 2], [2, 2], [5], [2, 1]):
    APART += vary("ArraySplit", [None, 7], [5, 7], base={"indices_or_sections": _sections}, axis=(0, 1, -1))
APART += vary("Split", X, base={"indices_or_sections": 1}, axis=(3, -4))
for _num in (None, 2, 3, 4):
    APART += vary("Unstack", X, KNOWN, base={"num": _num}, axis=(0, 1, -1, 3, -4))

CASES: list[Case] = RESHAPED + SELECTED + REPEATED + JOINED + APART
CASES += [case("Select", [2, 3], [2, 3], args=[tensors(0), tensors(1), 0], types="b")]
