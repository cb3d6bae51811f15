"""The weights in Keras' HDF5 files: names, shapes and types, in each of the layouts that Keras has written them in.

- Keras 1 and 2, and Keras 3's `.h5`: the attribute `layer_names` lists the groups of the layers, `weight_names` in
  each its datasets. Beside an architecture, all of it stands in the group `model_weights`.
- Keras 3, and 2 from 2.12 on, `.weights.h5`: a group for each object that the model tracks, named after the attribute
  or the class, with the datasets `vars/0`, `vars/1` …; later versions add the layer's name as an attribute of `vars`.
- Keras 0: `layer_0/param_0`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import groupby
from math import prod
from typing import NamedTuple

from paramcalc.formats.checkpoint import natural_key
from paramcalc.formats.hdf5 import Object
from paramcalc.formats.keras.group_names import CONTAINER, Keys
from paramcalc.formats.tensor import Tensor
from paramcalc.layers.base import Kind
from paramcalc.limits import MAX_TENSOR_NAME

MODEL_WEIGHTS = "model_weights"
_LAYERS, _WEIGHTS = "layer_names", "weight_names"
_OWN = "top_level_model_weights"
"""The group for the weights of the model itself, which `layer_names` does not list."""
_OPTIMIZER = "optimizer_weights"
_VARS = "vars"
_CONTAINERS = frozenset(("layers", "_layer_checkpoint_dependencies"))
"""Attributes of a model that hold its layers: they are no layers themselves."""
_STATE = frozenset(("optimizer", "metrics"))
"""Attributes of a model that keep what only training needs."""

_STATISTICS = frozenset(("moving_mean", "moving_variance", "running_mean", "running_std", "moving_stddev"))
_KERAS_1_STATISTIC = ("_running_mean", "_running_std")
_NORMALIZATION = re.compile(r"(batch_normalization|normalization|spectral_normalization)(_[0-9]+)?")
_STATISTICS_OF = {"batch_normalization": 2, "normalization": 3, "spectral_normalization": 1}
"""How many of a layer's last variables are statistics, by the name that its class gives to its group."""

_SPECTRAL = re.compile("spectral_normalization(_[0-9]+)?")
"""The class whose first variable is that of the layer inside: both have it, so both are written."""


class StoredLayer(NamedTuple):
    """What a file holds of one layer.

    Attributes:
        name: the layer's own name, or that of its group where the file does not say it.
        tensors: its weights, each with a name within the layer.
        key: the name of its group, where that is made of the layer's class: `dense_1` for the second Dense.
    """

    name: str
    tensors: list[Tensor]
    key: str | None = None


def read_layers(root: Object, names: Callable[[], Mapping[Keys, str]] | None = None) -> list[StoredLayer] | None:
    """The weights by layer; None for a file in which Keras has not written any.

    Args:
        root: the root group.
        names: gives the names of the layers that are stored in groups, where it is known; asked only for a file that
            does not say them.

    Raises:
        InputError: for a file that is broken, or lists a weight that it does not have.
    """
    found: Iterable[StoredLayer]
    if MODEL_WEIGHTS in root.names:
        found = [*_listed(root.member(MODEL_WEIGHTS)), *_optimizer(root)]
    elif _texts(root, _LAYERS) is not None:
        found = _listed(root)
    elif "nb_layers" in root.attributes:
        found = _numbered(root)
    else:
        found = _tracked(root, names)
    layers = [layer for layer in found if layer.tensors]
    return layers or None


def tensors_of(layers: list[StoredLayer]) -> list[Tensor]:
    """All weights of a file, the layer before each name."""
    return [_of_layer(tensor, layer.name) for layer in layers for tensor in layer.tensors]


def _of_layer(tensor: Tensor, layer: str) -> Tensor:
    """The weight with the layer before its name."""
    tied_to = None if tensor.tied_to is None else f"{layer}/{tensor.tied_to}"
    return Tensor(f"{layer}/{tensor.name}", tensor.shape, tensor.dtype, tensor.size, tensor.kind, tied_to=tied_to)


# -- listed by attributes ------------------------------------------------------------------------------


def _listed(group: Object) -> Iterator[StoredLayer]:
    """The layers in the order of the model, then the weights of the model itself."""
    names = _texts(group, _LAYERS) or []
    seen: set[str] = set()
    for name in [*names, *([_OWN] if _OWN in group.names and _OWN not in names else [])]:
        layer = group.find(name)
        if layer.path in seen:
            raise layer.broken("is listed twice as a layer")
        seen.add(layer.path)
        weights = _texts(layer, _WEIGHTS) or []
        pairs = zip(weights, _within(weights, name), strict=True)
        yield StoredLayer(name, [_tensor(layer.find(weight), short, _kind(short)) for weight, short in pairs])


def _optimizer(root: Object) -> Iterator[StoredLayer]:
    if _OPTIMIZER in root.names:
        group = root.member(_OPTIMIZER)
        weights = _texts(group, _WEIGHTS) or []
        yield StoredLayer("optimizer", [_tensor(group.find(name), name, "state") for name in weights])


def _texts(group: Object, name: str) -> list[str] | None:
    """The texts of an attribute; a long list is written in pieces: `layer_names0`, then `layer_names1`, and so on."""
    whole = group.texts(name)
    if whole is not None or f"{name}0" not in group.attributes:
        return whole
    found: list[str] = []
    for index in range(len(group.attributes)):
        piece = group.texts(f"{name}{index}")
        if piece is None:
            break
        found += piece
    return found


def _within(weights: list[str], layer: str) -> list[str]:
    """The weights' names within their layer: `kernel` for `dense/kernel:0`, `model/dense/kernel` and `dense_W`.

    What stands before is left out where it does in all of them: a name inside may be the layer's as well.
    """
    names = [weight.removesuffix(":0") for weight in weights]  # TensorFlow's name of a tensor
    for scopes in (0, 1):
        split = [name.split("/", scopes) for name in names]
        if all(len(parts) > scopes and parts[scopes].startswith(f"{layer}/") for parts in split):
            return [parts[scopes].removeprefix(f"{layer}/") for parts in split]
    if all(name.startswith(f"{layer}_") for name in names):
        return [name.removeprefix(f"{layer}_") for name in names]
    return names


def _kind(name: str) -> Kind:
    leaf = name.rpartition("/")[2]
    if leaf in _STATISTICS or leaf.endswith(_KERAS_1_STATISTIC):
        return "statistic"
    return "bias" if leaf in ("bias", "beta", "b") or leaf.endswith(("_bias", "_b")) else "weight"


def _numbered(root: Object) -> Iterator[StoredLayer]:
    """Keras 0: layers and weights are numbered."""
    for name in sorted(root.names, key=natural_key):
        layer = root.member(name)
        weights = sorted(layer.names, key=natural_key) if name.startswith("layer_") else []
        yield StoredLayer(name, [_tensor(layer.member(weight), weight, "weight") for weight in weights])


# -- tracked by the model -----------------------------------------------------------------------------


class _Tracked(NamedTuple):
    """An object that has variables.

    Attributes:
        keys: the names of the groups down to it.
        names: for each of those the name that the object there has, where the file says it; else the group's.
        variables: its variables in order.
    """

    keys: tuple[str, ...]
    names: tuple[str, ...]
    variables: list[Object]

    @property
    def depth(self) -> int:
        """How many of the keys lead to the layer; the others lead on to objects within it."""
        return min(2 if self.keys[0] in _CONTAINERS else 1, len(self.keys))


def _tracked(root: Object, get_names: Callable[[], Mapping[Keys, str]] | None) -> Iterator[StoredLayer]:
    """The objects that have variables, those inside a layer with it; variables have numbers for names."""
    found = sorted(_walk(root), key=lambda item: [natural_key(key) for key in item.keys])
    if get_names is not None and any(item.names == item.keys for item in found):
        known = get_names()
        found = [item._replace(names=_with_names(item, known)) for item in found]
    layers = [list(items) for _, items in groupby(found, key=lambda item: item.keys[: item.depth])]
    names = [_layer_name(items[0]) for items in layers]
    unique = len(set(names)) == len(names)
    for items, name in zip(layers, names, strict=True):
        key = items[0].keys[items[0].depth - 1]
        yield StoredLayer(name if unique else "/".join(items[0].keys[: items[0].depth]), list(_variables(items)), key)


def _with_names(item: _Tracked, known: Mapping[Keys, str]) -> Keys:
    """The names of an object, groups' own names replaced where they are known."""
    places = [
        tuple([CONTAINER if key in _CONTAINERS else key for key in item.keys[: end + 1]])
        for end in range(len(item.keys))
    ]
    return tuple(
        [
            known.get(place, name) if name == key else name
            for place, key, name in zip(places, item.keys, item.names, strict=True)
        ]
    )


def _layer_name(item: _Tracked) -> str:
    return item.keys[0] if item.keys[0] in _STATE else item.names[item.depth - 1]


def _variables(items: list[_Tracked]) -> Iterator[Tensor]:
    """The weights of a layer and of the objects in it."""
    paths = {item.keys: _within_layer(item, item.names) for item in items}
    if len(set(paths.values())) < len(paths):
        paths = {item.keys: _within_layer(item, item.keys) for item in items}
    for item in items:
        kind: Kind = "state" if item.keys[0] in _STATE else "weight"
        tensors = [
            _tensor(variable, "/".join((*paths[item.keys], _leaf(variable))), kind) for variable in item.variables
        ]
        inside = paths.get((*item.keys, "layer"))
        if inside is not None and _SPECTRAL.fullmatch(item.keys[-1]):
            tensors[0].tied_to = "/".join((*inside, "0"))
        count = len(tensors) - _statistics(item, tensors)
        yield from tensors[:count]
        for tensor in tensors[count:]:
            tensor.kind = "statistic"
            yield tensor


def _leaf(variable: Object) -> str:
    return variable.path.rpartition("/")[2]


def _within_layer(item: _Tracked, names: tuple[str, ...]) -> tuple[str, ...]:
    """The way from the layer to an object in it, without the containers of a model inside."""
    pairs = zip(item.keys[item.depth :], names[item.depth :], strict=True)
    return tuple([name for key, name in pairs if key not in _CONTAINERS or name != key])


def _statistics(item: _Tracked, tensors: list[Tensor]) -> int:
    """How many of an object's last variables no gradient changes: its class, which its group may tell, says it."""
    if item.keys[0] in _STATE:
        return 0
    found = _NORMALIZATION.fullmatch(item.keys[-1])
    if found is not None:
        return min(_STATISTICS_OF[found[1]], len(tensors))
    quantized = any(len(tensor.shape) > 1 and tensor.kind == "statistic" for tensor in tensors)
    return 1 if quantized else 0  # the scale of the integers


def _walk(root: Object) -> Iterator[_Tracked]:
    """Every group with `vars` in it, wherever it is."""
    waiting: list[tuple[Object, tuple[str, ...], tuple[str, ...]]] = [(root, (), ())]
    while waiting:
        group, keys, names = waiting.pop()
        if _VARS in group.names:
            holder = group.member(_VARS)
            name = _own_name(holder)
            if name is not None and keys:
                names = (*names[:-1], name)
            if sum(map(len, names)) > MAX_TENSOR_NAME:
                raise root.broken(f"names in it are longer than {MAX_TENSOR_NAME:,} characters")
            variables = [holder.member(key) for key in sorted(holder.names, key=natural_key)]
            if variables:
                yield _Tracked(keys or (_VARS,), names if keys else (_VARS,), variables)
        members = [(key, group.member(key)) for key in group.names if key != _VARS]
        for key, member in members:
            if member.is_group:
                parts = tuple(key.split("\\"))  # Keras 2.12 wrote paths of Windows as one name
                waiting.append((member, keys + parts, names + parts))


def _own_name(holder: Object) -> str | None:
    """The name of the object that has these variables: later versions of Keras 3 write it."""
    name = holder.text("name") if "name" in holder.attributes else None
    return name.decode("utf-8", "replace") if name else None


# -- each weight ---------------------------------------------------------------------------------------


def _tensor(variable: Object, name: str, kind: Kind) -> Tensor:
    """A dataset as a weight.

    Raises:
        InputError: when its elements are nothing that a weight is made of.
    """
    shape, datatype = variable.dataset()
    dtype = datatype.name
    if dtype is None and datatype.kind == "opaque" and datatype.size == 2:
        dtype = "bfloat16"  # h5py has no such type: Keras writes two bytes without a meaning
    if shape is None or dtype in (None, "string"):
        what = "nothing" if shape is None else f"elements of another kind ({dtype or datatype.kind})"
        raise variable.broken(f"a weight holds {what}")
    if kind == "weight" and not dtype.startswith(("float", "bfloat")):
        kind = "statistic"  # Keras counts it as a parameter, but no gradient changes it
    return Tensor(name, shape, dtype, prod(shape) * datatype.size, kind)
