"""The optimizers of PyTorch 2.13 (torch/optim), and those of other packages that train its models.

On a GPU PyTorch's work on all weights at once (`foreach`), for which they copy them. The states of bitsandbytes' 8-bit
AdamW (0.49) are in blocks of 256 with a scale each, but in float32 for small weights. Lion is that of lion-pytorch 0.2.
"""

from math import prod

from paramcalc.layers.optimizers import Optimizer, TrainedWeight, copies, factored, nothing

BLOCK = 256
"""Elements that share a scale in an 8-bit state (bitsandbytes/optim/optimizer.py)."""
SMALL = 4096
"""Weights with fewer elements keep their states in float32 (min_8bit_size)."""


def in_blocks(weight: TrainedWeight) -> int:
    """Two states of a byte for each element, and a scale for each block of both."""
    count = prod(weight[0])
    return 2 * (count + 4 * -(-count // BLOCK)) if count >= SMALL else 8 * count


def momentum_of_matrices(weight: TrainedWeight) -> int:
    """Muon keeps a momentum of matrices; all else is AdamW's, as PyTorch's own advice is."""
    return copies(1 if len(weight[0]) == 2 else 2)(weight)


def newton_schulz(weight: TrainedWeight) -> int:
    """Muon makes a matrix orthogonal in bfloat16: it and the next, twice its Gram matrix, and the update before."""
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
