"""Layers that only act in training: dropout, noise and activity penalties."""

from typing import Annotated, ClassVar

from msgspec import Meta

from paramcalc.layers.base import Positive, Rate
from paramcalc.layers.keras.elementwise import Elementwise
from paramcalc.layers.keras.fields import Config, DataFormat
from paramcalc.shapes import Shape, check_rank

Seed = int | Config | None
NoiseShape = tuple[Positive | None, ...] | None


class Dropout(Elementwise, frozen=True):
    """Set a share of the values to zero in training.

    Shapes: any → the same
    Formula: no weights
    Source: Srivastava et al. 2014; https://keras.io/api/layers/regularization_layers/dropout/
    Example: {input: [10], layers: [{Dropout: 0.5}]}
    """

    rate: Rate
    noise_shape: NoiseShape = None
    seed: Seed = None


class AlphaDropout(Elementwise, frozen=True):
    """Dropout that keeps mean and variance, for SELU networks.

    Shapes: any → the same
    Formula: no weights
    Source: Klambauer et al. 2017, arXiv:1706.02515; https://keras.io/api/layers/regularization_layers/
    Example: {input: [10], layers: [{AlphaDropout: 0.5}]}
    """

    rate: Rate
    noise_shape: tuple[int | None, ...] | None = None
    seed: Seed = None


class GaussianDropout(Elementwise, frozen=True):
    """Multiply by Gaussian noise around 1 in training.

    Shapes: any → the same
    Formula: no weights
    Source: https://keras.io/api/layers/regularization_layers/gaussian_dropout/
    Example: {input: [10], layers: [{GaussianDropout: 0.5}]}
    """

    rate: Rate
    seed: Seed = None


class GaussianNoise(Elementwise, frozen=True):
    """Add Gaussian noise around 0 in training.

    Shapes: any → the same
    Formula: no weights
    Source: https://keras.io/api/layers/regularization_layers/gaussian_noise/
    Example: {input: [10], layers: [{GaussianNoise: 0.1}]}
    """

    stddev: Annotated[float, Meta(ge=0, le=1)]
    seed: Seed = None


class SpatialDropout(Elementwise, frozen=True):
    """Base of the dropouts that take whole channels; each class knows its rank."""

    rank: ClassVar[int]
    layout: ClassVar[str]

    def check(self, x: Shape) -> None:
        """The rank says how many spatial axes there are."""
        check_rank(x, self.rank, self.layout)


class SpatialDropout1D(SpatialDropout, frozen=True):
    """Drop whole channels of a sequence.

    Shapes: (batch, steps, channels) → the same
    Formula: no weights
    Source: Tompson et al. 2014, arXiv:1411.4280; https://keras.io/api/layers/regularization_layers/
    Example: {input: [10, 8], layers: [{SpatialDropout1D: 0.5}]}
    """

    rank: ClassVar[int] = 3
    layout: ClassVar[str] = "(batch, steps, channels)"
    rate: Rate
    seed: Seed = None


class SpatialDropout2D(SpatialDropout, frozen=True):
    """Drop whole channels of an image.

    Shapes: (batch, rows, columns, channels), or channels first → the same
    Formula: no weights
    Source: Tompson et al. 2014, arXiv:1411.4280; https://keras.io/api/layers/regularization_layers/
    Example: {input: [10, 10, 8], layers: [{SpatialDropout2D: 0.5}]}
    """

    rank: ClassVar[int] = 4
    layout: ClassVar[str] = "(batch, rows, columns, channels)"
    rate: Rate
    data_format: DataFormat = None
    seed: Seed = None


class SpatialDropout3D(SpatialDropout, frozen=True):
    """Drop whole channels of a volume.

    Shapes: (batch, depth, rows, columns, channels), or channels first → the same
    Formula: no weights
    Source: Tompson et al. 2014, arXiv:1411.4280; https://keras.io/api/layers/regularization_layers/
    Example: {input: [4, 10, 10, 8], layers: [{SpatialDropout3D: 0.5}]}
    """

    rank: ClassVar[int] = 5
    layout: ClassVar[str] = "(batch, depth, rows, columns, channels)"
    rate: Rate
    data_format: DataFormat = None
    seed: Seed = None


class ActivityRegularization(Elementwise, frozen=True):
    """Add a penalty on the values to the loss.

    Shapes: any → the same
    Formula: no weights
    Source: https://keras.io/api/layers/regularization_layers/activity_regularization/
    Example: {input: [10], layers: [{ActivityRegularization: {l2: 0.01}}]}
    """

    l1: Annotated[float, Meta(ge=0)] = 0.0
    l2: Annotated[float, Meta(ge=0)] = 0.0
