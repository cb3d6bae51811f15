"""Augmentations that change colours: shapes stay, nothing is learned."""

from typing import Annotated

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Rate, Two
from paramcalc.layers.keras.fields import DataFormat
from paramcalc.layers.keras.image import ImageLayer, Seed, SignedFactor, UnitFactor, UnitPair, ValueRange
from paramcalc.shapes import Shape, format_shape

Bits = Annotated[float, Meta(ge=1, le=8)]


class RandomBrightness(ImageLayer, frozen=True):
    """Make images brighter or darker, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_brightness/
    Example: {input: [224, 224, 3], layers: [{RandomBrightness: 0.2}]}
    """

    factor: SignedFactor
    value_range: ValueRange = (0, 255)
    seed: Seed = None
    data_format: DataFormat = None


class RandomColorDegeneration(ImageLayer, frozen=True):
    """Fade colours towards grey, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_color_degeneration/
    Example: {input: [224, 224, 3], layers: [{RandomColorDegeneration: 0.5}]}
    """

    factor: SignedFactor
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None

    def check(self, x: Shape) -> None:
        """Grey needs three colours."""
        if len(x) not in (3, 4):
            raise LayerError(f"expects an image, or a batch of them, got {format_shape(x)}")
        channels = x[-3 if self.data_format == "channels_first" else -1]
        if channels not in (None, 3):
            raise LayerError(f"expects images with 3 channels, got {channels}")


class RandomColorJitter(ImageLayer, frozen=True):
    """Change brightness, contrast, saturation and hue, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_color_jitter/
    Example: {input: [224, 224, 3], layers: [{RandomColorJitter: {brightness_factor: 0.2}}]}
    """

    value_range: ValueRange = (0, 255)
    brightness_factor: SignedFactor | None = None
    contrast_factor: UnitFactor | None = None
    saturation_factor: SignedFactor | None = None
    hue_factor: UnitFactor | None = None
    seed: Seed = None
    data_format: DataFormat = None


class RandomContrast(ImageLayer, frozen=True):
    """Change the contrast, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_contrast/
    Example: {input: [224, 224, 3], layers: [{RandomContrast: 0.2}]}
    """

    factor: UnitFactor
    value_range: ValueRange = (0, 255)
    seed: Seed = None
    data_format: DataFormat = None


class RandomGaussianBlur(ImageLayer, frozen=True):
    """Blur, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_gaussian_blur/
    Example: {input: [224, 224, 3], layers: [{RandomGaussianBlur: {kernel_size: 3}}]}
    """

    factor: UnitFactor = 1.0
    kernel_size: int | Annotated[tuple[int, ...], Two] = 3
    sigma: UnitFactor = 1.0
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None

    def check(self, x: Shape) -> None:
        """A kernel needs a middle."""
        sizes = (self.kernel_size,) if isinstance(self.kernel_size, int) else self.kernel_size
        if any(size % 2 == 0 for size in sizes):
            raise LayerError(f"kernel_size must be odd, got {self.kernel_size}")


class RandomGrayscale(ImageLayer, frozen=True):
    """Make images grey, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_grayscale/
    Example: {input: [224, 224, 3], layers: [{RandomGrayscale: 0.5}]}
    """

    factor: Rate = 0.5
    data_format: DataFormat = None
    seed: Seed = None


class RandomHue(ImageLayer, frozen=True):
    """Turn the hue, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_hue/
    Example: {input: [224, 224, 3], layers: [{RandomHue: 0.2}]}
    """

    factor: UnitFactor
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None


class RandomInvert(ImageLayer, frozen=True):
    """Invert the colours, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_invert/
    Example: {input: [224, 224, 3], layers: [{RandomInvert: 0.5}]}
    """

    factor: UnitFactor = 1.0
    value_range: ValueRange = (0, 255)
    seed: Seed = None
    data_format: DataFormat = None


class RandomPosterization(ImageLayer, frozen=True):
    """Keep fewer bits of each colour.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_posterization/
    Example: {input: [224, 224, 3], layers: [{RandomPosterization: 4}]}
    """

    factor: Bits | Annotated[tuple[Bits, ...], Two]
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None


class RandomSaturation(ImageLayer, frozen=True):
    """Change the saturation, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_saturation/
    Example: {input: [224, 224, 3], layers: [{RandomSaturation: 0.2}]}
    """

    factor: SignedFactor
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None


class RandomSharpness(ImageLayer, frozen=True):
    """Sharpen or soften, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_sharpness/
    Example: {input: [224, 224, 3], layers: [{RandomSharpness: 0.5}]}
    """

    factor: UnitFactor
    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None
    seed: Seed = None


class Solarization(ImageLayer, frozen=True):
    """Invert the pixels above a threshold.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/solarization/
    Example: {input: [224, 224, 3], layers: [{Solarization: {threshold_factor: 0.5}}]}
    """

    addition_factor: UnitPair = 0.0
    threshold_factor: UnitPair = 0.0
    value_range: ValueRange = (0, 255)
    seed: Seed = None
    data_format: DataFormat = None


class AutoContrast(ImageLayer, frozen=True):
    """Stretch the contrast to the whole range.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/auto_contrast/
    Example: {input: [224, 224, 3], layers: [{AutoContrast: {}}]}
    """

    value_range: ValueRange = (0, 255)
    data_format: DataFormat = None


class Equalization(ImageLayer, frozen=True):
    """Equalize the histogram.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/equalization/
    Example: {input: [224, 224, 3], layers: [{Equalization: {}}]}
    """

    value_range: ValueRange = (0, 255)
    bins: int = 256
    data_format: DataFormat = None


class ContrastLimitedAdaptiveHistogramEqualization(ImageLayer, frozen=True):
    """Equalize the histogram tile by tile.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/contrast_limited_adaptive_histogram_equalization/
    Example: {input: [224, 224, 3], layers: [{ContrastLimitedAdaptiveHistogramEqualization: {}}]}
    """

    value_range: ValueRange = (0, 255)
    clip_limit: float = 4.0
    tile_grid_size: int | Annotated[tuple[int, ...], Two] = (8, 8)
    data_format: DataFormat = None
