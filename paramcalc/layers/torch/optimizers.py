"""The optimizers of PyTorch 2.13 (torch/optim), and those of other packages that train PyTorch models.

On a GPU, PyTorch's optimizers update all weights at once (`foreach`), which takes a copy of them. bitsandbytes' 8-bit
AdamW (0.49) keeps its states in blocks of 256 with one scale each, but in float32 for small weights. Lion is that of
lion-pytorch 0.2.
"""

from math import prod

from paramcalc.layers.optimizers import Optimizer, TrainedWeight, copies, factored, nothing

BLOCK = 256
"""Elements that share a scale in an 8-bit state (bitsandbytes/optim/optimizer.py)."""
SMALL = 4096
"""Weights with fewer elements keep their states in float32 (min_8bit_size)."""


def in_blocks(weight: TrainedWeight) -> int:
    """Return the bytes of two 8-bit states with a float32 scale per block, or two float32 states for small weights."""
    count = prod(weight[0])
    return 2 * (count + 4 * -(-count // BLOCK)) if count >= SMALL else 8 * count


def momentum_of_matrices(weight: TrainedWeight) -> int:
    """Return Muon's state: one momentum for a matrix; other weights use AdamW, as PyTorch's documentation advises."""
    return copies(1 if len(weight[0]) == 2 else 2)(weight)


def newton_schulz(weight: TrainedWeight) -> int:
    """Return Muon's workspace for orthogonalising a matrix.

    In bfloat16 it takes the matrix and its successor, and the Gram matrix twice; the update is kept beside them.
    """
    shape, item = weight
    if len(shape) != 2:
        return copies(1)(weight)
    count = prod(shape)
    return 4 * count + 4 * min(shape) ** 2 + (count * item if item > 2 else 0)


OPTIMIZERS: dict[str, Optimizer] = {
    "sgd": Optimizer(nothing, nothing),
    "momentum": Optimizer(copies(1), nothing),
    "adam": Optimizer(copies(2), copies(1)),
    "adamw": Optimizer(copies(2), copies(1)),
    "adamw-8bit": Optimizer(in_blocks, nothing),
    "adafactor": Optimizer(factored(0), copies(1)),
    "muon": Optimizer(momentum_of_matrices, newton_schulz, together=False),
    "lion": Optimizer(copies(1), copies(2), together=False),
}
