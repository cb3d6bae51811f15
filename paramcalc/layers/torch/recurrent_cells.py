"""Single time steps of the recurrent layers: RNNCell, LSTMCell and GRUCell."""

from typing import ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight, macs_at
from paramcalc.layers.formulas.gates import gate_factors
from paramcalc.layers.torch.common import agreed, check_axis
from paramcalc.shapes import Shape, check_rank


def gate_weights(
    gates: int, size: tuple[str, int], hidden: int, state: tuple[str, int], suffix: str, bias: bool
) -> tuple[Weight, ...]:
    """Return the weights of one step in PyTorch's order: for the input, for the state, and two biases.

    Args:
        gates: 4 for an LSTM, 3 for a GRU, else 1.
        size: the name and size of the input.
        hidden: the hidden size.
        state: the name and size of the recurrent state.
        suffix: the end of the names: "" in a cell, "_l0_reverse" in a layer.
        bias: whether there are biases.
    """
    rows = gate_factors(gates, hidden, "hidden_size")
    weights = [
        Weight(f"weight_ih{suffix}", (gates * hidden, size[1]), (*rows, size)),
        Weight(f"weight_hh{suffix}", (gates * hidden, state[1]), (*rows, state)),
    ]
    if bias:
        weights += [Weight(f"bias_{name}{suffix}", (gates * hidden,), rows, "bias") for name in ("ih", "hh")]
    return tuple(weights)


class Cell(Layer, frozen=True, kw_only=True):
    """Base of the cells."""

    gates: ClassVar[int]
    states: ClassVar[int] = 1
    inferred_fields: ClassVar[tuple[str, ...]] = ("input_size",)

    input_size: Positive | None = None
    hidden_size: Positive
    bias: bool = True

    def infer(self, x: Shape, *state: Shape) -> Inferred:
        """Multiply the input and the last state with the weights of all gates."""
        check_rank(x, 2, "(batch, input_size)")
        size = ("input_size", agreed(self.input_size, x, 1, "input_size"))
        if len(state) not in (0, self.states):
            raise LayerError(f"takes {self.states} state{'s' * (self.states > 1)} or none, got {len(state)}")
        for shape in state:
            check_rank(shape, 2, "(batch, hidden_size)")
            check_axis(shape, 0, x[0], "a batch of")
            check_axis(shape, 1, self.hidden_size, "hidden_size")
        hidden = ("hidden_size", self.hidden_size)
        weights = gate_weights(self.gates, size, self.hidden_size, hidden, "", self.bias)
        output = (x[0], self.hidden_size)
        return Inferred(output if self.states == 1 else [output, output], weights, macs_at(x[:1], *weights[:2]))


class RNNCell(Cell, frozen=True, kw_only=True):
    """One step of a simple recurrent layer.

    Values without names are PyTorch's order; a single one is hidden_size. A second input is the last state.

    Shapes: (batch, input_size) → (batch, hidden_size)
    Formula: hidden_size × (input_size + hidden_size + 2)
    Note: there are two biases, bias_ih and bias_hh, though only their sum matters: cuDNN has it so
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.RNNCell.html
    Example: {framework: torch, input: [10], layers: [{RNNCell: 20}]}
    """

    gates: ClassVar[int] = 1

    nonlinearity: Literal["tanh", "relu"] = "tanh"


class LSTMCell(Cell, frozen=True, kw_only=True):
    """One step of an LSTM: it gives the hidden state and the cell state.

    Values without names are PyTorch's order; a single one is hidden_size. Two more inputs are the last states.

    Shapes: (batch, input_size) → (batch, hidden_size), twice
    Formula: 4 × hidden_size × (input_size + hidden_size + 2)
    Note: there are two biases, bias_ih and bias_hh, though only their sum matters: cuDNN has it so
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LSTMCell.html
    Example: {framework: torch, input: [10], layers: [{LSTMCell: 20}]}
    """

    gates: ClassVar[int] = 4
    states: ClassVar[int] = 2


class GRUCell(Cell, frozen=True, kw_only=True):
    """One step of a GRU.

    Values without names are PyTorch's order; a single one is hidden_size. A second input is the last state.

    Shapes: (batch, input_size) → (batch, hidden_size)
    Formula: 3 × hidden_size × (input_size + hidden_size + 2)
    Note: there are two biases, bias_ih and bias_hh: the candidate's second one is reset with the state
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.GRUCell.html
    Example: {framework: torch, input: [10], layers: [{GRUCell: 20}]}
    """

    gates: ClassVar[int] = 3
