"""Model → what each call outputs and holds: shapes flow through the graph, formulas answer.

A layer called again must give the weights it already has: that one rule is the check for shared layers.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, NoReturn

from msgspec import Struct
from msgspec.structs import replace

from paramcalc.analysis.call_checks import check_options, wrong_call
from paramcalc.errors import (
    MAX_ECHO,
    MAX_PROBLEMS,
    InputError,
    LayerError,
    Problem,
    UnknownDimensionError,
    clipped,
    listed,
    located,
)
from paramcalc.layers.base import Cache, Factors, Inferred, Layer, Weight, held_to_built
from paramcalc.layers.built import as_declared, check_built, differs, told_shapes
from paramcalc.layers.unknown import Unknown, UnknownLayerError
from paramcalc.limits import MAX_ALL_OUTPUTS
from paramcalc.model import Input, Instance, Model, Node, Ref, refs
from paramcalc.shapes import Shape, check_sizes, format_shape
from paramcalc.units import compute_dtype, promoted


class Call(Struct, gc=False):
    """One evaluated node.

    Attributes:
        inputs: the shapes of its positional inputs.
        outputs: its output shapes; None where an unknown layer hides them.
        multiple: whether the layer has several outputs (a list, even of one).
        weights: what the layer holds, trainable only where layer and weight are.
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


class Evaluation(Struct):
    """All calls of a model in execution order, and what could not be known."""

    model: Model
    inputs: list[Input]
    calls: list[Call]
    unknown: list[str]
    """Paths whose formula, or whose input, is not known, with `allow_unknown`; or whose weights the file leaves out."""


class _Answer(Struct):
    """What a formula said, as calls have it; equal layers on equal shapes share one."""

    outputs: list[Shape] | None
    multiple: bool
    weights: tuple[Weight, ...]
    macs: tuple[Factors, ...]
    dtype: str | None
    cache: tuple[Cache, ...] = ()
    frozen: tuple[Weight, ...] | None = None
    """The weights of a layer that is not trained, once there is one."""


class _Evaluator:
    def __init__(self, model: Model, inputs: list[Input], allow_unknown: bool, assume: Mapping[str, Any]) -> None:
        self.model = model
        self.inputs = inputs
        self.allow_unknown = allow_unknown
        self.assume = assume
        # Another shape that the user asks for is no contradiction in the file.
        self.as_written = all(now.shape[1:] == old.shape[1:] for now, old in zip(inputs, model.inputs, strict=True))
        self.held = self.as_written and model.format == "keras3"  # to what layers were built for: Keras 2 was not
        self.values: list[list[Shape] | None] = [[item.shape] for item in inputs]
        self.outputs = 0  # of layers that have several
        self.hidden: set[int] = set()  # producers that an unknown layer stands before
        self.first: dict[int, Call] = {}  # of each layer: later ones are held against it
        self.answers: dict[tuple[Any, ...], _Answer] = {}
        self.stand_ins: dict[Instance, Instance] = {}
        self.calls: list[Call] = []
        self.unknown: list[str] = list(model.unknown)
        self.problems: list[Problem] = []

    def run(self) -> Evaluation:
        for node in self.model.nodes:
            try:
                self.values.append(self.call(node))
            except LayerError as error:
                self.fail(node, error)
                self.values.append(None)
        self.check_unused()
        self.check_outputs()
        if self.as_written:
            self.check_declared()
        if self.problems:
            raise failure(self.model, self.problems)
        return Evaluation(self.model, self.inputs, self.calls, self.unknown)

    def fail(self, node: Node, error: LayerError) -> None:
        instance = node.instance
        label = clipped(f"'{node.path}' ({instance.type[:MAX_ECHO]})")
        self.problems.append(Problem(str(error), node.where, label, notes=node.notes))

    def check_unused(self) -> None:
        """A name that --assume gives and the model does not have is a mistake."""
        paths = {node.path for node in self.model.nodes}
        for name in self.assume:
            if name not in paths:
                self.problems.append(Problem(f"--assume names '{name}', but there is no such layer"))

    def check_outputs(self) -> None:
        """The model's outputs must be ones that their layers have."""
        for output in self.model.outputs:
            wanted, outputs = output.ref.output, self.values[output.ref.producer]
            if outputs is not None and not -len(outputs) <= wanted < len(outputs):
                message = f"the model's output '{output.name}' is output {wanted} of a layer that has {len(outputs)}"
                self.problems.append(Problem(message, output.where))

    def check_declared(self) -> None:
        """Models inside must be called with what they were made for."""
        for ref, declared, sizes, where, label in self.model.declared:
            outputs = self.values[ref.producer]
            shape = outputs[ref.output] if outputs is not None and ref.output < len(outputs) else declared
            if not as_declared(declared, shape, sizes):
                message = f"is called with {format_shape(shape)}, but its own input is {format_shape(declared)}"
                self.problems.append(Problem(message, where, label))

    def shape(self, ref: Ref) -> Shape:
        outputs = self.values[ref.producer]
        if outputs is None:
            raise _SkippedError
        if not -len(outputs) <= ref.output < len(outputs):
            raise LayerError(f"reads output {ref.output} of a layer that has {len(outputs)}")
        return outputs[ref.output]

    def options(self, node: Node) -> dict[str, Any]:
        """The call arguments with the shapes of their tensors."""
        options = {name: self.option(value) for name, value in (node.options or {}).items()}
        check_options(type(node.instance.layer).infer.__annotations__, options)
        return options

    def option(self, value: Any) -> Any:
        if isinstance(value, Ref):
            return self.shape(value)
        if isinstance(value, list):
            return [self.shape(item) if isinstance(item, Ref) else item for item in value]
        return value

    def call(self, node: Node) -> list[Shape] | None:
        instance = node.instance
        try:
            shapes = [None if ref is None else self.shape(ref) for ref in node.inputs]
            options = self.options(node) if node.options else {}
        except _SkippedError:
            told = self.told(node)
            if told is None:
                self.skip(node)
                return None
            shapes, options = told, {}
        first = self.first.get(id(instance))
        try:
            answer = self.infer(node, shapes, options, first)
        except UnknownLayerError as error:
            return self.guess(node, shapes, error)
        if first is not None:
            check_same_weights(first, answer.weights)
            weights: tuple[Weight, ...] = ()
        else:
            if answer.weights and instance.built and self.held and differs(instance.built, shapes):
                check_built(instance.built, partial(instance.layer.infer, **options), shapes, answer.weights)
            weights = answer.weights if instance.trainable else frozen(answer)
        shared_with = None if first is None else first.node.path
        if answer.multiple:
            self.add_outputs(node, len(answer.outputs or ()))
        most = self.model.max_different
        if most is not None and len(self.answers) > most:
            self.stop(node, f"up to here, more than {most:,} calls are like no other (--max-layers allows more)")
        dtype = answer.dtype
        if dtype is None and instance.layer.keeps_dtype:
            dtype = promoted({self.produced(ref) for ref in refs(node)})
        call = Call(
            node, shapes, answer.outputs, answer.multiple, weights, answer.macs, dtype, shared_with, answer.cache
        )
        self.calls.append(call)
        if first is None:
            self.first[id(instance)] = call
        return answer.outputs

    def add_outputs(self, node: Node, count: int) -> None:
        """Stop where layers with several outputs have too many of them together: a few bytes can ask for millions."""
        self.outputs += count
        if self.outputs > MAX_ALL_OUTPUTS:
            self.stop(node, f"up to here, layers with several outputs have more than {MAX_ALL_OUTPUTS:,} of them")

    def stop(self, node: Node, message: str) -> NoReturn:
        self.fail(node, LayerError(message))
        raise failure(self.model, self.problems)

    def produced(self, ref: Ref) -> str:
        """The dtype of a tensor."""
        if ref.producer < len(self.inputs):
            return self.inputs[ref.producer].dtype
        index = ref.producer - len(self.inputs)
        if index >= len(self.calls):
            return "float32"  # behind a layer that failed: there will be no summary
        call = self.calls[index]
        return call.dtype or compute_dtype(call.node.instance.dtype)

    def infer(self, node: Node, shapes: list[Any], options: dict[str, Any], first: Call | None) -> _Answer:
        """Ask the formula; a layer already built knows the sizes its weights came from."""
        while True:
            try:
                return self.ask(node.instance.layer, shapes, options)
            except UnknownDimensionError as error:
                built = first.inputs[0] if first is not None and first.inputs else None
                if built is None or not shapes:
                    raise
                size = built[error.axis]
                filled = list(shapes[0])
                if size is None or filled[error.axis] is not None:
                    raise
                filled[error.axis] = size
                shapes = [tuple(filled), *shapes[1:]]
            except TypeError as error:
                raise LayerError(wrong_call(node, shapes, options)) from error

    def ask(self, layer: Layer, shapes: list[Any], options: dict[str, Any]) -> _Answer:
        """What the formula says; it is asked once for equal layers, which readers make one object."""
        if options:
            return answer_of(layer.infer(*shapes, **options))
        key = (id(layer), *shapes)
        found = self.answers.get(key)
        if found is None:
            found = self.answers[key] = answer_of(layer.infer(*shapes))
        return found

    def told(self, node: Node) -> list[Any] | None:
        """Inputs behind an unknown layer, where the file says what this one was built for; else None.

        It was built by its first call: a later one may have inputs of other sizes.
        """
        if id(node.instance) in self.first:
            return None
        hidden = [ref.producer in self.hidden for ref in refs(node)]
        if node.options or not self.as_written or not any(hidden) or None in node.inputs:
            return None
        try:
            shapes = [None if far else self.shape(ref) for ref, far in zip(refs(node), hidden, strict=True)]
        except _SkippedError:
            return None
        return told_shapes(node.instance.built, shapes)

    def skip(self, node: Node) -> None:
        """A layer that reads a failed one is not another error; one that reads an unknown one is unknown.

        All layers that cannot be computed are reported, wherever they stand.
        """
        layer = node.instance.layer
        if isinstance(layer, Unknown) and not self.allow_unknown and node.path not in self.assume:
            layer.infer()
        producers = [ref.producer for ref in refs(node)]
        if any(producer in self.hidden for producer in producers):
            self.hide(node, [None for _ in node.inputs])

    def hide(self, node: Node, shapes: list[Shape | None]) -> None:
        from paramcalc.analysis.fixed_weights import fixed_weights  # only for models that are not all known

        instance = node.instance
        self.hidden.add(len(self.values))
        self.unknown.append(node.path)
        weights: tuple[Weight, ...] = ()
        first = self.first.get(id(instance))
        fixed = fixed_weights(instance.layer, len(node.inputs)) if first is None else None
        if fixed is not None:
            answer = _Answer([], False, fixed, (), None)
            weights = fixed if instance.trainable else frozen(answer)
        call = Call(node, shapes, None, False, weights, None, None, first.node.path if first else None)
        self.calls.append(call)
        if fixed is not None:
            self.first[id(instance)] = call

    def standing_in(self, node: Node, layer: Layer) -> Node:
        """The node with a layer that can be computed, the same one for every call of it."""
        old = node.instance
        new = self.stand_ins.get(old)
        if new is None:
            new = self.stand_ins[old] = Instance(layer, old.name, old.type, old.trainable, old.dtype)
        return Node(node.path, new, node.inputs, node.options, node.where, node.notes)

    def guess(self, node: Node, shapes: list[Any], error: UnknownLayerError) -> list[Shape] | None:
        """An unknown layer: what the user told, else what stands in for it, what the file recorded, or nothing."""
        layer = node.instance.layer
        assumed = self.assume.get(node.path)
        if assumed is None and not self.allow_unknown:
            raise error
        if assumed == "same":
            assumed = shapes[0] if shapes else None
        if assumed is None and isinstance(layer, Unknown) and layer.stand_in is not None:
            self.unknown.append(node.path)
            return self.call(self.standing_in(node, layer.stand_in))
        shape = assumed or (layer.output_shape if isinstance(layer, Unknown) else None)
        if shape is None:
            self.hide(node, shapes)
            return None
        self.unknown.append(node.path)
        self.calls.append(Call(node, shapes, [tuple(shape)], False, (), None, None, None))
        return [tuple(shape)]


class _SkippedError(Exception):
    """An input of this node is not known: its producer failed, or is an unknown layer."""


def answer_of(inferred: Inferred) -> _Answer:
    """What a formula said, its outputs as a list.

    Raises:
        LayerError: for an output past 64 bits.
    """
    output = inferred.output
    multiple = isinstance(output, list)
    outputs: list[Shape] | None = output if multiple or output is None else [output]  # type: ignore[assignment,list-item]
    check_sizes(outputs or ())
    return _Answer(outputs, multiple, inferred.weights, inferred.macs, inferred.dtype, inferred.cache)


def frozen(answer: _Answer) -> tuple[Weight, ...]:
    """The same weights, not trained."""
    if answer.frozen is None:
        answer.frozen = tuple([replace(weight, trainable=False) for weight in answer.weights])
    return answer.frozen


def check_same_weights(first: Call, weights: tuple[Weight, ...]) -> None:
    """A later call must fit the weights the first one made.

    Raises:
        LayerError: naming the first weight that would be another.
    """
    for old, new in zip(first.weights, weights, strict=False):
        if old.shape != new.shape:
            raise LayerError(
                f"is the same layer as '{first.node.path}', whose {old.name} is {format_shape(old.shape)}; "
                f"this input needs {format_shape(new.shape)}"
            )
    if len(first.weights) != len(weights):
        raise LayerError(f"is the same layer as '{first.node.path}', but needs different weights")


def failure(model: Model, problems: list[Problem]) -> InputError:
    """The error of a model that cannot be computed; only problems that are shown are looked up in the text."""
    shown = [located(problem, model.locate) for problem in problems[:MAX_PROBLEMS]]
    return InputError(model.source, shown + problems[MAX_PROBLEMS:])


def with_batch(shape: Shape, batch_size: int | None) -> Shape:
    """The shape with its unknown batch replaced by `batch_size`, where one is given."""
    return (batch_size, *shape[1:]) if batch_size is not None and shape else shape


def evaluate(
    model: Model,
    *,
    batch_size: int | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    allow_unknown: bool = False,
    assume: Mapping[str, Any] | None = None,
) -> Evaluation:
    """Send shapes through the model.

    Args:
        model: what a reader made.
        batch_size: the batch to compute for; None keeps what the file says.
        input_shapes: other input shapes by name, batch included, None where unknown.
        allow_unknown: keep going past layers whose formula is not known.
        assume: output shapes by path for such layers, or "same".

    Raises:
        InputError: with every independent problem of the model.
    """
    given = dict(input_shapes or {})
    inputs = [
        Input(item.name, with_batch(given.pop(item.name, item.shape), batch_size), item.dtype) for item in model.inputs
    ]
    if given:
        names = listed([item.name for item in model.inputs])
        message = f"there is no input '{next(iter(given))}'; the inputs are: {names}"
        raise InputError(model.source, [Problem(message)])
    evaluator = _Evaluator(model, inputs, allow_unknown, assume or {})
    with held_to_built(evaluator.held):
        return evaluator.run()
