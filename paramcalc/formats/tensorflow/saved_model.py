"""A SavedModel's folder: Keras' architecture, if saved, compared with the variables; otherwise the variables alone.

Keras 2 wrote `keras_metadata.pb` next to the graph: one message per object, of which the root's has the model's whole
architecture as JSON. Keras 3's exports and other SavedModels only have a graph, which is not read.
tensorflow/python/keras/protobuf/saved_metadata.proto
"""

import os

from paramcalc.errors import InputError, Problem
from paramcalc.formats.beside import add_by_shape
from paramcalc.formats.checkpoint import model_of
from paramcalc.formats.keras.embedded import read_embedded
from paramcalc.formats.protobuf import WireError, fields
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.formats.tensorflow.bundle import contents
from paramcalc.limits import MAX_CONFIG_BYTES, max_bytes
from paramcalc.model import Model

METADATA = "keras_metadata.pb"
VARIABLES = os.path.join("variables", "variables.index")
MODELS = ("_tf_keras_sequential", "_tf_keras_network")
"""Identifiers of objects with an architecture; other models are defined by code."""

GRAPH_ONLY = (
    "a SavedModel without variables: it holds a graph, which is not read; write the architecture with "
    "`open('model.json', 'w').write(model.to_json())`"
)


def read_folder(source: Source, options: Options) -> Model:
    """Read the model in a folder.

    Raises:
        InputError: when a file in it is broken, or there is nothing that can be read.
    """
    folder = source.path or os.curdir
    variables = None
    if os.path.exists(os.path.join(folder, VARIABLES)):
        with open_source(os.path.join(folder, VARIABLES)) as index:
            variables = contents(index)
    architecture = None
    if METADATA in source.folder:
        with open_source(os.path.join(folder, METADATA)) as beside:
            architecture = architecture_in(beside)
    if architecture is not None:
        model = read_embedded(architecture, source.name, options, f"the architecture in {METADATA}")
        if variables is not None:
            add_by_shape(model, variables, "variables")
        return model
    if variables is None:
        raise InputError(source.name, [Problem(GRAPH_ONLY)])
    return model_of(variables._replace(format="saved_model"), source.name, options.max_layers)


def read_metadata(source: Source, options: Options) -> Model:
    """Read the architecture in a `keras_metadata.pb` without its folder.

    Raises:
        InputError: when it is broken, or the model is defined by code.
    """
    architecture = architecture_in(source)
    if architecture is None:
        message = f"the {METADATA} of a model that is code: it has no architecture; give the folder that it is in"
        raise InputError(source.name, [Problem(message)])
    return read_embedded(architecture, source.name, options, f"the architecture in {METADATA}")


def architecture_in(source: Source) -> bytes | None:
    """The JSON of the root's architecture; None if the root is another kind of model.

    Raises:
        InputError: when the file is not a message.
    """
    data = source.read(max_bytes(MAX_CONFIG_BYTES), "the file")
    try:
        for number, node in fields(data):
            if number != 1 or not isinstance(node, bytes):
                continue
            values = dict(fields(node))
            if values.get(3) == b"root":
                metadata, kind = values.get(5), values.get(4)
                known = isinstance(kind, bytes) and kind.decode("utf-8", "replace") in MODELS
                return metadata if known and isinstance(metadata, bytes) else None
    except WireError as error:
        raise InputError(source.name, [Problem(f"the {METADATA} is broken: {error}")]) from None
    return None
