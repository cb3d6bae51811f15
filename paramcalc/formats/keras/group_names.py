"""The names of the groups in which Keras 3 stores layers: `layers/dense_1` is the second Dense of the model."""

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Raw, Struct

from paramcalc.formats.keras.entries import MODELS, is_operation
from paramcalc.layers.registry import snake_case
from paramcalc.limits import MAX_NESTED

CONTAINER = "layers"
Keys = tuple[str, ...]


class _Entry(Struct):
    """The parts of a layer's entry that determine its group's name."""

    class_name: str = ""
    module: str | None = None
    name: str | None = None
    config: Raw = Raw(b"{}")
    inbound_nodes: Raw = Raw(b"[]")


class _Config(Struct):
    """The config of a layer or a model."""

    name: str | None = None
    layers: list[_Entry] | None = None


def group_names(architecture: bytes) -> Mapping[Keys, str]:
    """Map the group of each layer in an architecture to the layer's name; empty if it is not from Keras 3.

    Groups are numbered by class in the order of the model's layers, without its operations.
    """
    names: dict[Keys, str] = {}
    try:
        waiting: list[tuple[Keys, Raw]] = [((), msgspec.json.decode(architecture, type=_Entry).config)]
        while waiting:
            keys, raw = waiting.pop()
            config = msgspec.json.decode(raw, type=_Config)
            for key, entry in _keyed(config.layers or []):
                inner = msgspec.json.decode(entry.config, type=_Config)
                place = (*keys, CONTAINER, key)
                names[place] = str(entry.name or inner.name or key)
                if inner.layers is not None and len(keys) < 2 * MAX_NESTED:
                    waiting.append((place, entry.config))
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return {}  # the reader of the architecture reports what is wrong
    return names


def _keyed(entries: list[_Entry]) -> list[tuple[str, _Entry]]:
    found = []
    used: dict[str, int] = {}
    for entry in entries:
        if entry.class_name not in MODELS and is_operation(_as_dict(entry)):
            continue
        key = snake_case(entry.class_name.rpartition(">")[2])
        number = used[key] = used.get(key, -1) + 1
        found.append((f"{key}_{number}" if number else key, entry))
    return found


def _as_dict(entry: _Entry) -> dict[str, Any]:
    return {"class_name": entry.class_name, "module": entry.module, "config": {"trainable": True}}
