"""A tensor that a module holds itself, outside any layer."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight
from paramcalc.shapes import MAX_RANK, Shape, format_shape

Dtype = Literal[
    "bool",
    "int8",
    "uint8",
    "int16",
    "uint16",
    "int32",
    "uint32",
    "int64",
    "uint64",
    "float8_e4m3fn",
    "float8_e5m2",
    "float16",
    "bfloat16",
    "float32",
    "float64",
]


class Parameter(Layer, frozen=True):
    """A bare tensor, such as a class token or a learned position embedding, under its own name.

    It gives the tensor itself; of what stands before it only the batch is looked at, and only with expand: true,
    which is `expand(batch, -1, …)`: the first axis, of 1, becomes the batch; or with batched: true, which is
    `unsqueeze(0).expand(batch, …)`: the batch is put before its axes.

    Shapes: any → shape
    Formula: the product of shape
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.parameter.Parameter.html
    Example: {framework: torch, input: [196, 768], layers: [{Parameter: [1, 1, 768], name: class_token}]}
    """

    list_argument: ClassVar[bool] = True

    shape: Annotated[tuple[Positive, ...], Meta(max_length=MAX_RANK)]
    dtype: Dtype | None = None
    requires_grad: bool = True
    buffer: bool = False
    persistent: bool = True
    expand: bool = False
    batched: bool = False

    def infer(self, *inputs: Shape) -> Inferred:
        """Infer the tensor as the output, whatever the input."""
        if not self.persistent and not self.buffer:
            raise LayerError("only a buffer can be left out of the state_dict: persistent: false needs buffer: true")
        factors = tuple((f"shape[{axis}]", size) for axis, size in enumerate(self.shape))
        weight = Weight(
            "",
            self.shape,
            factors,
            "buffer" if self.buffer else "weight",
            self.requires_grad and not self.buffer,
            self.dtype,
            persistent=self.persistent,
        )
        return Inferred(self.given(inputs), (weight,), (), self.dtype)

    def given(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the output shape."""
        if not self.batched:
            return self.expanded(inputs) if self.expand else self.shape
        if self.expand or not inputs or not inputs[0]:
            raise LayerError("batched needs an input, whose batch is put before the axes, and goes without expand")
        return (inputs[0][0], *self.shape)

    def expanded(self, inputs: tuple[Shape, ...]) -> Shape:
        """Return the shape with the first input's batch as its first axis."""
        if self.shape[:1] != (1,) or not inputs or not inputs[0]:
            raise LayerError(f"expand needs a shape that begins with 1, and an input, got {format_shape(self.shape)}")
        return (inputs[0][0], *self.shape[1:])
