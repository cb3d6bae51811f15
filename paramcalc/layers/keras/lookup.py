"""Vocabularies: text or integers → indices, and back."""

from typing import Any, Literal

from paramcalc.errors import LayerError, echo
from paramcalc.layers.base import Inferred, Layer, NonNegative, Positive
from paramcalc.layers.keras.fields import Config
from paramcalc.layers.keras.preprocessing import FLOAT, one_hot
from paramcalc.shapes import Dim, Shape

OutputMode = Literal["int", "one_hot", "multi_hot", "count", "tf_idf", "binary", "tf-idf"]
Standardize = Literal["lower_and_strip_punctuation", "lower", "strip_punctuation"] | Config | None
Split = Literal["whitespace", "character"] | Config | None
"""One of Keras' names, or a user's own function, which is never run."""


class Lookup(Layer, frozen=True):
    """Base of the look-ups: all fields but the dtype, and their checks."""

    max_tokens: int | None = None
    num_oov_indices: NonNegative = 1
    mask_token: Any = None
    oov_token: Any = None
    vocabulary: Any = None
    idf_weights: Any = None
    invert: bool = False
    output_mode: OutputMode = "int"
    pad_to_max_tokens: bool = False
    sparse: bool = False
    oov_method: Literal["floormod", "farmhash"] = "floormod"
    salt: int | tuple[int, int] | None = None
    vocabulary_size: Positive | None = None
    has_input_vocabulary: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Return the indices' shape, that of the input, or an encoding with an axis of the vocabulary's size."""
        self.check()
        return looked_up(x, self.output_mode, self.depth())

    def check(self) -> None:
        """Refuse combinations of fields that Keras refuses."""
        if self.max_tokens is not None and self.max_tokens <= 1:
            raise LayerError(f"max_tokens must be greater than 1, got {self.max_tokens}")
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise LayerError("pad_to_max_tokens needs max_tokens")
        if self.invert and self.output_mode != "int":
            raise LayerError(f"invert needs output_mode 'int', got '{self.output_mode}'")
        if self.sparse and self.output_mode == "int":
            raise LayerError("sparse cannot be used with output_mode 'int'")

        if isinstance(self.vocabulary, (list, tuple)):
            self.check_vocabulary()

    def check_vocabulary(self) -> None:
        """Refuse a vocabulary that Keras refuses."""
        if self.output_mode in ("tf_idf", "tf-idf") and self.idf_weights is None:
            raise LayerError("a vocabulary with output_mode 'tf_idf' needs idf_weights too")
        tokens = self.tokens()
        if not self.vocabulary or len(set(map(repr, tokens))) < len(tokens):
            raise LayerError("the vocabulary is empty, or has a token twice")
        if self.mask_token is not None and self.mask_token in tokens:
            raise LayerError(f"the mask token {echo(self.mask_token)} may only stand first in the vocabulary")
        if self.invert and self.oov_token is not None and self.oov_token in tokens:
            raise LayerError(f"the token {echo(self.oov_token)} may only stand before the vocabulary's own")
        size = self.special() + len(tokens)
        if self.max_tokens is not None and size > self.max_tokens:
            raise LayerError(f"the vocabulary has {size} tokens, max_tokens is {self.max_tokens}")

    def masks(self) -> list[Any]:
        """Return the mask token, which precedes all others, in a list; empty if there is none."""
        return [self.mask_token] if self.mask_token is not None and self.output_mode == "int" else []

    def special(self) -> int:
        """Return the number of tokens before the vocabulary's own: the mask, then those for unknown words."""
        return len(self.masks()) + self.num_oov_indices

    def tokens(self) -> list[Any]:
        """Return the vocabulary without the special tokens that it may begin with."""
        vocabulary, count = list(self.vocabulary), self.special()
        if count > len(vocabulary):
            return vocabulary
        special = [*self.masks(), *[self.oov_token] * self.num_oov_indices]
        return vocabulary[count:] if vocabulary[:count] == special else vocabulary

    def depth(self) -> Dim:
        """Return the size of the vocabulary with its special tokens; None if the file does not contain it."""
        if self.pad_to_max_tokens:
            return self.max_tokens
        if isinstance(self.vocabulary, (list, tuple)):
            return self.special() + len(self.tokens())
        return self.vocabulary_size


def looked_up(x: Shape, mode: str, depth: Dim) -> Inferred:
    """Return the output of a look-up."""
    if mode == "int":
        return Inferred(x, dtype="int64")
    return Inferred(one_hot(x, depth) if mode == "one_hot" else (*x[:-1], depth), dtype=FLOAT)


class StringLookup(Lookup, frozen=True):
    """Text → its index in a vocabulary, or an encoding of it.

    Shapes: any → the same; encoded: (batch, n) → (batch, vocabulary)
    Formula: no weights: a table is not trained
    Source: https://keras.io/api/layers/preprocessing_layers/categorical/string_lookup/
    Example: {inputs: {word: {shape: [1], dtype: string}}, layers: [{StringLookup: {vocabulary: [a, b, c]}}]}
    """

    oov_token: Any = "[UNK]"
    encoding: str | None = "utf-8"
    vocabulary_dtype: str = "string"


class IntegerLookup(Lookup, frozen=True):
    """Integers → their index in a vocabulary, or an encoding of it.

    Shapes: any → the same; encoded: (batch, n) → (batch, vocabulary)
    Formula: no weights: a table is not trained
    Source: https://keras.io/api/layers/preprocessing_layers/categorical/integer_lookup/
    Example: {inputs: {c: {shape: [1], dtype: int64}}, layers: [{IntegerLookup: {vocabulary: [7, 8, 9]}}]}
    """

    oov_token: Any = -1
    vocabulary_dtype: Literal["int64"] = "int64"


class TextVectorization(Layer, frozen=True):
    """Sentences → the indices of their words, or an encoding of them.

    Shapes: (batch, 1) of text → (batch, output_sequence_length); encoded: (batch, vocabulary)
    Formula: no weights: a table is not trained
    Source: https://keras.io/api/layers/preprocessing_layers/text/text_vectorization/
    Example: {inputs: {t: {shape: [1], dtype: string}}, layers: [{TextVectorization: {output_sequence_length: 20}}]}
    """

    max_tokens: int | None = None
    standardize: Standardize = "lower_and_strip_punctuation"
    split: Split = "whitespace"
    ngrams: int | tuple[int, ...] | None = None
    output_mode: OutputMode = "int"
    output_sequence_length: NonNegative | None = None
    pad_to_max_tokens: bool = False
    vocabulary: Any = None
    idf_weights: Any = None
    sparse: bool = False
    ragged: bool = False
    encoding: str | None = "utf-8"
    vocabulary_size: Positive | None = None
    has_input_vocabulary: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Infer a new axis of words, which every encoding sums over."""
        lookup = StringLookup(
            max_tokens=self.max_tokens,
            mask_token="",
            vocabulary=self.vocabulary,
            idf_weights=self.idf_weights,
            output_mode=self.output_mode,
            pad_to_max_tokens=self.pad_to_max_tokens,
            sparse=self.sparse,
            vocabulary_size=self.vocabulary_size,
        )
        lookup.check()
        if self.output_mode == "int":
            return Inferred(self.indices(x), dtype="int64")
        if self.output_sequence_length is not None or self.ragged:
            raise LayerError(f"output_sequence_length and ragged need output_mode 'int', not '{self.output_mode}'")
        return looked_up(self.words(x), self.output_mode, lookup.depth())

    def indices(self, x: Shape) -> Shape:
        """Return the shape of the indices, one per word."""
        return (x[0], self.output_sequence_length)

    def words(self, x: Shape) -> Shape:
        """Return the shape of the words that are encoded."""
        if self.split is not None:
            return (*x, None)
        return x if len(x) > 1 else (*x, 1)
