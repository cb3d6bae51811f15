"""How converters for microcontrollers, such as TensorFlow Lite's, fuse layers.

A normalisation by fixed statistics is folded into the weights of the product before it, a ReLU becomes a part of the
operation that feeds it, and layers that only act in training are left out. None of them then has an output of its own.
Which layers these are is in the module `fusion` of each framework's package.

Source: TensorFlow, `tensorflow/compiler/mlir/lite/transforms/optimize.cc` (fused activations and batch normalisation)
"""

from collections.abc import Callable, Mapping
from typing import Literal

from paramcalc.layers.base import Layer
from paramcalc.layers.registry import facts_of, framework_of

Role = Literal["product", "operation", "normalisation", "activation", "nothing"]
"""What a converter makes of a layer.

- product: one product with weights, which a normalisation and an activation after it become a part of
- operation: an operation without weights, which an activation after it becomes a part of
- normalisation, activation: a part of the product, or operation, before it
- nothing: its output is its input
"""

Roles = Mapping[str, Role | Callable[[Layer], Role | None]]
"""Class → its role, or a function for it where that depends on the fields."""


def role_of(layer: Layer) -> Role | None:
    """The role of a layer; None for one that stays an operation of its own, which nothing becomes a part of."""
    framework = framework_of(type(layer))
    facts = None if framework is None else facts_of(framework, "fusion")
    if facts is None:
        return None
    roles: Roles = facts.ROLES
    role = roles.get(type(layer).__name__)
    return role(layer) if callable(role) else role
