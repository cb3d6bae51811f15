"""Reads the JSON of an architecture that is embedded in a larger file with weights."""

from paramcalc.errors import InputError, Problem
from paramcalc.formats.keras import read_keras, recognise, unwrap_sequences
from paramcalc.formats.keras.large import read_large
from paramcalc.formats.source import LARGE, Options
from paramcalc.formats.text.document import parse
from paramcalc.model import Model


def read_embedded(
    data: bytes,
    name: str,
    options: Options,
    what: str,
    *,
    shared_objects: bool = False,
    version: str | None = None,
) -> Model:
    """The model of an embedded architecture.

    Args:
        data: the JSON text.
        name: the file, as the user gave it.
        options: the user's options.
        what: a description of the text's location in the file, for errors.
        shared_objects: whether equal `shared_object_id`s are one layer.
        version: the Keras version that the file states outside the text.

    Raises:
        InputError: when this is not the JSON of an architecture, the only thing that Keras writes there.
    """
    if len(data) >= LARGE and data.startswith(b"{"):
        model = read_large(data, name, options.max_layers, shared_objects=shared_objects, version=version)
        if model is not None:
            return model
    document = parse(data, name, only_json=True)
    if not recognise(document):
        from paramcalc.formats.unsupported import refuse_document

        refuse_document(document)
        raise InputError(name, [Problem(f"{what} is no architecture of Keras")])
    value = document.value
    unwrap_sequences(data, value)
    if version is not None:
        value.setdefault("keras_version", version)
    return read_keras(value, name, document.locate, shared_objects=shared_objects, max_layers=options.max_layers)
