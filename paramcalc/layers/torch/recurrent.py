"""Recurrent layers, stacked and bidirectional: RNN, LSTM and GRU."""

from typing import TYPE_CHECKING, ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, NonNegative, Positive, Rate, Weight
from paramcalc.layers.formulas.gates import over_steps, per_sample
from paramcalc.layers.torch.common import agreed
from paramcalc.layers.torch.recurrent_cells import gate_weights
from paramcalc.shapes import Dim, Shape, check_rank, format_shape


class Recurrent(Layer, frozen=True, kw_only=True):
    """Base of the recurrent layers."""

    gates: ClassVar[int]
    inferred_fields: ClassVar[tuple[str, ...]] = ("input_size",)

    input_size: Positive | None = None
    hidden_size: Positive
    num_layers: Positive = 1
    if TYPE_CHECKING:  # declared by each class itself: RNN has a field before them
        bias: bool = True
        batch_first: bool = False
        dropout: Rate = 0.0
        bidirectional: bool = False

    @property
    def layers_inside(self) -> int:
        """The number of layers computed here: one per layer and direction."""
        return self.num_layers * (2 if self.bidirectional else 1)

    @property
    def projection(self) -> int:
        """The size that the hidden state is projected to; 0 for no projection."""
        return 0

    def infer(self, x: Shape, *state: Shape) -> Inferred:
        """Infer the output of every step, then the last state of every layer."""
        check_rank(x, 3, "(batch, time, input_size)" if self.batch_first else "(time, batch, input_size)")
        batch, steps = (x[0], x[1]) if self.batch_first else (x[1], x[0])
        size = agreed(self.input_size, x, 2, "input_size")
        fed_back = self.projection or self.hidden_size
        directions = 2 if self.bidirectional else 1
        states = self.states(batch, fed_back)
        check_states(state, states)
        weights: list[Weight] = []
        for layer in range(self.num_layers):
            read = ("input_size", size) if layer == 0 else (f"output of layer {layer - 1}", fed_back * directions)
            for suffix in (f"_l{layer}", f"_l{layer}_reverse")[:directions]:
                weights += self.layer(read, suffix)
        products = [weight for weight in weights if weight.kind == "weight"]
        macs = over_steps(steps, per_sample(batch, *products))
        return Inferred([(*x[:2], fed_back * directions), *states], tuple(weights), macs)

    def states(self, batch: Dim, fed_back: int) -> list[Shape]:
        """Return the shapes of the states, which follow the output."""
        return [(self.layers_inside, batch, fed_back)]

    def layer(self, read: tuple[str, int], suffix: str) -> tuple[Weight, ...]:
        """Return the weights of one layer in one direction."""
        fed_back = ("proj_size", self.projection) if self.projection else ("hidden_size", self.hidden_size)
        return gate_weights(self.gates, read, self.hidden_size, fed_back, suffix, self.bias)


def check_states(given: tuple[Shape, ...], wanted: list[Shape]) -> None:
    """Refuse initial states unless there are none, or all of them in the shapes of the final states."""
    if len(given) not in (0, len(wanted)):
        raise LayerError(f"takes {len(wanted)} state{'s' * (len(wanted) > 1)} or none, got {len(given)}")
    for got, shape in zip(given, wanted, strict=False):
        if len(got) != len(shape) or any(None not in (a, b) and a != b for a, b in zip(got, shape, strict=True)):
            raise LayerError(f"expects a state {format_shape(shape)}, got {format_shape(got)}")


class RNN(Recurrent, frozen=True, kw_only=True):
    """A simple recurrent layer, or a stack of them.

    Values without names are PyTorch's order; a single one is hidden_size. It gives the outputs and the last state; a
    second input is the state to begin with.

    Shapes: (batch, time, input_size) → (batch, time, directions × hidden_size) and (layers × directions, batch,
      hidden_size)
    Formula: for each direction of the first layer: hidden_size × (input_size + hidden_size + 2)
    Note: there are two biases, bias_ih and bias_hh, though only their sum matters: cuDNN has it so; Keras has one
    Note: without batch_first: true, axis 0 is time, also in a spec, and MACs are unknown while its size is
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.RNN.html
    Example: {framework: torch, input: [5, 10], layers: [{RNN: {hidden_size: 20, batch_first: true}}]}
    """

    gates: ClassVar[int] = 1

    nonlinearity: Literal["tanh", "relu"] = "tanh"
    bias: bool = True
    batch_first: bool = False
    dropout: Rate = 0.0
    bidirectional: bool = False


class LSTM(Recurrent, frozen=True, kw_only=True):
    """Long short-term memory: four gates, a hidden state and a cell state; or a stack of them.

    Values without names are PyTorch's order; a single one is hidden_size. It gives the outputs, the last hidden states
    and the last cell states; two more inputs are the states to begin with.

    Shapes: (batch, time, input_size) → (batch, time, directions × hidden_size) and twice (layers × directions, batch,
      hidden_size)
    Formula: for each direction of the first layer: 4 × hidden_size × (input_size + hidden_size + 2)
    Note: there are two biases, bias_ih and bias_hh, though only their sum matters: cuDNN has it so; Keras has one,
      and 4 × hidden_size parameters fewer for each layer and direction
    Note: without batch_first: true, axis 0 is time, also in a spec, and MACs are unknown while its size is
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LSTM.html
    Example: {framework: torch, input: [5, 10], layers: [{LSTM: {hidden_size: 20, batch_first: true}}]}
    """

    gates: ClassVar[int] = 4

    bias: bool = True
    batch_first: bool = False
    dropout: Rate = 0.0
    bidirectional: bool = False
    proj_size: NonNegative = 0

    @property
    def projection(self) -> int:
        """proj_size, which must be smaller than hidden_size."""
        if self.proj_size >= self.hidden_size:
            raise LayerError(f"proj_size {self.proj_size} must be smaller than hidden_size {self.hidden_size}")
        return self.proj_size

    def states(self, batch: Dim, fed_back: int) -> list[Shape]:
        """Return the shapes of the hidden state, which is projected, and of the cell state, which is not."""
        return [(self.layers_inside, batch, fed_back), (self.layers_inside, batch, self.hidden_size)]

    def layer(self, read: tuple[str, int], suffix: str) -> tuple[Weight, ...]:
        """Return the weights, ending with the projection of the hidden state."""
        weights = Recurrent.layer(self, read, suffix)
        if not self.projection:
            return weights
        factors: Factors = (("proj_size", self.projection), ("hidden_size", self.hidden_size))
        return (*weights, Weight(f"weight_hr{suffix}", (self.projection, self.hidden_size), factors))


class GRU(Recurrent, frozen=True, kw_only=True):
    """Gated recurrent unit: three gates and one state; or a stack of them.

    Values without names are PyTorch's order; a single one is hidden_size. It gives the outputs and the last state; a
    second input is the state to begin with.

    Shapes: (batch, time, input_size) → (batch, time, directions × hidden_size) and (layers × directions, batch,
      hidden_size)
    Formula: for each direction of the first layer: 3 × hidden_size × (input_size + hidden_size + 2)
    Note: there are two biases, bias_ih and bias_hh: the candidate's second one is reset with the state, as in Keras'
      GRU with reset_after: true
    Note: without batch_first: true, axis 0 is time, also in a spec, and MACs are unknown while its size is
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.GRU.html
    Example: {framework: torch, input: [5, 10], layers: [{GRU: {hidden_size: 20, batch_first: true}}]}
    """

    gates: ClassVar[int] = 3

    bias: bool = True
    batch_first: bool = False
    dropout: Rate = 0.0
    bidirectional: bool = False
