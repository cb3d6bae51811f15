"""Activations that are layers of their own."""

from typing import Annotated, ClassVar

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Weight
from paramcalc.layers.keras.elementwise import Elementwise
from paramcalc.layers.keras.fields import ActivationName, Config, Constraint, Initializer, Regularizer
from paramcalc.shapes import Shape, check_min_rank, known

NonNegativeNumber = Annotated[float, Meta(ge=0)]


class Activation(Elementwise, frozen=True):
    """An activation by its name.

    Shapes: any → the same
    Formula: no weights
    Source: https://keras.io/api/layers/activations/
    Example: {input: [10], layers: [{Dense: 4}, {Activation: softmax}]}
    """

    activation: ActivationName | Config | None


class ReLU(Elementwise, frozen=True):
    """max(x, 0), perhaps with a ceiling, a slope below, and a threshold.

    Shapes: any → the same
    Formula: no weights
    Source: https://keras.io/api/layers/activation_layers/relu/
    Example: {input: [10], layers: [{Dense: 4}, ReLU]}
    """

    max_value: NonNegativeNumber | None = None
    negative_slope: NonNegativeNumber = 0.0
    threshold: NonNegativeNumber = 0.0


class LeakyReLU(Elementwise, frozen=True):
    """x above zero, negative_slope × x below.

    Shapes: any → the same
    Formula: no weights
    Source: https://keras.io/api/layers/activation_layers/leaky_relu/
    Example: {input: [10], layers: [{Dense: 4}, {LeakyReLU: 0.1}]}
    """

    negative_slope: NonNegativeNumber = 0.3


class PReLU(Layer, frozen=True):
    """A leaky ReLU that learns its slope, one for each element of a sample or shared along axes.

    Shapes: any → the same
    Formula: the product of the sizes of all axes but the batch and shared_axes
    Source: He et al. 2015, arXiv:1502.01852; https://keras.io/api/layers/activation_layers/prelu/
    Example: {input: [28, 28, 8], layers: [{PReLU: {shared_axes: [1, 2]}}]}
    """

    alpha_initializer: Initializer = "zeros"
    alpha_regularizer: Regularizer = None
    alpha_constraint: Constraint = None
    shared_axes: int | tuple[int, ...] | None = None

    def infer(self, x: Shape) -> Inferred:
        """One slope for each element of a sample; shared axes are counted with the batch as axis 0."""
        check_min_rank(x, 1)
        return Inferred(x, (elementwise_weight("alpha", x, self.shared_axes),))


def elementwise_weight(name: str, x: Shape, shared_axes: int | tuple[int, ...] | None) -> Weight:
    """A weight with one element for each element of a sample, 1 along the shared axes."""
    rank = len(x) - 1
    if shared_axes is None:
        shared_axes = ()
    elif isinstance(shared_axes, int):
        shared_axes = (shared_axes,)
    for axis in shared_axes:
        if not -rank <= axis - 1 < rank:
            raise LayerError(f"shared_axes {axis} is out of range for an input of rank {len(x)}")
    shared = {(axis - 1) % rank for axis in shared_axes}
    shape = [1 if i in shared else known(x, i + 1, f"size of axis {i + 1}") for i in range(rank)]
    factors = tuple((f"axis {i + 1}", shape[i]) for i in range(rank) if i not in shared)
    return Weight(name, tuple(shape), factors)


class ELU(Elementwise, frozen=True):
    """x above zero, alpha × (exp(x) − 1) below.

    Shapes: any → the same
    Formula: no weights
    Source: Clevert et al. 2015, arXiv:1511.07289; https://keras.io/api/layers/activation_layers/elu/
    Example: {input: [10], layers: [{Dense: 4}, ELU]}
    """

    alpha: float = 1.0


class Softmax(Elementwise, frozen=True):
    """Positive numbers that sum to 1 along axis.

    Shapes: any → the same
    Formula: no weights
    Source: https://keras.io/api/layers/activation_layers/softmax/
    Example: {input: [10], layers: [{Dense: 4}, Softmax]}
    """

    mask_arguments: ClassVar[tuple[str, ...]] = ("mask",)

    axis: int | tuple[int, ...] = -1

    def infer(self, x: Shape, *mask: Shape) -> Inferred:
        """A mask among the inputs changes no shape."""
        return Inferred(x)
