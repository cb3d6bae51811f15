"""Normalization over features, over groups of channels, and across neighbouring channels."""

from typing import Annotated, ClassVar

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight
from paramcalc.layers.torch.common import Unchanged, agreed, check_ranks, vector
from paramcalc.shapes import MAX_RANK, Shape, check_min_rank, format_shape, product

NormalizedShape = Positive | Annotated[tuple[Positive, ...], Meta(min_length=1, max_length=MAX_RANK)]


def normalized(shape: int | tuple[int, ...], x: Shape) -> tuple[int, ...]:
    """Return the sizes of the last axes, which must match the input's.

    Raises:
        LayerError: if they do not.
    """
    sizes = (shape,) if isinstance(shape, int) else shape
    last = x[len(x) - len(sizes) :] if len(x) >= len(sizes) else ()
    if len(last) != len(sizes) or any(dim not in (None, size) for dim, size in zip(last, sizes, strict=True)):
        wanted = ", ".join(["*", *map(str, sizes)])
        raise LayerError(f"normalized_shape is {list(sizes)}: expects an input ({wanted}), got {format_shape(x)}")
    return sizes


def affine(name: str, sizes: tuple[int, ...]) -> Weight:
    """Return a scale or a shift with one element for each element of the last axes."""
    labels = ["features"] if len(sizes) == 1 else [f"normalized_shape[{n}]" for n in range(len(sizes))]
    return Weight(name, sizes, tuple(zip(labels, sizes, strict=True)), "bias" if name == "bias" else "weight")


class LayerNorm(Layer, frozen=True):
    """Normalize each sample over its last axes.

    Shapes: (batch, ..., *normalized_shape) → the same
    Formula: weight and bias, each of normalized_shape
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LayerNorm.html
    Example: {framework: torch, input: [10, 64], layers: [{LayerNorm: 64}]}
    """

    list_argument: ClassVar[bool] = True

    normalized_shape: NormalizedShape
    eps: float = 1e-5
    elementwise_affine: bool = True
    bias: bool = True

    def infer(self, x: Shape) -> Inferred:
        """Infer a scale, and a shift unless it is disabled."""
        sizes = normalized(self.normalized_shape, x)
        names = ("weight", "bias") if self.bias else ("weight",)
        return Inferred(x, tuple(affine(name, sizes) for name in names) if self.elementwise_affine else ())


class RMSNorm(Layer, frozen=True):
    """Divide each sample by its root mean square over its last axes.

    Shapes: (batch, ..., *normalized_shape) → the same
    Formula: weight of normalized_shape
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.RMSNorm.html
    Example: {framework: torch, input: [10, 64], layers: [{RMSNorm: 64}]}
    """

    list_argument: ClassVar[bool] = True

    normalized_shape: NormalizedShape
    eps: float | None = None
    elementwise_affine: bool = True

    def infer(self, x: Shape) -> Inferred:
        """Infer a scale only: nothing is shifted."""
        sizes = normalized(self.normalized_shape, x)
        return Inferred(x, (affine("weight", sizes),) if self.elementwise_affine else ())


class GroupNorm(Layer, frozen=True, kw_only=True):
    """Normalize the channels of each sample in groups.

    One value without a name is num_groups (`GroupNorm: 32`), two are PyTorch's order.

    Shapes: (batch, num_channels, ...) → the same
    Formula: 2 × num_channels
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.GroupNorm.html
    Example: {framework: torch, input: [8, 5, 5], layers: [{GroupNorm: 4}]}
    """

    inferred_fields: ClassVar[tuple[str, ...]] = ("num_channels",)

    num_groups: Positive
    num_channels: Positive | None = None
    eps: float = 1e-5
    affine: bool = True
    bias: bool = True

    def infer(self, x: Shape) -> Inferred:
        """Infer a scale and a shift for each channel."""
        check_min_rank(x, 2)
        channels = agreed(self.num_channels if self.affine or x[1] is None else None, x, 1, "num_channels")
        if channels % self.num_groups or (self.num_channels or 0) % self.num_groups:
            raise LayerError(f"num_channels {channels} must be divisible by num_groups {self.num_groups}")
        if product((x[0], channels // self.num_groups, *x[2:])) == 1:
            raise LayerError(f"expects more than one value in each group, got {format_shape(x)}")
        if not self.affine:
            return Inferred(x)
        weight = vector("weight", channels, "num_channels")
        return Inferred(x, (weight, vector("bias", channels, "num_channels", "bias")) if self.bias else (weight,))


class LocalResponseNorm(Unchanged, frozen=True):
    """Divide each element by a norm of its neighbours in other channels.

    Shapes: (batch, channels, ...) → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LocalResponseNorm.html
    Example: {framework: torch, input: [8, 5, 5], layers: [{LocalResponseNorm: 5}]}
    """

    size: Positive
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def check(self, x: Shape) -> None:
        """Refuse inputs without channels or without an axis after them."""
        check_min_rank(x, 3)


class CrossMapLRN2d(Unchanged, frozen=True):
    """LocalResponseNorm for images, as it was written first.

    Shapes: (batch, channels, height, width) → the same
    Formula: no weights
    Source: https://github.com/pytorch/pytorch/blob/v2.13.0/torch/nn/modules/normalization.py
    Example: {framework: torch, input: [8, 5, 5], layers: [{CrossMapLRN2d: 5}]}
    """

    size: Positive
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1

    def check(self, x: Shape) -> None:
        """Refuse anything but images."""
        check_ranks(x, (4,), "(batch, channels, height, width)")
