"""Attention: by scores, additive, multi-head, grouped."""

from itertools import product

from tests.oracle.table import DEFAULT, Case, Shape, case, grid, vary

HEADS = {"num_heads": 2, "key_dim": 3}
GROUPED = {"head_dim": 4, "num_query_heads": 4, "num_key_value_heads": 2}

TRIPLES: list[list[Shape]] = [
    [[5, 8]],
    [[None, 8]],
    [[5, 8], [7, 8]],
    [[None, 8], [None, 8]],
    [[5, 8], [None, 8]],
    [[5, 8], [7, 6], [7, 8]],
    [[5, 8], [7, None], [7, 8]],
    [[5, 8], [7, 8], [7, 6]],
    [[5, 8], [7, 8], [6, 8]],
    [[5, 8], [7, 6]],
    [[5, None]],
    [[8]],
    [[]],
    [[3, 5, 8]],
    [[3, 5, 8], [3, 7, 8]],
    [[3, 5, 8], [4, 7, 8]],
    [[5, 8], [3, 7, 8]],
    [[5, 8], [7, 8], [7, 8], [7, 8]],
    [[0, 8]],
    [[1, 1]],
]

BY_SCORES: list[Case] = [
    *[case(kind, {}, *shapes) for kind, shapes in product(("Attention", "AdditiveAttention"), TRIPLES)],
    *grid(
        "Attention",
        [[5, 8]],
        use_scale=[True, False],
        score_mode=["dot", "concat"],
        dropout=[DEFAULT, 0.2],
    ),
    *vary(
        "Attention",
        [5, 8],
        {},
        score_mode=["general", None],
        dropout=[1.5, -1],
        seed=[3],
        trainable=[False],
    ),
    *vary(
        "AdditiveAttention",
        [5, 8],
        {},
        use_scale=[False, True],
        dropout=[0.2, 1.5],
        trainable=[False],
        score_mode=["dot"],
    ),
    case("AdditiveAttention", {"use_scale": False}, [5, None]),
    case("Attention", {"use_scale": True}, [5, 8], [7, 8], [7, 8]),
]

MULTI_HEAD: list[Case] = [
    *[case("MultiHeadAttention", HEADS, *shapes) for shapes in TRIPLES],
    *[
        case("MultiHeadAttention", {**HEADS, **extra}, *shapes)
        for extra, shapes in product(
            (
                {"value_dim": 5},
                {"use_bias": False},
                {"output_shape": 9},
                {"value_dim": 5, "output_shape": [2, 7], "use_bias": False},
            ),
            ([[5, 8]], [[None, 8], [7, 6]], [[5, 8], [7, 6], [7, 4]]),
        )
    ],
    *vary(
        "MultiHeadAttention",
        [5, 8],
        HEADS,
        num_heads=[0, -1, 1, 2.0, "2"],
        key_dim=[0, -1, 1, 2.5],
        value_dim=[0, -1, 2.5, 6],
        output_shape=[0, [], [4], [2, 3], -1, [0], "ab", 2.5],
        attention_axes=[1, [1], 0, 2, -1, -2, 3, [], "a"],
        dropout=[0.5, 1.5],
        sliding_window=[3, 0, -1],
        use_gate=[True],
        flash_attention=[True, False],
        trainable=[False],
        seed=[1],
    ),
    *[
        case("MultiHeadAttention", {**HEADS, "attention_axes": axes}, *shapes)
        for axes, shapes in product(
            (1, 2, [1, 2], [2], -2, [-3, -2], 3, [1, 3]),
            ([[3, 5, 8]], [[None, 5, 8]], [[3, 5, 8], [3, 7, 8]], [[3, 5, 8], [4, 5, 8]]),
        )
    ],
    *[
        case("MultiHeadAttention", {**HEADS, "use_gate": True, "value_dim": 5}, *shapes)
        for shapes in ([[5, 8]], [[5, 8], [7, 6]])
    ],
    case("MultiHeadAttention", {**HEADS, "use_gate": True, "use_bias": False}, [5, 8]),
    case("MultiHeadAttention", {"num_heads": 3, "key_dim": 2}, [2, 3, 4, 6]),
    case("MultiHeadAttention", {**HEADS, "attention_axes": [2, 3]}, [2, 3, 4, 6]),
    case("MultiHeadAttention", {**HEADS, "output_shape": [4, 4]}, [3, 5, 8], [3, 7, 8]),
]

GROUP_QUERY: list[Case] = [
    *[case("GroupQueryAttention", GROUPED, *shapes) for shapes in TRIPLES],
    *vary(
        "GroupQueryAttention",
        [5, 8],
        GROUPED,
        head_dim=[0, -1, 1, 2.5],
        num_query_heads=[2, 3, 6, 0, -4],
        num_key_value_heads=[1, 4, 3, 8, 0, -2],
        dropout=[0.5, 1.5],
        use_bias=[False],
        use_gate=[True],
        sliding_window=[2, 0],
        flash_attention=[True, False],
        trainable=[False],
    ),
    case("GroupQueryAttention", {**GROUPED, "use_gate": True, "use_bias": False}, [5, 8], [7, 6]),
    case("GroupQueryAttention", {**GROUPED, "use_bias": False}, [None, 8], [7, 6], [7, 4]),
]

CASES = [*BY_SCORES, *MULTI_HEAD, *GROUP_QUERY]
