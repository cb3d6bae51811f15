"""Image preprocessing: the base of all image layers, and those that change the size."""

from typing import Annotated, Any, Literal

from msgspec import Meta

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Positive, Two
from paramcalc.layers.keras.elementwise import Elementwise, Structured
from paramcalc.layers.keras.fields import Config, DataFormat
from paramcalc.shapes import Dim, Shape, format_shape

Seed = int | Config | None
ValueRange = tuple[float, float]
UnitNumber = Annotated[float, Meta(ge=0, le=1)]
UnitFactor = UnitNumber | Annotated[tuple[float, ...], Two]
"""A strength: one number, or its lowest and highest. Keras checks the limits only of a single number."""
UnitPair = UnitNumber | Annotated[tuple[UnitNumber, ...], Two]
"""The same, except that both of two numbers must be within the limits."""
SignedNumber = Annotated[float, Meta(ge=-1, le=1)]
SignedFactor = SignedNumber | Annotated[tuple[float, ...], Two]
FillMode = Literal["reflect", "wrap", "constant", "nearest"]
Interpolation = Literal["nearest", "bilinear"]


class ImageLayer(Structured, frozen=True, kw_only=True):
    """Base of the image layers: they take images, or images with their labels and boxes."""

    bounding_box_format: str | None = None


class Rescaling(Elementwise, frozen=True):
    """Multiply by scale, add offset.

    Shapes: any → the same
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/rescaling/
    Example: {input: [224, 224, 3], layers: [{Rescaling: 0.00392156862745098}]}
    """

    scale: Any
    offset: Any = 0.0


class Resizing(ImageLayer, frozen=True):
    """Resize images.

    Shapes: (batch, height, width, channels), or channels first → the same with the new height and width
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/resizing/
    Example: {input: [null, null, 3], layers: [{Resizing: [224, 224]}]}
    """

    height: Positive
    width: Positive
    interpolation: str = "bilinear"
    crop_to_aspect_ratio: bool = False
    pad_to_aspect_ratio: bool = False
    fill_mode: str = "constant"
    fill_value: float = 0.0
    antialias: bool = False
    data_format: DataFormat = None

    def infer(self, x: Shape, *more: Shape) -> Inferred:
        """Return the resized shape; like Keras, treat any rank but 4 as one image without a batch."""
        first = (1 if len(x) == 4 else 0) + (self.data_format == "channels_first")
        return resized(x, more, first, self.height, self.width)


class CenterCrop(ImageLayer, frozen=True):
    """Cut the middle out of images; what is too small is resized.

    Shapes: (batch, height, width, channels), or channels first → the same with the new height and width
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_preprocessing/center_crop/
    Example: {input: [256, 256, 3], layers: [{CenterCrop: [224, 224]}]}
    """

    height: Positive
    width: Positive
    data_format: DataFormat = None

    def infer(self, x: Shape, *more: Shape) -> Inferred:
        """Return the cropped shape of one image or a batch."""
        if len(x) not in (3, 4):
            raise LayerError(f"expects an image, or a batch of them, got {format_shape(x)}")
        first = len(x) - 3 + (self.data_format == "channels_first")
        return resized(x, more, first, self.height, self.width)


class RandomCrop(ImageLayer, frozen=True):
    """Cut a random part out of images in training, the middle else.

    Shapes: (batch, height, width, channels), or channels first → the same with the new height and width
    Formula: no weights
    Source: https://keras.io/api/layers/preprocessing_layers/image_augmentation/random_crop/
    Example: {input: [256, 256, 3], layers: [{RandomCrop: [224, 224]}]}
    """

    height: Positive
    width: Positive
    seed: Seed = None
    data_format: DataFormat = None

    def infer(self, x: Shape, *more: Shape) -> Inferred:
        """Return the cropped shape; height and width are counted from the end."""
        first = len(x) - (2 if self.data_format == "channels_first" else 3)
        return resized(x, more, first, self.height, self.width)


def resized(x: Shape, more: tuple[Shape, ...], first: int, height: Dim, width: Dim) -> Inferred:
    """Return the shape with a new height at axis `first` and the width after it."""
    if first < 0 or len(x) < first + 2:
        raise LayerError(f"expects images with a height and a width, got {format_shape(x)}")
    output = (*x[:first], height, width, *x[first + 2 :])
    return Inferred([output, *more] if more else output)
