"""Maps class names in a Keras file to layer classes, according to the version of Keras that wrote the file."""

from typing import Any

from paramcalc.errors import LayerError, echo
from paramcalc.formats.keras.entries import is_foreign
from paramcalc.formats.keras.origin import Origin
from paramcalc.layers.keras.versions import later_names
from paramcalc.layers.registry import Registry


class KerasClasses(Registry):
    """The registry for one file.

    Attributes:
        original: "Keras 2.1.6" for a file of the original Keras, which had fewer classes than tf.keras and Keras 3, so
            that the name of a later class is a custom class there. Empty for any other file.
        made: the layers made so far, by the content of their entries: equal entries share one layer.
        objects: the layers and models read so far by `shared_object_id`, wherever they occur: entries with the same ID
            are one object. None for a file without such IDs.
    """

    def __init__(self, origin: Origin, shared_objects: bool = False) -> None:
        super().__init__("keras", later_names() if origin.original else frozenset())
        self.original = f"Keras {origin.version}" if origin.original else ""
        self.made: dict[bytes, Any] = {}
        self.objects: dict[Any, Any] | None = {} if shared_objects else None

    def is_keras(self, entry: dict[str, Any]) -> bool:
        """Whether an entry names one of Keras' own classes."""
        return not is_foreign(entry) and self.has(entry["class_name"])

    def shared_id(self, entry: dict[str, Any]) -> Any:
        """The `shared_object_id` of an entry; None if it has none.

        Raises:
            LayerError: for an ID that is not a number.
        """
        found = entry.get("shared_object_id") if self.objects is not None else None
        if isinstance(found, (list, dict)):
            raise LayerError(f"shared_object_id: expected a number, got {echo(found)}")
        return found

    def shared_part(self, entry: dict[str, Any]) -> Any:
        """The layer or model already made for an entry's `shared_object_id`; None for a new one.

        Keras uses the first, whatever a later entry contains.
        """
        found = self.shared_id(entry)
        return None if found is None or self.objects is None else self.objects.get(found)

    def share(self, entry: dict[str, Any], part: Any) -> None:
        """Register what an entry has made, for others with the same `shared_object_id`."""
        found = self.shared_id(entry)
        if found is not None and self.objects is not None:
            self.objects[found] = part
