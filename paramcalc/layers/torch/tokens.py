"""Tokens that are patches of an image: joined, cut out, convolved and laid out as an image again."""

from typing import ClassVar

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer, Positive, Weight, macs_at
from paramcalc.layers.torch.functions import joined
from paramcalc.shapes import Shape, format_shape, volume


class Prepend(Layer, frozen=True):
    """Put vectors before a sequence, the same for every sample: a class token, registers, learned queries.

    The first input is the sequence; the others, in this order, are a vector each, or several: (..., count, features).

    Shapes: (batch, tokens, features), (features) → (batch, tokens + 1, features)
    Formula: no weights
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.cat.html
    Example: {framework: torch, input: [196, 64], layers: [{Parameter: [64], name: cls}, {Prepend: {}, inputs: [input, cls]}]}
    """  # noqa: E501

    keeps_dtype: ClassVar[bool] = True

    def infer(self, x: Shape, *tokens: Shape) -> Inferred:
        """Return the shape with the added vectors counted as tokens."""
        check_sequence(x)
        for token in tokens:
            if not token:
                raise LayerError("a single number is no vector to put before a sequence")
            x = joined(x, (x[0], token[-2] if len(token) > 1 else 1, token[-1]), 1)
        return Inferred(x)


class MergeTokens(Layer, frozen=True):
    """Lay the features of neighbouring tokens side by side: a view, which makes fewer and wider tokens.

    Shapes: (batch, tokens, features) → (batch, tokens / count, count × features)
    Formula: no weights
    Source: transformers/models/qwen2_vl/modeling_qwen2_vl.py, PatchMerger
    Example: {framework: torch, input: [64, 32], layers: [{MergeTokens: 4}]}
    """

    keeps_dtype: ClassVar[bool] = True

    count: Positive

    def infer(self, x: Shape) -> Inferred:
        """Return fewer and wider tokens; the tokens must divide evenly."""
        check_sequence(x)
        if x[1] is not None and x[1] % self.count:
            raise LayerError(f"{x[1]} tokens cannot be divided evenly into groups of {self.count}")
        tokens = None if x[1] is None else x[1] // self.count
        return Inferred((x[0], tokens, None if x[2] is None else x[2] * self.count))


class Patches(Layer, frozen=True, kw_only=True):
    """A convolution of patches that come already cut out, each as large as the kernel, its values in a row.

    Shapes: (batch, patches, product of kernel) → (batch, patches, out_channels)
    Formula: out_channels × product of kernel + out_channels
    Source: transformers/models/qwen2_vl/modeling_qwen2_vl.py, PatchEmbed
    Example: {framework: torch, input: [64, 588], layers: [{Patches: {out_channels: 32, kernel: [3, 14, 14]}}]}
    """

    out_channels: Positive
    kernel: tuple[Positive, ...]
    bias: bool = True

    def infer(self, x: Shape) -> Inferred:
        """Count one product per value of a patch; the kernel is (channels, height, width), perhaps with frames."""
        values = volume(self.kernel)
        if len(x) != 3 or x[2] not in (None, values):
            raise LayerError(f"expects patches (batch, patches, {values}), got {format_shape(x)}")
        factors = (("out_channels", self.out_channels), *[(f"kernel[{i}]", size) for i, size in enumerate(self.kernel)])
        weights = [Weight("weight", (self.out_channels, *self.kernel), factors)]
        if self.bias:
            weights.append(Weight("bias", (self.out_channels,), (factors[0],), "bias"))
        return Inferred((x[0], x[1], self.out_channels), tuple(weights), macs_at(x[:2], weights[0]))


class TokenConv2d(Layer, frozen=True, kw_only=True):
    """A convolution of tokens that are the pixels of an image, whose height and width it keeps by padding.

    Shapes: (batch, tokens, channels) → (batch, tokens, out_channels)
    Formula: out_channels × (channels / groups) × kernel² + out_channels
    Source: transformers/models/segformer/modeling_segformer.py, SegformerDepthWiseConv
    Example: {framework: torch, input: [49, 8], layers: [{TokenConv2d: {out_channels: 8, kernel_size: 3, groups: 8}}]}
    """

    out_channels: Positive
    kernel_size: Positive
    groups: Positive = 1
    bias: bool = True

    def infer(self, x: Shape) -> Inferred:
        """Apply the kernel at every token; positions in the padding are multiplied too."""
        check_sequence(x)
        channels = x[2]
        if channels is None:
            raise LayerError("the number of channels is unknown, and the kernel depends on it")
        if channels % self.groups or self.out_channels % self.groups:
            raise LayerError(f"{channels} and {self.out_channels} channels must both divide into {self.groups} groups")
        shape = (self.out_channels, channels // self.groups, self.kernel_size, self.kernel_size)
        names = ("out_channels", "channels / groups", "kernel[0]", "kernel[1]")
        factors = tuple(zip(names, shape, strict=True))
        biases = (Weight("bias", (self.out_channels,), (factors[0],), "bias"),) if self.bias else ()
        weight = Weight("weight", shape, factors)
        return Inferred((*x[:2], self.out_channels), (weight, *biases), macs_at(x[:2], weight))


class TokenMap(Layer, frozen=True, kw_only=True):
    """Lay tokens out as the image that they are the pixels of; its height and width may be unknown.

    A second input is an image, (batch, channels, height, width), whose height and width it takes.

    Shapes: (batch, height × width, channels) → (batch, channels, height, width)
    Formula: no weights
    Source: transformers/models/segformer/modeling_segformer.py, SegformerStage
    Example: {framework: torch, input: [196, 64], layers: [{TokenMap: {height: 14, width: 14}}]}
    """

    keeps_dtype: ClassVar[bool] = True

    height: Positive | None = None
    width: Positive | None = None

    def infer(self, x: Shape, *like: Shape) -> Inferred:
        """Return the image's shape; there must be one token per pixel."""
        check_sequence(x)
        if len(like) > 1 or any(len(image) != 4 for image in like):
            raise LayerError("expects a sequence, and perhaps an image (batch, channels, height, width) beside it")
        height, width = like[0][2:] if like else (self.height, self.width)
        if height is not None and width is not None and x[1] not in (None, height * width):
            raise LayerError(f"{x[1]} tokens are not an image of {height} × {width}")
        return Inferred((x[0], x[2], height, width))


class TokenMaps(Layer, frozen=True):
    """Lay tokens out as the images that they are the pixels of, one after another, each as large as one that is given.

    Shapes: (batch, tokens, channels), (batch, others, height, width) … → (batch, channels, height, width) …
    Formula: no weights
    Source: transformers/models/mask2former/modeling_mask2former.py, Mask2FormerPixelDecoder
    Example: {framework: torch, inputs: {x: [20, 8], a: [3, 4, 4], b: [3, 2, 2]}, layers: [{TokenMaps: {}, inputs: [x, a, b]}]}
    """  # noqa: E501

    keeps_dtype: ClassVar[bool] = True

    def infer(self, x: Shape, *maps: Shape) -> Inferred:
        """Return the images' shapes; there must be one token per pixel of all images."""
        check_sequence(x)
        if not maps or any(len(each) != 4 for each in maps):
            raise LayerError("expects tokens, and then images (batch, channels, height, width) of the sizes they have")
        pixels = [volume(each[2:]) for each in maps]
        known = [each for each in pixels if each is not None]
        if x[1] is not None and (sum(known) != x[1] if len(known) == len(pixels) else sum(known) > x[1]):
            raise LayerError(f"{x[1]} tokens are not the pixels of {', '.join(format_shape(each) for each in maps)}")
        return Inferred([(x[0], x[2], *each[2:]) for each in maps])


def check_sequence(x: Shape) -> None:
    """Refuse an input that is not a sequence.

    Raises:
        LayerError: if the rank differs.
    """
    if len(x) != 3:
        raise LayerError(f"expects a sequence (batch, tokens, features), got {format_shape(x)}")
