"""The policy for layers that cannot be computed, kept apart from the evaluation that applies it.

It tries, in this order: the user's assumption, a layer with the same shapes and counts that can be computed, and the
output shape recorded in the file. Without any of them the output is unknown, and so is everything that reads it, except
for weights that no input changes and layers whose input shapes the file recorded.

If the file has the weights of a layer, these are known: the layer needs no permission, though its output and its
products stay unknown.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from paramcalc.analysis.assumptions import Assumptions, settled
from paramcalc.analysis.calls import Call
from paramcalc.errors import ParamcalcError
from paramcalc.layers.base import Layer, Weight
from paramcalc.layers.unknown import Unknown, UnknownLayerError
from paramcalc.model import Instance, Node
from paramcalc.shapes import MAX_RANK, Shape, is_size


class UnknownLayers:
    """The unknown layers of one evaluation.

    Attributes:
        allowed: whether to go on past them; otherwise each is an error, unless it is in `assumed`.
        assumed: the user's assumptions about them.
        paths: the unknown layers so far, and those after them whose input is unknown; at first those whose weights the
            file omits.
        producers: the producers whose output is unknown.
    """

    def __init__(self, allowed: bool, assumed: Mapping[str, Any], paths: Sequence[str] = ()) -> None:
        self.allowed = allowed
        self.assumed = Assumptions(assumed)
        self.paths: list[str] = list(paths)
        self.producers: set[int] = set()
        self.fallbacks: dict[Instance, Instance] = {}

    def resolve(self, node: Node, shapes: list[Any], error: UnknownLayerError) -> Node | Shape | None:
        """What replaces a call: a call of a layer that can be computed, an output shape, or nothing.

        Raises:
            UnknownLayerError: the given one, if the user did not allow unknown layers.
        """
        layer = node.instance.layer
        said = self.assumed.of(node)
        if said is None and not self.allowed and node.instance.stored is None:
            raise error
        known = settled(node, said, self.allowed)
        if known is not None:
            return self.with_fallback(node, known)
        output = None if said is None else said.output
        if output == "same":
            output = shapes[0] if shapes else None
        if output is not None:
            return tuple(output)  # type: ignore[arg-type]
        if not isinstance(layer, Unknown):
            return None
        if layer.fallback is not None:
            return self.with_fallback(node, layer.fallback)
        return layer.recorded_output

    def with_fallback(self, node: Node, layer: Any) -> Node:
        """The node with a layer that can be computed; all calls of an instance share its replacement."""
        old = node.instance
        new = self.fallbacks.get(old)
        if new is None:
            new = self.fallbacks[old] = replace(old, layer=layer)
        return Node(node.path, new, node.inputs, node.options, node.where, node.notes, node.ignored)

    def check_allowed(self, node: Node) -> None:
        """Report an unknown layer after another one: all of them are reported.

        Raises:
            UnknownLayerError: if the user did not allow unknown layers.
        """
        layer = node.instance.layer
        excused = self.allowed or self.assumed.of(node) is not None or node.instance.stored is not None
        if isinstance(layer, Unknown) and not excused:
            layer.infer()

    def mark_unknown(
        self, node: Node, producer: int, shapes: list[Shape | None], fixed: tuple[Weight, ...], first: Call | None
    ) -> Call:
        """A call with unknown output and the weights that are known even so; `first` is an earlier call."""
        self.producers.add(producer)
        if node.instance.stored is None:
            self.paths.append(node.path)
        return Call(node, shapes, None, False, fixed, None, None, None if first is None else first.node.path)


def with_recorded_shapes(built: Sequence[Any], shapes: Sequence[Shape | None]) -> list[Shape] | None:
    """The input shapes, with unknown ones taken from those that the file says the layer was built for; else None."""
    if len(built) != len(shapes):
        return None
    found = []
    for shape, recorded in zip(shapes, built, strict=True):
        if shape is None:
            if not isinstance(recorded, list) or len(recorded) > MAX_RANK or not all(map(is_size, recorded)):
                return None
            shape = tuple(recorded)
        found.append(shape)
    return found


PROBE_SIZES = (24, 36, 48, 60, 72)
"""Sizes that most layers accept: multiples of common numbers of heads and groups."""

PROBE_CHANGE = 60
"""Added to every size, so that no size stays the same."""


def fixed_weights(layer: Layer, inputs: int) -> tuple[Weight, ...] | None:
    """The weights of a layer if they are the same for every input; else None.

    This is so for the table of an Embedding and for a Dropout, which has none, but not for a Dense.
    """
    found: tuple[Weight, ...] | None = None
    for one, other in _probes():
        weights = _weights(layer, one, inputs)
        if weights != _weights(layer, other, inputs):
            return None  # also if it takes only one of the two: then nothing is known about a third
        if weights is not None:
            if found not in (None, weights):
                return None
            found = weights
    return found


def stored_weights(instance: Instance) -> tuple[Weight, ...] | None:
    """The weights that the file stores for a layer, if it does."""
    return None if instance.stored is None else as_trained(instance, instance.stored)


def as_trained(instance: Instance, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    """The weights, frozen if their layer is."""
    if instance.trainable:
        return weights
    return tuple([replace(weight, trainable=False) for weight in weights])


def _weights(layer: Any, probe: Shape, inputs: int) -> tuple[Weight, ...] | None:
    """The layer's weights for this input; None if it does not accept it."""
    try:
        weights: tuple[Weight, ...] = layer.infer(*[probe] * inputs).weights
    except (ParamcalcError, TypeError):
        return None
    return weights


def _probes() -> list[tuple[Shape, Shape]]:
    """Pairs of inputs with zero to five axes besides the batch, which differ in the size of every axis."""
    return [
        ((None, *PROBE_SIZES[:rank]), (None, *[size + PROBE_CHANGE for size in reversed(PROBE_SIZES[:rank])]))
        for rank in range(len(PROBE_SIZES) + 1)
    ]
