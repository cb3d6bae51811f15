"""Determines which Keras version wrote a file, and what follows from that for reading its layers."""

from typing import Any

from msgspec import Struct

from paramcalc.errors import DocPath
from paramcalc.formats.keras.lazy_layers import LazyLayers
from paramcalc.layers.keras.versions import is_original, resets_after

OLD_SHAPES = frozenset(("batch_input_shape", "batchInputShape"))
"""The names of the input shape in Keras 1 and 2 and in TensorFlow.js, for which some files have been edited."""


class Origin(Struct, frozen=True):
    """What is known about the program that wrote a file.

    Attributes:
        dialect: "keras1", "keras2", "keras3" or "tfjs", which is also the model's format.
        version: the version, such as "2.1.6", or empty if the file does not give it.
        legacy: whether Keras 1 or 2 wrote all of it; single entries may also be theirs, see `is_legacy`.
        names_modules: whether its entries name their modules if Keras 3 wrote them; those in an HDF5 file do not.
        original: whether the original Keras wrote it, which had fewer classes than tf.keras.
        gru_resets_after: whether a GRU has `reset_after` if the file does not say.
        keeps_unreachable: whether layers that no output depends on belong to the model, as in TensorFlow.
        channels_first: whether Keras 1 layers that do not give their channel order have the channels first.
    """

    dialect: str
    version: str = ""
    legacy: bool = False
    names_modules: bool = True
    original: bool = False
    gru_resets_after: bool = False
    keeps_unreachable: bool = False
    channels_first: bool = False

    def is_legacy(self, entry: dict[str, Any]) -> bool:
        """Whether Keras 1 or 2 wrote an entry."""
        return self.legacy or (self.names_modules and "module" not in entry)


def origin_of(value: Any, architecture: dict[str, Any], where: DocPath) -> Origin:
    """Determine the origin of a file.

    Args:
        value: the whole document.
        architecture: the model's `{"class_name", "config"}` in it.
        where: the place of the architecture in the document.
    """
    version = version_of(value, where)
    dialect = dialect_of(value, architecture, version)
    names_modules = "module" in architecture or not version.startswith("3")
    old = dialect in ("keras1", "keras2") or (names_modules and "module" not in architecture)
    legacy = old or writes_batch_input_shape(architecture)
    original = is_original(version)
    return Origin(
        dialect,
        version,
        legacy,
        names_modules,
        original,
        not legacy or (dialect != "tfjs" and resets_after(version)),
        legacy and dialect == "keras2" and not original,
        dialect == "keras1" and is_channels_first(architecture),
    )


def version_of(value: Any, where: DocPath) -> str:
    """The Keras version given beside the architecture, else around it; empty if there is none."""
    found = value.get("keras_version")
    for key in where:
        value = value[key]
        found = value.get("keras_version") or found
    return str(found or "")


def dialect_of(value: Any, architecture: dict[str, Any], version: str) -> str:
    """`tfjs`, `keras3`, `keras2` or `keras1`, by the version or by content that only one of them writes."""
    if "modelTopology" in value:
        return "tfjs"
    if not version:
        version = "3" if "module" in architecture and not writes_batch_input_shape(architecture) else "2"
    return f"keras{version[0]}" if version[0] in "123" else "keras2"


def writes_batch_input_shape(architecture: dict[str, Any]) -> bool:
    """Whether the first layer gives its shape as in Keras 1 and 2; tf.keras' last versions name modules, too."""
    config = architecture.get("config")
    layers = config.get("layers") if isinstance(config, dict) else config
    first = layers[0] if isinstance(layers, (list, LazyLayers)) and layers else None
    inner = first.get("config") if isinstance(first, dict) else None
    return isinstance(inner, dict) and not OLD_SHAPES.isdisjoint(inner)


def is_channels_first(architecture: dict[str, Any]) -> bool:
    """See `keras1_ordering`, which only Keras 1 files need."""
    from paramcalc.formats.keras import keras1_ordering

    return keras1_ordering.is_channels_first(architecture)
