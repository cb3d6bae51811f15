"""A whole model in the place of a layer: what TimeDistributed and other wrappers may hold."""

from msgspec.structs import replace

from paramcalc.analysis.evaluate import Evaluation, evaluate
from paramcalc.errors import InputError, LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, Weight, layers_within, values_within
from paramcalc.layers.built import as_declared
from paramcalc.layers.unknown import Unknown, UnknownLayerError
from paramcalc.model import Model, Ref
from paramcalc.shapes import Shape, format_shape


def as_layer(model: Model) -> "NestedModel":
    """The model as the layer of a wrapper."""
    layers = [node.instance.layer for node in model.nodes]
    return NestedModel(model, sum([1 + layers_within(layer) for layer in layers]), sum(map(values_within, layers)))


class NestedModel(Layer, frozen=True):
    """A model that answers as one layer: its weights, its outputs, the sum of its MACs.

    Attributes:
        layers_inside: how many layers that takes, those inside layers of it included.
        values_inside: how many values these hold.
    """

    model: Model
    layers_inside: int
    values_inside: int

    def infer(self, *inputs: Shape) -> Inferred:
        """Send the shapes through the inner graph."""
        if len(inputs) != len(self.model.inputs):
            raise LayerError(f"the inner model takes {len(self.model.inputs)} inputs, got {len(inputs)}")
        for item, shape in zip(self.model.inputs, inputs, strict=True):
            if item.shape and not as_declared(item.shape, shape, sizes=False):
                raise LayerError(f"the inner model's input is {format_shape(item.shape)}, got {format_shape(shape)}")
        shapes = {item.name: shape for item, shape in zip(self.model.inputs, inputs, strict=True)}
        try:
            evaluation = evaluate(self.model, input_shapes=shapes)
        except InputError as error:
            problem = error.problems[0]
            unknown = any(isinstance(node.instance.layer, Unknown) for node in self.model.nodes)
            kind = UnknownLayerError if unknown else LayerError
            raise kind(f"inside it, layer {problem.layer}: {problem.message}") from error
        weights: list[Weight] = []
        macs: list[Factors] = []
        for call in evaluation.calls:
            macs.extend(call.macs or ())
            weights.extend(replace(weight, name=f"{call.node.path}/{weight.name}") for weight in call.weights)
        outputs = [self.output(evaluation, output.ref) for output in self.model.outputs]
        return Inferred(outputs[0] if len(outputs) == 1 else outputs, tuple(weights), tuple(macs))

    def output(self, evaluation: Evaluation, ref: Ref) -> Shape:
        """The shape of one output."""
        first = len(evaluation.inputs)
        if ref.producer < first:
            return evaluation.inputs[ref.producer].shape
        outputs = evaluation.calls[ref.producer - first].outputs
        if outputs is None:
            raise LayerError("the inner model's output is not known")
        return outputs[ref.output]
