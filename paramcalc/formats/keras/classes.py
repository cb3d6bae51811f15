"""Maps class names in a Keras file to layer classes, as in the version of Keras that wrote the file."""

from typing import Any

from paramcalc.errors import LayerError, echo
from paramcalc.formats.keras.entries import is_foreign
from paramcalc.formats.keras.origin import Origin
from paramcalc.layers.keras.versions import later_names
from paramcalc.layers.registry import Registry


class KerasClasses(Registry):
    """The registry for one file.

    Attributes:
        original: "Keras 2.1.6" for a file of the original Keras: it had fewer classes than tf.keras and Keras 3, so
            that a later class's name is a custom class there. Empty for any other file.
        made: the layers made so far, by what their entries say: equal entries share one layer.
        objects: the layers and models so far by their `shared_object_id`, wherever they stand: entries with the same
            are one. None where a file has no such numbers.
    """

    def __init__(self, origin: Origin, shared_objects: bool = False) -> None:
        super().__init__("keras", later_names() if origin.original else frozenset())
        self.original = f"Keras {origin.version}" if origin.original else ""
        self.made: dict[bytes, Any] = {}
        self.objects: dict[Any, Any] | None = {} if shared_objects else None

    def is_keras(self, entry: dict[str, Any]) -> bool:
        """Whether an entry names a class of Keras, and no other package's."""
        return not is_foreign(entry) and self.has(entry["class_name"])

    def shared_id(self, entry: dict[str, Any]) -> Any:
        """The `shared_object_id` of an entry; None where it has none.

        Raises:
            LayerError: for one that is no number.
        """
        found = entry.get("shared_object_id") if self.objects is not None else None
        if isinstance(found, (list, dict)):
            raise LayerError(f"shared_object_id: expected a number, got {echo(found)}")
        return found

    def shared_part(self, entry: dict[str, Any]) -> Any:
        """The layer or the model that an entry with the same `shared_object_id` has made already; None for a new one.

        Keras takes the first, whatever a later entry says of it.
        """
        found = self.shared_id(entry)
        return None if found is None or self.objects is None else self.objects.get(found)

    def share(self, entry: dict[str, Any], part: Any) -> None:
        """Note what an entry has made, for others with the same `shared_object_id`."""
        found = self.shared_id(entry)
        if found is not None and self.objects is not None:
            self.objects[found] = part
