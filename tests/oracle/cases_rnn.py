"""Recurrent layers, cells, Bidirectional, ConvLSTM and TimeDistributed."""

from tests.oracle.table import DEFAULT, Case, Shape, case, grid, on_each, vary

FLAGS = [DEFAULT, True]

RECURRENT: list[Case] = [
    *[
        each
        for kind in ("SimpleRNN", "LSTM", "GRU")
        for each in [
            *grid(
                kind,
                [[5, 3], [None, 3]],
                units=[4],
                return_sequences=FLAGS,
                return_state=FLAGS,
                use_bias=[DEFAULT, False],
            ),
            *vary(
                kind,
                [5, 3],
                {"units": 4},
                units=[1, 0, -1, 2.5, None],
                go_backwards=[True],
                unroll=[True],
                dropout=[0.2, 1.5, -1],
                recurrent_dropout=[0.2],
                activation=["relu", "nope"],
                trainable=[False],
                stateful=[True],
            ),
            *on_each(
                kind,
                {"units": 4},
                [],
                [3],
                [5, None],
                [None, None],
                [1, 3],
                [0, 3],
                [5, 0],
                [5, 3, 2],
            ),
            case(kind, {"units": 4, "unroll": True}, [None, 3]),
            case(kind, {"units": 4}, [5, 3], [4]),
            case(kind, {"units": 4}, [5, 3], [4], [4]),
            case(kind, {"units": 4}, [5, 3], [5]),
            case(
                kind,
                {"units": 4, "return_sequences": True, "return_state": True},
                [None, 3],
                *[[4]] * (2 if kind == "LSTM" else 1),
            ),
        ]
    ],
    *grid(
        "GRU",
        [[5, 3], [None, 3]],
        units=[4],
        reset_after=[True, False],
        use_bias=[True, False],
        return_state=FLAGS,
    ),
    *vary(
        "LSTM",
        [5, 3],
        {"units": 4},
        unit_forget_bias=[False],
        use_cudnn=[False],
        recurrent_activation=["nope"],
    ),
]

CELLS: list[object] = [
    {"SimpleRNNCell": {"units": 4}},
    {"SimpleRNNCell": {"units": 4, "use_bias": False}},
    {"LSTMCell": {"units": 4}},
    {"LSTMCell": {"units": 4, "use_bias": False}},
    {"GRUCell": {"units": 4}},
    {"GRUCell": {"units": 4, "reset_after": False}},
    {"GRUCell": {"units": 4, "use_bias": False}},
    [{"LSTMCell": {"units": 3}}, {"GRUCell": {"units": 2}}],
    [{"SimpleRNNCell": {"units": 3}}, {"SimpleRNNCell": {"units": 5}}],
    [{"LSTMCell": {"units": 3}}, {"LSTMCell": {"units": 2}}, {"LSTMCell": {"units": 6}}],
    [{"GRUCell": {"units": 3}}],
    {"StackedRNNCells": {"cells": [{"LSTMCell": {"units": 3}}, {"LSTMCell": {"units": 2}}]}},
    {"StackedRNNCells": {"cells": [{"SimpleRNNCell": {"units": 3}}, {"GRUCell": {"units": 2}}]}},
]

RNN: list[Case] = [
    *grid("RNN", [[5, 3], [None, 3]], cell=CELLS, return_sequences=FLAGS, return_state=FLAGS),
    *vary(
        "RNN",
        [5, 3],
        {"cell": {"LSTMCell": {"units": 4}}},
        go_backwards=[True],
        unroll=[True],
        stateful=[True],
        trainable=[False],
    ),
    *on_each("RNN", {"cell": {"LSTMCell": {"units": 4}}}, [3], [5, None], [0, 3], [5, 3, 2]),
    case("RNN", {"cell": {"LSTMCell": {"units": 4}}}, [5, 3], [4], [4]),
    case("RNN", {"cell": {"LSTMCell": {"units": 4}}}, [5, 3], [4]),
    case("RNN", {"cell": {"GRUCell": {"units": 4}}}, [5, 3], [4]),
    case("RNN", {"cell": [{"GRUCell": {"units": 4}}, {"GRUCell": {"units": 2}}]}, [5, 3], [4], [2]),
    *[
        case("RNN", {"cell": cell}, [5, 3])
        for cell in (
            {"Dense": {"units": 4}},
            {"LSTM": {"units": 4}},
            [],
            None,
            {"LSTMCell": {"units": 0}},
            {"GRUCell": {"units": -1}},
            {"SimpleRNNCell": {"units": 0}},
            {"StackedRNNCells": {"cells": []}},
            {"StackedRNNCells": {"cells": [{"Dense": {"units": 2}}]}},
        )
    ],
]

INNER = {"units": 4}
BIDIRECTIONAL: list[Case] = [
    *[
        case(
            "Bidirectional",
            {
                "layer": {kind: {**INNER, **flags}},
                **({} if mode == "concat" else {"merge_mode": mode}),
            },
            shape,
        )
        for kind in ("LSTM", "GRU", "SimpleRNN")
        for mode in ("concat", "sum", "mul", "ave", None)
        for flags in (
            {},
            {"return_sequences": True},
            {"return_state": True},
            {"return_sequences": True, "return_state": True},
        )
        for shape in ([5, 3], [None, 3])
    ],
    *vary(
        "Bidirectional",
        [5, 3],
        {"layer": {"LSTM": INNER}},
        merge_mode=["max", "CONCAT"],
        backward_layer=[
            {"LSTM": {**INNER, "go_backwards": True}},
            {"LSTM": {"units": 7, "go_backwards": True}},
            {"GRU": {**INNER, "go_backwards": True}},
            {"LSTM": INNER},
            {"LSTM": {**INNER, "go_backwards": True, "return_sequences": True}},
            {"LSTM": {**INNER, "go_backwards": True, "return_state": True}},
            {"Dense": INNER},
        ],
        layer=[
            {"LSTM": {**INNER, "go_backwards": True}},
            {"LSTM": {**INNER, "name": "encoder"}},
            {"GRU": {**INNER, "reset_after": False}},
            {"LSTM": {**INNER, "use_bias": False}},
            {"RNN": {"cell": {"LSTMCell": INNER}}},
            {"RNN": {"cell": [{"LSTMCell": INNER}, {"GRUCell": {"units": 2}}]}},
            {"RNN": {"cell": {"GRUCell": INNER}, "return_sequences": True, "return_state": True}},
            {"LSTM": {"units": 0}},
            {"Dense": INNER},
            {"Conv1D": {"filters": 2, "kernel_size": 2}},
            {"LSTM": {**INNER, "trainable": False}},
        ],
        trainable=[False],
        name=["both"],
    ),
    *[
        case(
            "Bidirectional",
            {
                "layer": {"LSTM": {"units": 4, **flags}},
                "backward_layer": {"GRU": {"units": 6, "go_backwards": True, **flags}},
                "merge_mode": mode,
            },
            [5, 3],
        )
        for mode in ("concat", "sum", None)
        for flags in ({}, {"return_sequences": True}, {"return_state": True})
    ],
    *on_each("Bidirectional", {"layer": {"LSTM": INNER}}, [], [3], [5, None], [0, 3], [5, 3, 2]),
    case("Bidirectional", {"layer": {"LSTM": INNER}}, [5, 3], *[[4]] * 4),
    case("Bidirectional", {"layer": {"LSTM": INNER}}, [5, 3], *[[4]] * 2),
    case("Bidirectional", {"layer": {"GRU": INNER}}, [5, 3], *[[4]] * 2),
    case("Bidirectional", {"layer": {"GRU": {**INNER, "return_state": True}}}, [5, 3], *[[4]] * 2),
    case("Bidirectional", {"layer": {"GRU": INNER}}, [5, 3], [4]),
    case("Bidirectional", {"layer": {"GRU": INNER}}, [5, 3], [5], [5]),
    case("Bidirectional", {"layer": {"ConvLSTM1D": {"filters": 2, "kernel_size": 3}}}, [5, 8, 3]),
    case(
        "Bidirectional",
        {"layer": {"ConvLSTM2D": {"filters": 2, "kernel_size": 3, "return_sequences": True}}},
        [5, 8, 9, 3],
    ),
]

CONV_LSTM: list[Case] = [
    *grid(
        "ConvLSTM1D",
        [[4, 9, 2], [None, 9, 2], [4, None, 2]],
        filters=[3],
        kernel_size=[1, 3],
        padding=["valid", "same"],
        return_sequences=FLAGS,
        return_state=FLAGS,
    ),
    *grid(
        "ConvLSTM2D",
        [[4, 9, 8, 2], [None, None, None, 2]],
        filters=[3],
        kernel_size=[3, [2, 5]],
        strides=[1, 2],
        padding=["valid", "same"],
        return_sequences=FLAGS,
    ),
    *grid(
        "ConvLSTM2D",
        [[4, 2, 9, 8]],
        filters=[3],
        kernel_size=[3],
        data_format=["channels_first"],
        padding=["valid", "same"],
        return_state=FLAGS,
        use_bias=[DEFAULT, False],
    ),
    *grid(
        "ConvLSTM3D",
        [[4, 6, 5, 7, 2], [None, 6, None, 7, 2]],
        filters=[3],
        kernel_size=[2, [3, 1, 2]],
        padding=["valid", "same"],
        return_sequences=FLAGS,
        return_state=FLAGS,
    ),
    *vary(
        "ConvLSTM1D",
        [4, 9, 2],
        {"filters": 3, "kernel_size": 3},
        filters=[0, -1],
        kernel_size=[0, 9, 10, [3, 3]],
        strides=[0, 2, [1, 1]],
        dilation_rate=[2, 5, 0],
        padding=["causal", "nope"],
        data_format=["channels_first"],
        go_backwards=[True],
        stateful=[True],
        dropout=[0.3],
        unit_forget_bias=[False],
        trainable=[False],
    ),
    *vary(
        "ConvLSTM2D",
        [4, 9, 8, 2],
        {"filters": 3, "kernel_size": 3},
        filters=[0],
        kernel_size=[9, [3], [9, 8]],
        strides=[[2, 1], [1, 2, 3]],
        dilation_rate=[2, [1, 3], 5],
        padding=["causal"],
    ),
    case(
        "ConvLSTM2D",
        {"filters": 3, "kernel_size": 3, "strides": 2, "dilation_rate": 2},
        [4, 9, 8, 2],
    ),
    *on_each(
        "ConvLSTM1D",
        {"filters": 3, "kernel_size": 3},
        [9, 2],
        [4, 9, None],
        [4, 2, 2],
        [0, 9, 2],
        [4, 9, 9, 2],
    ),
    *on_each("ConvLSTM2D", {"filters": 3, "kernel_size": 3}, [9, 8, 2], [4, 9, 8, None], [1, 3, 3, 1]),
    case("ConvLSTM1D", {"filters": 3, "kernel_size": 3, "padding": "same"}, [4, 9, 2], [9, 3], [9, 3]),
    case("ConvLSTM1D", {"filters": 3, "kernel_size": 3}, [4, 9, 2], [7, 3], [7, 3]),
]

WRAPPED: list[tuple[dict[str, object], Shape]] = [
    ({"Dense": {"units": 4}}, [5, 3]),
    ({"Dense": {"units": 4, "use_bias": False}}, [None, 3]),
    ({"Dense": {"units": 4}}, [5, None]),
    ({"Dense": {"units": 4}}, [5, 6, 3]),
    ({"Dense": {"units": 4}}, [5]),
    ({"Dense": {"units": 4}}, []),
    ({"Dense": {"units": 4, "trainable": False}}, [5, 3]),
    ({"Dense": {"units": 4, "name": "inside"}}, [5, 3]),
    ({"Dense": {"units": 0}}, [5, 3]),
    ({"Dense": {"units": 4}}, [0, 3]),
    ({"Conv2D": {"filters": 4, "kernel_size": 3}}, [5, 8, 8, 3]),
    ({"Conv2D": {"filters": 4, "kernel_size": 3}}, [None, 8, None, 3]),
    ({"Conv2D": {"filters": 4, "kernel_size": 9}}, [5, 8, 8, 3]),
    ({"Conv2D": {"filters": 4, "kernel_size": 3}}, [8, 8, 3]),
    ({"Conv1D": {"filters": 4, "kernel_size": 3, "padding": "causal"}}, [5, 8, 3]),
    ({"MaxPooling2D": {}}, [5, 8, 8, 3]),
    ({"GlobalAveragePooling2D": {}}, [5, 8, 8, 3]),
    ({"GlobalAveragePooling2D": {}}, [None, None, None, 3]),
    ({"Flatten": {}}, [5, 8, 8, 3]),
    ({"Flatten": {}}, [5, None, 3]),
    ({"Flatten": {}}, [None, 4, 3]),
    ({"Reshape": {"target_shape": [2, -1]}}, [5, 8]),
    ({"RepeatVector": {"n": 3}}, [5, 8]),
    ({"Permute": {"dims": [2, 1]}}, [5, 8, 7]),
    ({"BatchNormalization": {}}, [5, 3]),
    ({"BatchNormalization": {}}, [5, 8, 8, 3]),
    ({"LayerNormalization": {}}, [5, 3]),
    ({"Dropout": {"rate": 0.5}}, [5, 3]),
    ({"Activation": {"activation": "relu"}}, [5, 3]),
    ({"PReLU": {}}, [5, 4, 3]),
    ({"Embedding": {"input_dim": 10, "output_dim": 4}}, [5, 3]),
    ({"LSTM": {"units": 4}}, [5, 6, 3]),
    ({"LSTM": {"units": 4, "return_sequences": True}}, [None, 6, 3]),
    ({"LSTM": {"units": 4, "return_state": True}}, [5, 6, 3]),
    ({"Bidirectional": {"layer": {"LSTM": {"units": 4}}}}, [5, 6, 3]),
    ({"TimeDistributed": {"layer": {"Dense": {"units": 4}}}}, [5, 6, 3]),
    ({"Identity": {}}, [5, 3]),
    ({"MultiHeadAttention": {"num_heads": 2, "key_dim": 3}}, [5, 6, 3]),
    ({"Add": {}}, [5, 3]),
    ({"UpSampling1D": {}}, [5, 6, 3]),
    ({"ZeroPadding2D": {}}, [5, 6, 3, 1]),
]

TIME_DISTRIBUTED: list[Case] = [
    *[case("TimeDistributed", {"layer": layer}, shape) for layer, shape in WRAPPED],
    case("TimeDistributed", {"layer": {"Dense": {"units": 4}}, "trainable": False}, [5, 3]),
    case("TimeDistributed", {"layer": "Dense"}, [5, 3]),
]

CASES = [*RECURRENT, *RNN, *BIDIRECTIONAL, *CONV_LSTM, *TIME_DISTRIBUTED]
