"""Layers with a state of fixed size from token to token: short convolutions, linear attention, state spaces."""

from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Cache, Factors, Inferred, Layer, NonNegative, Positive, Weight, bias
from paramcalc.layers.torch.common import agreed
from paramcalc.shapes import Shape, format_shape, volume


class CausalConv1d(Layer, frozen=True, kw_only=True):
    """A short convolution over the tokens so far, each channel by itself: a Conv1d with as many groups as channels.

    Channels are last. The inputs of the last `kernel_size` tokens are kept.

    Shapes: (batch, tokens, channels) → the same
    Formula: channels × kernel_size + channels (bias)
    Source: transformers/models/mamba2/modeling_mamba2.py, Mamba2Mixer
    Example: {framework: torch, input: [10, 64], layers: [{CausalConv1d: 4}]}
    """

    inferred_fields: ClassVar[tuple[str, ...]] = ("channels",)

    kernel_size: Positive
    channels: Positive | None = None
    bias: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Count one product per token, channel and kernel tap; the last inputs are kept as state."""
        size = agreed(self.channels, x, -1, "channels")
        factors: Factors = (("channels", size), ("kernel_size", self.kernel_size))
        weight = Weight("weight", (size, 1, self.kernel_size), factors)
        weights = (weight, bias(size, "channels")) if self.bias else (weight,)
        state = Cache("convolution", factors, fixed=True)
        return Inferred(x, weights, ((("tokens", volume(x[:-1])), *factors),), cache=(state,))


class Recurrence(Layer, frozen=True, kw_only=True):
    """A matrix of key_size × value_size for each head that every token changes and reads, without any projection.

    Linear attention, the delta rule and selective state spaces are such: the first input has the tokens, whatever
    else they read. Each token takes `products` products with the matrix; elementwise work is none, and 0 is all such.

    Shapes: (batch, tokens, ...), any others → (batch, tokens, heads × value_size)
    Formula: no weights
    Source: transformers/models/mamba2/modeling_mamba2.py; arXiv:2412.06464 (the gated delta rule)
    Example: {framework: torch, input: [10, 64], layers: [{Recurrence: {heads: 4, key_size: 16, value_size: 16}}]}
    """

    heads: Positive
    key_size: Positive
    value_size: Positive
    products: NonNegative = 2

    def infer(self, x: Shape, *others: Shape) -> Inferred:
        """Count the products with the state, whose size does not depend on the number of tokens."""
        if len(x) < 3:
            raise LayerError(f"expects (batch, tokens, ...), got {format_shape(x)}")
        sizes: Factors = (("heads", self.heads), ("key_size", self.key_size), ("value_size", self.value_size))
        macs: Factors = (("tokens", volume(x[:2])), *sizes, ("products", self.products))
        state = Cache("state", sizes, fixed=True)
        width = self.heads * self.value_size
        return Inferred((*x[:2], width), macs=(macs,) if self.products else (), cache=(state,))
