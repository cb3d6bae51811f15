"""Linear, Bilinear, embeddings, distances, activations and dropout."""

from tests.oracle.torch_cases.table import Case, case, each, grid, vary

CASES: list[Case] = [
    *grid("Linear", {"in_features": 6, "out_features": 5}, [[2, 6], [2, 3, 6], [6], [2, 3, 4, 6]], bias=[True, False]),
    *each("Linear", {"in_features": 6, "out_features": 5}, [2, 5], [2, 6, 5], [5]),
    case("Linear", {"in_features": 1, "out_features": 1}, [3, 1]),
    case("Bilinear", {"in1_features": 5, "in2_features": 6, "out_features": 7}, [2, 5], [2, 6]),
    case("Bilinear", {"in1_features": 5, "in2_features": 6, "out_features": 7, "bias": False}, [2, 3, 5], [2, 3, 6]),
    case("Bilinear", {"in1_features": 5, "in2_features": 6, "out_features": 1}, [2, 3, 4, 5], [2, 3, 4, 6]),
    case("Bilinear", {"in1_features": 5, "in2_features": 6, "out_features": 7}, [2, 5], [3, 6]),
    case("Bilinear", {"in1_features": 5, "in2_features": 6, "out_features": 7}, [2, 5], [2, 5]),
    case("Bilinear", {"in1_features": 5, "in2_features": 6, "out_features": 7}, [2, 6], [2, 6]),
    case("Bilinear", {"in1_features": 5, "in2_features": 6, "out_features": 7}, [2, 3, 5], [2, 6]),
    *each("Identity", {}, [2, 3], [2], [2, 3, 4, 5]),
    *grid(
        "Embedding", {"num_embeddings": 10, "embedding_dim": 4}, [[2], [2, 5], [2, 3, 5]], padding_idx=[None, 0, 9, -1]
    ),
    *vary(
        "Embedding",
        {"num_embeddings": 10, "embedding_dim": 4},
        [[2, 5]],
        padding_idx=[10, -10, -11],
        max_norm=[1.0, 2],
        norm_type=[1.0],
        scale_grad_by_freq=[True],
        sparse=[True],
    ),
    *grid(
        "EmbeddingBag",
        {"num_embeddings": 10, "embedding_dim": 4},
        [[2, 5], [2], [2, 3, 5]],
        mode=["sum", "mean", "max"],
    ),
    *vary(
        "EmbeddingBag",
        {"num_embeddings": 10, "embedding_dim": 4},
        [[6], [2]],
        mode=["sum", "max"],
        include_last_offset=[True, False],
        padding_idx=[0, 9, 10, -1],
        scale_grad_by_freq=[True],
        sparse=[True],
        max_norm=[1.0],
    ),
    case("EmbeddingBag", {"num_embeddings": 10, "embedding_dim": 4, "mode": "max", "scale_grad_by_freq": True}, [2, 5]),
    case("EmbeddingBag", {"num_embeddings": 10, "embedding_dim": 4, "mode": "max", "sparse": True}, [2, 5]),
    case("EmbeddingBag", {"num_embeddings": 10, "embedding_dim": 4, "mode": "product"}, [2, 5]),
    case("EmbeddingBag", {"num_embeddings": 10, "embedding_dim": 4}, [2, 5], [2]),
    *[
        case("CosineSimilarity", {"dim": dim}, *shapes)
        for dim in (0, 1, -1, 2)
        for shapes in ([[2, 5], [2, 5]], [[2, 5], [1, 5]], [[2, 5, 3], [5, 1]], [[2, 5], [2, 4]], [[2], [2]])
    ],
    *[
        case("PairwiseDistance", {"keepdim": keepdim}, *shapes)
        for keepdim in (True, False)
        for shapes in ([[2, 5], [2, 5]], [[2, 5], [5]], [[2, 5, 3], [5, 1]], [[2, 5], [2, 4]], [[2], [2]])
    ],
    case("PairwiseDistance", {"p": 1.0, "eps": 0.1}, [2, 5], [2, 5]),
]

PLAIN = ["CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid", "Mish"]
PLAIN += [
    "RReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
    "Sigmoid",
    "Softplus",
    "Softshrink",
    "Softsign",
    "Tanh",
    "Tanhshrink",
]
IN_PLACE = [
    "CELU",
    "ELU",
    "Hardsigmoid",
    "Hardswish",
    "Hardtanh",
    "LeakyReLU",
    "Mish",
    "RReLU",
    "ReLU",
    "ReLU6",
    "SELU",
    "SiLU",
]

CASES += [made for kind in PLAIN for made in each(kind, {}, [2, 3], [2], [2, 3, 4, 4])]
CASES += [made for kind in IN_PLACE for made in each(kind, {"inplace": True}, [2, 3])]
CASES += [
    *vary("CELU", {}, [[2, 3]], alpha=[0.5, -1, 0]),
    *vary("ELU", {}, [[2, 3]], alpha=[0.5, -1, 0]),
    *vary("GELU", {}, [[2, 3]], approximate=["none", "tanh", "sigmoid"]),
    *vary("Hardshrink", {}, [[2, 3]], lambd=[0.5, -1]),
    *vary("Softshrink", {}, [[2, 3]], lambd=[0.5, 0, -1]),
    *vary("Softplus", {}, [[2, 3]], beta=[2.0, 0], threshold=[5]),
    *vary(
        "Hardtanh", {}, [[2, 3]], min_val=[-2, 1, 2], max_val=[2, -1, -2], min_value=[-2.0, 3.0], max_value=[3.0, -2.0]
    ),
    case("Threshold", {"threshold": 0.1, "value": 20}, [2, 3]),
    case("Threshold", {"threshold": 0.1, "value": 20, "inplace": True}, [2, 3]),
    case("Threshold", {"threshold": 0.1}, [2, 3]),
    *each("Softmax2d", {}, [2, 3, 4, 4], [3, 4, 4], [2, 3], [2, 3, 4, 4, 4]),
    *grid("GLU", {}, [[2, 4], [2, 3, 4], [4, 3], [4]], dim=[-1, 0, 1, -2, 2]),
    *grid("PReLU", {}, [[2, 3], [2, 3, 4], [3], [2, 4], [2, 1, 5]], num_parameters=[1, 3]),
    case("PReLU", {"num_parameters": 3, "init": 0.1}, [2, 3, 4, 4]),
]
for kind in ("Softmax", "LogSoftmax", "Softmin"):
    CASES += grid(kind, {}, [[2, 3], [2, 3, 4], [2], [2, 3, 4, 4]], dim=[None, 0, 1, -1, -2, 2, 3, -4])
for kind in ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout"):
    CASES += grid(kind, {}, [[2, 3], [2, 3, 4], [2, 3, 4, 4], [2, 3, 4, 4, 4], [3]], p=[0.5, 0, 1])
    CASES += vary(kind, {}, [[2, 3, 4]], p=[-0.1, 1.1], inplace=[True])
