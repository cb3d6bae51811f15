"""A layer → its entry in a spec: the type and the fields, as short as a person would write them."""

from collections.abc import Callable
from typing import Any

from paramcalc.analysis.nested import NestedModel
from paramcalc.formats.convert import ConvertError
from paramcalc.formats.native.names import check_name
from paramcalc.formats.native.problems import SpecError
from paramcalc.formats.text.fields import fields_of
from paramcalc.layers.base import Layer, Sublayer
from paramcalc.layers.operations.operation import Operation, Slot
from paramcalc.layers.registry import snake_case, type_name
from paramcalc.layers.unknown import Unknown

PER_AXIS = frozenset(("kernel_size", "strides", "stride", "dilation_rate", "dilation", "pool_size", "size"))
"""Fields in which one number stands for the same number on every axis."""
INITIALIZERS = {"uniform": "random_uniform", "normal": "random_normal", "one": "ones", "zero": "zeros"}
"""Keras' short names of initializers → the names that specs have."""
INITIALIZER_DEFAULTS = {
    "gain": 1.0,
    "mean": 0.0,
    "stddev": 0.05,
    "minval": -0.05,
    "maxval": 0.05,
}
"""Values in an initializer's config that Keras writes although they are the defaults."""

BlockName = Callable[[NestedModel], str]
"""Writes a model inside a wrapper as a block, and returns the block's name."""


def short_entry(layer: Layer, type_: str, path: str, block_name: BlockName, framework: str) -> dict[str, Any]:
    """`{type: arguments}` in a spec of this framework; the arguments are None where all fields have their defaults.

    Raises:
        ConvertError: for a layer that is only known by its name.
    """
    if isinstance(layer, Unknown):
        raise ConvertError(f"layer '{path}' ({type_}) cannot be said in a spec: {layer.reason}")
    if isinstance(layer, Operation):
        type_ = "Operation"
    type_ = type_name(type(layer), type_, framework)
    fields = {}
    for name, required, default in fields_of(type(layer)):
        value = getattr(layer, name)
        if required or value != default:
            value = spec_value(name, value, path, block_name, framework)
            if required or not is_default(value, spec_value(name, default, path, block_name, framework)):
                fields[name] = value
    return {type_: main_argument(layer, fields)}


def main_argument(layer: Layer, fields: dict[str, Any]) -> Any:
    """The arguments, as the main argument alone if that means the same: `64` for `{units: 64}`."""
    names = layer.__struct_fields__
    if not fields:
        return None
    if list(fields) != [names[0]]:
        return fields
    value = fields[names[0]]
    if names[0] in layer.sublayers and isinstance(value, dict):
        return fields if any(key in names for key in value) else value
    if value is None or isinstance(value, dict) or isinstance(value, list) != layer.list_argument:
        return fields
    return value


def is_default(value: Any, default: Any) -> bool:
    """Whether a value need not be written. Keras writes two defaults by name that are null in its constructors."""
    return value == default or (default is None and value in ("linear", "channels_last"))


def spec_value(name: str, value: Any, path: str, block_name: BlockName, framework: str) -> Any:
    """The value of a field as it is written in a spec."""
    if isinstance(value, Sublayer):
        return inner_entry(value, path, block_name, framework)
    if isinstance(value, Slot):
        return {"input": value.number}
    if isinstance(value, (list, tuple)):
        items = [spec_value("", item, path, block_name, framework) for item in value]
        one = name in PER_AXIS and items and all(type(item) is int and item == items[0] for item in items)
        return items[0] if one else items
    if isinstance(value, dict):
        if name.endswith("_initializer") and "class_name" in value:
            return initializer(value)
        return {key: spec_value("", item, path, block_name, framework) for key, item in value.items()}
    if isinstance(value, str):
        value = INITIALIZERS.get(value, value) if name.endswith("_initializer") else value
        return value.replace("$", "$$")
    return value


def initializer(value: dict[str, Any]) -> Any:
    """An initializer, by its name alone if it has nothing but defaults: `he_normal`."""
    config = value.get("config") or {}
    if not isinstance(config, dict):
        return value
    own = {key: item for key, item in config.items() if item is not None and item != INITIALIZER_DEFAULTS.get(key)}
    name = snake_case(str(value["class_name"]))
    return {"class_name": value["class_name"], "config": own} if own else name


def inner_entry(inner: Sublayer, path: str, block_name: BlockName, framework: str) -> Any:
    """The entry of a layer inside another: `{LSTM: 64}`."""
    if isinstance(inner.layer, NestedModel):
        entry: dict[str, Any] = {block_name(inner.layer): None}
    else:
        entry = short_entry(inner.layer, inner.type, f"{path}/{inner.name}", block_name, framework)
    type_ = next(iter(entry))
    if inner.name != snake_case(type_.rpartition(".")[2]):
        entry["name"] = spec_name(inner.name, f"the layer inside '{path}'")
    if not inner.trainable:
        entry["trainable"] = False
    return shortened(entry)


def shortened(entry: dict[str, Any]) -> Any:
    """The entry, as a bare name if it is nothing but a type: `Flatten`."""
    type_, arguments = next(iter(entry.items()))
    if arguments is None:
        return type_ if len(entry) == 1 else entry | {type_: {}}
    return entry


def spec_name(name: str, what: str) -> str:
    """A name that a spec can hold; `what` is what has it, for the error.

    Raises:
        ConvertError: with the character that it cannot have.
    """
    try:
        return check_name(name, ())
    except SpecError as error:
        raise ConvertError(f"{what} cannot keep its name in a spec: {error}") from None
