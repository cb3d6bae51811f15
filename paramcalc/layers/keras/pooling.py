"""Pooling: reduce a window, or the whole input, to one value. No weights, no MACs."""

from typing import ClassVar, Literal

from paramcalc.layers.base import Inferred, Layer, Size
from paramcalc.layers.formulas.spatial import spatial_of, with_spatial
from paramcalc.layers.formulas.window import Window
from paramcalc.layers.keras.fields import DataFormat
from paramcalc.shapes import Shape, ntuple


class _Pooling(Layer, frozen=True):
    """Base of the pooling layers with windows."""

    rank: ClassVar[int]

    pool_size: Size
    strides: Size | None = None
    padding: Literal["valid", "same"] = "valid"
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Return the output shape; the stride defaults to the window's size."""
        spatial = spatial_of(x, self.rank, self.data_format)
        strides = self.pool_size if self.strides is None else self.strides
        window = Window.of(self.rank, self.pool_size, strides, self.padding, name="pool_size")
        return Inferred(with_spatial(x, window.lengths(spatial, "pool_size"), self.data_format))


class _GlobalPooling(Layer, frozen=True):
    """Base of the global pooling layers."""

    rank: ClassVar[int]

    data_format: DataFormat = None
    keepdims: bool = False

    def infer(self, x: Shape) -> Inferred:
        """Return one value per channel; `keepdims` keeps the spatial axes with length 1."""
        spatial_of(x, self.rank, self.data_format)
        ones = (1,) * self.rank if self.keepdims else ()
        return Inferred(with_spatial(x, ones, self.data_format))


class _AdaptivePooling(Layer, frozen=True):
    """Base of the adaptive pooling layers."""

    rank: ClassVar[int]

    output_size: Size
    data_format: DataFormat = None

    def infer(self, x: Shape) -> Inferred:
        """Return the requested lengths for the spatial axes, whatever the input's."""
        spatial_of(x, self.rank, self.data_format)
        output = ntuple(self.output_size, self.rank, "output_size")
        return Inferred(with_spatial(x, output, self.data_format))


class MaxPooling1D(_Pooling, frozen=True):
    """The largest value of each channel in every window of a sequence.

    Shapes: (batch, length, channels) → (batch, new length, channels)
    Formula: no weights; new length = (length − pool_size) // strides + 1, or ceil(length / strides) with same
    Source: https://keras.io/api/layers/pooling_layers/max_pooling1d/
    Example: {input: [128, 16], layers: [MaxPooling1D]}
    """

    rank: ClassVar[int] = 1

    pool_size: Size = 2


class MaxPooling2D(_Pooling, frozen=True):
    """The largest value of each channel in every window of an image.

    Shapes: (batch, height, width, channels) → (batch, new height, new width, channels)
    Formula: no weights; new length = (length − pool_size) // strides + 1, or ceil(length / strides) with same
    Source: https://keras.io/api/layers/pooling_layers/max_pooling2d/
    Example: {input: [28, 28, 32], layers: [MaxPooling2D]}
    """

    rank: ClassVar[int] = 2

    pool_size: Size = 2


class MaxPooling3D(_Pooling, frozen=True):
    """The largest value of each channel in every window of a volume.

    Shapes: (batch, depth, height, width, channels) → (batch, new depth, new height, new width, channels)
    Formula: no weights; new length = (length − pool_size) // strides + 1, or ceil(length / strides) with same
    Source: https://keras.io/api/layers/pooling_layers/max_pooling3d/
    Example: {input: [16, 28, 28, 8], layers: [MaxPooling3D]}
    """

    rank: ClassVar[int] = 3

    pool_size: Size = 2


class AveragePooling1D(_Pooling, frozen=True):
    """The mean of each channel in every window of a sequence.

    Shapes: (batch, length, channels) → (batch, new length, channels)
    Formula: no weights; new length = (length − pool_size) // strides + 1, or ceil(length / strides) with same
    Source: https://keras.io/api/layers/pooling_layers/average_pooling1d/
    Example: {input: [128, 16], layers: [{AveragePooling1D: 2}]}
    """

    rank: ClassVar[int] = 1


class AveragePooling2D(_Pooling, frozen=True):
    """The mean of each channel in every window of an image.

    Shapes: (batch, height, width, channels) → (batch, new height, new width, channels)
    Formula: no weights; new length = (length − pool_size) // strides + 1, or ceil(length / strides) with same
    Source: https://keras.io/api/layers/pooling_layers/average_pooling2d/
    Example: {input: [28, 28, 32], layers: [{AveragePooling2D: 2}]}
    """

    rank: ClassVar[int] = 2


class AveragePooling3D(_Pooling, frozen=True):
    """The mean of each channel in every window of a volume.

    Shapes: (batch, depth, height, width, channels) → (batch, new depth, new height, new width, channels)
    Formula: no weights; new length = (length − pool_size) // strides + 1, or ceil(length / strides) with same
    Source: https://keras.io/api/layers/pooling_layers/average_pooling3d/
    Example: {input: [16, 28, 28, 8], layers: [{AveragePooling3D: 2}]}
    """

    rank: ClassVar[int] = 3


class GlobalMaxPooling1D(_GlobalPooling, frozen=True):
    """The largest value of each channel over the whole of a sequence.

    Shapes: (batch, length, channels) → (batch, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/global_max_pooling1d/
    Example: {input: [128, 16], layers: [GlobalMaxPooling1D]}
    """

    rank: ClassVar[int] = 1


class GlobalMaxPooling2D(_GlobalPooling, frozen=True):
    """The largest value of each channel over the whole of an image.

    Shapes: (batch, height, width, channels) → (batch, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/global_max_pooling2d/
    Example: {input: [28, 28, 32], layers: [GlobalMaxPooling2D]}
    """

    rank: ClassVar[int] = 2


class GlobalMaxPooling3D(_GlobalPooling, frozen=True):
    """The largest value of each channel over the whole of a volume.

    Shapes: (batch, depth, height, width, channels) → (batch, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/global_max_pooling3d/
    Example: {input: [16, 28, 28, 8], layers: [GlobalMaxPooling3D]}
    """

    rank: ClassVar[int] = 3


class GlobalAveragePooling1D(_GlobalPooling, frozen=True):
    """The mean of each channel over the whole of a sequence.

    Shapes: (batch, length, channels) → (batch, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/global_average_pooling1d/
    Example: {input: [128, 16], layers: [GlobalAveragePooling1D]}
    """

    mask_arguments: ClassVar[tuple[str, ...]] = ("mask",)
    rank: ClassVar[int] = 1


class GlobalAveragePooling2D(_GlobalPooling, frozen=True):
    """The mean of each channel over the whole of an image.

    Shapes: (batch, height, width, channels) → (batch, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/global_average_pooling2d/
    Example: {input: [28, 28, 32], layers: [GlobalAveragePooling2D]}
    """

    rank: ClassVar[int] = 2


class GlobalAveragePooling3D(_GlobalPooling, frozen=True):
    """The mean of each channel over the whole of a volume.

    Shapes: (batch, depth, height, width, channels) → (batch, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/global_average_pooling3d/
    Example: {input: [16, 28, 28, 8], layers: [GlobalAveragePooling3D]}
    """

    rank: ClassVar[int] = 3


class AdaptiveMaxPooling1D(_AdaptivePooling, frozen=True):
    """The largest value of each channel in as many windows as `output_size` asks for.

    Shapes: (batch, length, channels) → (batch, output_size, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/adaptive_max_pooling1d/
    Example: {input: [128, 16], layers: [{AdaptiveMaxPooling1D: 4}]}
    """

    rank: ClassVar[int] = 1


class AdaptiveMaxPooling2D(_AdaptivePooling, frozen=True):
    """The largest value of each channel in as many windows as `output_size` asks for.

    Shapes: (batch, height, width, channels) → (batch, *output_size, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/adaptive_max_pooling2d/
    Example: {input: [28, 28, 32], layers: [{AdaptiveMaxPooling2D: 4}]}
    """

    rank: ClassVar[int] = 2


class AdaptiveMaxPooling3D(_AdaptivePooling, frozen=True):
    """The largest value of each channel in as many windows as `output_size` asks for.

    Shapes: (batch, depth, height, width, channels) → (batch, *output_size, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/adaptive_max_pooling3d/
    Example: {input: [16, 28, 28, 8], layers: [{AdaptiveMaxPooling3D: 4}]}
    """

    rank: ClassVar[int] = 3


class AdaptiveAveragePooling1D(_AdaptivePooling, frozen=True):
    """The mean of each channel in as many windows as `output_size` asks for.

    Shapes: (batch, length, channels) → (batch, output_size, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/adaptive_average_pooling1d/
    Example: {input: [128, 16], layers: [{AdaptiveAveragePooling1D: 4}]}
    """

    rank: ClassVar[int] = 1


class AdaptiveAveragePooling2D(_AdaptivePooling, frozen=True):
    """The mean of each channel in as many windows as `output_size` asks for.

    Shapes: (batch, height, width, channels) → (batch, *output_size, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/adaptive_average_pooling2d/
    Example: {input: [28, 28, 32], layers: [{AdaptiveAveragePooling2D: 4}]}
    """

    rank: ClassVar[int] = 2


class AdaptiveAveragePooling3D(_AdaptivePooling, frozen=True):
    """The mean of each channel in as many windows as `output_size` asks for.

    Shapes: (batch, depth, height, width, channels) → (batch, *output_size, channels)
    Formula: no weights
    Source: https://keras.io/api/layers/pooling_layers/adaptive_average_pooling3d/
    Example: {input: [16, 28, 28, 8], layers: [{AdaptiveAveragePooling3D: 4}]}
    """

    rank: ClassVar[int] = 3
