"""The entries of a Keras model's `layers`: their kinds and names."""

from functools import lru_cache
from typing import Any

KERAS_MODULES = ("keras.", "tf_keras.", "tensorflow.", "keras_core.", "builtins.")
"""Prefixes of Keras' own modules, matched with a dot after the module's name so that `keras_cv` is not one of them."""
OPERATIONS = ("keras.src.ops.", "keras.src.activations.", "keras.ops.", "keras.src.random.")
"""The same for the modules of bare operations."""
MODELS = ("Functional", "Model", "Sequential")
TENSORFLOW_OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")
"""Layer classes in which tf.keras stores a bare TensorFlow operation."""


class LayerNames:
    """The names of a model's layers, collected when first needed."""

    def __init__(self, layers: Any) -> None:
        self.layers = layers
        self.names: set[str] | None = None

    def __contains__(self, name: str) -> bool:
        if self.names is None:
            self.names = {
                str(item.get("name") or (item.get("config") or {}).get("name"))
                for item in self.layers
                if isinstance(item, dict) and isinstance(item.get("config") or {}, dict)
            }
        return name in self.names


def label(item: Any) -> str | None:
    """An entry's label in errors: `'conv2' (Conv2D)`, or `Conv2D` if it has no name; None if it has neither."""
    if not isinstance(item, dict):
        return None
    name, kind = entry_name(item), item.get("class_name")
    if not name:
        return str(kind)[:80] if kind else None
    return f"'{str(name)[:80]}' ({str(kind)[:80]})"


def entry_name(item: dict[str, Any]) -> Any:
    """The name that inbound nodes use: the one beside the config, else the one inside, as always in a Sequential."""
    config = item.get("config")
    return item.get("name") or (config.get("name") if isinstance(config, dict) else None)


def is_foreign(item: dict[str, Any]) -> bool:
    """Whether an entry's class is not one of Keras', whatever its name: only its code defines what it does.

    A Keras class comes from a Keras module and is not registered under a different name: Keras looks for a registered
    class first.
    """
    return origin(item) is None


def origin(item: dict[str, Any]) -> str | None:
    """The Keras module of an entry's class, "" if the entry names none; None for a foreign class."""
    said = item.get("module"), item.get("registered_name"), item.get("class_name")
    try:
        return _origin(*said)
    except TypeError:  # a mapping or a list cannot be hashed, and is none of these
        return _origin.__wrapped__(*said)


@lru_cache(1024)  # a deep model has many layers of few classes
def _origin(module: Any, registered: Any, kind: Any) -> str | None:
    if module is not None and not (isinstance(module, str) and f"{module}.".startswith(KERAS_MODULES)):
        return None
    package, _, _ = kind.rpartition(">") if isinstance(kind, str) else ("", "", "")  # tf.keras' `Custom>Name`
    if package not in ("", "Keras") or (registered is not None and registered not in (kind, f"Keras>{kind}")):
        return None
    return module or ""


def foreign_name(item: dict[str, Any]) -> str:
    """The full name of a foreign class, as in the file."""
    registered = item.get("registered_name")
    if isinstance(registered, str) and ">" in registered:
        return registered[:80]
    module = item.get("module")
    prefix = f"{module}." if isinstance(module, str) else ""
    return f"{prefix}{item.get('class_name')}"[:80]


def is_input(item: Any) -> bool:
    """Whether an entry is an InputLayer."""
    return isinstance(item, dict) and item.get("class_name") == "InputLayer" and not is_foreign(item)


def is_model(item: dict[str, Any]) -> bool:
    """Whether an entry is a nested model.

    A subclass of Model whose config lists layers is not one: Keras loads it only if it is given the class itself.
    """
    return item.get("class_name") in MODELS and not is_foreign(item)


def no_model(kind: str, is_layer: bool, config: Any) -> str:
    """Why an entry of class `kind` cannot be read as a model."""
    if is_layer:
        return f"this is a {kind} layer, not a model"
    if kind in MODELS or not isinstance(config, dict) or "layers" not in config:
        return f"a model of class '{kind}' keeps its layers in code, not in this file"
    return f"the model is of class '{kind}', which is not Keras' own: only its code says what it does with its layers"


def is_operation(item: dict[str, Any]) -> bool:
    """Whether an entry is an operation (`keras.src.ops.…`, TFOpLambda) and not a layer."""
    module = origin(item)
    if module is None:
        return False
    if item.get("class_name") in TENSORFLOW_OPERATIONS:
        return True
    if item.get("module") is None:
        return is_bare(item)
    return f"{module}.".startswith(OPERATIONS)


def is_bare(item: dict[str, Any]) -> bool:
    """Whether an entry in Keras 3 form without a module, as in HDF5 files, is an operation: it lacks a layer's fields.

    Average and Concatenate are both layers and operations; only the operations write the axis, as its default differs.
    """
    config, nodes = item.get("config"), item.get("inbound_nodes")
    if not isinstance(nodes, list) or not nodes or not isinstance(nodes[0], dict) or "args" not in nodes[0]:
        return False
    if not isinstance(config, dict) or {"trainable", "dtype", "layers"}.intersection(config):
        return False
    return item.get("class_name") not in ("Average", "Concatenate") or "axis" in config
