"""Random models: `random_model(seed)` is always the same model for the same seed (and the same Keras).

A model grows from its inputs: random layers, operations or sub-models are called repeatedly on random existing
tensors. A call that Keras refuses has no effect and is retried with something else.
"""

import math
import random

from . import random_operations
from .random_layers import L, Namer, layer_for, recurrent
from .truth import cheap_initial_values, keras, quiet

MAX_ELEMENTS = 20_000
REFUSALS = (
    ValueError,
    TypeError,
    RuntimeError,
    NotImplementedError,
    ZeroDivisionError,
    IndexError,
    KeyError,
    AttributeError,
    OverflowError,
    MemoryError,
    ImportError,
    AssertionError,
)


def random_model(seed: int):
    """Return a Sequential or Functional model; one that cannot be made is replaced by the next attempt."""
    from .random_wide import FIRST_WIDE, WideGrower

    rng = random.Random(seed)
    grower = WideGrower if seed >= FIRST_WIDE else Grower
    with quiet(), cheap_initial_values():
        while True:
            keras.backend.clear_session()
            keras.utils.set_random_seed(seed % 2**31)
            try:
                return grower(rng).model()
            except REFUSALS:
                continue


class Grower:
    """One model in the making."""

    def __init__(self, rng, depth: int = 0):
        self.rng = rng
        self.depth = depth
        self.namer = Namer(rng)
        self.tensors: list = []
        self.read: set[int] = set()
        self.called: list = []

    def model(self):
        shape, dtype = random_input(self.rng)
        if self.rng.random() < 0.3:
            return self.sequential(shape, dtype)
        return self.functional(
            [(shape, dtype)] + [random_input(self.rng) for _ in range(self.rng.choice([0, 0, 1, 2]))]
        )

    # --- Sequential

    def sequential(self, shape, dtype, **kw):
        """The first entry is an Input, a model, or nothing when the first call is to decide the shape."""
        rng = self.rng
        batch = rng.choice([None, None, None, 1, 4])
        x = keras.KerasTensor((batch, *shape), dtype=dtype)
        layers = [] if kw.pop("open", False) else [L.Input(batch_shape=x.shape, dtype=dtype)]
        if layers and self.depth < 2 and rng.random() < 0.2:
            layers = [type(self)(rng, self.depth + 1).sequential(shape, dtype)]
            x = layers[0].output
        for _ in range(rng.randint(1, 8)):
            layer, x = self.step(x)
            layers.append(layer)
        model = keras.Sequential(layers, **kw)
        freeze_some(rng, model)
        return model

    def step(self, x):
        """Return a layer with one output that fits, and that output."""
        for _ in range(40):
            try:
                layer = self.nested(x) if self.rng.random() < 0.1 else layer_for(self.rng, x, **self.namer.common())
                fresh = type(layer).from_config(layer.get_config())
                y = check(fresh(keras.KerasTensor(x.shape, dtype=x.dtype)))
                if isinstance(y, keras.KerasTensor):
                    return layer, y
            except REFUSALS:
                pass
        raise ValueError("nothing fits")

    # --- Functional

    def functional(self, inputs, **kw):
        rng = self.rng
        batch = rng.choice([None, None, None, None, 1, 3])
        starts = [L.Input(shape, batch_size=batch, dtype=dtype) for shape, dtype in inputs]
        self.tensors = list(starts)
        for _ in range(rng.randint(2, 14)):
            self.grow()
        if not self.called:
            raise ValueError("nothing fits")
        outputs = self.ends()
        model = keras.Model(self.struct(used(starts, outputs)), outputs, **kw)
        freeze_some(rng, model)
        return model

    def struct(self, tensors):
        """A bare tensor, a list, or a dict of named tensors."""
        if len(tensors) == 1 and self.rng.random() < 0.8:
            return tensors[0]
        if self.rng.random() < 0.15:
            return {f"in_{i}": x for i, x in enumerate(tensors)}
        return tensors

    def ends(self):
        """Tensors that nothing reads, or any: one, a list, or a dict."""
        loose = [x for x in self.tensors if id(x) not in self.read and not is_input(x)]
        chosen = loose[-self.rng.randint(1, 3) :] or [self.tensors[-1]]
        if len(chosen) == 1 and self.rng.random() < 0.85:
            return chosen[0]
        if self.rng.random() < 0.15:
            return {f"out_{i}": x for i, x in enumerate(chosen)}
        return chosen

    def grow(self):
        moves = [self.call_layer] * 10 + [self.call_again] * 2 + [self.merge] * 3 + [self.attend] * 2
        moves += [self.operate] * 5 + [self.encode_decode] * 2 + [self.call_model] * 2 + [self.with_mask]
        for _ in range(30):
            try:
                return self.rng.choice(moves)()
            except REFUSALS:
                continue
        return None

    def keep(self, layer, inputs, outputs):
        flat = keras.tree.flatten(check(outputs))
        self.read.update(id(x) for x in inputs)
        self.tensors += [x for x in flat if isinstance(x, keras.KerasTensor)]
        if layer is not None:
            self.called.append((layer, [x.shape for x in inputs]))

    def pick(self, **wanted):
        """A random tensor, the newer the likelier; of this rank or this shape if asked."""
        fits = [x for x in self.tensors if all(test(x, value) for test, value in wanted_tests(wanted))]
        if not fits:
            raise ValueError("no such tensor")
        return fits[min(int(len(fits) * self.rng.random() ** 0.5), len(fits) - 1)]

    def call_layer(self):
        x = self.pick()
        layer = layer_for(self.rng, x, **self.namer.common())
        self.keep(layer, [x], layer(x))

    def call_again(self):
        layer, shapes = self.rng.choice(self.called)
        inputs = [self.pick(shape=shape) for shape in shapes]
        if len(inputs) == 1:
            self.keep(layer, inputs, layer(inputs[0]))

    def merge(self):
        x = self.pick()
        others = [
            self.pick(shape=x.shape) if self.rng.random() < 0.6 else self.pick(rank=len(x.shape))
            for _ in range(self.rng.randint(1, 3))
        ]
        name = self.rng.choice(["Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Concatenate", "Dot"])
        extra = self.namer.common()
        if name in ("Subtract", "Dot"):
            others = others[:1]
        if name == "Concatenate":
            extra["axis"] = self.rng.choice([-1, 1, len(x.shape) - 1])
        if name == "Dot":
            extra["axes"] = self.rng.choice([1, -1, 2, (1, 2), (2, 1)])
            extra["normalize"] = self.rng.random() < 0.3
        layer = getattr(L, name)(**extra)
        self.keep(layer, [x, *others], layer([x, *others]))

    def attend(self):
        rng = self.rng
        query = self.pick(rank=rng.choice([3, 3, 3, 4]))
        value = self.pick(rank=len(query.shape)) if rng.random() < 0.5 else query
        extra = self.namer.common()
        kind = rng.randint(0, 4)
        if kind < 2:
            cls = [L.Attention, L.AdditiveAttention][kind]
            layer = cls(use_scale=True, **extra) if rng.random() < 0.5 else cls(**extra)
            scores = {"return_attention_scores": True} if rng.random() < 0.3 else {}
            return self.keep(layer, [query, value], layer([query, value], **scores))
        if kind == 2:
            layer = L.GroupQueryAttention(
                rng.randint(1, 4), 4, rng.choice([1, 2, 4]), use_bias=rng.random() < 0.7, **extra
            )
        else:
            layer = multi_head(rng, len(query.shape), extra)
        return self.keep(layer, [query, value], self.called_attention(layer, query, value))

    def called_attention(self, layer, query, value):
        choice = self.rng.randint(0, 4)
        if choice == 0:
            return layer(query, value, return_attention_scores=True)
        if choice == 1:
            return layer(query, value=value, key=value)
        if choice == 2:
            return layer(query=query, value=value, use_causal_mask=True)
        return layer(query, value)

    def operate(self):
        inputs, output = random_operations.apply(self.rng, self.pick)
        self.keep(None, inputs, output)

    def encode_decode(self):
        """A recurrent layer's state becomes another one's initial state."""
        x, y = self.pick(rank=3), self.pick(rank=3)
        encoder = recurrent(self.rng, x, return_state=True, **self.namer.common())
        _, *state = encoder(x)
        if self.rng.random() < 0.3:
            encoder, decoder = L.Bidirectional(encoder), None
            _, *state = encoder(x)
        options = {"return_sequences": True, "return_state": self.rng.random() < 0.5}
        inner = encoder.forward_layer if isinstance(encoder, L.Bidirectional) else encoder
        decoder = type(inner)(inner.units, **options)
        if isinstance(encoder, L.Bidirectional):
            decoder = L.Bidirectional(decoder)
        state = state[0] if len(state) == 1 and self.rng.random() < 0.5 else state
        self.keep(None, [x, y], decoder(y, initial_state=state))

    def with_mask(self):
        """A mask computed by an operation, given as a keyword tensor."""
        x = self.pick(rank=3)
        mask = keras.ops.any(keras.ops.not_equal(x, 0), axis=-1)
        layer = recurrent(self.rng, x, **self.namer.common())
        self.keep(layer, [x], layer(x, mask=mask))

    # --- models in models

    def nested(self, x):
        """Return a model for one tensor: Sequential or Functional, with or without a shape of its own."""
        if self.depth >= 3:
            raise ValueError("deep enough")
        inner, rng = type(self)(self.rng, self.depth + 1), self.rng
        shape, dtype = x.shape[1:], str(x.dtype)
        kind = rng.randint(0, 2)
        if kind == 0:
            return inner.sequential(shape, dtype, **self.model_name())
        if kind == 1:
            return inner.sequential(shape, dtype, open=True, **self.model_name())
        return inner.functional([(shape, dtype)], **self.model_name())

    def model_name(self):
        return {key: value for key, value in self.namer.common().items() if key == "name"}

    def call_model(self):
        rng = self.rng
        if rng.random() < 0.7:
            x = self.pick()
            model = self.nested(x)
            return self.keep(model, [x], model(x))
        if self.depth >= 3:
            raise ValueError("deep enough")
        chosen = [self.pick(), self.pick()]
        model = type(self)(rng, self.depth + 1).functional([(x.shape[1:], str(x.dtype)) for x in chosen])
        if len(model.inputs) < 2:
            raise ValueError("one input is not used")
        given = dict(zip(model.input, chosen, strict=True)) if isinstance(model.input, dict) else chosen
        return self.keep(model, chosen, model(given))


def multi_head(rng, rank, extra):
    options = {"use_bias": rng.random() < 0.7, "value_dim": rng.choice([None, 5])}
    if rng.random() < 0.3:
        options["output_shape"] = rng.choice([4, (2, 3)])
    if rank == 4 and rng.random() < 0.5:
        options["attention_axes"] = rng.choice([(1,), (2,), (1, 2)])
    return L.MultiHeadAttention(rng.randint(1, 3), rng.randint(1, 4), **options, **extra)


def random_input(rng):
    """Return a shape without its batch, and a dtype."""
    rank = rng.choice([1, 2, 2, 2, 3, 3, 3, 4])
    if rng.random() < 0.2:
        shape, dtype = (rng.randint(2, 8),), "int32"
    else:
        sizes = [rng.randint(2, {1: 12, 2: 10, 3: 10, 4: 6}[rank]) for _ in range(rank)]
        shape, dtype = tuple(sizes), "float32"
    unknown = 0.12 if len(shape) > 1 or dtype == "int32" else 0.0
    return tuple(
        None if rng.random() < unknown and i < max(len(shape) - 1, 1) else n for i, n in enumerate(shape)
    ), dtype


def check(outputs):
    """Refuse what would make the model too big to be traced quickly."""
    for x in keras.tree.flatten(outputs):
        if math.prod(n or 8 for n in x.shape) > MAX_ELEMENTS or len(x.shape) > 7:
            raise ValueError("too big")
    return outputs


def wanted_tests(wanted):
    tests = {
        "rank": lambda x, rank: len(x.shape) == rank and is_float(x),
        "shape": lambda x, shape: x.shape == shape,
    }
    return [(tests[key], value) for key, value in wanted.items()]


def is_float(x):
    return "float" in str(x.dtype)


def is_input(x):
    return isinstance(x._keras_history.operation, L.InputLayer)


def used(starts, outputs):
    """The inputs that the outputs depend on."""
    seen, todo = set(), keras.tree.flatten(outputs)
    while todo:
        x = todo.pop()
        if id(x) not in seen:
            seen.add(id(x))
            history = x._keras_history
            todo += history.operation._inbound_nodes[history.node_index].input_tensors
    return [x for x in starts if id(x) in seen]


def freeze_some(rng, model):
    if rng.random() < 0.1:
        model.trainable = False
    for layer in model.layers:
        if rng.random() < 0.03:
            layer.trainable = False
