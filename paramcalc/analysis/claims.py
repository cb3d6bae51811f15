"""Checks what a file claims about itself against what was computed from its architecture.

A file may say what a layer was built for (`Instance.built`, `Sublayer.built`), what a nested model takes as input
(`Claims.inputs`) and which weights are stored with it (`Claims.weights`, or `Claims.checkpoint` if they have exactly
the names that the architecture gives them). Where a claim contradicts the file's own graph, one of the two is wrong,
and nobody can tell which: each is a `Contradiction`. All claims are checked here, after the evaluation. Those
about shapes only hold for the input shapes in the file, not for others that the user asks for. Sizes that the file
leaves open change no weight, so weights are compared for these, too, and a checkpoint whatever is asked.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from paramcalc.analysis.calls import Call, Contradiction, Evaluation, InnerCall
from paramcalc.analysis.checkpoint import check_checkpoint
from paramcalc.analysis.inference import option_shapes
from paramcalc.analysis.nested import accepts, inside
from paramcalc.errors import LayerError, Problem
from paramcalc.layers.base import Inferred, Weight
from paramcalc.model import Claims, DeclaredInput, label_of
from paramcalc.shapes import Shape, check_axes, format_shape


def check(evaluation: Evaluation) -> list[Contradiction]:
    """Every claim of the file that contradicts what was computed."""
    claims = evaluation.model.claims
    found: list[Contradiction] = []
    if claims is None:
        return found
    if evaluation.as_written:
        found += check_layers(evaluation, claims.built)
        found += [contradicted for declared in claims.inputs if (contradicted := check_input(evaluation, declared))]
    if claims.unreadable is not None:
        found.append(Contradiction(Problem(claims.unreadable), "warning"))
    if claims.checkpoint is not None:
        messages = check_checkpoint(evaluation, claims.checkpoint)
        found += [Contradiction(Problem(message), "warning") for message in messages]
    if claims.weights is not None and has_its_sizes(evaluation):
        found += check_weights(evaluation, claims, claims.weights)
    return found


def has_its_sizes(evaluation: Evaluation) -> bool:
    """Whether the inputs have every size that the file gives them; those that it leaves open may be anything."""
    pairs = zip(evaluation.inputs, evaluation.model.inputs, strict=True)
    return all(
        len(now.shape) == len(own.shape)
        and all(said in (None, size) for size, said in zip(now.shape[1:], own.shape[1:], strict=True))
        for now, own in pairs
    )


# -- the inputs of nested models ---------------------------------------------------------------------


def check_input(evaluation: Evaluation, declared: DeclaredInput) -> Contradiction | None:
    """A nested model must be called with the shape that its input was declared with."""
    outputs = evaluation.outputs[declared.ref.producer]
    if outputs is None or declared.ref.output >= len(outputs):  # not known, or reported already
        return None
    shape = outputs[declared.ref.output]
    if accepts(declared.shape, shape, declared.strict):
        return None
    message = f"is called with {format_shape(shape)}, but its own input is {format_shape(declared.shape)}"
    return Contradiction(Problem(message, declared.where, declared.label), "error")


# -- the weights that are stored with the architecture ---------------------------------------------


def check_weights(evaluation: Evaluation, claims: Claims, claimed: Mapping[str, Shape]) -> list[Contradiction]:
    """Compare the file's list of weights with those of the layers, and name each weight that differs.

    Some formats put names below scopes of their own, so weights left over on both sides are paired by shape.
    """
    place = f"the file's {claims.weights_in}"
    listed = dict(claimed)
    computed: dict[str, Shape] = {}
    origins: set[Any] = set()
    for call in evaluation.calls:
        for weight in call.weights:
            origin = call.node.instance.origin(weight)
            if weight.name.rpartition("/")[2] not in claims.merged and (origin is None or origin not in origins):
                computed[f"{call.node.path}/{weight.name}"] = weight.shape
                origins.add(origin)  # a layer that is used in several places is stored once
    messages = []
    for name in [name for name in listed if name in computed]:
        shape, ours = listed.pop(name), computed.pop(name)
        if shape != ours:
            messages.append(
                f"weight '{name}' is {format_shape(ours)} by its layer, but {format_shape(shape)} in {place}"
            )
    messages += unpaired(listed, computed, place, partial=bool(evaluation.unknown))
    return [Contradiction(Problem(message), "warning") for message in messages]


def unpaired(listed: Mapping[str, Shape], computed: Mapping[str, Shape], place: str, partial: bool) -> list[str]:
    """Weights that only one side has once equal shapes are paired off; the file may have those of unknown layers."""
    left: dict[Shape, list[str]] = {}
    for name, shape in computed.items():
        left.setdefault(shape, []).append(name)
    messages = []
    for name, shape in listed.items():
        if left.get(shape):
            left[shape].pop()
        elif not partial:
            messages.append(f"weight '{name}' {format_shape(shape)} in {place} belongs to no layer")
    messages += [
        f"weight '{name}' {format_shape(shape)} is not in {place}" for shape, names in left.items() for name in names
    ]
    return messages


# -- the shapes that layers were built for -----------------------------------------------------------


def check_layers(evaluation: Evaluation, label: str | None) -> Iterator[Contradiction]:
    """Layers, nested ones included, must have the weights that the file says they were built with.

    `label` is the file's name for the shapes they were built for; None if these are not binding.
    """
    wrong: dict[int, str] = {}
    for index, call in enumerate(evaluation.calls):
        # A later call has no weights of its own; where the output is unknown, so are the inputs.
        if label is not None and call.weights and call.outputs is not None:
            built = call.node.instance.built
            if built and differs(built, call.inputs) and (message := check_layer(evaluation, call, label)):
                wrong[index] = message
    known: dict[int, str | None] = {}  # equal layers on equal shapes share one list, and so one answer
    for index, inner in evaluation.inner_calls.items():
        if id(inner) not in known:
            known[id(inner)] = check_inside(inner, label)
        message = known[id(inner)]
        if message is not None and evaluation.calls[index].shared_with is None:
            wrong.setdefault(index, message)
    for index in sorted(wrong):
        node = evaluation.calls[index].node
        yield Contradiction(Problem(wrong[index], node.where, label_of(node), notes=node.notes), "error")


def check_layer(evaluation: Evaluation, call: Call, label: str) -> str | None:
    """Why a layer contradicts the inputs that it was built for; None if it does not."""
    instance = call.node.instance
    infer = partial(instance.layer.infer, **option_shapes(call.node, evaluation.shape))
    return why_not_built(instance.built, label, infer, call.inputs, call.weights)


def check_inside(calls: list[InnerCall], label: str | None) -> str | None:
    """Why a layer contradicts the file in a layer inside it: the first such; None if there is none."""
    for call in calls:
        sublayer = call.sublayer
        if call.evaluation is not None:
            for found in check(call.evaluation):
                return inside(found.problem)
        elif label is not None and call.weights and differs(sublayer.built, call.shapes):
            message = why_not_built(sublayer.built, label, call.infer, call.shapes, call.weights)
            if message is not None:
                return f"inside it, {sublayer.type} '{sublayer.name[:80]}': {message}"
    return None


def differs(built: Sequence[Any], shapes: Sequence[Shape | None]) -> bool:
    """Whether a layer was built for other inputs than it has: of other shapes, apart from the batch, or for more."""
    for old, new in zip(built, shapes, strict=False):
        if isinstance(old, list) and new is not None and old != [*new] and old[1:] != [*new[1:]]:
            return True
    return len(built) > len(shapes) and any(isinstance(shape, list) for shape in built[len(shapes) :])


def why_not_built(
    built: Sequence[Any],
    label: str,
    infer: Callable[..., Inferred],
    shapes: Sequence[Shape | None],
    weights: Sequence[Weight],
) -> str | None:
    """Why a layer cannot have been built for these inputs: its weights would differ; None if it can.

    A convolution that was built for images of another size has the same weights; a Dense built for other features does
    not.
    """
    try:
        claimed = claimed_inputs(built, label, shapes)
    except LayerError as error:
        return str(error)
    said = f"its {label} is for an input of " + " and ".join([format_shape(s) for s in claimed[:5] if s is not None])
    advice = f"remove the {label} if it is out of date"
    try:
        other = infer(*claimed).weights
    except LayerError as error:
        return f"{said}: {error}; {advice}"
    except IndexError:  # a cell's step relies on its input having the right rank
        return f"{said}, which it does not take; {advice}"
    except TypeError:
        if len(claimed) == len(shapes):
            raise
        return f"its {label} is for {len(claimed):,} inputs, more than it takes; {advice}"
    for was, now in zip(other, weights, strict=False):
        if was.shape != now.shape:
            return (
                f"{said}, where {was.name} is {format_shape(was.shape)}; by the graph it is "
                f"{format_shape(now.shape)}; {advice}"
            )
    return None


def claimed_inputs(built: Sequence[Any], label: str, shapes: Sequence[Shape | None]) -> list[Shape | None]:
    """The input shapes replaced by those that the file claims, each with the batch of the actual input.

    Raises:
        LayerError: for anything that is not a shape.
    """
    claimed = list(shapes)
    for index, old in enumerate(built):
        new = shapes[index] if index < len(shapes) else ()
        if isinstance(old, list) and new is not None:
            if not all(size is None or type(size) is int for size in old):
                raise LayerError(f"its {label} has a shape that is not made of integers and nulls")
            check_axes(len(old))
            claimed[index:] = [(*new[:1], *old[len(new[:1]) :]), *claimed[index + 1 :]]
    return claimed
