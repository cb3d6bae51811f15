"""Layers whose output shapes differ between Keras 2 and Keras 3, although their fields do not.

Files of Keras 2 record the shapes of Keras 2. Weights and their names are the same in both. The shapes are those that
tf_keras 2.21 and TensorFlow 2.9 report.
"""

from paramcalc.errors import LayerError
from paramcalc.layers.keras import attention, conv_recurrent, lookup, wrappers
from paramcalc.shapes import Shape, format_shape


class Bidirectional(wrappers.Bidirectional, frozen=True):
    """Keras 2's Bidirectional, whose backward layer may return more or less than the forward one."""

    def outputs(self, ahead: list[Shape], back: list[Shape]) -> list[Shape]:
        """Return the merged outputs, then the states of both layers."""
        if self.merge_mode not in (None, "concat") and ahead[0] != back[0]:
            raise LayerError(f"cannot merge outputs of {format_shape(ahead[0])} and {format_shape(back[0])}")
        return [*self.merged(ahead[0], back[0]), *ahead[1:], *back[1:]]


class ConvLSTM1D(conv_recurrent.ConvLSTM1D, frozen=True):
    """Keras 2's ConvLSTM1D, which accepts rows of unknown length."""

    def check_states(self, spatial: Shape) -> None:
        """Accept any size: Keras 2 makes the states from the input."""


class ConvLSTM2D(conv_recurrent.ConvLSTM2D, frozen=True):
    """Keras 2's ConvLSTM2D, which accepts images of unknown size."""

    def check_states(self, spatial: Shape) -> None:
        """Accept any size: Keras 2 makes the states from the input."""


class ConvLSTM3D(conv_recurrent.ConvLSTM3D, frozen=True):
    """Keras 2's ConvLSTM3D, which accepts volumes of unknown size."""

    def check_states(self, spatial: Shape) -> None:
        """Accept any size: Keras 2 makes the states from the input."""


class MultiHeadAttention(attention.MultiHeadAttention, frozen=True):
    """Keras 2's MultiHeadAttention, which reports the true shape of the attention scores."""

    def scores_shape(self, query: Shape, key: Shape) -> Shape:
        """Return the axes not attended over, heads last, then the attended axes of queries and keys."""
        axes = self.axes(len(query))
        queries, keys = (*query[:-1], self.num_heads), (*key[:-1], self.num_heads)
        if len(key) != len(query) or len(query) in axes:
            raise LayerError(f"attends from {format_shape(query)} to {format_shape(key)}: their axes differ")
        alone = [size for axis, size in enumerate(queries) if axis not in axes]
        return (*alone, *[queries[axis] for axis in axes], *[keys[axis] for axis in axes])


class TextVectorization(lookup.TextVectorization, frozen=True):
    """Keras 2's TextVectorization, which drops the axis of a single text before splitting it."""

    def texts(self, x: Shape) -> Shape:
        """Return the shape of the split texts: the last axis, of size 1, becomes one of words."""
        if self.split is None:
            return x if self.ngrams is None else (*x[:-1], None)
        if len(x) > 1 and x[-1] not in (1, None):
            raise LayerError(f"splits texts one by one: the last axis of its input must be 1, got {format_shape(x)}")
        return (*(x[:-1] if len(x) > 1 else x), None)

    def indices(self, x: Shape) -> Shape:
        """Return the shape of the indices, cut or padded to output_sequence_length if it is given."""
        texts = self.texts(x)
        if self.split is not None:
            return (*texts[:-1], self.output_sequence_length)
        return texts if self.output_sequence_length is None else (None,) * len(texts)

    def words(self, x: Shape) -> Shape:
        """Return the shape that is encoded: one text, or for one-hot a single word."""
        texts = self.texts(x)
        if len(texts) > 2 or (self.output_mode == "one_hot" and len(texts) == 2 and texts[1] != 1):
            raise LayerError(f"cannot encode an input of {format_shape(x)}")
        return texts


VARIANTS = {
    variant.__name__: variant
    for variant in (Bidirectional, ConvLSTM1D, ConvLSTM2D, ConvLSTM3D, MultiHeadAttention, TextVectorization)
}
"""Class name → the class for files of Keras 2."""
