"""Convolutions whose kernel is stored as direction and magnitude: torch.nn.utils.parametrizations.weight_norm."""

from typing import ClassVar

from msgspec import structs

from paramcalc.layers.base import Inferred, NonNegative, Weight
from paramcalc.layers.torch.convolution import Conv1d
from paramcalc.layers.torch.transposed import ConvTranspose1d
from paramcalc.shapes import Shape


class WeightNormConv1d(Conv1d, frozen=True, kw_only=True):
    """A Conv1d whose kernel is a direction times a length, one for each index of the dimension `norm_dim`.

    Shapes: (batch, in_channels, length) → (batch, out_channels, new length)
    Formula: that of Conv1d, and the size of the dimension
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.parametrizations.weight_norm.html
    Example: {framework: torch, input: [16, 100], layers: [{WeightNormConv1d: [16, 32, 3]}]}
    """

    rank: ClassVar[int] = 1

    norm_dim: NonNegative = 0

    def infer(self, x: Shape) -> Inferred:
        """Infer Conv1d with its kernel split; the products that recombine the kernel are not counted."""
        return normed(super().infer(x), self.norm_dim)


class WeightNormConvTranspose1d(ConvTranspose1d, frozen=True, kw_only=True):
    """A ConvTranspose1d whose kernel is a direction times a length, one for each index of the dimension `norm_dim`.

    Shapes: (batch, in_channels, length) → (batch, out_channels, new length)
    Formula: that of ConvTranspose1d, and the size of the dimension
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.utils.parametrizations.weight_norm.html
    Example: {framework: torch, input: [16, 100], layers: [{WeightNormConvTranspose1d: [16, 8, 4, 2, 1]}]}
    """

    rank: ClassVar[int] = 1

    norm_dim: NonNegative = 0

    def infer(self, x: Shape, *, output_size: list[int] | None = None) -> Inferred:
        """Infer ConvTranspose1d with its kernel split; the products that recombine the kernel are not counted."""
        return normed(super().infer(x, output_size=output_size), self.norm_dim)


def normed(inferred: Inferred, dim: int) -> Inferred:
    """Split the kernel into its two parts: original0 holds the magnitudes, original1 the directions."""
    kernel, *others = inferred.weights
    lengths = tuple(size if axis == dim else 1 for axis, size in enumerate(kernel.shape))
    parts = (
        Weight("parametrizations.weight.original0", lengths, (("lengths", lengths[dim]),)),
        structs.replace(kernel, name="parametrizations.weight.original1"),
    )
    return structs.replace(inferred, weights=(*parts, *others))
