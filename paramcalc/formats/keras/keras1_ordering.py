"""The channel axis in Keras 1: some layers did not store it and used the setting of the environment."""

from collections.abc import Iterable
from typing import Any

from paramcalc.errors import DocPath
from paramcalc.formats.keras.lazy_layers import LazyLayers
from paramcalc.layers.keras.versions import KERAS1_NO_DIM_ORDERING


def is_channels_first(architecture: Any) -> bool:
    """Whether every layer that gives its channel order gives `th`, so that the environment must have been set to it."""
    orderings: set[str] = set()
    stack = [architecture]
    while stack:
        value = stack.pop()
        if isinstance(value, dict):
            ordering = value.get("dim_ordering")
            if isinstance(ordering, str):
                orderings.add(ordering)
            stack.extend(item for item in value.values() if isinstance(item, (dict, list, LazyLayers)))
        else:
            stack.extend(item for item in value if isinstance(item, (dict, list, LazyLayers)))
    return orderings == {"th"}


def with_channels_first(entry: dict[str, Any], assumed: dict[str, DocPath], where: DocPath) -> dict[str, Any]:
    """The entry of a layer, or of a wrapper around one, with the ordering that it omits.

    The class of such a layer is added to `assumed` with the place of the entry.
    """
    config, kind = entry.get("config"), entry.get("class_name")
    if not isinstance(config, dict):
        return entry
    if kind in KERAS1_NO_DIM_ORDERING and "dim_ordering" not in config:
        assumed.setdefault(str(kind), where)
        return {**entry, "config": {**config, "dim_ordering": "th"}}
    inner = config.get("layer")
    if isinstance(inner, dict) and inner.get("class_name") in KERAS1_NO_DIM_ORDERING:
        return {**entry, "config": {**config, "layer": with_channels_first(inner, assumed, where)}}
    return entry


def warning(assumed: Iterable[str]) -> str:
    """The warning about the assumption made for layers of these classes."""
    return (
        f"Keras 1 did not write where {', '.join(sorted(assumed))} has the channels: taken as first, where all other "
        "layers of this file have them"
    )
