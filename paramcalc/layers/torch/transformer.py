"""Transformer layers, their stacks, and the whole model."""

from typing import Any, ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, Positive, Rate, Sublayer, Weight, single
from paramcalc.layers.torch.attention import MultiheadAttention, positions_of, split_sequences
from paramcalc.layers.torch.common import agreed, check_axis, inside, used_at
from paramcalc.layers.torch.linear import Linear
from paramcalc.layers.torch.normalization import LayerNorm
from paramcalc.shapes import Shape, format_shape

Function = Literal["relu", "gelu"]


class Block(Layer, frozen=True, kw_only=True):
    """Base of the encoder and decoder layers: attention, two linear layers, and a norm for each sublayer."""

    attentions: ClassVar[tuple[str, ...]]
    inferred_fields: ClassVar[tuple[str, ...]] = ("d_model",)

    d_model: Positive | None = None
    nhead: Positive
    dim_feedforward: Positive = 2048
    dropout: Rate = 0.1
    activation: Function = "relu"
    layer_norm_eps: float = 1e-5
    batch_first: bool = False
    norm_first: bool = False
    bias: bool = True

    def parts(self, x: Shape, reads: tuple[Shape, ...]) -> Inferred:
        """Infer the sublayers in state_dict order; attention number n is between x and its n-th memory."""
        batch, length = split_sequences(x, self.batch_first)
        size = agreed(self.d_model, x, 2, "d_model")
        attention = MultiheadAttention(
            embed_dim=size, num_heads=self.nhead, bias=self.bias, batch_first=self.batch_first
        )
        weights: list[Weight] = []
        macs: list[Factors] = []
        for name, read in zip(self.attentions, reads, strict=True):
            found = attention.infer(x, read, need_weights=False)
            weights += inside(name, found.weights)
            macs += found.macs
        for name, wide, narrow in (("linear1", size, self.dim_feedforward), ("linear2", self.dim_feedforward, size)):
            linear = Linear(in_features=wide, out_features=narrow, bias=self.bias)
            own = linear.infer((*x[:2], wide)).weights
            weights += inside(name, own)
            macs += used_at(positions_of(batch, length, "positions"), own[0])
        norm = LayerNorm(size, bias=self.bias).infer(x).weights
        for number in range(len(self.attentions) + 1):
            weights += inside(f"norm{number + 1}", norm)
        return Inferred((*x[:2], size), tuple(weights), tuple(macs))


class TransformerEncoderLayer(Block, frozen=True, kw_only=True):
    """Self-attention and two linear layers, each with a residual connection and a norm.

    Values without names are PyTorch's order; a single one is nhead.

    Shapes: (batch, length, d_model) → the same
    Formula: 4 × d_model × (d_model + 1) + 2 × d_model × dim_feedforward + dim_feedforward + d_model + 4 × d_model
    Note: without batch_first: true, axis 0 is the length, also in a spec, and MACs are unknown while its size is
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.TransformerEncoderLayer.html
    Example: {framework: torch, input: [10, 64], layers: [{TransformerEncoderLayer: {nhead: 4, batch_first: true}}]}
    """

    attentions: ClassVar[tuple[str, ...]] = ("self_attn",)

    def infer(self, src: Shape) -> Inferred:
        """Infer self-attention and the feed-forward network."""
        return self.parts(src, (src,))


class TransformerDecoderLayer(Block, frozen=True, kw_only=True):
    """Self-attention, attention to the encoder's output, and two linear layers, with residuals and norms.

    Values without names are PyTorch's order; a single one is nhead. Its inputs are the sequence and the memory.

    Shapes: (batch, length, d_model), (batch, memory, d_model) → (batch, length, d_model)
    Formula: 8 × d_model × (d_model + 1) + 2 × d_model × dim_feedforward + dim_feedforward + d_model + 6 × d_model
    Note: without batch_first: true, axis 0 is the length, also in a spec, and MACs are unknown while its size is
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.TransformerDecoderLayer.html
    Example: {framework: torch, input: [1, 64], layers: [{TransformerDecoderLayer: 4, inputs: [input, input]}]}
    """

    attentions: ClassVar[tuple[str, ...]] = ("self_attn", "multihead_attn")

    def infer(self, tgt: Shape, memory: Shape) -> Inferred:
        """Infer self-attention, attention to the memory, and the feed-forward network."""
        return self.parts(tgt, (tgt, memory))


class Stack(Layer, frozen=True):
    """Base of the stacks: a number of layers, each with its own weights, and a norm."""

    def stacked(self, block: Any, count: int, norm: Sublayer | None, *inputs: Shape) -> Inferred:
        """Return the numbered layers, and the norm after them."""
        one = block.infer(*inputs)
        weights = [weight for number in range(count) for weight in inside(f"layers.{number}", one.weights)]
        if norm is not None:
            after = norm.layer.infer(single(one))
            weights += inside("norm", norm.named(after.weights, ""))
            return Inferred(after.output, tuple(weights), one.macs * count + after.macs)
        return Inferred(one.output, tuple(weights), one.macs * count)


class TransformerEncoder(Stack, frozen=True):
    """A stack of encoder layers, and a norm if one is given.

    Shapes: (batch, length, d_model) → the same
    Formula: num_layers × encoder_layer + norm
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.TransformerEncoder.html
    Example: {framework: torch, input: [9, 64], layers: [{TransformerEncoder: [{TransformerEncoderLayer: 4}, 6]}]}
    """

    sublayers: ClassVar[tuple[str, ...]] = ("encoder_layer", "norm")

    encoder_layer: Sublayer
    num_layers: Positive
    norm: Sublayer | None = None
    enable_nested_tensor: bool = True
    mask_check: bool = True

    @property
    def layers_inside(self) -> int:
        """The number of layers computed here."""
        return self.num_layers

    def infer(self, src: Shape) -> Inferred:
        """Infer the stack: each layer reads the output of the one before."""
        check_kind(self.encoder_layer, TransformerEncoderLayer, "encoder_layer")
        return self.stacked(self.encoder_layer.layer, self.num_layers, self.norm, src)


class TransformerDecoder(Stack, frozen=True):
    """A stack of decoder layers, and a norm if one is given. Its inputs are the sequence and the memory.

    Shapes: (batch, length, d_model), (batch, memory, d_model) → (batch, length, d_model)
    Formula: num_layers × decoder_layer + norm
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.TransformerDecoder.html
    Example: {framework: torch, input: [1, 64], layers: [{TransformerDecoder: [{TransformerDecoderLayer: 4}, 6], inputs: [input, input]}]}
    """  # noqa: E501

    sublayers: ClassVar[tuple[str, ...]] = ("decoder_layer", "norm")

    decoder_layer: Sublayer
    num_layers: Positive
    norm: Sublayer | None = None

    @property
    def layers_inside(self) -> int:
        """The number of layers computed here."""
        return self.num_layers

    def infer(self, tgt: Shape, memory: Shape) -> Inferred:
        """Infer the stack: each layer reads the output of the one before, and all of them the memory."""
        check_kind(self.decoder_layer, TransformerDecoderLayer, "decoder_layer")
        return self.stacked(self.decoder_layer.layer, self.num_layers, self.norm, tgt, memory)


def check_kind(sublayer: Sublayer, kind: type[Layer], field: str) -> None:
    """Refuse a layer of another class: a stack calls its layers with arguments that only its own kind takes."""
    if not isinstance(sublayer.layer, kind):
        raise LayerError(f"{field} must be a {kind.__name__}, got {sublayer.type}")


class Transformer(Stack, frozen=True):
    """An encoder and a decoder, each with a norm at its end. Its inputs are the source and the target.

    Shapes: (batch, source, d_model), (batch, target, d_model) → (batch, target, d_model)
    Formula: num_encoder_layers × encoder layer + num_decoder_layers × decoder layer + 4 × d_model
    Note: without batch_first: true, axis 0 is the length, also in a spec, and MACs are unknown while its size is
    Source: https://docs.pytorch.org/docs/2.13/generated/torch.nn.Transformer.html
    Example: {framework: torch, inputs: {a: [1, 512], b: [1, 512]}, layers: [{Transformer: {}, inputs: [a, b]}]}
    """

    d_model: Positive = 512
    nhead: Positive = 8
    num_encoder_layers: Positive = 6
    num_decoder_layers: Positive = 6
    dim_feedforward: Positive = 2048
    dropout: Rate = 0.1
    activation: Function = "relu"
    custom_encoder: None = None
    custom_decoder: None = None
    layer_norm_eps: float = 1e-5
    batch_first: bool = False
    norm_first: bool = False
    bias: bool = True

    @property
    def layers_inside(self) -> int:
        """The number of layers computed here."""
        return self.num_encoder_layers + self.num_decoder_layers

    def infer(self, src: Shape, tgt: Shape) -> Inferred:
        """Infer both stacks: the decoder reads the target and, as its memory, the encoder's output."""
        for x in (src, tgt):
            split_sequences(x, self.batch_first)
            check_axis(x, 2, self.d_model, "d_model")
        batch = 0 if self.batch_first else 1
        if None not in (src[batch], tgt[batch]) and src[batch] != tgt[batch]:
            raise LayerError(f"source {format_shape(src)} and target {format_shape(tgt)} have different batches")
        same = {name: getattr(self, name) for name in Block.__struct_fields__}
        norm = Sublayer(LayerNorm(self.d_model, bias=self.bias), "norm", "LayerNorm")
        encoder = self.stacked(TransformerEncoderLayer(**same), self.num_encoder_layers, norm, src)
        memory = single(encoder)
        decoder = self.stacked(TransformerDecoderLayer(**same), self.num_decoder_layers, norm, tgt, memory)
        weights = (*inside("encoder", encoder.weights), *inside("decoder", decoder.weights))
        return Inferred(decoder.output, weights, encoder.macs + decoder.macs)
