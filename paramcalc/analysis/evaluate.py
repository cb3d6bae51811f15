"""Model → Evaluation: the shapes asked for flow through the graph, then what the file claims of itself is checked."""

from collections.abc import Mapping
from typing import Any

from paramcalc.analysis.calls import Evaluation, failure
from paramcalc.analysis.forward import ForwardPass
from paramcalc.analysis.unknown import UnknownLayers
from paramcalc.errors import InputError, Problem, listed
from paramcalc.model import Input, Model
from paramcalc.shapes import Shape


def evaluate(
    model: Model,
    batch_size: int | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    *,
    allow_unknown: bool = False,
    assume: Mapping[str, Any] | None = None,
    context: int | None = None,
) -> Evaluation:
    """Send shapes through the model.

    Args:
        model: what a reader made.
        batch_size: the batch to compute for; None keeps what the file says.
        input_shapes: other input shapes by name, batch included, None where unknown.
        allow_unknown: keep going past layers whose formula is not known.
        assume: output shapes by path for such layers, or "same".
        context: how many tokens there are in sequences whose length the file leaves open.

    Raises:
        InputError: with every independent problem of the model.
    """
    inputs = inputs_for(model, batch_size, input_shapes or {}, context)
    if model.recorded is not None and any(a.shape != b.shape for a, b in zip(model.inputs, inputs, strict=True)):
        model = model.recorded(inputs)
    unknown = UnknownLayers(allow_unknown, assumed_outputs(model, inputs, assume or {}), model.unknown)
    forward = ForwardPass(model, inputs, unknown)
    evaluation = forward.run()
    problems = forward.problems + contradictions_found(evaluation)
    if problems:
        raise failure(model, problems)
    if model.claims is not None and model.claims.checkpoint is not None:
        from paramcalc.analysis.checkpoint import take_stored

        take_stored(evaluation, model.claims.checkpoint)
    return evaluation


def assumed_outputs(model: Model, inputs: list[Input], assume: Mapping[str, Any]) -> Mapping[str, Any]:
    """The output shapes to assume, by path: the caller's, and those that the file itself gives."""
    if not model.assumed:
        return assume
    from paramcalc.analysis.assumptions import with_own

    return with_own(model, inputs[0].shape[:1] if inputs else (None,), assume)


def contradictions_found(evaluation: Evaluation) -> list[Problem]:
    """Record where the file contradicts the evaluation; return the problems that make every number doubtful."""
    if evaluation.model.claims is None:
        return []
    from paramcalc.analysis.claims import check  # only loaded for files that make claims

    evaluation.contradictions = check(evaluation)
    return [found.problem for found in evaluation.contradictions if found.severity == "error"]


def inputs_for(
    model: Model, batch_size: int | None, shapes: Mapping[str, Shape], context: int | None = None
) -> list[Input]:
    """The model's inputs with the shapes, the batch and the length of sequences that were asked for.

    Raises:
        InputError: for the name of an input that does not exist.
    """
    names = [item.name for item in model.inputs]
    wrong = next((name for name in shapes if name not in names), None)
    if wrong is not None:
        message = f"there is no input '{wrong}'; the inputs are: {listed(names)}"
        raise InputError(model.source, [Problem(message)])
    inputs = [
        Input(item.name, with_batch(shapes.get(item.name, item.shape), batch_size), item.dtype) for item in model.inputs
    ]
    if context is None:
        return inputs
    from paramcalc.analysis.decoding import with_context

    return with_context(model.source, inputs, context)


def with_batch(shape: Shape, batch_size: int | None) -> Shape:
    """The shape with its batch replaced by `batch_size`, if that is given."""
    return (batch_size, *shape[1:]) if batch_size is not None and shape else shape
