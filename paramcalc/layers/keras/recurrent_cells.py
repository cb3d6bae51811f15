"""One time step of a recurrent layer: the cells, and stacks of them.

Keras' cells are layers of their own; the recurrent layers use the same arithmetic from here.
"""

from collections.abc import Sequence
from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, Positive, Sublayer, Weight
from paramcalc.layers.formulas.gates import gated_step
from paramcalc.layers.keras.fields import Activation, Constraint, Initializer, Regularizer
from paramcalc.shapes import Shape, check_rank, format_shape


class Cell(Layer, frozen=True):
    """One time step of a recurrent layer. Subclasses say what a step is."""

    def step(self, x: Shape) -> Inferred:
        """One step on an input without the time axis; the outputs are the output, then the new states."""
        raise NotImplementedError

    def infer(self, x: Shape, *states: Shape) -> Inferred:
        """Infer a cell that is called by itself, which needs its states as inputs."""
        check_rank(x, 2, "(batch, features)")
        one = self.step(x)
        check_states(one.shapes[1:], states)
        return one


def check_states(wanted: Sequence[Shape], given: Sequence[Shape | None]) -> None:
    """Refuse states that do not fit the arithmetic of a step."""
    if len(given) != len(wanted):
        raise LayerError(f"has {len(wanted)} state{'s' * (len(wanted) != 1)}, but was given {len(given)}")
    for number, (want, got) in enumerate(zip(wanted, given, strict=True), 1):
        fits = got is not None and len(got) == len(want)
        if not fits or any(a != b for a, b in zip(want, got or (), strict=True) if None not in (a, b)):
            shape = "nothing" if got is None else format_shape(got)
            raise LayerError(f"state {number} must have the shape {format_shape(want)}, got {shape}")


class SimpleRNNCell(Cell, frozen=True):
    """One step of SimpleRNN: the new state is activation(x·kernel + state·recurrent_kernel + bias).

    Shapes: (batch, features), state (batch, units) → (batch, units), state (batch, units)
    Formula: features × units + units × units + units (bias)
    Source: https://keras.io/api/layers/recurrent_layers/simple_rnn_cell/
    Example: {input: [5, 10], layers: [{RNN: {cell: {SimpleRNNCell: 128}}}]}
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
    kernel_constraint: Constraint = None
    recurrent_constraint: Constraint = None
    bias_constraint: Constraint = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    seed: int | None = None

    def step(self, x: Shape) -> Inferred:
        """One kernel for the input, one for the last output."""
        return gated_step(x, self.units, self.use_bias)


class LSTMCell(Cell, frozen=True):
    """One step of LSTM: four gates, and two states, the output and the carry.

    Shapes: (batch, features), 2 states (batch, units) → (batch, units), 2 states (batch, units)
    Formula: 4 gates × units × (features + units + 1)
    Source: https://keras.io/api/layers/recurrent_layers/lstm_cell/
    Example: {input: [5, 10], layers: [{RNN: {cell: {LSTMCell: 32}}}]}
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
    kernel_constraint: Constraint = None
    recurrent_constraint: Constraint = None
    bias_constraint: Constraint = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    seed: int | None = None
    implementation: int | None = 2

    def step(self, x: Shape) -> Inferred:
        """The gates: input, forget, carry, output."""
        return gated_step(x, self.units, self.use_bias, gates=4, states=2)


class GRUCell(Cell, frozen=True):
    """One step of GRU: three gates, one state; with reset_after, two rows of biases.

    Shapes: (batch, features), state (batch, units) → (batch, units), state (batch, units)
    Formula: 3 gates × units × (features + units + 2), or + 1 with reset_after: false
    Source: https://keras.io/api/layers/recurrent_layers/gru_cell/
    Example: {input: [5, 10], layers: [{RNN: {cell: {GRUCell: 32}}}]}
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
    kernel_constraint: Constraint = None
    recurrent_constraint: Constraint = None
    bias_constraint: Constraint = None
    dropout: float = 0.0
    recurrent_dropout: float = 0.0
    reset_after: bool = True
    seed: int | None = None
    implementation: int | None = 2

    def step(self, x: Shape) -> Inferred:
        """The gates: update, reset, new."""
        return gated_step(x, self.units, self.use_bias, gates=3, bias_rows=2 if self.reset_after else 1)


class StackedRNNCells(Cell, frozen=True):
    """Several cells as one: in each time step, each reads the output of the one before it.

    Shapes: (batch, features), all cells' states → (batch, units of the last), all cells' states
    Formula: the sum of the cells
    Source: https://keras.io/api/layers/recurrent_layers/stacked_rnn_cell/
    Example: {input: [5, 10], layers: [{RNN: {cell: {StackedRNNCells: [{LSTMCell: 32}, {GRUCell: 16}]}}}]}
    """

    list_argument: ClassVar[bool] = True
    sublayers: ClassVar[tuple[str, ...]] = ("cells",)

    cells: tuple[Sublayer, ...]

    def step(self, x: Shape) -> Inferred:
        """Infer the cells in order; their states are concatenated."""
        if not self.cells:
            raise LayerError("needs at least one cell")
        states: list[Shape] = []
        weights: list[Weight] = []
        macs: list[Factors] = []
        for cell in self.cells:
            one = step_of(cell, x)
            x, *new = one.shapes
            states += new
            weights += cell.named(one.weights)
            macs += one.macs
        return Inferred([x, *states], tuple(weights), tuple(macs))


def step_of(cell: Sublayer, x: Shape) -> Inferred:
    """Infer one step of the cell in a field.

    Raises:
        LayerError: when it is no cell.
    """
    if not isinstance(cell, Sublayer) or not isinstance(cell.layer, Cell):
        kind = cell.type if isinstance(cell, Sublayer) else type(cell).__name__
        raise LayerError(f"needs a cell, such as LSTMCell, not {kind}")
    return cell.step(x)
