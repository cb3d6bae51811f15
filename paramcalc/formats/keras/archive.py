"""`.keras` archives: zip files with the architecture in `config.json` and the weights in an HDF5 file."""

import os
import re

from paramcalc.errors import InputError
from paramcalc.formats import is_keras
from paramcalc.formats.archive import Archive, open_archive
from paramcalc.formats.hdf5 import SIGNATURE, open_hdf5
from paramcalc.formats.keras import find_architecture
from paramcalc.formats.keras.embedded import read_embedded
from paramcalc.formats.keras.entries import foreign_name, is_foreign
from paramcalc.formats.keras.group_names import group_names
from paramcalc.formats.keras.h5 import weights_model
from paramcalc.formats.keras.h5_layers import StoredLayer
from paramcalc.formats.keras.h5_weights import read_layers
from paramcalc.formats.keras.stored import add_stored
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.formats.text.document import parse
from paramcalc.limits import (
    MAX_ARCHIVE_DIRECTORY,
    MAX_ARCHIVE_ENTRIES,
    MAX_CONFIG_BYTES,
    MAX_UNPACKED_WEIGHTS,
    MIB,
    SIZE_VARIABLE,
    max_bytes,
    max_unpacked,
)
from paramcalc.model import Claims, Model

CONFIG = "config.json"
WEIGHTS = "model.weights.h5"
METADATA = "metadata.json"
_MERGED = frozenset(f"lora_{weight}_{side}" for weight in ("kernel", "embeddings") for side in "ab")
"""Weights that Keras merges, before saving, into the weight that they adapt."""
_AS_KERAS = ", as Keras writes it"


def read(source: Source, options: Options) -> Model:
    """The model of an archive that contains a `config.json`.

    Raises:
        InputError: when it contains two, or the archive is broken, encrypted, a zip bomb, or contains no model.
    """
    with open_archive(source.file, source.name, MAX_ARCHIVE_DIRECTORY, MAX_ARCHIVE_ENTRIES) as archive:
        data = archive.read(CONFIG, max_unpacked(archive.size), _AS_KERAS)
        version = version_in(archive.read(METADATA, MIB, _AS_KERAS)) if METADATA in archive.names else None
        weights = read_weights(archive, data, source.name) if WEIGHTS in archive.names else None
    return model_in(data, weights, source.name, options, f"the archive's {CONFIG}", version)


def model_in(
    architecture: bytes,
    weights: list[StoredLayer] | str | None,
    name: str,
    options: Options,
    what: str,
    version: str | None = None,
) -> Model:
    """The model of an architecture, compared with the weights beside it.

    The layers of a model whose class is not Keras' own are only in its code, so the model then consists of its weights.

    Args:
        architecture: the JSON.
        weights: the weights by layer, or the reason why they were skipped; None if there are none.
        name: the file, as the user gave it.
        options: the user's options.
        what: a description of the JSON's location in the file, for errors.
        version: the version of Keras that wrote it, if known.

    Raises:
        InputError: with every independent problem of the architecture.
    """
    try:
        model = read_embedded(architecture, name, options, what, shared_objects=True, version=version)
    except InputError:
        if not isinstance(weights, list) or not weights:
            raise
        kind = foreign_class(architecture, name)
        if kind is None:
            raise
        warning = f"the model is of class '{kind}', whose code is not in the file: only its weights are counted"
        return weights_model(weights, name, options, {"class": kind}, [warning])
    if isinstance(weights, str):
        model.claims = model.claims or Claims()
        model.claims.unreadable = weights
    elif weights is not None:
        add_stored(model, weights, _MERGED)
    return model


def foreign_class(architecture: bytes, name: str) -> str | None:
    """The class of the outermost model if it is not Keras' own; None if it is.

    Raises:
        InputError: when the architecture is not JSON.
    """
    found = find_architecture(parse(architecture, name, only_json=True).value)
    return foreign_name(found[0]) if found is not None and is_foreign(found[0]) else None


def version_in(metadata: bytes) -> str | None:
    """The Keras 2 version in the metadata; None if it has no version, or that of Keras 3, which the entries show."""
    found = re.search(rb'"keras_version"\s*:\s*"(2\.[0-9.]{1,20})"', metadata)
    return found[1].decode() if found else None


def read_folder(source: Source, options: Options) -> Model | None:
    """The model of an unpacked archive; None for a folder whose `config.json` is not a Keras architecture.

    Raises:
        InputError: when its contents are broken.
    """
    folder = source.path or os.curdir
    with open_source(os.path.join(folder, CONFIG)) as beside:
        if not is_keras(beside):
            return None
        data = beside.read(max_bytes(MAX_CONFIG_BYTES), "the architecture")
    layers = None
    if WEIGHTS in source.folder:
        with open_source(os.path.join(folder, WEIGHTS)) as file:
            layers = read_layers(open_hdf5(file.file, file.name), lambda: group_names(data)) or []
    return model_in(data, layers, source.name, options, f"the folder's {CONFIG}")


def read_weights(archive: Archive, architecture: bytes, name: str) -> list[StoredLayer] | str:
    """The weights beside the architecture, or the reason why they are skipped if that does not make the file invalid.

    Raises:
        InputError: for a broken HDF5 file.
    """
    limit = max_bytes(MAX_UNPACKED_WEIGHTS)
    if archive.unpacked_size(WEIGHTS) > limit:
        return (
            f"the archive's {WEIGHTS} is compressed and larger than {limit // MIB} MiB, so it was not compared with "
            f"the architecture; set the environment variable {SIZE_VARIABLE} (in MiB) to allow more"
        )
    file, start, size = archive.open(WEIGHTS, limit, _AS_KERAS)
    file.seek(start)
    if file.read(len(SIGNATURE)) != SIGNATURE:
        return f"the archive's {WEIGHTS} is no HDF5 file, so it was not compared with the architecture"
    root = open_hdf5(file, name, start, size)
    return read_layers(root, lambda: group_names(architecture)) or []
