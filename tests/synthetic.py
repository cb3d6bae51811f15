"""Large artificial models for measurements (chains, fans, random skips, deep nesting), as Keras JSON and as specs."""

import json
import random
from itertools import pairwise

ZEROS = {"module": "keras.initializers", "class_name": "Zeros", "config": {}, "registered_name": None}
GLOROT = ZEROS | {"class_name": "GlorotUniform", "config": {"seed": None}}
DENSE = {"units": 8, "activation": "linear", "use_bias": True, "kernel_initializer": GLOROT, "bias_initializer": ZEROS,
         "kernel_regularizer": None, "bias_regularizer": None}  # fmt: skip


def tensor(layer):
    config = {"shape": [None, 8], "dtype": "float32", "keras_history": [layer, 0, 0]}
    return {"class_name": "__keras_tensor__", "config": config}


def entry(kind, name, config, args=None):
    """A layer as Keras 3 writes it; `args` are the arguments of its one call."""
    nodes = [] if args is None else [{"args": args, "kwargs": {}}]
    config = {"name": name, "trainable": True, "dtype": "float32", **config}
    entry = {"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None}
    if kind == "Dense":
        entry["build_config"] = {"input_shape": [None, 8]}
    return entry | {"name": name, "inbound_nodes": nodes}


INPUT = entry("InputLayer", "in", {"batch_shape": [None, 8]})


def functional(layers, output, node=0):
    config = {"name": "net", "layers": layers, "input_layers": [["in", 0, 0]], "output_layers": [[output, node, 0]]}
    return {"module": "keras", "class_name": "Functional", "config": config}


def chain(count):
    names = ["in", *(f"d{index}" for index in range(count))]
    layers = [entry("Dense", name, DENSE, [tensor(before)]) for before, name in pairwise(names)]
    return functional([INPUT, *layers], names[-1])


def fan_in(count):
    """Return a model in which many layers read the input and one adds them up."""
    names = [f"d{index}" for index in range(count - 1)]
    layers = [entry("Dense", name, DENSE, [tensor("in")]) for name in names]
    return functional([INPUT, *layers, entry("Add", "add", {}, [[tensor(name) for name in names]])], "add")


def skips(count):
    """Return a chain in which every other layer adds the output of any earlier one."""
    chance = random.Random(1)
    names, layers = ["in"], [INPUT]
    for index in range(count):
        before = tensor(names[-1])
        if index % 2:
            layers.append(entry("Add", f"d{index}", {}, [[before, tensor(chance.choice(names))]]))
        else:
            layers.append(entry("Dense", f"d{index}", DENSE, [before]))
        names.append(f"d{index}")
    return functional(layers, names[-1])


def fan_in_backwards(count):
    """Return a model in which the adding layer is written before those it reads."""
    model = fan_in(count)
    model["config"]["layers"].reverse()
    return model


def backwards(count):
    """Return a chain whose layers are written in reverse order."""
    model = chain(count)
    model["config"]["layers"].reverse()
    return model


def nested(count, depth=10):
    """Return a chain inside a model inside a model …"""
    model = chain(count)
    for level in range(depth):
        name = f"m{level}"
        model = {**model, "name": name, "inbound_nodes": [{"args": [tensor("in")], "kwargs": {}}]}
        model["config"] = {**model["config"], "name": name}
        model = functional([INPUT, model], name, node=1)
    return model


def repeat(count):
    """Return one layer repeated, in paramcalc's own language."""
    return {"input": [8], "layers": [{"repeat": count, "layers": [{"Dense": 8}]}]}


SHAPES = {make.__name__: make for make in (chain, fan_in, skips, backwards, fan_in_backwards, nested, repeat)}


def yaml_text(count):
    """Return a spec as YAML, in the style that people write."""
    entry = "  - {}: {{filters: {}, kernel_size: 3, padding: same}}\n    name: layer{}\n"
    layers = [
        entry.format("Conv2D" if index % 2 else "SeparableConv2D", 8 + index % 9, index) for index in range(count)
    ]
    return "name: net\ninput: [64, 64, 3]  # an image\nlayers:\n" + "".join(layers)


def text_of(shape, count):
    """Return the file of a model of about `count` layers."""
    return json.dumps(SHAPES[shape](count), separators=(",", ":")).encode()
