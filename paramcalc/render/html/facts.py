"""A summary as the scripts of a page know it: equal layers share one entry, so a model of 96 equal blocks stays small.

In: a summary, the tree of its table, and the explanation of each layer where there is one. Out: plain lists, every
text harmless.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

from paramcalc.analysis.explain import Formula, LayerExplained, WeightExplained
from paramcalc.render.columns import shape_text
from paramcalc.render.rows import unknown_of
from paramcalc.render.text import sanitise
from paramcalc.render.tree import Branch
from paramcalc.summary import LayerSummary, Summary, WeightSummary

Explained = Mapping[str, LayerExplained]
MAX_EXACT = 2**53 - 1
"""The largest whole number that JavaScript's own numbers hold exactly."""


def facts(summary: Summary, tree: Sequence[Branch], depth: int, explained: Explained) -> dict[str, Any]:
    """Everything that the page shows of one model.

    Args:
        summary: the model.
        tree: its layers, nested and folded.
        depth: how many levels of it are open at first.
        explained: the explanation of each layer, by path.
    """
    numbers = {item.name: index for index, item in enumerate(summary.inputs)}
    numbers |= {layer.path: index for index, layer in enumerate(summary.layers, start=len(numbers))}
    kinds = Kinds(explained, unknown_of(summary))
    kind = [kinds.number(layer) for layer in summary.layers]
    total = summary.totals
    return {
        "big": max(total.params, total.macs or 0, total.size_bytes, *kinds.largest) > MAX_EXACT,
        "depth": depth,
        "inputs": [[sanitise(item.name), shape_text(item.shape), sanitise(item.dtype)] for item in summary.inputs],
        "totals": [whole(total.params), whole(total.macs), whole(total.size_bytes)],
        "kinds": kinds.found,
        "paths": [sanitise(layer.path) for layer in summary.layers],
        "kind": kind,
        "reads": [[numbers[name] for name in layer.inputs if name in numbers] for layer in summary.layers],
        "shared": {
            str(index): numbers[layer.shared_with] - len(summary.inputs)
            for index, layer in enumerate(summary.layers)
            if layer.shared_with in numbers
        },
        "tree": list(nested(tree, 0)),
    }


def whole(value: int | None) -> int | str | None:
    """A whole number, as text where JavaScript's own numbers would round it."""
    return value if value is None or value <= MAX_EXACT else str(value)


def nested(branches: Sequence[Branch], start: int) -> Iterator[list[Any]]:
    """Each branch as `[label, repeats, first layer, end, children]`; children are those of the first repeat."""
    ends = accumulate([len(branch.layers) for branch in branches], initial=start)
    for branch, first in zip(branches, ends, strict=False):
        entry: list[Any] = [sanitise(branch.label), branch.repeats, first, first + len(branch.layers)]
        yield [*entry, list(nested(branch.children, first))] if branch.children else entry


class Kinds:
    """What layers are, each kind once."""

    def __init__(self, explained: Explained, unknown: frozenset[str]) -> None:
        self.explained = explained
        self.unknown = unknown
        self.found: list[dict[str, Any]] = []
        self.largest: list[int] = [0]
        self.numbers: dict[Any, int] = {}
        # Explanations are compared by identity, so each is kept: no other can get the same id.
        self.kept: list[LayerExplained | None] = []

    def number(self, layer: LayerSummary) -> int:
        """The entry of `found` that describes this layer."""
        explained = self.explained.get(layer.path)
        unknown = layer.path in self.unknown
        counts = (layer.params, layer.trainable_params, layer.buffers, layer.macs, layer.size_bytes, layer.output_bytes)
        used = (layer.active_params, layer.decode_macs)
        shapes = (repr(layer.input_shapes), repr(layer.output_shape))
        tied = tuple([weight.tied_to for weight in layer.weights])
        key = (
            layer.type,
            id(explained),
            layer.dtype,
            counts,
            used,
            shapes,
            tied,
            unknown,
            weights_key(layer, explained),
        )
        number = self.numbers.setdefault(key, len(self.found))
        if number == len(self.found):
            self.kept.append(explained)
            self.largest.append(max(layer.size_bytes, layer.output_bytes or 0))
            self.found.append(kind_of(layer, explained, unknown))
        return number


def weights_key(layer: LayerSummary, explained: LayerExplained | None) -> Any:
    """What tells weights apart where no explanation does."""
    return None if explained else tuple([(weight.name, weight.shape, weight.dtype) for weight in layer.weights])


def kind_of(layer: LayerSummary, explained: LayerExplained | None, unknown: bool) -> dict[str, Any]:
    """What equal layers have in common; what is empty or nothing is left out."""
    kind: dict[str, Any] = {
        "type": sanitise(layer.type),
        "in": [shape_text(shape) for shape in layer.input_shapes],
        "out": shape_text(layer.output_shape),
        "params": None if unknown else whole(layer.params),
        "trainable": whole(layer.trainable_params),
        "buffers": whole(layer.buffers),
        "active": 0 if layer.active_params == layer.params else whole(layer.active_params),
        "macs": whole(layer.macs),
        "decode": whole(layer.decode_macs or 0),
        "bytes": whole(layer.size_bytes),
        "output": whole(layer.output_bytes),
        "dtype": sanitise(layer.dtype),
        "weights": weights_of(layer.weights, explained),
    }
    if explained is not None:
        kind |= {
            "params_formula": equation(explained.params),
            "macs_formula": equation(explained.macs),
            "steps": [sanitise(step) for step in explained.shape_steps],
            "notes": [sanitise(note) for note in explained.notes],
        }
    return {name: value for name, value in kind.items() if value not in ([], 0) or name in ("params", "macs", "out")}


def weights_of(weights: Sequence[WeightSummary], explained: LayerExplained | None) -> list[list[Any]]:
    """Each weight as `[name, kind, shape, dtype, params, bytes, trainable, tied to, names, numbers, why]`."""
    reasons: Sequence[WeightExplained | None] = explained.weights if explained else [None] * len(weights)
    return [
        [
            sanitise(weight.name),
            weight.kind,
            shape_text(weight.shape),
            sanitise(weight.dtype),
            whole(weight.params),
            whole(weight.bytes),
            weight.trainable,
            sanitise(weight.tied_to or ""),
            *([*equation(reason.formula), sanitise(reason.why)] if reason else ["", "", ""]),
        ]
        for weight, reason in zip(weights, reasons, strict=True)
    ]


def equation(formula: Formula) -> tuple[str, str]:
    """`units × (features + 1)` and `64 × (128 + 1)`."""
    return sanitise(formula.names), sanitise(formula.numbers)
