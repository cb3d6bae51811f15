"""What layers of other packages have in common: how a file's fields become theirs, and what marks their configs."""

from typing import Any, ClassVar

from paramcalc.layers.base import Layer


class PackageLayer(Layer, frozen=True):
    """Mixed into the classes of other packages."""

    signs: ClassVar[tuple[str, ...]] = ()
    """Fields by which the config of a class is known that a file names without its module."""

    own_activations: ClassVar[bool] = False
    """Whether its activations may be others than Keras', which `fields_of` checks."""

    @classmethod
    def fields_of(cls, fields: dict[str, Any]) -> dict[str, Any]:
        """The fields as the class has them, of those in a file.

        Raises:
            UnknownLayerError: for what cannot be computed.
        """
        return fields


EVERY_LAYER = frozenset(("name", "trainable", "dtype", "batch_input_shape", "activity_regularizer", "build_config"))
"""Fields that the config of any layer may have."""


def looks_like(cls: type[Layer], config: Any) -> bool:
    """Whether a config has the fields that a class is known by, and none that it does not have."""
    signs: tuple[str, ...] = getattr(cls, "signs", ())
    if not signs or not isinstance(config, dict):
        return False
    return set(signs) <= config.keys() and config.keys() <= EVERY_LAYER.union(cls.__struct_fields__)
