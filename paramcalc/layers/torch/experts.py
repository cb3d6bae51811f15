"""Experts: many feed-forward networks in one tensor, of which each token uses a few."""

from typing import ClassVar

from paramcalc.layers.base import Factors, Inferred, Layer, Positive, Weight, bias, macs_at
from paramcalc.layers.torch.common import agreed
from paramcalc.shapes import Shape, volume


class Router(Layer, frozen=True, kw_only=True):
    """A score for each expert: a matrix that a model holds as a tensor of its own, and not as a Linear.

    With `correction`, a buffer of float32 is added to the scores when experts are picked, so that all are used alike.

    Shapes: (batch, ..., features) → (batch, ..., num_experts)
    Formula: num_experts × features + num_experts (bias)
    Source: transformers/models/deepseek_v3/modeling_deepseek_v3.py, DeepseekV3TopkRouter
    Example: {framework: torch, input: [64], layers: [{Router: 8}]}
    """

    told_by_input: ClassVar[tuple[str, ...]] = ("features",)

    num_experts: Positive
    features: Positive | None = None
    bias: bool = False
    correction: bool = False

    def infer(self, x: Shape) -> Inferred:
        """One matrix over the last axis."""
        size = agreed(self.features, x, -1, "features")
        weight = Weight("weight", (self.num_experts, size), (("num_experts", self.num_experts), ("features", size)))
        weights = [weight]
        if self.bias:
            weights.append(bias(self.num_experts, "num_experts"))
        if self.correction:
            factors = (("num_experts", self.num_experts),)
            weights.append(
                Weight("e_score_correction_bias", (self.num_experts,), factors, "buffer", False, dtype="float32")
            )
        return Inferred((*x[:-1], self.num_experts), tuple(weights), macs_at(x[:-1], weight))


class Experts(Layer, frozen=True, kw_only=True):
    """The experts of a mixture, their matrices stacked: (experts, out, in), or (experts, in, out) if `transposed`.

    A router, a layer of its own, says which `per_token` of them a token uses: those are active, and are multiplied.

    Shapes: (batch, ..., features) → the same
    Formula: num_experts × (2 × intermediate_size × features + features × intermediate_size), without the 2 if not
        gated, and with bias num_experts × (2 × intermediate_size + features)
    Source: transformers/models/mixtral/modeling_mixtral.py, MixtralExperts
    Example: {framework: torch, input: [8, 64], layers: [{Experts: {num_experts: 8, per_token: 2, intermediate_size: 9}}]}
    """  # noqa: E501

    told_by_input: ClassVar[tuple[str, ...]] = ("features",)

    num_experts: Positive
    per_token: Positive
    intermediate_size: Positive
    features: Positive | None = None
    gated: bool = True
    transposed: bool = False
    bias: bool = False

    def infer(self, x: Shape, scores: Shape | None = None) -> Inferred:
        """Each token goes through `per_token` experts; which, the router's scores say, where they are given."""
        size = agreed(self.features, x, -1, "features")
        first, inner = (
            ("gate_up_proj", 2 * self.intermediate_size) if self.gated else ("up_proj", self.intermediate_size)
        )
        weights = [*self.matrix(first, inner, size), *self.matrix("down_proj", size, self.intermediate_size)]
        tokens = volume(x[:-1])
        macs: list[Factors] = [(("tokens", tokens), *w.active) for w in weights if w.active and w.kind == "weight"]
        return Inferred(x, tuple(weights), tuple(macs))

    def matrix(self, name: str, out: int, inside: int) -> list[Weight]:
        """The matrices of all experts that are called `name`, and their biases."""
        sizes = (("in", inside), ("out", out)) if self.transposed else (("out", out), ("in", inside))
        used = ("per_token", min(self.per_token, self.num_experts))
        shape = (self.num_experts, *[size for _, size in sizes])
        found = [Weight(name, shape, (("num_experts", self.num_experts), *sizes), active=(used, *sizes))]
        if self.bias:
            factors = (("num_experts", self.num_experts), ("out", out))
            found.append(Weight(f"{name}_bias", (*shape[:1], out), factors, "bias", active=(used, ("out", out))))
        return found
