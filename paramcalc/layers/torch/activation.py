"""Activations: elementwise functions, and softmax along a dimension."""

from typing import ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive
from paramcalc.layers.torch.common import Unchanged, check_ranks, vector
from paramcalc.shapes import Shape, format_shape, positive_axis


class CELU(Unchanged, frozen=True):
    """The input where it is positive, below it a curve down to -alpha, smooth for every alpha.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.CELU.html
    Example: {framework: torch, input: [10], layers: [CELU]}
    """

    alpha: float = 1.0
    inplace: bool = False

    def check(self, x: Shape) -> None:
        """Refuse alpha = 0: the negative branch divides by it."""
        if self.alpha == 0:
            raise LayerError("alpha cannot be 0: the input is divided by it")


class ELU(Unchanged, frozen=True):
    """The input where it is positive, below it a curve down to -alpha.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ELU.html
    Example: {framework: torch, input: [10], layers: [ELU]}
    """

    alpha: float = 1.0
    inplace: bool = False


class GELU(Unchanged, frozen=True):
    """The input times the normal distribution's share below it.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.GELU.html
    Example: {framework: torch, input: [10], layers: [GELU]}
    """

    approximate: Literal["none", "tanh"] = "none"


class Hardshrink(Unchanged, frozen=True):
    """The input, but 0 where it is within lambd of 0.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Hardshrink.html
    Example: {framework: torch, input: [10], layers: [Hardshrink]}
    """

    lambd: float = 0.5


class Hardsigmoid(Unchanged, frozen=True):
    """A sigmoid made of three straight lines.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Hardsigmoid.html
    Example: {framework: torch, input: [10], layers: [Hardsigmoid]}
    """

    inplace: bool = False


class Hardswish(Unchanged, frozen=True):
    """The input times its hard sigmoid.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Hardswish.html
    Example: {framework: torch, input: [10], layers: [Hardswish]}
    """

    inplace: bool = False


class Hardtanh(Unchanged, frozen=True):
    """The input, cut off at both ends.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Hardtanh.html
    Example: {framework: torch, input: [10], layers: [Hardtanh]}
    """

    min_val: float = -1.0
    max_val: float = 1.0
    inplace: bool = False
    min_value: float | None = None
    max_value: float | None = None

    def check(self, x: Shape) -> None:
        """Check the bounds; the deprecated names min_value and max_value override min_val and max_val."""
        low = self.min_val if self.min_value is None else self.min_value
        high = self.max_val if self.max_value is None else self.max_value
        if high <= low:
            raise LayerError(f"max_val {high} must be greater than min_val {low}")


class LeakyReLU(Unchanged, frozen=True):
    """The input where it is positive, negative_slope times it below.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LeakyReLU.html
    Example: {framework: torch, input: [10], layers: [LeakyReLU]}
    """

    negative_slope: float = 0.01
    inplace: bool = False


class LogSigmoid(Unchanged, frozen=True):
    """The logarithm of the sigmoid.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LogSigmoid.html
    Example: {framework: torch, input: [10], layers: [LogSigmoid]}
    """


class Mish(Unchanged, frozen=True):
    """The input times the tanh of its softplus.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Mish.html
    Example: {framework: torch, input: [10], layers: [Mish]}
    """

    inplace: bool = False


class RReLU(Unchanged, frozen=True):
    """A leaky ReLU whose slope is random in training.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.RReLU.html
    Example: {framework: torch, input: [10], layers: [RReLU]}
    """

    lower: float = 1 / 8
    upper: float = 1 / 3
    inplace: bool = False


class ReLU(Unchanged, frozen=True):
    """The larger of the input and 0.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReLU.html
    Example: {framework: torch, input: [10], layers: [ReLU]}
    """

    inplace: bool = False


class ReLU6(Unchanged, frozen=True):
    """The input, cut off at 0 and at 6.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.ReLU6.html
    Example: {framework: torch, input: [10], layers: [ReLU6]}
    """

    inplace: bool = False


class SELU(Unchanged, frozen=True):
    """A scaled ELU, which keeps mean and variance.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.SELU.html
    Example: {framework: torch, input: [10], layers: [SELU]}
    """

    inplace: bool = False


class SiLU(Unchanged, frozen=True):
    """The input times its sigmoid, also called swish.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.SiLU.html
    Example: {framework: torch, input: [10], layers: [SiLU]}
    """

    inplace: bool = False


class Sigmoid(Unchanged, frozen=True):
    """1 / (1 + e⁻ˣ).

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Sigmoid.html
    Example: {framework: torch, input: [10], layers: [Sigmoid]}
    """


class Softplus(Unchanged, frozen=True):
    """A smooth ReLU.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softplus.html
    Example: {framework: torch, input: [10], layers: [Softplus]}
    """

    beta: float = 1.0
    threshold: float = 20.0


class Softshrink(Unchanged, frozen=True):
    """The input moved towards 0 by lambd, 0 within it.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softshrink.html
    Example: {framework: torch, input: [10], layers: [Softshrink]}
    """

    lambd: float = 0.5

    def check(self, x: Shape) -> None:
        """Refuse a negative lambd, which would move values away from 0."""
        if self.lambd < 0:
            raise LayerError(f"lambd must be 0 or more, got {self.lambd}")


class Softsign(Unchanged, frozen=True):
    """x / (1 + |x|).

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softsign.html
    Example: {framework: torch, input: [10], layers: [Softsign]}
    """


class Tanh(Unchanged, frozen=True):
    """The hyperbolic tangent.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Tanh.html
    Example: {framework: torch, input: [10], layers: [Tanh]}
    """


class Tanhshrink(Unchanged, frozen=True):
    """The input minus its tanh.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Tanhshrink.html
    Example: {framework: torch, input: [10], layers: [Tanhshrink]}
    """


class Threshold(Unchanged, frozen=True):
    """The input where it is above threshold, else value.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Threshold.html
    Example: {framework: torch, input: [10], layers: [{Threshold: [0.1, 20]}]}
    """

    threshold: float
    value: float
    inplace: bool = False


class OverDimension(Unchanged, frozen=True):
    """Base of the activations along one dimension; without `dim`, PyTorch picks one by the input's rank."""

    dim: int | None = None

    def check(self, x: Shape) -> None:
        """Refuse a `dim` that the input does not have."""
        if self.dim is not None:
            positive_axis(self.dim, len(x))


class Softmax(OverDimension, frozen=True):
    """Numbers that are positive and sum to 1 along a dimension.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softmax.html
    Example: {framework: torch, input: [10], layers: [{Softmax: -1}]}
    """


class LogSoftmax(OverDimension, frozen=True):
    """The logarithm of the softmax.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.LogSoftmax.html
    Example: {framework: torch, input: [10], layers: [{LogSoftmax: -1}]}
    """


class Softmin(OverDimension, frozen=True):
    """The softmax of the negated input.

    Shapes: any → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softmin.html
    Example: {framework: torch, input: [10], layers: [{Softmin: -1}]}
    """


class Softmax2d(Unchanged, frozen=True):
    """Softmax over the channels of images.

    Shapes: (batch, channels, height, width) → the same
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Softmax2d.html
    Example: {framework: torch, input: [3, 8, 8], layers: [Softmax2d]}
    """

    def check(self, x: Shape) -> None:
        """Refuse anything but images, batched or not."""
        check_ranks(x, (3, 4), "(batch, channels, height, width)")


class GLU(Layer, frozen=True):
    """One half of the input times the sigmoid of the other.

    Shapes: (..., features, ...) → (..., features / 2, ...)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.GLU.html
    Example: {framework: torch, input: [10], layers: [GLU]}
    """

    keeps_dtype: ClassVar[bool] = True

    dim: int = -1

    def infer(self, x: Shape) -> Inferred:
        """Return the shape with dimension `dim` halved."""
        axis = positive_axis(self.dim, len(x))
        size = x[axis]
        if size is not None and size % 2:
            raise LayerError(f"dimension {self.dim} must be even to be halved, got {format_shape(x)}")
        return Inferred((*x[:axis], None if size is None else size // 2, *x[axis + 1 :]))


class PReLU(Layer, frozen=True):
    """A leaky ReLU whose slope is learned: one for all channels, or one for each.

    Shapes: (batch, channels, ...) → the same
    Formula: num_parameters
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.PReLU.html
    Example: {framework: torch, input: [8, 5, 5], layers: [{PReLU: 8}]}
    """

    num_parameters: Positive = 1
    init: float = 0.25

    def infer(self, x: Shape) -> Inferred:
        """Infer one slope, or one for each channel; channels are axis 1, and an input of rank 1 has one channel."""
        channels = x[1] if len(x) > 1 else 1
        if self.num_parameters != 1 and channels not in (None, self.num_parameters):
            raise LayerError(
                f"num_parameters is {self.num_parameters}, but the input {format_shape(x)} has {channels} channels"
            )
        return Inferred(x, (vector("weight", self.num_parameters, "num_parameters"),))
