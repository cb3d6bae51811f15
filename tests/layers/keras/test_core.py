"""Dense and its kin: parameters, MACs as JAX counts them, and what refusals say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.layers.base import Inferred
from paramcalc.layers.keras.core import Dense, EinsumDense, Embedding, Identity, ReversibleEmbedding
from tests.layers.keras.test_keras_facts import layer_of


def params(inferred: Inferred) -> int:
    return sum(weight.params for weight in inferred.weights)


@pytest.mark.parametrize(
    ("entry", "shape", "expected"),
    [
        ({"Dense": {"units": 64}}, (None, 128), 8_256),  # 128 × 64 + 64
        ({"Dense": {"units": 10}}, (None, 128), 1_290),  # the head of the recurrent classifier
        ({"Dense": {"units": 4096}}, (None, 25_088), 102_764_544),  # fc1 of VGG16 in keras.applications
        ({"Embedding": {"input_dim": 8000, "output_dim": 256}}, (None, None), 2_048_000),
        ({"EinsumDense": {"equation": "abc,cd->abd", "output_shape": [None, 64], "bias_axes": "d"}},
         (None, 10, 128), 8_256),  # the same as Dense(64)
    ],
)  # fmt: skip
def test_parameters(entry: dict[str, Any], shape: tuple[int | None, ...], expected: int) -> None:
    """Counts that Keras 3.15.1 reports, and that a person can check by hand."""
    assert params(layer_of(entry).infer(shape)) == expected


EINSUM_MACS = [
    ("...ab,abc->...c", [2, 3, None], (None, 4, 4, 4, 2), 256),
    ("...ab,bc->...ac", [3], (None, 4), 12),
    ("abc,bd->ad", [2, 2], (None, 4, 3), 8),  # c is summed before the product
    ("abc...,bd->adc...", [2], (None, 4, 4, 4, 4), 512),
    ("ab,bc->ac", [64], (None, 32), 2_048),
]


@pytest.mark.parametrize(("equation", "output", "shape", "macs"), EINSUM_MACS)
def test_einsum_macs(equation: str, output: list[Any], shape: tuple[int | None, ...], macs: int) -> None:
    """As `jax.make_jaxpr` of the Keras 3.15.1 layer shows them."""
    layer = EinsumDense(equation, tuple(output))
    assert count_macs(layer.infer(shape).macs) == macs


def test_low_rank_adaptation_freezes_the_kernel_and_adds_a_product() -> None:
    """Keras 3.15.1: 32 frozen + 8·2 + 2·4 + 4 trainable; JAX: 8·4 for the input, 8·2·4 for the kernel."""
    inferred = Dense(4, lora_rank=2).infer((None, 8))
    assert [(w.name, w.params, w.trainable) for w in inferred.weights] == [
        ("kernel", 32, False),
        ("bias", 4, True),
        ("lora_kernel_a", 16, True),
        ("lora_kernel_b", 8, True),
    ]
    assert count_macs(inferred.macs) == 96


def test_the_matrices_of_an_adaptation_are_float32_whatever_the_layer_is() -> None:
    """Keras 3.15.1: a Dense of bfloat16 with lora_rank has a kernel of bfloat16, and matrices of float32."""
    inferred = Dense(4, lora_rank=2).infer((None, 8))
    assert [weight.dtype for weight in inferred.weights] == [None, None, "float32", "float32"]
    assert {weight.dtype for weight in Embedding(9, 4, lora_rank=2).infer((None, 8)).weights[1:]} == {"float32"}


def test_low_rank_adaptation_of_a_constrained_kernel_is_refused() -> None:
    """Keras refuses it too."""
    with pytest.raises(LayerError, match="constraint"):
        Embedding(10, 3, lora_rank=2, embeddings_constraint="non_neg").infer((None, 5))


def test_a_reversible_embedding_projects_back() -> None:
    """JAX: 2 × 5 positions × 8 × 9; the untied way back is a second table."""
    layer = ReversibleEmbedding(9, 8, tie_weights=False)
    inferred = layer.infer((None, 2, 5, 8), reverse=True)
    assert inferred.output == (None, 2, 5, 9)
    assert count_macs(inferred.macs) == 720
    assert params(inferred) == 144


def test_an_unknown_feature_axis_is_named() -> None:
    """The caller may fill it in from another call, so it must know which axis."""
    with pytest.raises(UnknownDimensionError, match="number of features") as caught:
        Dense(4).infer((None, None))
    assert caught.value.axis == -1


@pytest.mark.parametrize(
    ("equation", "message"),
    [
        ("ab->ac", "must look like"),
        ("abc,cd->abd", "reads 3 axes"),
        ("ab,cd->ad", "neither the input nor the output"),
        ("ab,bc->ad", "neither the input nor the kernel"),
    ],
)
def test_einsum_refusals_say_which_letter(equation: str, message: str) -> None:
    """One sentence for each way an equation can be wrong."""
    with pytest.raises(LayerError, match=message):
        EinsumDense(equation, 4).infer((None, 8))


def test_identity_passes_several_inputs() -> None:
    """As Keras does with a list."""
    assert Identity().infer((None, 3), (None, 4)).output == [(None, 3), (None, 4)]


@given(st.integers(1, 500), st.integers(1, 500), st.lists(st.integers(1, 20) | st.none(), max_size=3))
def test_einsum_with_an_ellipsis_is_dense(features: int, units: int, axes: list[int | None]) -> None:
    """`...x,xy->...y` holds and multiplies what Dense does; its elided axes come out in reverse, as in Keras."""
    shape = (None, *axes, features)
    dense, einsum = Dense(units).infer(shape), EinsumDense("...x,xy->...y", units, bias_axes="y").infer(shape)
    assert [w.shape for w in dense.weights] == [w.shape for w in einsum.weights]
    assert count_macs(dense.macs) == count_macs(einsum.macs)
    assert einsum.output == (None, *axes[::-1], units)
