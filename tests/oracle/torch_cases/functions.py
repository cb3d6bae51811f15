"""Functions of torch that are layers in a spec."""

from tests.oracle.torch_cases.table import Case, case, grid

PAIRS = [[[2, 3], [2, 3]], [[2, 3], [3]], [[2, 1, 4], [3, 1]], [[2, 3], [2, 4]], [[2, 3], [1, 1, 1]], [[2], [2], [1]]]

CASES: list[Case] = [
    *[case(kind, {}, *shapes) for kind in ("Add", "Mul") for shapes in PAIRS],
    *[
        case("Cat", {"dim": dim}, *shapes)
        for dim in (0, 1, -1, 2)
        for shapes in (
            [[2, 3], [2, 3]],
            [[2, 3], [2, 4]],
            [[1, 3, 4], [2, 3, 4]],
            [[2, 3], [2, 3, 4]],
            [[2, 3], [2, 5], [2, 1]],
            [[2, 3]],
        )
    ],
    *grid(
        "Permute",
        {},
        [[2, 3, 4], [2, 3]],
        dims=[[0, 2, 1], [2, 0, 1], [-1, 0, 1], [1, 0], [0, 0, 1], [0, 1, 2, 3], [0, 3, 1]],
    ),
    *grid("Select", {}, [[2, 3, 4], [2, 3], [2]], dim=[0, 1, -1, 2, -3], index=[0, 1, 2, -1, -2, -3, 3]),
    *[
        case("MatMul", {}, *shapes)
        for shapes in (
            [[2, 3], [3, 4]],
            [[2, 3], [4, 3]],
            [[5, 2, 3], [3, 4]],
            [[5, 2, 3], [5, 3, 4]],
            [[5, 2, 3], [6, 3, 4]],
            [[5, 6, 2, 3], [5, 1, 3, 4]],
        )
    ],
    *grid(
        "Mean",
        {},
        [[2, 3, 4], [2, 3], [2]],
        dim=[0, 1, -1, [1, 2], [0, 1], [1, 1], [-1, 1], [], 3],
        keepdim=[True, False],
    ),
]
