"""The memory that optimizers need per trainable weight, for their state and for a step: facts of each framework.

Keras 3: keras/src/optimizers. PyTorch 2.13: torch/optim, whose optimizers work on all weights at once on a GPU
(`foreach`), which takes a copy of them; bitsandbytes 0.49 for 8-bit AdamW, whose states are in blocks of 256 with a
scale each, those of small weights in float32; lion-pytorch 0.2. A few scalars for each weight are left out.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

Tensor = tuple[tuple[int, ...], int]
"""A trainable weight: its shape, and the bytes of an element."""

BLOCK = 256
"""Elements that share a scale in an 8-bit state (bitsandbytes/optim/optimizer.py)."""
SMALL = 4096
"""Weights with fewer elements keep their states in float32 (min_8bit_size)."""


class Optimizer(NamedTuple):
    """The memory needs of an optimizer.

    Attributes:
        state: bytes of its state for a weight.
        temporary: further bytes that a step needs for a weight.
        together: whether a step needs these for all weights at once, rather than for one after another.
    """

    state: Callable[[Tensor], int]
    temporary: Callable[[Tensor], int]
    together: bool = True

    def state_bytes(self, weights: Sequence[Tensor]) -> int:
        """The bytes of its state for all weights."""
        return sum(map(self.state, weights))

    def temporary_bytes(self, weights: Sequence[Tensor]) -> int:
        """The further bytes that a step needs."""
        each = [self.temporary(weight) for weight in weights]
        return sum(each) if self.together else max(each, default=0)


def nothing(weight: Tensor) -> int:
    """No bytes."""
    return 0


def copies(count: int) -> Callable[[Tensor], int]:
    """`count` tensors of the same shape as the weight."""
    return lambda weight: count * prod(weight[0]) * weight[1]


def factored(full: int) -> Callable[[Tensor], int]:
    """Averages of the rows and the columns of a matrix, of a vector all; and `full` tensors like the weight.

    Adafactor: Shazeer & Stern 2018, arXiv:1804.04235.
    """

    def state(weight: Tensor) -> int:
        shape, item = weight
        if len(shape) < 2:
            return (full or 1) * prod(shape) * item
        *others, height, width = shape
        return (prod(others) * (height + width) + full * prod(shape)) * item

    return state


def in_blocks(weight: Tensor) -> int:
    """Two states of a byte for each element, and a scale for each block of both."""
    count = prod(weight[0])
    return 2 * (count + 4 * -(-count // BLOCK)) if count >= SMALL else 8 * count


def momentum_of_matrices(weight: Tensor) -> int:
    """Muon keeps a momentum of matrices; all else is AdamW's, as PyTorch's own advice is."""
    return copies(1 if len(weight[0]) == 2 else 2)(weight)


def newton_schulz(weight: Tensor) -> int:
    """Muon makes a matrix orthogonal in bfloat16: it and the next, twice its Gram matrix, and the update before."""
    shape, item = weight
    if len(shape) != 2:
        return copies(1)(weight)
    count = prod(shape)
    return 4 * count + 4 * min(shape) ** 2 + (count * item if item > 2 else 0)


OPTIMIZERS: dict[str, dict[str, Optimizer]] = {
    "keras": {
        "sgd": Optimizer(nothing, nothing),
        "momentum": Optimizer(copies(1), nothing),
        "adam": Optimizer(copies(2), nothing),
        "adamw": Optimizer(copies(2), nothing),
        "adafactor": Optimizer(factored(1), nothing),
        "lion": Optimizer(copies(1), nothing),
    },
    "torch": {
        "sgd": Optimizer(nothing, nothing),
        "momentum": Optimizer(copies(1), nothing),
        "adam": Optimizer(copies(2), copies(1)),
        "adamw": Optimizer(copies(2), copies(1)),
        "adamw-8bit": Optimizer(in_blocks, nothing),
        "adafactor": Optimizer(factored(0), copies(1)),
        "muon": Optimizer(momentum_of_matrices, newton_schulz, together=False),
        "lion": Optimizer(copies(1), copies(2), together=False),
    },
}
"""By framework, and by the names that options have."""
OPTIMIZERS[""] = OPTIMIZERS["torch"]  # of weights alone

NAMES = tuple(OPTIMIZERS["torch"])
"""The names of all optimizers that are known for some framework."""
