"""Random layers for a tensor of a given rank: what random models are made of.

Every maker takes the random source and the tensor, and returns a layer of Keras. It need not fit: a layer
that Keras refuses is simply not used.
"""

from .truth import keras

L = keras.layers
ACTIVATIONS = [
    None,
    "relu",
    "tanh",
    "sigmoid",
    "softmax",
    "gelu",
    "linear",
    "swish",
    "elu",
    "leaky_relu",
]
FORMATS = ["channels_last", "channels_last", "channels_last", "channels_first", None]
POLICIES = ["mixed_float16", "mixed_bfloat16", "float16", "bfloat16", "float64"]
ODD_NAMES = [
    "a b",
    "conv.1",
    "naïve",
    "x#2",
    "q[0]",
    "層",
    "::warn::",
    "50%",
    "'quoted'",
    "tab\there",
    "$name",
    "-dash",
]


class Namer:
    """Sometimes gives a layer a name, a precision policy or frozen weights of its own."""

    def __init__(self, rng):
        self.rng = rng
        self.used = 0

    def common(self) -> dict:
        rng, extra = self.rng, {}
        if rng.random() < 0.08:
            self.used += 1
            extra["name"] = f"{rng.choice(ODD_NAMES)}{self.used}"
        if rng.random() < 0.06:
            extra["dtype"] = rng.choice(POLICIES)
        if rng.random() < 0.08:
            extra["trainable"] = False
        return extra


def either(rng, spatial, low, high):
    """One number for all axes, or one an axis."""
    return rng.randint(low, high) if rng.random() < 0.6 else tuple(rng.randint(low, high) for _ in range(spatial))


def conv_options(rng, spatial):
    found = {
        "kernel_size": either(rng, spatial, 1, 4),
        "padding": rng.choice(["valid", "same"] + (["causal"] if spatial == 1 else [])),
        "data_format": rng.choice(FORMATS),
        "use_bias": rng.random() < 0.7,
        "activation": rng.choice(ACTIVATIONS),
    }
    if rng.random() < 0.5:
        found["strides"] = either(rng, spatial, 1, 3)
    elif rng.random() < 0.4:
        found["dilation_rate"] = either(rng, spatial, 1, 3)
    return found


def conv(rng, x, **kw):
    spatial = len(x.shape) - 2
    options = conv_options(rng, spatial)
    channels = x.shape[1 if options["data_format"] == "channels_first" else -1] or 1
    if rng.random() < 0.25:
        options["groups"] = rng.choice([g for g in range(1, channels + 1) if channels % g == 0])
    filters = rng.randint(1, 4) * options.get("groups", 1)
    return getattr(L, f"Conv{spatial}D")(filters, **options, **kw)


def conv_transpose(rng, x, **kw):
    spatial = len(x.shape) - 2
    options = conv_options(rng, spatial)
    if rng.random() < 0.2:
        options["output_padding"] = either(rng, spatial, 0, 1)
    return getattr(L, f"Conv{spatial}DTranspose")(rng.randint(1, 6), **options, **kw)


def separable_conv(rng, x, **kw):
    spatial = len(x.shape) - 2
    options = conv_options(rng, spatial)
    cls = getattr(L, f"SeparableConv{spatial}D")
    return cls(rng.randint(1, 6), depth_multiplier=rng.randint(1, 3), **options, **kw)


def depthwise_conv(rng, x, **kw):
    spatial = len(x.shape) - 2
    options = conv_options(rng, spatial)
    return getattr(L, f"DepthwiseConv{spatial}D")(depth_multiplier=rng.randint(1, 3), **options, **kw)


def pool(rng, x, **kw):
    spatial = len(x.shape) - 2
    cls = getattr(L, f"{rng.choice(['Max', 'Average'])}Pooling{spatial}D")
    strides = rng.choice([None, either(rng, spatial, 1, 3)])
    return cls(
        either(rng, spatial, 1, 3),
        strides=strides,
        padding=rng.choice(["valid", "same"]),
        data_format=rng.choice(FORMATS),
        **kw,
    )


def global_pool(rng, x, **kw):
    cls = getattr(L, f"Global{rng.choice(['Max', 'Average'])}Pooling{len(x.shape) - 2}D")
    return cls(data_format=rng.choice(FORMATS), keepdims=rng.random() < 0.4, **kw)


def adaptive_pool(rng, x, **kw):
    spatial = len(x.shape) - 2
    cls = getattr(L, f"Adaptive{rng.choice(['Max', 'Average'])}Pooling{spatial}D")
    return cls(either(rng, spatial, 1, 3), data_format=rng.choice(FORMATS), **kw)


def resize_by_axis(rng, x, **kw):
    spatial = len(x.shape) - 2
    kind = rng.choice(["ZeroPadding", "Cropping", "UpSampling"])
    amount = rng.choice([rng.randint(1, 2), pairs(rng, spatial), tuple(rng.randint(0, 2) for _ in range(spatial))])
    if kind == "UpSampling":
        amount = either(rng, spatial, 1, 3) if spatial > 1 else rng.randint(1, 3)
    elif spatial == 1:
        amount = rng.choice([rng.randint(0, 2), (rng.randint(0, 2), rng.randint(0, 2))])
    extra = {"data_format": rng.choice(FORMATS)} if spatial > 1 or kind == "ZeroPadding" else {}
    return getattr(L, f"{kind}{spatial}D")(amount, **extra, **kw)


def pairs(rng, spatial):
    return tuple((rng.randint(0, 2), rng.randint(0, 2)) for _ in range(spatial))


def spatial_dropout(rng, x, **kw):
    return getattr(L, f"SpatialDropout{len(x.shape) - 2}D")(0.2, **kw)


def rnn_options(rng):
    return {
        "units": rng.randint(1, 6),
        "return_sequences": rng.random() < 0.5,
        "use_bias": rng.random() < 0.8,
        "go_backwards": rng.random() < 0.1,
        "unroll": rng.random() < 0.1,
        "dropout": rng.choice([0.0, 0.0, 0.3]),
        "recurrent_dropout": rng.choice([0.0, 0.0, 0.3]),
    }


def recurrent(rng, x, return_state=None, **kw):
    options = rnn_options(rng)
    cls = rng.choice([L.LSTM, L.GRU, L.SimpleRNN])
    if cls is L.GRU:
        options["reset_after"] = rng.random() < 0.6
    if return_state is None:
        return_state = rng.random() < 0.25
    return cls(**options, return_state=return_state, **kw)


def cell_rnn(rng, x, **kw):
    cells = [rng.choice([L.LSTMCell, L.GRUCell, L.SimpleRNNCell])(rng.randint(1, 5)) for _ in range(rng.randint(1, 3))]
    cell = cells if len(cells) > 1 else cells[0]
    return L.RNN(cell, return_sequences=rng.random() < 0.5, return_state=rng.random() < 0.3, **kw)


def bidirectional(rng, x, **kw):
    inner = recurrent(rng, x)
    extra = {}
    if rng.random() < 0.2:
        config = {
            **inner.get_config(),
            "name": "the_way_back",
            "go_backwards": not inner.go_backwards,
        }
        extra["backward_layer"] = type(inner).from_config(config)
    return L.Bidirectional(inner, merge_mode=rng.choice(["concat", "sum", "ave", "mul", None]), **extra, **kw)


def conv_lstm(rng, x, **kw):
    spatial = len(x.shape) - 3
    options = {"data_format": rng.choice(FORMATS), "padding": rng.choice(["valid", "same"])}
    if rng.random() < 0.3:
        options["strides"] = either(rng, spatial, 1, 2)
    return getattr(L, f"ConvLSTM{spatial}D")(
        rng.randint(1, 3),
        either(rng, spatial, 1, 3),
        return_sequences=rng.random() < 0.5,
        return_state=rng.random() < 0.2,
        use_bias=rng.random() < 0.7,
        **options,
        **kw,
    )


def time_distributed(rng, x, **kw):
    step = keras.KerasTensor((x.shape[0], *x.shape[2:]))
    if rng.random() < 0.25:
        return L.TimeDistributed(keras.Sequential([L.Dense(rng.randint(1, 6)), L.ReLU()]), **kw)
    return L.TimeDistributed(layer_for(rng, step), **kw)


def dense(rng, x, **kw):
    options = {"activation": rng.choice(ACTIVATIONS), "use_bias": rng.random() < 0.8}
    return L.Dense(rng.randint(1, 8), **options, **kw)


def einsum_dense(rng, x, **kw):
    letters = "abcdefg"[: len(x.shape)]
    kept, last = letters[:-1], letters[-1]
    size = rng.randint(1, 6)
    choice = rng.randint(0, 2)
    if choice == 0:
        return L.EinsumDense(f"{letters},{last}z->{kept}z", output_shape=[*x.shape[1:-1], size], **kw)
    if choice == 1:
        return L.EinsumDense(
            f"...{last},{last}yz->...yz",
            output_shape=[*x.shape[1:-1], size, 2],
            bias_axes="yz",
            **kw,
        )
    return L.EinsumDense(f"{letters},{last}z->{kept}z", output_shape=[*x.shape[1:-1], size], bias_axes="z", **kw)


def batch_norm(rng, x, **kw):
    return L.BatchNormalization(axis=some_axis(rng, x), center=rng.random() < 0.8, scale=rng.random() < 0.8, **kw)


def other_norm(rng, x, **kw):
    axis = some_axis(rng, x)
    axes = axis if rng.random() < 0.7 else sorted({axis % len(x.shape), len(x.shape) - 1})
    return rng.choice(
        [
            lambda: L.LayerNormalization(axis=axes, center=rng.random() < 0.8, scale=rng.random() < 0.8, **kw),
            lambda: L.GroupNormalization(groups=rng.choice([-1, 1, 2, 3, 4]), axis=axis, **kw),
            lambda: L.RMSNormalization(axis=axes, **kw),
            lambda: L.UnitNormalization(axis=axes, **kw),
            lambda: L.Normalization(axis=rng.choice([-1, None]), **kw),
            lambda: L.SpectralNormalization(L.Dense(rng.randint(1, 5)), power_iterations=2, **kw),
        ]
    )()


def some_axis(rng, x):
    return -1 if rng.random() < 0.7 else rng.choice([*range(1, len(x.shape)), *range(-len(x.shape) + 1, 0)])


def simple(rng, x, **kw):
    """Layers that keep the shape."""
    rank = len(x.shape)
    return rng.choice(
        [
            lambda: L.Activation(rng.choice(ACTIVATIONS[1:]), **kw),
            lambda: L.ReLU(max_value=rng.choice([None, 6.0]), **kw),
            lambda: L.LeakyReLU(**kw),
            lambda: L.ELU(**kw),
            lambda: L.Softmax(axis=rng.choice([-1, 1]), **kw),
            lambda: L.PReLU(shared_axes=rng.choice([None, [1], list(range(1, rank - 1)) or None]), **kw),
            lambda: L.Dropout(0.3, **kw),
            lambda: L.GaussianNoise(0.1, **kw),
            lambda: L.GaussianDropout(0.1, **kw),
            lambda: L.AlphaDropout(0.1, **kw),
            lambda: L.ActivityRegularization(l2=0.01, **kw),
            lambda: L.Identity(**kw),
            lambda: L.Masking(**kw),
            lambda: L.Rescaling(0.5, **kw),
            lambda: L.Discretization(bin_boundaries=[0.0, 1.0], output_mode="int", **kw),
        ]
    )()


def reshape(rng, x, **kw):
    rank = len(x.shape)
    sizes = [n or 1 for n in x.shape[1:]]
    order = list(range(1, rank))
    rng.shuffle(order)
    return rng.choice(
        [
            lambda: L.Flatten(data_format=rng.choice(FORMATS), **kw),
            lambda: L.Permute(order, **kw),
            lambda: L.Reshape(
                rng.choice([(-1,), (-1, sizes[-1]), (*sizes, 1), (1, -1), tuple(reversed(sizes))]),
                **kw,
            ),
            lambda: L.RepeatVector(rng.randint(1, 4), **kw),
        ]
    )()


def image(rng, x, **kw):
    factor = {"data_format": rng.choice(["channels_last", None])}
    return rng.choice(
        [
            lambda: L.Resizing(rng.randint(2, 9), rng.randint(2, 9), **factor, **kw),
            lambda: L.CenterCrop(rng.randint(2, 6), rng.randint(2, 6), **factor, **kw),
            lambda: L.RandomCrop(rng.randint(2, 6), rng.randint(2, 6), **factor, **kw),
            lambda: L.RandomFlip(**factor, **kw),
            lambda: L.RandomRotation(0.1, **factor, **kw),
            lambda: L.RandomZoom(0.1, **factor, **kw),
            lambda: L.RandomTranslation(0.1, 0.1, **factor, **kw),
            lambda: L.RandomContrast(0.1, **kw),
            lambda: L.RandomBrightness(0.1, **kw),
            lambda: L.UpSampling2D(2, interpolation=rng.choice(["bilinear", "nearest", "bicubic"]), **factor, **kw),
        ]
    )()


def tokens(rng, x, **kw):
    """Layers that read integers."""
    size = rng.randint(3, 20)
    return rng.choice(
        [
            lambda: L.Embedding(size, rng.randint(1, 8), mask_zero=rng.random() < 0.3, **kw),
            lambda: L.Embedding(size, rng.randint(1, 8), **kw),
            lambda: L.ReversibleEmbedding(size, rng.randint(1, 8), tie_weights=rng.random() < 0.5, **kw),
            lambda: L.CategoryEncoding(size, output_mode=rng.choice(["multi_hot", "one_hot", "count"]), **kw),
        ]
    )()


ANY = [dense, dense, batch_norm, other_norm, simple, simple, reshape, einsum_dense]
SPATIAL = [
    conv,
    conv,
    conv_transpose,
    pool,
    pool,
    global_pool,
    resize_by_axis,
    spatial_dropout,
    adaptive_pool,
]
BY_RANK = {
    1: [simple],
    2: ANY,
    3: [
        *ANY,
        *SPATIAL,
        separable_conv,
        depthwise_conv,
        recurrent,
        recurrent,
        recurrent,
        bidirectional,
        cell_rnn,
        time_distributed,
    ],
    4: [*ANY, *SPATIAL, separable_conv, depthwise_conv, conv_lstm, time_distributed, image],
    5: [*ANY, *SPATIAL, conv_lstm, time_distributed],
    6: [dense, batch_norm, simple, reshape, time_distributed, conv_lstm],
}


def layer_for(rng, x, **kw):
    """Return a random layer that may fit the tensor."""
    if "int" in str(x.dtype):
        return tokens(rng, x, **kw)
    return rng.choice(BY_RANK.get(len(x.shape), ANY))(rng, x, **kw)
