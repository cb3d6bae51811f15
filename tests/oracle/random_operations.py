"""Random operations between layers: `x + y`, `x[:, -1]`, `keras.ops.concatenate([x, y])` and their kin."""

import numpy as np

from .truth import keras

ops = keras.ops


def apply(rng, pick):
    """Return the tensors read and what a random operation makes of them."""
    x = pick()
    family = rng.choice([unary, unary, shaped, shaped, binary, binary, scalar, indexed, joined, products])
    return family(rng, pick, x)


def unary(rng, pick, x):
    names = [
        "relu",
        "sigmoid",
        "tanh",
        "softmax",
        "gelu",
        "silu",
        "elu",
        "softplus",
        "relu6",
        "leaky_relu",
        "log_softmax",
        "exp",
        "sqrt",
        "square",
        "abs",
        "negative",
        "log1p",
        "sin",
        "floor",
        "zeros_like",
        "ones_like",
        "cumsum",
        "normalize",
        "stop_gradient",
        "hard_sigmoid",
        "isnan",
        "sign",
        "rsqrt",
    ]
    return [x], getattr(ops, rng.choice(names))(x)


def shaped(rng, pick, x):
    rank = len(x.shape)
    axis, keep = rng.choice([-1, 1, rank - 1, None, (1, rank - 1)]), rng.random() < 0.4
    order = [0, *rng.sample(range(1, rank), rank - 1)]
    sizes = [n or 1 for n in x.shape[1:]]
    return [x], rng.choice(
        [
            lambda: getattr(ops, rng.choice(["mean", "sum", "max", "min", "var", "std", "prod", "any", "all"]))(
                x, axis=axis, keepdims=keep
            ),
            lambda: ops.logsumexp(x, axis=axis, keepdims=keep),
            lambda: ops.argmax(x, axis=rng.choice([-1, 1])),
            lambda: ops.reshape(
                x,
                rng.choice(
                    [
                        (-1, sizes[-1]),
                        (-1, int(np.prod(sizes))),
                        (x.shape[0] or -1, *sizes, 1),
                        (ops.shape(x)[0], -1),
                    ]
                ),
            ),
            lambda: ops.transpose(x, order),
            lambda: ops.swapaxes(x, 1, -1),
            lambda: ops.moveaxis(x, 1, -1),
            lambda: ops.expand_dims(x, rng.choice([1, -1, rank])),
            lambda: ops.squeeze(x, rng.choice([None, -1, 1])),
            lambda: ops.repeat(x, rng.randint(1, 3), axis=rng.choice([1, -1])),
            lambda: ops.tile(x, [1] * (rank - 1) + [rng.randint(1, 3)]),
            lambda: ops.flip(x, axis=1),
            lambda: ops.roll(x, 1, axis=1),
            lambda: ops.pad(x, [(0, 0)] + [(rng.randint(0, 2), rng.randint(0, 2)) for _ in sizes]),
            lambda: ops.split(x, rng.choice([2, 3, [1], [1, 2]]), axis=rng.choice([-1, 1])),
            lambda: ops.broadcast_to(x, (x.shape[0] or 1, *sizes)),
            lambda: ops.cast(x, rng.choice(["float16", "int32", "bool", "float32"])),
            lambda: ops.one_hot(ops.cast(x, "int32"), rng.randint(2, 5)),
            lambda: ops.top_k(x, 2),
            lambda: ops.max_pool(x, 2, rng.choice([None, 1]), rng.choice(["valid", "same"])),
            lambda: ops.average_pool(x, 2, padding=rng.choice(["valid", "same"])),
            lambda: ops.image.resize(x, (4, 5), interpolation="nearest"),
            lambda: ops.unstack(x, axis=1),
            lambda: ops.diagonal(x, axis1=1, axis2=2),
            lambda: ops.take(x, rng.choice([[0, 1], 0, [[0], [1]]]), axis=rng.choice([1, -1])),
        ]
    )()


def binary(rng, pick, x):
    y = pick(shape=x.shape) if rng.random() < 0.6 else pick(rank=len(x.shape))
    return [x, y], rng.choice(
        [
            lambda: x + y,
            lambda: x - y,
            lambda: x * y,
            lambda: x / y,
            lambda: ops.maximum(x, y),
            lambda: ops.minimum(x, y),
            lambda: ops.where(ops.greater(x, y), x, y),
            lambda: ops.logical_and(x > 0, y > 0),
            lambda: ops.equal(x, y),
            lambda: ops.power(x, y),
            lambda: ops.add(x1=x, x2=y),
        ]
    )()


def scalar(rng, pick, x):
    last = x.shape[-1] or 1
    return [x], rng.choice(
        [
            lambda: x * 2,
            lambda: 1 - x,
            lambda: 0.5 + x,
            lambda: x / 3.0,
            lambda: x**2,
            lambda: x // 2,
            lambda: x % 3,
            lambda: -x,
            lambda: abs(x),
            lambda: x > 0,
            lambda: x + np.ones((last,), "float32"),
            lambda: x * ops.ones((1, last)),
            lambda: ops.clip(x, 0.0, 1.0),
            lambda: ops.where(x > 0, x, 0.0),
            lambda: ops.maximum(x, 0.0),
            lambda: keras.activations.relu(x, max_value=6),
            lambda: keras.activations.softmax(x),
        ]
    )()


def indexed(rng, pick, x):
    rank = len(x.shape)
    return [x], rng.choice(
        [
            lambda: x[:, -1],
            lambda: x[:, 0],
            lambda: x[:, 1:],
            lambda: x[:, :-1],
            lambda: x[:, ::2],
            lambda: x[..., 0],
            lambda: x[..., None],
            lambda: x[:, None],
            lambda: x[..., :2],
            lambda: x[:, ::-1],
            lambda: x[:, 1:3, ...],
            lambda: x[(slice(None),) * (rank - 1) + (slice(0, 1),)],
            lambda: x[:, 5:2],
            lambda: x[0],
            lambda: x[:2],
        ]
    )()


def joined(rng, pick, x):
    others = [pick(shape=x.shape) if rng.random() < 0.5 else pick(rank=len(x.shape)) for _ in range(rng.randint(1, 2))]
    inputs = [x, *others]
    axis = rng.choice([1, -1, len(x.shape) - 1])
    return inputs, rng.choice(
        [
            lambda: ops.concatenate(inputs, axis=axis),
            lambda: ops.stack(inputs, axis=axis),
            lambda: ops.hstack(inputs),
        ]
    )()


def products(rng, pick, x):
    rank = len(x.shape)
    y = pick(rank=rank)
    swapped = ops.swapaxes(y, -1, -2) if rank > 2 else y
    return [x, y], rng.choice(
        [
            lambda: ops.matmul(x, swapped),
            lambda: x @ swapped,
            lambda: ops.matmul(x, ops.ones((x.shape[-1] or 1, rng.randint(1, 4)))),
            lambda: ops.dot(x, np.ones((x.shape[-1] or 1, 2), "float32")),
            lambda: ops.einsum("bij,bkj->bik", x, y),
            lambda: ops.einsum("b...c,b...c->b...", x, y),
            lambda: ops.tensordot(x, np.ones((x.shape[-1] or 1, 3), "float32"), axes=1),
            lambda: ops.conv(x, np.ones((2,) * (rank - 2) + (x.shape[-1] or 1, 3), "float32"), padding="same"),
        ]
    )()
