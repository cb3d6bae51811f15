"""Tied weights: those that a spec ties, and those of a layer that is used in several places."""

from typing import Any

from paramcalc.analysis.calls import Evaluation, failure
from paramcalc.errors import LayerError, Problem, did_you_mean
from paramcalc.layers.base import Weight
from paramcalc.limits import MAX_FOUND_PROBLEMS
from paramcalc.model import label_of
from paramcalc.shapes import format_shape


def weight_name(path: str, name: str) -> str:
    """The name of a weight in a spec: "embed.embeddings"; a bare parameter has the name of its layer."""
    return f"{path}.{name}" if name else path


def tie_weights(evaluation: Evaluation) -> dict[str, str]:
    """The weights that are tied to another: "path.weight" → the one that is counted.

    Raises:
        InputError: for a weight that does not exist, or shapes that are not equal or transposed.
    """
    model = evaluation.model
    ties: dict[str, str] = {}
    problems = list(tie_shared(evaluation, ties)) if model.shares else []
    by_name: dict[str, Weight] = {}
    if model.tied:
        by_name = {weight_name(call.node.path, item.name): item for call in evaluation.calls for item in call.weights}
    for owner, other, where in model.tied:
        try:
            check_tie(by_name, owner, other)
            first, second = holder(ties, owner), holder(ties, other)
            if first != second:  # otherwise they are tied already: in a cycle, one must stay counted
                ties[second] = first
        except LayerError as error:
            problems.append(Problem(str(error), where))
            if len(problems) == MAX_FOUND_PROBLEMS:
                break
    if problems:
        raise failure(model, problems)
    return {name: holder(ties, name) for name in ties}


def tie_shared(evaluation: Evaluation, ties: dict[str, str]) -> list[Problem]:
    """Tie the weights of layers that are used in several places to those of the first; return what does not fit."""
    first: dict[Any, tuple[str, Weight]] = {}
    problems = []
    for call in evaluation.calls:
        for weight in call.weights:
            origin = call.node.instance.origin(weight)
            if origin is None:
                continue
            name = weight_name(call.node.path, weight.name)
            holds, known = first.setdefault(origin, (name, weight))
            if known.shape != weight.shape:
                message = (
                    f"holds the same layer as '{holds}', which is {format_shape(known.shape)} there; "
                    f"this input needs {format_shape(weight.shape)}"
                )
                problems.append(Problem(message, call.node.where, label_of(call.node)))
                break
            if holds != name:
                ties[name] = holds
        if len(problems) == MAX_FOUND_PROBLEMS:
            break
    return problems


def holder(ties: dict[str, str], name: str) -> str:
    """The weight that this one is tied to in the end; the chain of ties is shortened on the way."""
    way = []
    while name in ties:
        way.append(name)
        name = ties[name]
    ties.update(dict.fromkeys(way, name))
    return name


def check_tie(weights: dict[str, Weight], owner: str, other: str) -> None:
    """Both must exist, be different, and have the same shape, or one the transpose of the other."""
    for name in (owner, other):
        if name not in weights:
            raise LayerError(f"tied: there is no weight '{name}'{did_you_mean(name, weights)}")
    a, b = weights[owner].shape, weights[other].shape
    if owner == other:
        raise LayerError(f"tied: '{owner}' cannot be tied to itself")
    if a != b and a != b[::-1]:
        raise LayerError(
            f"tied: '{owner}' is {format_shape(a)} and '{other}' is {format_shape(b)}: "
            "tied weights must have the same shape, or one the transpose of the other"
        )
