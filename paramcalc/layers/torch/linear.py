"""Linear, Bilinear and Identity."""

from typing import ClassVar

from paramcalc.layers.base import Inferred, Layer, Positive, Weight, bias, macs_at
from paramcalc.layers.torch.common import agreed
from paramcalc.shapes import Shape


class Linear(Layer, frozen=True, kw_only=True):
    """Fully connected layer: every output reads every feature of the last axis.

    One value without a name is out_features (`Linear: 64`), two are PyTorch's order (`Linear: [128, 64]`).

    Shapes: (batch, ..., in_features) → (batch, ..., out_features)
    Formula: out_features × in_features + out_features (bias)
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Linear.html
    Example: {framework: torch, input: [128], layers: [{Linear: 64}]}
    """

    told_by_input: ClassVar[tuple[str, ...]] = ("in_features",)

    in_features: Positive | None = None
    out_features: Positive
    bias: bool = True

    def infer(self, x: Shape) -> Inferred:
        """One matrix over the last axis, used at every position before it."""
        size = agreed(self.in_features, x, -1, "in_features")
        factors = (("out_features", self.out_features), ("in_features", size))
        weight = Weight("weight", (self.out_features, size), factors)
        biases = (bias(self.out_features, "out_features"),) if self.bias else ()
        return Inferred((*x[:-1], self.out_features), (weight, *biases), macs_at(x[:-1], weight))


class Identity(Layer, frozen=True):
    """The input, unchanged.

    PyTorch's takes any arguments and ignores them; here it has no fields.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Identity.html
    Example: {framework: torch, input: [10], layers: [Identity]}
    """

    keeps_dtype: ClassVar[bool] = True

    def infer(self, x: Shape) -> Inferred:
        """The shape stays."""
        return Inferred(x)
