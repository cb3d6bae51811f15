"""Compares an architecture with the weights that the user names (`--weights`), whatever wrote either."""

import os

from paramcalc.errors import InputError, Problem
from paramcalc.formats.beside import NO_GRAPH, add_by_shape, add_checkpoint
from paramcalc.formats.checkpoint_folder import contents_at
from paramcalc.formats.hdf5 import SIGNATURE, open_hdf5
from paramcalc.formats.source import open_source
from paramcalc.model import Model


def add_weights(model: Model, path: str) -> None:
    """Attach a checkpoint to an architecture, to be compared with it.

    Keras' weights in HDF5 are compared like those in a `.keras` archive, those that TensorFlow wrote for a Keras model
    by shape, and all others by their exact names.

    Raises:
        InputError: if there is no checkpoint, it is broken, or the model has no architecture.
    """
    if model.framework is None:
        raise InputError(model.source, [Problem(NO_GRAPH)])
    with open_source(path) as source:
        if not source.head.startswith(SIGNATURE):
            if model.framework == "keras":
                add_by_shape(model, contents_at(path), os.path.basename(path) or path)
            else:
                add_checkpoint(model, contents_at(path), path)
            return
        from paramcalc.formats.keras.h5_weights import read_layers
        from paramcalc.formats.keras.stored import add_stored

        layers = read_layers(open_hdf5(source.file, source.name))
        if layers is None:
            raise InputError(path, [Problem("an HDF5 file without weights")])
        add_stored(model, layers)
