"""Small damage to a valid architecture file: one changed, dropped or added thing at a time."""

import copy
import json

WRONG_VALUES = [
    0,
    -1,
    1,
    2,
    3,
    5,
    7,
    None,
    "x",
    2.5,
    True,
    [],
    [1],
    [2, 2],
    [3, 1, 1],
    "same",
    "valid",
    {},
]


def mutate(rng, text: str) -> tuple[str, str]:
    """Return the damaged text and a word on what was done; the damage may turn out harmless."""
    original = json.loads(text)
    while True:
        document = copy.deepcopy(original)
        kind = rng.choice(list(KINDS))
        entry = rng.choice(layer_entries(document))
        if KINDS[kind](rng, document, entry) and document != original:
            return json.dumps(document), f"{kind}: {entry['class_name']} {entry['config'].get('name')}"


def layer_entries(document) -> list[dict]:
    """All layers of a file at any depth."""
    found = []
    todo = list(document["config"].get("layers", []))
    while todo:
        entry = todo.pop()
        found.append(entry)
        todo += entry["config"].get("layers", [])
        fields = entry["config"].values()
        inner = [item for value in fields for item in (value if isinstance(value, list) else [value])]
        todo += [item for item in inner if isinstance(item, dict) and "build_config" in item and item not in todo]
    return found


def change_value(rng, document, entry):
    keys = [
        k for k, v in entry["config"].items() if not isinstance(v, dict) and k not in ("name", "layers", "trainable")
    ]
    key = rng.choice(keys) if keys else None
    if key is None or entry["class_name"] in ("Functional", "Sequential"):
        return False
    value = entry["config"][key]
    if isinstance(value, int) and not isinstance(value, bool) and rng.random() < 0.5:
        entry["config"][key] = value + rng.choice([-2, -1, 1, 2])
    else:
        entry["config"][key] = rng.choice(WRONG_VALUES)
    return True


def drop_field(rng, document, entry):
    key = rng.choice(sorted(entry["config"]))
    del entry["config"][key]
    return True


def add_field(rng, document, entry):
    entry["config"]["colour"] = 3
    return True


def rename_class(rng, document, entry):
    entry["class_name"] = rng.choice(["Dens", "Nothing", "Conv2D", "Dense", "LSTM", "Flatten"])
    return True


def drop_build_config(rng, document, entry):
    return entry.pop("build_config", None) is not None


def change_build_config(rng, document, entry):
    built = entry.get("build_config") or {}
    named = built.get("shapes_dict") or {}
    shapes = [s for s in (built.get("input_shape"), *named.values()) if isinstance(s, list) and s]
    shapes = [s for s in shapes if all(isinstance(n, int | None) for n in s)]
    if not shapes:
        return False
    if named and rng.random() < 0.3:
        named[rng.choice(["key_shape", "value_shape", "query_shape"])] = [*rng.choice(shapes)[:-1], 40]
        return True
    shape = rng.choice(shapes)
    shape[rng.randrange(len(shape))] = rng.choice([None, 1, 2, 5, 40])
    return True


def break_history(rng, document, entry):
    """A tensor of a call comes from nowhere, from an output that does not exist, or from somebody else."""
    histories = [h for node in entry.get("inbound_nodes", []) for h in histories_in(node)]
    if not histories:
        return False
    history = rng.choice(histories)
    which = rng.randint(0, 3)
    if which == 3:
        history[0] = rng.choice(layer_entries(document))["config"].get("name")
    else:
        history[which] = ["nowhere", 4, 3][which]
    return True


def histories_in(value) -> list[list]:
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            return [value["config"]["keras_history"]]
        value = list(value.values())
    return [h for each in value for h in histories_in(each)] if isinstance(value, list) else []


def drop_node(rng, document, entry):
    return bool(entry.get("inbound_nodes")) and bool(entry["inbound_nodes"].pop())


def change_input(rng, document, entry):
    inputs = [e for e in layer_entries(document) if e["class_name"] == "InputLayer"]
    if not inputs:
        return False
    shape = rng.choice(inputs)["config"]["batch_shape"]
    shape[rng.randrange(len(shape))] = rng.choice([None, 1, 2, 3, 11, 0, -1])
    return True


def drop_layer(rng, document, entry):
    layers = document["config"]["layers"]
    layers.pop(rng.randrange(len(layers)))
    return True


def repeat_layer(rng, document, entry):
    layers = document["config"]["layers"]
    layers.append(copy.deepcopy(rng.choice(layers)))
    return True


def change_outputs(rng, document, entry):
    output = document["config"].get("output_layers")
    while isinstance(output, list) and output and isinstance(output[0], list):
        output = output[0]
    if not isinstance(output, list) or len(output) != 3:
        return False
    which = rng.randint(0, 2)
    output[which] = ["nowhere", 3, 2][which]
    return True


def swap_entries(rng, document, entry):
    """Two entries of a list of layers change places."""
    layers = rng.choice(lists_of_layers(document))
    if len(layers) < 2:
        return False
    a, b = rng.sample(range(len(layers)), 2)
    layers[a], layers[b] = layers[b], layers[a]
    return True


def lists_of_layers(document) -> list[list]:
    return [e["config"]["layers"] for e in [document, *layer_entries(document)] if e["config"].get("layers")]


def call_again(rng, document, entry):
    """One call more, the same as another."""
    nodes = entry.get("inbound_nodes")
    if not nodes:
        return False
    nodes.insert(rng.randrange(len(nodes) + 1), copy.deepcopy(rng.choice(nodes)))
    return True


def take_class_of_kin(rng, document, entry):
    """Another class that takes the same config, or most of it; told by one, two or all of the keys that tell it."""
    kin = [group for group in KIN if entry["class_name"] in group]
    if not kin:
        return False
    name = rng.choice(kin[0])
    keys = rng.choice([["class_name"], ["class_name"], ["registered_name"], ["class_name", "registered_name"]])
    entry.update(dict.fromkeys(keys, name))
    return True


KIN = [
    ("LSTM", "GRU", "SimpleRNN"),
    ("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv1DTranspose", "SeparableConv2D", "DepthwiseConv2D"),
    ("BatchNormalization", "LayerNormalization", "GroupNormalization", "UnitNormalization"),
    ("Add", "Multiply", "Average", "Maximum", "Minimum", "Subtract", "Concatenate"),
    ("MaxPooling1D", "AveragePooling1D", "MaxPooling2D", "AveragePooling2D"),
    ("GlobalMaxPooling1D", "GlobalAveragePooling1D", "GlobalMaxPooling2D", "GlobalAveragePooling2D"),
    ("Dropout", "SpatialDropout1D", "GaussianDropout", "AlphaDropout", "GaussianNoise"),
    ("Flatten", "Identity", "ReLU", "PReLU", "LeakyReLU", "ELU", "Softmax"),
    ("Dense", "Embedding", "EinsumDense"),
    ("TimeDistributed", "Bidirectional", "SpectralNormalization"),
    ("Functional", "Sequential", "Model"),
    ("InputLayer", "Identity"),
]


def change_module(rng, document, entry):
    """Where a class is said to come from."""
    entry[rng.choice(["module", "registered_name", "package"])] = rng.choice(
        ["keras", "keras.layers", "keras.src.layers.core.dense", "keras.src.models.functional", "builtins", None,
         "Custom>Dense", "my.layers", "", "keras.src.ops.numpy", 3, "keras.ops"]
    )  # fmt: skip
    return True


def negative_index(rng, document, entry):
    """A node or a tensor counted from the end."""
    histories = [h for node in entry.get("inbound_nodes", []) for h in histories_in(node)]
    if not histories:
        return False
    rng.choice(histories)[rng.choice([1, 2])] = rng.choice([-1, -2])
    return True


def change_type(rng, document, entry):
    """The same value as another type: 1.0 for 1, true for 1, "1" for 1, [1] for 1, and back."""
    config = entry["config"]
    keys = [k for k, v in config.items() if isinstance(v, int | float | str | list) and k not in ("name", "layers")]
    if not keys:
        return False
    key = rng.choice(keys)
    value = config[key]
    if isinstance(value, list):
        ways = [tuple(value), value[0] if value else None, [value], [*value, *value], [], [str(v) for v in value]]
        ways += [[float(v) for v in value]] if all(isinstance(v, int) for v in value) else []
    else:
        ways = [str(value), [value], [value, value], bool(value), {"value": value}]
        ways += [float(value), int(value)] if isinstance(value, int | float) else []
    config[key] = rng.choice(ways)
    return True


def move_inside(rng, document, entry):
    """An entry goes into a nested model, or out of one."""
    lists = lists_of_layers(document)
    if len(lists) < 2:
        return False
    source, target = rng.sample(lists, 2)
    moved = source[rng.randrange(len(source))]
    if any(layers is target for layers in lists_of_layers({"config": moved["config"]})):
        return False
    source.remove(moved)
    target.insert(rng.randrange(len(target) + 1), moved)
    return True


def add_layers(rng, document, entry):
    """A key `layers`, `layer` or `cell` in the config of a layer that has none; an empty list where there is one."""
    inner = copy.deepcopy(rng.choice(layer_entries(document)))
    entry["config"][rng.choice(["layers", "layer", "cell", "cells", "backward_layer"])] = rng.choice(
        [[], [inner], inner, None]
    )
    return True


def empty_list(rng, document, entry):
    """Nothing left of a list."""
    holders = [(holder, key) for holder in (entry, entry["config"], document["config"])
               for key, value in holder.items() if isinstance(value, list) and value and key != "layers"]  # fmt: skip
    if not holders:
        return False
    holder, key = rng.choice(holders)
    holder[key] = []
    return True


def rename_layer(rng, document, entry):
    """A layer gets the name of another, in one of the two places where it stands."""
    name = rng.choice(layer_entries(document))["config"].get("name")
    (entry if rng.random() < 0.5 else entry["config"])["name"] = rng.choice([name, name, None, 3, ""])
    return True


def freeze(rng, document, entry):
    entry["config"]["trainable"] = rng.choice([False, None, 0, "false", []])
    return True


def make_constant(rng, document, entry):
    """One of the tensors that a layer is called with becomes a constant, or nothing."""
    places = [place for node in entry.get("inbound_nodes", []) for place in tensor_places(node)]
    if not places:
        return False
    holder, key = rng.choice(places)
    value = rng.choice([[[1.0] * 40], [1.0, 2.0], 3.0, [[[0.0] * 5] * 4]])
    constant = {"class_name": rng.choice(["__tensor__", "__numpy__"]), "config": {"value": value, "dtype": "float32"}}
    holder[key] = rng.choice([constant, constant, None, 2])
    return True


def tensor_places(value) -> list[tuple]:
    """The list or mapping that holds each tensor of a call, and where in it."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = [(value, key) for key, item in items if isinstance(item, dict) and "__keras_tensor__" in item.values()]
    return found + [place for item in dict(items).values() for place in tensor_places(item)]


def strip_entry(rng, document, entry):
    """What an HDF5 file leaves out: the modules, of one entry or of all; perhaps what only layers have."""
    for each in rng.choice([[entry], layer_entries(document)]):
        each.pop("module", None)
        each.pop("registered_name", None)
        if rng.random() < 0.5:
            each["config"].pop("trainable", None)
            each["config"].pop("dtype", None)
    if rng.random() < 0.5:
        document.pop("module", None)
    return True


def tell_shape_twice(rng, document, entry):
    """An input shape by another name beside the first."""
    key = rng.choice(["batch_input_shape", "input_shape", "batch_shape", "shape", "input_dim", "build_input_shape"])
    shape = rng.choice([[None, 1], [None, 500], [5, 4, 4], [7]])
    (entry["config"] if rng.random() < 0.7 else document["config"])[key] = 7 if key == "input_dim" else shape
    return True


KINDS = {
    f.__name__: f
    for f in (
        change_value,
        drop_field,
        add_field,
        rename_class,
        drop_build_config,
        change_build_config,
        break_history,
        drop_node,
        change_input,
        drop_layer,
        repeat_layer,
        change_outputs,
        swap_entries,
        call_again,
        take_class_of_kin,
        change_module,
        negative_index,
        change_type,
        move_inside,
        add_layers,
        empty_list,
        rename_layer,
        freeze,
        make_constant,
        strip_entry,
        tell_shape_twice,
    )
}
