"""Dense, EinsumDense, Embedding and layers that leave the shape alone."""

from tests.oracle.table import Case, case, grid, on_each, vary

IDS = ["int32"]

DENSE: list[Case] = [
    *grid(
        "Dense",
        [[1], [7], [5, 10], [None, 10], [2, 3, 4, 5]],
        units=[1, 64],
        use_bias=[True, False],
    ),
    *on_each("Dense", {"units": 3}, [None], [5, None], [], [0], [0, 4]),
    *vary("Dense", [8], {"units": 3}, activation=["relu", "softmax", "no_such"], units=[0, -1, 2.5]),
    *vary("Dense", [8], {"units": 3}, lora_rank=[2, 0], units=["3", None]),
    case("Dense", {"units": 3, "trainable": False}, [8]),
    case("Dense", {"units": 3}, [8], dtypes=["int32"]),
]

EQUATIONS: list[tuple[str, object, str | None, list[int | None]]] = [
    ("ab,bc->ac", 64, "c", [32]),
    ("ab,bc->ac", 64, None, [32]),
    ("ab,bc->ac", [64], None, [None]),
    ("abc,cd->abd", [None, 64], "d", [None, 128]),
    ("abc,cd->abd", [10, 64], "d", [10, 128]),
    ("abc,cd->abd", [11, 64], "d", [10, 128]),
    ("abc,cd->abd", 64, "d", [10, 128]),
    ("abc,cd->abd", [10, 64], "bd", [10, 128]),
    ("abc,cd->abd", [None, 64], "bd", [None, 128]),
    ("abc,cd->abd", [None, 64], "ad", [10, 128]),
    ("...x,xy->...y", 64, "y", [32]),
    ("...x,xy->...y", 64, "y", [10, 32]),
    ("...x,xy->...y", 64, "y", [None, 4, 32]),
    ("...x,xy->...y", 64, None, [None, 4, None]),
    ("ab...,bc->ac...", 64, None, [32, 4, 5]),
    ("ab...,bc->ac...", 64, "c", [32, 4]),
    ("a...b,bc->a...c", 6, "c", [4, 5, 32]),
    ("abc,cde->abde", [None, 4, 8], "de", [6, 32]),
    ("abc,cde->abde", [None, 4, 8], "e", [6, 32]),
    ("abc,cde->abde", [None, 4, 8], "d", [None, 32]),
    ("abcd,cde->abe", [None, 32], "e", [6, 4, 8]),
    ("abcd,cde->abe", [None, 32], None, [None, 4, 8]),
    ("abcd,cde->abe", [None, 32], None, [6, None, 8]),
    ("abc,bde->acde", [5, 2, 3], "cde", [4, 5]),
    ("abc,bd->adc", [7, 5], "d", [4, 5]),
    ("abc,bd->adc", [7, None], "dc", [4, None]),
    ("abc,abd->abd", [4, 3], None, [4, 5]),
    ("abc,bcd->abd", [4, 3], "bd", [4, 5]),
    ("ab,cd->ab", [5], None, [5]),
    ("ab,b->a", [], None, [5]),
    ("ab,b->ab", 5, "b", [5]),
    ("ab,bc->ac", 0, "c", [32]),
    ("ab,bc->ac", -3, "c", [32]),
    ("ab,bc->ac", [64], "z", [32]),
    ("ab,bc->ad", 64, None, [32]),
    ("ab,bc", 64, None, [32]),
    ("abbc->ac", 64, None, [32]),
    ("", 64, None, [32]),
    ("ab,bc->ac", [4, 64], None, [32]),
    ("ab,bc->ac", 64, None, [5, 32]),
    ("abc,cd->abd", 64, None, [32]),
    ("aab,bc->ac", 64, None, [32]),
    ("...x,xy->...z", 64, None, [32]),
    ("...x,...xy->...y", 64, None, [32]),
    ("a...b...,bc->a...c", 64, None, [3, 32]),
    ("ab,bc->ac", [2.5], None, [32]),
]

EINSUM: list[Case] = [
    case(
        "EinsumDense",
        {"equation": eq, "output_shape": out} | ({"bias_axes": bias} if bias else {}),
        shape,
    )
    for eq, out, bias, shape in EQUATIONS
] + [case("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 4, "lora_rank": 2}, [8])]

EMBEDDING: list[Case] = [
    *on_each(
        "Embedding",
        {"input_dim": 100, "output_dim": 8},
        [],
        [5],
        [None],
        [3, None],
        [1, 1],
        dtypes=IDS,
    ),
    *on_each("Embedding", {"input_dim": 100, "output_dim": 8}, [5], [None, 4]),
    *vary(
        "Embedding",
        [5],
        {"input_dim": 100, "output_dim": 8},
        input_dim=[1, 0, -1, 2.5],
        output_dim=[1, 0, -1],
        mask_zero=[True],
        trainable=[False],
        lora_rank=[2],
    ),
    *grid(
        "ReversibleEmbedding",
        [[], [5], [None, 3]],
        input_dim=[20],
        output_dim=[4],
        tie_weights=[True, False],
    ),
    *vary(
        "ReversibleEmbedding",
        [5],
        {"input_dim": 20, "output_dim": 4},
        input_dim=[0],
        mask_zero=[True],
        logit_soft_cap=[30.0],
    ),
]

SAME_SHAPE: list[Case] = [
    *on_each("Identity", {}, [], [5], [None, 3], [0]),
    *vary("Masking", [4, 3], {}, mask_value=[0.0, -1.0]),
    *on_each("Masking", {}, [], [5], [None, None]),
    *on_each("Activation", {"activation": "relu"}, [], [5], [None, 3]),
    *vary(
        "Activation",
        [4, 6],
        {},
        activation=[
            "softmax",
            "gelu",
            "linear",
            "glu",
            "no_such",
            3,
            None,
            "log_softmax",
            "sparsemax",
        ],
    ),
    *on_each("Activation", {"activation": "glu"}, [6], [5], [3, None]),
    *vary("ReLU", [4], {}, max_value=[6.0, -1.0, 0], negative_slope=[0.1, -0.1], threshold=[1.0, -1.0]),
    *on_each("ReLU", {}, [], [None, 3], [2, 2, 2]),
    *vary("LeakyReLU", [4], {}, negative_slope=[0.1, 0, -0.1, None]),
    *on_each("LeakyReLU", {}, [], [None, 3]),
    *vary("ELU", [4], {}, alpha=[0.5, 0, -1]),
    *vary("Softmax", [4, 5], {}, axis=[-1, 1, 2, [1, 2], 0, 3, -4, [-1, -2]]),
    *on_each("Softmax", {}, [], [None], [3, None]),
]

PRELU: list[Case] = [
    *on_each("PReLU", {}, [], [5], [4, 6], [8, 8, 3], [None, 3], [3, None], [0]),
    *vary(
        "PReLU",
        [8, 9, 3],
        {},
        shared_axes=[[1], [1, 2], [1, 2, 3], [3], 1, [0], [4], [-1], [], [1, 1], [0, 1]],
    ),
    *on_each("PReLU", {"shared_axes": [1, 2]}, [None, None, 3], [None, 4, 3], [4, 4, None], [6], [6, 3]),
    *on_each("PReLU", {"shared_axes": [1]}, [None, None, 3], [None]),
]

REGULARIZATION: list[Case] = [
    *[
        each
        for kind in ("Dropout", "GaussianDropout", "AlphaDropout")
        for each in [
            *on_each(kind, {"rate": 0.5}, [], [5], [None, 3]),
            *vary(kind, [5], {}, rate=[0, 0.0, 1, 1.0, 1.5, -0.1]),
        ]
    ],
    *vary(
        "Dropout",
        [4, 5],
        {"rate": 0.5},
        noise_shape=[[None, 1, 5], [None, 4, 1], [1, 1], [2, -1, 5], 5, [None, 4, 9]],
        rate=["a", None],
    ),
    case("AlphaDropout", {"rate": 0.5, "noise_shape": [None, 1, 5]}, [4, 5]),
    *vary("GaussianNoise", [5], {}, stddev=[0, 0.1, 1, 1.5, -0.1]),
    *on_each("SpatialDropout1D", {"rate": 0.2}, [5], [5, 3], [None, 3], [5, 3, 2]),
    *vary("SpatialDropout1D", [5, 3], {}, rate=[0, 1, 1.5, -1]),
    *on_each("SpatialDropout2D", {"rate": 0.2}, [5, 3], [5, 5, 3], [None, None, None]),
    *on_each("SpatialDropout3D", {"rate": 0.2}, [5, 5, 3], [5, 5, 5, 3]),
    *vary(
        "SpatialDropout2D",
        [5, 5, 3],
        {"rate": 0.2},
        data_format=["channels_first", "channels_last", "nope"],
    ),
    *vary("SpatialDropout3D", [5, 5, 5, 3], {"rate": 0.2}, data_format=["channels_first", "nope"]),
    *vary("ActivityRegularization", [5], {}, l1=[0.1, -0.1], l2=[0.1, 0]),
    *on_each("ActivityRegularization", {}, [], [None, 3]),
]

CASES = [*DENSE, *EINSUM, *EMBEDDING, *SAME_SHAPE, *PRELU, *REGULARIZATION]
