"""What to measure of a model's memory, as one value that commands, the gate and `summarize` pass on."""

from msgspec import Struct


class Spread(Struct, frozen=True):
    """How a model is spread over devices.

    Attributes:
        tensor: the degree of tensor parallelism: devices that share each matrix.
        pipeline: the number of pipeline stages, each with its own layers.
        data: the degree of data parallelism: devices with the same weights and other samples.
        zero: what data-parallel devices divide (ZeRO): 1 optimizer state, 2 gradients as well, 3 weights as well.
    """

    tensor: int = 1
    pipeline: int = 1
    data: int = 1
    zero: int = 0

    @property
    def devices(self) -> int:
        """The total number of devices."""
        return self.tensor * self.pipeline * self.data


class MemoryOptions(Struct, frozen=True):
    """What to measure, for inference and for training.

    Attributes:
        memory: whether to measure at all; any other option implies it.
        optimizer: the optimizer to train with; None leaves training out.
        kv_dtype: the dtype of the cache; None for the dtype that it is computed in.
        checkpointing: whether the blocks of a stack are recomputed in the backward pass.
        spread: the devices it is spread over. master_weights: whether the optimizer works on float32 copies of the
        weights.
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
