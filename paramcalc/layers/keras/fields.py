"""The types of Keras' layer fields: data formats, activations, and serialised objects."""

from typing import Any, Literal

DataFormat = Literal["channels_last", "channels_first"] | None
"""The position of the channels; None is Keras' default, channels_last."""
Config = dict[str, Any]
"""A serialised Keras object: its class and its arguments."""
LORA_DTYPE = "float32"
"""The dtype of LoRA's matrices, whatever the layer's own dtype."""
Initializer = str | Config | None
Regularizer = str | Config | None
Constraint = str | Config | None
ActivationName = Literal[
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
Activation = ActivationName | Config | None

CHOICES: dict[str, Any] = {"activation": ActivationName}
"""Types with so many choices that the catalogue names them instead: name → type."""
