"""Activations other than the name of a Keras function: custom functions and layers."""

from typing import Any, get_args

from paramcalc.formats.keras.entries import foreign_name, is_foreign
from paramcalc.layers.keras.elementwise import Elementwise
from paramcalc.layers.keras.fields import ActivationName
from paramcalc.layers.registry import Registry, UnknownTypeError
from paramcalc.limits import MAX_NESTED

_NAMES = frozenset(get_args(ActivationName))


def layer_for(value: Any, registry: Registry) -> Any:
    """`"LeakyReLU"` as the mapping that it abbreviates, since tf.keras also accepts the names of its layer classes."""
    if not isinstance(value, str) or not value[:1].isupper():
        return value
    try:
        registry.get(value)
    except UnknownTypeError:
        return value
    return {"class_name": value, "config": {}}


def is_layer(value: Any) -> bool:
    """Whether an activation is a layer; functions have no weights, whatever they do."""
    return isinstance(value, dict) and value.get("class_name") not in (None, "function", "__lambda__")


def why_unknown(value: Any, registry: Registry, depth: int = 0) -> str | None:
    """Why the weights of an activation are unknown; None for one of Keras' that has none."""
    if isinstance(value, dict) and is_foreign(value):
        return not_keras(foreign_name(value))
    if isinstance(value, dict) and value.get("class_name") == "function":
        value = value.get("config")  # Keras 3 writes unknown functions in this form
    if isinstance(value, str):
        return None if value in _NAMES else not_keras(value)
    if not is_layer(value):
        return "its activation is a lambda: code, which is never run" if isinstance(value, dict) else None
    kind, config = value["class_name"], value.get("config")
    try:
        cls = registry.get(kind) if isinstance(kind, str) and depth < MAX_NESTED else None
    except UnknownTypeError:
        cls = None
    if cls is None:
        return not_keras(str(kind))
    if not issubclass(cls, Elementwise):
        return f"its activation is a {kind} layer, whose weights are only counted where it stands by itself"
    return why_unknown(config.get("activation"), registry, depth + 1) if isinstance(config, dict) else None


def not_keras(name: str) -> str:
    """The reason for a name that is not one of Keras'."""
    return f"its activation '{name[:80]}' is not one of Keras': its code is not in the file"
