"""Layer classes of Keras 1 and Keras 2 that Keras 3 has removed but old files still contain.

Fields have the names of Keras 2 where Keras 1 had others, as readers rename them.
"""

from typing import Any

from paramcalc.layers.base import Inferred, Layer, Positive, Weight, bias, macs_at
from paramcalc.layers.keras.activation import NonNegativeNumber, elementwise_weight
from paramcalc.layers.keras.elementwise import Elementwise
from paramcalc.layers.keras.fields import Activation, Constraint, Initializer, Regularizer
from paramcalc.layers.keras.image import Seed
from paramcalc.shapes import Dim, Shape, check_min_rank, check_rank, known, positive_axis


class ThresholdedReLU(Elementwise, frozen=True):
    """x above theta, zero below.

    Shapes: any → the same
    Formula: no weights
    Source: Konda et al. 2014, arXiv:1402.3337; Keras 2
    Example: {input: [10], layers: [{Dense: 4}, ThresholdedReLU]}
    """

    theta: NonNegativeNumber = 1.0


class MaxoutDense(Layer, frozen=True):
    """The largest of nb_feature Dense layers, element by element.

    Shapes: (batch, features) → (batch, output_dim)
    Formula: nb_feature × (features × output_dim + output_dim (bias))
    Source: Goodfellow et al. 2013, arXiv:1302.4389; Keras 1
    Example: {input: [128], layers: [{MaxoutDense: 64}]}
    """

    output_dim: Positive
    nb_feature: Positive = 4
    kernel_initializer: Initializer = "glorot_uniform"
    weights: Any = None
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    use_bias: bool = True

    def infer(self, x: Shape) -> Inferred:
        """Infer one kernel with an axis for the nb_feature pieces."""
        check_rank(x, 2, "(batch, features)")
        features, pieces, units = known(x, -1, "number of features"), self.nb_feature, self.output_dim
        last = ("output_dim", units)
        kernel = Weight("W", (pieces, features, units), (("nb_feature", pieces), ("features", features), last))
        biases = (Weight("b", (pieces, units), (("nb_feature", pieces), last), "bias"),)
        weights = (kernel, *biases) if self.use_bias else (kernel,)
        return Inferred((x[0], units), weights, macs_at(x[:-1], kernel))


class Highway(Layer, frozen=True):
    """A Dense layer and a gate between it and its own input.

    Shapes: (batch, features) → the same
    Formula: 2 × (features × features + features (bias))
    Source: Srivastava et al. 2015, arXiv:1505.00387; Keras 1
    Example: {input: [64], layers: [Highway]}
    """

    kernel_initializer: Initializer = "glorot_uniform"
    activation: Activation = None
    weights: Any = None
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    use_bias: bool = True
    transform_bias: float | None = None

    def infer(self, x: Shape) -> Inferred:
        """Both kernels are square."""
        check_rank(x, 2, "(batch, features)")
        size = known(x, -1, "number of features")
        factors = (("features", size), ("features", size))
        kernels = tuple(Weight(name, (size, size), factors) for name in ("W", "W_carry"))
        biases = tuple(bias(size, "features", name) for name in ("b", "b_carry"))
        return Inferred(x, kernels + biases if self.use_bias else kernels, macs_at(x[:-1], *kernels))


class SReLU(Layer, frozen=True):
    """Three straight pieces with learned thresholds and slopes.

    Shapes: any → the same
    Formula: 4 × the product of the sizes of all axes but the batch and shared_axes
    Source: Jin et al. 2015, arXiv:1512.07030; Keras 1
    Example: {input: [64], layers: [SReLU]}
    """

    t_left_init: Initializer = "zero"
    a_left_init: Initializer = "glorot_uniform"
    t_right_init: Initializer = "glorot_uniform"
    a_right_init: Initializer = "one"
    shared_axes: int | tuple[int, ...] | None = None

    def infer(self, x: Shape) -> Inferred:
        """Infer two thresholds and two slopes per element."""
        check_min_rank(x, 1)
        names = ("t_left", "a_left", "t_right", "a_right")
        return Inferred(x, tuple(elementwise_weight(name, x, self.shared_axes) for name in names))


class ParametricSoftplus(Layer, frozen=True):
    """alpha × log(1 + exp(beta × x)), both learned.

    Shapes: any → the same
    Formula: 2 × the product of the sizes of all axes but the batch and shared_axes
    Source: Keras 1
    Example: {input: [64], layers: [ParametricSoftplus]}
    """

    alpha_init: Any = 0.2
    beta_init: Any = 5.0
    weights: Any = None
    shared_axes: int | tuple[int, ...] | None = None

    def infer(self, x: Shape) -> Inferred:
        """Infer one alpha and one beta per element."""
        check_min_rank(x, 1)
        names = ("alphas", "betas")
        return Inferred(x, tuple(elementwise_weight(name, x, self.shared_axes) for name in names))


class RandomHeight(Layer, frozen=True):
    """Stretch images in height, at random: the new height is not known.

    Shapes: (batch, height, width, channels) → (batch, ?, width, channels)
    Formula: no weights
    Source: Keras 2
    Example: {input: [224, 224, 3], layers: [{RandomHeight: 0.2}]}
    """

    factor: float | tuple[float, ...]
    interpolation: str = "bilinear"
    seed: Seed = None

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with an unknown height, counted from the end so that one image works too."""
        return Inferred(replaced(x, -3, None))


class RandomWidth(Layer, frozen=True):
    """Stretch images in width, at random: the new width is not known.

    Shapes: (batch, height, width, channels) → (batch, height, ?, channels)
    Formula: no weights
    Source: Keras 2
    Example: {input: [224, 224, 3], layers: [{RandomWidth: 0.2}]}
    """

    factor: float | tuple[float, ...]
    interpolation: str = "bilinear"
    seed: Seed = None

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with an unknown width, counted from the end so that one image works too."""
        return Inferred(replaced(x, -2, None))


def replaced(x: Shape, axis: int, size: Dim) -> Shape:
    """Return the shape with another size at one axis."""
    axis = positive_axis(axis, len(x))
    return (*x[:axis], size, *x[axis + 1 :])


class RandomFourierFeatures(Layer, frozen=True):
    """Random projections that approximate a kernel machine; only their scale may be trained.

    Shapes: (batch, features) → (batch, output_dim)
    Formula: features × output_dim + output_dim (bias), not trained, + 1 (kernel_scale)
    Source: Rahimi & Recht 2007; Keras 2
    Example: {input: [64], layers: [{RandomFourierFeatures: 1024}]}
    """

    output_dim: Positive
    kernel_initializer: Initializer = "gaussian"
    scale: float | None = None

    def infer(self, x: Shape) -> Inferred:
        """Count one product with the random matrix."""
        check_rank(x, 2, "(batch, features)")
        features, units = known(x, -1, "number of features"), self.output_dim
        factors = (("features", features), ("output_dim", units))
        kernel = Weight("unscaled_kernel", (features, units), factors, trainable=False)
        shift = Weight("bias", (units,), (("output_dim", units),), "bias", trainable=False)
        scale = Weight("kernel_scale", (1,), (("scale", 1),))
        return Inferred((x[0], units), (scale, kernel, shift), macs_at(x[:-1], kernel))
