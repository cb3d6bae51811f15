"""Per-channel normalization, over the batch or within a sample: batch norms and instance norms."""

from typing import Any, ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight
from paramcalc.layers.torch.common import agreed, check_ranks, vector
from paramcalc.shapes import Shape, check_min_rank, format_shape, product


class OfChannels(Layer, frozen=True, kw_only=True):
    """Base of the norms with one mean and one variance per channel, over the batch or within a sample."""

    ranks: ClassVar[tuple[int, ...]]
    layout: ClassVar[str]
    inferred_fields: ClassVar[tuple[str, ...]] = ("num_features",)

    num_features: Positive | None = None
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = True
    track_running_stats: bool = True
    bias: bool = True

    def infer(self, x: Shape) -> Inferred:
        """Infer a scale and a shift for each channel, and the running statistics in buffers."""
        check_ranks(x, self.ranks, f"({self.layout})")
        return Inferred(x, channel_weights(self, x))


def channel_weights(norm: Any, x: Shape) -> tuple[Weight, ...]:
    """Return the weights and buffers of a per-channel norm, in state_dict order.

    Without any, PyTorch does not check the number of channels.
    """
    if not norm.affine and not norm.track_running_stats:
        return ()
    channels = agreed(norm.num_features, x, 1, "num_features")
    found = []
    if norm.affine:
        found.append(vector("weight", channels, "num_features"))
        if norm.bias:
            found.append(vector("bias", channels, "num_features", "bias"))
    if norm.track_running_stats:
        found += [vector(name, channels, "num_features", "buffer") for name in ("running_mean", "running_var")]
        found.append(Weight("num_batches_tracked", (), (), "buffer", False, "int64"))
    return tuple(found)


class BatchNorm1d(OfChannels, frozen=True, kw_only=True):
    """Normalize each channel of vectors or sequences over the batch.

    Shapes: (batch, num_features) or (batch, num_features, length) → the same
    Formula: 2 × num_features, and buffers of 2 × num_features + 1
    Note: running_mean, running_var and num_batches_tracked are buffers: they are saved, but PyTorch does not count
      them as parameters; Keras counts its moving averages as non-trainable ones
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.BatchNorm1d.html
    Example: {framework: torch, input: [8], layers: [BatchNorm1d]}
    """

    ranks: ClassVar[tuple[int, ...]] = (2, 3)
    layout: ClassVar[str] = "batch, channels) or (batch, channels, length"


class BatchNorm2d(OfChannels, frozen=True, kw_only=True):
    """Normalize each channel of images over the batch.

    Shapes: (batch, num_features, height, width) → the same
    Formula: 2 × num_features, and buffers of 2 × num_features + 1
    Note: running_mean, running_var and num_batches_tracked are buffers: they are saved, but PyTorch does not count
      them as parameters; Keras counts its moving averages as non-trainable ones
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.BatchNorm2d.html
    Example: {framework: torch, input: [8, 5, 5], layers: [BatchNorm2d]}
    """

    ranks: ClassVar[tuple[int, ...]] = (4,)
    layout: ClassVar[str] = "batch, channels, height, width"


class BatchNorm3d(OfChannels, frozen=True, kw_only=True):
    """Normalize each channel of volumes over the batch.

    Shapes: (batch, num_features, depth, height, width) → the same
    Formula: 2 × num_features, and buffers of 2 × num_features + 1
    Note: running_mean, running_var and num_batches_tracked are buffers: they are saved, but PyTorch does not count
      them as parameters; Keras counts its moving averages as non-trainable ones
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.BatchNorm3d.html
    Example: {framework: torch, input: [8, 4, 5, 5], layers: [BatchNorm3d]}
    """

    ranks: ClassVar[tuple[int, ...]] = (5,)
    layout: ClassVar[str] = "batch, channels, depth, height, width"


class SyncBatchNorm(Layer, frozen=True, kw_only=True):
    """Batch normalization over the batches of all devices.

    Shapes: (batch, num_features, ...) → the same
    Formula: 2 × num_features, and buffers of 2 × num_features + 1
    Note: running_mean, running_var and num_batches_tracked are buffers: they are saved, but PyTorch does not count
      them as parameters; Keras counts its moving averages as non-trainable ones
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.SyncBatchNorm.html
    Example: {framework: torch, input: [8, 5, 5], layers: [SyncBatchNorm]}
    """

    inferred_fields: ClassVar[tuple[str, ...]] = ("num_features",)

    num_features: Positive | None = None
    eps: float = 1e-5
    momentum: float | None = 0.1
    affine: bool = True
    track_running_stats: bool = True
    process_group: None = None
    bias: bool = True

    def infer(self, x: Shape) -> Inferred:
        """Infer as BatchNorm does, for inputs of rank 2 and above."""
        check_min_rank(x, 2)
        return Inferred(x, channel_weights(self, x))


class FrozenBatchNorm2d(Layer, frozen=True, kw_only=True):
    """A BatchNorm2d whose statistics, factors and offsets stay as they are: detectors have them in their backbones.

    Shapes: (batch, num_features, height, width) → the same
    Formula: no parameters, and buffers of 4 × num_features
    Source: https://docs.pytorch.org/vision/stable/generated/torchvision.ops.FrozenBatchNorm2d.html
    Example: {framework: torch, input: [8, 5, 5], layers: [FrozenBatchNorm2d]}
    """

    inferred_fields: ClassVar[tuple[str, ...]] = ("num_features",)

    num_features: Positive | None = None
    eps: float = 1e-5

    def infer(self, x: Shape) -> Inferred:
        """Infer four buffers; there is no batch counter."""
        check_ranks(x, (4,), "(batch, channels, height, width)")
        channels = agreed(self.num_features, x, 1, "num_features")
        names = ("weight", "bias", "running_mean", "running_var")
        return Inferred(x, tuple(vector(name, channels, "num_features", "buffer") for name in names))


class InstanceNorm(OfChannels, frozen=True, kw_only=True):
    """Base of the norms of each channel within each sample."""

    affine: bool = False
    track_running_stats: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Infer as a batch norm does; a mean needs more than one element."""
        check_ranks(x, self.ranks, f"({self.layout})")
        if not self.track_running_stats and product(x[2:]) == 1:
            raise LayerError(f"expects more than one element in each channel, got {format_shape(x)}")
        return Inferred(x, channel_weights(self, x))


class InstanceNorm1d(InstanceNorm, frozen=True, kw_only=True):
    """Normalize each channel of each sequence.

    Shapes: (batch, num_features, length) → the same
    Formula: no weights; 2 × num_features with affine: true
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.InstanceNorm1d.html
    Example: {framework: torch, input: [8, 10], layers: [InstanceNorm1d]}
    """

    ranks: ClassVar[tuple[int, ...]] = (3,)
    layout: ClassVar[str] = "batch, channels, length"


class InstanceNorm2d(InstanceNorm, frozen=True, kw_only=True):
    """Normalize each channel of each image.

    Shapes: (batch, num_features, height, width) → the same
    Formula: no weights; 2 × num_features with affine: true
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.InstanceNorm2d.html
    Example: {framework: torch, input: [8, 5, 5], layers: [InstanceNorm2d]}
    """

    ranks: ClassVar[tuple[int, ...]] = (4,)
    layout: ClassVar[str] = "batch, channels, height, width"


class InstanceNorm3d(InstanceNorm, frozen=True, kw_only=True):
    """Normalize each channel of each volume.

    Shapes: (batch, num_features, depth, height, width) → the same
    Formula: no weights; 2 × num_features with affine: true
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.InstanceNorm3d.html
    Example: {framework: torch, input: [8, 4, 5, 5], layers: [InstanceNorm3d]}
    """

    ranks: ClassVar[tuple[int, ...]] = (5,)
    layout: ClassVar[str] = "batch, channels, depth, height, width"
