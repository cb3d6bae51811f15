"""Multi-head attention."""

from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, Positive, Rate, Weight
from paramcalc.layers.formulas.attention import attention_macs, score_factors
from paramcalc.layers.torch.common import agreed, check_axis, used_at, vector
from paramcalc.shapes import Dim, Shape, check_rank, format_shape


def positions_of(batch: Dim, length: Dim, name: str) -> Factors:
    """Return the number of vectors in a batch of sequences; an unknown batch counts as one sample."""
    return ((name, length),) if batch is None else (("batch", batch), (name, length))


def split_sequences(x: Shape, batch_first: bool) -> tuple[Dim, Dim]:
    """Return the batch size and the length of a batch of sequences.

    Raises:
        LayerError: if the input has another rank.
    """
    check_rank(x, 3, "(batch, length, features)" if batch_first else "(length, batch, features)")
    return (x[0], x[1]) if batch_first else (x[1], x[0])


class MultiheadAttention(Layer, frozen=True, kw_only=True):
    """Attention with several heads, between projections of queries, keys and values.

    Values without names are PyTorch's order; a single one is num_heads. Its inputs are query, key and value; with one
    input it is all three. It gives the output and, with need_weights, the weights of the keys.

    Shapes: (batch, queries, embed_dim), (batch, keys, kdim), (batch, keys, vdim) → (batch, queries, embed_dim) and
      (batch, queries, keys)
    Formula: embed_dim × (2 × embed_dim + kdim + vdim) + 4 × embed_dim (biases)
    Note: embed_dim is that of all heads together: a head has embed_dim / num_heads
    Note: without batch_first: true, axis 0 is the length, also in a spec, and MACs are unknown while its size is
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.MultiheadAttention.html
    Example: {framework: torch, input: [10, 64], layers: [{MultiheadAttention: {num_heads: 4, batch_first: true}}]}
    """

    inferred_fields: ClassVar[tuple[str, ...]] = ("embed_dim",)

    embed_dim: Positive | None = None
    num_heads: Positive
    dropout: Rate = 0.0
    bias: bool = True
    add_bias_kv: bool = False
    add_zero_attn: bool = False
    kdim: Positive | None = None
    vdim: Positive | None = None
    batch_first: bool = False

    def infer(
        self,
        query: Shape,
        key: Shape | None = None,
        value: Shape | None = None,
        *,
        need_weights: bool = True,
        average_attn_weights: bool = True,
    ) -> Inferred:
        """Count three input projections, two products per head, and the output projection."""
        key = query if key is None else key
        value = key if value is None else value
        batch, length = split_sequences(query, self.batch_first)
        others, keys = split_sequences(key, self.batch_first)
        size = self.checked(query, key, value)
        if None not in (batch, others) and batch != others:
            raise LayerError(f"query {format_shape(query)} and key {format_shape(key)} have different batches")
        weights = self.weights(size)
        seen = None if keys is None else keys + self.add_bias_kv + self.add_zero_attn
        head = ("head size", size // self.num_heads)
        scores = score_factors(batch, length, seen, ("num_heads", self.num_heads))
        macs = (*self.projections(weights, batch, length, keys), *attention_macs(scores, head, head))
        output = (*query[:2], size)
        if not need_weights:
            return Inferred(output, weights, macs)
        heads = () if average_attn_weights else (self.num_heads,)
        return Inferred([output, (batch, *heads, length, seen)], weights, macs)

    def checked(self, query: Shape, key: Shape, value: Shape) -> int:
        """Return the size of all heads together after checking that the inputs fit.

        Raises:
            LayerError: if they do not.
        """
        size = agreed(self.embed_dim, query, 2, "embed_dim")
        if size % self.num_heads:
            raise LayerError(f"embed_dim {size} must be divisible by num_heads {self.num_heads}")
        check_rank(value, 3, "like the key's")
        check_axis(key, 2, self.kdim or size, "kdim")
        check_axis(value, 2, self.vdim or size, "vdim")
        if any(None not in (a, b) and a != b for a, b in zip(key[:2], value[:2], strict=True)):
            raise LayerError(
                f"key {format_shape(key)} and value {format_shape(value)} must agree but for the last axis"
            )
        return size

    def weights(self, size: int) -> tuple[Weight, ...]:
        """Return the weights in state_dict order: one matrix for all projections, or three if input sizes differ."""
        sizes = {"q": size, "k": self.kdim or size, "v": self.vdim or size}
        own = ("embed_dim", size)
        if set(sizes.values()) == {size}:
            found = [Weight("in_proj_weight", (3 * size, size), (("projections", 3), own, own))]
        else:
            labels = {"q": "embed_dim", "k": "kdim", "v": "vdim"}
            found = [
                Weight(f"{name}_proj_weight", (size, read), (own, (labels[name], read))) for name, read in sizes.items()
            ]
        if self.bias:
            found.append(Weight("in_proj_bias", (3 * size,), (("projections", 3), own), "bias"))
        if self.add_bias_kv:
            found += [Weight(name, (1, 1, size), (own,), "bias") for name in ("bias_k", "bias_v")]
        found.append(Weight("out_proj.weight", (size, size), (own, own)))
        return (*found, vector("out_proj.bias", size, "embed_dim", "bias")) if self.bias else tuple(found)

    def projections(self, weights: tuple[Weight, ...], batch: Dim, length: Dim, keys: Dim) -> tuple[Factors, ...]:
        """Count the products with the weights: query and output projections, then key and value projections."""
        queries, others = positions_of(batch, length, "queries"), positions_of(batch, keys, "keys")
        by_name = {weight.name: weight for weight in weights}
        packed = by_name.get("in_proj_weight")
        out = used_at(queries, by_name["out_proj.weight"])
        if packed is None:
            own = [by_name[f"{name}_proj_weight"] for name in "qkv"]
            return (*used_at(queries, own[0]), *used_at(others, *own[1:]), *out)
        matrix = packed.factors[1:]
        return (*queries, *matrix), (*others, ("keys and values", 2), *matrix), *out
