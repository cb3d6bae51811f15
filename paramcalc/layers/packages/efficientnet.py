"""The layer that the package efficientnet 1.1 has of its own; segmentation_models' files hold it as well."""

from typing import ClassVar

from paramcalc.layers.keras import regularization
from paramcalc.layers.packages.base import PackageLayer


class FixedDropout(regularization.Dropout, PackageLayer, frozen=True):
    """Dropout whose noise_shape may have unknown sizes; no weights."""

    signs: ClassVar[tuple[str, ...]] = ("rate", "noise_shape", "seed")
