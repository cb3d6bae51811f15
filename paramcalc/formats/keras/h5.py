"""Keras' HDF5 files: a whole model, with its architecture in the root's `model_config`, or weights alone."""

from collections.abc import Sequence
from contextlib import suppress

from paramcalc.errors import InputError, Problem
from paramcalc.formats.checkpoint import Contents, Details, model_of
from paramcalc.formats.hdf5 import Object, open_hdf5
from paramcalc.formats.keras.embedded import read_embedded
from paramcalc.formats.keras.h5_layers import StoredLayer, tensors_of
from paramcalc.formats.keras.h5_weights import MODEL_WEIGHTS, read_layers
from paramcalc.formats.keras.stored import add_stored
from paramcalc.formats.source import Options, Source
from paramcalc.model import Model

WEIGHTS_FORMAT = "keras_weights"
CONFIG = "model_config"


def read(source: Source, options: Options) -> Model:
    """The model of the architecture in the file; for a file of weights, one with a row for each module.

    Raises:
        InputError: when the file is broken, or was not written by Keras.
    """
    root = open_hdf5(source.file, source.name)
    config = root.text(CONFIG)
    if config is None:
        return read_weights(root, source.name, options)
    version = None
    with suppress(InputError):  # a version that is not text is as good as none
        version = root.text("keras_version")
    said = version.decode("ascii", "replace")[:16] if version else None
    model = read_embedded(config, source.name, options, f"the attribute {CONFIG}", version=said)
    if MODEL_WEIGHTS in root.names:
        add_stored(model, read_layers(root) or [])
    return model


def read_weights(root: Object, name: str, options: Options) -> Model:
    """The model of a file without an architecture.

    Raises:
        InputError: when it has no weights in any of Keras' layouts either.
    """
    layers = read_layers(root, with_state=True)
    if layers is None:
        message = f"an HDF5 file without the attribute {CONFIG}, and without weights: not a Keras model"
        raise InputError(name, [Problem(message)])
    return weights_model(layers, name, options)


def weights_model(
    layers: list[StoredLayer], name: str, options: Options, details: Details | None = None, warnings: Sequence[str] = ()
) -> Model:
    """A model with a row for each module that has weights."""
    tensors = tensors_of(layers)
    said: Details = {"tensors": len(tensors), **(details or {})}
    found = Contents(tensors, WEIGHTS_FORMAT, said, warnings, separator="/", as_stored=True)
    return model_of(found, name, options.max_layers)
