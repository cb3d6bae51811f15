"""Sequence-model operations that are functions rather than modules: attention over heads, activations by name."""

from typing import Any, ClassVar

from msgspec.structs import replace

from paramcalc.errors import LayerError
from paramcalc.layers.base import Cache, Factors, Inferred, Layer, Positive
from paramcalc.shapes import Dim, Shape, format_shape, positive_axis, volume


class Activation(Layer, frozen=True):
    """A function of each element, by the name that configurations have for it, such as silu or gelu_new.

    Shapes: any → the same
    Formula: no weights
    Source: transformers/activations.py, ACT2FN
    Example: {framework: torch, input: [64], layers: [{Activation: gelu_new}]}
    """

    keeps_dtype: ClassVar[bool] = True

    function: Any

    def infer(self, x: Shape) -> Inferred:
        """Return the input's shape."""
        return Inferred(x)


class Heads(Layer, frozen=True):
    """Take the last axis apart into heads: a view, for what works on each head.

    Shapes: (batch, ..., heads × size) → (batch, ..., heads, size)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Unflatten.html
    Example: {framework: torch, input: [10, 64], layers: [{Heads: 4}]}
    """

    keeps_dtype: ClassVar[bool] = True

    heads: Positive

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with a heads axis; the heads must divide the features evenly."""
        return Inferred((*x[:-1], self.heads, per_head(x[-1], self.heads, "features")))


class Split(Layer, frozen=True, kw_only=True):
    """Take a dimension apart into pieces of these sizes: torch.split, whose results are `name[0]`, `name[1]`, ….

    Shapes: (..., sum of sizes) → (..., size) for each size
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.split.html
    Example: {framework: torch, input: [10, 64], layers: [{Split: [48, 16]}]}
    """

    list_argument: ClassVar[bool] = True
    keeps_dtype: ClassVar[bool] = True

    sizes: tuple[Positive, ...]
    dim: int = -1

    def infer(self, x: Shape) -> Inferred:
        """Return the shapes of the pieces, whose sizes must add up to the dimension."""
        axis = positive_axis(self.dim, len(x))
        if x[axis] not in (None, sum(self.sizes)):
            total = sum(self.sizes)
            raise LayerError(f"the sizes are {total} together, but axis {axis} of {format_shape(x)} is {x[axis]}")
        return Inferred([(*x[:axis], size, *x[axis + 1 :]) for size in self.sizes])


class Cached(Layer, frozen=True, kw_only=True):
    """Keep what comes in of each token for the tokens that follow, and hand on that of all tokens so far.

    Shapes: (batch, tokens, ...) → (batch, tokens so far, ...)
    Formula: no weights
    Source: transformers/cache_utils.py, DynamicLayer
    Example: {framework: torch, input: [10, 64], layers: [{Cached: latents}]}
    """

    keeps_dtype: ClassVar[bool] = True

    content: str
    window: Positive | None = None

    def infer(self, x: Shape, *, past: int = 0) -> Inferred:
        """Return the shape with all tokens so far; `past` tokens are already in the cache."""
        tokens = None if x[1] is None else x[1] + past
        if past and tokens is not None and self.window is not None:
            tokens = min(tokens, self.window)
        factors = tuple((f"size {axis}" if len(x) > 3 else "size", size) for axis, size in enumerate(x[2:], start=1))
        cache = Cache(self.content, factors, window=self.window, tokens=x[1])
        return Inferred((x[0], tokens, *x[2:]), cache=(cache,))


class Compressed(Layer, frozen=True, kw_only=True):
    """One vector for every `rate` tokens so far, mixed from theirs; tokens that are too few for one wait until then.

    With gates, the second input, these vectors are kept, and of a text read at once the tokens that wait, and their
    gates. Where a token is twice as wide as a vector, neighbours overlap: half of the last `rate` tokens and gates is
    kept for the next one. Without gates, or with a null `rate`, which is one that depends on the text, it is not known
    how much is kept.

    Shapes: (batch, tokens, ...), any others → (batch, tokens so far // rate, size)
    Formula: no weights
    Source: transformers/models/deepseek_v4/modeling_deepseek_v4.py, DeepseekV4HCACompressor
    Example: {framework: torch, input: [10, 64], layers: [{Compressed: {rate: 4, size: 64}}]}
    """

    rate: Positive | None
    size: Positive

    def infer(self, x: Shape, *others: Shape, past: int = 0) -> Inferred:
        """Return one vector per `rate` tokens so far; `past` tokens came before these."""
        tokens = None if x[1] is None or self.rate is None else (x[1] + past) // self.rate
        if not others or tokens is None or x[1] is None or self.rate is None:
            return Inferred((x[0], tokens, self.size), cache=(Cache("compressed keys", (("size", None),)),))
        pair = ("tokens and gates", 2)
        cache = [
            Cache("compressed keys", (("size", self.size),), tokens=x[1], every=self.rate),
            Cache("waiting", (pair, ("tokens", x[1] % self.rate), ("width", x[-1])), fixed=True),
        ]
        if x[-1] == 2 * self.size and tokens:
            cache.append(Cache("overlap", (pair, ("tokens", self.rate), ("size", self.size)), fixed=True))
        return Inferred((x[0], tokens, self.size), cache=tuple(cache))


class Indexer(Layer, frozen=True, kw_only=True):
    """How much each query wants each key, summed over heads: what sparse attention picks its keys by.

    Shapes: (batch, queries, heads × size), (batch, keys, size), (batch, queries, heads) → (batch, queries, keys)
    Formula: no weights
    Source: transformers/models/deepseek_v32/modeling_deepseek_v32.py, DeepseekV32Indexer
    Example: {framework: torch, inputs: {q: [8, 64], k: [8, 16], w: [8, 4]}, layers: [{Indexer: 4, inputs: [q, k, w]}]}
    """

    heads: Positive

    def infer(self, query: Shape, key: Shape, weights: Shape) -> Inferred:
        """Count one product per head, query and key, and the weighted sum over heads."""
        size = head_size(query, self.heads, "query")
        start: Factors = (("batch", volume(query[:1])), ("heads", self.heads), ("queries", query[1]), ("keys", key[1]))
        return Inferred((query[0], query[1], key[1]), macs=((*start, ("size", size)), start))


class Scores(Layer, frozen=True, kw_only=True):
    """The product of every query with every key, head by head: QKᵀ, such as with keys that stand for positions.

    Shapes: (batch, queries, heads × size), (batch, keys, heads × size) → (batch, heads, queries, keys)
    Formula: no weights
    Source: transformers/models/xlnet/modeling_xlnet.py, XLNetRelativeAttention
    Example: {framework: torch, inputs: {q: [8, 64], k: [16, 64]}, layers: [{Scores: {heads: 4}, inputs: [q, k]}]}
    """

    heads: Positive

    def infer(self, query: Shape, key: Shape, *others: Shape) -> Inferred:
        """Count one product per head, query and key; further inputs are added to the queries."""
        size, other = head_size(query, self.heads, "query"), head_size(key, self.heads, "key")
        if None not in (size, other) and size != other:
            raise LayerError(f"a query head has {size} features and a key head {other}: they are multiplied")
        start: Factors = (("batch", volume(query[:1])), ("heads", self.heads))
        macs: Factors = (*start, ("queries", query[1]), ("keys", key[1]), ("size", size))
        return Inferred((query[0], self.heads, query[1], key[1]), macs=(macs,))


class Attention(Layer, frozen=True, kw_only=True):
    """Scaled dot-product attention over heads, without any projection: softmax(QKᵀ)V.

    Query heads may share a key and a value head. Queries, keys and values have their heads side by side in the last
    axis, or an axis for them before it. Two inputs are the queries, and keys and values side by side; a single one is all
    three side by side. `head_size` says what is a head's where these do not, as in latent attention.
    The keys and values of all tokens so far are kept. `keys` is how many of them a query sees, where these are but
    those of its window. With `multiple`, zeros fill heads up to a multiple of it once their keys and values are kept.

    Shapes: (batch, queries, heads × size), (batch, keys, kv_heads × size), (batch, keys, kv_heads × value_size)
        → (batch, queries, heads × value_size)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.functional.scaled_dot_product_attention.html
    Example: {framework: torch, inputs: {q: [8, 64], kv: [8, 32]}, layers: [{Attention: {heads: 4, kv_heads: 2}, inputs: [q, kv, kv]}]}
    """  # noqa: E501

    heads: Positive
    kv_heads: Positive | None = None
    window: Positive | None = None
    kept: bool = True
    head_size: Positive | None = None
    value_size: Positive | None = None
    keys: Positive | None = None
    multiple: Positive | None = None

    def infer(
        self, query: Shape, key: Shape | None = None, value: Shape | None = None, *others: Shape, past: int = 0
    ) -> Inferred:
        """Count QKᵀ and AV, one product each per query head, query and key; `past` tokens are in the cache.

        Further inputs are parts of the keys that the heads share: `head_size` gives their total size.
        """
        kv_heads = self.kv_heads or self.heads
        if self.heads % kv_heads:
            raise LayerError(f"{self.heads} query heads cannot share {kv_heads} key and value heads evenly")
        if key is None:
            query, key, value = taken_apart(query, (self.heads, kv_heads, kv_heads))
        elif value is None:
            key, value = taken_apart(key, (kv_heads, kv_heads))
        size, value_size = self.sizes(query, key, value, kv_heads)
        keys = key[1] if not past or key[1] is None or not self.kept else self.seen(key[1] + past)
        seen = self.keys or keys
        start: Factors = (("batch", volume(query[:1])), ("heads", self.heads), ("queries", query[1]), ("keys", seen))
        macs = (*start, ("size", self.filled(size))), (*start, ("value_size", self.filled(value_size)))
        width = None if value_size is None else self.heads * value_size
        parts = (("keys", size), ("values", value_size)) if self.kept else ()
        cache = tuple([kept(name, kv_heads, part, self.window, key[1]) for name, part in parts])
        return Inferred((*query[:2], width), macs=macs, cache=cache)

    def sizes(self, query: Shape, key: Shape, value: Shape, kv_heads: int) -> tuple[Dim, Dim]:
        """Return the size of a query or key head, and that of a value head."""
        if self.head_size is not None:
            return self.head_size, self.value_size or self.head_size
        size = head_size(query, self.heads, "query")
        key_size = head_size(key, kv_heads, "key")
        if None not in (size, key_size) and size != key_size:
            raise LayerError(f"a query head has {size} features and a key head {key_size}: they are multiplied")
        return size, self.value_size or head_size(value, kv_heads, "value")

    def filled(self, size: Dim) -> Dim:
        """Return the size of a head including its zero padding."""
        return size if size is None or self.multiple is None else -(-size // self.multiple) * self.multiple

    def seen(self, keys: int) -> int:
        """Return the number of keys that are visible."""
        return keys if self.window is None else min(keys, self.window)


class SparseAttention(Attention, frozen=True, kw_only=True):
    """Attention of each query to some of the keys, picked by what they hold: how many products that takes is not known.

    Shapes: those of Attention
    Formula: no weights
    Source: transformers/models/reformer/modeling_reformer.py, LSHSelfAttention
    Example: {framework: torch, inputs: {q: [8, 64], kv: [8, 32]}, layers: [{SparseAttention: {heads: 4, kv_heads: 2}, inputs: [q, kv, kv]}]}
    """  # noqa: E501

    def infer(
        self, query: Shape, key: Shape | None = None, value: Shape | None = None, *others: Shape, past: int = 0
    ) -> Inferred:
        """Infer as Attention does, with the number of keys unknown."""
        found = Attention.infer(self, query, key, value, *others, past=past)
        macs = tuple(
            tuple((name, None if name == "keys" else size) for name, size in product) for product in found.macs
        )
        return replace(found, macs=macs)


def taken_apart(x: Shape, heads: tuple[int, ...]) -> list[Shape]:
    """Return the shapes of the tensors concatenated along the last axis, given the number of heads in each."""
    size = head_size(x, sum(heads), "fused")
    return [(*x[:2], None if size is None else count * size) for count in heads]


def kept(name: str, heads: int, size: Dim, window: int | None, tokens: Dim) -> Cache:
    """Return a cache of one vector per head and token."""
    return Cache(name, (("heads", heads), ("size", size)), window=window, tokens=tokens)


def head_size(x: Shape, heads: int, what: str) -> Dim:
    """Return the size of one head, whether the heads have their own axis or not.

    Raises:
        LayerError: if the number of heads differs, or does not divide the features evenly.
    """
    if len(x) == 4:
        if x[2] not in (None, heads):
            raise LayerError(f"the {what} {format_shape(x)} has {x[2]} heads, where {heads} are meant")
        return x[3]
    if len(x) != 3:
        raise LayerError(f"expects a {what} (batch, tokens, features), got {format_shape(x)}")
    return per_head(x[2], heads, f"{what} features")


def per_head(features: Dim, heads: int, what: str) -> Dim:
    """Return the features of each head."""
    if features is not None and features % heads:
        raise LayerError(f"{features} {what} cannot be divided evenly among {heads} heads")
    return None if features is None else features // heads
