"""In which of Keras' modules its classes are: what no name of `keras.layers` leads to is loaded by its module."""

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
"""The operations outside keras.src.ops.numpy, where most are."""

APPLICATIONS = {
    "CustomScaleLayer": "inception_resnet_v2",
    "LayerScale": "convnext",
    "StochasticDepth": "convnext",
}
"""The layers that keras.applications has of its own."""


def module_of_operation(name: str) -> str:
    """The module of an operation's class."""
    found = next((module for module, names in OPERATIONS.items() if name in names), "numpy")
    return f"keras.src.ops.{found}"


def module_of_layer(name: str) -> str:
    """The module of a layer's class."""
    own = APPLICATIONS.get(name)
    return f"keras.src.applications.{own}" if own else "keras.layers"
