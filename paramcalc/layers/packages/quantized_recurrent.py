"""The recurrent layers and cells of QKeras 0.9."""

from typing import Any, ClassVar

from paramcalc.layers.keras import recurrent, recurrent_cells
from paramcalc.layers.packages.quantized import QuantizedLayer
from paramcalc.layers.packages.quantizers import Quantizer


class QRecurrent(QuantizedLayer, frozen=True):
    """The quantizers of both kernels, the bias and the state."""

    signs: ClassVar[tuple[str, ...]] = ("kernel_quantizer", "recurrent_quantizer", "bias_quantizer", "state_quantizer")


class QSimpleRNN(QRecurrent, recurrent.SimpleRNN, frozen=True):
    """SimpleRNN with quantized weights."""

    activation: Any = "quantized_tanh"
    implementation: Any = 1
    kernel_quantizer: Quantizer = None
    recurrent_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    state_quantizer: Quantizer = None
    time_major: bool = False


class QLSTM(QRecurrent, recurrent.LSTM, frozen=True):
    """LSTM with quantized weights."""

    activation: Any = "quantized_tanh"
    recurrent_activation: Any = "hard_sigmoid"
    kernel_quantizer: Quantizer = None
    recurrent_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    state_quantizer: Quantizer = None
    time_major: bool = False


class QGRU(QRecurrent, recurrent.GRU, frozen=True):
    """GRU with quantized weights."""

    activation: Any = "quantized_tanh"
    recurrent_activation: Any = "hard_sigmoid"
    reset_after: bool = False
    kernel_quantizer: Quantizer = None
    recurrent_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    state_quantizer: Quantizer = None
    time_major: bool = False


class QSimpleRNNCell(QRecurrent, recurrent_cells.SimpleRNNCell, frozen=True):
    """SimpleRNNCell with quantized weights."""

    activation: Any = "quantized_tanh"
    implementation: Any = 1
    kernel_quantizer: Quantizer = None
    recurrent_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    state_quantizer: Quantizer = None


class QLSTMCell(QRecurrent, recurrent_cells.LSTMCell, frozen=True):
    """LSTMCell with quantized weights."""

    activation: Any = "quantized_tanh"
    recurrent_activation: Any = "hard_sigmoid"
    kernel_quantizer: Quantizer = None
    recurrent_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    state_quantizer: Quantizer = None


class QGRUCell(QRecurrent, recurrent_cells.GRUCell, frozen=True):
    """GRUCell with quantized weights."""

    activation: Any = "quantized_tanh"
    recurrent_activation: Any = "hard_sigmoid"
    reset_after: bool = False
    kernel_quantizer: Quantizer = None
    recurrent_quantizer: Quantizer = None
    bias_quantizer: Quantizer = None
    state_quantizer: Quantizer = None
