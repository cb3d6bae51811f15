"""The weights stored beside an architecture: compared with it, and used where it has none."""

import re
from collections.abc import Iterable

from paramcalc.errors import listed
from paramcalc.formats.checkpoint import weight_of
from paramcalc.formats.keras.h5_layers import StoredLayer, tensors_of
from paramcalc.formats.tensor import Tensor
from paramcalc.layers.base import Sublayer
from paramcalc.layers.unknown import Unknown
from paramcalc.model import Claims, Instance, Model

Parts = tuple[str, ...]

_LATER_CALL = re.compile(r"#[0-9]+(?=/|$)")
_MAX_PARTS = 32
"""The most parts of a weight's name that are searched for a layer's path; real names have ten."""


def add_stored(model: Model, layers: list[StoredLayer], merged: frozenset[str] = frozenset()) -> None:
    """Add the weights in the file to the model.

    They are compared with those that the architecture gives. A layer whose code is unknown takes its weights from them,
    as do the layers after it, whose input is unknown.

    Args:
        model: the model of the architecture.
        layers: the weights stored beside it.
        merged: names of weights that are added to others when stored.
    """
    if model.claims is None:
        model.claims = Claims()
    layers = [_kept(layer) for layer in layers]
    model.claims.weights = {tensor.name: tensor.shape for tensor in tensors_of(layers)}
    model.claims.weights_in = "weights"
    model.claims.merged = merged
    if any_unknown([node.instance.layer for node in model.nodes]):
        give(model, {layer.name: layer.tensors for layer in layers})


def add_listed(model: Model, tensors: list[Tensor]) -> None:
    """Add a list of weights without groups, in which only the names show which layer a weight belongs to.

    Comparing them is left to the claims that the model already has.
    """
    if any_unknown([node.instance.layer for node in model.nodes]):
        members = [(paths[0], instance) for instance, paths in _paths(model).values()]
        receive(members, tensors)
        report(model)


def _kept(layer: StoredLayer) -> StoredLayer:
    """The layer without tied weights, which are written twice."""
    return layer._replace(tensors=[tensor for tensor in layer.tensors if tensor.tied_to is None])


def any_unknown(layers: Iterable[object]) -> bool:
    """Whether one of these layers, or a layer inside them, is of unknown code."""
    stack: list[object] = list(layers)
    seen: set[int] = set()
    while stack:
        item = stack.pop()
        if isinstance(item, Unknown):
            return True
        if id(item) in seen:  # equal layers are one object, and nested models may share theirs
            continue
        seen.add(id(item))
        if isinstance(item, (tuple, list)):
            stack.extend(item)
        elif isinstance(item, Sublayer):
            stack.append(item.layer)
        elif isinstance(inner := getattr(item, "model", None), Model):
            stack.extend(node.instance.layer for node in inner.nodes)
        else:
            stack.extend(getattr(item, field) for field in getattr(item, "sublayers", ()))
    return False


def give(model: Model, stored: dict[str, list[Tensor]]) -> None:
    """Assign each layer its weights in the file, where it is clear which they are."""
    groups: dict[str, list[tuple[Parts, Instance]]] = {}
    for instance, paths in _paths(model).values():
        for path in paths:
            found = _group_of(path, stored)
            if found is not None:
                groups.setdefault(found[0], []).append((found[1], instance))
                break
        else:
            instance.stored = ()  # the file lists everything that has weights
    for name, members in groups.items():
        receive(members, stored[name])
    report(model)


def receive(members: list[tuple[Parts, Instance]], tensors: list[Tensor]) -> None:
    """Distribute weights among the layers that share a group; none are assigned if any is ambiguous."""
    assigned = assign(members, tensors)
    for (_, instance), weights in zip(members, assigned or (), strict=assigned is not None):
        instance.stored = tuple([weight_of(leaf, tensor) for leaf, tensor in weights])


def report(model: Model) -> None:
    """Warn about the layers that are counted this way."""
    counted = {
        node.path: node.where
        for node in model.nodes
        if isinstance(node.instance.layer, Unknown) and node.instance.stored and not node.instance.layer.fallback
    }
    if counted:
        message = f"the file has the weights of these layers, but not their code: {listed(counted)}"
        model.warn(message, next(iter(counted.values())))


def _paths(model: Model) -> dict[int, tuple[Instance, list[Parts]]]:
    """Each layer with the paths of its calls."""
    found: dict[int, tuple[Instance, list[Parts]]] = {}
    for node in model.nodes:
        paths = found.setdefault(id(node.instance), (node.instance, []))[1]
        paths.append(tuple(node.path.split("/")))
        if "#" in node.path:
            paths.append(tuple(_LATER_CALL.sub("", node.path).split("/")))
    return found


def _group_of(path: Parts, stored: dict[str, list[Tensor]]) -> tuple[str, Parts] | None:
    """The outermost stored layer on a path, whose name may contain slashes, and the rest of the path."""
    for end in range(min(len(path), _MAX_PARTS), 0, -1):
        name = "/".join(path[:end])
        if name in stored:
            return name, path[end:]
    return None


def assign(layers: list[tuple[Parts, Instance]], tensors: list[Tensor]) -> list[list[tuple[str, Tensor]]] | None:
    """The weights of each layer, named relative to it; None if it is unclear which layer one belongs to.

    A weight's name contains the path of its layer. Keras 3 puts the path first; in earlier versions it may follow names
    of scopes, and omits the nested models on the way.
    """
    paths = [parts for parts, _ in layers]
    names = [tuple(instance.name.split("/")) for _, instance in layers]
    for wanted, anywhere in ((paths, False), (paths, True), (names, True)):
        found = _assign(wanted, tensors, anywhere)
        if found is not None:
            return found
    return None


def _assign(wanted: list[Parts], tensors: list[Tensor], anywhere: bool) -> list[list[tuple[str, Tensor]]] | None:
    found: list[list[tuple[str, Tensor]]] = [[] for _ in wanted]
    index = {parts: number for number, parts in enumerate(wanted)}
    lengths = sorted({len(parts) for parts in wanted}, reverse=True)
    for tensor in tensors:
        name = tuple(tensor.name.split("/"))
        starts = range(len(name)) if anywhere else range(1)
        places = ((index.get(name[start : start + length]), start + length) for start in starts for length in lengths)
        number, end = next((place for place in places if place[0] is not None), (None, 0))
        if number is None or end >= len(name) or len(name) > _MAX_PARTS or len(index) < len(wanted):
            return None
        found[number].append(("/".join(name[end:]), tensor))
    return found
