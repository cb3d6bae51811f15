"""Which of Keras' layers a converter for microcontrollers fuses; see `paramcalc.layers.fusion`."""

from typing import Any

from paramcalc.layers.fusion import Role, Roles

FUSED_FUNCTIONS = frozenset(("relu", "relu6"))
BOUNDS = (None, 6, 6.0)


def product(layer: Any) -> Role | None:
    """A product, unless it has an activation of its own already."""
    return "product" if layer.activation in (None, "linear") else None


def activation(layer: Any) -> Role | None:
    """An Activation, which is fused if it is ReLU or ReLU6."""
    return "activation" if layer.activation in FUSED_FUNCTIONS else None


def relu(layer: Any) -> Role | None:
    """A ReLU, which is fused unless it leaks, or is cut off elsewhere than at 6."""
    plain = layer.negative_slope == 0 and layer.threshold == 0
    return "activation" if plain and layer.max_value in BOUNDS else None


ROLES: Roles = {
    **dict.fromkeys(("Dense", "Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose"), product),
    **dict.fromkeys(("DepthwiseConv1D", "DepthwiseConv2D"), product),
    **dict.fromkeys(("Add", "Subtract", "Multiply", "Concatenate", "MaxPooling2D", "AveragePooling2D"), "operation"),
    "BatchNormalization": "normalisation",
    "Activation": activation,
    "ReLU": relu,
    **dict.fromkeys(("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"), "nothing"),
    **dict.fromkeys(("GaussianDropout", "GaussianNoise", "AlphaDropout"), "nothing"),
    **dict.fromkeys(("ActivityRegularization", "Identity"), "nothing"),
}
