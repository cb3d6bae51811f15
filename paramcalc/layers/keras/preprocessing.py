"""Preprocessing of numbers and categories: bins, hashes and one-hot encodings."""

from typing import Any, ClassVar, Literal

from paramcalc.errors import LayerError
from paramcalc.layers.base import Factors, Inferred, Layer, NonNegative, Positive, Sublayer, Weight, single
from paramcalc.layers.keras.wrappers import on_one_input
from paramcalc.shapes import Dim, Shape, format_shape

FLOAT = "float32"
Encoding = Literal["int", "one_hot", "multi_hot", "count"]


def one_hot(x: Shape, depth: Dim) -> Shape:
    """The shape with an axis more; a last axis of size 1 is replaced, unless it is the only one."""
    return (*x[:-1], depth) if len(x) > 1 and x[-1] == 1 else (*x, depth)


class CategoryEncoding(Layer, frozen=True):
    """Categories, given as integers, as one-hot, multi-hot or counts.

    Shapes: (batch, n) → (batch, num_tokens); one_hot: (batch, n) → (batch, n, num_tokens)
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/categorical/category_encoding/
    Example: {inputs: {c: {shape: [3], dtype: int32}}, layers: [{CategoryEncoding: 10}]}
    """

    num_tokens: Positive
    output_mode: Literal["count", "one_hot", "multi_hot", "binary"] = "multi_hot"
    sparse: bool = False

    def infer(self, x: Shape, count_weights: Shape | None = None) -> Inferred:
        """All but one-hot sum over the last axis."""
        if self.output_mode == "one_hot":
            return Inferred(one_hot(x, self.num_tokens))
        return Inferred((*x[:-1], self.num_tokens))


class Discretization(Layer, frozen=True):
    """Numbers → the index of the bin they fall in, or its encoding.

    Shapes: any → the same; encoded: one axis of num_bins (boundaries + 1)
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/numerical/discretization/
    Example: {input: [4], layers: [{Discretization: {bin_boundaries: [0.0, 1.0, 2.0]}}]}
    """

    bin_boundaries: tuple[float, ...] | None = None
    num_bins: NonNegative | None = None
    epsilon: float = 0.01
    output_mode: Encoding = "int"
    sparse: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Multi-hot and counts sum over the axis after the batch, as Keras does."""
        # The file of an adapted layer has both; then the boundaries take precedence.
        if self.bin_boundaries is None and self.num_bins is None:
            raise LayerError("needs bin_boundaries or num_bins")
        if self.output_mode == "int":
            if self.sparse:
                raise LayerError("sparse cannot be used with output_mode 'int'")
            return Inferred(x, dtype="int32")
        depth = self.num_bins if self.bin_boundaries is None else len(self.bin_boundaries) + 1
        if self.output_mode == "one_hot":
            return Inferred(one_hot(x, depth))
        return Inferred((x[0], *x[2:], depth) if len(x) >= 2 else (depth,))


class Hashing(Layer, frozen=True):
    """Text or integers → a bin by their hash, or its encoding.

    Shapes: any → the same; encoded: (batch, n) → (batch, num_bins)
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/categorical/hashing/
    Example: {inputs: {word: {shape: [1], dtype: string}}, layers: [{Hashing: 100}]}
    """

    num_bins: Positive
    mask_value: Any = None
    salt: int | tuple[int, int] | None = None
    output_mode: Encoding = "int"
    sparse: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Every encoding replaces the last axis, one-hot too."""
        if self.output_mode == "int":
            if self.sparse:
                raise LayerError("sparse cannot be used with output_mode 'int'")
            return Inferred(x, dtype="int64")
        return Inferred((*x[:-1], self.num_bins))


class HashedCrossing(Layer, frozen=True):
    """Two categories → a bin by the hash of both.

    Shapes: twice (batch, 1) → (batch, 1); one_hot: (batch, num_bins)
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/categorical/hashed_crossing/
    Example: {inputs: {a: {shape: [1], dtype: string}, b: {shape: [1], dtype: string}}, layers: [{HashedCrossing: 10, inputs: [a, b]}]}
    """  # noqa: E501

    num_bins: Positive
    output_mode: Literal["int", "one_hot"] = "int"
    sparse: bool = False

    def infer(self, *inputs: Shape) -> Inferred:
        """Return the encoding of two inputs, whose last axes must be equal."""
        if len(inputs) != 2:
            raise LayerError(f"needs exactly 2 inputs, got {len(inputs)}")
        x, y = inputs
        if not x or not y or x[-1] != y[-1]:
            raise LayerError(f"needs two inputs of the same shape, got {format_shape(x)} and {format_shape(y)}")
        if self.output_mode == "int":
            return Inferred(x, dtype="int64")
        return Inferred((*x, self.num_bins) if x[-1] != 1 else (*x[:-1], self.num_bins))


class Pipeline(Layer, frozen=True):
    """Preprocessing layers one after the other.

    Shapes: what the first takes → what the last gives
    Formula: no weights of its own: the sum of its layers
    Source: https://keras.io/api/layers/preprocessing_layers/
    Example: {input: [256, 256, 3], layers: [{Pipeline: {layers: [{CenterCrop: [224, 224]}, {Rescaling: 0.1}]}}]}
    """

    sublayers: ClassVar[tuple[str, ...]] = ("layers",)
    list_argument: ClassVar[bool] = True
    layers: tuple[Sublayer, ...]

    def infer(self, x: Shape) -> Inferred:
        """Infer each layer on the output of the one before."""
        if not self.layers:
            raise LayerError("needs at least one layer")
        weights: list[Weight] = []
        macs: list[Factors] = []
        dtype = None
        for layer in self.layers:
            inferred = on_one_input(layer, x)
            x, dtype = single(inferred), inferred.dtype
            weights.extend(inferred.weights)
            macs.extend(inferred.macs)
        return Inferred(x, tuple(weights), tuple(macs), dtype)
