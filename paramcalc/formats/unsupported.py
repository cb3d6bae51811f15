"""Refuses files that no format reads, with a clear name for what they are and what to do instead."""

from typing import TYPE_CHECKING, Any

from paramcalc.errors import InputError, Problem
from paramcalc.formats import is_config, is_darknet
from paramcalc.formats.keras import is_model, models_in
from paramcalc.formats.source import Options, Source
from paramcalc.layers.registry import Registry

if TYPE_CHECKING:
    from paramcalc.formats.text.document import Document

_ORIGIN = (
    "save the model that it was made from, in PyTorch with `torch.export.save(torch.export.export(model, args), "
    "'model.pt2')`, in Keras with `model.save('model.keras')`"
)
_TO_JSON = "write the architecture with `open('model.json', 'w').write(model.to_json())`"
_ONE = "a file holds one, so write each into a file of its own"
STRUCTURE = frozenset(("input", "inputs", "blocks", "layers"))
"""Keys of a spec, any of which is enough to treat a file as one."""
SPEC_KEYS = STRUCTURE | {"name", "vars", "dtype", "outputs", "tied", "budget", "$schema"}
_CONFIG = f"what a Keras model's get_config() gave, without the model's class: {_TO_JSON}"

_NO_TYPE = "a configuration of transformers that does not say of which network: write its model_type into it"
_PARTS = "sentence_transformers."
_PIPELINE = (
    "a pipeline of diffusers, whose model_index.json names its parts: give the folder that it is in, or "
    "that of one part, such as text_encoder or unet"
)

_MAGIC = (
    (
        4,
        b"ET12",
        "a program of ExecuTorch, whose model was compiled: save what it was made from with torch.export.save",
    ),
    (4, b"TFL3", f"a TensorFlow Lite file, which paramcalc does not read: {_ORIGIN}"),
    (0, b"\x1f\x8b", "a gzip archive: unpack it first"),
    (0, b"BZh", "a bzip2 archive: unpack it first"),
    (0, b"\xfd7zXZ", "an xz archive: unpack it first"),
    (0, b"(\xb5/\xfd", "a Zstandard archive: unpack it first"),
    (0, b"7z\xbc\xaf", "a 7z archive: unpack it first"),
    (0, b"\x89PNG", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (0, b"%PDF", "a PDF document"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ\x90", "a program"),
    (257, b"ustar", "a tar archive: unpack it first"),
    (0, b"version https://git-lfs", "a Git LFS pointer, not the file itself: run `git lfs pull`"),
    (0, b"<!DOCTYPE", "a web page, not a model: was the download refused?"),
    (0, b"<!doctype", "a web page, not a model: was the download refused?"),
    (0, b"<html", "a web page, not a model: was the download refused?"),
    (0, b"<?xml", "an XML file"),
)


CODE = (
    "Python code, which paramcalc never runs; write what it builds to a file, and name that: in Keras "
    "`model.save('model.keras')`, in PyTorch `torch.export.save(torch.export.export(model, args), 'model.pt2')`"
)


def refuse_bytes(source: Source, options: Options) -> None:
    """Refuse a file of a known kind, by its first bytes.

    Raises:
        InputError: naming what it is.
    """
    what = identify_bytes(source.head)
    if what:
        raise InputError(source.name, [Problem(f"this is {what}")])


def refuse_code(source: Source, options: Options) -> None:
    """Refuse Python's source code.

    Raises:
        InputError: saying what to write in Python instead.
    """
    raise InputError(source.name, [Problem(f"this is {CODE}")])


def refuse_text(source: Source, options: Options) -> None:
    """Refuse a network definition in another framework's language.

    Raises:
        InputError: naming it.
    """
    what = "a network of Darknet (.cfg)" if is_darknet(source.head) else "a network of Caffe (.prototxt)"
    raise InputError(source.name, [Problem(f"this is {what}, which paramcalc does not read")])


def refuse_archive(source: Source, options: Options) -> None:
    """Refuse a zip archive that no format knows.

    Raises:
        InputError: naming what it is.
    """
    raise InputError(source.name, [Problem(f"this is {identify_archive(source.entries)}")])


def refuse_value(source: Source, options: Options) -> None:
    """Refuse a document that is recognised as something else than a model.

    Raises:
        InputError: naming what it is.
    """
    refuse_document(source.document)


def refuse_document(document: "Document") -> None:
    """`refuse_value` for a document.

    Raises:
        InputError: naming what it is.
    """
    what = identify_value(document.value)
    if what:
        subject = "the file" if document.value is None else "this"
        raise InputError(document.name, [Problem(f"{subject} is {what}", position=document.locate(()))])


def identify_bytes(head: bytes) -> str | None:
    """The kind of file that begins with these bytes (512 are enough); None for what may be text."""
    for offset, magic, what in _MAGIC:
        if head[offset : offset + len(magic)] == magic:
            return what
    if len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5:
        return f"a Python pickle, which paramcalc never loads (that runs code): {_TO_JSON}"
    if head[:3] == b"\x08\x01\x12" and head[3:4] > b"\x7f":  # schema version 1, then a graph, which is long
        return "the graph of a SavedModel, which paramcalc does not read: give the folder that it is in"
    if len(head) > 2 and head[0] == 8 and head[1] < 32 and head[2] in (0x12, 0x3A):  # ir_version, then a field
        # At this place ONNX has the name of a program, Core ML the description of the inputs or nothing.
        kind = "an ONNX" if head[2] == 0x3A or head[4:5].isalpha() else "a Core ML"
        return f"{kind} file, which paramcalc does not read: {_ORIGIN}"
    return None


def identify_archive(names: list[str]) -> str:
    """The kind of zip archive that has these entries."""
    if any(name.endswith("saved_model.pb") for name in names):
        return f"a zipped SavedModel, which paramcalc does not read: {_TO_JSON}"
    if "[Content_Types].xml" in names:
        return "an office document"
    return "a zip archive without a config.json at its top: not a .keras file"


def identify_value(value: Any) -> str | None:
    """The kind of document that has this value; None for one that may be a model."""
    if isinstance(value, list):
        if value and all(isinstance(item, dict) and str(item.get("type")).startswith(_PARTS) for item in value):
            return "the modules.json of sentence-transformers, which names its parts: give the folder that it is in"
        if is_config(value):
            return _CONFIG if not all(map(is_model, value)) else f"a list of {len(value)} Keras models: {_ONE}"
        return "a list: a Keras file is a mapping with class_name and config, a spec one with layers"
    if value is None:
        return "empty"
    if not isinstance(value, dict):
        return "a single value: a spec is a mapping with `layers`"
    topology = value.get("modelTopology")
    if value.get("format") == "graph-model" or (isinstance(topology, dict) and "node" in topology):
        return f"a TensorFlow.js graph model without its weights, whose layers were compiled away: {_TO_JSON}"
    if value.get("class_name") == "Tokenizer":
        return "a Keras Tokenizer, not a model"
    if "layers" in value:
        return with_layers(value)
    known = next((what for keys, what in _BY_KEYS if all(key in value for key in keys)), None)
    return known or without_architecture(value)


def with_layers(value: dict[str, Any]) -> str | None:
    """The kind of a mapping with `layers`; None for a spec."""
    if is_config(value["layers"]) or is_keras0(value):
        return "a file of Keras 0, which no Keras reads since 2016: load it with that and write it anew with Keras 1"
    if "sizes" in value:
        return "a brain.js network: paramcalc does not read those"
    return None if "input" in value or "inputs" in value or "blocks" in value else other_layers(value["layers"])


def is_keras0(value: dict[str, Any]) -> bool:
    """Whether these are layers of Keras 0.2 or 0.3, which had the class in the field `name`."""
    layers = value["layers"]
    if value.get("name") not in ("Sequential", "Graph") or not isinstance(layers, list):
        return False
    names = [layer.get("name") for layer in layers if isinstance(layer, dict) and "type" not in layer]
    return (
        bool(names)
        and len(names) == len(layers)
        and all(isinstance(name, str) and name[:1].isupper() for name in names)
    )


def other_layers(layers: Any) -> str | None:
    """The kind of `layers` that no spec has: sizes, or another program's format; None if they could be a spec's."""
    if not isinstance(layers, list) or not layers or any(map(is_entry, layers)):
        return None
    keys = [key for layer in layers if isinstance(layer, dict) for key in layer]
    what = f"have {quoted(list(dict.fromkeys(keys)))}" if keys else f"are {len(layers)} numbers"
    return (
        "neither a Keras architecture, which has class_name and config, nor a spec, whose layers say of which type "
        f"they are: these {what}"
    )


def is_entry(value: Any) -> bool:
    """Whether an entry of `layers` may be a spec's: it names a type, or has a single key."""
    if not isinstance(value, dict):
        return not isinstance(value, (int, float))
    from paramcalc.formats.native.entries import COMMON
    from paramcalc.formats.native.parser import STRUCTURE as OTHERS

    said = [key for key in value if key not in COMMON]
    if len(said) < 2 or "type" in value or not OTHERS.keys().isdisjoint(said):
        return True
    registry = Registry()
    return any(key[:1].isupper() and registry.family(key) != "plugin" for key in said)


def without_architecture(value: dict[str, Any]) -> str | None:
    """The kind of any other mapping; None for one that may be an incomplete spec."""
    models = models_in(value)
    if len(models) > 1:
        return f"a file of {len(models)} Keras models, under {quoted(models)}: {_ONE}"
    if not value or not STRUCTURE.isdisjoint(value) or SPEC_KEYS.issuperset(value):
        return None
    return (
        "neither a Keras architecture, which has class_name and config, nor a spec, which has layers; here are only "
        f"{quoted(list(value))}"
    )


def quoted(keys: list[str]) -> str:
    """The first keys in quotes, and the number of those left out."""
    shown = ", ".join(f"'{key[:40]}'" for key in keys[:4])
    return shown if len(keys) <= 4 else f"{shown} and {len(keys) - 4:,} more"


_BY_KEYS = (
    (("_class_name", "_diffusers_version", "scheduler"), _PIPELINE),
    (("_class_name", "_diffusers_version"), "a configuration of diffusers, which paramcalc does not read"),
    (("image_processor_type",), "the configuration of a preprocessor: the model's is its config.json"),
    (("feature_extractor_type",), "the configuration of a preprocessor: the model's is its config.json"),
    (("do_resize", "image_mean"), "the configuration of a preprocessor: the model's is its config.json"),
    (("tokenizer_class",), "the configuration of a tokenizer: the model's is its config.json"),
    (("added_tokens_decoder",), "the configuration of a tokenizer: the model's is its config.json"),
    (("word_embedding_dimension",), "the configuration of a pooling of sentence-transformers, which holds no weights"),
    (
        ("__version__", "similarity_fn_name"),
        "the settings of sentence-transformers: the model's is its config.json",
    ),
    (("_from_model_config",), "a generation_config.json: the model's is its config.json"),
    (("bos_token_id", "transformers_version"), "a generation_config.json: the model's is its config.json"),
    (("eos_token_id", "transformers_version"), "a generation_config.json: the model's is its config.json"),
    (("transformers_version", "hidden_size"), _NO_TYPE),
    (("num_attention_heads", "hidden_size"), _NO_TYPE),
    (("added_tokens", "model"), "a Hugging Face tokenizer, not a model"),
    (("nbformat", "cells"), "a Jupyter notebook"),
    (("keras_version", "date_saved"), "the metadata.json of a .keras file: the architecture is in its config.json"),
    (("name", "version", "dependencies"), "a package.json"),
    (("name", "version", "scripts"), "a package.json"),
    (("name", "version", "devDependencies"), "a package.json"),
    (("lockfileVersion",), "a package-lock.json"),
    (("$schema", "properties"), "a JSON Schema"),
    (("openapi", "paths"), "an OpenAPI description"),
    (("repos",), "a pre-commit configuration"),
    (("jobs", "on"), "a GitHub workflow"),
    (("services",), "a compose file"),
    (("apiVersion", "kind"), "a Kubernetes manifest"),
    (
        ("tfjsVersion", "labels"),
        "the metadata.json of a Teachable Machine model: the architecture is in its model.json",
    ),
    (("inputUnits", "outputUnits"), "the metadata of an ml5.js model: the architecture is in its model.json"),
    (("nodes", "arg_nodes", "heads"), "an MXNet symbol, which paramcalc does not read"),
    (("learner", "version"), "an XGBoost model: it has trees, not layers"),
    (("loss", "val_loss"), "the history of a training, without an architecture"),
    (("schema_version", "totals"), "paramcalc's own output: give it the model instead"),
)
"""Keys that only a certain kind of file has together → what it is."""
