"""Linear, Bilinear and Identity."""

from typing import ClassVar

from msgspec.structs import replace

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight, bias, macs_at
from paramcalc.layers.torch.common import Unchanged, agreed
from paramcalc.shapes import Shape, format_shape, volume


class Linear(Layer, frozen=True, kw_only=True):
    """Fully connected layer: every output reads every feature of the last axis.

    One value without a name is out_features (`Linear: 64`), two are PyTorch's order (`Linear: [128, 64]`).

    Shapes: (batch, ..., in_features) → (batch, ..., out_features)
    Formula: out_features × in_features + out_features (bias)
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Linear.html
    Example: {framework: torch, input: [128], layers: [{Linear: 64}]}
    """

    inferred_fields: ClassVar[tuple[str, ...]] = ("in_features",)

    in_features: Positive | None = None
    out_features: Positive
    bias: bool = True

    def infer(self, x: Shape) -> Inferred:
        """Infer one matrix over the last axis, applied at every position before it."""
        size = agreed(self.in_features, x, -1, "in_features")
        factors = (("out_features", self.out_features), ("in_features", size))
        weight = Weight("weight", (self.out_features, size), factors)
        biases = (bias(self.out_features, "out_features"),) if self.bias else ()
        return Inferred((*x[:-1], self.out_features), (weight, *biases), macs_at(x[:-1], weight))


class TransposedLinear(Linear, frozen=True, kw_only=True):
    """A Linear whose matrix is stored as (in, out), as GPT-2 has it.

    Shapes: (batch, ..., in_features) → (batch, ..., out_features)
    Formula: in_features × out_features + out_features (bias)
    Source: transformers/pytorch_utils.py, Conv1D
    Example: {framework: torch, input: [128], layers: [{TransposedLinear: 64}]}
    """

    def infer(self, x: Shape) -> Inferred:
        """Count the same products as Linear."""
        found = Linear.infer(self, x)
        weight, *biases = found.weights
        turned = replace(weight, shape=weight.shape[::-1], factors=weight.factors[::-1])
        return replace(found, weights=(turned, *biases))


class Bilinear(Layer, frozen=True, kw_only=True):
    """Every output is a product of two inputs: x1ᵀ A x2, with a matrix A of its own.

    One value without a name is out_features (`Bilinear: 8`), three are PyTorch's order.

    Shapes: (batch, ..., in1_features) and (batch, ..., in2_features) → (batch, ..., out_features)
    Formula: out_features × in1_features × in2_features + out_features (bias)
    Note: the products are x1 with each matrix (in1 × in2 for each output), and the result with x2 (in2 more)
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Bilinear.html
    Example: {framework: torch, inputs: {a: [5], b: [6]}, layers: [{Bilinear: 7, inputs: [a, b]}]}
    """

    inferred_fields: ClassVar[tuple[str, ...]] = ("in1_features", "in2_features")

    in1_features: Positive | None = None
    in2_features: Positive | None = None
    out_features: Positive
    bias: bool = True

    def infer(self, x1: Shape, x2: Shape) -> Inferred:
        """Count the products; both inputs must have the same axes before the last."""
        if len(x1) != len(x2) or any(None not in (a, b) and a != b for a, b in zip(x1[:-1], x2[:-1], strict=True)):
            raise LayerError(f"the inputs must agree but for the last axis: {format_shape(x1)}, {format_shape(x2)}")
        first = agreed(self.in1_features, x1, -1, "in1_features")
        second = agreed(self.in2_features, x2, -1, "in2_features")
        out = ("out_features", self.out_features)
        factors = (out, ("in1_features", first), ("in2_features", second))
        weight = Weight("weight", (self.out_features, first, second), factors)
        biases = (bias(self.out_features, "out_features"),) if self.bias else ()
        positions = ("positions", volume(x1[:-1]))
        macs = (positions, *factors), (positions, out, ("in2_features", second))
        return Inferred((*x1[:-1], self.out_features), (weight, *biases), macs)


class Identity(Unchanged, frozen=True):
    """The input, unchanged.

    PyTorch's takes any arguments and ignores them; here it has no fields.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Identity.html
    Example: {framework: torch, input: [10], layers: [Identity]}
    """


class HeadLinear(Layer, frozen=True, kw_only=True):
    """A matrix to the heads of attention, as a bare tensor (features, heads, size); with `back`, from them.

    Shapes: (batch, ..., features) → (batch, ..., heads × size); back: the other way
    Formula: features × heads × size
    Source: transformers/models/xlnet/modeling_xlnet.py, XLNetRelativeAttention
    Example: {framework: torch, input: [10, 64], layers: [{HeadLinear: {heads: 4, size: 8}}]}
    """

    heads: Positive
    size: Positive
    back: Positive | None = None

    def infer(self, x: Shape) -> Inferred:
        """Infer one matrix over the last axis."""
        width = self.heads * self.size
        size = agreed(width if self.back else None, x, -1, "features")
        features = self.back or size
        factors = (("features", features), ("heads", self.heads), ("size", self.size))
        weight = Weight("", (features, self.heads, self.size), factors)
        return Inferred((*x[:-1], self.back or width), (weight,), macs_at(x[:-1], weight))


class GroupedLinear(Layer, frozen=True, kw_only=True):
    """A matrix without a bias, of which each group of the features has some rows for itself.

    Shapes: (batch, ..., groups, features) → (batch, ..., out_features)
    Formula: out_features × features
    Source: transformers/models/deepseek_v4/modeling_deepseek_v4.py, DeepseekV4GroupedLinear
    Example: {framework: torch, input: [10, 4, 16], layers: [{GroupedLinear: {groups: 4, out_features: 32}}]}
    """

    groups: Positive
    out_features: Positive

    def infer(self, x: Shape) -> Inferred:
        """Infer one matrix; each output reads the features of its own group."""
        if len(x) < 3 or x[-2] not in (None, self.groups) or self.out_features % self.groups:
            raise LayerError(f"{self.out_features} outputs of {self.groups} groups do not fit {format_shape(x)}")
        size = agreed(None, x, -1, "features")
        weight = Weight("weight", (self.out_features, size), (("out_features", self.out_features), ("features", size)))
        return Inferred((*x[:-2], self.out_features), (weight,), macs_at(x[:-2], weight))
