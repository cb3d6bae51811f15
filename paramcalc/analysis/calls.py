"""The result of evaluating a model: plain data, one `Call` per node, in execution order."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from msgspec import Struct, field

from paramcalc.errors import MAX_PROBLEMS, InputError, Problem, located
from paramcalc.layers.base import Cache, Factors, Inferred, Layer, Sublayer, Weight
from paramcalc.model import Input, Model, Node, Ref
from paramcalc.shapes import Shape


class Call(Struct, gc=False):
    """One evaluated node.

    Attributes:
        inputs: the shapes of its positional inputs; None for one that was left out or is not known.
        outputs: its output shapes; None where they are not known.
        multiple: whether the layer has several outputs (a list, even of one).
        weights: what the layer holds, trainable only where layer and weight are; empty for a later call.
        macs: multiply-accumulates as a sum of products; None where the formula is not known.
        dtype: of the outputs, where it is not the layer's compute dtype.
        shared_with: the path of the first call, for a later one.
        cache: what it keeps between tokens.
    """

    node: Node
    inputs: list[Shape | None]
    outputs: list[Shape] | None
    multiple: bool
    weights: tuple[Weight, ...]
    macs: tuple[Factors, ...] | None
    dtype: str | None
    shared_with: str | None
    cache: tuple[Cache, ...] = ()


class InnerCall(Struct, frozen=True):
    """One call of a layer inside another, recorded where the file makes a claim about that layer.

    Attributes:
        infer: the formula that was asked, as a function of the input shapes.
        shapes: of its inputs.
        weights: what it holds.
        evaluation: the evaluation of its graph, if it is a model.
    """

    sublayer: Sublayer
    infer: Callable[..., Inferred]
    shapes: Sequence[Shape]
    weights: tuple[Weight, ...]
    evaluation: "Evaluation | None" = None


class Contradiction(Struct, frozen=True):
    """A statement in a file that its own architecture contradicts.

    Attributes:
        problem: what is contradicted, and where.
        severity: "error" if no number can be trusted, so that there is no result; "warning" if the numbers of the
            architecture stand, but may not match the weights stored with it.
    """

    problem: Problem
    severity: Literal["error", "warning"]


class Evaluation(Struct):
    """All calls of a model in execution order, and what could not be known.

    Attributes:
        inputs: the model's inputs, with the shapes that were asked for.
        outputs: the output shapes of every producer, the inputs first; None where they are not known.
        unknown: paths whose formula, or whose input, is not known, where the caller allowed that; or whose weights the
            file leaves out.
        as_written: whether the inputs have the shapes in the file, apart from the batch.
        inner_calls: by the index of a call, the calls of layers inside its layer, where the file makes claims about
            them.
        contradictions: where the file contradicts what was computed.
        known: a cache of facts derived from it, by kind, so that each is computed once.
    """

    model: Model
    inputs: list[Input]
    calls: list[Call]
    outputs: list[list[Shape] | None]
    unknown: list[str]
    as_written: bool = True
    inner_calls: dict[int, list[InnerCall]] = field(default_factory=dict)
    contradictions: list[Contradiction] = field(default_factory=list)
    known: dict[Any, Any] = field(default_factory=dict)

    def shape(self, ref: Ref) -> Shape | None:
        """The shape of a tensor; None where it is not known."""
        outputs = self.outputs[ref.producer]
        return None if outputs is None else outputs[ref.output]


class InnerModel(Layer, frozen=True):
    """A layer that is a model with a graph of its own."""

    def evaluate(self, *inputs: Shape) -> Evaluation:
        """The evaluation of that graph for inputs of these shapes."""
        raise NotImplementedError

    def as_inferred(self, evaluation: Evaluation) -> Inferred:
        """The evaluation as the answer of a single layer."""
        raise NotImplementedError

    def infer(self, *inputs: Shape) -> Inferred:
        """Send the shapes through the inner graph."""
        return self.as_inferred(self.evaluate(*inputs))


def failure(model: Model, problems: list[Problem]) -> InputError:
    """The error for a model that cannot be computed; only problems that will be shown are located in the text."""
    shown = [located(problem, model.locate) for problem in problems[:MAX_PROBLEMS]]
    return InputError(model.source, shown + problems[MAX_PROBLEMS:])
