"""Convolutions, transposed ones, and windows as columns."""

from tests.oracle.torch_cases.table import Case, case, each, grid, vary

CASES: list[Case] = []
for rank in (1, 2, 3):
    kind, shape = f"Conv{rank}d", [2, 4, *[9, 8, 7][:rank]]
    base = {"in_channels": 4, "out_channels": 6, "kernel_size": 3}
    CASES += each(
        kind, base, shape, shape[1:], [2, 3, *shape[2:]], [2, 4], [*shape, 3], [2, 4, *[3] * rank], [2, 4, *[2] * rank]
    )
    CASES += grid(kind, base, [shape], stride=[1, 2, 3], padding=[0, 1, 2], dilation=[1, 2])
    CASES += grid(kind, base, [shape], groups=[1, 2, 4, 3], bias=[True, False])
    CASES += grid(kind, base, [shape], padding=["same", "valid", "causal"], dilation=[1, 2], stride=[1, 2])
    CASES += grid(
        kind,
        base,
        [shape],
        padding_mode=["zeros", "reflect", "replicate", "circular"],
        padding=[0, 2, 7, 8, 10, "same"],
    )
    CASES += grid(kind, base | {"kernel_size": 1}, [shape], stride=[1, 2], padding=[0, 1])
    CASES += grid(kind, base | {"kernel_size": 4}, [shape], padding=["same"], dilation=[1, 3])
    CASES += vary(
        kind,
        base,
        [shape],
        kernel_size=[[3], [3] * rank, [2, 3, 4][:rank], [3] * (rank + 1), 0, -1, 20],
        stride=[[2], [2] * rank, [1, 2, 3][:rank], [2] * (rank + 1), 0, -1],
        padding=[[1], [1] * rank, [0, 1, 2][:rank], [1] * (rank + 1), -1],
        dilation=[[2], [2] * rank, [1, 2, 3][:rank], [2] * (rank + 1), 0],
        padding_mode=["zero"],
        groups=[0, -1],
        in_channels=[8],
        out_channels=[5],
    )
    CASES += each(kind, {"in_channels": 1, "out_channels": 3, "kernel_size": 1}, [2, 1, *[1] * rank])
    CASES += each(kind, {"in_channels": 4, "out_channels": 8, "kernel_size": 3, "groups": 4}, shape)

    kind, base = f"ConvTranspose{rank}d", {"in_channels": 4, "out_channels": 6, "kernel_size": 3}
    CASES += each(kind, base, shape, shape[1:], [2, 3, *shape[2:]], [2, 4], [*shape, 3], [2, 4, *[1] * rank])
    CASES += grid(kind, base, [shape], stride=[1, 2, 3], padding=[0, 1, 2], output_padding=[0, 1, 2])
    CASES += grid(kind, base, [shape], dilation=[1, 2, 3], output_padding=[0, 1, 2])
    CASES += grid(kind, base, [shape], groups=[1, 2, 4, 3], bias=[True, False])
    CASES += vary(
        kind,
        base,
        [shape],
        kernel_size=[[3], [3] * rank, [2, 3, 4][:rank], 1, 0],
        stride=[[2], [2] * rank, [1, 2, 3][:rank], 0],
        padding=[[1], [1] * rank, [0, 1, 2][:rank], "same", 5, 6, 8],
        output_padding=[[0], -1],
        padding_mode=["zeros", "reflect"],
        groups=[0],
    )
    for size in ([17, 15, 13][:rank], [18, 16, 14][:rank], [19, 17, 15][:rank], [20, 18, 16][:rank], [18]):
        CASES.append(case(kind, base | {"stride": 2, "padding": 1}, shape, call={"output_size": size}))
    CASES.append(
        case(kind, base | {"stride": 2, "padding": 1}, shape, call={"output_size": [2, 6, *[18, 16, 14][:rank]]})
    )
    CASES.append(
        case(kind, base | {"stride": 2, "output_padding": 1}, shape, call={"output_size": [19, 17, 15][:rank]})
    )
    CASES.append(case(kind, base | {"dilation": 2}, shape, call={"output_size": [13, 12, 11][:rank]}))

IMAGE = [2, 3, 8, 7]
CASES += [
    *each("Unfold", {"kernel_size": 3}, IMAGE, IMAGE[1:], [2, 3, 8], [2, 3, 2, 2]),
    *grid("Unfold", {"kernel_size": [2, 3]}, [IMAGE], stride=[1, 2, [2, 1]], padding=[0, 1, [0, 2]], dilation=[1, 2]),
    *vary(
        "Unfold",
        {"kernel_size": 3},
        [IMAGE],
        kernel_size=[[3], [3, 3, 3], 0, 9],
        stride=[0, [1]],
        dilation=[0, [1]],
        padding=[-1, [1]],
    ),
    *each(
        "Fold",
        {"output_size": [8, 7], "kernel_size": 3},
        [2, 27, 30],
        [27, 30],
        [2, 26, 30],
        [2, 27, 31],
        [2, 3, 9, 30],
    ),
    *each("Fold", {"output_size": [4, 5], "kernel_size": [2, 2]}, [2, 12, 12], [1, 4, 12]),
    *each("Fold", {"output_size": [4, 5], "kernel_size": [2, 2], "stride": 2, "padding": 1}, [2, 12, 9], [2, 12, 12]),
    *each("Fold", {"output_size": [6, 6], "kernel_size": 2, "dilation": 2}, [2, 12, 16]),
    *each("Fold", {"output_size": 4, "kernel_size": 2}, [2, 12, 9]),
    *each("Fold", {"output_size": [2, 2], "kernel_size": 3}, [2, 27, 1], [2, 27, 0]),
]
