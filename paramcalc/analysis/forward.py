"""The forward pass: shapes flow through the graph, and each call's formula answers.

A layer that is called again must give the weights it already has: that one rule is the check for shared layers.
"""

from typing import Any, NoReturn

from paramcalc.analysis.calls import Call, Evaluation, InnerCall, failure
from paramcalc.analysis.inference import Answer, Formulas, check_options, frozen, option_shapes
from paramcalc.analysis.unknown import UnknownLayers, as_trained, fixed_weights, stored_weights, with_recorded_shapes
from paramcalc.analysis.work import TooMuchWorkError, is_inside, working_on
from paramcalc.errors import LayerError, Problem
from paramcalc.layers.base import Weight
from paramcalc.layers.recorded import Recorded
from paramcalc.layers.unknown import UnknownLayerError
from paramcalc.limits import MAX_ALL_OUTPUTS, MAX_FOUND_PROBLEMS
from paramcalc.model import Input, Instance, Model, Node, Ref, formula_refs, label_of
from paramcalc.shapes import Shape, format_shape
from paramcalc.units import compute_dtype, promoted


class ForwardPass:
    """Evaluates one model, node by node; used once.

    Attributes:
        outputs: the output shapes of every producer so far; None where they are not known.
        problems: what is wrong; the pass continues after a layer that failed, so that all independent problems are
            found.
        first: the first call of each layer.
        unrecorded: the producers whose outputs are missing from a file that records shapes.
    """

    def __init__(self, model: Model, inputs: list[Input], unknown: UnknownLayers) -> None:
        self.model = model
        self.inputs = inputs
        self.unknown = unknown
        # A shape that the user asks for does not contradict the file.
        self.as_written = all(now.shape[1:] == old.shape[1:] for now, old in zip(inputs, model.inputs, strict=True))
        self.outputs: list[list[Shape] | None] = [[item.shape] for item in inputs]
        self.calls: list[Call] = []
        self.problems: list[Problem] = []
        self.first: dict[Instance, Call] = {}
        self.formulas = Formulas(observe=model.claims is not None and self.as_written)
        self.inner_calls: dict[int, list[InnerCall]] = {}
        self.unrecorded: set[int] = set()
        self.fixed: dict[tuple[int, int], tuple[Weight, ...] | None] = {}
        self.output_count = 0  # of layers that have several

    def run(self) -> Evaluation:
        """Call every node. If there are `problems`, there are fewer calls than nodes."""
        inside = is_inside()
        with working_on(self.model) as work:
            self.formulas.work = work
            for node in self.model.nodes:
                try:
                    self.outputs.append(self.evaluate(node))
                except LayerError as error:
                    self.fail(node, error)
                    self.outputs.append(None)
                except TooMuchWorkError as error:
                    if inside:  # the limit is reported for the layer around this model
                        raise
                    self.stop(node, str(error))
                if len(self.problems) >= (1 if inside else MAX_FOUND_PROBLEMS):
                    raise failure(self.model, self.problems)
        self.problems += self.unknown.assumed.unused(self.model)
        self.check_outputs()
        return Evaluation(
            self.model, self.inputs, self.calls, self.outputs, self.unknown.paths, self.as_written, self.inner_calls
        )

    # -- one node ------------------------------------------------------------------------------------

    def evaluate(self, node: Node) -> list[Shape] | None:
        """Evaluate a node and record its call; return its output shapes, None where they are not known.

        Raises:
            LayerError: when the layer cannot be called like this.
        """
        try:
            shapes = [None if ref is None else self.shape(ref) for ref in node.inputs]
            options = self.options(node) if node.options else {}
        except _NoShapeError:
            return self.without_shapes(node)
        return self.call(node, shapes, options)

    def call(self, node: Node, shapes: list[Any], options: dict[str, Any]) -> list[Shape] | None:
        """Ask the formula, and record the call."""
        instance = node.instance
        first = self.first.get(instance)
        built = first.inputs[0] if first is not None and first.inputs else None
        try:
            answer = self.formulas.infer(instance.layer, shapes, options, built)
        except UnknownLayerError as error:
            return self.without_formula(node, shapes, error)
        shared_with = None
        weights: tuple[Weight, ...] = ()
        if first is not None:
            check_same_weights(first, answer.weights)
            shared_with = first.node.path
        else:
            weights = answer.weights if instance.trainable else frozen(answer)
            if instance.layer.sublayers:  # its row lists all of them, even if the answer is in the cache
                self.formulas.work.spend(answer.cost)
        if answer.multiple or self.model.max_different is not None:
            self.check_limits(node, answer)
        if answer.outputs is None:
            self.unrecorded.add(len(self.outputs))
        dtype = answer.dtype
        if dtype is None and instance.layer.keeps_dtype:
            dtype = promoted({self.dtype(ref) for ref in formula_refs(node)})
        call = Call(
            node, shapes, answer.outputs, answer.multiple, weights, answer.macs, dtype, shared_with, answer.cache
        )
        if answer.inner is not None:
            self.inner_calls[len(self.calls)] = answer.inner
        self.calls.append(call)
        if first is None:
            self.first[instance] = call
        return answer.outputs

    def shape(self, ref: Ref) -> Shape:
        """The shape of a tensor that a node reads."""
        outputs = self.outputs[ref.producer]
        if outputs is None:
            raise _NoShapeError
        if not -len(outputs) <= ref.output < len(outputs):
            raise LayerError(f"reads output {ref.output} of a layer that has {len(outputs)}")
        return outputs[ref.output]

    def options(self, node: Node) -> dict[str, Any]:
        """The call arguments, tensors as shapes."""
        options = option_shapes(node, self.shape)
        check_options(node.instance.layer, options)
        return options

    def dtype(self, ref: Ref) -> str:
        """The dtype of a tensor."""
        if ref.producer < len(self.inputs):
            return self.inputs[ref.producer].dtype
        index = ref.producer - len(self.inputs)
        if index >= len(self.calls):
            return "float32"  # after a layer that failed: there will be no summary
        call = self.calls[index]
        return call.dtype or compute_dtype(call.node.instance.dtype)

    # -- what is not known ---------------------------------------------------------------------------

    def without_formula(self, node: Node, shapes: list[Any], error: UnknownLayerError) -> list[Shape] | None:
        """Handle a layer whose formula is not known."""
        found = self.unknown.resolve(node, shapes, error)
        if found is None:
            self.mark_unknown(node, shapes)
            return None
        from paramcalc.layers.custom import Custom

        if isinstance(found, Node) and isinstance(found.instance.layer, Custom):
            return self.evaluate(found)  # everything that matters about it is known
        if node.instance.stored is None:
            self.unknown.paths.append(node.path)
        if isinstance(found, Node):
            return self.evaluate(found)
        first = self.first.get(node.instance)
        weights = stored_weights(node.instance) if first is None else None
        shared_with = None if first is None else first.node.path
        self.add(Call(node, shapes, [found], False, weights or (), None, None, shared_with), weights is not None)
        return [found]

    def add(self, call: Call, holds_weights: bool) -> None:
        """Record a call; later calls of a layer find its weights at the first call that knows them."""
        self.calls.append(call)
        if holds_weights:
            self.first[call.node.instance] = call

    def without_shapes(self, node: Node) -> list[Shape] | None:
        """Handle a layer of unknown input: the layer before it failed, is unknown, or records no shape."""
        if isinstance(node.instance.layer, Recorded):  # its numbers come from the file, whatever it reads
            return self.call(node, [self.shape_or_none(ref) for ref in node.inputs], {})
        producers = {ref.producer for ref in formula_refs(node)}
        behind_unknown = not producers.isdisjoint(self.unknown.producers)
        recorded = self.recorded_inputs(node) if behind_unknown else None
        if recorded is not None:
            return self.call(node, recorded, {})
        self.unknown.check_allowed(node)
        if not producers.isdisjoint(self.unrecorded):
            raise LayerError("needs the shape of its input, which the file does not say")
        if behind_unknown:
            self.mark_unknown(node, [None for _ in node.inputs])
        return None  # after a layer that failed this is not a new error

    def shape_or_none(self, ref: Ref | None) -> Shape | None:
        """The shape of a tensor; None where it is unknown or there is no tensor."""
        return None if ref is None or self.outputs[ref.producer] is None else self.shape(ref)

    def recorded_inputs(self, node: Node) -> list[Shape] | None:
        """The input shapes, with unknown ones taken from what the file says the layer was built for; else None.

        It was built by its first call: a later one may have inputs of other sizes.
        """
        if node.instance in self.first or node.options or not self.as_written or None in node.inputs:
            return None
        shapes = []
        for ref in formula_refs(node):
            shape = self.shape_or_none(ref)
            if shape is None and ref.producer not in self.unknown.producers:
                return None  # after a layer that failed
            shapes.append(shape)
        return with_recorded_shapes(node.instance.built, shapes)

    def mark_unknown(self, node: Node, shapes: list[Shape | None]) -> None:
        """Record a call with unknown output; weights that the file has, or that no input changes, still count.

        Raises:
            LayerError: if there are no such weights, and the user did not allow unknown layers.
        """
        first = self.first.get(node.instance)
        weights = None
        if first is None:
            weights = stored_weights(node.instance)
            if weights is None:
                weights = self.fixed_weights(node)
            if weights is None and not self.unknown.allowed:
                raise LayerError(
                    "needs the shape of its input, which a layer before it does not say: its code is unknown"
                )
        call = self.unknown.mark_unknown(node, len(self.outputs), shapes, weights or (), first)
        self.add(call, weights is not None)

    def fixed_weights(self, node: Node) -> tuple[Weight, ...] | None:
        """The weights of a layer if no input changes them, else None. Equal layers are asked once."""
        key = id(node.instance.layer), len(node.inputs)
        if key not in self.fixed:
            self.fixed[key] = fixed_weights(node.instance.layer, len(node.inputs))
        weights = self.fixed[key]
        return weights if weights is None else as_trained(node.instance, weights)

    # -- what is wrong -------------------------------------------------------------------------------

    def fail(self, node: Node, error: LayerError) -> None:
        """Record the problem of a node."""
        self.problems.append(Problem(str(error), node.where, label_of(node), notes=node.notes))

    def check_outputs(self) -> None:
        """The model's outputs must exist in the layers that they name."""
        for output in self.model.outputs:
            wanted, outputs = output.ref.output, self.outputs[output.ref.producer]
            if outputs is not None and not -len(outputs) <= wanted < len(outputs):
                message = f"the model's output '{output.name}' is output {wanted} of a layer that has {len(outputs)}"
                self.problems.append(Problem(message, output.where))

    def check_limits(self, node: Node, answer: Answer) -> None:
        """Stop where a small file makes too much: many outputs of single layers, or too many distinct calls."""
        if answer.multiple:
            self.output_count += len(answer.outputs or ())
            if self.output_count > MAX_ALL_OUTPUTS:
                self.stop(node, f"up to here, layers with several outputs have more than {MAX_ALL_OUTPUTS:,} of them")
        most = self.model.max_different
        if most is not None and len(self.formulas.answers) > most:
            self.stop(node, f"up to here, more than {most:,} calls are like no other (--max-layers allows more)")

    def stop(self, node: Node, message: str) -> NoReturn:
        """Stop the evaluation at once."""
        self.fail(node, LayerError(message))
        raise failure(self.model, self.problems)


class _NoShapeError(Exception):
    """The shape of a tensor is unknown: its producer failed, is unknown, or does not give it."""


def check_same_weights(first: Call, weights: tuple[Weight, ...]) -> None:
    """A later call must fit the weights that the first one made.

    Raises:
        LayerError: naming the first weight that would differ.
    """
    for old, new in zip(first.weights, weights, strict=False):
        if old.shape != new.shape:
            raise LayerError(
                f"is the same layer as '{first.node.path}', whose {old.name} is {format_shape(old.shape)}; "
                f"this input needs {format_shape(new.shape)}"
            )
    if len(first.weights) != len(weights):
        raise LayerError(f"is the same layer as '{first.node.path}', but needs different weights")
