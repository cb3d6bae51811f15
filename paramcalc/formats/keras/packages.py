"""The entry of a class from a package that paramcalc supports → the class and its fields."""

from collections.abc import Callable
from typing import Any

from paramcalc.formats.keras.classes import KerasClasses
from paramcalc.layers.base import Layer
from paramcalc.layers.packages import class_of
from paramcalc.layers.packages.base import PackageLayer
from paramcalc.layers.unknown import Unknown, UnknownLayerError

OwnFields = Callable[[type[Layer], dict[str, Any], bool], dict[str, Any]]


def class_and_fields(
    registry: KerasClasses, entry: dict[str, Any], own_fields: OwnFields
) -> tuple[type[Layer] | Unknown | None, dict[str, Any]]:
    """The class and its fields in the file; an `Unknown` for an entry that the package's own class does not cover.

    The class is None if no such package has it, or if one of the user's plugins does.
    """
    name = entry["class_name"].rpartition(">")[2]
    cls = None if name in registry.plugins() else class_of(name, entry)
    if cls is None:
        return None, {}
    fields = own_fields(cls, entry["config"], False)
    if not issubclass(cls, PackageLayer):
        return cls, fields
    try:
        return cls, cls.fields_of(fields)
    except UnknownLayerError as error:
        return Unknown(str(error)), {}
