"""Random models of Keras 2, and what that Keras says of their files.

`FRAMEWORK=tf_keras python tests/oracle/keras2_models.py FIRST COUNT` prints one JSON line a model, in the form that
`tests.oracle.compare` reads; FRAMEWORK may be tensorflow.keras (of any TensorFlow 2) or keras (the original 2.x), too.
"""
# ruff: noqa: B905, RUF005, UP031 - this runs on Python 3.7

import json
import os
import random
import sys

import numpy as np
import tensorflow_expressions
from keras2_layers import TF, K, L, int_shape, keras, layer_for, random_input, recurrent

if TF:
    import tensorflow as tf
MAX_ELEMENTS = 20000


def check(outputs):
    flat = [
        y
        for x in (outputs if isinstance(outputs, (list, tuple)) else [outputs])
        for y in (x if isinstance(x, (list, tuple)) else [x])
    ]
    for x in flat:
        s = int_shape(x)
        if len(s) > 7 or np.prod([d or 8 for d in s]) > MAX_ELEMENTS:
            raise ValueError("too big")
    return flat


class Grower:
    def __init__(self, rng, depth=0):
        self.rng, self.depth = rng, depth
        self.tensors, self.read, self.called = [], set(), []

    def model(self):
        shape, dtype = random_input(self.rng)
        if self.rng.random() < 0.4:
            return self.sequential(shape, dtype)
        return self.functional(
            [(shape, dtype)] + [random_input(self.rng) for _ in range(self.rng.choice([0, 0, 1, 2]))]
        )

    def sequential(self, shape, dtype, depth=0):
        rng = self.rng
        model = keras.Sequential()
        if hasattr(L, "InputLayer") and rng.random() < 0.5:
            model.add(L.InputLayer(input_shape=shape, dtype=dtype, batch_size=rng.choice([None, None, 3])))
            started = True
        else:
            started = False
        added = 0
        for _ in range(60):
            if added > rng.randint(1, 8):
                break
            try:
                s = int_shape(model.outputs[0]) if started else (None,) + shape
                layer = layer_for(rng, s, "float32" if model.layers else dtype)
                if not started:
                    config = layer.get_config()
                    config["batch_input_shape"] = s if rng.random() < 0.9 else (2,) + tuple(s[1:])
                    layer = type(layer).from_config(config)
                if started and rng.random() < 0.1 and self.depth < 2:
                    layer = Grower(rng, self.depth + 1).sequential(s[1:], "float32")
                before = len(model.layers)
                try:
                    model.add(layer)
                    check(model.outputs)
                    started = True
                    added += 1
                except Exception:
                    if len(model.layers) > before:
                        model.pop()
                    raise
            except Exception:
                continue
        if not added or not model.built:
            raise ValueError("nothing fits")
        return freeze_some(rng, model)

    def functional(self, inputs):
        rng = self.rng
        starts = [
            L.Input(shape, dtype=dtype)
            if rng.random() < 0.85
            else L.Input(batch_shape=(rng.choice([2, None]),) + shape, dtype=dtype)
            for shape, dtype in inputs
        ]
        self.tensors = list(starts)
        moves = (
            [self.call_layer] * 10
            + [self.call_again] * 2
            + [self.merge] * 3
            + [self.encode_decode] * 2
            + [self.call_model] * 2
        )
        if TF:
            moves += [self.operate] * 4 + [self.attend] * 2
        for _ in range(rng.randint(2, 12)):
            for _ in range(20):
                try:
                    rng.choice(moves)()
                    break
                except Exception:
                    continue
        loose = [x for x in self.tensors if id(x) not in self.read and not any(x is s for s in starts)]
        if not loose:
            raise ValueError("nothing")
        outs = loose[-rng.randint(1, 3) :]
        model = keras.Model(used(starts, outs), outs if len(outs) > 1 or rng.random() < 0.1 else outs[0])
        return freeze_some(rng, model)

    def keep(self, layer, inputs, outputs):
        flat = check(outputs)
        self.read.update(id(x) for x in inputs)
        self.tensors += flat
        if layer is not None:
            self.called.append((layer, [int_shape(x) for x in inputs]))

    def pick(self, rank=None, shape=None):
        fits = [
            x
            for x in self.tensors
            if (rank is None or len(K.int_shape(x)) == rank) and (shape is None or int_shape(x) == shape)
        ]
        if rank or shape:
            fits = [x for x in fits if "float" in K.dtype(x)]
        return fits[min(int(len(fits) * self.rng.random() ** 0.5), len(fits) - 1)]

    def call_layer(self):
        x = self.pick()
        layer = layer_for(self.rng, int_shape(x), K.dtype(x))
        self.keep(layer, [x], layer(x))

    def call_again(self):
        layer, shapes = self.rng.choice(self.called)
        inputs = [self.pick(shape=s) for s in shapes]
        if len(inputs) == 1:
            self.keep(layer, inputs, layer(inputs[0]))

    def merge(self):
        x = self.pick(rank=self.rng.choice([2, 3, 3, 4]))
        y = self.pick(shape=int_shape(x)) if self.rng.random() < 0.6 else self.pick(rank=len(int_shape(x)))
        name = self.rng.choice(["Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Concatenate", "Dot"])
        extra = {}
        if name == "Concatenate":
            extra["axis"] = self.rng.choice([-1, 1])
        if name == "Dot":
            extra["axes"] = self.rng.choice([1, -1, 2, (1, 2), (2, 1)])
            extra["normalize"] = self.rng.random() < 0.3
        layer = getattr(L, name)(**extra)
        self.keep(layer, [x, y], layer([x, y]))

    def attend(self):
        rng = self.rng
        q = self.pick(rank=3)
        v = self.pick(rank=3) if rng.random() < 0.5 else q
        if rng.random() < 0.4:
            layer = rng.choice([L.Attention, L.AdditiveAttention])()
            extra = {"return_attention_scores": True} if rng.random() < 0.2 else {}
            return self.keep(layer, [q, v], layer([q, v], **extra))
        layer = L.MultiHeadAttention(
            rng.randint(1, 3),
            rng.randint(1, 4),
            value_dim=rng.choice([None, 5]),
            use_bias=rng.random() < 0.7,
            output_shape=rng.choice([None, None, 4]),
        )
        call = rng.randint(0, 3)
        if call == 0:
            return self.keep(layer, [q, v], layer(q, v, return_attention_scores=True))
        if call == 1:
            return self.keep(layer, [q, v], layer(query=q, value=v, key=v))
        return self.keep(layer, [q, v], layer(q, v))

    def encode_decode(self):
        rng = self.rng
        x, y = self.pick(rank=3), self.pick(rank=3)
        encoder = recurrent(rng, None, return_state=True)
        if rng.random() < 0.3:
            wrapped = L.Bidirectional(encoder)
            state = wrapped(x)[1:]
            decoder = L.Bidirectional(
                type(encoder)(encoder.units, return_sequences=True, return_state=rng.random() < 0.5)
            )
        else:
            state = encoder(x)[1:]
            decoder = type(encoder)(encoder.units, return_sequences=True, return_state=rng.random() < 0.5)
        self.keep(None, [x, y], decoder(y, initial_state=state if len(state) > 1 or rng.random() < 0.5 else state[0]))

    def operate(self):
        self.keep(None, *operation(self.rng, self.pick))

    def call_model(self):
        if self.depth >= 2:
            raise ValueError
        x = self.pick()
        s = int_shape(x)
        if len(s) < 2:
            raise ValueError
        inner = Grower(self.rng, self.depth + 1)
        model = (
            inner.sequential(s[1:], K.dtype(x)) if self.rng.random() < 0.6 else inner.functional([(s[1:], K.dtype(x))])
        )
        self.keep(model, [x], model(x))


def operation(rng, pick):
    """A random operation of TensorFlow on a random tensor."""
    x = pick(rank=rng.choice([3, 3, 4]))
    table = tensorflow_expressions.IMAGE if len(int_shape(x)) == 4 else tensorflow_expressions.SEQUENCE
    return [x], eval(rng.choice(table.strip().split("\n")), {"x": x, "tf": tf, "K": K, "keras": keras})


def used(starts, outputs):
    seen, todo = set(), list(outputs)
    while todo:
        x = todo.pop()
        if id(x) in seen:
            continue
        seen.add(id(x))
        if TF:
            layer, node, _ = x._keras_history
            node = layer._inbound_nodes[node]
            todo += list(tf.nest.flatten(node.keras_inputs if hasattr(node, "keras_inputs") else node.input_tensors))
        else:
            layer, node, _ = x._keras_history
            todo += layer._inbound_nodes[node].input_tensors
    return [x for x in starts if id(x) in seen]


def freeze_some(rng, model):
    if rng.random() < 0.06:
        model.trainable = False
    for layer in model.layers:
        if rng.random() < 0.04:
            layer.trainable = False
    return model


# --- what Keras says


def shapes_of(value):
    if value is None:
        return []
    if hasattr(value, "as_list"):
        return [list(value.as_list())]
    if isinstance(value, dict):
        value = [value[key] for key in sorted(value)]
    value = list(value)
    if not value:
        return [[]]
    if any(not isinstance(d, (int, type(None))) for d in value):
        return [each for item in value for each in shapes_of(item)]
    return [value]


def size(weight):
    return int(np.prod([int(d) for d in K.int_shape(weight)]))


def truth(model):
    trainable = {id(w) for w in model.trainable_weights}
    network = getattr(model, "_network_nodes", None) or getattr(model, "_container_nodes", None)

    def layer_truth(layer, top=True):
        calls = []
        for i, node in enumerate(layer._inbound_nodes):
            if network is None or "%s_ib-%d" % (layer.name, i) in network:
                calls.append({"shapes": shapes_of(node.output_shapes)})
        found = {
            "name": layer.name,
            "class": type(layer).__name__,
            "calls": calls if top else [],
            "params": sum(size(w) for w in layer.weights),
            "trainable": sum(size(w) for w in layer.weights if id(w) in trainable),
            "non_trainable": sum(size(w) for w in layer.weights if id(w) not in trainable),
            "weights": [["", [int(d) for d in K.int_shape(w)], id(w) in trainable] for w in layer.weights],
        }
        if hasattr(layer, "layers"):
            found["layers"] = []
        return found

    weights, seen = [], set()
    for w in model.weights:
        if id(w) not in seen:
            seen.add(id(w))
            weights.append(w)
    trained = sum(size(w) for w in weights if id(w) in trainable)
    total = sum(size(w) for w in weights)
    inputs = [[t.name.split(":")[0].split("/")[0], list(int_shape(t)), K.dtype(t)] for t in model.inputs]
    inputs = [[name, i[1], i[2]] for name, i in zip(model.input_names, inputs)]
    return {
        "built": True,
        "macs_error": "none here",
        "class": type(model).__name__,
        "name": model.name,
        "inputs": inputs,
        "outputs": [list(int_shape(t)) for t in model.outputs],
        "layers": [layer_truth(layer) for layer in model.layers if type(layer).__name__ not in OPERATIONS],
        "operations": [
            {"name": layer.name, "class": type(layer).__name__, "calls": layer_truth(layer)["calls"]}
            for layer in model.layers
            if type(layer).__name__ in OPERATIONS
        ],
        "totals": {"params": total, "trainable": trained, "non_trainable": total - trained, "macs": None},
    }


OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer", "ClassMethod", "InstanceProperty", "InstanceMethod")


def case_of(seed):
    rng = random.Random(seed)
    for _ in range(500):
        K.clear_session()
        try:
            model = Grower(rng).model()
            text = model.to_json()
        except Exception:  # Keras refuses with every kind of exception
            if os.environ.get("DEBUG"):
                raise
            continue
        case = {"seed": seed, "config": text}
        try:
            K.clear_session()
            case["truth"] = truth(keras.models.model_from_json(text))
        except Exception as error:
            case["refused"] = "%s: %s" % (type(error).__name__, str(error)[-300:])
        return case
    raise RuntimeError("no model")


if __name__ == "__main__":
    for seed in range(int(sys.argv[1]), int(sys.argv[1]) + int(sys.argv[2])):
        print(json.dumps(case_of(seed), default=int), flush=True)
