"""Pooling, padding, upsampling, shuffles and flattening."""

from tests.oracle.torch_cases.table import Case, case, each, grid, vary

CASES: list[Case] = []
SIZES = [9, 8, 7]
for rank in (1, 2, 3):
    shape = [2, 3, *SIZES[:rank]]
    other = [[2, 3], [*shape, 3], shape[1:], [2, 3, *[1] * rank]]
    for kind in (f"MaxPool{rank}d", f"AvgPool{rank}d"):
        base = {"kernel_size": 3}
        CASES += each(kind, base, shape, *other)
        CASES += grid(kind, base, [shape], stride=[None, 1, 2, 4], padding=[0, 1], ceil_mode=[False, True])
        CASES += grid(kind, {"kernel_size": 2}, [shape], stride=[2, 3], padding=[0, 1], ceil_mode=[False, True])
        CASES += vary(
            kind,
            base,
            [shape],
            kernel_size=[[3], [3] * rank, [2, 3, 4][:rank], [3] * (rank + 1), 0, 10],
            stride=[[2], [2] * rank, [1, 2, 3][:rank], 0, -1],
            padding=[[1], [1] * rank, [1, 0, 1][:rank], 2, -1],
        )
        CASES += grid(
            kind, {"kernel_size": 9, "padding": 4}, [shape, [2, 3, *[1] * rank]], stride=[1, 5], ceil_mode=[False, True]
        )
    CASES += grid(
        f"MaxPool{rank}d",
        {"kernel_size": 3, "stride": 2},
        [shape],
        dilation=[1, 2, [2] * rank, 0, 6],
        padding=[0, 1],
        ceil_mode=[False, True],
    )
    CASES += grid(f"MaxPool{rank}d", {"kernel_size": 2}, [shape], return_indices=[True, False], ceil_mode=[False, True])
    CASES += vary(f"AvgPool{rank}d", {"kernel_size": 2}, [shape], count_include_pad=[True, False])
    if rank > 1:
        CASES += vary(f"AvgPool{rank}d", {"kernel_size": 2}, [shape], divisor_override=[3, 0])
    CASES += each(f"LPPool{rank}d", {"norm_type": 2, "kernel_size": 3}, shape, *other)
    CASES += grid(
        f"LPPool{rank}d", {"norm_type": 2, "kernel_size": 3}, [shape], stride=[None, 1, 2, 4], ceil_mode=[False, True]
    )
    CASES += vary(
        f"LPPool{rank}d",
        {"norm_type": 1.5, "kernel_size": 2},
        [shape],
        kernel_size=[[2], [2] * rank, [2, 3, 4][:rank], 10],
        stride=[[2]],
    )
    for kind in (f"AdaptiveAvgPool{rank}d", f"AdaptiveMaxPool{rank}d"):
        CASES += each(kind, {"output_size": 4}, shape, *other)
        CASES += vary(
            kind,
            {},
            [shape],
            output_size=[
                1,
                12,
                [4] * rank,
                [4, 5, 6][:rank],
                [None, 5, 6][:rank],
                [4, None, None][:rank],
                [4] * (rank + 1),
                None,
            ],
        )
    CASES += vary(f"AdaptiveMaxPool{rank}d", {"output_size": 4}, [shape], return_indices=[True, False])
    small = [2, 3, *[4, 3, 2][:rank]]
    for options in ({"kernel_size": 2}, {"kernel_size": 3, "stride": 2}, {"kernel_size": 3, "stride": 2, "padding": 1}):
        CASES.append(case(f"MaxUnpool{rank}d", options, small, small))
    CASES.append(case(f"MaxUnpool{rank}d", {"kernel_size": [2] * rank, "stride": [3] * rank}, small, small))
    CASES.append(case(f"MaxUnpool{rank}d", {"kernel_size": 2}, small, [2, 3, *[5] * rank]))
    CASES.append(case(f"MaxUnpool{rank}d", {"kernel_size": 2}, small[1:], small[1:]))
    for options in ({"kernel_size": [2]}, {"kernel_size": 2, "stride": [2]}, {"kernel_size": 2, "padding": [0]}):
        CASES.append(case(f"MaxUnpool{rank}d", options, small, small))
    for add in (-2, -1, 0, 1, 2):
        size = [2 * n + add for n in small[2:]]
        CASES.append(case(f"MaxUnpool{rank}d", {"kernel_size": 2}, small, small, call={"output_size": size}))
        CASES.append(case(f"MaxUnpool{rank}d", {"kernel_size": 2}, small, small, call={"output_size": [2, 3, *size]}))
    CASES.append(case(f"MaxUnpool{rank}d", {"kernel_size": 2}, small, small, call={"output_size": [2, 3, 4, 5, 6, 7]}))

    ones = [1, 2, 3, 4, 5, 6][: 2 * rank]
    bare = [[2, 3], [2], [2, 3, 9], [2, 3, 9, 8], [2, 3, 9, 8, 7], [2, 3, 4, 9, 8, 7]]
    for name in ("Zero", "Constant", "Reflection", "Replication", "Circular"):
        kind, more = f"{name}Pad{rank}d", {"value": 3.5} if name == "Constant" else {}
        CASES += each(kind, {"padding": 1} | more, *bare)
        CASES += vary(
            kind,
            more,
            [shape],
            padding=[
                0,
                2,
                6,
                7,
                8,
                9,
                10,
                ones,
                [0] * 2 * rank,
                [1, 2],
                [1, 2, 3],
                -1,
                -3,
                -4,
                -5,
                [-1, 2] * rank,
                [1, 2] * 2,
                [1, 1] * 5,
            ],
        )
for rank in (2, 3):
    kind, shape = f"FractionalMaxPool{rank}d", [2, 3, *SIZES[:rank]]
    CASES += vary(
        kind,
        {"kernel_size": 2},
        [shape],
        output_size=[4, [4] * rank, [5, 4, 3][:rank], [4] * (rank + 1), 9],
        output_ratio=[0.5, [0.5] * rank, [0.7, 0.6, 0.5][:rank], [0.5] * (rank + 1), 1, 0, 1.5, 0.99, 0.1],
    )
    CASES += each(kind, {"kernel_size": 2, "output_size": 4}, shape[1:], [2, 3], [*shape, 2])
    CASES += each(kind, {"kernel_size": [2, 3, 2][:rank], "output_ratio": 0.5, "return_indices": True}, shape)
    CASES += each(kind, {"kernel_size": 2}, shape)
    CASES += each(kind, {"kernel_size": [2], "output_size": 4}, shape)
    CASES += each(kind, {"kernel_size": 2, "output_size": [4]}, shape)
    CASES += each(kind, {"kernel_size": 2, "output_size": 4, "output_ratio": 0.5}, shape)
    CASES += each(kind, {"kernel_size": 5, "output_size": 4}, shape, [2, 3, *[8] * rank])

INPUTS = [[2, 3, 9], [2, 3, 9, 8], [2, 3, 5, 4, 3], [2, 3]]
for mode in ("nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear", "area", "cubic"):
    CASES += grid("Upsample", {"mode": mode}, INPUTS, scale_factor=[2, 1.5])
    CASES += grid("Upsample", {"mode": mode, "size": 7}, INPUTS, align_corners=[None, True, False])
CASES += [
    *vary(
        "Upsample",
        {},
        [[2, 3, 9, 8]],
        size=[5, [5, 6], [5], [5, 6, 7]],
        scale_factor=[2, 0.5, 1.3, [2, 3], [2], 0.1, 2.0],
    ),
    *vary("Upsample", {"scale_factor": 1.7}, [[2, 3, 9, 8]], recompute_scale_factor=[True, False]),
    *vary("Upsample", {"size": 5}, [[2, 3, 9, 8]], recompute_scale_factor=[True, False], scale_factor=[2]),
    *each("Upsample", {}, [2, 3, 9, 8]),
    *[
        made
        for mode in ("bicubic", "area")
        for made in each("Upsample", {"scale_factor": 0.1, "mode": mode}, [2, 3, 9, 8])
    ],
    *each("Upsample", {"scale_factor": 1.1}, [2, 3, 10, 30], [2, 3, 11, 33]),
]
for kind in ("UpsamplingNearest2d", "UpsamplingBilinear2d"):
    CASES += grid(kind, {}, INPUTS, scale_factor=[2, 1.5])
    CASES += vary(kind, {}, [[2, 3, 9, 8]], size=[5, [5, 6], [5]], scale_factor=[[2, 3]])
    CASES += each(kind, {}, [2, 3, 9, 8])
    CASES += each(kind, {"size": 4, "scale_factor": 2}, [2, 3, 9, 8])
CASES += [
    *grid(
        "PixelShuffle",
        {},
        [[2, 12, 4, 5], [12, 4, 5], [2, 9, 4, 4], [2, 3, 36, 4, 5], [2, 12]],
        upscale_factor=[1, 2, 3, 0],
    ),
    *grid(
        "PixelUnshuffle",
        {},
        [[2, 3, 6, 12], [3, 6, 12], [2, 3, 5, 6], [2, 2, 3, 6, 6], [2, 12]],
        downscale_factor=[1, 2, 3, 0],
    ),
    *grid("ChannelShuffle", {}, [[2, 6, 4, 4], [2, 6, 4], [2, 6], [2, 5, 4, 4]], groups=[1, 2, 3, 4, 0]),
    *grid("Flatten", {}, [[2, 3, 4, 5], [2, 3], [2]], start_dim=[0, 1, 2, -2], end_dim=[-1, 0, 1, 2]),
    *[
        case("Unflatten", {"dim": dim, "unflattened_size": size}, shape)
        for dim in (0, 1, -1, 2)
        for size in ([2, 6], [3, 2, 2], [-1, 4], [2, -1, 2], [12], [5, 2], [-1, -1], [], [-1, 5], [-2, 6])
        for shape in ([2, 12], [12, 3])
    ],
]
