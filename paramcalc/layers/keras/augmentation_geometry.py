"""Augmentations that move, hide or mix pixels: shapes stay, nothing is learned."""

from typing import Annotated, Literal

from msgspec import Meta

from paramcalc.layers.base import Rate, Two
from paramcalc.layers.keras.fields import DataFormat
from paramcalc.layers.keras.image import (
    FillMode,
    ImageLayer,
    Interpolation,
    Seed,
    SignedFactor,
    SignedNumber,
    UnitFactor,
    UnitPair,
    ValueRange,
)

ShiftFactor = SignedNumber | Annotated[tuple[SignedNumber, ...], Two]
ZoomNumber = Annotated[float, Meta(gt=-1, le=1)]
ZoomFactor = ZoomNumber | Annotated[tuple[ZoomNumber, ...], Two]


class RandomFlip(ImageLayer, frozen=True):
    """Mirror images, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_flip/
    Example: {input: [224, 224, 3], layers: [{RandomFlip: horizontal}]}
    """

    mode: str = "horizontal_and_vertical"
    seed: Seed = None
    data_format: DataFormat = None


class RandomRotation(ImageLayer, frozen=True):
    """Turn images, at random; the factor is a part of a full turn.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_rotation/
    Example: {input: [224, 224, 3], layers: [{RandomRotation: 0.1}]}
    """

    factor: SignedFactor
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: float = 0.0
    data_format: DataFormat = None


class RandomTranslation(ImageLayer, frozen=True):
    """Move images, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_translation/
    Example: {input: [224, 224, 3], layers: [{RandomTranslation: [0.1, 0.1]}]}
    """

    height_factor: ShiftFactor
    width_factor: ShiftFactor
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: float = 0.0
    data_format: DataFormat = None


class RandomZoom(ImageLayer, frozen=True):
    """Zoom in or out, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_zoom/
    Example: {input: [224, 224, 3], layers: [{RandomZoom: 0.2}]}
    """

    height_factor: ZoomFactor
    width_factor: ZoomFactor | None = None
    fill_mode: FillMode = "reflect"
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    fill_value: float = 0.0
    data_format: DataFormat = None


class RandomShear(ImageLayer, frozen=True):
    """Slant images, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_shear/
    Example: {input: [224, 224, 3], layers: [{RandomShear: {x_factor: 0.2}}]}
    """

    x_factor: UnitPair = 0.0
    y_factor: UnitPair = 0.0
    interpolation: Interpolation = "bilinear"
    fill_mode: FillMode = "reflect"
    fill_value: float = 0.0
    data_format: DataFormat = None
    seed: Seed = None


class RandomPerspective(ImageLayer, frozen=True):
    """Change the point of view, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_perspective/
    Example: {input: [224, 224, 3], layers: [{RandomPerspective: {scale: 0.5}}]}
    """

    factor: UnitFactor = 1.0
    scale: Rate = 1.0
    interpolation: Interpolation = "bilinear"
    fill_value: float = 0.0
    seed: Seed = None
    data_format: DataFormat = None


class RandomElasticTransform(ImageLayer, frozen=True):
    """Warp images, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_elastic_transform/
    Example: {input: [224, 224, 3], layers: [{RandomElasticTransform: {factor: 0.5}}]}
    """

    factor: UnitFactor = 1.0
    scale: UnitFactor = 1.0
    interpolation: Interpolation = "bilinear"
    fill_mode: FillMode | Literal["mirror"] = "reflect"
    fill_value: float = 0.0
    value_range: ValueRange = (0, 255)
    seed: Seed = None
    data_format: DataFormat = None


class RandomErasing(ImageLayer, frozen=True):
    """Erase a rectangle, at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_erasing/
    Example: {input: [224, 224, 3], layers: [{RandomErasing: {factor: 0.5}}]}
    """

    factor: UnitFactor = 1.0
    scale: UnitFactor = (0.02, 0.33)
    fill_value: float | None = None
    value_range: ValueRange = (0, 255)
    seed: Seed = None
    data_format: DataFormat = None


class CutMix(ImageLayer, frozen=True):
    """Paste a rectangle of one image into another.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/cut_mix/
    Example: {input: [224, 224, 3], layers: [{CutMix: {}}]}
    """

    factor: UnitFactor = 1.0
    seed: Seed = None
    data_format: DataFormat = None


class MixUp(ImageLayer, frozen=True):
    """Blend pairs of images.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/mix_up/
    Example: {input: [224, 224, 3], layers: [{MixUp: {alpha: 0.2}}]}
    """

    alpha: float = 0.2
    data_format: DataFormat = None
    seed: Seed = None


class AugMix(ImageLayer, frozen=True):
    """Blend chains of several augmentations.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/aug_mix/
    Example: {input: [224, 224, 3], layers: [{AugMix: {}}]}
    """

    value_range: ValueRange = (0, 255)
    num_chains: int = 3
    chain_depth: int = 3
    factor: UnitPair = 0.3
    alpha: float = 1.0
    all_ops: bool = True
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    data_format: DataFormat = None


class RandAugment(ImageLayer, frozen=True):
    """Apply several augmentations, chosen at random.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/rand_augment/
    Example: {input: [224, 224, 3], layers: [{RandAugment: {num_ops: 2}}]}
    """

    value_range: ValueRange = (0, 255)
    num_ops: int = 2
    factor: UnitPair = 0.5
    interpolation: Interpolation = "bilinear"
    seed: Seed = None
    data_format: DataFormat = None


class MaxNumBoundingBoxes(ImageLayer, frozen=True):
    """Cut or fill the bounding boxes to a number; images pass.

    Shapes: (batch, height, width, channels) → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/max_num_bounding_boxes/
    Example: {input: [224, 224, 3], layers: [{MaxNumBoundingBoxes: 10}]}
    """

    max_number: int
    fill_value: int = -1
    data_format: DataFormat = None
