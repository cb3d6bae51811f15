"""Recurrent layers and ConvLSTM.

Parameters are what Keras 3.15.1 counts, MACs what `jax.make_jaxpr` of the Keras layer adds up to (without the
products whose result nothing reads); CuDNN layers are tf-keras 2.21's.
"""

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.layers.base import Inferred, Layer, Sublayer
from paramcalc.layers.keras.conv_recurrent import ConvLSTM1D, ConvLSTM2D, ConvLSTM3D
from paramcalc.layers.keras.core import Dense
from paramcalc.layers.keras.recurrent import GRU, LSTM, RNN, CuDNNGRU, CuDNNLSTM, SimpleRNN
from paramcalc.layers.keras.recurrent_cells import GRUCell, LSTMCell, SimpleRNNCell, StackedRNNCells
from paramcalc.shapes import Shape
from tests.each import each


def cell(layer: Layer, name: str = "cell", trainable: bool = True) -> Sublayer:
    return Sublayer(layer, name, type(layer).__name__, trainable)


def params(inferred: Inferred) -> int:
    return sum(weight.params for weight in inferred.weights)


STACK = (cell(LSTMCell(4), "lstm_cell"), cell(GRUCell(3), "gru_cell"))

COUNTS = [
    # 10 x 128 + 128 x 128 + 128, as in Keras' own summary of the recurrent classifier
    (SimpleRNN(128), (None, 5, 10), 17_792, 88_320),
    (SimpleRNN(128, use_bias=False), (None, 5, 10), 17_664, 88_320),
    # 64 x 128 + 128 x 128 + 128
    (SimpleRNN(128), (None, 7, 64), 24_704, 172_032),
    # 4 x 32 x (10 + 32 + 1)
    (LSTM(32), (None, 5, 10), 5_504, 26_880),
    (LSTM(32, use_bias=False), (None, 5, 10), 5_376, 26_880),
    # 3 x 32 x (10 + 32 + 2): a bias for the input and one for the state
    (GRU(32), (None, 5, 10), 4_224, 20_160),
    # 3 x 32 x (10 + 32 + 1)
    (GRU(32, reset_after=False), (None, 5, 10), 4_128, 20_160),
    (GRU(32, use_bias=False), (None, 5, 10), 4_032, 20_160),
    (RNN(cell(LSTMCell(32))), (None, 5, 10), 5_504, 26_880),
    # LSTMCell(4) on 10 features: 240; GRUCell(3) on its 4 outputs: 81
    (RNN(STACK), (None, 5, 10), 321, 1_435),
    (RNN(cell(StackedRNNCells(STACK))), (None, 5, 10), 321, 1_435),
    # one time step more is not one parameter more; a batch multiplies the work
    (LSTM(32), (8, 5, 10), 5_504, 215_040),
    (LSTM(32), (None, None, 10), 5_504, None),
    # 4 x 32 x (10 + 32 + 2) and 3 x 32 x (10 + 32 + 2)
    (CuDNNLSTM(32), (None, 5, 10), 5_632, 26_880),
    (CuDNNGRU(32), (None, 5, 10), 4_224, 20_160),
    # 3 x (2 + 4) x 16 + 16; 7 output positions
    (ConvLSTM1D(4, 3), (None, 5, 9, 2), 304, 10_080),
    # 9 x (3 + 8) x 32 + 32; 26 x 26 output positions
    (ConvLSTM2D(8, 3), (None, 5, 28, 28, 3), 3_200, 10_707_840),
    (ConvLSTM2D(8, 3, padding="same", strides=2), (None, 5, 28, 28, 3), 3_200, 3_104_640),
    # 8 x (2 + 4) x 16 + 16; 2 x 3 x 4 output positions
    (ConvLSTM3D(4, 2), (None, 3, 3, 4, 5, 2), 784, 55_296),
]


@each("layer, x, count, macs", COUNTS)
def test_parameters_and_macs(layer: Layer, x: Shape, count: int, macs: int | None) -> None:
    """The numbers Keras and JAX give; MACs are unknown where the number of time steps is."""
    inferred = layer.infer(x)
    assert params(inferred) == count
    assert count_macs(inferred.macs) == macs


@pytest.mark.parametrize(
    ("layer", "output"),
    [
        (LSTM(4), (None, 4)),
        (LSTM(4, return_sequences=True), (None, 5, 4)),
        (LSTM(4, return_state=True), [(None, 4), (None, 4), (None, 4)]),
        (GRU(4, return_sequences=True, return_state=True), [(None, 5, 4), (None, 4)]),
        (SimpleRNN(4, go_backwards=True, return_state=True), [(None, 4), (None, 4)]),
        (RNN(STACK, return_state=True), [(None, 3), (None, 4), (None, 4), (None, 3)]),
    ],
)
def test_outputs(layer: Layer, output: Shape | list[Shape]) -> None:
    """return_sequences keeps the time axis; return_state adds every state, a stack's cell by cell."""
    assert layer.infer((None, 5, 10)).output == output


def test_unknown_time_steps_reach_the_output() -> None:
    """An unknown number of steps is no error: no weight needs it."""
    assert LSTM(4, return_sequences=True).infer((None, None, 10)).output == (None, None, 4)


def test_conv_lstm_channels_first() -> None:
    """The channels stay where the input has them, also in the states."""
    layer = ConvLSTM2D(4, 3, data_format="channels_first", return_sequences=True, return_state=True)
    outputs = layer.infer((None, 5, 2, 9, 8)).output
    assert outputs == [(None, 5, 4, 7, 6), (None, 4, 7, 6), (None, 4, 7, 6)]


def test_a_single_cell_gives_its_weights_without_its_name() -> None:
    """`RNN(LSTMCell)` names its weights as LSTM does; stacked cells keep their names."""
    single = RNN(cell(LSTMCell(4))).infer((None, 5, 10))
    assert [w.name for w in single.weights] == ["kernel", "recurrent_kernel", "bias"]
    stacked = RNN(STACK).infer((None, 5, 10))
    assert [w.name for w in stacked.weights][::3] == ["lstm_cell/kernel", "gru_cell/kernel"]


def test_gru_names_its_bias_rows() -> None:
    """With reset_after the bias is two rows, which is what people ask about most."""
    bias = GRU(4).infer((None, 5, 10)).weights[-1]
    assert bias.shape == (2, 12)
    assert bias.factors == (("bias rows", 2), ("gates", 3), ("units", 4))


def test_a_frozen_cell_is_frozen_in_its_layer() -> None:
    """Keras reports the weights of a cell with `trainable: false` as not trainable."""
    inferred = RNN(cell(LSTMCell(4), trainable=False)).infer((None, 5, 10))
    assert not any(weight.trainable for weight in inferred.weights)


def test_initial_states_change_nothing() -> None:
    """Keras takes any initial state when it builds a model; so the numbers are the same."""
    layer = LSTM(4)
    assert layer.infer((None, 5, 10), (None, 4), (None, 4)) == layer.infer((None, 5, 10))


def test_a_cell_by_itself_needs_its_states() -> None:
    """A cell called as a layer checks its states, as Keras does by running it on symbols."""
    assert LSTMCell(4).infer((None, 10), (None, 4), (None, 4)).output == [(None, 4)] * 3
    with pytest.raises(LayerError, match="has 2 states, but was given 0"):
        LSTMCell(4).infer((None, 10))
    with pytest.raises(LayerError, match=r"state 1 must have the shape \(None, 4\), got \(None, 5\)"):
        GRUCell(4).infer((None, 10), (None, 5))


@each(
    "layer, x, message",
    [
        (LSTM(4), (None, 10), "rank 3"),
        (LSTM(4), (None, 5, 10, 2), "rank 3"),
        (GRU(4, stateful=True), (None, 5, 10), "batch size"),
        (RNN(cell(Dense(4))), (None, 5, 10), "LSTMCell, not Dense"),
        (RNN(()), (None, 5, 10), "at least one cell"),
        (RNN(cell(SimpleRNNCell(4))), (None, 10), "rank 3"),
        (CuDNNGRU(4, time_major=True), (None, 5, 10), "time_major"),
        (ConvLSTM2D(4, 7), (None, 5, 6, 6, 1), "kernel_size 7 is larger than its input 6"),
        (ConvLSTM2D(4, 3, dilation_rate=3), (None, 5, 6, 6, 1), "dilated to 7"),
        (ConvLSTM2D(4, 3, strides=2, dilation_rate=2), (None, 5, 9, 9, 1), "cannot both be above 1"),
        (ConvLSTM2D(4, 3), (None, 5, None, 9, 1), "height of the input is unknown"),
        (ConvLSTM2D(4, (3, 3, 3)), (None, 5, 9, 9, 1), "kernel_size needs 2 values"),
    ],
)
def test_refusals(layer: Layer, x: Shape, message: str) -> None:
    """What Keras refuses is refused, in words that say what is wrong."""
    with pytest.raises(LayerError, match=message):
        layer.infer(x)


@pytest.mark.parametrize("layer", [LSTM(4), GRU(4), SimpleRNN(4), RNN(cell(GRUCell(4)))])
def test_unknown_features_are_refused(layer: Layer) -> None:
    """The kernel has a row for each feature."""
    with pytest.raises(UnknownDimensionError, match="number of features"):
        layer.infer((None, 5, None))


SIZES = st.integers(1, 50)


@given(SIZES, SIZES, SIZES, st.sampled_from([SimpleRNN, LSTM, GRU, CuDNNLSTM, CuDNNGRU]))
def test_factors_multiply_to_sizes(units: int, steps: int, features: int, cls: type[Layer]) -> None:
    """Every weight's factors multiply to its size, and MACs are steps x the kernels."""
    inferred = cls(units).infer((None, steps, features))
    for weight in inferred.weights:
        assert prod(size for _, size in weight.factors) == weight.params
    kernels = sum(weight.params for weight in inferred.weights if weight.kind == "weight")
    assert count_macs(inferred.macs) == steps * kernels
