"""A whole model in place of a layer, as TimeDistributed and other wrappers may contain."""

from msgspec.structs import replace

from paramcalc.analysis.calls import Evaluation, InnerModel
from paramcalc.analysis.forward import ForwardPass
from paramcalc.analysis.unknown import UnknownLayers
from paramcalc.errors import InputError, LayerError, Problem
from paramcalc.layers.base import Factors, Inferred, Weight, layers_within, values_within
from paramcalc.layers.unknown import Unknown, UnknownLayerError
from paramcalc.model import Input, Model, Ref
from paramcalc.shapes import Shape, format_shape


def as_layer(model: Model) -> "NestedModel":
    """The model as a layer for a wrapper."""
    layers = [node.instance.layer for node in model.nodes]
    return NestedModel(model, sum([1 + layers_within(layer) for layer in layers]), sum(map(values_within, layers)))


class NestedModel(InnerModel, frozen=True):
    """A model that answers as one layer: its weights, its outputs, the sum of its MACs.

    Attributes:
        layers_inside: the number of layers in it, nested ones included.
        values_inside: the number of values in the fields of these layers.
    """

    model: Model
    layers_inside: int
    values_inside: int

    def as_inferred(self, evaluation: Evaluation) -> Inferred:
        """The inner graph as one answer: all weights, the outputs, the sum of MACs."""
        weights: list[Weight] = []
        macs: list[Factors] = []
        for call in evaluation.calls:
            macs.extend(call.macs or ())
            path, origin = call.node.path, call.node.instance.origin
            weights.extend(
                replace(weight, name=f"{path}/{weight.name}", origin=origin(weight)) for weight in call.weights
            )
        outputs = [output_shape(evaluation, output.ref) for output in self.model.outputs]
        return Inferred(outputs[0] if len(outputs) == 1 else outputs, tuple(weights), tuple(macs))

    def evaluate(self, *inputs: Shape) -> Evaluation:
        """Evaluate the inner graph for inputs of these shapes; the file's claims are not checked here.

        Raises:
            LayerError: for the first problem inside.
        """
        declared = self.model.inputs
        if len(inputs) != len(declared):
            raise LayerError(f"the inner model takes {len(declared)} inputs, got {len(inputs)}")
        for item, shape in zip(declared, inputs, strict=True):
            if item.shape and not accepts(item.shape, shape, strict=False):
                raise LayerError(f"the inner model's input is {format_shape(item.shape)}, got {format_shape(shape)}")
        given = [Input(item.name, shape, item.dtype) for item, shape in zip(declared, inputs, strict=True)]
        forward = ForwardPass(self.model, given, UnknownLayers(allowed=False, assumed={}))
        problems: list[Problem] = []
        try:
            evaluation = forward.run()
            problems = forward.problems
        except InputError as error:  # an inner model stops at the first problem
            problems = error.problems
        if problems:
            unknown = any(isinstance(node.instance.layer, Unknown) for node in self.model.nodes)
            raise (UnknownLayerError if unknown else LayerError)(inside(problems[0]))
        return evaluation


def inside(problem: Problem) -> str:
    """A problem of the inner model as a message about the wrapped layer."""
    return f"inside it, layer {problem.layer}: {problem.message}"


def output_shape(evaluation: Evaluation, ref: Ref) -> Shape:
    """The shape of one output.

    Raises:
        LayerError: if it is unknown.
    """
    shape = evaluation.shape(ref)
    if shape is None:
        raise LayerError("the inner model's output is not known")
    return shape


def accepts(declared: Shape, shape: Shape, strict: bool) -> bool:
    """Whether a model whose input was declared with one shape can be called with a tensor of another.

    If not `strict`, images and sequences may have any size. A tensor of another rank is squeezed or expanded
    by Keras before it goes in; that is not supported.
    """
    if len(declared) != len(shape):
        return False
    if not strict and len(shape) > 2:
        return True
    return all(a == b or None in (a, b) for a, b in zip(declared[1:], shape[1:], strict=True))
