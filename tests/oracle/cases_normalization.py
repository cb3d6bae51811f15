"""Normalization layers and SpectralNormalization."""

from tests.oracle.table import DEFAULT, Case, case, grid, on_each, vary

OFF = [DEFAULT, False]

BATCH: list[Case] = [
    *grid("BatchNormalization", [[8], [5, 6, 3], [None, 3]], center=OFF, scale=OFF),
    *vary(
        "BatchNormalization",
        [4, 5, 3],
        {},
        axis=[1, 2, 3, -1, -2, -3, 0, 4, -4, -5, [3], [1, 2]],
        momentum=[0.5, 2],
        epsilon=[0, 0.1, -1],
        renorm=[True],
        trainable=[False],
        no_such=[1],
    ),
    *on_each("BatchNormalization", {}, [], [None], [3, None], [0], [2, 3, 4, 5, 6]),
    *on_each("BatchNormalization", {"axis": 1}, [4, None, None], [None, 4], [4]),
    case("BatchNormalization", {"axis": 1, "center": False, "scale": False, "renorm": True}, [4, 5]),
]

LAYER: list[Case] = [
    *grid("LayerNormalization", [[8], [4, 5, 3], [None, 3]], center=OFF, scale=OFF),
    *vary(
        "LayerNormalization",
        [4, 5, 3],
        {},
        axis=[
            1,
            2,
            -2,
            0,
            [1, 2],
            [2, 3],
            [1, 2, 3],
            [-2, -1],
            [3, 1],
            [1, 1],
            [],
            4,
            -5,
            [3, -1],
            "a",
            1.5,
        ],
        epsilon=[0.1],
        trainable=[False],
        rms_scaling=[True],
    ),
    *on_each("LayerNormalization", {}, [], [None], [3, None], [0]),
    *on_each("LayerNormalization", {"axis": [1, 2]}, [None, 3], [4, None], [4, 5, 6], [4]),
    *grid(
        "RMSNormalization",
        [[8], [4, 5, 3], [None, 3], [3, None], []],
        axis=[DEFAULT, 1, [1, 2], [-2, -1], 0],
    ),
    *vary(
        "RMSNormalization",
        [4, 5, 3],
        {},
        axis=[[3, 1], [1, 2, 3], [], 4, -5, "a"],
        epsilon=[0.1],
        trainable=[False],
    ),
    *grid("UnitNormalization", [[8], [4, 5, 3], [None, 3], [3, None]], axis=[DEFAULT, 1, [1, 2], 0]),
    *vary("UnitNormalization", [4, 5, 3], {}, axis=[3, 4, -5, [], [1, 3], "a", 1.5]),
]

GROUP: list[Case] = [
    *grid(
        "GroupNormalization",
        [[6], [4, 5, 6], [None, 6]],
        groups=[1, 2, 6, -1],
        center=OFF,
        scale=[DEFAULT],
    ),
    *vary(
        "GroupNormalization",
        [4, 5, 6],
        {"groups": 2},
        groups=[0, -2, 3, 4, 5, 12, 32, 2.0],
        axis=[1, 2, 3, -2, -3, 0, 4, -5, [3], [2, 3]],
        scale=[False],
        epsilon=[0.1],
        trainable=[False],
    ),
    *on_each("GroupNormalization", {}, [32], [64], [4, 32], [], [None], [4, None], [48]),
    *on_each("GroupNormalization", {"groups": -1}, [None], [4, None], [0]),
    *on_each("GroupNormalization", {"groups": 2, "axis": 1}, [4, None, None], [4, 4]),
]

NORMALIZATION: list[Case] = [
    *on_each("Normalization", {}, [], [3], [4, 3], [None, 3], [3, None], [0], [4, 4, 4, 3]),
    *vary(
        "Normalization",
        [4, 5, 3],
        {},
        axis=[1, 2, 3, -2, None, [1, 2], [2, 3], [-1, -2], 0, [0, 1], 4, -5, [], [3, 1], [-1, 3]],
    ),
    *vary(
        "Normalization",
        [4, 3],
        {"axis": -1, "variance": 2.0},
        mean=[1.0, [1.0, 2.0, 3.0], [1.0], [1.0, 2.0]],
    ),
    *vary("Normalization", [4, 3], {"axis": None, "variance": 2.0}, mean=[1.0, [1.0, 2.0, 3.0]]),
    *vary(
        "Normalization",
        [4, 3],
        {"axis": [1, 2], "variance": 2.0},
        mean=[1.0, [[1.0, 2.0, 3.0]] * 4, [1.0, 2.0, 3.0]],
    ),
    *[
        case("Normalization", {**axis, "mean": values, "variance": values}, [4, 3])
        for axis in ({}, {"axis": 1}, {"axis": [1, 2]}, {"axis": None})
        for values in ([2.0], [1.0, 2.0, 3.0], [1.0, 2.0, 3.0, 4.0], [[1.0, 2.0, 3.0]] * 4)
    ],
    case("Normalization", {"mean": 1.0}, [3]),
    case("Normalization", {"variance": 1.0}, [3]),
    case("Normalization", {"mean": 0.0, "variance": 1.0, "invert": True}, [3]),
    case("Normalization", {"mean": 0.0, "variance": 1.0}, [None]),
    case("Normalization", {"invert": True}, [4, 3]),
    *on_each("Normalization", {"axis": None}, [], [None], [None, None, 3]),
    case("Normalization", {"axis": [1, 2]}, [None, 3]),
]

SPECTRAL: list[Case] = [
    *[
        case("SpectralNormalization", {"layer": layer}, shape, dtypes=dtypes)
        for layer, shape, dtypes in (
            ({"Dense": {"units": 4}}, [3], None),
            ({"Dense": {"units": 4, "use_bias": False}}, [None, 3], None),
            ({"Dense": {"units": 4}}, [None], None),
            ({"Dense": {"units": 4, "trainable": False}}, [3], None),
            ({"Dense": {"units": 4, "name": "inside"}}, [3], None),
            ({"Conv1D": {"filters": 4, "kernel_size": 3}}, [8, 3], None),
            ({"Conv2D": {"filters": 4, "kernel_size": [3, 2]}}, [8, 8, 3], None),
            ({"Conv2D": {"filters": 4, "kernel_size": 9}}, [8, 8, 3], None),
            ({"Conv2D": {"filters": 4, "kernel_size": 3, "groups": 2}}, [8, 8, 6], None),
            (
                {"Conv2D": {"filters": 4, "kernel_size": 3, "data_format": "channels_first"}},
                [3, 8, 8],
                None,
            ),
            ({"Conv3D": {"filters": 4, "kernel_size": 3}}, [8, 8, 8, 3], None),
            ({"Conv2DTranspose": {"filters": 4, "kernel_size": 3}}, [8, 8, 3], None),
            ({"DepthwiseConv2D": {"kernel_size": 3}}, [8, 8, 3], None),
            ({"SeparableConv2D": {"filters": 4, "kernel_size": 3}}, [8, 8, 3], None),
            ({"Embedding": {"input_dim": 10, "output_dim": 4}}, [5], ["int32"]),
            (
                {"EinsumDense": {"equation": "abc,cde->abde", "output_shape": [None, 2, 3]}},
                [5, 4],
                None,
            ),
            ({"LSTM": {"units": 4}}, [5, 3], None),
            ({"BatchNormalization": {}}, [3], None),
            ({"ReLU": {}}, [3], None),
            ({"MultiHeadAttention": {"num_heads": 2, "key_dim": 3}}, [5, 3], None),
        )
    ],
    *vary(
        "SpectralNormalization",
        [3],
        {"layer": {"Dense": {"units": 4}}},
        power_iterations=[0, -1, 3, 1.5],
        trainable=[False],
        name=["outer"],
    ),
]

CASES = [*BATCH, *LAYER, *GROUP, *NORMALIZATION, *SPECTRAL]
