"""A Keras class → the module that it is loaded from; not every class has a name in `keras.layers`."""

OPERATIONS = {
    "nn": (
        "AveragePool", "Celu", "Conv", "Elu", "Gelu", "Glu", "HardShrink", "HardSigmoid", "HardSilu", "HardTanh",
        "LayerNorm", "LeakyRelu", "LogSigmoid", "LogSoftmax", "MaxPool", "Normalize", "OneHot", "RMSNorm", "Relu",
        "Relu6", "Selu", "Sigmoid", "Silu", "SoftShrink", "Softmax", "Softplus", "Softsign", "SparsePlus",
        "SparseSigmoid", "Sparsemax", "Squareplus", "TanhShrink", "Threshold",
    ),
    "math": ("Erf", "Erfc", "Erfinv", "Logsumexp", "Rsqrt", "TopK"),
    "core": ("Cast", "SaturateCast", "StopGradient", "Unstack"),
    "image": ("HSVToRGB", "RGBToHSV", "Resize"),
    "linalg": ("Norm",),
}  # fmt: skip
"""Module of keras.src.ops → its operations; the others are in keras.src.ops.numpy."""

APPLICATIONS = {
    "CustomScaleLayer": "inception_resnet_v2",
    "LayerScale": "convnext",
    "StochasticDepth": "convnext",
}
"""Layers defined in keras.applications → the module there."""


def module_of_operation(name: str) -> str:
    """The module of an operation's class."""
    found = next((module for module, names in OPERATIONS.items() if name in names), "numpy")
    return f"keras.src.ops.{found}"


def module_of_layer(name: str) -> str:
    """The module of a layer's class."""
    own = APPLICATIONS.get(name)
    return f"keras.src.applications.{own}" if own else "keras.layers"
