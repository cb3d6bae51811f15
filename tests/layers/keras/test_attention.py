"""Attention: numbers from Keras 3.15.1, MACs from `jax.make_jaxpr` of the Keras layer."""

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.layers.base import Layer
from paramcalc.layers.keras.attention import AdditiveAttention, Attention, GroupQueryAttention, MultiHeadAttention
from paramcalc.shapes import Shape
from tests.each import each

X = (None, 16, 64)
MEMORY = (None, 10, 48)

COUNTS = [
    # 4 x (64 x 4 x 16) + 3 x 4 x 16 + 64
    (MultiHeadAttention(4, 16), (X, X), 16_640, 294_912),
    (MultiHeadAttention(4, 16, use_bias=False), (X, X), 16_384, 294_912),
    (MultiHeadAttention(4, 16), (X, MEMORY), 14_592, 212_992),
    (MultiHeadAttention(4, 16, output_shape=5), (X, X), 12_805, 234_496),
    (MultiHeadAttention(4, 16, output_shape=(2, 5)), (X, X), 13_130, 239_616),
    (MultiHeadAttention(4, 16, use_gate=True), (X, X), 20_800, 360_448),
    # 2D positions: 4 x 6 of them, all attended, or the 6 of each row only
    (MultiHeadAttention(2, 3), ((None, 4, 6, 8), (None, 4, 6, 8)), 218, 11_520),
    (MultiHeadAttention(2, 3, attention_axes=2), ((None, 4, 6, 8), (None, 4, 6, 8)), 218, 6_336),
    (MultiHeadAttention(4, 16), ((None, None, 64), (None, None, 64)), 16_640, None),
    # 64 x 4 x 16 for the queries and back, 64 x 2 x 16 for keys and values
    (GroupQueryAttention(16, 4, 2), (X, X), 12_480, 229_376),
    (GroupQueryAttention(16, 4, 1, use_bias=False), (X, X), 10_240, 196_608),
    (Attention(), (X, X), 0, 32_768),
    (Attention(use_scale=True), (X, X), 1, 32_768),
    (Attention(use_scale=True, score_mode="concat"), (X, X), 2, 16_384),
    (Attention(), ((None, 16, 8), (None, 10, 6), (None, 10, 8)), 0, 2_240),
    (AdditiveAttention(), (X, X), 64, 16_384),
    (AdditiveAttention(use_scale=False), (X, X), 0, 16_384),
]


@each("layer, inputs, count, macs", COUNTS)
def test_parameters_and_macs(layer: Layer, inputs: tuple[Shape, ...], count: int, macs: int | None) -> None:
    """The numbers Keras and JAX give: projections, queries x keys, scores x values."""
    inferred = layer.infer(*inputs)
    assert sum(weight.params for weight in inferred.weights) == count
    assert count_macs(inferred.macs) == macs


def test_value_dim_counts_in_the_value_and_the_output() -> None:
    """64 x 4 x (16 + 16 + 8) + 4 x 8 x 64, biases 4 x (16 + 16 + 8) + 64: Keras' count."""
    inferred = MultiHeadAttention(4, 16, value_dim=8).infer(X, X)
    assert sum(weight.params for weight in inferred.weights) == 12_512


@pytest.mark.parametrize(
    ("layer", "inputs", "output"),
    [
        (MultiHeadAttention(4, 16), (X, MEMORY), X),
        (MultiHeadAttention(4, 16, output_shape=(2, 5)), (X, MEMORY), (None, 16, 2, 5)),
        (MultiHeadAttention(4, 16, output_shape=0), (X, MEMORY), X),
        (GroupQueryAttention(16, 4, 2), (X, (None, 10, 64)), X),
        (Attention(), ((None, 16, 8), (None, 10, 6), (None, 10, 8)), (None, 16, 6)),
        (AdditiveAttention(), ((None, None, 8), (None, 10, 8)), (None, None, 8)),
    ],
)
def test_outputs(layer: Layer, inputs: tuple[Shape, ...], output: Shape) -> None:
    """One output for each query, with the query's features or output_shape, or the values' features."""
    assert layer.infer(*inputs).output == output


@pytest.mark.parametrize(
    ("layer", "inputs", "scores"),
    [
        # Keras reports queries x queries here, whatever the number of keys
        (MultiHeadAttention(4, 16), (X, MEMORY), (None, 4, 16, 16)),
        (GroupQueryAttention(16, 4, 2), (X, (None, 10, 64)), (None, 4, 16, 10)),
        (Attention(), (X, (None, 10, 64)), (None, 16, 10)),
        (AdditiveAttention(), (X, (None, 10, 64)), (None, 16, 10)),
    ],
)
def test_attention_scores(layer: Layer, inputs: tuple[Shape, ...], scores: Shape) -> None:
    """return_attention_scores adds a second output, of the shape Keras reports."""
    output = layer.infer(*inputs, return_attention_scores=True).output
    assert isinstance(output, list)
    assert output[1:] == [scores]


def test_multi_head_weights_in_keras_order() -> None:
    """Each projection has its name; the gate stands where Keras builds it."""
    inferred = MultiHeadAttention(2, 3, use_gate=True).infer((None, 5, 8), (None, 5, 8))
    kernels = [weight.name for weight in inferred.weights if weight.kind == "weight"]
    assert kernels == ["query/kernel", "key/kernel", "gate/kernel", "value/kernel", "attention_output/kernel"]


def test_key_dim_is_per_head() -> None:
    """What people ask about key_dim: it is the size of one head, and the factors say so."""
    query = MultiHeadAttention(2, 3).infer((None, 5, 8), (None, 5, 8)).weights[0]
    assert query.shape == (8, 2, 3)
    assert query.factors == (("features", 8), ("heads", 2), ("key_dim", 3))


@pytest.mark.parametrize(
    ("layer", "inputs", "message"),
    [
        (MultiHeadAttention(2, 3), (X, X, MEMORY), "value and key"),
        (MultiHeadAttention(2, 3), (X, X, (None, None, 64)), "value and key"),
        (MultiHeadAttention(2, 3, attention_axes=5), (X, X), "out of range"),
        (MultiHeadAttention(2, 3, dropout=0.1, flash_attention=True), (X, X), "dropout: 0"),
        (MultiHeadAttention(2, 3), ((None,), (None,)), "rank 2 or more"),
        (GroupQueryAttention(16, 4, 3), (X, X), "not a multiple"),
        (GroupQueryAttention(16, 4, 2), (X, MEMORY), "as many features"),
        (Attention(), (X,), "got 1 inputs"),
        (AdditiveAttention(), (X, X, X, X), "got 4 inputs"),
    ],
)
def test_refusals(layer: Layer, inputs: tuple[Shape, ...], message: str) -> None:
    """What Keras refuses is refused, in words that say what is wrong."""
    with pytest.raises(LayerError, match=message):
        layer.infer(*inputs)


def test_unknown_features_name_the_input() -> None:
    """A projection needs the features of its input; the error says of which."""
    with pytest.raises(UnknownDimensionError, match="features of the key"):
        MultiHeadAttention(2, 3).infer(X, X, (None, 16, None))


SIZES = st.integers(1, 30)


@given(SIZES, SIZES, SIZES, SIZES, st.booleans())
def test_factors_multiply_to_sizes(heads: int, key_dim: int, value_dim: int, features: int, gate: bool) -> None:
    """Every weight's factors multiply to its size, whatever the options."""
    layer = MultiHeadAttention(heads, key_dim, value_dim, use_gate=gate)
    for weight in layer.infer((None, 5, features), (None, 7, features + 1)).weights:
        assert prod(size or 0 for _, size in weight.factors) == weight.params
