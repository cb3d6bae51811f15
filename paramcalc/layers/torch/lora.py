"""Low-rank adapters as PEFT adds them to PyTorch's layers, and layers that are frozen, copied or partly trained.

Hu et al. 2021, arXiv:2106.09685; DoRA: Liu et al. 2024, arXiv:2402.09353; peft/tuners/lora/layer.py.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, Weight
from paramcalc.layers.base import bias as bias_of
from paramcalc.shapes import Shape, volume

HALF = ("float16", "bfloat16")
"""PEFT keeps the adapters of weights in these types in float32, to train them."""


class Tuning(Struct, frozen=True):
    """How fine-tuning changes one layer.

    Attributes:
        rank: the rank of its adapter; None if it has none.
        dora: whether the adapter learns a magnitude for each output.
        lora_bias: whether the adapter's second matrix has a bias.
        copied: whether the layer is frozen and a copy of it trained instead.
        biases: whether the layer's own biases are trained.
        dtype: the dtype of the adapter's weights; None for that of the layer's weights.
    """

    rank: int | None = None
    dora: bool = False
    lora_bias: bool = False
    copied: bool = False
    biases: bool = False
    dtype: str | None = None


class Tuned(Layer, frozen=True):
    """A layer of an adapted model.

    Attributes:
        layer: the layer itself.
        kind: the name of its class, which determines the form of the adapter.
        tuning: how it is adapted.
    """

    layer: Any
    kind: str
    tuning: Tuning

    def infer(self, *inputs: Any, **options: Any) -> Inferred:
        """Infer the layer, then add the weights that adapt it."""
        return tuned(self.layer.infer(*inputs, **options), self.kind, self.tuning, inputs[0] if inputs else None)


def tuned(found: Inferred, kind: str, tuning: Tuning, x: Shape | None = None) -> Inferred:
    """Return the weights and products of an adapted layer.

    Args:
        found: what the layer itself infers.
        kind: the name of its class.
        tuning: how it is adapted.
        x: the shape of its input, if known.

    Raises:
        LayerError: if its weights cannot take an adapter.
    """
    weights = [replace(weight, trainable=tuning.biases and is_bias(weight)) for weight in found.weights]
    macs = found.macs
    if tuning.rank is not None:
        base = next((weight for weight in found.weights if weight.name == "weight"), None)
        if base is None or kind not in FORMS:
            raise LayerError(f"LoRA adapts {', '.join(FORMS)}; this is another layer")
        added, products = FORMS[kind](base, found, tuning, x)
        weights += [replace(weight, dtype=tuning.dtype) for weight in added]
        macs = (*macs, *products)
    if tuning.copied:
        weights += [
            replace(weight, name=f"{COPY}{weight.name}".rstrip("."))
            for weight in found.weights
            if weight.kind != "buffer" or weight.persistent
        ]
    return replace(found, weights=tuple(weights), macs=macs)


COPY = "modules_to_save."
"""The prefix of the names of a copied layer's weights."""


def is_bias(weight: Weight) -> bool:
    """Whether PEFT treats a weight as a bias, which it decides by name; a bare parameter has the name of its layer."""
    return weight.name.rpartition(".")[2] in ("bias", "")


Added = tuple[list[Weight], tuple[Factors, ...]]
"""An adapter's weights and products."""


def linear(base: Weight, found: Inferred, tuning: Tuning, x: Shape | None) -> Added:
    """Return two matrices, (rank, in) and (out, rank), whose product has the size of the layer's matrix."""
    return matrices(base.shape[1], base.shape[0], found, tuning)


def turned(base: Weight, found: Inferred, tuning: Tuning, x: Shape | None) -> Added:
    """Return the same for a matrix that is stored as (in, out)."""
    return matrices(base.shape[0], base.shape[1], found, tuning)


def matrices(inside: int, outside: int, found: Inferred, tuning: Tuning) -> Added:
    """Return both matrices, applied at every position, and for DoRA their product as well."""
    rank, first, last = ("rank", tuning.rank or 0), ("in_features", inside), ("out_features", outside)
    weights = [product("lora_A.weight", rank, first), product("lora_B.weight", last, rank)]
    if tuning.lora_bias:
        weights.append(bias_of(outside, "out_features", "lora_B.bias"))
    positions = ("positions", volume(found.shapes[0][:-1]))
    macs: tuple[Factors, ...] = ((positions, rank, first), (positions, last, rank))
    if tuning.dora:
        weights.append(Weight("lora_magnitude_vector", (outside,), (last,)))
        macs = (*macs, (first, rank, first), (first, last, rank))
    return weights, macs


def embedding(base: Weight, found: Inferred, tuning: Tuning, x: Shape | None) -> Added:
    """Return a narrower table, and a matrix that maps its vectors to the layer's width."""
    if tuning.lora_bias:
        raise LayerError("LoRA's bias (lora_bias) is not for an Embedding")
    rank = ("rank", tuning.rank or 0)
    rows, size = ("num_embeddings", base.shape[0]), ("embedding_dim", base.shape[1])
    weights = [product("lora_embedding_A", rank, rows), product("lora_embedding_B", size, rank)]
    macs: tuple[Factors, ...] = ((("positions", volume(found.shapes[0][:-1])), rank, size),)
    if tuning.dora:
        weights.append(Weight("lora_magnitude_vector", (base.shape[1],), (size,)))
        macs = (*macs, (rows, rank, size))
    return weights, macs


def convolution(base: Weight, found: Inferred, tuning: Tuning, x: Shape | None) -> Added:
    """Return a convolution to `rank` channels with the layer's kernel, and a 1×1 convolution to its output channels."""
    channels = x[1] if x else None
    if not channels:
        raise LayerError("LoRA needs to know the channels of this convolution's input")
    out, kernel, groups = base.shape[0], base.shape[2:], channels // base.shape[1]
    rank = tuning.rank or 0
    if rank % groups:
        raise LayerError(f"LoRA's rank {rank} is not a multiple of the {groups} groups of this convolution")
    last, part, ones = ("out_channels", out), ("rank / groups", rank // groups), (1,) * len(kernel)
    sizes = tuple([(f"kernel {axis}", size) for axis, size in enumerate(kernel)])
    first = Weight("lora_A.weight", (rank, channels, *kernel), (("rank", rank), ("in_channels", channels), *sizes))
    second = Weight("lora_B.weight", (out, rank // groups, *ones), (last, part))
    weights = [first, second]
    if tuning.lora_bias:
        weights.append(bias_of(out, "out_channels", "lora_B.bias"))
    shape = found.shapes[0]
    positions = ("positions", volume((shape[0], *shape[2:])))
    macs: tuple[Factors, ...] = ((positions, *first.factors), (positions, *second.factors))
    if tuning.dora:
        weights.append(Weight("lora_magnitude_vector", (1, out, *ones), (last,)))
        macs = (*macs, (last, part, ("in_channels", channels), *sizes))
    return weights, macs


def product(name: str, first: tuple[str, int], second: tuple[str, int]) -> Weight:
    """Return a matrix."""
    return Weight(name, (first[1], second[1]), (first, second))


FORMS: dict[str, Callable[[Weight, Inferred, Tuning, Shape | None], Added]] = {
    "Linear": linear,
    "TransposedLinear": turned,
    "Embedding": embedding,
    "Conv1d": convolution,
    "Conv2d": convolution,
    "Conv3d": convolution,
}
"""The layers that can take an adapter, by class."""
