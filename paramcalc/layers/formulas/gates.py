"""Gates of recurrent layers: one product makes the sums of all gates, and one step is repeated over time."""

from paramcalc.layers.base import Factors, Weight
from paramcalc.shapes import Dim


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
