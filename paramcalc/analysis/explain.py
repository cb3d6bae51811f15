"""Every count taken apart: the formula with its names, with its numbers, and the result.

All of it is derived from what a layer declares (its weights' factors, its MACs as products), so the printed
arithmetic is the arithmetic that was done.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.analysis.summarize import NO_PARAMETERS, call_name, count_macs, counter
from paramcalc.analysis.ties import tie_weights, weight_name
from paramcalc.errors import UnknownDimensionError
from paramcalc.layers.base import Factors, Weight
from paramcalc.layers.catalogue import parse_docstring
from paramcalc.layers.formulas.window import traced
from paramcalc.layers.recorded import Recorded
from paramcalc.model import Instance
from paramcalc.shapes import Shape
from paramcalc.units import weight_dtype

if TYPE_CHECKING:
    from paramcalc.analysis.blocks import Part


class Formula(Struct, frozen=True):
    """A count in three forms: `units × (features + 1)`, `64 × (128 + 1)`, 8256; None where it is unknown."""

    names: str
    numbers: str
    result: int | None


class WeightExplained(Struct, frozen=True):
    """One weight and why it counts as it does.

    Attributes:
        formula: its size; `counted` says whether that is part of the parameters.
        why: why it is trained or not, or why it is not counted.
        dtype: the dtype that its elements are stored in.
        active: the part that one token uses, if that is not the whole.
    """

    name: str
    kind: str
    shape: tuple[int, ...]
    formula: Formula
    trainable: bool
    why: str
    dtype: str = "float32"
    counted: bool = True
    active: Formula | None = None


class LayerExplained(Struct, frozen=True, eq=False):
    """The explanation of a call, without its path: equal calls share one, and the text made from it."""

    type: str
    inputs: list[Shape | None]
    output: Shape | list[Shape] | None
    shape_steps: list[str]
    weights: list[WeightExplained]
    params: Formula
    macs: Formula
    notes: list[str]
    shared_with: str | None = None


KEPT = 1_000
"""How many different explanations are cached for equal calls to share."""


def explain(evaluation: Evaluation, pattern: str | None = None) -> Iterator[tuple[str, LayerExplained]]:
    """Yield (path, explanation) for each call that a path, name or glob matches, or for all calls without one.

    The name of a block gives one explanation: that of the sum of its layers.

    Raises:
        InputError: when nothing matches.
    """
    ties = tie_weights(evaluation)
    known: dict[tuple[Any, ...], LayerExplained] = {}
    calls = evaluation.calls if pattern is None else matching(evaluation, pattern)
    if not calls and pattern is not None:
        yield explain_block(evaluation, pattern, ties)
    for call in calls:
        node, instance = call.node, call.node.instance
        if ties and any(weight_name(node.path, weight.name) in ties for weight in call.weights):
            yield node.path, explain_call(call, ties)
            continue
        # Equal calls share one list of outputs and one tuple of weights, so their identity makes a key.
        what = instance.type, instance.trainable, instance.dtype, call.shared_with, id(instance.layer)
        key = *what, id(call.outputs), id(call.weights), *call.inputs
        if key not in known:
            if len(known) == KEPT:
                known.clear()
            known[key] = explain_call(call, {})
        yield node.path, known[key]


def matching(evaluation: Evaluation, pattern: str) -> list[Call]:
    """The calls that a path, name or glob matches."""
    return [
        call
        for call in evaluation.calls
        if fnmatchcase(call.node.path, pattern) or pattern in (call.node.path, call_name(call))
    ]


def explain_block(evaluation: Evaluation, name: str, ties: dict[str, str]) -> tuple[str, LayerExplained]:
    """The (path, explanation) of the block with this name: what its parts add up to.

    Raises:
        InputError: when there is none.
    """
    from paramcalc.analysis.blocks import find_block

    count = counter(ties, None)
    block = find_block(evaluation, name, lambda call: ((found := count(call)).params, found.macs))
    found = [count(call) for call in block.calls]
    macs = [each.macs for each in found if each.macs is not None]
    outputs = [shape for shape in block.hands_out if shape is not None]
    return block.path, LayerExplained(
        f"{len(block.calls):,} layers",
        block.reads,
        outputs[0] if len(outputs) == 1 else outputs or None,
        [],
        [],
        sum_of_parts([(part, part.params) for part in block.parts], sum([each.params for each in found])),
        sum_of_parts([(part, part.macs) for part in block.parts], sum(macs) if len(macs) == len(found) else None),
        [f"'{block.path}{block.calls[0].node.path[len(block.path)]}*' explains each of its layers"],
    )


def sum_of_parts(parts: "Sequence[tuple[Part, int | None]]", result: int | None) -> Formula:
    """The sum over the parts that are not zero: `attention + 2 × (norm)`."""
    names, numbers = [], []
    for part, value in parts:
        if value != 0:
            number = "?" if value is None else f"{value:,}"
            names.append(part.name if part.times == 1 else f"{part.times:,} × ({part.name})")
            numbers.append(number if part.times == 1 else f"{part.times:,} × {number}")
    return Formula(" + ".join(names) or "0", " + ".join(numbers) or "0", result)


def explain_call(call: Call, ties: Mapping[str, str]) -> LayerExplained:
    """One call: weights, sum, MACs, and how its output shape is computed; `ties` maps tied weights to their owners."""
    instance = call.node.instance
    weights = [
        explain_weight(weight, instance, ties.get(weight_name(call.node.path, weight.name))) for weight in call.weights
    ]
    output: Shape | list[Shape] | None = call.outputs
    if call.outputs is not None and not call.multiple:
        output = call.outputs[0]
    return LayerExplained(
        instance.type,
        call.inputs,
        output,
        shape_steps(call),
        weights,
        sum_of([weight.factors for weight, item in zip(call.weights, weights, strict=True) if item.counted]),
        macs_formula(call.macs),
        notes(call),
        call.shared_with,
    )


def shape_steps(call: Call) -> list[str]:
    """The shape arithmetic of this call, recorded by running its formula again."""
    # Without outputs or MACs the formula was not used; with options it needs more than the input shapes.
    if call.outputs is None or call.macs is None or call.node.options:
        return []
    with traced() as steps, suppress(UnknownDimensionError):  # a later call may know less than the first
        call.node.instance.layer.infer(*call.inputs)
    return list(dict.fromkeys(steps))


def notes(call: Call) -> list[str]:
    """Answers to common questions (the `Note:` lines of the layer's docstring), and whether the layer is shared."""
    layer = call.node.instance.layer
    found = [f"the same layer as '{call.shared_with}': its weights are counted there"] if call.shared_with else []
    if isinstance(layer, Recorded) and call.outputs is None:
        found.append(NO_GRAPH)
    sections = parse_docstring(type(layer).__doc__ or "")[2]
    return found + sections.get("Note", "").splitlines()


NO_GRAPH = "the file holds weights and no graph: what the layer computes, and on which shapes, is not known"
WHY_NO_PARAMETER = {
    "buffer": "saved with the model, but no parameter",
    "scale": "what quantised weights are decoded with, and no parameter",
    "state": "what training keeps in the file, and no parameter of the model",
}


def explain_weight(weight: Weight, instance: Instance, tied_to: str | None) -> WeightExplained:
    """One weight, with its size as a product."""
    if weight.stored is not None:
        tied_to = tied_to or weight.stored.tied_to
    return WeightExplained(
        weight.name,
        weight.kind,
        weight.shape,
        sum_of([weight.factors]),
        weight.trainable,
        why(weight, instance.trainable, tied_to),
        weight_dtype(weight.dtype, instance.dtype, None),
        weight.kind not in NO_PARAMETERS and tied_to is None,
        None if weight.active is None else sum_of([weight.active]),
    )


def why(weight: Weight, layer_trainable: bool, tied_to: str | None) -> str:
    """Why a weight is counted as it is."""
    if tied_to is not None:
        return f"the same tensor as {tied_to}, and counted there"
    if weight.kind in NO_PARAMETERS:
        return WHY_NO_PARAMETER[weight.kind] if weight.persistent else "not saved with the model, and no parameter"
    if weight.trainable:
        return "learned by gradients"
    if weight.kind == "statistic":
        return "gathered from the data, never by a gradient"
    return "kept fixed by this layer" if layer_trainable else "the layer is frozen (trainable: false)"


def macs_formula(terms: Sequence[Factors] | None) -> Formula:
    """The multiply-accumulates as a sum of products; just a question mark where no factor is known."""
    if terms is None or (terms and all(value is None for factors in terms for _, value in factors)):
        return Formula("?", "?", None)
    return sum_of(terms, count_macs(tuple(terms)))


def sum_of(terms: Sequence[Factors], result: int | None = None) -> Formula:
    """A sum of products with their common factors taken out: `128 × (10 + 128 + 1)`."""
    if not terms:
        return Formula("0", "0", 0)
    if result is None:
        result = count_macs(tuple(terms))
    if len(terms) == 1:
        return Formula(product_names(terms[0]), product_numbers(terms[0]), result)
    outer, rests = [], [list(factors) for factors in terms]
    common = set(terms[0]).intersection(*terms[1:])
    for factor in terms[0]:
        if factor in common and all(factor in rest for rest in rests):  # a factor that occurs twice is taken out twice
            outer.append(factor)
            for rest in rests:
                rest.remove(factor)
    names = " + ".join([product_names(rest) for rest in rests])
    numbers = " + ".join([product_numbers(rest) for rest in rests])
    if not outer:
        return Formula(names, numbers, result)
    return Formula(f"{product_names(outer)} × ({names})", f"{product_numbers(outer)} × ({numbers})", result)


def product_names(factors: Sequence[tuple[str, int | None]]) -> str:
    """`features × units`; an empty product is 1."""
    return " × ".join([label for label, _ in factors]) or "1"


def product_numbers(factors: Sequence[tuple[str, int | None]]) -> str:
    """`10 × 128`."""
    return " × ".join(["?" if value is None else f"{value:,}" for _, value in factors]) or "1"
