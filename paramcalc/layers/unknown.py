"""A layer paramcalc cannot know: a Lambda, or a custom class."""

from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer
from paramcalc.shapes import Shape


class UnknownLayerError(LayerError):
    """The layer's formula is not known; the user may still say what it outputs."""


class Unknown(Layer, frozen=True):
    """Stands for a layer whose code is not available.

    Attributes:
        reason: why it cannot be computed.
        recorded_output: the output shape that the file recorded, batch included, if it did.
        weightless: whether it certainly has no weights.
        fallback: the layer without its unknown part, if that changes neither a shape nor a count.
    """

    reason: str
    recorded_output: Shape | None = None
    fallback: Any = None
    weightless: bool = False

    def infer(self, *inputs: Shape) -> Inferred:
        """Refuse: a silent zero would be a wrong number."""
        raise UnknownLayerError(self.reason)
