"""Long sequences split into blocks of tokens, each of which attends to its neighbours or is summed into one vector."""

from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, NonNegative, Positive
from paramcalc.layers.torch.sequence import head_size
from paramcalc.layers.torch.tokens import check_sequence
from paramcalc.shapes import Shape, volume


class BlockAttention(Layer, frozen=True, kw_only=True):
    """Attention of each block of queries to the keys of its own block and of `around` blocks on either side.

    The last block is filled up: its empty places are multiplied, too. A fourth and a fifth input are keys and values
    that all blocks attend to, such as the sums of blocks.

    Shapes: (batch, tokens, heads × size), the same, (batch, tokens, heads × value_size)
        → (batch, tokens, heads × value_size)
    Formula: no weights
    Source: transformers/models/longt5/modeling_longt5.py, LongT5TransientGlobalAttention
    Example: {framework: torch, inputs: {q: [8, 64]}, layers: [{BlockAttention: {heads: 4, block: 4}, inputs: [q, q, q]}]}
    """  # noqa: E501

    heads: Positive
    block: Positive
    around: NonNegative = 1

    def infer(
        self, query: Shape, key: Shape, value: Shape, beside: Shape | None = None, values: Shape | None = None
    ) -> Inferred:
        """Count QKᵀ and AV for as many queries as fill every block."""
        size, key_size = head_size(query, self.heads, "query"), head_size(key, self.heads, "key")
        if None not in (size, key_size) and size != key_size:
            raise LayerError(f"a query head has {size} features and a key head {key_size}: they are multiplied")
        value_size = head_size(value, self.heads, "value")
        queries = None if query[1] is None else -(-query[1] // self.block) * self.block
        local = self.block * (1 + 2 * self.around)
        keys = local if beside is None else None if beside[1] is None else local + beside[1]
        start: Factors = (("batch", volume(query[:1])), ("heads", self.heads), ("queries", queries), ("keys", keys))
        width = None if value_size is None else self.heads * value_size
        return Inferred((*query[:2], width), macs=((*start, ("size", size)), (*start, ("value_size", value_size))))


class BlockSums(Layer, frozen=True):
    """The sum of the tokens of each whole block, by a product with a matrix that says which block a token is in.

    Shapes: (batch, tokens, features) → (batch, tokens // block, features)
    Formula: no weights
    Source: transformers/models/longt5/modeling_longt5.py, _create_global_aggregates
    Example: {framework: torch, input: [64, 32], layers: [{BlockSums: 16}]}
    """

    block: Positive

    def infer(self, x: Shape) -> Inferred:
        """Count one product per token, block and feature; the result for a text shorter than a block is unknown."""
        check_sequence(x)
        blocks = None if x[1] is None or x[1] < self.block else x[1] // self.block
        macs: Factors = (("batch", volume(x[:1])), ("tokens", x[1]), ("blocks", blocks), ("features", x[2]))
        return Inferred((x[0], blocks, x[2]), macs=(macs,))


class FillBlocks(Layer, frozen=True, kw_only=True):
    """Zeros behind a sequence, until it has a whole number of blocks, and `sides` more on either side.

    Shapes: (batch, tokens, features) → (batch, whole blocks + 2 × sides, features)
    Formula: no weights
    Source: transformers/models/pegasus_x/modeling_pegasus_x.py, PegasusXEncoder
    Example: {framework: torch, input: [60, 32], layers: [{FillBlocks: {block: 16}}]}
    """

    keeps_dtype: ClassVar[bool] = True

    block: Positive
    sides: NonNegative = 0

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with the tokens rounded up to whole blocks, plus `sides` at each end."""
        check_sequence(x)
        tokens = None if x[1] is None else -(-x[1] // self.block) * self.block + 2 * self.sides
        return Inferred((x[0], tokens, x[2]))


class CutTokens(Layer, frozen=True):
    """As many tokens of the first sequence as the second one has: what was filled up is cut off again.

    Shapes: (batch, tokens, features), (batch, fewer tokens, …) → (batch, fewer tokens, features)
    Formula: no weights
    Source: transformers/models/pegasus_x/modeling_pegasus_x.py, PegasusXEncoder
    Example: {framework: torch, inputs: {x: [64, 32], y: [60, 8]}, layers: [{CutTokens: {}, inputs: [x, y]}]}
    """

    keeps_dtype: ClassVar[bool] = True

    def infer(self, x: Shape, like: Shape) -> Inferred:
        """Return the first shape with the second one's length, which must not be larger."""
        check_sequence(x)
        tokens = like[1] if len(like) > 1 else None
        if x[1] is not None and tokens is not None and tokens > x[1]:
            raise LayerError(f"of {x[1]} tokens, {tokens} cannot be kept")
        return Inferred((x[0], tokens, x[2]))
