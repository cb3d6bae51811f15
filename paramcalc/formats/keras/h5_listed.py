"""The layout of Keras 1 and 2, and of Keras 3's `.h5`: attributes list the layers and their weights."""

from collections.abc import Iterator

from paramcalc.formats.checkpoint import natural_key
from paramcalc.formats.hdf5 import Object
from paramcalc.formats.keras.h5_layers import StoredLayer, tensor_at
from paramcalc.layers.base import Kind

LAYERS, _WEIGHTS = "layer_names", "weight_names"
_OWN = "top_level_model_weights"
"""The group with the weights of the model itself, which `layer_names` does not list."""

_STATISTICS = frozenset(("moving_mean", "moving_variance", "running_mean", "running_std", "moving_stddev"))
_KERAS_1_STATISTIC = ("_running_mean", "_running_std")


def read_listed(group: Object) -> Iterator[StoredLayer]:
    """Yield the layers in model order, then the weights of the model itself."""
    names = texts_of(group, LAYERS) or []
    seen: set[str] = set()
    for name in [*names, *([_OWN] if _OWN in group.names and _OWN not in names else [])]:
        layer = group.find(name)
        if layer.path in seen:
            raise layer.broken("is listed twice as a layer")
        seen.add(layer.path)
        weights = texts_of(layer, _WEIGHTS) or []
        pairs = zip(weights, _within(weights, name), strict=True)
        yield StoredLayer(name, [tensor_at(layer.find(weight), short, kind_of(short)) for weight, short in pairs])


def texts_of(group: Object, name: str) -> list[str] | None:
    """The strings of an attribute; a long list is split into `layer_names0`, `layer_names1`, and so on."""
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

    A prefix is removed only if all of them have it, since a weight inside may have the layer's name too.
    """
    names = [weight.removesuffix(":0") for weight in weights]  # without the output index of TensorFlow's tensor names
    for scopes in (0, 1):
        split = [name.split("/", scopes) for name in names]
        if all(len(parts) > scopes and parts[scopes].startswith(f"{layer}/") for parts in split):
            return [parts[scopes].removeprefix(f"{layer}/") for parts in split]
    if all(name.startswith(f"{layer}_") for name in names):
        return [name.removeprefix(f"{layer}_") for name in names]
    return names


def kind_of(name: str) -> Kind:
    """The kind of a weight, by its name."""
    leaf = name.rpartition("/")[2]
    if leaf in _STATISTICS or leaf.endswith(_KERAS_1_STATISTIC):
        return "statistic"
    return "bias" if leaf in ("bias", "beta", "b") or leaf.endswith(("_bias", "_b")) else "weight"


def read_numbered(root: Object) -> Iterator[StoredLayer]:
    """Yield the layers of Keras 0, which numbers layers and weights."""
    for name in sorted(root.names, key=natural_key):
        layer = root.member(name)
        weights = sorted(layer.names, key=natural_key) if name.startswith("layer_") else []
        yield StoredLayer(name, [tensor_at(layer.member(weight), weight, "weight") for weight in weights])
