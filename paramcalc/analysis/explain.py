"""Every count taken apart: the formula with its names, with its numbers, and the result.

All of it is derived from what a layer declares (its weights' factors, its MACs as products), so the printed
arithmetic is the arithmetic that was done.
"""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from typing import Any

from msgspec import Struct

from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import InputError, Problem, did_you_mean
from paramcalc.layers.base import Factors, Weight
from paramcalc.layers.catalogue import parse_docstring
from paramcalc.layers.formulas.window import traced
from paramcalc.shapes import Shape


class Formula(Struct, frozen=True):
    """A count in three ways: `units × (features + 1)`, `64 × (128 + 1)`, 8256; None where it is unknown."""

    names: str
    numbers: str
    result: int | None


class WeightExplained(Struct, frozen=True):
    """One weight, and why a gradient changes it or does not."""

    name: str
    kind: str
    shape: tuple[int, ...]
    formula: Formula
    trainable: bool
    why: str


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


KEPT = 1_000
"""How many different explanations are kept, to be shared by equal calls."""


def explain(evaluation: Evaluation, pattern: str | None = None) -> Iterator[tuple[str, LayerExplained]]:
    """Each call that a path, name or glob matches (all of them where none is given), as its path and its explanation.

    Raises:
        InputError: when nothing matches.
    """
    known: dict[tuple[Any, ...], LayerExplained] = {}
    for call in evaluation.calls if pattern is None else matching(evaluation, pattern):
        instance = call.node.instance
        # A layer's answer for these shapes is one list of outputs, whoever asks.
        what = instance.type, instance.trainable, call.shared_with, id(instance.layer), id(call.outputs), *call.inputs
        if what not in known:
            if len(known) == KEPT:
                known.clear()
            known[what] = explain_call(call)
        yield call.node.path, known[what]


def matching(evaluation: Evaluation, pattern: str) -> list[Call]:
    """The calls that a path, name or glob matches."""
    calls = [
        call
        for call in evaluation.calls
        if fnmatchcase(call.node.path, pattern) or pattern in (call.node.path, call.node.instance.name)
    ]
    if not calls:
        near = did_you_mean(pattern, [call.node.path for call in evaluation.calls])
        message = f"no layer matches '{pattern[:80]}'{near}"
        raise InputError(evaluation.model.source, [Problem(message)])
    return calls


def explain_call(call: Call) -> LayerExplained:
    """One call: weights, sum, MACs, and how the output shape came about."""
    instance = call.node.instance
    output: Shape | list[Shape] | None = call.outputs
    if call.outputs is not None and not call.multiple:
        output = call.outputs[0]
    return LayerExplained(
        instance.type,
        call.inputs,
        output,
        shape_steps(call),
        [explain_weight(weight, instance.trainable) for weight in call.weights],
        sum_of([weight.factors for weight in call.weights if weight.kind != "buffer"]),
        macs_formula(call.macs),
        notes(call),
    )


def shape_steps(call: Call) -> list[str]:
    """The shape arithmetic of this call, seen while it is done once more."""
    if call.outputs is None or call.node.options:
        return []
    with traced() as steps:
        call.node.instance.layer.infer(*call.inputs)
    return list(dict.fromkeys(steps))


def notes(call: Call) -> list[str]:
    """Answers to common questions (the `Note:` lines of the layer's docstring), and whether the layer is shared."""
    found = [f"the same layer as '{call.shared_with}': its weights are counted there"] if call.shared_with else []
    sections = parse_docstring(type(call.node.instance.layer).__doc__ or "")[2]
    return found + sections.get("Note", "").splitlines()


def explain_weight(weight: Weight, layer_trainable: bool) -> WeightExplained:
    """One weight: its size as a product."""
    if weight.kind == "buffer":
        why = "a buffer: saved with the model, but no parameter" if weight.persistent else "a buffer that is not saved"
    elif weight.trainable:
        why = "learned by gradients"
    elif weight.kind == "statistic":
        why = "gathered from the data, never by a gradient"
    else:
        why = "kept fixed by this layer" if layer_trainable else "the layer is frozen (trainable: false)"
    formula = sum_of([weight.factors])
    return WeightExplained(weight.name, weight.kind, weight.shape, formula, weight.trainable, why)


def macs_formula(terms: Sequence[Factors] | None) -> Formula:
    """The multiply-accumulates as a sum of products."""
    if terms is None:
        return Formula("?", "?", None)
    return sum_of(terms, count_macs(tuple(terms)))


def sum_of(terms: Sequence[Factors], result: int | None = None) -> Formula:
    """A sum of products with what all of them share taken out: `128 × (10 + 128 + 1)`."""
    if not terms:
        return Formula("0", "0", 0)
    if result is None:
        result = count_macs(tuple(terms))
    if len(terms) == 1:
        return Formula(product_names(terms[0]), product_numbers(terms[0]), result)
    outer, rests = [], [list(factors) for factors in terms]
    common = set(terms[0]).intersection(*terms[1:])
    for factor in terms[0]:
        if factor in common and all(factor in rest for rest in rests):  # once more for a factor that is there twice
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
