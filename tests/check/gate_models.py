"""Small models as documents, damage to them, and a recount that shares nothing with paramcalc.

The recount knows a handful of layers and refuses everything else: a document that it cannot read, but that paramcalc's
gate lets pass, is a finding.
"""

import copy
import json
from math import prod

import yaml

POINTLESS = {
    "name",
    "trainable",
    "dtype",
    "activation",
    "rate",
    "seed",
    "noise_shape",
    "negative_slope",
    "threshold",
    "max_value",
    "mask_value",
}
"""Arguments that change no count."""

ARGUMENTS = {
    "Dense": ("units", "use_bias"),
    "Conv2D": ("filters", "kernel_size", "strides", "padding", "use_bias"),
    "Embedding": ("input_dim", "output_dim"),
    "BatchNormalization": ("axis", "center", "scale"),
    "Flatten": (),
    "ReLU": (),
    "Dropout": (),
    "Custom": (),
    "Identity": (),
    "Masking": (),
}
POSITIONS = {
    "Dense": ("units", "activation", "use_bias"),
    "BatchNormalization": ("axis",),
    "Dropout": ("rate",),
    "ReLU": ("max_value",),
    "Masking": ("mask_value",),
    "Embedding": ("input_dim", "output_dim"),
    "Conv2D": ("filters", "kernel_size", "strides", "padding"),
}


class UnreadableError(Exception):
    """Raised for a document that the recount cannot interpret."""


def need(condition):
    """Refuse what the recount cannot interpret."""
    if not condition:
        raise UnreadableError


def number(value):
    """Return a positive integer."""
    need(isinstance(value, int) and not isinstance(value, bool) and value > 0)
    return value


def flag(value):
    """Return a boolean."""
    need(isinstance(value, bool))
    return value


def pair(value):
    """Return a positive integer, or two."""
    values = value if isinstance(value, list) else [value, value]
    need(len(values) == 2)
    return [number(each) for each in values]


def layer(kind, arguments, shape):
    """Return (output shape, parameters, MACs or None) of one layer; shapes are without the batch."""
    need(kind in ARGUMENTS and isinstance(arguments, dict))
    need(set(arguments) <= POINTLESS | set(ARGUMENTS[kind]))
    given = arguments.get
    if kind == "Dense":
        units, last = number(given("units")), number(shape[-1] if shape else None)
        params = units * last + units * flag(given("use_bias", True))
        return [*shape[:-1], units], params, None if None in shape else prod(shape) * units
    if kind == "Conv2D":
        return convolution(given, shape)
    if kind == "Embedding":
        return [*shape, number(given("output_dim"))], number(given("input_dim")) * given("output_dim"), 0
    if kind == "BatchNormalization":
        axis = given("axis", -1)
        axis = axis[0] if isinstance(axis, list) and len(axis) == 1 else axis
        need(axis == -1 or number(axis) <= len(shape))
        size = number([None, *shape][axis])
        return shape, size * (2 + flag(given("center", True)) + flag(given("scale", True))), 0
    if kind == "Flatten":
        return [None if None in shape else prod(shape)], 0, 0
    return shape, 0, 0


def convolution(given, shape):
    """Return the same for a convolution."""
    need(len(shape) == 3)
    filters, kernel, strides = number(given("filters")), pair(given("kernel_size")), pair(given("strides", 1))
    padding, channels = given("padding", "valid"), number(shape[2])
    need(padding in ("valid", "same"))
    sides = []
    for size, window, step in zip(shape, kernel, strides, strict=False):
        covered = None if size is None else (size if padding == "same" else size - window + 1)
        need(covered is None or covered > 0)
        sides.append(None if covered is None else -(-covered // step))
    macs = None if None in sides else prod(sides) * prod(kernel) * channels * filters
    params = prod(kernel) * channels * filters + filters * flag(given("use_bias", True))
    return [*sides, filters], params, macs


def recount(text):
    """Return (parameters, MACs or None) of a document; raises UnreadableError."""
    try:
        document = json.loads(text)
    except ValueError:
        try:
            document = yaml.load(text, yaml.CSafeLoader)
        except (ValueError, yaml.YAMLError):
            raise UnreadableError from None
    need(isinstance(document, dict))
    shape, layers = read_keras(document) if "class_name" in document else read_spec(document)
    need(isinstance(shape, list) and all(size is None or number(size) for size in shape))
    params, macs = 0, 0
    for kind, arguments in layers:
        shape, more, work = layer(kind, arguments, shape)
        params, macs = params + more, None if None in (macs, work) else macs + work
    return params, macs


def read_spec(document):
    """Return the input's shape, and (type, arguments) of each layer."""
    need(set(document) <= {"name", "input", "layers", "budget"} and isinstance(document.get("layers"), list))
    entries = [entry for entry in document["layers"] if not isinstance(entry, dict) or flag(entry.pop("when", True))]
    return document.get("input"), [spec_entry(entry) for entry in entries]


def spec_entry(entry):
    """Read a layer written in one of three ways."""
    if isinstance(entry, str):
        return entry, {}
    need(isinstance(entry, dict))
    if "type" in entry:
        return entry["type"], {key: value for key, value in entry.items() if key != "type"}
    types = [key for key in entry if key not in ("name", "trainable")]
    need(len(types) == 1)
    arguments = entry[types[0]]
    if not isinstance(arguments, dict | list):
        arguments = [] if arguments is None else [arguments]
    if isinstance(arguments, list):
        names = POSITIONS.get(types[0], ())
        need(len(arguments) <= len(names))
        arguments = dict(zip(names, arguments, strict=False))
    return types[0], arguments


def read_keras(document):
    """Return the same for a Sequential."""
    need(document["class_name"] == "Sequential" and isinstance(document.get("config"), dict))
    entries = document["config"].get("layers")
    need(isinstance(entries, list) and entries and all(isinstance(entry, dict) for entry in entries))
    first, *others = [(entry.get("class_name"), entry.get("config")) for entry in entries]
    need(first[0] == "InputLayer" and isinstance(first[1], dict) and isinstance(first[1].get("batch_shape"), list))
    return first[1]["batch_shape"][1:], others


def random_layers(rng):
    """Return an input shape and layers that fit one another."""
    kind = rng.choice(["plain", "image", "text"])
    layers = []
    shape = {"plain": [rng.randint(2, 40)], "image": [rng.randint(8, 20), 12, 3], "text": [rng.randint(2, 9)]}[kind]
    if kind == "image":
        for _ in range(rng.randint(1, 3)):
            filters = rng.randint(2, 16)
            kernel, padding = rng.choice([1, 3, [3, 2]]), rng.choice(["valid", "same"])
            layers.append(("Conv2D", {"filters": filters, "kernel_size": kernel, "padding": padding}))
            layers += rng.sample([("BatchNormalization", {}), ("ReLU", {})], rng.randint(0, 2))
    if kind == "text":
        layers.append(("Embedding", {"input_dim": rng.randint(10, 99), "output_dim": rng.randint(2, 9)}))
    if kind != "plain":
        layers.append(("Flatten", {}))
    for _ in range(rng.randint(1, 4)):
        bias = {} if rng.random() < 0.7 else {"use_bias": False}
        layers.append(("Dense", {"units": rng.randint(2, 70), **bias}))
        layers += rng.sample([("Dropout", {"rate": 0.5}), ("BatchNormalization", {}), ("ReLU", {})], rng.randint(0, 1))
    return shape, layers


def as_spec(rng, shape, layers, budget):
    """Return the model as a spec, with each layer written in one of several ways."""
    entries = []
    for index, (kind, arguments) in enumerate(layers):
        ways = [{kind: arguments}, {"type": kind, **arguments}, {kind: arguments, "name": f"layer_{index}"}]
        ways += [kind] if not arguments else []
        ways += [{kind: next(iter(arguments.values()))}] if len(arguments) == 1 and "use_bias" not in arguments else []
        entries.append(copy.deepcopy(rng.choice(ways)))
    return {"name": "m", "input": list(shape), "layers": entries} | ({"budget": budget} if budget else {})


def as_keras(shape, layers):
    """Return the model as Keras 3 writes it, as far as it matters."""
    entries = [{"module": "keras.layers", "class_name": "InputLayer", "registered_name": None,
                "config": {"batch_shape": [None, *shape], "dtype": "float32", "name": "input"}}]  # fmt: skip
    for index, (kind, arguments) in enumerate(layers):
        config = {"name": f"layer_{index}", "trainable": True, **copy.deepcopy(arguments)}
        entries.append({"module": "keras.layers", "class_name": kind, "config": config, "registered_name": None})
    config = {"name": "m", "trainable": True, "layers": entries}
    return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": "Sequential",
            "keras_version": "3.9.0"}  # fmt: skip


VALUES = [None, True, False, 0, -1, 1, 2, 3.0, 1e9, "", "x", "1", "64", "same", [], [1], [1, 1], {}, {"units": 1}, "$x",
          "null", "Dense", "ReLU", 10**20, "1k"]  # fmt: skip
TYPES = [*ARGUMENTS, "Identity", "Lambda", "dense", "Dens", "Custom", "Conv2d", "conv2d", "InputLayer", "Masking"]
KEYS = [
    *(
        "units",
        "filters",
        "name",
        "when",
        "inputs",
        "use_bias",
        "kernel_size",
        "trainable",
        "type",
        "dtype",
        "x",
        "unit",
    ),
    *("Units", "repeat", "layers", "call", "class_name", "config", "budget", "tied", "input"),
]


def places(value):
    """Yield every (container, key) of a document."""
    if isinstance(value, dict | list):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from places(value[key])


def damage(rng, document):
    """Return a copy with one change."""
    document = copy.deepcopy(document)
    holder, key = rng.choice(list(places(document)))
    value = holder[key]
    choice = rng.choice(["drop", "drop", "value", "value", "smaller", "key", "type", "swap", "again", "wrap"])
    if choice == "drop":
        del holder[key]
    elif choice == "value":
        holder[key] = copy.deepcopy(rng.choice(VALUES))
    elif choice == "smaller" and isinstance(value, int) and not isinstance(value, bool):
        holder[key] = rng.choice([value - 1, value // 2, float(value - 1), str(value - 1), value * 2])
    elif choice == "key" and isinstance(holder, dict):
        holder[rng.choice([key + "s", key.upper(), key[:-1], *KEYS])] = holder.pop(key)
    elif choice == "type":
        rename(rng, holder, key)
    elif choice == "swap":
        other, there = rng.choice(list(places(document)))
        holder[key], other[there] = copy.deepcopy(other[there]), copy.deepcopy(value)
    elif choice == "again" and isinstance(holder, list):
        holder.insert(rng.randint(0, len(holder)), copy.deepcopy(value))
    elif choice == "wrap":
        holder[key] = rng.choice(
            [[value], {"x": value}, {str(key): value}, value[0] if isinstance(value, list) and value else 1]
        )
    return document


def rename(rng, holder, key):
    """Return another type for a layer."""
    kind = rng.choice(TYPES)
    if isinstance(holder, dict) and key in ARGUMENTS:
        holder[kind] = holder.pop(key)
    elif isinstance(holder[key], str):
        holder[key] = kind


def damage_text(rng, text):
    """Return a copy with a line or a character changed, or cut off."""
    lines = text.splitlines(keepends=True)
    at, line = rng.randrange(len(text)), rng.randrange(len(lines))
    choice = rng.choice(["cut", "line", "line again", "lines", "character", "more", "less", "indent"])
    if choice == "cut":
        return text[:at]
    if choice == "character":
        return text[:at] + rng.choice("0123456789-:#,[]{}\"' \n\t&*!|>%@$x~") + text[at + 1 :]
    if choice == "more":
        return text[:at] + rng.choice("0123456789-:#,[]{}\"' \n\t&*!|>%@$x~") + text[at:]
    if choice == "less":
        return text[:at] + text[at + rng.randint(1, 3) :]
    if choice == "line":
        del lines[line]
    elif choice == "line again":
        lines.insert(line, lines[line])
    elif choice == "lines":
        other = rng.randrange(len(lines))
        lines[line], lines[other] = lines[other], lines[line]
    else:
        lines[line] = rng.choice(["  " + lines[line], lines[line][2:], "# " + lines[line], "- " + lines[line]])
    return "".join(lines)
