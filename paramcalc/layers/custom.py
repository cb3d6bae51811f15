"""A user-defined layer: weights and an output shape, for what no other layer covers."""

from typing import Annotated, Literal

from msgspec import Meta, field

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight
from paramcalc.shapes import MAX_RANK, Shape, volume


class Custom(Layer, frozen=True):
    """A layer with the weights and the output shape that a spec gives, such as a learned position embedding.

    Fields: `weights` maps names to shapes; `output_shape` is without the batch, or `same` as the first input;
    `macs` is what one sample costs, unknown where it is not given.

    Shapes: (batch, ...) → (batch, *output_shape)
    Formula: the sum of the products of the weights' shapes
    Source: the spec itself
    Example: {input: [10, 64], layers: [{Custom: {weights: {position: [10, 64]}, macs: 0}}]}
    """

    weights: dict[str, Annotated[tuple[Positive, ...], Meta(max_length=MAX_RANK)]] = field(default_factory=dict)
    output_shape: Literal["same"] | tuple[Positive | None, ...] = "same"
    macs: Annotated[int, Meta(ge=0, le=10**18)] | None = None

    def infer(self, x: Shape, *others: Shape) -> Inferred:
        """What the spec says."""
        weights = []
        for name, shape in self.weights.items():
            if not name or "." in name or not name.isprintable():
                raise LayerError(f"the weight name {name[:80]!r} must be text without dots")
            weights.append(Weight(name, shape, tuple((f"axis {axis}", size) for axis, size in enumerate(shape))))
        output = x if self.output_shape == "same" else (*x[:1], *self.output_shape)
        return Inferred(output, tuple(weights), ((("samples", volume(x[:1])), ("macs", self.macs)),))
