"""Gates of recurrent layers: one matrix product computes all gates, and one step is repeated over time."""

from paramcalc.layers.base import Factors, Inferred, Weight
from paramcalc.shapes import Dim, Shape, known


def gate_factors(gates: int, units: int, label: str = "units") -> Factors:
    """The kernel axis that holds all gates: gates × units; `label` is the framework's term for a unit."""
    return ((label, units),) if gates == 1 else (("gates", gates), (label, units))


def per_sample(batch: Dim, *weights: Weight) -> tuple[Factors, ...]:
    """The multiply-accumulates of one step: one per weight element, times the batch size if it is known."""
    count: Factors = () if batch is None else (("batch", batch),)
    return tuple((*count, *weight.factors) for weight in weights)


def over_steps(steps: Dim, macs: tuple[Factors, ...]) -> tuple[Factors, ...]:
    """The multiply-accumulates of one step, repeated for `steps` time steps."""
    return tuple((("time steps", steps), *factors) for factors in macs)


def gated_step(
    x: Shape, units: int, use_bias: bool, *, gates: int = 1, states: int = 1, bias_rows: int = 1
) -> Inferred:
    """One step, which multiplies the input and the previous output by one kernel each, for all gates at once.

    Args:
        x: the input of one step, (batch, features).
        units: the size of the output and of every state.
        use_bias: whether there is a bias.
        gates: the number of gates per unit: 1 in a simple RNN, 3 in a GRU, 4 in an LSTM.
        states: the number of state tensors passed to the next step.
        bias_rows: 2 if the input product and the recurrent product have a bias each.
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
