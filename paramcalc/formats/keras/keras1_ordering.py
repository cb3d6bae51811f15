"""Where Keras 1 kept the channels: some of its layers did not write it, and took what the environment said."""

from typing import Any

from paramcalc.formats.text.strict_json import LazyList

_SILENT = frozenset(("ZeroPadding2D", "ZeroPadding3D", "Cropping2D", "Cropping3D", "UpSampling2D", "UpSampling3D"))
"""Classes whose `dim_ordering` Keras 1 left out of its files."""


def is_channels_first(architecture: Any) -> bool:
    """Whether all layers that tell where their channels are say `th`: then the environment did, too."""
    told: set[str] = set()
    stack = [architecture]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            ordering = value.get("dim_ordering")
            if isinstance(ordering, str):
                told.add(ordering)
            stack.extend(item for item in value.values() if isinstance(item, (dict, list, LazyList)))
        else:
            stack.extend(item for item in value if isinstance(item, (dict, list, LazyList)))
    return told == {"th"}


def with_channels_first(entry: dict[str, Any], told: set[str]) -> dict[str, Any]:
    """The entry of a layer, or of a wrapper around one, with the ordering that it left out; `told` gets its class."""
    config, kind = entry.get("config"), entry.get("class_name")
    if not isinstance(config, dict):
        return entry
    if kind in _SILENT and "dim_ordering" not in config:
        told.add(str(kind))
        return {**entry, "config": {**config, "dim_ordering": "th"}}
    inner = config.get("layer")
    if isinstance(inner, dict) and inner.get("class_name") in _SILENT:
        return {**entry, "config": {**config, "layer": with_channels_first(inner, told)}}
    return entry


def warning(told: set[str]) -> str:
    """What was taken for granted."""
    return (
        f"Keras 1 did not write where {', '.join(sorted(told))} has the channels: taken as first, where all other "
        "layers of this file have them"
    )
