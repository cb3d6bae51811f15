"""Norms of features, channels and neighbours."""

from tests.oracle.torch_cases.table import Case, case, each, grid, vary

CASES: list[Case] = [
    *[
        case(kind, {"normalized_shape": size} | options, shape)
        for kind in ("LayerNorm", "RMSNorm")
        for size in (6, [6], [4, 6], [3, 4, 6])
        for options in ({}, {"elementwise_affine": False}, {"eps": 0.1})
        for shape in ([2, 6], [2, 4, 6], [2, 3, 4, 6], [6], [2, 6, 4])
    ],
    *grid("LayerNorm", {"normalized_shape": 6}, [[2, 6]], elementwise_affine=[True, False], bias=[True, False]),
    *grid(
        "GroupNorm",
        {"num_groups": 2, "num_channels": 6},
        [[2, 6], [2, 6, 3], [2, 6, 3, 3], [6], [2, 4, 3]],
        affine=[True, False],
    ),
    *vary(
        "GroupNorm",
        {"num_groups": 2, "num_channels": 6},
        [[2, 6, 3]],
        num_groups=[1, 3, 6, 4, 5],
        eps=[0.1],
        bias=[False],
    ),
    *each("GroupNorm", {"num_groups": 6, "num_channels": 6}, [1, 6], [2, 6], [1, 6, 1], [1, 6, 2]),
    *each("GroupNorm", {"num_groups": 3, "num_channels": 6}, [1, 6], [1, 6, 1]),
    case("GroupNorm", {"num_groups": 3, "num_channels": 6, "affine": False, "bias": False}, [2, 6, 2]),
    *grid("LocalResponseNorm", {}, [[2, 3], [2, 3, 4], [2, 3, 4, 4], [2, 3, 4, 4, 4]], size=[1, 2, 3, 9]),
    *grid("CrossMapLRN2d", {}, [[2, 3], [2, 3, 4], [2, 3, 4, 4], [2, 3, 4, 4, 4]], size=[1, 3]),
]

SHAPES = [[2, 3], [2, 3, 4], [2, 3, 4, 4], [2, 3, 4, 4, 4], [3], [2, 4, 4], [2, 3, 1], [2, 3, 1, 1], [2, 3, 1, 1, 1]]
for rank in (1, 2, 3):
    for kind in (f"BatchNorm{rank}d", f"InstanceNorm{rank}d"):
        CASES += grid(kind, {"num_features": 3}, SHAPES, affine=[True, False], track_running_stats=[True, False])
        CASES += vary(kind, {"num_features": 3}, [[2, 3, *[4] * rank]], eps=[0.1], momentum=[0.5, None], affine=[True])
        CASES += vary(kind, {"num_features": 3, "affine": True}, [[2, 3, *[4] * rank]], bias=[True, False])
        CASES += grid(
            kind, {"num_features": 5}, [[2, 3, *[4] * rank]], affine=[True, False], track_running_stats=[True, False]
        )
CASES += grid("SyncBatchNorm", {"num_features": 3}, SHAPES, affine=[True, False], track_running_stats=[True, False])
CASES += vary("SyncBatchNorm", {"num_features": 3}, [[2, 3, 4]], bias=[False], num_features=[5])
