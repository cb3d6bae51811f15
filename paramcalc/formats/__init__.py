"""Bytes → Model: one reader per format, chosen by content, imported when it is needed."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from paramcalc.collector import gc_paused
from paramcalc.errors import InputError, Problem
from paramcalc.formats.source import STDIN, Source, open_source, read, read_some
from paramcalc.limits import MAX_JSON_BYTES, max_bytes

if TYPE_CHECKING:
    from paramcalc.formats.text.document import Document
    from paramcalc.model import Model

_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_HDF5 = b"\x89HDF\r\n\x1a\n"
_HEAD = 512
_LARGE = 128 * 1024
"""From this many bytes on, the values of a text do not fit in the processor's cache."""


@gc_paused()
def load(
    source: str | os.PathLike[str] | bytes,
    *,
    name: str | None = None,
    sets: Mapping[str, Any] | None = None,
    max_layers: int | None = None,
) -> "Model":
    """Read a model: a paramcalc spec, or a Keras JSON, `.keras` or HDF5 file, told apart by content.

        load("specs/bert_base.yaml", sets={"layers": 6})
        load(b"{input: [784], layers: [Dense: 10]}", name="tiny")

    Args:
        source: a path, "-" for standard input, or the content itself as bytes.
        name: what errors and the summary call it; by default the path.
        sets: values for a spec's `vars`; text is read as `--set` reads it.
        max_layers: how many layers a model may unroll to; by default 100,000.

    Raises:
        InputError: with every independent problem, each with its place.
    """
    opened = open_source(source, name)
    try:
        return _load(opened, sets, max_layers)
    finally:
        if opened.name != STDIN:
            opened.file.close()


def _load(source: Source, sets: Mapping[str, Any] | None, max_layers: int | None) -> "Model":
    """By content: an archive, HDF5, or text."""
    from io import BytesIO

    head = _head(source)
    if source.path is None:  # standard input cannot be sought in, so it is read whole
        data = head + read(source, max_bytes(MAX_JSON_BYTES), "the input")
        source = source._replace(file=BytesIO(data))
    else:
        source.file.seek(0)
    if head.startswith(_ZIP):
        from paramcalc.formats.keras import archive

        data = archive.read_config(source.file, source.name)
        return _model(data, source.name, sets, max_layers, shared_objects=True)
    if head.startswith(_HDF5):
        from paramcalc.formats.keras import h5

        data, version = h5.read_config(source.file, source.name)
        return _model(data, source.name, sets, max_layers, version=version)
    data = read(source, max_bytes(MAX_JSON_BYTES), "the file")
    return _model(data, source.name, sets, max_layers)


def _head(source: Source) -> bytes:
    """The first bytes; known formats that cannot be read are refused."""
    head = read_some(source, _HEAD)
    if not head.isascii() or head[:1] in b"<%v\x08" or b"\0" in head:
        from paramcalc.formats.unsupported import identify_bytes

        what = identify_bytes(head)
        if what:
            raise InputError(source.name, [Problem(f"this is {what}")])
    return head


def _model(
    data: bytes,
    name: str,
    sets: Mapping[str, Any] | None,
    max_layers: int | None,
    *,
    shared_objects: bool = False,
    version: str | None = None,
) -> "Model":
    """Text → document → the reader it is for."""
    if len(data) >= _LARGE and data.startswith(b"{"):
        from paramcalc.formats.text.large import read_large

        model = read_large(data, name, max_layers, shared_objects=shared_objects, version=version)
        if model is not None:
            return model
    from paramcalc.formats.text.document import parse

    document = parse(data, name, only_json=shared_objects)  # an archive is written by Keras
    value = document.value
    if isinstance(value, dict) and "layers" not in value and value.get("class_name") != "Tokenizer":
        from paramcalc.formats.keras import is_keras, parse_texts, read_keras

        parse_texts(value, name, document.locate)
        if is_keras(value):
            if version is not None:
                value.setdefault("keras_version", version)
            return read_keras(value, name, document.locate, shared_objects=shared_objects, max_layers=max_layers)
        from paramcalc.formats import huggingface

        if huggingface.is_config(value):
            return huggingface.read_config_json(value, name, document.locate, sets, max_layers)
    _refuse_foreign(document)
    if shared_objects:  # no spec: a few bytes in an archive can be megabytes of one
        raise InputError(name, [Problem("the archive's config.json is no architecture of Keras")])
    from paramcalc.formats.native import read_spec

    return read_spec(document, name, sets, max_layers=max_layers)


def _refuse_foreign(document: "Document") -> None:
    """Refuse a file that is known to be something else, and name what it is."""
    value = document.value
    is_spec = isinstance(value, dict) and "layers" in value and ("input" in value or "inputs" in value)
    if is_spec and "sizes" not in value and not is_config(value["layers"]):
        return
    from paramcalc.formats.unsupported import identify_value

    what = identify_value(value)
    if what:
        subject = "the file" if value is None else "this"
        raise InputError(document.name, [Problem(f"{subject} is {what}", position=document.locate(()))])


def is_config(layers: object) -> bool:
    """Whether these are layers as Keras writes them, and not as a spec has them."""
    first = layers[0] if isinstance(layers, list) and layers else None
    return isinstance(first, dict) and ("class_name" in first or "custom_name" in first)
