"""Normalization over features, groups and batches."""

from typing import Annotated, ClassVar

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight
from paramcalc.shapes import MAX_RANK, Shape, format_shape

NormalizedShape = Positive | Annotated[tuple[Positive, ...], Meta(min_length=1, max_length=MAX_RANK)]


def normalized(shape: int | tuple[int, ...], x: Shape) -> tuple[int, ...]:
    """The sizes of the last axes, which the input must have.

    Raises:
        LayerError: when it has others.
    """
    sizes = (shape,) if isinstance(shape, int) else shape
    last = x[len(x) - len(sizes) :] if len(x) >= len(sizes) else ()
    if len(last) != len(sizes) or any(dim not in (None, size) for dim, size in zip(last, sizes, strict=True)):
        wanted = ", ".join(["*", *map(str, sizes)])
        raise LayerError(f"normalized_shape is {list(sizes)}: expects an input ({wanted}), got {format_shape(x)}")
    return sizes


def affine(name: str, sizes: tuple[int, ...]) -> Weight:
    """A factor or an offset for each element of the last axes."""
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
        """A factor, and an offset unless it is left out."""
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
        """Only a factor: nothing is moved."""
        sizes = normalized(self.normalized_shape, x)
        return Inferred(x, (affine("weight", sizes),) if self.elementwise_affine else ())
