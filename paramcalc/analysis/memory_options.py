"""What is asked of a model's memory, in one value: commands, the gate and `summarize` hand it on."""

from typing import NamedTuple


class Spread(NamedTuple):
    """Over how many devices.

    Attributes:
        tensor: each matrix is divided over so many.
        pipeline: so many stages have layers of their own.
        data: so many have the same, for other samples.
        zero: which of these divide their share: 1 the optimizer's state, 2 gradients as well, 3 weights as well.
    """

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    zero: int = 0

    @property
    def devices(self) -> int:
        """All of them."""
        return self.tensor * self.pipeline * self.data


class MemoryOptions(NamedTuple):
    """What to measure, and of what use of the model.

    Attributes:
        memory: whether to measure at all; any of the others asks for it, too.
        optimizer: the optimizer to train with; None leaves training out.
        kv_dtype: what is kept of each token is stored as this; None for what it is computed in.
        checkpointing: whether the parts of a stack are computed again in the backward pass.
        spread: over how many devices.
        master_weights: whether the optimizer works on float32 copies of the weights.
    """

    memory: bool = False
    optimizer: str | None = None
    kv_dtype: str | None = None
    checkpointing: bool = False
    master_weights: bool = False
    spread: Spread = Spread()

    @property
    def asked(self) -> bool:
        """Whether there is anything to measure."""
        return self.memory or self.optimizer is not None or self.kv_dtype is not None or self.spread.devices > 1
