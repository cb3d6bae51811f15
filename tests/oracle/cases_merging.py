"""Merging layers: elementwise, Concatenate, Dot."""

from itertools import product

from tests.oracle.table import Case, Shape, case

ELEMENTWISE_INPUTS: list[list[Shape]] = [
    [[4], [4]],
    [[4], [4], [4]],
    [[4, 3], [4, 3]],
    [[None, 3], [4, 3]],
    [[None, 3], [None, 3]],
    [[4, None], [1, 3]],
    [[4, 3], [1, 3]],
    [[4, 1], [1, 3]],
    [[4, 3], [3]],
    [[4, 3], [4]],
    [[3], [4, 3]],
    [[5, 4, 3], [3]],
    [[5, 4, 3], [4, 3]],
    [[5, 4, 3], [5, 1, 1], [1, 4, 3]],
    [[4], [5]],
    [[4], [1]],
    [[4, 3], [4, 2]],
    [[], []],
    [[4], []],
    [[4]],
    [[0], [0]],
    [[0], [1]],
    [[None], [1]],
    [[None], [1], [5]],
    [[None], [5], [6]],
]

ELEMENTWISE: list[Case] = [
    case(kind, {}, *shapes)
    for kind, shapes in product(("Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract"), ELEMENTWISE_INPUTS)
]

CONCATENATE: list[Case] = [
    *[
        case("Concatenate", {} if axis == -1 else {"axis": axis}, *shapes)
        for axis, shapes in product(
            (-1, 1, 2, 0, -2, 3),
            (
                [[4, 3], [4, 5]],
                [[4, 3], [2, 3]],
                [[4, 3], [4, 3], [4, 3]],
                [[None, 3], [4, 3]],
                [[4, None], [4, 3]],
            ),
        )
    ],
    *[
        case("Concatenate", {}, *shapes)
        for shapes in (
            [[4]],
            [[4], [5]],
            [[None], [5]],
            [[4], [4, 3]],
            [[], []],
            [[0], [5]],
            [[2, 3, 4], [2, 3, 1], [2, 3, 7]],
            [[2, 3, 4], [2, 1, 4]],
            [[None, None, 4], [2, None, 4]],
            [[None, 3, 4], [2, 3, 4], [5, 3, 4]],
            [[2, 3], [1, 3]],
        )
    ],
    case("Concatenate", {"axis": -4}, [4, 3], [4, 3]),
    case("Concatenate", {"axis": "1"}, [4, 3], [4, 3]),
    case("Concatenate", {"axis": None}, [4, 3], [4, 3]),
]

DOT: list[Case] = [
    *[
        case("Dot", {"axes": axes}, *shapes)
        for axes, shapes in product(
            (1, 2, -1, -2, [1, 1], [1, 2], [2, 1], [2, 2], [-1, -1], [-1, 1]),
            (
                [[4], [4]],
                [[4, 3], [4, 3]],
                [[4, 3], [3, 5]],
                [[4, 3], [5, 3]],
                [[4, 3], [3]],
                [[None, 3], [None, 3]],
                [[6, 4, 3], [4, 3]],
            ),
        )
    ],
    *[
        case("Dot", {"axes": axes}, [4, 3], [4, 3])
        for axes in (0, 3, -3, [0, 1], [1], [1, 2, 3], [], "1", 1.5, None, [1.0, 1.0], [3, 3])
    ],
    *[case("Dot", {"axes": 1, "normalize": True}, *shapes) for shapes in ([[4], [4]], [[4, 3], [4, 5]], [[4], [5]])],
    case("Dot", {"axes": 1}, [4]),
    case("Dot", {"axes": 1}, [4], [4], [4]),
    case("Dot", {"axes": 1}, [], [4]),
    case("Dot", {"axes": 1}, [None], [4]),
    case("Dot", {"axes": [3, 2]}, [6, 4, 3], [5, 3]),
    case("Dot", {"axes": [3, 2]}, [6, 4, 3], [6, 3, 5]),
    case("Dot", {"axes": [3, 1]}, [6, 4, 3], [3]),
    case("Dot", {"axes": [1, 1]}, [0], [0]),
    case("Dot", {}, [4], [4]),
]

CASES = [*ELEMENTWISE, *CONCATENATE, *DOT]
