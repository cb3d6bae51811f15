"""ConvLSTM: recurrent layers whose two products are convolutions."""

from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Positive, Size, Weight, macs_at
from paramcalc.layers.formulas.gates import gate_factors
from paramcalc.layers.formulas.spatial import SPATIAL_NAMES, join_channels
from paramcalc.layers.keras.convolutional import (
    Padding,
    check_stride_or_dilation,
    sliding,
)
from paramcalc.layers.keras.fields import Activation, Constraint, DataFormat, Initializer, Regularizer
from paramcalc.layers.keras.recurrent import Recurrent, over_time, without_time
from paramcalc.shapes import Shape, check_rank

GATES = 4


class ConvLSTM(Recurrent, frozen=True):
    """Base of the three ConvLSTM layers; `rank` is the number of spatial axes."""

    rank: ClassVar[int]

    filters: Positive
    kernel_size: Size
    strides: Size = 1
    padding: Padding = "valid"
    data_format: DataFormat = None
    dilation_rate: Size = 1
    activation: Activation = "tanh"
    recurrent_activation: Activation = "sigmoid"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    recurrent_initializer: Initializer = "orthogonal"
    bias_initializer: Initializer = "zeros"
    unit_forget_bias: bool = True
    kernel_regularizer: Regularizer = None
    recurrent_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    recurrent_constraint: Constraint = None
    bias_constraint: Constraint = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    seed: int | None = None
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    zero_output_for_mask: bool = False

    def infer(self, x: Shape, *initial_state: Shape) -> Inferred:
        """Infer one convolution of the input and one of the last output, at every time step."""
        names = SPATIAL_NAMES[self.rank]
        first = self.data_format == "channels_first"
        layout = ("batch", "time", "channels", *names) if first else ("batch", "time", *names, "channels")
        check_rank(x, self.rank + 3, f"({', '.join(layout)})")
        return over_time(self, x, self.step(without_time(x)))

    def step(self, x: Shape) -> Inferred:
        """Infer one time step; its outputs are the output, then the states (output and carry)."""
        spatial, channels, window = sliding(self, x)
        check_stride_or_dilation(window)
        self.check_states(spatial)
        lengths = window.lengths(spatial)  # the recurrent convolution keeps them
        columns = gate_factors(GATES, self.filters, "filters")
        wide = GATES * self.filters
        reads = (*window.factors, ("channels", channels))
        kernel = Weight("kernel", (*window.size, channels, wide), (*reads, *columns))
        reads = (*window.factors, ("last filters", self.filters))
        recurrent = Weight("recurrent_kernel", (*window.size, self.filters, wide), (*reads, *columns))
        biases = (Weight("bias", (wide,), columns, "bias"),) if self.use_bias else ()
        output = join_channels(x[0], lengths, self.filters, self.data_format)
        return Inferred([output] * 3, (kernel, recurrent, *biases), macs_at((x[0], *lengths), kernel, recurrent))

    def check_states(self, spatial: Shape) -> None:
        """Refuse an input of unknown size."""
        for name, length in zip(SPATIAL_NAMES[self.rank], spatial, strict=True):
            if length is None:
                raise LayerError(f"the {name} of the input is unknown, but the states depend on it")


class ConvLSTM1D(ConvLSTM, frozen=True):
    """LSTM over sequences of rows: its products are 1D convolutions.

    Shapes: (batch, time, length, channels) → (batch, new length, filters)
    Formula: kernel × (channels + filters) × 4 gates × filters + 4 × filters (bias)
    Source: Shi et al. 2015, arXiv:1506.04214; https://keras.io/api/layers/recurrent_layers/conv_lstm1d/
    Example: {input: [5, 28, 3], layers: [{ConvLSTM1D: [8, 3]}]}
    """

    rank: ClassVar[int] = 1


class ConvLSTM2D(ConvLSTM, frozen=True):
    """LSTM over sequences of images: its products are 2D convolutions.

    Shapes: (batch, time, height, width, channels) → (batch, new height, new width, filters)
    Formula: kernel × (channels + filters) × 4 gates × filters + 4 × filters (bias)
    Source: Shi et al. 2015, arXiv:1506.04214; https://keras.io/api/layers/recurrent_layers/conv_lstm2d/
    Example: {input: [5, 28, 28, 3], layers: [{ConvLSTM2D: [8, 3]}]}
    """

    rank: ClassVar[int] = 2


class ConvLSTM3D(ConvLSTM, frozen=True):
    """LSTM over sequences of volumes: its products are 3D convolutions.

    Shapes: (batch, time, depth, height, width, channels) → (batch, new depth, new height, new width, filters)
    Formula: kernel × (channels + filters) × 4 gates × filters + 4 × filters (bias)
    Source: Shi et al. 2015, arXiv:1506.04214; https://keras.io/api/layers/recurrent_layers/conv_lstm3d/
    Example: {input: [5, 8, 28, 28, 3], layers: [{ConvLSTM3D: [8, 3]}]}
    """

    rank: ClassVar[int] = 3
