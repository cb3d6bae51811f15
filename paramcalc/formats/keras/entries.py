"""The entries of a Keras model's `layers`: their kinds and names."""

from functools import lru_cache
from typing import Any

KERAS_MODULES = ("keras.", "tf_keras.", "tensorflow.", "keras_core.", "builtins.")
"""What the names of Keras' own modules begin with once a dot is added; `keras_cv` is not one of them."""
OPERATIONS = ("keras.src.ops.", "keras.src.activations.", "keras.ops.", "keras.src.random.")
"""The same for modules of bare operations."""
MODELS = ("Functional", "Model", "Sequential")
TENSORFLOW_OPERATIONS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")
"""The classes of layers in which tf.keras stores a bare operation of TensorFlow."""


class LayerNames:
    """The names of a model's layers, collected at the first question."""

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
    """An entry as errors name it: `'conv2' (Conv2D)`, or `Conv2D` if it has no name; None if it has neither."""
    if not isinstance(item, dict):
        return None
    name, kind = entry_name(item), item.get("class_name")
    if not name:
        return str(kind)[:80] if kind else None
    return f"'{str(name)[:80]}' ({str(kind)[:80]})"


def entry_name(item: dict[str, Any]) -> Any:
    """The name that inbound nodes use: the one beside the config, else the one in it, as always in a Sequential."""
    config = item.get("config")
    return item.get("name") or (config.get("name") if isinstance(config, dict) else None)


def is_foreign(item: dict[str, Any]) -> bool:
    """Whether an entry says that its class is somebody else's: whatever it is called, only its code says what it does.

    A class of Keras comes from one of Keras' modules, and is not registered under a name that is not its own: Keras
    looks for a registered class first.
    """
    return origin(item) is None


def origin(item: dict[str, Any]) -> str | None:
    """The module of Keras that an entry's class comes from, "" if it names none; None for somebody else's class."""
    said = item.get("module"), item.get("registered_name"), item.get("class_name")
    try:
        return _origin(*said)
    except TypeError:  # a mapping or a list, which is none of these
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
    """The name of a foreign class, as the file has it in full."""
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

    A subclass of Model whose config lists layers is none: Keras loads it only with the class itself at hand.
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
    """Whether an entry of Keras 3 without a module, as in HDF5 files, is an operation: it lacks the fields of a layer.

    Average and Concatenate are both, with another default for the axis; the operations write it.
    """
    config, nodes = item.get("config"), item.get("inbound_nodes")
    if not isinstance(nodes, list) or not nodes or not isinstance(nodes[0], dict) or "args" not in nodes[0]:
        return False
    if not isinstance(config, dict) or {"trainable", "dtype", "layers"}.intersection(config):
        return False
    return item.get("class_name") not in ("Average", "Concatenate") or "axis" in config
