"""What happens at a layer that cannot be computed: the one policy, apart from the evaluation that asks for it.

In this order: what the user says of it, a layer that has the same shapes and counts and can be computed,
the output shape that the file recorded. With none of them the output is unknown, and so is everything that reads it,
but for weights that no input changes and layers whose input shapes the file recorded.

A file that holds the weights of a layer says all that counts of them: such a layer needs nobody's leave, though its
output, and the products in it, stay unknown.
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
    """The layers of one evaluation that are not known.

    Attributes:
        allowed: whether to go on past them; else each is an error, but for those that `assumed` has.
        assumed: what the user says of them.
        paths: those met so far, and those behind them whose input is not known; at first those whose weights the
            file itself leaves out.
        producers: the numbers of those whose output is not known.
    """

    def __init__(self, allowed: bool, assumed: Mapping[str, Any], paths: Sequence[str] = ()) -> None:
        self.allowed = allowed
        self.assumed = Assumptions(assumed)
        self.paths: list[str] = list(paths)
        self.producers: set[int] = set()
        self.fallbacks: dict[Instance, Instance] = {}

    def resolve(self, node: Node, shapes: list[Any], error: UnknownLayerError) -> Node | Shape | None:
        """What to go on with in place of a call: one of a layer that can be computed, its output shape, or nothing.

        Raises:
            UnknownLayerError: the given one, where the user did not allow it.
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
        """The node with a layer that can be computed: one instance for all its calls, as before."""
        old = node.instance
        new = self.fallbacks.get(old)
        if new is None:
            new = self.fallbacks[old] = replace(old, layer=layer)
        return Node(node.path, new, node.inputs, node.options, node.where, node.notes, node.ignored)

    def check_allowed(self, node: Node) -> None:
        """Report an unknown layer behind another one: all of them are, wherever they stand.

        Raises:
            UnknownLayerError: where the user did not allow it.
        """
        layer = node.instance.layer
        excused = self.allowed or self.assumed.of(node) is not None or node.instance.stored is not None
        if isinstance(layer, Unknown) and not excused:
            layer.infer()

    def mark_unknown(
        self, node: Node, producer: int, shapes: list[Shape | None], fixed: tuple[Weight, ...], first: Call | None
    ) -> Call:
        """A call whose output is not known, with the weights that it holds all the same; `first` is an earlier call."""
        self.producers.add(producer)
        if node.instance.stored is None:
            self.paths.append(node.path)
        return Call(node, shapes, None, False, fixed, None, None, None if first is None else first.node.path)


def with_recorded_shapes(built: Sequence[Any], shapes: Sequence[Shape | None]) -> list[Shape] | None:
    """The input shapes, unknown ones taken from what the file says the layer was built for; None if it does not."""
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
"""Sizes that many layers take: multiples of common numbers of heads and groups."""

PROBE_CHANGE = 60
"""Added to all sizes, makes none of them again."""


def fixed_weights(layer: Layer, inputs: int) -> tuple[Weight, ...] | None:
    """The weights of a layer, where they are the same for every input that it takes; else None.

    An Embedding has its table, a Dropout nothing, whatever comes before it; a Dense has not.
    """
    found: tuple[Weight, ...] | None = None
    for one, other in _probes():
        weights = _weights(layer, one, inputs)
        if weights != _weights(layer, other, inputs):
            return None  # also where it takes only one of the two: what it makes of a third is not known
        if weights is not None:
            if found not in (None, weights):
                return None
            found = weights
    return found


def stored_weights(instance: Instance) -> tuple[Weight, ...] | None:
    """The weights that the file has for a layer, if it says which these are."""
    return None if instance.stored is None else as_trained(instance, instance.stored)


def as_trained(instance: Instance, weights: tuple[Weight, ...]) -> tuple[Weight, ...]:
    """The weights, frozen where their layer is."""
    if instance.trainable:
        return weights
    return tuple([replace(weight, trainable=False) for weight in weights])


def _weights(layer: Any, probe: Shape, inputs: int) -> tuple[Weight, ...] | None:
    """What the layer holds on this input; None if it takes none such."""
    try:
        weights: tuple[Weight, ...] = layer.infer(*[probe] * inputs).weights
    except (ParamcalcError, TypeError):
        return None
    return weights


def _probes() -> list[tuple[Shape, Shape]]:
    """Pairs of inputs of zero to five axes beside the batch that differ in the size of every axis."""
    return [
        ((None, *PROBE_SIZES[:rank]), (None, *[size + PROBE_CHANGE for size in reversed(PROBE_SIZES[:rank])]))
        for rank in range(len(PROBE_SIZES) + 1)
    ]
