"""Whether a model that was read back is the one it was written from."""

from collections.abc import Iterator
from typing import Any

from paramcalc.layers.base import Layer
from paramcalc.model import Instance, Model, Node


def same_models(one: Model, other: Model, *, names: bool) -> bool:
    """Whether two models are equal call by call: then all that is computed from them is equal as well.

    False says less: a field may be written in two ways that mean the same. What a file says its weights were made
    for does not count; it can make a model wrong, but no number of it another.

    Args:
        one: a model.
        other: another.
        names: whether names and paths count.
    """
    if len(one.nodes) != len(other.nodes) or list(ends(one, names)) != list(ends(other, names)):
        return False
    partners: dict[int, Instance] = {}
    known: set[tuple[int, int]] = set()  # readers make equal layers one object, mostly
    for a, b in zip(one.nodes, other.nodes, strict=True):
        if names and a.path != b.path:
            return False
        partner = partners.get(id(a.instance))
        if partner is None:
            if not same_instances(a.instance, b.instance, names, known):
                return False
            partners[id(a.instance)] = b.instance
        elif partner is not b.instance:
            return False
        if a.inputs != b.inputs or not same_options(a, b):
            return False
    # As many layers in both: else one of the first model's would be two calls of one in the other.
    return len({id(partner) for partner in partners.values()}) == len(partners)


def ends(model: Model, names: bool) -> Iterator[Any]:
    """What a model says beside its calls."""
    yield [(item.shape, item.dtype) for item in model.inputs]
    yield [output.ref for output in model.outputs]
    yield [pair[:2] for pair in model.tied]
    if names:
        yield model.name, [item.name for item in model.inputs], [output.name for output in model.outputs]


def same_instances(one: Instance, other: Instance, names: bool, known: set[tuple[int, int]]) -> bool:
    """Whether two layers have the same fields, and are treated the same; `known` are those known to have them."""
    if one.type != other.type or one.trainable != other.trainable or one.dtype != other.dtype:
        return False
    if names and one.name != other.name:
        return False
    pair = id(one.layer), id(other.layer)
    if pair not in known:
        if not same_layers(one.layer, other.layer):
            return False
        known.add(pair)
    return True


def same_layers(one: Layer, other: Layer) -> bool:
    """Whether all fields are equal, 1 and true being two things; False where a layer holds others."""
    if one is other:
        return True
    return type(one) is type(other) and not one.sublayers and one == other and repr(one) == repr(other)


def same_options(one: Node, other: Node) -> bool:
    """Whether two calls have the same arguments beside their inputs."""
    if one.ignored != other.ignored:
        return False
    if not one.options and not other.options:
        return True
    return one.options == other.options and repr(one.options) == repr(other.options)
