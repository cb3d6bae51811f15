"""Layers that are private to keras.applications but occur in its models' files."""

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight
from paramcalc.layers.keras.elementwise import Elementwise
from paramcalc.shapes import Shape, format_shape


class StochasticDepth(Elementwise, frozen=True):
    """Leave out a residual branch, at random, in training.

    Shapes: any → the same
    Formula: no weights
    Source: Huang et al. 2016, arXiv:1603.09382; keras.applications.convnext
    Example: {input: [8, 8, 96], layers: [{StochasticDepth: 0.1}]}
    """

    drop_path_rate: float


class LayerScale(Layer, frozen=True):
    """Multiply each channel by a learned number.

    Shapes: (batch, ..., projection_dim) → the same
    Formula: projection_dim
    Source: Touvron et al. 2021, arXiv:2103.17239; keras.applications.convnext
    Example: {input: [8, 8, 96], layers: [{LayerScale: [0.000001, 96]}]}
    """

    init_values: float
    projection_dim: Positive

    def infer(self, x: Shape) -> Inferred:
        """The numbers are broadcast over the last axis."""
        size = self.projection_dim
        gamma = Weight("gamma", (size,), (("projection_dim", size),))
        return Inferred(stretched(x, (size,)), (gamma,))


class CustomScaleLayer(Layer, frozen=True):
    """The first input plus the second times scale.

    Shapes: two shapes that can be broadcast → the broadcast shape
    Formula: no weights
    Source: Szegedy et al. 2016, arXiv:1602.07261; keras.applications.inception_resnet_v2
    Example: {inputs: {a: [8], b: [8]}, layers: [{CustomScaleLayer: 0.2, inputs: [a, b]}]}
    """

    scale: float

    def infer(self, x: Shape, y: Shape, *unused: Shape) -> Inferred:
        """Return the broadcast shape of the first two inputs."""
        return Inferred(stretched(x, y))


def stretched(a: Shape, b: Shape) -> Shape:
    """Return the broadcast shape; an unknown dimension only fits another unknown one, or 1.

    Keras traces these layers with a size of its own for what is unknown.
    """
    rank = max(len(a), len(b))
    pairs = zip((1,) * (rank - len(a)) + a, (1,) * (rank - len(b)) + b, strict=True)
    output = []
    for m, n in pairs:
        if m != n and 1 not in (m, n):
            raise LayerError(f"{format_shape(a)} cannot be multiplied with {format_shape(b)}")
        output.append(n if m == 1 else m)
    return tuple(output)
