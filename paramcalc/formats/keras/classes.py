"""Class names in a Keras file → layer classes, as the Keras that wrote the file had them."""

from typing import Any

from paramcalc.formats.keras.origin import Origin
from paramcalc.layers.keras.versions import later_names
from paramcalc.layers.registry import Registry


class KerasClasses(Registry):
    """The registry for one file.

    Attributes:
        original: "Keras 2.1.6" for a file of the original Keras: it had fewer classes than tf.keras and Keras 3, so
            that a later class's name is a custom class there. Empty for any other file.
        made: the layers made so far, by what their entries say: equal entries share one layer.
    """

    def __init__(self, origin: Origin) -> None:
        super().__init__("keras", later_names() if origin.original else frozenset())
        self.original = f"Keras {origin.version}" if origin.original else ""
        self.made: dict[bytes, Any] = {}
