"""Pooling: maximum and average, global and adaptive."""

from tests.oracle.table import DEFAULT, Case, case, grid, on_each, vary

FIRST = "channels_first"
BOTH = ["valid", "same"]

WINDOWED: list[Case] = [
    *[
        each
        for kind in ("MaxPooling", "AveragePooling")
        for each in [
            *grid(
                f"{kind}1D",
                [[10, 4], [None, 4]],
                pool_size=[2, 3],
                strides=[DEFAULT, 1, 3],
                padding=BOTH,
            ),
            *grid(
                f"{kind}2D",
                [[9, 10, 4], [None, None, 4]],
                pool_size=[2, [3, 1]],
                strides=[DEFAULT, 1, [2, 3]],
                padding=BOTH,
            ),
            *grid(
                f"{kind}2D",
                [[4, 9, 10], [4, None, 10]],
                pool_size=[3],
                strides=[DEFAULT, 2],
                padding=BOTH,
                data_format=[FIRST],
            ),
            *grid(
                f"{kind}3D",
                [[7, 8, 9, 2], [7, None, 9, 2]],
                pool_size=[2, [1, 2, 3]],
                strides=[DEFAULT, [2, 1, 3]],
                padding=BOTH,
            ),
            *grid(f"{kind}3D", [[2, 7, 8, 9]], pool_size=[2], padding=BOTH, data_format=[FIRST]),
            *grid(f"{kind}1D", [[4, 10]], pool_size=[3], padding=BOTH, data_format=[FIRST]),
            *vary(
                f"{kind}1D",
                [10, 4],
                {"pool_size": 2},
                pool_size=[0, -1, 10, 11, [2], [2, 2], 1.5, None],
                strides=[0, -1, [2], 12],
                padding=["causal", "SAME", None],
                data_format=["nope"],
            ),
            *vary(
                f"{kind}2D",
                [8, 8, 4],
                {"pool_size": 2},
                pool_size=[0, 9, [8, 9], [2], [2, 2, 2]],
                strides=[0, [1, 0], [3]],
                padding=["causal", "nope"],
            ),
            *vary(
                f"{kind}3D",
                [4, 4, 4, 2],
                {"pool_size": 2},
                pool_size=[5, [2, 2]],
                strides=[0, [1, 2]],
            ),
            *on_each(f"{kind}1D", {"pool_size": 2}, [], [10], [10, None], [1, 4], [0, 4], [5, 10, 4]),
            *on_each(f"{kind}2D", {"pool_size": 2}, [10, 4], [10, 10, None], [1, 8, 4], [5, 10, 10, 4]),
            *on_each(f"{kind}2D", {"pool_size": 2, "padding": "same"}, [1, 1, 4], [0, 8, 4]),
            *on_each(f"{kind}3D", {"pool_size": 2}, [10, 10, 4], [1, 8, 8, 4]),
        ]
    ],
    *[case(f"MaxPooling{n}D", {}, [9] * n + [3]) for n in (1, 2, 3)],
    *[case(f"AveragePooling{n}D", {}, [9] * n + [3]) for n in (1, 2, 3)],
    *[case(f"MaxPool{n}D", {"pool_size": 2}, [9] * n + [3]) for n in (1, 2, 3)],
    *[case(f"AvgPool{n}D", {"pool_size": 2}, [9] * n + [3]) for n in (1, 2, 3)],
]

GLOBAL: list[Case] = [
    *[
        each
        for kind in ("GlobalAveragePooling", "GlobalMaxPooling")
        for each in [
            *grid(
                f"{kind}1D",
                [[10, 4], [None, 4], [10, None]],
                keepdims=[DEFAULT, True],
                data_format=[DEFAULT, FIRST],
            ),
            *grid(
                f"{kind}2D",
                [[9, 8, 4], [None, None, 4], [4, 9, None]],
                keepdims=[DEFAULT, True],
                data_format=[DEFAULT, FIRST],
            ),
            *grid(
                f"{kind}3D",
                [[5, 9, 8, 4], [None, 9, 8, None]],
                keepdims=[DEFAULT, True],
                data_format=[DEFAULT, FIRST],
            ),
            *on_each(f"{kind}1D", {}, [], [4], [2, 3, 4], [0, 4]),
            *on_each(f"{kind}2D", {}, [8, 4], [2, 8, 8, 4], [0, 0, 4]),
            *on_each(f"{kind}3D", {}, [8, 8, 4]),
            case(f"{kind}2D", {"data_format": "nope"}, [8, 8, 4]),
        ]
    ],
    *[case(f"Global{kind}Pool{n}D", {}, [9] * n + [3]) for kind in ("Avg", "Max") for n in (1, 2, 3)],
]

ADAPTIVE: list[Case] = [
    each
    for kind in ("AdaptiveAveragePooling", "AdaptiveMaxPooling")
    for each in [
        *grid(
            f"{kind}1D",
            [[10, 4], [4, 10]],
            output_size=[1, 4, [3], 10, 12],
            data_format=[DEFAULT, FIRST],
        ),
        *grid(f"{kind}2D", [[9, 8, 4]], output_size=[1, 3, [2, 5], 12], data_format=[DEFAULT, FIRST]),
        *grid(f"{kind}3D", [[5, 9, 8, 4]], output_size=[2, [1, 2, 3]], data_format=[DEFAULT, FIRST]),
        *vary(f"{kind}1D", [10, 4], {}, output_size=[0, -1, [2, 2], 2.5, None, "3"]),
        *vary(f"{kind}2D", [9, 8, 4], {}, output_size=[0, -1, [2], [2, 0], [None, 3]]),
        *vary(f"{kind}3D", [5, 5, 5, 4], {}, output_size=[[2, 2], 0]),
        *on_each(f"{kind}1D", {"output_size": 3}, [None, 4], [10], [10, None], [2, 10, 4], [0, 4]),
        *on_each(f"{kind}2D", {"output_size": 3}, [None, 8, 4], [9, 8], [9, 8, None]),
        case(f"{kind}2D", {"output_size": 3, "data_format": "nope"}, [9, 8, 4]),
    ]
]

CASES = [*WINDOWED, *GLOBAL, *ADAPTIVE]
