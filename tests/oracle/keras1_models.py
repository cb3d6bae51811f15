"""Random models of the original Keras 1.2.2, and what it says of their files: `keras1_models.py FIRST COUNT`.

Prints one JSON line a model, in the form that `tests.oracle.compare` reads:
without names of inputs, which are not in its files, and without the tensors, of which its LSTM had twelve.
"""
# ruff: noqa: C408, N812, RUF005 - this runs on Python 3.7

import json
import os
import random
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras.backend as K
import keras.layers as L
import numpy as np
from keras.layers import merge
from keras.layers.local import LocallyConnected1D, LocallyConnected2D
from keras.models import Model, Sequential, model_from_json

ACT = ["relu", "tanh", "sigmoid", "softmax", "linear", "hard_sigmoid", "softplus", "softsign"]


def common(rng):
    return {"trainable": False} if rng.random() < 0.08 else {}


def act(rng):
    return rng.choice(ACT)


def rnn(rng, **extra):
    cls = rng.choice([L.LSTM, L.GRU, L.SimpleRNN])
    options = dict(
        return_sequences=rng.random() < 0.5,
        go_backwards=rng.random() < 0.1,
        consume_less=rng.choice(["cpu", "mem", "gpu"]),
        dropout_W=rng.choice([0.0, 0.2]),
    )
    options.update(extra)
    return cls(rng.randint(1, 6), **options)


def c2(rng, cls, **more):
    o = dict(
        border_mode=rng.choice(["valid", "same"]),
        subsample=rng.choice([(1, 1), (2, 2), (1, 2)]),
        bias=rng.random() < 0.8,
        activation=act(rng),
    )
    if rng.random() < 0.25:
        o["dim_ordering"] = "th"
    o.update(more)
    return cls(rng.randint(1, 5), rng.randint(1, 3), rng.randint(1, 3), **o)


def any_layer(rng, s):
    n = len(s)
    return rng.choice(
        [
            lambda: L.Dense(rng.randint(1, 8), activation=act(rng), bias=rng.random() < 0.8, **common(rng)),
            lambda: L.Dropout(0.3),
            lambda: L.Activation(act(rng)),
            lambda: L.Flatten(),
            lambda: L.GaussianNoise(0.1),
            lambda: L.GaussianDropout(0.1),
            lambda: L.BatchNormalization(axis=rng.choice([-1, 1]), mode=rng.choice([0, 0, 2]), **common(rng)),
            lambda: L.LeakyReLU(0.1),
            lambda: L.PReLU(shared_axes=rng.choice([None, [1]])),
            lambda: L.ELU(),
            lambda: L.ParametricSoftplus(),
            lambda: L.ThresholdedReLU(),
            lambda: L.SReLU(),
            lambda: L.Permute(rng.sample(range(1, n), n - 1)),
            lambda: L.Reshape((-1, s[-1] or 1)),
            lambda: L.ActivityRegularization(l2=0.1),
            lambda: L.Masking(),
        ]
    )()


def layer_for(rng, s):
    n = len(s)
    if n == 2:
        return rng.choice(
            [lambda: any_layer(rng, s)] * 4
            + [
                lambda: L.MaxoutDense(rng.randint(1, 5), nb_feature=rng.randint(1, 4)),
                lambda: L.Highway(activation="relu"),
                lambda: L.RepeatVector(3),
            ]
        )()
    if n == 3:
        return rng.choice(
            [lambda: any_layer(rng, s)] * 4
            + [
                lambda: L.Convolution1D(
                    rng.randint(1, 5),
                    rng.randint(1, 4),
                    border_mode=rng.choice(["valid", "same"]),
                    subsample_length=rng.randint(1, 2),
                    bias=rng.random() < 0.8,
                ),
                lambda: L.AtrousConvolution1D(rng.randint(1, 5), 2, atrous_rate=2),
                lambda: LocallyConnected1D(2, rng.randint(1, 3)),
                lambda: L.MaxPooling1D(rng.randint(1, 3)),
                lambda: L.AveragePooling1D(2, stride=rng.randint(1, 2), border_mode=rng.choice(["valid", "same"])),
                lambda: L.GlobalMaxPooling1D(),
                lambda: L.GlobalAveragePooling1D(),
                lambda: L.UpSampling1D(2),
                lambda: L.ZeroPadding1D(1),
                lambda: L.Cropping1D((1, 1)),
                lambda: rnn(rng),
                lambda: rnn(rng),
                lambda: rnn(rng),
                lambda: L.Bidirectional(rnn(rng), merge_mode=rng.choice(["concat", "sum", "ave", "mul"])),
                lambda: L.TimeDistributed(L.Dense(rng.randint(1, 5))),
                lambda: L.TimeDistributedDense(rng.randint(1, 5)),
                lambda: L.SpatialDropout1D(0.2),
            ]
        )()
    if n == 4:
        return rng.choice(
            [lambda: any_layer(rng, s)] * 3
            + [
                lambda: c2(rng, L.Convolution2D),
                lambda: c2(rng, L.Convolution2D),
                lambda: c2(rng, L.SeparableConvolution2D, depth_multiplier=rng.randint(1, 2)),
                lambda: c2(rng, L.AtrousConvolution2D, subsample=(1, 1), atrous_rate=(2, 2)),
                lambda: LocallyConnected2D(2, rng.randint(1, 3), rng.randint(1, 3)),
                lambda: L.MaxPooling2D((rng.randint(1, 3), 2), border_mode=rng.choice(["valid", "same"])),
                lambda: L.AveragePooling2D(dim_ordering=rng.choice(["tf", "th"])),
                lambda: L.GlobalAveragePooling2D(),
                lambda: L.GlobalMaxPooling2D(dim_ordering="th"),
                lambda: L.UpSampling2D((2, 1)),
                lambda: L.ZeroPadding2D((1, 2)),
                lambda: L.ZeroPadding2D((1, 0, 2, 1)),
                lambda: L.ZeroPadding2D({"top_pad": 1, "left_pad": 2}),
                lambda: L.Cropping2D(((1, 0), (0, 1))),
                lambda: L.TimeDistributed(L.Convolution1D(2, 2)),
                lambda: L.TimeDistributed(L.Flatten()),
                lambda: L.SpatialDropout2D(0.2),
            ]
        )()
    if n == 5:
        return rng.choice(
            [
                lambda: any_layer(rng, s),
                lambda: L.Convolution3D(2, 2, 2, 1, border_mode=rng.choice(["valid", "same"])),
                lambda: L.MaxPooling3D(),
                lambda: L.ZeroPadding3D((1, 1, 1)),
                lambda: L.UpSampling3D(),
                lambda: L.Cropping3D(),
                lambda: L.ConvLSTM2D(2, 2, 3, border_mode="same", return_sequences=rng.random() < 0.5),
                lambda: L.TimeDistributed(L.Convolution2D(2, 2, 2)),
            ]
        )()
    return any_layer(rng, s)


def random_input(rng):
    rank = rng.choice([1, 2, 2, 3, 3, 3, 4])
    return tuple(rng.randint(2, 6 if rank > 2 else 10) for _ in range(rank))


def check(x):
    s = x._keras_shape
    if np.prod([d or 4 for d in s]) > 20000 or any(d is not None and d <= 0 for d in s):
        raise ValueError
    return x


def sequential(rng, shape):
    m = Sequential()
    start = rng.random()
    if start < 0.2:
        m.add(
            L.Embedding(
                rng.randint(3, 20), rng.randint(1, 6), **rng.choice([{"input_length": 5}, {}, {"dropout": 0.2}])
            )
        )
    elif start < 0.35:
        m.add(L.Dense(rng.randint(1, 5), input_dim=rng.randint(1, 9)))
    elif start < 0.45:
        m.add(L.LSTM(rng.randint(1, 5), input_dim=4, input_length=rng.choice([None, 5]), return_sequences=True))
    elif start < 0.6:
        a, b = (sequential(rng, random_input(rng)) for _ in range(2))
        m.add(
            L.Merge(
                [a, b],
                mode=rng.choice(["concat", "concat", "sum", "mul", "ave", "max", "dot", "cos"]),
                **rng.choice([{}, {"concat_axis": 1}]),
            )
        )
    else:
        config = layer_for(rng, (None,) + shape).get_config()
        for _ in range(30):
            base = layer_for(rng, (None,) + shape)
            if isinstance(base, (L.TimeDistributed, L.Bidirectional)):
                continue
            config = base.get_config()
            config["batch_input_shape"] = (None,) + shape
            layer = type(base).from_config(config)
            break
        m.add(layer)
    added = 0
    for _ in range(50):
        if added >= rng.randint(1, 7):
            break
        n = len(m.layers)
        try:
            layer = layer_for(rng, m.output_shape) if rng.random() < 0.93 else sequential(rng, m.output_shape[1:])
            m.add(layer)
            check(m.outputs[0])
            added += 1
        except Exception:
            if len(m.layers) > n:
                m.pop()
    check(m.outputs[0])
    return m


def functional(rng):
    ins = [L.Input(random_input(rng)) for _ in range(rng.choice([1, 2, 3]))]
    ts, read, called = list(ins), set(), []
    if rng.random() < 0.3:
        i = L.Input((5,), dtype="int32")
        ins.append(i)
        read.add(id(i))
        ts.append(L.Embedding(20, 4)(i))
    for _ in range(rng.randint(2, 12)):
        for _ in range(15):
            try:
                x = rng.choice(ts)
                k = rng.random()
                if k < 0.6:
                    layer = layer_for(rng, x._keras_shape)
                    y = check(layer(x))
                    called.append((layer, x._keras_shape))
                    xs = [x]
                elif k < 0.7 and called:
                    layer, s = rng.choice(called)
                    x = rng.choice([t for t in ts if t._keras_shape == s])
                    y, xs = check(layer(x)), [x]
                elif k < 0.92:
                    other = rng.choice([t for t in ts if len(t._keras_shape) == len(x._keras_shape)])
                    mode = rng.choice(["sum", "mul", "concat", "ave", "max", "dot", "cos"])
                    extra = (
                        {"concat_axis": rng.choice([-1, 1])}
                        if mode == "concat"
                        else {"dot_axes": rng.choice([-1, 1, 2])}
                        if mode in ("dot", "cos")
                        else {}
                    )
                    y, xs = check(merge([x, other], mode=mode, **extra)), [x, other]
                else:
                    inner = sequential(rng, x._keras_shape[1:])
                    y, xs = check(inner(x)), [x]
                ts.append(y)
                read.update(map(id, xs))
                break
            except Exception:
                continue
    loose = [t for t in ts if id(t) not in read and not any(t is i for i in ins)]
    outs = loose[-rng.randint(1, 2) :]
    need, todo = set(), list(outs)
    while todo:
        t = todo.pop()
        if id(t) not in need:
            need.add(id(t))
            layer, node, _ = t._keras_history
            todo += layer.inbound_nodes[node].input_tensors
    return Model([i for i in ins if id(i) in need], outs)


def plain(v):
    return json.loads(json.dumps(v, default=int))


def size(w):
    return int(np.prod(K.get_variable_shape(w)))


def shapes_of(v):
    return [list(v)] if isinstance(v, tuple) else [list(s) for s in v]


def truth(m):
    if isinstance(m, Sequential) and not m.built:
        m.build()
    graph = m.model if isinstance(m, Sequential) else m
    trainable = {id(w) for w in m.trainable_weights}
    layers = []
    for layer in m.layers:
        calls = [
            {"shapes": shapes_of(node.output_shapes[0] if len(node.output_shapes) == 1 else node.output_shapes)}
            for i, node in enumerate(layer.inbound_nodes)
            if layer.name + "_ib-" + str(i) in graph.container_nodes
        ]
        ws = layer.weights
        t = {
            "name": layer.name,
            "class": type(layer).__name__,
            "calls": calls,
            "params": sum(map(size, ws)),
            "trainable": sum(size(w) for w in ws if id(w) in trainable),
            "non_trainable": sum(size(w) for w in ws if id(w) not in trainable),
        }
        if hasattr(layer, "layers"):
            t["layers"] = []
            if isinstance(m, Sequential):
                continue  # the file does not name it
        layers.append(t)
    total = m.count_params()
    trained = sum(map(size, m.trainable_weights))
    return {
        "built": True,
        "macs_error": "none here",
        "name": m.name,
        "layers": layers,
        "operations": [],
        "outputs": [list(t._keras_shape) for t in m.outputs],
        "totals": {"params": total, "trainable": trained, "non_trainable": total - trained, "macs": None},
    }


for seed in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
    rng = random.Random(seed)
    K.set_image_dim_ordering("tf")
    for _ in range(300):
        K.clear_session()
        try:
            m = sequential(rng, random_input(rng)) if rng.random() < 0.6 else functional(rng)
            text = m.to_json()
        except Exception as error:
            if os.environ.get("DEBUG"):
                print(repr(error), file=sys.stderr)
            continue
        K.clear_session()
        case = {"seed": seed, "config": text}
        try:
            case["truth"] = truth(model_from_json(text))
        except Exception as error:
            case["refused"] = repr(error)[-300:]
        print(json.dumps(case, default=int))
        sys.stdout.flush()
        break
