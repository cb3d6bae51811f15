"""A layer paramcalc cannot know: a Lambda, or a custom class."""

from typing import Any

from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred, Layer
from paramcalc.shapes import Shape


class UnknownLayerError(LayerError):
    """The layer's formula is not known; what it outputs may still be told by the user."""


class Unknown(Layer, frozen=True):
    """Stands for a layer whose code only its author has.

    Attributes:
        reason: why it cannot be computed.
        output_shape: what the file recorded of its output, batch included, if it did.
        stand_in: the layer without what is not known of it, where that changes neither a shape nor a count.
    """

    reason: str
    output_shape: Shape | None = None
    stand_in: Any = None

    def infer(self, *inputs: Shape) -> Inferred:
        """Refuse: a silent zero would be a wrong number."""
        raise UnknownLayerError(self.reason)
