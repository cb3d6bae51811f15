"""The base of layers of other packages: how a file's fields become theirs, and how their configs are recognised."""

from typing import Any, ClassVar

from paramcalc.layers.base import Layer


class PackageLayer(Layer, frozen=True):
    """Mixin of the classes of other packages."""

    signs: ClassVar[tuple[str, ...]] = ()
    """Fields that identify the config of a class that a file names without its module."""

    own_activations: ClassVar[bool] = False
    """Whether it has activations beyond those of Keras; `fields_of` checks them."""

    @classmethod
    def fields_of(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """Return a file's fields in the form that the class takes.

        Raises:
            UnknownLayerError: if the fields describe something that cannot be computed.
        """
        return fields


EVERY_LAYER = frozenset(("name", "trainable", "dtype", "batch_input_shape", "activity_regularizer", "build_config"))
"""Fields that may be in the config of any layer."""


def looks_like(cls: type[Layer], config: Any) -> bool:
    """Whether a config has the identifying fields of a class, and none that the class lacks."""
    signs: tuple[str, ...] = getattr(cls, "signs", ())
    if not signs or not isinstance(config, dict):
        return False
    return set(signs) <= config.keys() and config.keys() <= EVERY_LAYER.union(cls.__struct_fields__)
