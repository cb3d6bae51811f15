"""Convolutions in one, two and three dimensions."""

from typing import ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight, bias, macs_at
from paramcalc.layers.formulas.spatial import SPATIAL_NAMES, spatial_of
from paramcalc.layers.torch.common import agreed
from paramcalc.layers.torch.window import Paddings, Sizes, per_axis, window_length
from paramcalc.shapes import Dim, Shape, ntuple


class Convolution(Layer, frozen=True, kw_only=True):
    """Base of the convolutions; `rank` is the number of spatial axes."""

    rank: ClassVar[int]
    inferred_fields: ClassVar[tuple[str, ...]] = ("in_channels",)

    in_channels: Positive | None = None
    out_channels: Positive
    kernel_size: Sizes
    stride: Sizes = 1
    padding: Literal["same", "valid"] | Paddings = 0
    dilation: Sizes = 1
    groups: Positive = 1
    bias: bool = True
    padding_mode: Literal["zeros", "reflect", "replicate", "circular"] = "zeros"

    def infer(self, x: Shape) -> Inferred:
        """Infer one kernel per output channel over its group's input channels, applied at every output position."""
        spatial = spatial_of(x, self.rank, "channels_first")
        channels = agreed(self.in_channels, x, 1, "in_channels")
        check_groups(channels, self.out_channels, self.groups)
        kernel = ntuple(self.kernel_size, self.rank, "kernel_size")
        lengths = self.lengths(spatial, kernel)
        weight = kernel_weight(("out_channels", self.out_channels), "in_channels", channels, self.groups, kernel)
        biases = (bias(self.out_channels, "out_channels"),) if self.bias else ()
        return Inferred((x[0], self.out_channels, *lengths), (weight, *biases), macs_at((x[0], *lengths), weight))

    def lengths(self, spatial: Shape, kernel: tuple[int, ...]) -> tuple[Dim, ...]:
        """Return the output's spatial dimensions."""
        stride = per_axis(self.stride, self.rank, "stride")
        dilation = per_axis(self.dilation, self.rank, "dilation")
        sides = self.sides(kernel, stride, dilation)
        check_padding_mode(self.padding_mode, spatial, sides)
        axes = zip(spatial, kernel, stride, sides, dilation, strict=True)
        return tuple(window_length(size, k, s, before, after, d) for size, k, s, (before, after), d in axes)

    def sides(
        self, kernel: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]
    ) -> list[tuple[int, int]]:
        """Return the padding before and after each axis."""
        if self.padding == "valid":
            return [(0, 0)] * self.rank
        if self.padding == "same":
            if any(step != 1 for step in stride):
                raise LayerError("padding='same' needs a stride of 1; give the padding as a number")
            totals = [rate * (size - 1) for size, rate in zip(kernel, dilation, strict=True)]
            return [(total // 2, total - total // 2) for total in totals]
        return [(side, side) for side in per_axis(self.padding, self.rank, "padding")]


def check_groups(channels: int, filters: int, groups: int) -> None:
    """Refuse channel counts that are not divisible by the groups."""
    for name, size in (("in_channels", channels), ("out_channels", filters)):
        if size % groups:
            raise LayerError(f"{name} {size} must be divisible by groups {groups}")


def check_padding_mode(mode: str, spatial: Shape, sides: list[tuple[int, int]]) -> None:
    """Refuse padding that its mode cannot fill: a reflection excludes the edge, circular padding wraps at most once."""
    most = {"reflect": -1, "circular": 0}.get(mode)
    if most is None:
        return
    for size, side in zip(spatial, sides, strict=True):
        if size is not None and max(side) > size + most:
            what = "less than" if most else "at most"
            raise LayerError(f"padding {max(side)} must be {what} the input's {size} (padding_mode='{mode}')")


def kernel_weight(first: tuple[str, int], second: str, size: int, groups: int, kernel: tuple[int, ...]) -> Weight:
    """Return the kernel, of shape (first, second / groups, *kernel)."""
    label = second if groups == 1 else f"{second} / groups"
    named = zip((f"kernel {axis}" for axis in SPATIAL_NAMES[len(kernel)]), kernel, strict=True)
    return Weight("weight", (first[1], size // groups, *kernel), (first, (label, size // groups), *named))


class Conv1d(Convolution, frozen=True, kw_only=True):
    """Convolution over one spatial or temporal axis.

    Values without names are PyTorch's order; without in_channels they are out_channels and kernel_size
    (`Conv1d: [64, 3]`).

    Shapes: (batch, in_channels, length) → (batch, out_channels, new length)
    Formula: out_channels × (in_channels / groups) × kernel + out_channels (bias)
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Conv1d.html
    Example: {framework: torch, input: [16, 100], layers: [{Conv1d: [16, 32, 3]}]}
    """

    rank: ClassVar[int] = 1


class Conv2d(Convolution, frozen=True, kw_only=True):
    """Convolution over images.

    Values without names are PyTorch's order; without in_channels they are out_channels and kernel_size
    (`Conv2d: [64, 3]`).

    Shapes: (batch, in_channels, height, width) → (batch, out_channels, new height, new width)
    Formula: out_channels × (in_channels / groups) × kernel height × kernel width + out_channels (bias)
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Conv2d.html
    Example: {framework: torch, input: [3, 32, 32], layers: [{Conv2d: {out_channels: 8, kernel_size: 3, padding: 1}}]}
    """

    rank: ClassVar[int] = 2


class Conv3d(Convolution, frozen=True, kw_only=True):
    """Convolution over volumes or videos.

    Values without names are PyTorch's order; without in_channels they are out_channels and kernel_size
    (`Conv3d: [64, 3]`).

    Shapes: (batch, in_channels, depth, height, width) → (batch, out_channels, new depth, new height, new width)
    Formula: out_channels × (in_channels / groups) × kernel depth × height × width + out_channels (bias)
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Conv3d.html
    Example: {framework: torch, input: [3, 16, 32, 32], layers: [{Conv3d: [3, 8, 3]}]}
    """

    rank: ClassVar[int] = 3
