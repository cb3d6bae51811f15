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
        todo += [value for value in entry["config"].values() if isinstance(value, dict) and "build_config" in value]
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
    shape = (entry.get("build_config") or {}).get("input_shape")
    if not isinstance(shape, list) or not all(isinstance(n, int | None) for n in shape):
        return False
    shape[rng.randrange(len(shape))] = rng.choice([None, 1, 2, 5])
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
    )
}
