"""The layer classes that one Keras file names, as the version of Keras that wrote it had them."""

from typing import Any

from paramcalc.formats.keras.origin import Origin
from paramcalc.layers.keras.versions import later_names
from paramcalc.layers.registry import Registry


class KerasClasses(Registry):
    """Keras' registry for one file.

    Attributes:
        original: "Keras 2.1.6" where the original Keras wrote the file: it had fewer classes than tf.keras and
            Keras 3, and in its files the names of later ones are somebody's own. Empty for any other.
        made: the layers made so far, by what their entries say: equal entries share one.
    """

    def __init__(self, origin: Origin) -> None:
        super().__init__("keras", later_names() if origin.original else frozenset())
        self.original = f"Keras {origin.version}" if origin.original else ""
        self.made: dict[bytes, Any] = {}
