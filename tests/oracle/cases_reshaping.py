"""Layers that rearrange: Flatten, Reshape, Permute, cropping, padding, upsampling, resizing."""

from tests.oracle.table import DEFAULT, Case, Shape, case, grid, on_each, vary

FIRST = "channels_first"
ANY_FORMAT = [DEFAULT, FIRST]

RESHAPES: list[tuple[object, Shape]] = [
    *[
        (target, [12])
        for target in (
            [3, 4],
            [3, -1],
            [-1],
            [-1, 4, 1],
            [12],
            [5, -1],
            [5, 2],
            [-1, -1],
            [0, -1],
            [],
        )
    ],
    *[(target, [12]) for target in ([3, 0], [-2, 6], [3, 4.0], 12, [None, 3], [12, 1, 1], [3, -1, 2])],
    *[(target, [4, 6]) for target in ([24], [-1, 8], [2, 3, -1], [6, 4], [5, 5], [-1, 5])],
    *[(target, [None, 6]) for target in ([-1], [-1, 6], [-1, 3], [-1, 4], [6, -1], [2, -1, 3], [4, 6], [12])],
    *[(target, [None, None, 6]) for target in ([-1, 6], [-1], [6], [2, 2])],
    *[(target, [None, 4, None]) for target in ([-1, 4], [4, -1])],
    *[(target, []) for target in ([1], [-1], [], [2], [1, 1, 1])],
    *[(target, [0]) for target in ([0], [-1], [0, 3], [3, -1])],
    *[(target, [0, 4]) for target in ([-1, 4], [4, -1], [0, 8])],
    *[(target, [None, 0]) for target in ([-1], [0, -1])],
    *[(target, [1]) for target in ([], [1, 1], [-1, 1])],
]

BASIC: list[Case] = [
    *on_each(
        "Flatten",
        {},
        [],
        [5],
        [4, 3],
        [2, 3, 4],
        [None],
        [None, 3],
        [3, None, 2],
        [None, None],
        [0, 3],
        [None, 0],
        [None, 1],
    ),
    *on_each("Flatten", {"data_format": FIRST}, [], [5], [2, 3, 4], [None, 3], [3, None]),
    case("Flatten", {"data_format": "nope"}, [5]),
    *[case("Reshape", {"target_shape": target}, shape) for target, shape in RESHAPES],
    *vary(
        "Permute",
        [2, 3, 4],
        {},
        dims=[
            [1, 2, 3],
            [3, 2, 1],
            [2, 1, 3],
            [3, 1, 2],
            [2, 1],
            [1, 1, 2],
            [0, 1, 2],
            [1, 2, 4],
            [-1, 1, 2],
            [1, 2, 3, 4],
            [],
        ],
    ),
    *on_each("Permute", {"dims": [2, 1]}, [4, 3], [None, 3], [3, None], [4], [4, 3, 2]),
    case("Permute", {"dims": [1]}, [4]),
    case("Permute", {"dims": 1}, [4]),
    *on_each("RepeatVector", {"n": 3}, [5], [None], [], [4, 5], [0]),
    *vary("RepeatVector", [5], {}, n=[1, 0, -1, 2.5, "3", None]),
]

CROPPING: list[Case] = [
    *grid("Cropping1D", [[10, 4], [None, 4]], cropping=[DEFAULT, 0, 1, [2, 3], [0, 1]]),
    *vary(
        "Cropping1D",
        [10, 4],
        {},
        cropping=[5, [5, 5], [9, 0], 6, [1], [1, 2, 3], -1, [-1, 1], "1", 1.5, [[1, 2]]],
    ),
    *on_each("Cropping1D", {"cropping": 1}, [10], [10, None], [2, 4], [1, 4], [0, 4], [3, 10, 4]),
    *grid(
        "Cropping2D",
        [[10, 9, 4], [None, 9, 4], [10, None, 4]],
        cropping=[DEFAULT, 1, [1, 2], [[1, 2], [3, 0]]],
        data_format=ANY_FORMAT,
    ),
    *vary(
        "Cropping2D",
        [10, 9, 4],
        {},
        cropping=[
            5,
            [0, 5],
            [[5, 5], [0, 0]],
            [[1, 2]],
            [1, 2, 3],
            -1,
            [[1], [2]],
            [1, [2, 3]],
            [[1, 2], [-1, 0]],
        ],
        data_format=["nope"],
    ),
    *on_each("Cropping2D", {"cropping": 1}, [10, 4], [3, 10, 9, 4], [2, 2, 4]),
    *grid(
        "Cropping3D",
        [[8, 9, 10, 4], [None, 9, None, 4]],
        cropping=[DEFAULT, 2, [1, 2, 3], [[1, 2], [3, 0], [0, 4]]],
        data_format=ANY_FORMAT,
    ),
    *vary("Cropping3D", [8, 8, 8, 4], {}, cropping=[4, [1, 2], [[8, 0], [0, 0], [0, 0]], -1, 0]),
    case("Cropping3D", {}, [8, 8, 4]),
]

PADDING: list[Case] = [
    *grid(
        "ZeroPadding1D",
        [[10, 4], [None, 4], [10, None]],
        padding=[DEFAULT, 0, 2, [2, 3]],
        data_format=ANY_FORMAT,
    ),
    *vary(
        "ZeroPadding1D",
        [10, 4],
        {},
        padding=[-1, [1], [1, 2, 3], [-1, 1], "1", 1.5],
        data_format=["nope"],
    ),
    *on_each("ZeroPadding1D", {}, [10], [0, 4], [3, 10, 4]),
    *grid(
        "ZeroPadding2D",
        [[10, 9, 4], [None, 9, 4], [4, 10, None]],
        padding=[DEFAULT, 2, [1, 2], [[1, 2], [3, 0]]],
        data_format=ANY_FORMAT,
    ),
    *vary(
        "ZeroPadding2D",
        [10, 9, 4],
        {},
        padding=[-1, [1], [1, 2, 3], [[1], [2]], [[1, 2], [3, -1]]],
        data_format=["nope"],
    ),
    *on_each("ZeroPadding2D", {}, [10, 4], [3, 10, 9, 4]),
    *grid(
        "ZeroPadding3D",
        [[8, 9, 10, 4], [None, 9, None, 4]],
        padding=[DEFAULT, 2, [1, 2, 3], [[1, 2], [3, 0], [0, 4]]],
        data_format=ANY_FORMAT,
    ),
    *vary("ZeroPadding3D", [8, 8, 8, 4], {}, padding=[-1, [1, 2], 0]),
    case("ZeroPadding3D", {}, [8, 8, 4]),
]

UPSAMPLING: list[Case] = [
    *grid("UpSampling1D", [[5, 4], [None, 4], [5, None]], size=[DEFAULT, 1, 3]),
    *vary("UpSampling1D", [5, 4], {}, size=[0, -1, 2.5, [2], [2, 3], "2"]),
    *on_each("UpSampling1D", {}, [5], [2, 5, 4], [0, 4]),
    *grid(
        "UpSampling2D",
        [[5, 6, 4], [None, 6, 4], [4, 5, None]],
        size=[DEFAULT, 3, [2, 1]],
        data_format=ANY_FORMAT,
        interpolation=[DEFAULT, "bilinear"],
    ),
    *vary(
        "UpSampling2D",
        [5, 6, 4],
        {},
        size=[0, -1, [2], [1, 2, 3]],
        interpolation=["bicubic", "lanczos3", "lanczos5", "area", "nope"],
        data_format=["nope"],
    ),
    *on_each("UpSampling2D", {}, [5, 4], [2, 5, 6, 4], [0, 6, 4]),
    *grid(
        "UpSampling3D",
        [[5, 6, 7, 4], [None, 6, None, 4]],
        size=[DEFAULT, 3, [2, 1, 3]],
        data_format=ANY_FORMAT,
    ),
    *vary("UpSampling3D", [5, 6, 7, 4], {}, size=[0, -1, [2], [1, 2]]),
    case("UpSampling3D", {}, [5, 6, 4]),
]

IMAGE: list[Case] = [
    *grid(
        "Resizing",
        [[8, 9, 3], [None, None, 3], [3, 8, 9]],
        height=[5],
        width=[7],
        data_format=ANY_FORMAT,
    ),
    *vary(
        "Resizing",
        [8, 9, 3],
        {"height": 5, "width": 7},
        height=[0, -1, 8, 20, 2.5, None],
        width=[0, "7"],
        interpolation=["nearest", "bicubic", "lanczos3", "area", "nope"],
        crop_to_aspect_ratio=[True],
        pad_to_aspect_ratio=[True],
        fill_mode=["constant", "nope"],
        antialias=[True],
        data_format=["nope"],
    ),
    case(
        "Resizing",
        {"height": 5, "width": 7, "crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True},
        [8, 9, 3],
    ),
    *grid(
        "Resizing",
        [[None, None, 3], [8, 8, 1]],
        height=[5],
        width=[7],
        pad_to_aspect_ratio=[True, False],
        crop_to_aspect_ratio=[False],
    ),
    *on_each("Resizing", {"height": 5, "width": 7}, [8, 3], [8], [], [2, 8, 9, 3], [8, 9, None]),
    *grid(
        "CenterCrop",
        [[8, 9, 3], [None, None, 3], [3, 8, 9], [None, 9, 3]],
        height=[5],
        width=[7],
        data_format=ANY_FORMAT,
    ),
    *vary(
        "CenterCrop",
        [8, 9, 3],
        {"height": 5, "width": 7},
        height=[0, -1, 8, 20, 2.5, None],
        width=[0, 9, 10],
        data_format=["nope"],
    ),
    *on_each("CenterCrop", {"height": 5, "width": 7}, [8, 3], [8], [2, 8, 9, 3], [4, 4, 3]),
    *on_each("Rescaling", {"scale": 0.5}, [], [5], [None, None, 3]),
    *vary(
        "Rescaling",
        [4, 3],
        {"scale": 0.5},
        scale=[0, -1, [1, 2, 3], [1, 2]],
        offset=[1.0, [1, 2, 3]],
    ),
    *vary("Rescaling", [4, 1], {}, scale=[[1, 2, 3]]),
]

CASES = [*BASIC, *CROPPING, *PADDING, *UPSAMPLING, *IMAGE]
