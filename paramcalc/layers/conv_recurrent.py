"""ConvLSTM: recurrent layers whose two products are convolutions."""

from math import prod
from typing import Any, ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import (
    Activation,
    Constraint,
    DataFormat,
    Factors,
    Inferred,
    Initializer,
    Positive,
    Regularizer,
    Size,
    Weight,
)
from paramcalc.layers.recurrent import Recurrent, over_time, without_time
from paramcalc.layers.recurrent_cells import per_sample
from paramcalc.shapes import Shape, check_rank, known, ntuple, window_length

GATES = 4
AXES = {1: ("length",), 2: ("height", "width"), 3: ("depth", "height", "width")}


class ConvLSTM(Recurrent, frozen=True):
    """What the three ConvLSTM layers share; `rank` is the number of spatial axes."""

    rank: ClassVar[int]

    filters: Positive
    kernel_size: Size
    strides: Size = 1
    padding: Literal["valid", "same", "VALID", "SAME", "Valid", "Same"] = "valid"
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
        """One convolution of the input, and one of the last output, in every time step."""
        spatial = ", ".join(AXES[self.rank])
        first = self.data_format == "channels_first"
        layout = f"channels, {spatial}" if first else f"{spatial}, channels"
        check_rank(x, self.rank + 3, f"(batch, time, {layout})")
        return over_time(self, x, self.step(without_time(x)))

    def step(self, x: Shape) -> Inferred:
        """One time step; the outputs are the output, and the states: output and carry."""
        first = self.data_format == "channels_first"
        channels = known(x, 1 if first else -1, "number of channels")
        sizes = self.output_sizes(x[2:] if first else x[1:-1])
        kernel_size = ntuple(self.kernel_size, self.rank, "kernel_size")
        named = tuple((f"kernel {axis}", k) for axis, k in zip(AXES[self.rank], kernel_size, strict=True))
        columns: Factors = (("gates", GATES), ("filters", self.filters))
        wide = GATES * self.filters
        kernel = Weight("kernel", (*kernel_size, channels, wide), (*named, ("channels", channels), *columns))
        recurrent = Weight(
            "recurrent_kernel",
            (*kernel_size, self.filters, wide),
            (*named, ("last filters", self.filters), *columns),
        )
        biases = (Weight("bias", (wide,), columns, "bias"),) if self.use_bias else ()
        output: Shape = (x[0], self.filters, *sizes) if first else (x[0], *sizes, self.filters)
        positions = prod(sizes)
        macs = tuple((("positions", positions), *each) for each in per_sample(x[0], kernel, recurrent))
        return Inferred([output] * 3, (kernel, recurrent, *biases), macs)

    def output_sizes(self, spatial: Shape) -> tuple[int, ...]:
        """The spatial sizes after the convolution of the input; the recurrent one keeps them."""
        kernel = ntuple(self.kernel_size, self.rank, "kernel_size")
        strides = ntuple(self.strides, self.rank, "strides")
        dilation = ntuple(self.dilation_rate, self.rank, "dilation_rate")
        if max(strides) > 1 and max(dilation) > 1:
            raise LayerError("strides and dilation_rate cannot both be larger than 1")
        sizes = []
        for axis, size in enumerate(spatial):
            name = AXES[self.rank][axis]
            if size is None:
                raise LayerError(f"the {name} of the input is unknown, but the states depend on it")
            args: Any = (kernel[axis], strides[axis], self.padding.lower(), dilation[axis])
            length = window_length(known(spatial, axis), *args)
            if length is None or length < 1:
                span = dilation[axis] * (kernel[axis] - 1) + 1
                raise LayerError(f"the kernel spans {span}, more than the input's {name} of {size}")
            sizes.append(length)
        return tuple(sizes)


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
