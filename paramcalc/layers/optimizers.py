"""The memory that optimizers need per trainable weight, for their state and for a step.

The optimizers of a framework are in the module `optimizers` of its package. Scalars of each weight, such as its number
of steps, are left out.
"""

from collections.abc import Callable, Sequence
from math import prod
from typing import NamedTuple

from paramcalc.layers.registry import FRAMEWORK_OF_WEIGHTS, facts_of

TrainedWeight = tuple[tuple[int, ...], int]
"""A trainable weight: its shape, and the bytes of an element."""


class Optimizer(NamedTuple):
    """The memory needs of an optimizer.

    Attributes:
        state: bytes of its state for a weight.
        temporary: further bytes that a step needs for a weight.
        together: whether a step needs these for all weights at once, rather than for one after another.
    """

    state: Callable[[TrainedWeight], int]
    temporary: Callable[[TrainedWeight], int]
    together: bool = True

    def state_bytes(self, weights: Sequence[TrainedWeight]) -> int:
        """The bytes of its state for all weights."""
        return sum(map(self.state, weights))

    def temporary_bytes(self, weights: Sequence[TrainedWeight]) -> int:
        """The further bytes that a step needs."""
        each = [self.temporary(weight) for weight in weights]
        return sum(each) if self.together else max(each, default=0)


def nothing(weight: TrainedWeight) -> int:
    """No bytes."""
    return 0


def copies(count: int) -> Callable[[TrainedWeight], int]:
    """`count` tensors of the same shape as the weight."""
    return lambda weight: count * prod(weight[0]) * weight[1]


def factored(full: int) -> Callable[[TrainedWeight], int]:
    """Averages of the rows and the columns of a matrix, of a vector all; and `full` tensors like the weight.

    Adafactor: Shazeer & Stern 2018, arXiv:1804.04235.
    """

    def state(weight: TrainedWeight) -> int:
        shape, item = weight
        if len(shape) < 2:
            return (full or 1) * prod(shape) * item
        *others, height, width = shape
        return (prod(others) * (height + width) + full * prod(shape)) * item

    return state


def optimizers_of(framework: str | None) -> dict[str, Optimizer]:
    """The optimizers of a framework by the names that options have; None stands for a file of weights alone."""
    facts = facts_of(framework or FRAMEWORK_OF_WEIGHTS, "optimizers")
    return {} if facts is None else dict(facts.OPTIMIZERS)
