"""Attention: every query is compared with all keys, and their values are averaged by similarity."""

from typing import ClassVar, Literal

from msgspec.structs import replace

from paramcalc.errors import LayerError
from paramcalc.layers.base import Cache, Factors, Inferred, Layer, NonNegative, Positive, Rate, Weight, macs_at
from paramcalc.layers.formulas.attention import attention_macs, score_factors
from paramcalc.layers.keras.fields import Constraint, Initializer, Regularizer
from paramcalc.shapes import Dim, Shape, check_min_rank, check_rank, format_shape, known, product, volume


class Projection:
    """A dense product of the last axis with named output axes: kernel, bias and arithmetic."""

    def __init__(self, name: str, x: Shape, bound: Factors, to: Factors, use_bias: bool) -> None:
        kernel = Weight(f"{name}/kernel", sizes(bound) + sizes(to), bound + to)
        biases = (Weight(f"{name}/bias", sizes(to), to, "bias"),) if use_bias else ()
        self.weights = (kernel, *biases)
        self.macs = macs_at(x[:-1], kernel)


def sizes(factors: Factors) -> tuple[int, ...]:
    """Return the sizes of factors that are all known."""
    return tuple(size for _, size in factors if size is not None)


def features(x: Shape, of: str) -> Factors:
    """Return the last axis of an input, which a projection reads."""
    return (("features", known(x, -1, f"number of features of the {of}")),)


def check_same_positions(value: Shape, key: Shape) -> None:
    """Refuse a value and a key whose axes between batch and features differ."""
    if value[1:-1] != key[1:-1]:
        raise LayerError(
            f"value and key must have the same axes but the last; they are {format_shape(value)} "
            f"and {format_shape(key)}"
        )


class MultiHeadAttention(Layer, frozen=True):
    """Attention in several heads, each with projections of its own.

    key_dim is the size of one head, not of all together: the query, key and value projections have
    heads × key_dim columns.

    Shapes: query (batch, queries, features), value and key (batch, keys, features) → (batch, queries, features)
    Formula: 4 × features × heads × key_dim + biases, where all inputs are alike
    Source: Vaswani et al. 2017, arXiv:1706.03762; https://keras.io/api/layers/attention_layers/multi_head_attention/
    Note: key_dim is the size of each head, not of all: the projections are num_heads × key_dim wide
    Example: {input: [16, 64], layers: [{MultiHeadAttention: {num_heads: 4, key_dim: 16}}]}
    """

    self_attends: ClassVar[bool] = True
    mask_arguments: ClassVar[tuple[str, ...]] = ("query_mask", "value_mask", "key_mask", "attention_mask")

    num_heads: Positive
    key_dim: Positive
    value_dim: Positive | None = None
    dropout: Rate = 0.0
    use_bias: bool = True
    output_shape: NonNegative | tuple[Positive, ...] | None = None
    attention_axes: int | tuple[int, ...] | None = None
    sliding_window: Positive | None = None
    flash_attention: bool | None = None
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    use_gate: bool = False
    seed: int | None = None

    def infer(
        self,
        query: Shape,
        value: Shape,
        key: Shape | None = None,
        *masks: Shape | None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
        past: int = 0,
    ) -> Inferred:
        """Projections of query, key and value, the attention of each head, and one projection back.

        Where each token sees those before it alone, their keys and values are kept: `past` of them were before these.
        """
        key = value if key is None else key
        self.check(query, value, key)
        heads: Factors = (("heads", self.num_heads),)
        keys: Factors = (*heads, ("key_dim", self.key_dim))
        values: Factors = (*heads, ("value_dim", self.value_dim or self.key_dim))
        output = self.output_factors(query)
        bias = self.use_bias
        ahead = [Projection("query", query, features(query, "query"), keys, bias)]
        ahead.append(Projection("key", key, features(key, "key"), keys, bias))
        if self.use_gate:
            ahead.append(Projection("gate", query, features(query, "query"), values, bias))
        ahead.append(Projection("value", value, features(value, "value"), values, bias))
        back = Projection("attention_output", query, values, output, bias)
        scores = self.scores(query, after(past, key))
        projected = [term for projection in ahead for term in projection.macs]
        macs = (*projected, *attention_macs(scores, keys[-1], values[-1]), *back.macs)
        weights = [weight for projection in (*ahead, back) for weight in projection.weights]
        result: Shape = (*query[:-1], *sizes(output))
        outputs: Shape | list[Shape] = result
        if return_attention_scores:
            outputs = [result, self.scores_shape(query, key)]
        cache = kept_vectors(key, self.sliding_window, keys, values) if use_causal_mask and len(key) == 3 else ()
        return Inferred(outputs, tuple(weights), macs, cache=cache)

    def scores_shape(self, query: Shape, key: Shape) -> Shape:
        """Return the shape Keras reports, with the queries on both axes even if the number of keys differs."""
        return (query[0], self.num_heads, query[1], query[1])

    def check(self, query: Shape, value: Shape, key: Shape) -> None:
        """Refuse inputs that do not fit together."""
        check_min_rank(query, 2)
        check_same_positions(value, key)
        if self.flash_attention and self.dropout > 0:
            raise LayerError("flash_attention works only with dropout: 0")

    def output_factors(self, query: Shape) -> Factors:
        """Return the output axes of the last projection: the query's features, unless output_shape is given."""
        shape = self.output_shape
        if not shape:
            return features(query, "query")
        if isinstance(shape, int):
            return (("output", shape),)
        return tuple((f"output axis {axis}", size) for axis, size in enumerate(shape))

    def scores(self, query: Shape, key: Shape) -> Factors:
        """Count the scores: queries × keys for every head and every position that is not attended over."""
        axes = self.axes(len(query))
        if len(key) != len(query) or len(query) in axes:
            return (("scores", None),)  # Keras builds such a layer but cannot run it
        names = ["batch", *[f"axis {axis}" for axis in range(1, len(query) - 1)], "heads"]
        queries: list[Dim] = [1 if query[0] is None else query[0], *query[1:-1], self.num_heads]
        keys: list[Dim] = [1 if key[0] is None else key[0], *key[1:-1], self.num_heads]
        alone = [
            (names[axis], queries[axis])
            for axis in range(len(names))
            if axis not in axes and not (axis == 0 and query[0] is None)
        ]
        attended = (
            ("queries", product([queries[axis] for axis in axes])),
            ("keys", product([keys[axis] for axis in axes])),
        )
        return (*alone, *attended)

    def axes(self, rank: int) -> tuple[int, ...]:
        """Return the attended axes of a projected input, whose last two axes are heads and key_dim."""
        axes = self.attention_axes
        if axes is None:
            axes = tuple(range(1, rank - 1))
        if isinstance(axes, int):
            axes = (axes,)
        # Keras counts negative axes from the heads.
        found = tuple(axis if axis >= 0 else rank + axis for axis in axes)
        if not all(0 <= axis <= rank for axis in found):
            raise LayerError(f"attention_axes {list(axes)} is out of range for an input of rank {rank}")
        # Inputs of rank 3 go to one fused kernel, which supports only the time axis.
        return (1,) if rank == 3 else found


class GroupQueryAttention(Layer, frozen=True):
    """Multi-head attention in which groups of query heads share one head of keys and values.

    Shapes: query (batch, queries, features), value and key (batch, keys, features) → (batch, queries, features)
    Formula: features × head_dim × 2 × (query heads + key/value heads) + biases
    Source: Ainslie et al. 2023, arXiv:2305.13245; https://keras.io/api/layers/attention_layers/group_query_attention/
    Example: {input: [16, 64], layers: [{GroupQueryAttention: [16, 4, 2]}]}
    """

    self_attends: ClassVar[bool] = True
    mask_arguments: ClassVar[tuple[str, ...]] = ("query_mask", "value_mask", "key_mask", "attention_mask")

    head_dim: Positive
    num_query_heads: Positive
    num_key_value_heads: Positive
    dropout: Rate = 0.0
    use_bias: bool = True
    sliding_window: Positive | None = None
    flash_attention: bool | None = None
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    bias_constraint: Constraint = None
    use_gate: bool = False
    seed: int | None = None

    def infer(
        self,
        query: Shape,
        value: Shape,
        key: Shape | None = None,
        *masks: Shape | None,
        return_attention_scores: bool = False,
        use_causal_mask: bool = False,
        past: int = 0,
    ) -> Inferred:
        """Few projected heads of keys and values, repeated for all query heads; kept where attention is causal."""
        key = value if key is None else key
        self.check(query, value, key)
        size = ("head_dim", self.head_dim)
        asking: Factors = (("query heads", self.num_query_heads), size)
        answering: Factors = (("key/value heads", self.num_key_value_heads), size)
        bias = self.use_bias
        wide = features(query, "query")
        ahead = [Projection("query", query, wide, asking, bias)]
        ahead.append(Projection("key", key, features(key, "key"), answering, bias))
        if self.use_gate:
            ahead.append(Projection("gate", query, wide, asking, bias))
        ahead.append(Projection("value", value, features(value, "value"), answering, bias))
        back = Projection("attention_output", query, asking, wide, bias)
        scores = score_factors(query[0], query[1], after(past, key)[1], asking[0])
        products = attention_macs(scores, size, size)
        projected = [term for projection in ahead for term in projection.macs]
        weights = [weight for projection in (*ahead, back) for weight in projection.weights]
        outputs: Shape | list[Shape] = query
        if return_attention_scores:
            outputs = [query, (query[0], self.num_query_heads, query[1], key[1])]
        cache = kept_vectors(key, self.sliding_window, answering, answering) if use_causal_mask else ()
        return Inferred(outputs, tuple(weights), (*projected, *products, *back.macs), cache=cache)

    def check(self, query: Shape, value: Shape, key: Shape) -> None:
        """Refuse inputs and heads that do not fit together."""
        if self.num_query_heads % self.num_key_value_heads:
            raise LayerError(
                f"num_query_heads {self.num_query_heads} is not a multiple of "
                f"num_key_value_heads {self.num_key_value_heads}"
            )
        if self.flash_attention and self.dropout > 0:
            raise LayerError("flash_attention works only with dropout: 0")
        for shape in (query, value, key):
            check_rank(shape, 3, "(batch, time, features)")
        if query[-1] != value[-1]:
            raise LayerError(
                f"query and value must have as many features; they are {format_shape(query)} and {format_shape(value)}"
            )
        check_same_positions(value, key)


class Attention(Layer, frozen=True):
    """Dot-product attention (Luong) on inputs as they are, without projections.

    Shapes: [query (batch, queries, features), value (batch, keys, features), key?] → (batch, queries, features)
    Formula: 1 with use_scale, 1 with score_mode: concat
    Source: Luong et al. 2015, arXiv:1508.04025; https://keras.io/api/layers/attention_layers/attention/
    Example: {input: [16, 64], layers: [{Attention: {use_scale: true}}]}
    """

    self_attends: ClassVar[bool] = True
    mask_arguments: ClassVar[tuple[str, ...]] = ("mask",)

    use_scale: bool = False
    score_mode: Literal["dot", "concat"] = "dot"
    dropout: float = 0.0
    seed: int | None = None

    def infer(
        self, *inputs: Shape, return_attention_scores: bool = False, use_causal_mask: bool = False, past: int = 0
    ) -> Inferred:
        """At most two scalars; only the dot mode multiplies queries with keys."""
        query, value, key = three_inputs(inputs)
        names = []
        if self.use_scale:
            names.append("scale")
        if self.score_mode == "concat":
            names.append("concat_score_weight")
        weights = tuple(Weight(name, (), (("scalar", 1),)) for name in names)
        dot = self.score_mode == "dot"
        found = attend(query, after(past, value), after(past, key), weights, dot, return_attention_scores)
        if use_causal_mask and len(key) == 3:
            vectors = [(("features", key[-1]),), (("value features", value[-1]),)]
            # If the keys are the values, they are cached only once.
            return replace(found, cache=kept_vectors(key, None, *(vectors if len(inputs) == 3 else vectors[:1])))
        return found


class AdditiveAttention(Layer, frozen=True):
    """Additive attention (Bahdanau): scores are the sum of scale × tanh(query + key).

    Shapes: [query (batch, queries, features), value (batch, keys, features), key?] → (batch, queries, features)
    Formula: features, with use_scale
    Source: Bahdanau et al. 2015, arXiv:1409.0473; https://keras.io/api/layers/attention_layers/additive_attention/
    Example: {input: [16, 64], layers: [AdditiveAttention]}
    """

    self_attends: ClassVar[bool] = True
    mask_arguments: ClassVar[tuple[str, ...]] = ("mask",)

    use_scale: bool = True
    dropout: float = 0.0
    score_mode: Literal["dot", "concat"] = "dot"  # Keras accepts it and ignores it
    seed: int | None = None

    def infer(self, *inputs: Shape, return_attention_scores: bool = False) -> Inferred:
        """One scale for each feature; the scores are elementwise work."""
        query, value, key = three_inputs(inputs)
        weights: tuple[Weight, ...] = ()
        if self.use_scale:
            size = known(query, -1, "number of features of the query")
            weights = (Weight("scale", (size,), (("features", size),)),)
        return attend(query, value, key, weights, False, return_attention_scores)


def after(past: int, key: Shape) -> Shape:
    """Return the shape of keys or values including those of earlier tokens."""
    if not past or len(key) != 3 or key[1] is None:
        return key
    return (key[0], key[1] + past, key[2])


def kept_vectors(key: Shape, window: int | None, *vectors: Factors) -> tuple[Cache, ...]:
    """Return the cache of each token: its keys, and its values unless they are the same."""
    names = ("keys", "values")
    return tuple([Cache(name, of, window=window, tokens=key[1]) for name, of in zip(names, vectors, strict=False)])


def three_inputs(inputs: tuple[Shape, ...]) -> tuple[Shape, Shape, Shape]:
    """Return query, value and key; the key defaults to the value.

    Raises:
        LayerError: for another number of inputs.
    """
    if len(inputs) not in (2, 3):
        raise LayerError(f"takes [query, value] or [query, value, key], got {len(inputs)} inputs")
    query, value, key = inputs if len(inputs) == 3 else (*inputs, inputs[1])
    return query, value, key


def attend(
    query: Shape, value: Shape, key: Shape, weights: tuple[Weight, ...], dot: bool, return_scores: bool
) -> Inferred:
    """Infer attention without projections: scores (a product only with `dot`) × values."""
    if return_scores:
        check_min_rank(key, 2)
    for shape in (query, value):
        check_min_rank(shape, 1)
    keys = key[-2] if len(key) > 1 else None
    counted: Factors = (("queries", volume(query[:-1])), ("keys", keys))
    macs = attention_macs(counted, ("features", query[-1]), ("value features", value[-1]))
    output: Shape = (*query[:-1], value[-1])
    scores: Shape = (*query[:-1], keys)
    return Inferred([output, scores] if return_scores else output, weights, macs if dot else macs[1:])
