"""Layers whose output shapes differ between Keras 2 and Keras 3, although their fields do not.

Files of Keras 2 record the shapes of Keras 2. Weights and their names are the same in both. The shapes are those that
tf_keras 2.21 and TensorFlow 2.9 report.
"""

from paramcalc.errors import LayerError
from paramcalc.layers.keras import attention, conv_recurrent, lookup, wrappers
from paramcalc.shapes import Shape, format_shape


class Bidirectional(wrappers.Bidirectional, frozen=True):
    """The backward layer may return more or less than the forward one."""

    def outputs(self, ahead: list[Shape], back: list[Shape]) -> list[Shape]:
        """The merged outputs, then the states of both layers."""
        if self.merge_mode not in (None, "concat") and ahead[0] != back[0]:
            raise LayerError(f"cannot merge outputs of {format_shape(ahead[0])} and {format_shape(back[0])}")
        return [*self.merged(ahead[0], back[0]), *ahead[1:], *back[1:]]


class ConvLSTM1D(conv_recurrent.ConvLSTM1D, frozen=True):
    """Rows of unknown length are fine."""

    def check_states(self, spatial: Shape) -> None:
        """States were made of the input, whatever its size."""


class ConvLSTM2D(conv_recurrent.ConvLSTM2D, frozen=True):
    """Images of unknown size are fine."""

    def check_states(self, spatial: Shape) -> None:
        """States were made of the input, whatever its size."""


class ConvLSTM3D(conv_recurrent.ConvLSTM3D, frozen=True):
    """Volumes of unknown size are fine."""

    def check_states(self, spatial: Shape) -> None:
        """States were made of the input, whatever its size."""


class MultiHeadAttention(attention.MultiHeadAttention, frozen=True):
    """The attention scores have their true shape, which Keras 3 does not report."""

    def scores_shape(self, query: Shape, key: Shape) -> Shape:
        """What is left alone, the heads last, then the attended axes of the queries and those of the keys."""
        axes = self.axes(len(query))
        queries, keys = (*query[:-1], self.num_heads), (*key[:-1], self.num_heads)
        if len(key) != len(query) or len(query) in axes:
            raise LayerError(f"attends from {format_shape(query)} to {format_shape(key)}: their axes differ")
        alone = [size for axis, size in enumerate(queries) if axis not in axes]
        return (*alone, *[queries[axis] for axis in axes], *[keys[axis] for axis in axes])


class TextVectorization(lookup.TextVectorization, frozen=True):
    """The axis of one text is gone before there are words."""

    def texts(self, x: Shape) -> Shape:
        """Split text has a new axis in the place of its last one, which is of size 1."""
        if self.split is None:
            return x if self.ngrams is None else (*x[:-1], None)
        if len(x) > 1 and x[-1] not in (1, None):
            raise LayerError(f"splits texts one by one: the last axis of its input must be 1, got {format_shape(x)}")
        return (*(x[:-1] if len(x) > 1 else x), None)

    def indices(self, x: Shape) -> Shape:
        """As long as the text, or of a length that is cut or filled up to."""
        texts = self.texts(x)
        if self.split is not None:
            return (*texts[:-1], self.output_sequence_length)
        return texts if self.output_sequence_length is None else (None,) * len(texts)

    def words(self, x: Shape) -> Shape:
        """An encoding is of one text, one-hot even of one word."""
        texts = self.texts(x)
        if len(texts) > 2 or (self.output_mode == "one_hot" and len(texts) == 2 and texts[1] != 1):
            raise LayerError(f"cannot encode an input of {format_shape(x)}")
        return texts


VARIANTS = {
    variant.__name__: variant
    for variant in (Bidirectional, ConvLSTM1D, ConvLSTM2D, ConvLSTM3D, MultiHeadAttention, TextVectorization)
}
"""Class name → the class for files of Keras 2."""
