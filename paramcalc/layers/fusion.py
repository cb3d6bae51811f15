"""What an interpreter for microcontrollers makes of layers, as TensorFlow Lite's converter does: a table of facts.

A normalisation by fixed statistics is folded into the weights of the product before it, a ReLU is a part of the
operation that feeds it, and what only training uses is left out. None of them then has an output of its own.

Source: TensorFlow, `tensorflow/compiler/mlir/lite/transforms/optimize.cc` (fused activations and batch normalisation)
"""

from typing import Literal

from paramcalc.layers.base import Layer

Role = Literal["product", "operation", "normalisation", "activation", "nothing"]

PRODUCTS = frozenset(
    (
        *("Dense", "Conv1D", "Conv2D", "Conv3D", "DepthwiseConv1D", "DepthwiseConv2D", "Conv2DTranspose"),
        *("Linear", "Conv1d", "Conv2d", "Conv3d", "ConvTranspose2d"),
    )
)
"""Layers that are one product with weights: a normalisation and an activation behind them become theirs."""

OPERATIONS = frozenset(
    (
        *("Add", "Subtract", "Multiply", "Concatenate", "MaxPooling2D", "AveragePooling2D"),
        *("Mul", "Cat", "MaxPool2d", "AvgPool2d"),
    )
)
"""Operations without weights that an activation can be a part of."""

NORMALISATIONS = frozenset(("BatchNormalization", "BatchNorm1d", "BatchNorm2d", "BatchNorm3d"))

FUSED_FUNCTIONS = frozenset(("relu", "relu6"))

NOTHING = frozenset(
    (
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "GaussianDropout", "GaussianNoise"),
        *("AlphaDropout", "ActivityRegularization", "Identity", "Dropout1d", "Dropout2d", "Dropout3d"),
    )
)
"""Layers that give what they take once a model is trained."""

BOUNDS = (None, 6, 6.0)


def role_of(layer: Layer) -> Role | None:
    """What becomes of a layer; None for one that stays an operation of its own, which nothing is a part of."""
    name = type(layer).__name__
    if name in PRODUCTS:
        return "product" if has_no_activation(layer) else None
    if name in OPERATIONS:
        return "operation"
    if name in NORMALISATIONS:
        return "normalisation"
    if name in NOTHING:
        return "nothing"
    return "activation" if is_fused(layer) else None


def has_no_activation(layer: Layer) -> bool:
    """Whether a product is not followed by an activation of its own already."""
    return getattr(layer, "activation", None) in (None, "linear")


def is_fused(layer: Layer) -> bool:
    """Whether a layer is an activation that is a part of what feeds it: ReLU and ReLU6."""
    name = type(layer).__name__
    if name == "Activation":
        return getattr(layer, "activation", None) in FUSED_FUNCTIONS
    if name == "ReLU":
        slope, threshold = getattr(layer, "negative_slope", 0), getattr(layer, "threshold", 0)
        return slope == 0 and threshold == 0 and getattr(layer, "max_value", None) in BOUNDS
    return name == "ReLU6"
