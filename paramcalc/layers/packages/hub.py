"""The building blocks of KerasHub 0.32, formerly KerasNLP."""

from collections.abc import Iterable
from typing import Any, ClassVar, Literal

from msgspec.structs import replace

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, Positive, Rate, Sublayer, Weight, bias, macs_at
from paramcalc.layers.keras import attention, core
from paramcalc.layers.keras.elementwise import Elementwise
from paramcalc.layers.keras.fields import Activation, Initializer
from paramcalc.layers.keras.normalization import LayerNormalization
from paramcalc.shapes import Shape, check_min_rank, check_rank, format_shape, known, positive_axis

MASKS = ("padding_mask", "attention_mask")


class Parts:
    """Collects the weights and products of the layers inside a layer, each under its own name."""

    def __init__(self) -> None:
        self.weights: list[Weight] = []
        self.macs: list[Factors] = []

    def add(self, name: str, layer: Layer, *inputs: Shape, **options: Any) -> Inferred:
        """Infer a layer and collect its weights and products."""
        inferred: Inferred = layer.infer(*inputs, **options)
        self.weights += [replace(weight, name=f"{name}/{weight.name}") for weight in inferred.weights]
        self.macs += inferred.macs
        return inferred

    def normalize(self, names: Iterable[str], x: Shape) -> None:
        """Layer normalisations of these names."""
        for name in names:
            self.add(name, LayerNormalization(), x)

    def feed_forward(self, x: Shape, size: int) -> None:
        """Two Dense layers, to `size` and back."""
        inner = self.add("feedforward_intermediate_dense", core.Dense(size), x)
        width = known(x, -1, "number of features")
        self.add("feedforward_output_dense", core.Dense(width), inner.shapes[0])

    def answer(self, output: Any) -> Inferred:
        """Return the result of all of them together."""
        return Inferred(output, tuple(self.weights), tuple(self.macs))


def head_size(x: Shape, heads: int) -> int:
    """The features of one head; a remainder is dropped.

    Raises:
        LayerError: if there are fewer features than heads.
    """
    check_rank(x, 3, "(batch, positions, features)")
    size = known(x, -1, "number of features")
    if size < heads:
        raise LayerError(f"{size} features are fewer than num_heads {heads}")
    return size // heads


class TransformerEncoder(Layer, frozen=True):
    """Attention of a sequence to itself, then two Dense layers, each with a shortcut and a normalisation."""

    mask_arguments: ClassVar[tuple[str, ...]] = MASKS

    intermediate_dim: Positive
    num_heads: Positive
    dropout: Rate = 0.0
    activation: Activation = "relu"
    layer_norm_epsilon: float = 1e-5
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    normalize_first: bool = False

    def infer(self, x: Shape, *masks: Shape | None, return_attention_scores: bool = False) -> Inferred:
        """Return the input's shape; Keras' graph does not include the scores, even if they are requested."""
        parts = Parts()
        size = head_size(x, self.num_heads)
        parts.add("self_attention_layer", attention.MultiHeadAttention(self.num_heads, size), x, x)
        parts.normalize(("self_attention_layer_norm", "feedforward_layer_norm"), x)
        parts.feed_forward(x, self.intermediate_dim)
        return parts.answer(x)


class TransformerDecoder(Layer, frozen=True):
    """Attention of a sequence to what came before, perhaps to another sequence, then two Dense layers."""

    mask_arguments: ClassVar[tuple[str, ...]] = tuple(
        f"{side}_{mask}" for side in ("decoder", "encoder") for mask in MASKS
    )

    intermediate_dim: Positive
    num_heads: Positive
    dropout: Rate = 0.0
    activation: Activation = "relu"
    layer_norm_epsilon: float = 1e-5
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"
    normalize_first: bool = False
    decoder_sequence_shape: Any = None
    encoder_sequence_shape: Any = None

    def infer(
        self, decoder_sequence: Shape, encoder_sequence: Shape | None = None, *, use_causal_mask: bool = True
    ) -> Inferred:
        """Infer a second attention if the layer is called with a second sequence."""
        x, memory = decoder_sequence, encoder_sequence
        if (self.encoder_sequence_shape is None) is not (memory is None) and self.decoder_sequence_shape is not None:
            raise LayerError("was built with an encoder_sequence, or without one, and is called otherwise")
        parts = Parts()
        size = head_size(x, self.num_heads)
        parts.add("self_attention", attention.MultiHeadAttention(self.num_heads, size), x, x)
        names = ["self_attention_layer_norm"]
        if memory is not None:
            across = attention.MultiHeadAttention(self.num_heads, size, value_dim=size)
            parts.add("cross_attention", across, x, memory)
            names.append("cross_attention_layer_norm")
        parts.normalize([*names, "feedforward_layer_norm"], x)
        parts.feed_forward(x, self.intermediate_dim)
        return parts.answer(x)


class CachedMultiHeadAttention(attention.MultiHeadAttention, frozen=True):
    """Keras' MultiHeadAttention, which generation may give the keys and values of before."""


class ReversibleEmbedding(core.ReversibleEmbedding, frozen=True):
    """As Keras' own."""


class PositionEmbedding(Layer, frozen=True):
    """A learned vector for each position, in the shape of the input."""

    sequence_length: Positive
    initializer: Initializer = "glorot_uniform"

    def infer(self, x: Shape) -> Inferred:
        """A table of as many positions as there may be."""
        check_min_rank(x, 2)
        if x[-2] is not None and x[-2] > self.sequence_length:
            raise LayerError(f"has {self.sequence_length} positions, and the input {format_shape(x)} has {x[-2]}")
        features = known(x, -1, "number of features")
        factors = (("sequence_length", self.sequence_length), ("features", features))
        return Inferred(x, (Weight("embeddings", (self.sequence_length, features), factors),))


class TokenAndPositionEmbedding(Layer, frozen=True):
    """The sum of a vector for each token and one for each position."""

    vocabulary_size: Positive
    sequence_length: Positive
    embedding_dim: Positive
    tie_weights: bool = True
    embeddings_initializer: Initializer = "uniform"
    mask_zero: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Two tables, or three where the way back has its own."""
        parts = Parts()
        tokens = core.ReversibleEmbedding(self.vocabulary_size, self.embedding_dim, self.tie_weights)
        output = parts.add("token_embedding", tokens, x).shapes[0]
        parts.add("position_embedding", PositionEmbedding(self.sequence_length), output)
        return parts.answer(output)


class SinePositionEncoding(Layer, frozen=True):
    """Sines and cosines of the position, in the shape of the input; no weights."""

    max_wavelength: float = 10000

    def infer(self, x: Shape) -> Inferred:
        """The angles are an outer product, in which nothing is summed."""
        check_min_rank(x, 2)
        return Inferred(x)


class RotaryEmbedding(Layer, frozen=True):
    """Turns pairs of features by an angle of the position; no weights."""

    max_wavelength: float = 10000
    scaling_factor: float = 1.0
    rope_type: Literal["linear", "dynamic", "yarn"] = "linear"
    beta_fast: float = 32.0
    beta_slow: float = 1.0
    original_max_position_embeddings: Positive = 4096
    truncate: bool = True
    sequence_axis: int = 1
    feature_axis: int = -1
    denominator_dim: Any = None

    def infer(self, x: Shape) -> Inferred:
        """The angles are an outer product, in which nothing is summed."""
        sequence, features = positive_axis(self.sequence_axis, len(x)), positive_axis(self.feature_axis, len(x))
        if sequence == features:
            raise LayerError("sequence_axis and feature_axis must be different")
        size = x[features]
        if size is not None and size % 2:
            raise LayerError(f"needs an even number of features, got {size}")
        return Inferred(x)


class AlibiBias(Elementwise, frozen=True):
    """Adds a penalty for the distance to attention scores; no weights."""

    alibi_bias_max: Positive = 8


class FNetEncoder(Layer, frozen=True):
    """Mixes positions by a Fourier transform, which has no weights, then two Dense layers."""

    intermediate_dim: Positive
    dropout: Rate = 0.0
    activation: Activation = "relu"
    layer_norm_epsilon: float = 1e-5
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"

    def infer(self, x: Shape) -> Inferred:
        """The Dense layers multiply; a Fourier transform is no matrix product."""
        check_rank(x, 3, "(batch, positions, features)")
        parts = Parts()
        parts.normalize(("mixing_layer_norm", "output_layer_norm"), x)
        parts.feed_forward(x, self.intermediate_dim)
        return parts.answer(x)


class MaskedLMHead(Layer, frozen=True):
    """The scores of all tokens at the positions that were masked; its table may be that of an embedding."""

    sublayers: ClassVar[tuple[str, ...]] = ("token_embedding",)

    vocabulary_size: Positive | None = None
    token_embedding: Sublayer | None = None
    intermediate_activation: Any = "relu"
    activation: Activation = None
    layer_norm_epsilon: float = 1e-5
    kernel_initializer: Initializer = "glorot_uniform"
    bias_initializer: Initializer = "zeros"

    def infer(self, x: Shape, mask_positions: Shape) -> Inferred:
        """A Dense, a normalisation, the table turned round, and a bias for each token."""
        check_rank(x, 3, "(batch, positions, features)")
        parts = Parts()
        here: Shape = (*mask_positions, x[-1])
        size = known(x, -1, "number of features")
        tokens = self.vocabulary_size
        if self.token_embedding is not None:
            size, tokens = self.table_size(self.token_embedding)
        if tokens is None:
            raise LayerError("needs a vocabulary_size or a token_embedding")
        inner = parts.add("intermediate_dense", core.Dense(size), here).shapes[0]
        parts.normalize(("intermediate_layer_norm",), inner)
        if self.token_embedding is not None:
            back = self.token_embedding.infer(inner, reverse=True)
            parts.weights += back.weights
            parts.macs += back.macs
        else:
            table = Weight("output_kernel", (size, tokens), (("features", size), ("vocabulary_size", tokens)))
            parts.weights.append(table)
            parts.macs += macs_at(inner[:-1], table)
        parts.weights.append(bias(tokens, "vocabulary_size", "output_bias"))
        return parts.answer((*mask_positions, tokens))

    def table_size(self, table: Sublayer) -> tuple[int, int]:
        """The features and the tokens of the table.

        Raises:
            LayerError: for another layer, or one of another size.
        """
        layer = table.layer
        if not isinstance(layer, core.ReversibleEmbedding):
            raise LayerError(f"needs a ReversibleEmbedding as its token_embedding, not {table.type}")
        if self.vocabulary_size not in (None, layer.input_dim):
            raise LayerError(f"vocabulary_size {self.vocabulary_size} is not the {layer.input_dim} of token_embedding")
        return layer.output_dim, layer.input_dim
