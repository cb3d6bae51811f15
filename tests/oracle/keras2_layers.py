"""Random layers of Keras 2 for a tensor of a given shape, as `random_layers` makes those of Keras 3.

Runs on old Pythons, with nothing but a Keras 2 installed; FRAMEWORK says which: tf_keras, tensorflow.keras, keras.
"""
# ruff: noqa: RUF005, UP031 - this runs on Python 3.7

import importlib
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
FRAMEWORK = os.environ.get("FRAMEWORK", "tf_keras")
keras = importlib.import_module(FRAMEWORK)
L, K = keras.layers, keras.backend
TF = FRAMEWORK != "keras"
ACTIVATIONS = [None, "relu", "tanh", "sigmoid", "softmax", "linear", "elu", "selu", "hard_sigmoid", "softplus"]
if TF:
    ACTIVATIONS += ["swish", "gelu", "leaky_relu"] if hasattr(keras.activations, "gelu") else []


def int_shape(x):
    return tuple(None if d is None else int(d) for d in K.int_shape(x))


def either(rng, n, low, high):
    return rng.randint(low, high) if rng.random() < 0.6 else tuple(rng.randint(low, high) for _ in range(n))


def common(rng):
    extra = {}
    if rng.random() < 0.08:
        extra["trainable"] = False
    if TF and rng.random() < 0.04:
        extra["dtype"] = rng.choice(["mixed_float16", "float16", "float64"])
    return extra


def conv_options(rng, n):
    found = {
        "kernel_size": either(rng, n, 1, 4),
        "padding": rng.choice(["valid", "same"] + (["causal"] if n == 1 else [])),
        "use_bias": rng.random() < 0.7,
        "activation": rng.choice(ACTIVATIONS),
    }
    if rng.random() < 0.2:
        found["data_format"] = "channels_first"
    if rng.random() < 0.5:
        found["strides"] = either(rng, n, 1, 3)
    elif rng.random() < 0.4:
        found["dilation_rate"] = either(rng, n, 1, 3)
    if rng.random() < 0.1:
        found["kernel_regularizer"] = "l2"
    return found


def conv(rng, s):
    n = len(s) - 2
    options = conv_options(rng, n)
    channels = s[1 if options.get("data_format") == "channels_first" else -1] or 1
    filters = rng.randint(1, 5)
    if TF and rng.random() < 0.2:
        options["groups"] = rng.choice([g for g in range(1, channels + 1) if channels % g == 0])
        filters *= options["groups"]
    return getattr(L, "Conv%dD" % n)(filters, **dict(options, **common(rng)))


def conv_transpose(rng, s):
    n = len(s) - 2
    options = conv_options(rng, n)
    if rng.random() < 0.2:
        options["output_padding"] = either(rng, n, 0, 1)
    return getattr(L, "Conv%dDTranspose" % n)(rng.randint(1, 5), **options)


def separable(rng, s):
    n = len(s) - 2
    return getattr(L, "SeparableConv%dD" % n)(
        rng.randint(1, 5), depth_multiplier=rng.randint(1, 3), **conv_options(rng, n)
    )


def depthwise(rng, s):
    n = len(s) - 2
    return getattr(L, "DepthwiseConv%dD" % n)(depth_multiplier=rng.randint(1, 3), **conv_options(rng, n))


def local(rng, s):
    n = len(s) - 2
    options = {"padding": "valid", "use_bias": rng.random() < 0.7, "strides": either(rng, n, 1, 2)}
    if TF and rng.random() < 0.5:
        options["implementation"] = rng.randint(1, 3)
        options["padding"] = "same" if options["implementation"] > 1 else "valid"
    return getattr(L, "LocallyConnected%dD" % n)(rng.randint(1, 3), either(rng, n, 1, 3), **options)


def pool(rng, s):
    n = len(s) - 2
    cls = getattr(L, "%sPooling%dD" % (rng.choice(["Max", "Average"]), n))
    options = {"strides": rng.choice([None, either(rng, n, 1, 3)]), "padding": rng.choice(["valid", "same"])}
    if rng.random() < 0.2:
        options["data_format"] = "channels_first"
    return cls(either(rng, n, 1, 3), **options)


def global_pool(rng, s):
    extra = {"keepdims": True} if TF and rng.random() < 0.3 else {}
    if rng.random() < 0.2:
        extra["data_format"] = "channels_first"
    return getattr(L, "Global%sPooling%dD" % (rng.choice(["Max", "Average"]), len(s) - 2))(**extra)


def resized(rng, s):
    n = len(s) - 2
    kind = rng.choice(["ZeroPadding", "Cropping", "UpSampling"])
    if kind == "UpSampling":
        amount = either(rng, n, 1, 3) if n > 1 else rng.randint(1, 3)
    elif n == 1:
        amount = rng.choice([rng.randint(0, 2), (rng.randint(0, 2), rng.randint(0, 2))])
    else:
        amount = rng.choice(
            [
                rng.randint(0, 2),
                tuple((rng.randint(0, 2), rng.randint(0, 2)) for _ in range(n)),
                tuple(rng.randint(0, 2) for _ in range(n)),
            ]
        )
    extra = {"data_format": "channels_first"} if n > 1 and rng.random() < 0.2 else {}
    if kind == "UpSampling" and n == 2 and rng.random() < 0.3:
        extra["interpolation"] = "bilinear"
    return getattr(L, "%s%dD" % (kind, n))(amount, **extra)


def rnn_options(rng):
    return {
        "units": rng.randint(1, 6),
        "return_sequences": rng.random() < 0.5,
        "use_bias": rng.random() < 0.8,
        "go_backwards": rng.random() < 0.1,
        "unroll": rng.random() < 0.05,
        "stateful": rng.random() < 0.05,
        "dropout": rng.choice([0.0, 0.3]),
        "recurrent_dropout": rng.choice([0.0, 0.0, 0.3]),
    }


def recurrent(rng, s, **extra):
    options = rnn_options(rng)
    choices = [L.LSTM, L.GRU, L.SimpleRNN]
    if not TF or hasattr(keras, "version_of_cudnn"):
        choices += [getattr(L, name) for name in ("CuDNNLSTM", "CuDNNGRU") if hasattr(L, name)]
    cls = rng.choice(choices)
    if cls.__name__.startswith("CuDNN"):
        options = {
            "units": options["units"],
            "return_sequences": options["return_sequences"],
            "stateful": options["stateful"],
        }
    if cls is L.GRU and rng.random() < 0.5:
        options["reset_after"] = rng.random() < 0.5
    options.update(extra)
    return cls(**options)


def cell_rnn(rng, s):
    cells = [rng.choice([L.LSTMCell, L.GRUCell, L.SimpleRNNCell])(rng.randint(1, 5)) for _ in range(rng.randint(1, 3))]
    cell = cells[0] if len(cells) == 1 else rng.choice([cells, L.StackedRNNCells(cells)])
    return L.RNN(cell, return_sequences=rng.random() < 0.5)


def bidirectional(rng, s):
    inner = recurrent(rng, s)
    extra = {}
    if TF and rng.random() < 0.2:
        config = dict(inner.get_config(), name="back", go_backwards=not inner.go_backwards)
        extra["backward_layer"] = type(inner).from_config(config)
    return L.Bidirectional(inner, merge_mode=rng.choice(["concat", "sum", "ave", "mul", None]), **extra)


def conv_lstm(rng, s):
    n = len(s) - 3
    if n != 2 and not (TF and hasattr(L, "ConvLSTM1D")):
        raise ValueError
    options = {"padding": rng.choice(["valid", "same"]), "return_sequences": rng.random() < 0.5}
    if rng.random() < 0.2:
        options["data_format"] = "channels_first"
    if rng.random() < 0.3:
        options["strides"] = either(rng, n, 1, 2)
    return getattr(L, "ConvLSTM%dD" % n)(rng.randint(1, 3), either(rng, n, 1, 3), **options)


def time_distributed(rng, s):
    step = (s[0],) + s[2:]
    if rng.random() < 0.25:
        return L.TimeDistributed(keras.Sequential([L.Dense(rng.randint(1, 6), input_shape=step[1:]), L.ReLU()]))
    return L.TimeDistributed(layer_for(rng, step))


def dense(rng, s):
    return L.Dense(rng.randint(1, 8), activation=rng.choice(ACTIVATIONS), use_bias=rng.random() < 0.8, **common(rng))


def einsum(rng, s):
    letters = "abcdefg"[: len(s)]
    size = rng.randint(1, 5)
    return L.EinsumDense(
        "%s,%sz->%sz" % (letters, letters[-1], letters[:-1]),
        output_shape=list(s[1:-1]) + [size],
        bias_axes=rng.choice([None, "z"]),
    )


def some_axis(rng, s):
    return -1 if rng.random() < 0.7 else rng.choice(list(range(1, len(s))))


def batch_norm(rng, s):
    extra = {"renorm": True} if TF and rng.random() < 0.05 else {}
    return L.BatchNormalization(
        axis=some_axis(rng, s), center=rng.random() < 0.8, scale=rng.random() < 0.8, **dict(extra, **common(rng))
    )


def other_norm(rng, s):
    return rng.choice(
        [
            lambda: L.LayerNormalization(axis=some_axis(rng, s), center=rng.random() < 0.8),
            lambda: L.GroupNormalization(groups=rng.choice([-1, 1, 2, 3]), axis=some_axis(rng, s)),
            lambda: L.UnitNormalization(axis=-1),
            lambda: L.SpectralNormalization(L.Dense(rng.randint(1, 5))),
            lambda: L.Normalization(axis=rng.choice([-1, None])),
        ]
    )()


def simple(rng, s):
    n = len(s)
    c = common(rng)
    return rng.choice(
        [
            lambda: L.Activation(rng.choice(ACTIVATIONS[1:]), **c),
            lambda: L.ReLU(max_value=rng.choice([None, 6.0])),
            lambda: L.LeakyReLU(alpha=0.1),
            lambda: L.ELU(),
            lambda: L.ThresholdedReLU(theta=0.5),
            lambda: L.Softmax(),
            lambda: L.PReLU(shared_axes=rng.choice([None, [1], list(range(1, n - 1)) or None]), **c),
            lambda: L.Dropout(0.3),
            lambda: L.GaussianNoise(0.1),
            lambda: L.GaussianDropout(0.1),
            lambda: L.AlphaDropout(0.1),
            lambda: L.ActivityRegularization(l2=0.01),
            lambda: L.Masking(),
            lambda: L.Rescaling(0.5),
            lambda: L.Discretization(bin_boundaries=[0.0, 1.0]),
            lambda: getattr(L, "SpatialDropout%dD" % (n - 2))(0.2),
        ]
    )()


def reshape(rng, s):
    sizes = [d or 1 for d in s[1:]]
    order = list(range(1, len(s)))
    rng.shuffle(order)
    return rng.choice(
        [
            lambda: L.Flatten(**rng.choice([{}, {"data_format": "channels_first"}])),
            lambda: L.Permute(order),
            lambda: L.Reshape(rng.choice([(-1,), (-1, sizes[-1]), tuple(sizes) + (1,), (1, -1)])),
            lambda: L.RepeatVector(rng.randint(1, 4)),
        ]
    )()


def image(rng, s):
    return rng.choice(
        [
            lambda: L.Resizing(rng.randint(2, 9), rng.randint(2, 9)),
            lambda: L.CenterCrop(rng.randint(2, 5), rng.randint(2, 5)),
            lambda: L.RandomFlip(),
            lambda: L.RandomRotation(0.1),
            lambda: L.RandomZoom(0.1),
            lambda: L.RandomContrast(0.1),
            lambda: L.RandomTranslation(0.1, 0.1),
            lambda: L.RandomCrop(2, 2),
            lambda: L.RandomHeight(0.1),
            lambda: L.RandomWidth(0.1),
            lambda: L.RandomBrightness(0.1),
        ]
    )()


def tokens(rng, s):
    size = rng.randint(3, 20)
    if TF and rng.random() < 0.2:
        return rng.choice(
            [
                lambda: L.CategoryEncoding(size, output_mode=rng.choice(["multi_hot", "count"])),
                lambda: L.IntegerLookup(vocabulary=[1, 2, 3], output_mode=rng.choice(["int", "multi_hot", "count"])),
                lambda: L.Hashing(4),
            ]
        )()
    return L.Embedding(size, rng.randint(1, 8), mask_zero=rng.random() < 0.2, **common(rng))


ANY = [dense, dense, batch_norm, other_norm, simple, simple, reshape, einsum]
SPATIAL = [conv, conv, conv_transpose, pool, pool, global_pool, resized, local]
BY_RANK = {
    1: [simple],
    2: ANY,
    3: ANY
    + SPATIAL
    + [separable, depthwise, recurrent, recurrent, recurrent, bidirectional, cell_rnn, time_distributed],
    4: ANY + SPATIAL + [separable, depthwise, conv_lstm, time_distributed] + ([image] if TF else []),
    5: ANY + SPATIAL[:-1] + [conv_lstm, time_distributed],
    6: [dense, batch_norm, simple, reshape, time_distributed],
}


def layer_for(rng, s, dtype="float32"):
    if "int" in dtype:
        return tokens(rng, s)
    return rng.choice(BY_RANK.get(len(s), ANY))(rng, s)


def random_input(rng):
    rank = rng.choice([1, 2, 2, 2, 3, 3, 3, 4])
    if rng.random() < 0.2:
        return (rng.choice([None, rng.randint(2, 8)]),), "int32"
    sizes = [rng.randint(2, {1: 12, 2: 10, 3: 10, 4: 6}[rank]) for _ in range(rank)]
    return tuple(None if i < rank - 1 and rng.random() < 0.12 else n for i, n in enumerate(sizes)), "float32"
