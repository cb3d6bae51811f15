"""Brings older files of a type into the form that its class has today.

Source: the `__post_init__` of transformers' configuration classes
"""

from collections.abc import Callable
from typing import Any

from paramcalc.errors import echo
from paramcalc.formats.huggingface.problems import ConfigError
from paramcalc.formats.huggingface.types import find_type


def step3p5(values: dict[str, Any]) -> None:
    """Cut lists of layers after the last one: they go on for layers that predict further tokens and are never built.

    Raises:
        ConfigError: if the layers with experts are not numbers.
    """
    layers, more = values.get("num_hidden_layers"), values.get("num_nextn_predict_layers")
    if type(layers) is int and type(more) is int and more > 0:
        for field in ("layer_types", "mlp_layer_types"):
            kinds = values.get(field)
            if isinstance(kinds, list) and len(kinds) == layers + more:
                values[field] = kinds[:layers]
    numbers = values.get("moe_layers_enum")
    if numbers is not None:
        values["moe_layers_enum"] = as_numbers(numbers)


def as_numbers(numbers: Any) -> list[int]:
    """The numbers of layers in a list, or in a string separated by commas."""
    items = numbers.split(",") if isinstance(numbers, str) else numbers
    try:
        return [int(item) for item in items if str(item).strip()]
    except (TypeError, ValueError):
        message = f"moe_layers_enum: expected numbers of layers, got {echo(numbers)}"
        raise ConfigError(message, ("moe_layers_enum",)) from None


def molmo2(values: dict[str, Any]) -> None:
    """Read `vit_config`: the image encoder has layers up to the last one that the adapter reads.

    Raises:
        ConfigError: if these are not numbers of layers.
    """
    old = values.get("vit_config")
    if not isinstance(old, dict):
        return
    vision, adapter = values["vision_config"], values["adapter_config"] or {}
    vision = old if vision is None else vision
    type_ = find_type("molmo2_vision")
    count = vision.get("num_hidden_layers", type_.fields["num_hidden_layers"][0] if type_ else None)
    read = adapter.get("vit_layers", adapter.get("vision_feature_layer"))
    read = [24, 18] if read is None else read
    if type(count) is not int or count < 1 or not is_numbers(read):
        message = f"vit_layers: expected numbers of the image encoder's layers, got {echo(read)}"
        raise ConfigError(message, ("adapter_config",))
    layers = [number % count for number in read]
    values["vision_config"] = vision | {"num_hidden_layers": max(layers) + 1}
    values["adapter_config"] = adapter | {"vit_layers": layers}


def is_numbers(value: Any) -> bool:
    """Whether a value is a non-empty list of integers."""
    return isinstance(value, list) and bool(value) and all(type(item) is int for item in value)


def granite4_vision(values: dict[str, Any]) -> None:
    """Split the string `downsample_rate` into the side of a window's queries and that of the window.

    Raises:
        ConfigError: unless it is two numbers with a slash between them.
    """
    rate = values["downsample_rate"]
    if rate is None:
        return
    sides = [int(side) for side in rate[:64].split("/") if side.isascii() and side.isdigit()]
    if len(sides) != 2 or rate.count("/") != 1 or 0 in sides:
        message = f'downsample_rate: expected sides of queries and of a window, as "1/4", got {echo(rate)}'
        raise ConfigError(message, ("downsample_rate",))
    values["downsample_rate"] = sides


def unlimited_ocr(values: dict[str, Any]) -> None:
    """Read `language_config`, with the window that is given next to it."""
    if values["text_config"] is not None:
        return
    old, window = values.get("language_config"), values.get("sliding_window")
    text = old if isinstance(old, dict) else {}
    values["text_config"] = text if window is None else text | {"sliding_window": window}


OLDER: dict[str, Callable[[dict[str, Any]], None]] = {
    "granite4_vision": granite4_vision,
    "molmo2": molmo2,
    "step3p5": step3p5,
    "unlimited_ocr": unlimited_ocr,
}
"""model_type → the function that brings the values of its files into today's form."""
