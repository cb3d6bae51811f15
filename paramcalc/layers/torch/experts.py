"""Mixtures of experts: many feed-forward networks stacked in one tensor, of which each token uses a few."""

from collections.abc import Iterator
from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Kind, Layer, NonNegative, Positive, Weight, bias, macs_at
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

    inferred_fields: ClassVar[tuple[str, ...]] = ("features",)

    num_experts: Positive
    features: Positive | None = None
    bias: bool = False
    correction: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Infer one matrix over the last axis."""
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
    Where that is null, as some configurations have it, it is not known how many. Beside these, `idle` experts give back
    what they read: only the first tensor has room for them.

    Shapes: (batch, ..., features) → the same
    Formula: num_experts × (2 × intermediate_size × features + features × intermediate_size), without the 2 if not
        gated, and with bias num_experts × (2 × intermediate_size + features)
    Source: transformers/models/mixtral/modeling_mixtral.py, MixtralExperts
    Example: {framework: torch, input: [8, 64], layers: [{Experts: {num_experts: 8, per_token: 2, intermediate_size: 9}}]}
    """  # noqa: E501

    inferred_fields: ClassVar[tuple[str, ...]] = ("features",)

    num_experts: Positive
    per_token: Positive | None
    intermediate_size: Positive
    features: Positive | None = None
    gated: bool = True
    transposed: bool = False
    bias: bool = False
    idle: NonNegative = 0

    def infer(self, x: Shape, scores: Shape | None = None) -> Inferred:
        """Count `per_token` experts for each token; the router's scores, if given, pick which ones."""
        size = agreed(self.features, x, -1, "features")
        inner = self.intermediate_size
        first = ("gate_up_proj", 2 * inner, size) if self.gated else ("up_proj", inner, size)
        matrices = first, ("down_proj", size, inner)
        used = None if self.per_token is None else min(self.per_token, self.num_experts)
        start: Factors = (("tokens", volume(x[:-1])), ("per_token", used))
        macs = tuple((*start, ("out", out), ("in", inside)) for _, out, inside in matrices)
        return Inferred(
            x, tuple(w for name, out, inside in matrices for w in self.weights(name, out, inside, used)), macs
        )

    def weights(self, name: str, out: int, inside: int, used: int | None) -> Iterator[Weight]:
        """Yield all experts' matrices under `name`, and their biases; each token uses `used` of the experts."""
        sizes = (("in", inside), ("out", out)) if self.transposed else (("out", out), ("in", inside))
        yield self.weight(name, sizes, used)
        if self.bias:
            yield self.weight(f"{name}_bias", (("out", out),), used, "bias")

    def weight(self, name: str, sizes: tuple[tuple[str, int], ...], used: int | None, kind: Kind = "weight") -> Weight:
        """Return one tensor that stacks a matrix or bias of these sizes for each expert."""
        active = None if used is None else (("per_token", used), *sizes)
        experts = self.num_experts + (0 if name.startswith("down") else self.idle)
        shape = (experts, *[size for _, size in sizes])
        return Weight(name, shape, (("num_experts", experts), *sizes), kind, active=active)


class ExpertLinear(Layer, frozen=True, kw_only=True):
    """One matrix for each expert, stacked: (experts, out, in). A token goes through `per_token` of them.

    What they give is side by side, or, with `summed`, what they read is, each its own part, and the results are summed.
    `bare` is for a tensor that is a parameter by itself. With `vectors` each expert has one feature on its narrow side, an
    axis that the tensor leaves out; with `flat` the matrices stand below each other in one of (experts × inner features,
    outer features), the inner ones being those that are side by side.

    Shapes: (batch, ..., features) → (batch, ..., per_token × out_features); with `summed`
        (batch, ..., per_token × features) → (batch, ..., out_features)
    Formula: num_experts × out_features × features
    Source: transformers/models/jetmoe/modeling_jetmoe.py, JetMoeParallelExperts; models/doge/modeling_doge.py, DogeCDMoE
    Example: {framework: torch, input: [8, 64], layers: [{ExpertLinear: {num_experts: 8, per_token: 2, out_features: 9}}]}
    """  # noqa: E501

    num_experts: Positive
    per_token: Positive
    out_features: Positive
    summed: bool = False
    vectors: bool = False
    bare: bool = False
    flat: bool = False

    def infer(self, x: Shape, scores: Shape | None = None) -> Inferred:
        """Count `per_token` experts for each token; the router's scores, if given, pick which ones."""
        used = min(self.per_token, self.num_experts)
        size = agreed(None, x, -1, "features")
        if self.summed and size % used:
            raise LayerError(f"{size} features cannot be divided evenly among {used} experts")
        inside = size // used if self.summed else size
        if self.vectors and 1 not in (inside, self.out_features):
            raise LayerError(f"vectors are of experts with 1 feature on a side, got {inside} → {self.out_features}")
        sizes: Factors = (("out_features", self.out_features), ("features", inside))
        if self.vectors:
            sizes = tuple(factor for factor in sizes if factor[1] != 1) or sizes[:1]
        shape = (self.num_experts, *[length for _, length in sizes if length is not None])
        if self.flat:
            rows, columns = (inside, self.out_features) if self.summed else (self.out_features, inside)
            shape = (self.num_experts * rows, columns)
        active = (("per_token", used), *sizes)
        factors: Factors = (("num_experts", self.num_experts), *sizes)
        weight = Weight("" if self.bare else "weight", shape, factors, active=active)
        width = self.out_features if self.summed else used * self.out_features
        return Inferred((*x[:-1], width), (weight,), ((("tokens", volume(x[:-1])), *active),))


class ListedExperts(Layer, frozen=True, kw_only=True):
    """The experts of a mixture, each a module of its own with two matrices.

    They are `expert_0.fc1`, `expert_0.fc2`, `expert_1.fc1`, …; `up` and `down` are what the matrices are called. A router
    says which `per_token` of the experts a token uses: those are active, and are multiplied.

    Shapes: (batch, ..., features) → the same
    Formula: num_experts × 2 × intermediate_size × features, and with bias num_experts × (intermediate_size + features)
    Source: transformers/models/switch_transformers/modeling_switch_transformers.py, SwitchTransformersExperts
    Example: {framework: torch, input: [8, 64], layers: [{ListedExperts: {num_experts: 4, per_token: 1, intermediate_size: 9}}]}
    """  # noqa: E501

    inferred_fields: ClassVar[tuple[str, ...]] = ("features",)

    num_experts: Positive
    per_token: Positive
    intermediate_size: Positive
    features: Positive | None = None
    bias: bool = False
    up: str = "fc1"
    down: str = "fc2"

    @property
    def layers_inside(self) -> int:
        """The number of experts: each has its own weights and counts as a layer towards the limit on a model's size."""
        return self.num_experts

    def infer(self, x: Shape, scores: Shape | None = None) -> Inferred:
        """Count `per_token` experts for each token; the router's scores, if given, pick which ones."""
        size = agreed(self.features, x, -1, "features")
        used = min(self.per_token, self.num_experts)
        matrices = (self.up, self.intermediate_size, size), (self.down, size, self.intermediate_size)
        start: Factors = (("tokens", volume(x[:-1])), ("per_token", used))
        macs = tuple((*start, ("out", out), ("in", inside)) for _, out, inside in matrices)
        weights = [
            weight
            for expert in range(self.num_experts)
            for name, out, inside in matrices
            for weight in self.weights(f"expert_{expert}.{name}", out, inside, expert < used)
        ]
        return Inferred(x, tuple(weights), macs)

    def weights(self, name: str, out: int, inside: int, active: bool) -> Iterator[Weight]:
        """Yield a matrix and its bias.

        Which experts a token uses is unknown, so the first `per_token` of them stand for the active ones.
        """
        none: Factors = (("idle for one token", 0),)
        factors: Factors = (("out", out), ("in", inside))
        yield Weight(f"{name}.weight", (out, inside), factors, active=None if active else none)
        if self.bias:
            yield Weight(f"{name}.bias", (out,), (("out", out),), "bias", active=None if active else none)
