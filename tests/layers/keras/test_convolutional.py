"""Convolutions: MACs as JAX counts them, factors, and what their refusals say."""

from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.layers.formulas.window import transposed_length, window_length
from paramcalc.layers.keras.convolutional import Conv1D, Conv2D, DepthwiseConv2D, SeparableConv2D
from paramcalc.layers.keras.convolutional_transpose import Conv1DTranspose, Conv2DTranspose
from tests.each import each
from tests.layers.keras.test_keras_facts import layer_of

# From `tests.oracle.truth`: every conv_general_dilated and dot_general of the layer's jaxpr, a transposed
# convolution counted by its input positions.
MACS: list[tuple[dict[str, Any], list[int], int]] = [
    ({"Conv1D": {"kernel_size": 1, "strides": 1, "padding": "causal", "filters": 6, "groups": 1}}, [5, 4], 120),
    ({"Conv1D": {"kernel_size": 2, "strides": 3, "padding": "causal", "filters": 4, "groups": 2}}, [5, 2], 16),
    (
        {"Conv1D": {"kernel_size": 3, "strides": 1, "padding": "same", "filters": 4, "groups": 1, "lora_rank": 2}},
        [7, 4],
        432,
    ),
    (
        {"Conv1D": {"kernel_size": 2, "strides": 1, "padding": "same", "filters": 6, "groups": 1, "lora_rank": 2}},
        [7, 2],
        216,
    ),
    (
        {"Conv1DTranspose": {"kernel_size": 1, "strides": 1, "padding": "valid", "filters": 2, "dilation_rate": 2}},
        [6, 4],
        48,
    ),
    (
        {"Conv1DTranspose": {"kernel_size": 3, "strides": 1, "padding": "same", "filters": 4, "dilation_rate": 2}},
        [5, 2],
        120,
    ),
    ({"Conv2D": {"kernel_size": 3, "strides": 3, "padding": "valid", "filters": 2, "groups": 2}}, [7, 9, 4], 216),
    ({"Conv2D": {"kernel_size": 1, "strides": 3, "padding": "valid", "filters": 4, "groups": 1}}, [7, 5, 2], 48),
    (
        {"Conv2D": {"kernel_size": 1, "strides": 3, "padding": "valid", "filters": 2, "groups": 1, "lora_rank": 2}},
        [6, 9, 4],
        64,
    ),
    (
        {"Conv2D": {"kernel_size": 3, "strides": 3, "padding": "valid", "filters": 2, "groups": 2, "lora_rank": 2}},
        [9, 9, 2],
        198,
    ),
    ({"Conv2DTranspose": {"kernel_size": 1, "strides": 3, "padding": "valid", "filters": 2}}, [6, 9, 2], 216),
    (
        {"Conv2DTranspose": {"kernel_size": 3, "strides": 1, "padding": "same", "filters": 2, "dilation_rate": 2}},
        [7, 9, 4],
        4_536,
    ),
    ({"Conv3D": {"kernel_size": 1, "strides": 1, "padding": "valid", "filters": 2, "groups": 1}}, [7, 7, 6, 2], 1_176),
    (
        {
            "Conv3D": {
                "kernel_size": 3,
                "strides": 1,
                "padding": "same",
                "filters": 4,
                "dilation_rate": 2,
                "groups": 1,
                "lora_rank": 2,
            }
        },
        [6, 7, 5, 4],
        91_584,
    ),
    ({"Conv3D": {"kernel_size": 2, "strides": 3, "padding": "valid", "filters": 2, "groups": 1}}, [5, 7, 9, 2], 384),
    (
        {"Conv3D": {"kernel_size": 3, "strides": 1, "padding": "valid", "filters": 4, "groups": 1, "lora_rank": 2}},
        [7, 5, 7, 2],
        16_632,
    ),
    (
        {"Conv3DTranspose": {"kernel_size": 2, "strides": 1, "padding": "same", "filters": 6, "dilation_rate": 2}},
        [6, 5, 6, 4],
        34_560,
    ),
    (
        {"Conv3DTranspose": {"kernel_size": 2, "strides": 1, "padding": "valid", "filters": 6, "dilation_rate": 2}},
        [7, 9, 6, 2],
        36_288,
    ),
    (
        {
            "DepthwiseConv1D": {
                "kernel_size": 2,
                "strides": 1,
                "padding": "valid",
                "depth_multiplier": 2,
                "dilation_rate": 2,
            }
        },
        [9, 2],
        56,
    ),
    ({"DepthwiseConv1D": {"kernel_size": 1, "strides": 1, "padding": "same", "depth_multiplier": 3}}, [9, 4], 108),
    ({"DepthwiseConv2D": {"kernel_size": 2, "strides": 1, "padding": "same", "depth_multiplier": 1}}, [9, 7, 4], 1_008),
    ({"DepthwiseConv2D": {"kernel_size": 3, "strides": 2, "padding": "valid", "depth_multiplier": 2}}, [5, 6, 4], 288),
    (
        {"SeparableConv1D": {"kernel_size": 2, "strides": 2, "padding": "same", "filters": 6, "depth_multiplier": 1}},
        [9, 2],
        80,
    ),
    (
        {"SeparableConv1D": {"kernel_size": 3, "strides": 2, "padding": "valid", "filters": 4, "depth_multiplier": 2}},
        [5, 4],
        112,
    ),
    (
        {"SeparableConv2D": {"kernel_size": 2, "strides": 2, "padding": "valid", "filters": 4, "depth_multiplier": 1}},
        [5, 6, 2],
        96,
    ),
    (
        {"SeparableConv2D": {"kernel_size": 3, "strides": 2, "padding": "same", "filters": 2, "depth_multiplier": 2}},
        [5, 6, 4],
        792,
    ),
]


@each("entry, shape, macs", MACS)
def test_macs_are_what_jax_multiplies(entry: dict[str, Any], shape: list[int], macs: int) -> None:
    """The sum of products is the number of multiplications in the jaxpr."""
    assert count_macs(layer_of(entry).infer((None, *shape)).macs) == macs


def test_macs_are_unknown_where_a_position_is() -> None:
    """An unknown height hides the number of positions, never the weights."""
    inferred = Conv2D(8, 3).infer((None, None, 9, 3))
    assert count_macs(inferred.macs) is None
    assert [weight.params for weight in inferred.weights] == [216, 8]


def test_macs_count_a_known_batch() -> None:
    """A batch of 4 costs 4 times as much as an unknown one."""
    one, four = (count_macs(Conv2D(8, 3).infer((batch, 9, 9, 3)).macs) for batch in (None, 4))
    assert one is not None
    assert four == 4 * one


REFUSED = [
    (Conv1D(8, 7), (None, 5, 3), "kernel_size 7 is larger than its input 5 (padding='valid')"),
    (Conv1D(8, 3, dilation_rate=4), (None, 5, 3), "kernel_size 3 (dilated to 9) is larger than its input 5"),
    (Conv2D(8, 3), (None, 28, 28), "expects an input of rank 4 (batch, height, width, channels)"),
    (
        Conv2D(8, 3, data_format="channels_first"),
        (None, 28, 28),
        "expects an input of rank 4 (batch, channels, height, width)",
    ),
    (Conv2D(8, (3, 3, 3)), (None, 9, 9, 3), "kernel_size needs 2 values, got 3: [3, 3, 3]"),
    (Conv2D(8, 3, groups=3), (None, 9, 9, 3), "8 filters cannot be divided into 3 groups"),
    (Conv2D(8, 3, groups=2), (None, 9, 9, 3), "3 input channels cannot be divided into 2 groups"),
    (Conv2D(8, 3, strides=2, dilation_rate=2), (None, 9, 9, 3), "cannot both be above 1"),
    (Conv2DTranspose(8, 3, strides=2, output_padding=2), (None, 9, 9, 3), "must be smaller than its stride 2"),
    (Conv1DTranspose(8, 3, strides=2, dilation_rate=2), (None, 9, 3), "cannot both be above 1"),
]


@pytest.mark.parametrize(("layer", "shape", "message"), REFUSED)
def test_refusals_name_the_numbers(layer: Any, shape: tuple[int | None, ...], message: str) -> None:
    """A refusal says which numbers do not fit."""
    with pytest.raises(LayerError) as error:
        layer.infer(shape)
    assert message in str(error.value)


@pytest.mark.parametrize("layer", [Conv2D(8, 3), DepthwiseConv2D(3), SeparableConv2D(8, 3), Conv2DTranspose(8, 3)])
def test_unknown_channels_are_refused(layer: Any) -> None:
    """Every kernel depends on the number of channels."""
    with pytest.raises(UnknownDimensionError, match="number of channels"):
        layer.infer((None, 9, 9, None))


def test_lora_freezes_the_kernel() -> None:
    """A low-rank update adds two small factors and stops training the kernel, as Keras' `enable_lora` does."""
    inferred = Conv2D(4, 3, lora_rank=2).infer((None, 8, 8, 6))
    weights = [(weight.name, weight.shape, weight.trainable, weight.dtype) for weight in inferred.weights]
    assert weights == [
        ("kernel", (3, 3, 6, 4), False, None),
        ("bias", (4,), True, None),
        ("lora_kernel_a", (3, 3, 6, 2), True, "float32"),
        ("lora_kernel_b", (2, 4), True, "float32"),
    ]


@pytest.mark.parametrize(("layer", "x"), [(Conv1D(4, 3), (None, 8, 3)), (Conv2D(4, 3), (None, 8, 8, 3))])
def test_lora_of_a_constrained_kernel_is_refused(layer: Any, x: tuple[int | None, ...]) -> None:
    """Keras 3.15.1: "Lora is incompatible with kernel constraints"; a constraint on the bias is fine."""
    adapted = replace(layer, lora_rank=2, bias_constraint="non_neg")
    assert len(adapted.infer(x).weights) == 4
    with pytest.raises(LayerError, match="constraint on the kernel"):
        replace(adapted, kernel_constraint="non_neg").infer(x)


CONVOLUTIONS = st.one_of(
    st.builds(
        Conv2D,
        st.sampled_from([4, 8]),
        st.integers(1, 3),
        groups=st.sampled_from([1, 2, 4]),
        lora_rank=st.sampled_from([None, 2]),
    ),
    st.builds(DepthwiseConv2D, st.integers(1, 3), depth_multiplier=st.integers(1, 3)),
    st.builds(SeparableConv2D, st.integers(1, 5), st.integers(1, 3), depth_multiplier=st.integers(1, 3)),
    st.builds(Conv2DTranspose, st.integers(1, 5), st.integers(1, 3), use_bias=st.booleans()),
)


@given(CONVOLUTIONS, st.integers(1, 4).map(lambda n: 4 * n))
def test_factors_multiply_to_sizes(layer: Any, channels: int) -> None:
    """The named factors of every weight are a true product of its shape."""
    for weight in layer.infer((None, 5, 6, channels)).weights:
        assert prod(value for _, value in weight.factors) == prod(weight.shape)


@given(st.integers(1, 99), st.integers(1, 9), st.integers(1, 9))
def test_a_transposed_convolution_undoes_the_length_of_one(size: int, kernel: int, stride: int) -> None:
    """With the same options, a convolution over what its transpose made gives the first length again."""
    for padding in ("valid", "same"):
        longer = transposed_length(size, kernel, stride, padding, None)
        assert window_length(longer, kernel, stride, padding) == size
