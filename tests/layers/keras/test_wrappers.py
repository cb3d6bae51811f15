"""Wrappers: numbers from Keras 3.15.1, MACs from `jax.make_jaxpr` of the Keras layer."""

from typing import Any

import pytest

from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Sublayer
from paramcalc.layers.keras.attention import MultiHeadAttention
from paramcalc.layers.keras.conv_recurrent import ConvLSTM1D
from paramcalc.layers.keras.convolutional import Conv2D
from paramcalc.layers.keras.core import Dense, Embedding
from paramcalc.layers.keras.merging import Add
from paramcalc.layers.keras.recurrent import GRU, LSTM, RNN
from paramcalc.layers.keras.recurrent_cells import LSTMCell
from paramcalc.layers.keras.wrappers import Bidirectional, SpectralNormalization, TimeDistributed, Wrapper
from paramcalc.shapes import Shape
from tests.each import each


def sub(layer: Any, name: str = "inner", trainable: bool = True) -> Sublayer:
    return Sublayer(layer, name, type(layer).__name__, trainable)


def names(inferred: Inferred) -> list[str]:
    return [weight.name for weight in inferred.weights]


COUNTS = [
    # 2 x 4 x 32 x (10 + 32 + 1)
    (Bidirectional(sub(LSTM(32))), (None, 5, 10), 11_008, 53_760),
    (Bidirectional(sub(GRU(32)), merge_mode="sum"), (None, 5, 10), 8_448, 40_320),
    (Bidirectional(sub(LSTM(32)), backward_layer=sub(LSTM(16, go_backwards=True))), (None, 5, 10), 7_232, 35_200),
    (Bidirectional(sub(LSTM(32))), (None, None, 10), 11_008, None),
    # 10 x 8 + 8, in each of 5 steps
    (TimeDistributed(sub(Dense(8))), (None, 5, 10), 88, 400),
    (TimeDistributed(sub(Dense(8))), (None, None, 10), 88, None),
    # 3 x 3 x 3 x 4 + 4, at 6 x 6 positions in each of 2 steps
    (TimeDistributed(sub(Conv2D(4, 3))), (None, 2, 8, 8, 3), 112, 7_776),
    (TimeDistributed(sub(LSTM(4))), (None, 2, 5, 3), 128, 1_120),
    # 6 x 4 + 4, and a vector of the 4 columns
    (SpectralNormalization(sub(Dense(4))), (None, 6), 32, 24),
    (SpectralNormalization(sub(Embedding(5, 3))), (None, 7), 18, 0),
]


@pytest.mark.parametrize(("layer", "x", "count", "macs"), COUNTS)
def test_parameters_and_macs(layer: Layer, x: Shape, count: int, macs: int | None) -> None:
    """The numbers Keras and JAX give; MACs are unknown where the number of time steps is."""
    inferred = layer.infer(x)
    assert sum(weight.params for weight in inferred.weights) == count
    assert count_macs(inferred.macs) == macs


Y, STATE = (None, 5, 4), (None, 4)


@pytest.mark.parametrize(
    ("merge_mode", "return_state", "output"),
    [
        ("concat", False, (None, 5, 8)),
        ("sum", False, Y),
        ("mul", False, Y),
        ("ave", False, Y),
        (None, False, [Y, Y]),
        ("concat", True, [(None, 5, 8), STATE, STATE, STATE, STATE]),
        ("sum", True, [Y, STATE, STATE, STATE, STATE]),
        (None, True, [Y, Y, STATE, STATE, STATE, STATE]),
    ],
)
def test_bidirectional_outputs(merge_mode: Any, return_state: bool, output: Any) -> None:
    """Only concat doubles the units; without a merge there are two outputs; states come last."""
    inner = sub(LSTM(4, return_sequences=True, return_state=return_state))
    assert Bidirectional(inner, merge_mode).infer((None, 5, 10)).output == output


def test_bidirectional_names() -> None:
    """Keras puts forward_ and backward_ before the layer's name, once; a given backward layer keeps its own."""
    assert names(Bidirectional(sub(LSTM(4), "lstm")).infer((None, 5, 10)))[::3] == [
        "forward_lstm/kernel",
        "backward_lstm/kernel",
    ]
    again = Bidirectional(sub(LSTM(4), "forward_lstm"), backward_layer=sub(LSTM(4, go_backwards=True), "other"))
    assert names(again.infer((None, 5, 10)))[::3] == ["forward_lstm/kernel", "other/kernel"]


def test_bidirectional_takes_cells_and_convolutions() -> None:
    """RNN over cells and ConvLSTM run both ways too."""
    assert Bidirectional(sub(RNN(sub(LSTMCell(4))))).infer((None, 5, 10)).output == (None, 8)
    assert Bidirectional(sub(ConvLSTM1D(4, 3))).infer((None, 5, 9, 2)).output == (None, 7, 8)


def test_time_distributed_takes_whatever_infers() -> None:
    """A nested model has no class of its own here: what counts is that it can infer."""

    class NestedModel:
        def infer(self, x: Shape) -> Inferred:
            return Dense(3).infer(x)

    inferred = TimeDistributed(sub(NestedModel(), "model")).infer((None, 5, 7))
    assert inferred.output == (None, 5, 3)
    assert names(inferred) == ["model/kernel", "model/bias"]


def test_spectral_normalization_keeps_a_vector_that_no_gradient_trains() -> None:
    """The vector stands after the kernel, as Keras lists it, and counts as a statistic."""
    inferred = SpectralNormalization(sub(Conv2D(4, 3), "conv")).infer((None, 6, 6, 2))
    assert names(inferred) == ["conv/kernel", "vector_u", "conv/bias"]
    vector = inferred.weights[1]
    assert (vector.shape, vector.kind, vector.trainable) == ((1, 4), "statistic", False)


def test_spectral_normalization_of_itself() -> None:
    """Keras finds the kernel through a second normalisation; both have a vector."""
    inner = sub(SpectralNormalization(sub(Dense(4), "dense")), "norm")
    assert names(SpectralNormalization(inner).infer((None, 6))) == [
        "norm/dense/kernel",
        "vector_u",
        "norm/vector_u",
        "norm/dense/bias",
    ]


@each(
    "layer, x, message",
    [
        (Bidirectional(sub(Dense(4))), (None, 5, 10), "LSTM, not Dense"),
        (Bidirectional(sub(LSTM(4, go_backwards=True))), (None, 5, 10), "must run forwards"),
        (Bidirectional(sub(LSTM(4)), backward_layer=sub(LSTM(4))), (None, 5, 10), "differ in go_backwards"),
        (
            Bidirectional(sub(LSTM(4)), backward_layer=sub(LSTM(4, go_backwards=True, return_state=True))),
            (None, 5, 10),
            "same return_state",
        ),
        (Bidirectional(sub(LSTM(4, stateful=True, return_state=True))), (2, 5, 10), "stateful"),
        (Bidirectional(sub(LSTM(4))), (None, 10), "rank 3"),
        (TimeDistributed(sub(Dense(4))), (None, 10), "rank 3"),
        (TimeDistributed(sub(LSTM(4, return_state=True))), (None, 5, 6, 10), "several outputs"),
        (TimeDistributed(sub(MultiHeadAttention(2, 3))), (None, 5, 6, 10), "needs more"),
        (TimeDistributed(sub(Add())), (None, 5, 10), "a list"),
        (SpectralNormalization(sub(LSTM(4))), (None, 5, 10), "LSTM has none"),
        (Wrapper(sub(Dense(4))), (None, 10), "base class"),
    ],
)
def test_refusals(layer: Layer, x: Shape, message: str) -> None:
    """What Keras refuses is refused, in words that say what is wrong."""
    with pytest.raises(LayerError, match=message):
        layer.infer(x)


def test_an_error_inside_the_layer_is_not_taken_for_a_wrong_call() -> None:
    """Only a layer that cannot take one input is refused for that; a bug stays a bug."""

    class Broken:
        def infer(self, x: Shape) -> Inferred:
            raise TypeError("a bug")

    with pytest.raises(TypeError, match="a bug"):
        TimeDistributed(sub(Broken())).infer((None, 5, 7))
