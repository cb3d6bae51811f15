"""Transposed convolutions: each input position writes a whole window of the output."""

from typing import Any, ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, bias, macs_at
from paramcalc.layers.formulas.spatial import spatial_of
from paramcalc.layers.formulas.window import trace
from paramcalc.layers.torch.common import agreed
from paramcalc.layers.torch.convolution import check_groups, kernel_weight
from paramcalc.layers.torch.window import Paddings, Sizes, per_axis
from paramcalc.shapes import Dim, Shape, ntuple


class TransposedConvolution(Layer, frozen=True, kw_only=True):
    """Base of the transposed convolutions; `rank` is the number of spatial axes."""

    rank: ClassVar[int]
    inferred_fields: ClassVar[tuple[str, ...]] = ("in_channels",)

    in_channels: Positive | None = None
    out_channels: Positive
    kernel_size: Sizes
    stride: Sizes = 1
    padding: Paddings = 0
    output_padding: Paddings = 0
    groups: Positive = 1
    bias: bool = True
    dilation: Sizes = 1
    padding_mode: Literal["zeros"] = "zeros"

    def infer(self, x: Shape, *, output_size: list[int] | None = None) -> Inferred:
        """Infer one kernel per input channel over its group's output channels, applied at every input position."""
        spatial = spatial_of(x, self.rank, "channels_first")
        channels = agreed(self.in_channels, x, 1, "in_channels")
        check_groups(channels, self.out_channels, self.groups)
        kernel = ntuple(self.kernel_size, self.rank, "kernel_size")
        lengths = self.lengths(spatial, kernel, output_size)
        weight = kernel_weight(("in_channels", channels), "out_channels", self.out_channels, self.groups, kernel)
        biases = (bias(self.out_channels, "out_channels"),) if self.bias else ()
        output = (x[0], self.out_channels, *lengths)
        return Inferred(output, (weight, *biases), macs_at((x[0], *spatial), weight))

    def lengths(self, spatial: Shape, kernel: tuple[int, ...], wanted: list[int] | None) -> tuple[Dim, ...]:
        """(size − 1) × stride − 2 × padding + dilation × (kernel − 1) + output_padding + 1 along each axis.

        `wanted` is the call's output_size, which takes the place of output_padding.
        """
        stride = per_axis(self.stride, self.rank, "stride")
        padding = per_axis(self.padding, self.rank, "padding")
        dilation = per_axis(self.dilation, self.rank, "dilation")
        extra = per_axis(self.output_padding, self.rank, "output_padding")
        axes = list(zip(spatial, kernel, stride, padding, dilation, strict=True))
        least = [None if n is None else (n - 1) * s - 2 * p + d * (k - 1) + 1 for n, k, s, p, d in axes]
        if wanted is None:
            check_extra(extra, stride, dilation)
            found = positive([None if n is None else n + e for n, e in zip(least, extra, strict=True)])
            record(axes, extra, found)
            return found
        sizes = wanted[2:] if len(wanted) == self.rank + 2 else wanted
        if len(sizes) != self.rank:
            raise LayerError(f"output_size needs {self.rank} values, or {self.rank + 2}, got {len(wanted)}")
        for size, low, step, rate in zip(sizes, least, stride, dilation, strict=True):
            if low is not None and not low <= size <= low + step - 1:
                raise LayerError(f"output_size {size} must be from {low} to {low + step - 1}")
            if low is not None and size - low >= max(step, rate):
                raise LayerError(f"output_size {size} needs more padding than stride and dilation allow")
        return positive(list(sizes))


def check_extra(extra: tuple[int, ...], stride: tuple[int, ...], dilation: tuple[int, ...]) -> None:
    """Refuse output padding that is not smaller than the stride or the dilation."""
    for more, step, rate in zip(extra, stride, dilation, strict=True):
        if more >= max(step, rate):
            raise LayerError(f"output_padding {more} must be smaller than stride {step} or dilation {rate}")


def record(axes: list[tuple[Any, ...]], extra: tuple[int, ...], lengths: tuple[Dim, ...]) -> None:
    """Record how the lengths are computed, if a trace is being kept."""
    found = trace()
    if found is None:
        return
    for (n, k, s, p, d), e, length in zip(axes, extra, lengths, strict=True):
        if length is not None:
            found.append(f"({n} − 1) × {s} − 2 × {p} + {d} × ({k} − 1) + {e} + 1 = {length}")


def positive(lengths: list[Dim]) -> tuple[Dim, ...]:
    """Return the lengths; refuse axes that the padding removes entirely."""
    for length in lengths:
        if length is not None and length < 1:
            raise LayerError(f"the output would be {length} long: the padding takes all of it")
    return tuple(lengths)


class ConvTranspose1d(TransposedConvolution, frozen=True, kw_only=True):
    """Transposed convolution over one spatial or temporal axis.

    Values without names are PyTorch's order; without in_channels they are out_channels and kernel_size.

    Shapes: (batch, in_channels, length) → (batch, out_channels, new length)
    Formula: in_channels × (out_channels / groups) × kernel + out_channels (bias)
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConvTranspose1d.html
    Example: {framework: torch, input: [16, 100], layers: [{ConvTranspose1d: [16, 8, 4, 2, 1]}]}
    """

    rank: ClassVar[int] = 1


class ConvTranspose2d(TransposedConvolution, frozen=True, kw_only=True):
    """Transposed convolution over images.

    Values without names are PyTorch's order; without in_channels they are out_channels and kernel_size.

    Shapes: (batch, in_channels, height, width) → (batch, out_channels, new height, new width)
    Formula: in_channels × (out_channels / groups) × kernel height × kernel width + out_channels (bias)
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConvTranspose2d.html
    Example: {framework: torch, input: [16, 8, 8], layers: [{ConvTranspose2d: [16, 8, 4, 2, 1]}]}
    """

    rank: ClassVar[int] = 2


class ConvTranspose3d(TransposedConvolution, frozen=True, kw_only=True):
    """Transposed convolution over volumes.

    Values without names are PyTorch's order; without in_channels they are out_channels and kernel_size.

    Shapes: (batch, in_channels, depth, height, width) → (batch, out_channels, new depth, new height, new width)
    Formula: in_channels × (out_channels / groups) × kernel depth × height × width + out_channels (bias)
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ConvTranspose3d.html
    Example: {framework: torch, input: [16, 4, 8, 8], layers: [{ConvTranspose3d: [16, 8, 4, 2, 1]}]}
    """

    rank: ClassVar[int] = 3
