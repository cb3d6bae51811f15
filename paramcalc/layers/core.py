"""Core layers: Dense, EinsumDense, Embedding and the ones that only pass on."""

from typing import Any

from paramcalc.layers.base import (
    Activation,
    Constraint,
    Inferred,
    Initializer,
    Layer,
    Positive,
    Regularizer,
    Weight,
    bias,
    macs_at,
)
from paramcalc.shapes import Shape, check_min_rank, known


class Dense(Layer, frozen=True):
    """Fully connected layer: every output reads every feature of the last axis.

    Shapes: (batch, ..., features) → (batch, ..., units)
    Formula: features × units + units (bias)
    Source: https://keras.io/api/layers/core_layers/dense/
    Example: {input: [128], layers: [{Dense: 64}]}
    """

    units: Positive
    activation: Activation = None
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    lora_rank: Positive | None = None
    lora_alpha: Positive | None = None
    quantization_config: Any = None

    def infer(self, x: Shape) -> Inferred:
        """One kernel over the last axis, used at every position before it."""
        check_min_rank(x, 2)
        features = known(x, -1, "number of features")
        kernel = Weight("kernel", (features, self.units), (("features", features), ("units", self.units)))
        weights = (kernel, bias(self.units, "units")) if self.use_bias else (kernel,)
        return Inferred((*x[:-1], self.units), weights, macs_at(x[:-1], kernel))
