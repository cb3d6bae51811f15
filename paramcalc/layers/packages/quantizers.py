"""The quantizers of QKeras 0.9: functions of a weight or an activation, without weights of their own."""

import re
from typing import Any

from paramcalc.errors import echo
from paramcalc.layers.keras.fields import Config
from paramcalc.layers.unknown import UnknownLayerError

Quantizer = str | Config | None
"""Its name, a call of it such as "quantized_bits(4, 0, 1)", or a serialised object."""

NAMES = frozenset(
    (
        *("bernoulli", "binary", "quantized_bits", "quantized_hswish", "quantized_linear", "quantized_po2"),
        *("quantized_relu", "quantized_relu_po2", "quantized_sigmoid", "quantized_tanh", "quantized_ulaw"),
        *("stochastic_binary", "stochastic_ternary", "ternary"),
    )
)
ACTIVATIONS = frozenset(
    (
        *("binary_tanh", "hard_sigmoid", "hard_tanh", "smooth_sigmoid", "smooth_tanh"),
        *("elu", "exponential", "gelu", "linear", "relu", "selu", "sigmoid", "softmax", "softplus", "softsign"),
        *("swish", "tanh"),
    )
)
"""Further activations of its layers."""


def check_quantizers(fields: dict[str, Any]) -> None:
    """Refuse a quantizer or an activation that the package does not have.

    Raises:
        UnknownLayerError: naming it.
    """
    for field, value in fields.items():
        is_activation = field in ("activation", "recurrent_activation")
        if value is None or not (is_activation or field.endswith("_quantizer")):
            continue
        name = name_of(value)
        if name not in NAMES and not (is_activation and name in ACTIVATIONS):
            raise UnknownLayerError(f"its {field} {echo(value)} is none of QKeras': its code is not in the file")


def name_of(value: Any) -> str:
    """The name of a quantizer in any of its forms; empty if it is not one."""
    if isinstance(value, dict):
        value = value.get("config" if value.get("class_name") == "function" else "class_name")
    called = re.match(r"\s*(\w+)\s*(\(|$)", value) if isinstance(value, str) else None
    return called[1] if called else ""
