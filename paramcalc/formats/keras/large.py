"""Reads large Keras files, parsing each layer only when it is needed.

The parsed document would exceed the processor's cache many times over, so that reading would wait for memory at every
step: the larger the file, the slower each layer. Instead, each entry is parsed, read and dropped while still in the
cache.

Only files in the form that Keras writes are read this way. Anything unusual or wrong is left to the ordinary reader,
which has the whole document and can report what is wrong and where.
"""

import msgspec

from paramcalc.errors import InputError
from paramcalc.formats.keras import read_keras
from paramcalc.formats.keras.lazy_layers import Architecture, OddError
from paramcalc.formats.source import Options, Source
from paramcalc.formats.text.document import Locator
from paramcalc.formats.text.strict_json import has_huge_integer, is_shallow
from paramcalc.model import Model


def read(source: Source, options: Options) -> Model | None:
    """The model of a large JSON file; None for one that the ordinary reader must read."""
    return read_large(source.data, source.name, options.max_layers, shared_objects=False, version=None)


def read_large(
    data: bytes, name: str, max_layers: int | None, *, shared_objects: bool, version: str | None
) -> Model | None:
    """Read the text of a Keras file; None if the ordinary reader must read it."""
    try:
        found = msgspec.json.decode(data, type=Architecture)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    layers, value = found.opened(0)
    around = msgspec.json.encode(found)
    # Searching for one byte is ten times faster than for two, and most files do not have it.
    escaped = b"\\" in data and b"\\u" in data
    if escaped or has_huge_integer(data) or not is_shallow(around):
        return None
    if version is not None:
        value.setdefault("keras_version", version)
    locate = Locator(data, "json", False)
    locate.silent = True  # the ordinary reader reports errors, so no positions are needed here
    try:
        model = read_keras(value, name, locate, shared_objects=shared_objects, max_layers=max_layers)
    except (OddError, InputError):
        return None
    locate.silent = False
    # Every key has a colon, and of duplicate keys only one is encoded again.
    complete = layers.colons is not None and layers.colons + around.count(b":") == data.count(b":")
    return model if complete else None
