"""Keras' HDF5 files: the architecture in the root's `model_config`, and which kind of file holds none."""

from contextlib import suppress
from typing import BinaryIO

from paramcalc.errors import InputError, Problem
from paramcalc.formats.hdf5 import Object, open_hdf5
from paramcalc.formats.keras.embedded import read_embedded
from paramcalc.formats.source import Options, Source
from paramcalc.model import Model


def read(source: Source, options: Options) -> Model:
    """The model whose architecture is in the file.

    Raises:
        InputError: when the file is broken, or it holds no architecture.
    """
    data, version = read_config(source.file, source.name)
    return read_embedded(data, source.name, options, "the attribute model_config", version=version)


def read_config(file: BinaryIO, name: str) -> tuple[bytes, str | None]:
    """The JSON in `model_config`, and the Keras version the file was written by.

    Raises:
        InputError: when the file is broken, or it holds no architecture.
    """
    root = open_hdf5(file, name)
    config = root.text("model_config")
    if config is None:
        raise InputError(name, [Problem(_explain_missing(root))])
    version = None
    with suppress(InputError):  # a version that is no text says as little as none
        version = root.text("keras_version")
    return config, version.decode("ascii", "replace")[:16] if version else None


def _explain_missing(root: Object) -> str:
    if "layer_names" in root.attributes or "layers" in root.names:
        return (
            "an HDF5 file of weights only: the architecture is written by `model.save('model.keras')` "
            "or `model.to_json()`"
        )
    return "an HDF5 file without the attribute model_config: not a Keras model"
