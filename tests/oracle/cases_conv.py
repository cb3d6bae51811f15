"""Convolutions of one to three dimensions, and the aliases of all kinds of convolution."""

from tests.oracle.table import Case, case, grid, on_each, vary

FIRST = "channels_first"

CONV_1D: list[Case] = [
    *grid(
        "Conv1D",
        [[10, 4], [None, 4]],
        filters=[6],
        kernel_size=[1, 3],
        strides=[1, 2, 3],
        padding=["valid", "same", "causal"],
    ),
    *grid(
        "Conv1D",
        [[11, 4]],
        filters=[6],
        kernel_size=[3],
        dilation_rate=[2, 3, 5],
        padding=["valid", "same", "causal"],
    ),
    *grid(
        "Conv1D",
        [[4, 11], [4, None]],
        filters=[6],
        kernel_size=[4],
        data_format=[FIRST],
        padding=["valid", "same", "causal"],
        strides=[1, 2],
    ),
    *vary(
        "Conv1D",
        [10, 4],
        {"filters": 8, "kernel_size": 3},
        filters=[0, -1, 2.5, 1, None],
        kernel_size=[0, -1, 10, 11, [3], [3, 3], [], 1.5, "3"],
        strides=[0, -1, [2], [1, 2], 20],
        dilation_rate=[0, -1, 4, 5, [2]],
        groups=[2, 4, 3, 0, -1, 8],
        padding=["SAME", "Valid", "full", None],
        data_format=["CHANNELS_LAST", "nope"],
        use_bias=[False],
        trainable=[False],
        activation=["relu", "nope"],
    ),
    case("Conv1D", {"filters": 8, "kernel_size": 3, "strides": 2, "dilation_rate": 2}, [10, 4]),
    *on_each(
        "Conv1D",
        {"filters": 8, "kernel_size": 3},
        [],
        [10],
        [10, None],
        [2, 4],
        [3, 4],
        [0, 4],
        [10, 0],
        [5, 10, 4],
        [None, 10, 4],
    ),
    *on_each("Conv1D", {"filters": 8, "kernel_size": 3, "padding": "same"}, [1, 4], [0, 4], [2, 4]),
    *on_each(
        "Conv1D",
        {"filters": 8, "kernel_size": 3, "padding": "causal", "strides": 2},
        [1, 4],
        [2, 4],
        [7, 4],
    ),
]

CONV_2D: list[Case] = [
    *grid(
        "Conv2D",
        [[28, 27, 3], [None, 9, 3], [9, None, 3], [None, None, 3]],
        filters=[8],
        kernel_size=[3, [1, 4]],
        strides=[1, [3, 2]],
        padding=["valid", "same"],
    ),
    *grid(
        "Conv2D",
        [[13, 14, 4]],
        filters=[8],
        kernel_size=[3, [5, 2]],
        dilation_rate=[2, [1, 3]],
        groups=[1, 4],
        padding=["valid", "same"],
    ),
    *grid(
        "Conv2D",
        [[4, 13, 14], [4, None, 14]],
        filters=[8],
        kernel_size=[3],
        data_format=[FIRST],
        padding=["valid", "same"],
        groups=[1, 2],
        use_bias=[True, False],
    ),
    *vary(
        "Conv2D",
        [8, 8, 6],
        {"filters": 6, "kernel_size": 3},
        filters=[0, -4, "6"],
        kernel_size=[0, 8, 9, [3, 0], [3, 9], [3], [3, 3, 3], [8, 1], 3.0, None],
        strides=[0, [2, 0], [1, 2, 3], 9, [-1, 1]],
        dilation_rate=[0, [2, 1], 4, [4, 3]],
        groups=[2, 3, 6, 4, 0, 12],
        padding=["causal", "same", "nope"],
        data_format=["channels_last", FIRST],
        trainable=[False],
    ),
    *grid(
        "Conv2D",
        [[8, 8, 6]],
        filters=[6],
        kernel_size=[3],
        strides=[2, [2, 1], [1, 2]],
        dilation_rate=[2, [1, 2], [2, 1]],
    ),
    *on_each(
        "Conv2D",
        {"filters": 8, "kernel_size": 3},
        [8],
        [8, 8],
        [8, 8, None],
        [2, 8, 3],
        [8, 8, 8, 3],
        [None, 8, 8, 3],
        [0, 8, 3],
        [8, 8, 0],
    ),
    *on_each(
        "Conv2D",
        {"filters": 8, "kernel_size": 3, "data_format": FIRST},
        [None, 8, 8],
        [3, 8, None],
        [3, 2, 8],
    ),
]

CONV_3D: list[Case] = [
    *grid(
        "Conv3D",
        [[9, 8, 7, 2], [None, 8, None, 2]],
        filters=[4],
        kernel_size=[2, [3, 1, 2]],
        strides=[1, [2, 1, 3]],
        padding=["valid", "same"],
    ),
    *grid(
        "Conv3D",
        [[2, 9, 8, 7]],
        filters=[4],
        kernel_size=[3],
        data_format=[FIRST],
        padding=["valid", "same"],
        dilation_rate=[1, 2],
        groups=[1, 2],
    ),
    *vary(
        "Conv3D",
        [6, 6, 6, 2],
        {"filters": 4, "kernel_size": 3},
        filters=[0],
        kernel_size=[7, [3, 3], [1, 1, 6]],
        strides=[0, [1, 2], 6],
        dilation_rate=[3, [2, 1, 1], 0],
        groups=[2, 3],
        padding=["causal"],
        use_bias=[False],
    ),
    *on_each("Conv3D", {"filters": 4, "kernel_size": 3}, [6, 6, 2], [6, 6, 6, None], [6, 6, 6, 6, 2]),
    case("Conv3D", {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2}, [6, 6, 6, 2]),
]

ALIASES: list[Case] = [
    case(kind, {"filters": 2, "kernel_size": 3}, [5] * rank + [3])
    for kind, rank in [
        ("Convolution1D", 1),
        ("Convolution2D", 2),
        ("Convolution3D", 3),
        ("Convolution1DTranspose", 1),
        ("Convolution2DTranspose", 2),
        ("Convolution3DTranspose", 3),
        ("SeparableConvolution1D", 1),
        ("SeparableConvolution2D", 2),
    ]
]

CASES = [*CONV_1D, *CONV_2D, *CONV_3D, *ALIASES]
