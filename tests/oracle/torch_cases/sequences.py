"""Recurrent layers, attention and Transformers."""

from tests.oracle.torch_cases.table import Case, case, each, grid, vary

CASES: list[Case] = []
SHAPE = [5, 2, 6]
for kind, states in (("RNN", 1), ("LSTM", 2), ("GRU", 1)):
    base = {"input_size": 6, "hidden_size": 4}
    CASES += grid(
        kind,
        base,
        [SHAPE],
        num_layers=[1, 2, 3],
        bias=[True, False],
        batch_first=[True, False],
        bidirectional=[True, False],
    )
    CASES += each(kind, base, [5, 6], [6], [5, 2, 7], [2, 3, 5, 6])
    CASES += vary(
        kind,
        base,
        [SHAPE],
        num_layers=[0, -1],
        hidden_size=[0],
        input_size=[0, 7],
        dropout=[0.5, 1, 2, -0.1],
        bias=["yes"],
    )
    CASES += vary(kind, base | {"num_layers": 2}, [SHAPE], dropout=[0.5, 1.5])
    for batch_first, shape in ((False, SHAPE), (True, [2, 5, 6])):
        options = base | {"batch_first": batch_first, "num_layers": 2, "bidirectional": True}
        CASES += [case(kind, options, shape, *[[4, 2, 4]] * states)]
        CASES += [case(kind, options, shape, *[[4, 3, 4]] * states), case(kind, options, shape, *[[2, 2, 4]] * states)]
        CASES += [case(kind, options, shape, *[[4, 2, 5]] * states), case(kind, options, shape, *[[2, 4]] * states)]
CASES += vary("RNN", {"input_size": 6, "hidden_size": 4}, [SHAPE], nonlinearity=["tanh", "relu", "sigmoid"])
CASES += grid(
    "LSTM",
    {"input_size": 6, "hidden_size": 4},
    [SHAPE],
    proj_size=[1, 3, 4, 5],
    num_layers=[1, 2],
    bidirectional=[True, False],
    bias=[True, False],
)
CASES += [
    case("LSTM", {"input_size": 6, "hidden_size": 4, "proj_size": 3}, SHAPE, [1, 2, 3], [1, 2, 4]),
    case("LSTM", {"input_size": 6, "hidden_size": 4, "proj_size": 3}, SHAPE, [1, 2, 4], [1, 2, 4]),
    case("GRU", {"input_size": 6, "hidden_size": 4, "proj_size": 3}, SHAPE),
]
for kind, states in (("RNNCell", 1), ("LSTMCell", 2), ("GRUCell", 1)):
    base = {"input_size": 6, "hidden_size": 4}
    CASES += grid(kind, base, [[2, 6], [2, 7], [6], [2, 3, 6]], bias=[True, False])
    CASES += [case(kind, base, [2, 6], *[[2, size]] * states) for size in (4, 5)]
    CASES += [case(kind, base, [2, 6], *[[3, 4]] * states), case(kind, base, [2, 6], *[[4]] * states)]
CASES += vary("RNNCell", {"input_size": 6, "hidden_size": 4}, [[2, 6]], nonlinearity=["relu", "sigmoid"])

HEADS = {"embed_dim": 8, "num_heads": 2}
CASES += [
    case("MultiheadAttention", HEADS | options, [5, 2, 8], [7, 2, 8], [7, 2, 8])
    for options in (
        {},
        {"bias": False},
        {"add_bias_kv": True},
        {"add_zero_attn": True},
        {"add_bias_kv": True, "add_zero_attn": True, "bias": False},
        {"dropout": 0.5},
        {"num_heads": 8},
        {"num_heads": 3},
        {"kdim": 8, "vdim": 8},
        {"embed_dim": 9, "num_heads": 3},
        {"num_heads": 0},
        {"batch_first": True},
    )
]
CASES += [
    case("MultiheadAttention", HEADS | {"batch_first": True} | options, [2, 5, 8], key, value, call=call)
    for options in (
        {},
        {"kdim": 6},
        {"vdim": 4},
        {"kdim": 6, "vdim": 4},
        {"kdim": 6, "vdim": 4, "bias": False, "add_bias_kv": True},
    )
    for key, value in (
        ([2, 7, options.get("kdim", 8)], [2, 7, options.get("vdim", 8)]),
        ([2, 7, 3], [2, 7, options.get("vdim", 8)]),
        ([2, 7, options.get("kdim", 8)], [2, 6, options.get("vdim", 8)]),
        ([3, 7, options.get("kdim", 8)], [3, 7, options.get("vdim", 8)]),
    )
    for call in ({}, {"need_weights": False}, {"average_attn_weights": False})
]
CASES += [
    case("MultiheadAttention", HEADS, [5, 8], [7, 8], [7, 8]),
    case("MultiheadAttention", HEADS, [5, 2, 7], [7, 2, 8], [7, 2, 8]),
    case("MultiheadAttention", HEADS | {"add_bias_kv": True, "kdim": 6}, [5, 2, 8], [7, 2, 6], [7, 2, 8]),
]

LAYER = {"d_model": 8, "nhead": 2, "dim_feedforward": 12}
for first, src, tgt in ((False, [5, 2, 8], [7, 2, 8]), (True, [2, 5, 8], [2, 7, 8])):
    base = LAYER | {"batch_first": first}
    CASES += grid(
        "TransformerEncoderLayer",
        base,
        [src],
        norm_first=[True, False],
        bias=[True, False],
        activation=["relu", "gelu"],
    )
    for options in (
        {},
        {"norm_first": True},
        {"bias": False},
        {"nhead": 3},
        {"layer_norm_eps": 0.1, "dropout": 0.0},
        {"activation": "tanh"},
    ):
        CASES.append(case("TransformerDecoderLayer", base | options, tgt, src))
        encoder, decoder = {"TransformerEncoderLayer": base | options}, {"TransformerDecoderLayer": base | options}
        CASES.append(case("TransformerEncoder", {"encoder_layer": encoder, "num_layers": 3}, src))
        norm = {"LayerNorm": {"normalized_shape": 8}}
        CASES.append(case("TransformerEncoder", {"encoder_layer": encoder, "num_layers": 2, "norm": norm}, src))
        CASES.append(case("TransformerDecoder", {"decoder_layer": decoder, "num_layers": 3}, tgt, src))
        CASES.append(case("TransformerDecoder", {"decoder_layer": decoder, "num_layers": 2, "norm": norm}, tgt, src))
        CASES.append(case("Transformer", base | options | {"num_encoder_layers": 2, "num_decoder_layers": 3}, src, tgt))
    CASES.append(case("Transformer", base | {"num_encoder_layers": 1, "num_decoder_layers": 1, "d_model": 9}, src, tgt))
CASES += [
    *each("TransformerEncoderLayer", LAYER, [5, 8], [5, 2, 9], [2, 5, 2, 8]),
    case("TransformerEncoderLayer", {"d_model": 64, "nhead": 4}, [5, 2, 64]),
    case("TransformerDecoderLayer", LAYER, [7, 2, 8], [5, 3, 8]),
    case("TransformerDecoderLayer", LAYER, [7, 2, 8], [5, 2, 9]),
    case("Transformer", {"num_encoder_layers": 1, "num_decoder_layers": 1}, [5, 2, 512], [7, 2, 512]),
    case("Transformer", {"num_encoder_layers": 1, "num_decoder_layers": 1}, [5, 3, 512], [7, 2, 512]),
    case(
        "TransformerEncoder",
        {"encoder_layer": {"Linear": {"in_features": 8, "out_features": 8}}, "num_layers": 2},
        [5, 2, 8],
    ),
    case(
        "TransformerEncoder",
        {
            "encoder_layer": {"TransformerEncoderLayer": LAYER},
            "num_layers": 2,
            "norm": {"RMSNorm": {"normalized_shape": 8}},
        },
        [5, 2, 8],
    ),
    case("TransformerEncoder", {"encoder_layer": {"TransformerEncoderLayer": LAYER}, "num_layers": 0}, [5, 2, 8]),
]
