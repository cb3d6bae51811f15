"""Asks a layer's formula, once for equal calls, and checks each call before it is made."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from paramcalc.analysis.calls import InnerCall
from paramcalc.analysis.work import Work, cost_of
from paramcalc.errors import LayerError, UnknownDimensionError, echo
from paramcalc.layers.base import Cache, Factors, Inferred, Layer, Weight
from paramcalc.layers.signature import signature_of, why_not_callable
from paramcalc.model import Node, Ref
from paramcalc.shapes import Shape, check_sizes


class Answer(Struct):
    """A formula's answer in the form that calls need; equal layers on equal shapes share one.

    Attributes:
        frozen: the weights as not trainable, once a frozen layer asks for them.
        inner: the calls of layers inside it, where the file makes claims about them.
        cost: the work that the answer took.
    """

    outputs: list[Shape] | None
    multiple: bool
    weights: tuple[Weight, ...]
    macs: tuple[Factors, ...]
    dtype: str | None
    cache: tuple[Cache, ...] = ()
    frozen: tuple[Weight, ...] | None = None
    inner: list[InnerCall] | None = None
    cost: int = 0


class Formulas:
    """Asks layers for their answers and caches them: readers use one object for equal layers.

    Attributes:
        observe: whether to record the calls of layers inside others.
        work: the budget that new answers are charged to; set before the first question.
        answers: by the layer's identity and its input shapes, for calls without options.
    """

    def __init__(self, observe: bool) -> None:
        self.observe = observe
        self.work: Work
        self.answers: dict[tuple[Any, ...], Answer] = {}

    def infer(self, layer: Layer, shapes: list[Any], options: dict[str, Any], built: Shape | None) -> Answer:
        """The answer for a call.

        Args:
            layer: whose formula is asked.
            shapes: of its positional inputs.
            options: its call arguments, tensors as shapes.
            built: the shape of the first input of an earlier call, from which the weights were made.

        Raises:
            LayerError: when the layer cannot be called like this.
        """
        found = None if options else self.answers.get((id(layer), *shapes))
        return self.ask(layer, shapes, options, built) if found is None else found

    def ask(self, layer: Layer, shapes: list[Any], options: dict[str, Any], built: Shape | None) -> Answer:
        """The same for a call that is not in the cache."""
        try:
            answer = self.infer_once(layer, shapes, options)
        except UnknownDimensionError as error:
            first = with_size(shapes[0], error.axis, built) if built is not None and shapes else None
            if first is None:
                raise
            return self.infer(layer, [first, *shapes[1:]], options, built)
        except TypeError as error:
            why = why_not_callable(layer.infer, shapes, options)
            if why is None:
                raise  # a bug in the formula
            takes = ", ".join(signature_of(type(layer).infer).parameters)
            raise LayerError(f"takes ({takes}), but was called with {len(shapes)} inputs: {why}") from error
        answer.cost = cost_of(layer, answer.weights)
        self.work.spend(answer.cost)
        if not options:
            self.answers[id(layer), *shapes] = answer
        return answer

    def infer_once(self, layer: Layer, shapes: list[Any], options: dict[str, Any]) -> Answer:
        """The formula's answer and, where claims need them, the calls of the layers inside."""
        if not self.observe or not layer.sublayers:
            return answer_of(layer.infer(*shapes, **options))
        from paramcalc.analysis.inner_calls import observed  # only loaded for wrappers in files that make claims

        inner: list[InnerCall] = []
        answer = answer_of(observed(layer, inner).infer(*shapes, **options))
        answer.inner = inner or None
        return answer


def with_size(shape: Shape, axis: int, built: Shape) -> Shape | None:
    """The shape with its one unknown size taken from the shape that the weights were made for; else None."""
    if built[axis] is None or shape[axis] is not None:
        return None
    filled = list(shape)
    filled[axis] = built[axis]
    return tuple(filled)


def answer_of(inferred: Inferred) -> Answer:
    """The formula's answer, with its outputs as a list.

    Raises:
        LayerError: for an output past 64 bits.
    """
    output = inferred.output
    multiple = isinstance(output, list)
    outputs: list[Shape] | None = output if multiple or output is None else [output]  # type: ignore[assignment,list-item]
    check_sizes(outputs or ())
    return Answer(outputs, multiple, inferred.weights, inferred.macs, inferred.dtype, inferred.cache)


def frozen(answer: Answer) -> tuple[Weight, ...]:
    """The same weights, not trained."""
    if answer.frozen is None:
        answer.frozen = tuple([replace(weight, trainable=False) for weight in answer.weights])
    return answer.frozen


def option_shapes(node: Node, shape: Callable[[Ref], Any]) -> dict[str, Any]:
    """The call arguments of a node as its formula takes them: tensors are replaced by their shapes."""

    def resolved(value: Any) -> Any:
        if isinstance(value, Ref):
            return shape(value)
        return [resolved(item) for item in value] if isinstance(value, list) else value

    return {name: resolved(value) for name, value in (node.options or {}).items()}


def check_options(layer: Layer, options: dict[str, Any]) -> None:
    """Check that booleans and tensors are given where the formula takes them; it refuses unknown options itself.

    Raises:
        LayerError: for the first that is anything else.
    """
    hints = signature_of(type(layer).infer).hints
    for name, value in options.items():
        hint = hints.get(name)
        if hint is bool and type(value) is not bool:
            raise LayerError(f"{name}: expected true or false, got {echo(value)}")
        if (hint == Shape and type(value) is not tuple) or (
            hint == Shape | None and value is not None and type(value) is not tuple
        ):
            raise LayerError(f"{name}: expected a tensor, got {echo(value)}")
