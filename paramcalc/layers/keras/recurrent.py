"""Recurrent layers: one step, repeated over the time axis with the same weights.

Further inputs are the initial state. They change no number, and Keras does not look at their shapes when
it builds a model, so neither do these formulas.
"""

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Sublayer, Weight
from paramcalc.layers.formulas.gates import gated_step, over_steps
from paramcalc.layers.keras.fields import Activation, Constraint, Initializer, Regularizer
from paramcalc.shapes import Shape, check_min_rank, check_rank

LAYOUT = "(batch, time, features)"


class Recurrent(Layer, frozen=True):
    """Marks layers that `Bidirectional` can run both ways: they have the fields of `Flags`."""

    mask_arguments: ClassVar[tuple[str, ...]] = ("mask",)


if TYPE_CHECKING:
    from typing import Protocol

    class Flags(Protocol):
        """The fields of all recurrent layers."""

        @property
        def return_sequences(self) -> bool:
            """Whether the output has every time step, not only the last."""

        @property
        def return_state(self) -> bool:
            """Whether the last states are further outputs."""

        @property
        def stateful(self) -> bool:
            """Whether the states are kept from batch to batch."""


def without_time(x: Shape) -> Shape:
    """Return the input of one step."""
    return (x[0], *x[2:])


def over_time(flags: "Flags", x: Shape, one: Inferred) -> Inferred:
    """Repeat a step over axis 1 of `x`: its weights once, its arithmetic at every time step.

    Args:
        flags: the recurrent layer.
        x: the whole input.
        one: one step; its outputs are the output, then the states.
    """
    if flags.stateful and x[0] is None:
        raise LayerError("stateful needs a known batch size; give the input one, or --batch-size")
    output, *states = one.shapes
    if flags.return_sequences:
        output = (output[0], x[1], *output[1:])
    outputs: Any = [output, *states] if flags.return_state else output
    return Inferred(outputs, one.weights, over_steps(x[1], one.macs))


class RNN(Recurrent, frozen=True):
    """Runs a cell, or a list of cells stacked on each other, over the time axis.

    Shapes: (batch, time, features) → (batch, units), with return_sequences (batch, time, units)
    Formula: that of the cell
    Source: https://keras.io/api/layers/recurrent_layers/rnn/
    Example: {input: [5, 10], layers: [{RNN: {cell: [{LSTMCell: 32}, {LSTMCell: 16}]}}]}
    """

    sublayers: ClassVar[tuple[str, ...]] = ("cell",)

    cell: Any  # a Sublayer or several: msgspec has no union for that, so `step_of` checks
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    zero_output_for_mask: bool = False

    def infer(self, x: Shape, *initial_state: Shape) -> Inferred:
        """Infer the cell's step at every time step."""
        from paramcalc.layers.keras.recurrent_cells import StackedRNNCells, step_of  # the other layers need no cells

        check_min_rank(x, 3)
        cell = self.cell
        if isinstance(cell, (list, tuple)):
            cell = Sublayer(StackedRNNCells(tuple(cell)), "stacked_rnn_cells", "StackedRNNCells")
        one = step_of(cell, without_time(x))
        own = Inferred(one.output, cell.named(one.weights, ""), one.macs)
        return over_time(self, x, own)


class SimpleRNN(Recurrent, frozen=True):
    """Recurrent layer whose output is its state: activation(x·kernel + state·recurrent_kernel + bias).

    Shapes: (batch, time, features) → (batch, units), with return_sequences (batch, time, units)
    Formula: features × units + units × units + units (bias)
    Note: there is one bias; PyTorch's RNN has two, bias_ih and bias_hh, of which only the sum matters
    Source: https://keras.io/api/layers/recurrent_layers/simple_rnn/
    Example: {input: [5, 10], layers: [{SimpleRNN: 128}]}
    """

    units: Positive
    activation: Activation = "tanh"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    recurrent_initializer: Initializer = "orthogonal"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    recurrent_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    recurrent_constraint: Constraint = None
    bias_constraint: Constraint = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    unroll: bool = False
    seed: int | None = None
    zero_output_for_mask: bool = False

    def infer(self, x: Shape, *initial_state: Shape) -> Inferred:
        """Infer one kernel for the input and one for the last output, applied at every time step."""
        check_rank(x, 3, LAYOUT)
        one = gated_step(without_time(x), self.units, self.use_bias)
        return over_time(self, x, one)


class LSTM(Recurrent, frozen=True):
    """Long short-term memory: four gates, and a carry beside the output.

    Shapes: (batch, time, features) → (batch, units), with return_sequences (batch, time, units)
    Formula: 4 gates × units × (features + units + 1)
    Note: there is one bias; PyTorch's LSTM has two, bias_ih and bias_hh, of which only the sum matters
    Source: Hochreiter & Schmidhuber 1997; https://keras.io/api/layers/recurrent_layers/lstm/
    Example: {input: [5, 10], layers: [{LSTM: 32}]}
    """

    units: Positive
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
    use_cudnn: Literal["auto"] | bool = "auto"
    zero_output_for_mask: bool = False
    implementation: int | None = 2

    def infer(self, x: Shape, *initial_state: Shape) -> Inferred:
        """All four gates from one kernel for the input and one for the last output."""
        check_rank(x, 3, LAYOUT)
        one = gated_step(without_time(x), self.units, self.use_bias, gates=4, states=2)
        return over_time(self, x, one)


class GRU(Recurrent, frozen=True):
    """Gated recurrent unit: three gates; with reset_after (the default), two rows of biases.

    reset_after applies the reset gate after the recurrent product, as cuDNN does, so that product has
    biases of its own.

    Shapes: (batch, time, features) → (batch, units), with return_sequences (batch, time, units)
    Formula: 3 gates × units × (features + units + 2), or + 1 with reset_after: false
    Source: Cho et al. 2014, arXiv:1406.1078; https://keras.io/api/layers/recurrent_layers/gru/
    Note: reset_after=True (the default) has two rows of biases, the kernel's and the recurrent kernel's, as cuDNN does
    Example: {input: [5, 10], layers: [{GRU: 32}]}
    """

    units: Positive
    activation: Activation = "tanh"
    recurrent_activation: Activation = "sigmoid"
    use_bias: bool = True
    kernel_initializer: Initializer = "glorot_uniform"
    recurrent_initializer: Initializer = "orthogonal"
    bias_initializer: Initializer = "zeros"
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
    reset_after: bool = True
    use_cudnn: Literal["auto"] | bool = "auto"
    zero_output_for_mask: bool = False
    implementation: int | None = 2

    def infer(self, x: Shape, *initial_state: Shape) -> Inferred:
        """All three gates from one kernel for the input and one for the last output."""
        check_rank(x, 3, LAYOUT)
        rows = 2 if self.reset_after else 1
        one = gated_step(without_time(x), self.units, self.use_bias, gates=3, bias_rows=rows)
        return over_time(self, x, one)


class CuDNNLSTM(Recurrent, frozen=True):
    """Keras 2's LSTM for GPUs: always two biases a gate, one of the input and one of the state.

    Shapes: (batch, time, features) → (batch, units), with return_sequences (batch, time, units)
    Formula: 4 gates × units × (features + units + 2)
    Source: https://github.com/keras-team/tf-keras/blob/master/tf_keras/layers/rnn/cudnn_lstm.py
    Example: {input: [5, 10], layers: [{CuDNNLSTM: 32}]}
    """

    units: Positive
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
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    time_major: bool = False

    def infer(self, x: Shape, *initial_state: Shape) -> Inferred:
        """The same as LSTM, with the biases doubled in one vector."""
        return over_time(self, x, cudnn_step(self, x, gates=4, states=2))


class CuDNNGRU(Recurrent, frozen=True):
    """Keras 2's GRU for GPUs: always two biases a gate, one of the input and one of the state.

    Shapes: (batch, time, features) → (batch, units), with return_sequences (batch, time, units)
    Formula: 3 gates × units × (features + units + 2)
    Source: https://github.com/keras-team/tf-keras/blob/master/tf_keras/layers/rnn/cudnn_gru.py
    Example: {input: [5, 10], layers: [{CuDNNGRU: 32}]}
    """

    units: Positive
    kernel_initializer: Initializer = "glorot_uniform"
    recurrent_initializer: Initializer = "orthogonal"
    bias_initializer: Initializer = "zeros"
    kernel_regularizer: Regularizer = None
    recurrent_regularizer: Regularizer = None
    bias_regularizer: Regularizer = None
    activity_regularizer: Regularizer = None
    kernel_constraint: Constraint = None
    recurrent_constraint: Constraint = None
    bias_constraint: Constraint = None
    return_sequences: bool = False
    return_state: bool = False
    go_backwards: bool = False
    stateful: bool = False
    time_major: bool = False

    def infer(self, x: Shape, *initial_state: Shape) -> Inferred:
        """The same as GRU with reset_after, its biases in one vector."""
        return over_time(self, x, cudnn_step(self, x, gates=3, states=1))


def cudnn_step(layer: CuDNNLSTM | CuDNNGRU, x: Shape, *, gates: int, states: int) -> Inferred:
    """Return a step with two rows of biases, which cuDNN stores in one vector."""
    if layer.time_major:
        raise LayerError("time_major: true is not supported: put the batch first")
    check_rank(x, 3, LAYOUT)
    one = gated_step(without_time(x), layer.units, True, gates=gates, states=states, bias_rows=2)
    kernel, recurrent, bias = one.weights
    flat = Weight(bias.name, (bias.params,), bias.factors, bias.kind)
    return Inferred(one.output, (kernel, recurrent, flat), one.macs)
