"""The optimizers of Keras 3 (keras/src/optimizers)."""

from paramcalc.layers.optimizers import Optimizer, copies, factored, nothing

OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(nothing, nothing),
    "momentum": Optimizer(copies(1), nothing),
    "adam": Optimizer(copies(2), nothing),
    "adamw": Optimizer(copies(2), nothing),
    "adafactor": Optimizer(factored(1), nothing),
    "lion": Optimizer(copies(1), nothing),
}
