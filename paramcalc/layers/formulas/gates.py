"""Gates of recurrent layers: one product makes the sums of all gates, and one step is repeated over time."""

from paramcalc.layers.base import Factors, Inferred, Weight
from paramcalc.shapes import Dim, Shape, known


def gate_factors(gates: int, units: int, label: str = "units") -> Factors:
    """The axis on which a kernel holds all gates: gates × units; `label` is what the framework calls a unit."""
    return ((label, units),) if gates == 1 else (("gates", gates), (label, units))


def per_sample(batch: Dim, *weights: Weight) -> tuple[Factors, ...]:
    """The products of one step: a multiply-accumulate per element of each weight, for every sample of a known batch."""
    count: Factors = () if batch is None else (("batch", batch),)
    return tuple((*count, *weight.factors) for weight in weights)


def over_steps(steps: Dim, macs: tuple[Factors, ...]) -> tuple[Factors, ...]:
    """The products of one step, repeated in each of `steps` time steps."""
    return tuple((("time steps", steps), *factors) for factors in macs)


def gated_step(
    x: Shape, units: int, use_bias: bool, *, gates: int = 1, states: int = 1, bias_rows: int = 1
) -> Inferred:
    """A step that multiplies the input and the last output by one kernel each, for all gates at once.

    Args:
        x: the input of one step, (batch, features).
        units: the size of the output and of every state.
        use_bias: whether there is a bias.
        gates: how many sums each unit has: 1 in a simple RNN, 3 in a GRU, 4 in an LSTM.
        states: how many tensors a step hands to the next.
        bias_rows: 2 where the input and the recurrent product have a bias each.
    """
    features = known(x, -1, "number of features")
    columns = gate_factors(gates, units)
    rows: Factors = () if bias_rows == 1 else (("bias rows", bias_rows),)
    wide = gates * units
    kernel = Weight("kernel", (features, wide), (("features", features), *columns))
    recurrent = Weight("recurrent_kernel", (units, wide), (("last units", units), *columns))
    bias_shape = (wide,) if bias_rows == 1 else (bias_rows, wide)
    biases = (Weight("bias", bias_shape, (*rows, *columns), "bias"),) if use_bias else ()
    outputs: list[Shape] = [(x[0], units)] * (1 + states)
    return Inferred(outputs, (kernel, recurrent, *biases), per_sample(x[0], kernel, recurrent))
