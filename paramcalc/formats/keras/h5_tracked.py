"""The layout of `.weights.h5`: a group for each object that the model tracks, with its variables in the group `vars`.

Groups are named after the attribute that refers to the object, or after its class; later versions of Keras 3 add the
object's own name as an attribute of `vars`. Keras 2 writes this layout from 2.12 on.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

from paramcalc.formats.checkpoint import natural_key
from paramcalc.formats.hdf5 import Object
from paramcalc.formats.keras.group_names import CONTAINER, Keys
from paramcalc.formats.keras.h5_layers import StoredLayer, of_layer, tensor_at
from paramcalc.formats.tensor import Tensor
from paramcalc.layers.base import Kind
from paramcalc.limits import MAX_TENSOR_NAME

VARS = "vars"
_CONTAINERS = frozenset(("layers", "_layer_checkpoint_dependencies"))
"""Attributes of a model that contain its layers, and are not layers themselves."""
_STATE = frozenset(("optimizer", "metrics"))
"""Attributes of a model with state that only training needs."""

_NORMALIZATION = re.compile(r"(batch_normalization|normalization|spectral_normalization)(_[0-9]+)?")
_STATISTICS_OF = {"batch_normalization": 2, "normalization": 3, "spectral_normalization": 1}
"""How many of a layer's last variables are statistics, by the class name in its group's name."""

_SPECTRAL = re.compile("spectral_normalization(_[0-9]+)?")
"""The class whose first variable is that of the wrapped layer: both have it, so it is written twice."""


class Tracked(NamedTuple):
    """A tracked object, which may have variables.

    Attributes:
        keys: the names of the groups that lead to it.
        name: its own name, if the file gives it.
        tensors: its variables, which are named by numbers.
    """

    keys: Keys
    name: str | None
    tensors: list[Tensor]

    @property
    def depth(self) -> int:
        """How many of the keys lead to the layer; the rest lead to objects within it."""
        return min(2 if self.keys[0] in _CONTAINERS else 1, len(self.keys))


def walk(root: Object, with_state: bool = True) -> Iterator[Tracked]:
    """Yield every object at any depth; `with_state` includes those that only training needs."""
    waiting: list[tuple[Object, Keys]] = [(root, ())]
    while waiting:
        group, keys = waiting.pop()
        if VARS in group.names:
            holder = group.member(VARS)
            tensors = [tensor_at(holder.member(key), key, "weight") for key in sorted(holder.names, key=natural_key)]
            yield Tracked(keys or (VARS,), own_name(holder) if keys else None, tensors)
        for key in group.names:
            wanted = key != VARS and (with_state or keys or key not in _STATE)
            if wanted and group.member(key).is_group:
                parts = tuple(key.split("\\"))  # Keras 2.12 on Windows wrote a path as a single name
                waiting.append((group.member(key), keys + parts))


def own_name(holder: Object) -> str | None:
    """The name of the object that has these variables, if the file gives it."""
    name = holder.text("name") if "name" in holder.attributes else None
    return name.decode("utf-8", "replace") if name else None


def layers_of(found: list[Tracked], get_names: Callable[[], Mapping[Keys, str]] | None = None) -> Iterator[StoredLayer]:
    """Yield the objects that have variables as layers, each with the objects inside it."""
    known = {with_container(item.keys): item.name for item in found if item.name}
    if get_names is not None and not known:
        known = dict(get_names())
    found = sorted([item for item in found if item.tensors], key=lambda item: [natural_key(key) for key in item.keys])
    layers = [list(items) for _, items in groupby(found, key=lambda item: item.keys[: item.depth])]
    names = [names_of(items[0], known)[items[0].depth - 1] for items in layers]
    unique = len(set(names)) == len(names)
    for items, name in zip(layers, names, strict=True):
        keys = items[0].keys[: items[0].depth]
        yield StoredLayer(name if unique else "/".join(keys), list(variables(items, known)))


def with_container(keys: Keys) -> Keys:
    """The keys with the same name for every container of layers."""
    return tuple([CONTAINER if key in _CONTAINERS else key for key in keys])


def names_of(item: Tracked, known: Mapping[Keys, str]) -> Keys:
    """The name of the object at each key, if known; otherwise the key."""
    if is_state(item):
        return item.keys
    keys = with_container(item.keys)
    names = tuple([known.get(keys[: end + 1], key) for end, key in enumerate(item.keys)])
    return names if sum(map(len, names)) <= MAX_TENSOR_NAME else item.keys


def variables(items: list[Tracked], known: Mapping[Keys, str]) -> Iterator[Tensor]:
    """Yield the weights of a layer and of the objects inside it."""
    paths = {item.keys: path_within(item, names_of(item, known)) for item in items}
    if len(set(paths.values())) < len(paths):
        paths = {item.keys: path_within(item, item.keys) for item in items}
    for item in items:
        path = paths[item.keys]
        inside = paths.get((*item.keys, "layer"))
        kinds = kinds_of(item)
        for tensor, kind in zip(item.tensors, kinds, strict=True):
            tensor.kind = kind
            if inside is not None and tensor is item.tensors[0] and _SPECTRAL.fullmatch(item.keys[-1]):
                tensor.tied_to = "/".join((*inside[len(path) :], "0"))
            yield of_layer(tensor, "/".join(path)) if path else tensor


def path_within(item: Tracked, names: Keys) -> Keys:
    """The path from a layer to an object inside it, without the containers of nested models."""
    pairs = zip(item.keys[item.depth :], names[item.depth :], strict=True)
    return tuple([name for key, name in pairs if key not in _CONTAINERS or name != key])


def is_state(item: Tracked) -> bool:
    """Whether an object is state that only training needs."""
    return item.keys[0] in _STATE


def kinds_of(item: Tracked) -> list[Kind]:
    """The kinds of its variables: the class in its group's name determines how many at the end have no gradient."""
    count = len(item.tensors)
    if is_state(item):
        return ["state"] * count
    found = _NORMALIZATION.fullmatch(item.keys[-1])
    if found is not None:
        statistics = min(_STATISTICS_OF[found[1]], count)
    else:  # quantized weights are integers, and their scale comes last
        statistics = int(any(len(tensor.shape) > 1 and tensor.kind == "statistic" for tensor in item.tensors))
    kinds: list[Kind] = [tensor.kind or "weight" for tensor in item.tensors]
    return kinds[: count - statistics] + ["statistic"] * statistics
