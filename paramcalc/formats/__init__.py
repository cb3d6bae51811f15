"""Reads a file into a Model: the table of formats, and `load`, which looks for the first that recognises the file.

A format is a module or a package here and a line of FORMATS: how its content is recognised, and the function that reads
it. A format is only imported once it is chosen, so the functions that recognise formats are here.
"""

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from paramcalc.collector import gc_paused
from paramcalc.formats.source import LARGE, Options, Source, open_source

if TYPE_CHECKING:
    from paramcalc.model import Model


class Format(Struct, frozen=True):
    """A line of the table.

    Attributes:
        matches: whether a source looks like this format; it reads as little of the source as it can.
        reader: the reader's place in this package: "hdf5.read". It takes the source and the options, and returns the
            model, or None for a file that turns out to be of a format further down.
        compares: whether the reader itself handles `weights` and `lora`, because only it knows the names of the layers.
    """

    matches: Callable[[Source], bool]
    reader: str
    compares: bool = False

    def read(self, source: Source, options: Options) -> "Model | None":
        """The model, or None for a file of another format.

        Raises:
            InputError: with every independent problem, each with its place.
        """
        module, _, function = self.reader.rpartition(".")
        read: Callable[[Source, Options], Model | None] = getattr(
            import_module(f"paramcalc.formats.{module}"), function
        )
        return read(source, options)


@gc_paused()
def load(
    source: str | os.PathLike[str] | bytes,
    *,
    name: str | None = None,
    sets: Mapping[str, Any] | None = None,
    max_layers: int | None = None,
    weights: str | os.PathLike[str] | None = None,
    lora: str | None = None,
) -> "Model":
    """Read a model: a spec, a Keras file, a `.pt2` of PyTorch, a checkpoint, …, told apart by content.

        load("specs/bert_base.yaml", sets={"layers": 6})
        load(b"{input: [784], layers: [Dense: 10]}", name="tiny")

    Args:
        source: a path, "-" for standard input, or the content itself as bytes.
        name: what errors and the summary call it; by default the path.
        sets: values for a spec's `vars`; text is read as `--set` reads it.
        max_layers: how many layers a model may unroll to; by default 100,000.
        weights: a checkpoint, or its folder, to compare the architecture with.
        lora: an adapter to add: "RANK" or "RANK:target,…", or the path of one that PEFT or llama.cpp wrote.

    Raises:
        InputError: with every independent problem, each with its place.
    """
    options = Options(sets, max_layers, None if weights is None else os.fspath(weights))
    with open_source(source, name) as opened:
        if lora is None:
            return read_source(opened, options)
        model: Model = import_module("paramcalc.formats.adapters.option").read(opened, options, lora)
        return model


def read_source(source: Source, options: Options) -> "Model":
    """The model, from the first format in the table that recognises the source.

    Raises:
        InputError: with every independent problem, each with its place.
    """
    for form in FORMATS:
        if form.matches(source):
            model = form.read(source, options)
            if model is not None:
                if not form.compares:
                    add_options(model, options)
                return model
    raise AssertionError("the last format takes every file")


def add_options(model: "Model", options: Options) -> None:
    """Compare the model with the weights that the user names, and add the adapter that the user asks for.

    Raises:
        InputError: if either is impossible.
    """
    if options.weights is not None:
        import_module("paramcalc.formats.weights").add_weights(model, options.weights)
    if options.adapter is not None:
        import_module("paramcalc.formats.adapters.apply").adapt(model, options.adapter)


def begins(*signatures: bytes) -> Callable[[Source], bool]:
    """Recognises files that begin with one of these signatures."""
    return lambda source: source.head.startswith(signatures)


def holds(entry: str) -> Callable[[Source], bool]:
    """Recognises zip archives with this entry."""
    return lambda source: entry in source.entries


def is_exported(source: Source) -> bool:
    """Whether this is an archive of torch.export.save or a related one, with a program or a mark of its format."""
    names = ("serialized_exported_program.json", "archive_format")
    return any(entry.rpartition("/")[2] in names for entry in source.entries)


def is_archive(source: Source) -> bool:
    """Whether this is a zip archive."""
    return source.is_archive


def is_binary(source: Source) -> bool:
    """Whether this may be something other than UTF-8 text; for most texts the first bytes rule that out."""
    head = source.head
    return not head.isascii() or head[:1] in b"<%v\x08" or b"\0" in head


def is_code(source: Source) -> bool:
    """Whether this is Python's source code, or a notebook."""
    return source.name.endswith((".py", ".ipynb")) or source.head.startswith((b"import ", b"from ", b"#!"))


def is_gguf(source: Source) -> bool:
    """Whether a file begins with the signature of GGUF."""
    return source.head.startswith(b"GGUF")


def is_safetensors(source: Source) -> bool:
    """Whether a file begins with a plausible length, then the brace of a header."""
    head = source.head
    return head[8:9] == b"{" and b"\0" in head[:8] and 2 <= int.from_bytes(head[:8], "little") < 2**32


def is_old_torch(source: Source) -> bool:
    """Whether a file begins with the pickled magic number of torch.save before version 1.6.

    Up to protocol 3 nothing but the protocol comes before it, from 4 on a frame of nine bytes, too.
    """
    return b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." in source.head[:24]


def is_torch(source: Source) -> bool:
    """Whether an archive has the pickle of torch.save."""
    return any(name.endswith("/data.pkl") for name in source.entries)


def is_arrays(source: Source) -> bool:
    """Whether an archive holds arrays of NumPy, and nothing else."""
    return bool(source.entries) and all(name.endswith(".npy") for name in source.entries)


def is_folder_of_weights(source: Source) -> bool:
    """Whether this is a folder with a checkpoint in it."""
    return any(
        name.endswith((".safetensors", ".gguf", ".bin", ".index.json", ".index", ".pt", ".pth"))
        for name in source.folder
    )


def is_folder(source: Source) -> bool:
    """Whether this is a folder, of whatever kind."""
    return source.is_folder


def is_model_folder(source: Source) -> bool:
    """Whether this is a folder with a config.json in it."""
    return "config.json" in source.folder


def is_adapter_folder(source: Source) -> bool:
    """Whether this is a folder with an adapter of PEFT in it."""
    return "adapter_config.json" in source.folder


def is_adapter(source: Source) -> bool:
    """Whether a document is the configuration of an adapter."""
    value = source.document.value
    return isinstance(value, dict) and "peft_type" in value


def is_sentence_transformer(source: Source) -> bool:
    """Whether this is a folder with a modules.json, which lists its parts."""
    return "modules.json" in source.folder


def is_pipeline(source: Source) -> bool:
    """Whether this is the folder of a pipeline of diffusers."""
    return "model_index.json" in source.folder


def is_saved_model(source: Source) -> bool:
    """Whether this is the folder of a SavedModel."""
    return "saved_model.pb" in source.folder


def begins_as_bundle(source: Source) -> bool:
    """Whether a file begins like the index of a TensorFlow checkpoint: with its header, an entry with an empty key."""
    head = source.head
    return head[:2] == b"\0\0" and head[3:4] == b"\x08" and 2 <= head[2] <= 64


def is_keras_metadata(source: Source) -> bool:
    """Whether a file begins as a SavedModel's keras_metadata.pb."""
    return b"_tf_keras_" in source.head[:32]


def begins_as_index(source: Source) -> bool:
    """Whether a text begins like the index of a sharded checkpoint; it is long, and other readers need not parse it."""
    head = source.head
    return head.lstrip()[:1] == b"{" and (b'"weight_map"' in head or b'"total_size"' in head)


def begins_as_keras_index(source: Source) -> bool:
    """The same for Keras' weights, where the first group of variables is named near the beginning."""
    return begins_as_index(source) and b'/vars"' in source.head


def is_index(source: Source) -> bool:
    """Whether a document is an index that says which tensor is in which file."""
    value = source.document.value
    return isinstance(value, dict) and isinstance(value.get("weight_map"), dict)


def is_large_json(source: Source) -> bool:
    """Whether this is a JSON object whose values would not fit in the processor's cache."""
    return source.head.startswith(b"{") and source.size >= LARGE


def is_keras(source: Source) -> bool:
    """Whether a document holds an architecture of Keras or TensorFlow.js; one that is a string is parsed in place."""
    value = source.document.value
    if not isinstance(value, dict) or "layers" in value or value.get("class_name") == "Tokenizer":
        return False
    from paramcalc.formats.keras import recognise

    return recognise(source.document)


def is_spec(source: Source) -> bool:
    """Whether a document has the keys of a spec, and its layers are not those of another format."""
    value = source.document.value
    if not isinstance(value, dict) or "layers" not in value or "sizes" in value:
        return False
    return ("input" in value or "inputs" in value) and not is_config(value["layers"])


def is_huggingface(source: Source) -> bool:
    """Whether a document is a model's config.json of transformers."""
    value = source.document.value
    # in a config.json `layers` may be a number
    if not isinstance(value, dict) or isinstance(value.get("layers"), list | dict):
        return False
    return isinstance(value.get("model_type"), str) or isinstance(value.get("architectures"), list)


def is_manifest(source: Source) -> bool:
    """Whether a document is TensorFlow.js' list of weights, alone or with a graph instead of layers."""
    value = source.document.value
    if isinstance(value, dict):
        return "weightsManifest" in value
    return bool(value) and isinstance(value, list) and isinstance(value[0], dict) and "weights" in value[0]


def is_keras_config(source: Source) -> bool:
    """Whether a document is the result of a Keras model's `get_config()`: its layers, without its class."""
    value = source.document.value
    if isinstance(value, list):
        from paramcalc.formats.keras import is_model

        return is_config(value) and "class_name" in value[0] and not all(map(is_model, value))
    layers = value.get("layers") if isinstance(value, dict) and "class_name" not in value else None
    return is_config(layers) and "class_name" in layers[0]  # type: ignore[index]


def is_other_text(source: Source) -> bool:
    """Whether a text is a network definition of Caffe or Darknet."""
    head = source.head
    first = head.lstrip()[:1]
    return (first != b"{" and b"layer" in head and is_caffe(head)) or (first in b"[#" and is_darknet(head))


def is_caffe(head: bytes) -> bool:
    """Whether a text has a line `layer {`, after `name: …`."""
    import re  # only loaded for what looks like it

    return re.search(rb"(?m)^\s*layers?\s*\{", head) is not None


def is_darknet(head: bytes) -> bool:
    """Whether the first section of a text is `[net]`."""
    import re

    return re.match(rb"(\s|#[^\n]*\n)*\[(net|network)\]\s", head) is not None


def is_config(layers: object) -> bool:
    """Whether these layers are in Keras' form, and not in that of a spec."""
    first = layers[0] if isinstance(layers, list) and layers else None
    return isinstance(first, dict) and ("class_name" in first or "custom_name" in first)


def anything(source: Source) -> bool:
    """Recognises everything that is left: the reader reports what is wrong with it."""
    return True


FORMATS = (
    # Folders, recognised by the names in them.
    Format(is_adapter_folder, "adapters.folder.read_folder", compares=True),
    Format(is_sentence_transformer, "huggingface.sentence_transformers.read"),
    Format(is_model_folder, "huggingface.folder.read", compares=True),
    Format(is_model_folder, "keras.archive.read_folder"),
    Format(is_saved_model, "tensorflow.saved_model.read_folder"),
    Format(is_pipeline, "pipeline.read"),
    Format(is_folder_of_weights, "checkpoint_folder.read_folder"),
    Format(is_folder, "folders.refuse"),
    # Binary files, recognised by their first bytes.
    Format(begins(b"\x89HDF\r\n\x1a\n"), "keras.h5.read"),
    Format(is_gguf, "gguf.read"),
    Format(is_safetensors, "safetensors.read"),
    Format(begins(b"\x93NUMPY"), "numpy_arrays.read"),
    Format(is_old_torch, "torch_checkpoint.read"),
    Format(begins_as_bundle, "tensorflow.bundle.read"),
    Format(is_keras_metadata, "tensorflow.saved_model.read_metadata"),
    Format(is_binary, "unsupported.refuse_bytes"),
    # Zip archives, recognised by their entries.
    Format(holds("config.json"), "keras.archive.read"),
    Format(is_exported, "torch_export.read"),
    Format(is_torch, "torch_checkpoint.read"),
    Format(is_arrays, "numpy_arrays.read_archive"),
    Format(is_archive, "unsupported.refuse_archive"),
    Format(is_code, "unsupported.refuse_code"),
    # Texts. All but the first of these parse the whole document.
    Format(is_other_text, "unsupported.refuse_text"),
    Format(begins_as_keras_index, "keras.shards.read"),
    Format(begins_as_index, "shards.read_index"),
    Format(is_large_json, "keras.large.read"),
    Format(is_keras, "keras.read"),
    Format(is_index, "shards.read_index"),
    Format(is_manifest, "keras.manifest.read"),
    Format(is_keras_config, "keras.read_config"),
    Format(is_spec, "native.read"),
    Format(is_adapter, "adapters.folder.read_config", compares=True),
    Format(is_huggingface, "huggingface.read", compares=True),
    Format(anything, "unsupported.refuse_value"),
    Format(anything, "native.read"),  # an incomplete spec: the errors say what it lacks
)
"""All formats in the order in which they are tried: the first that recognises a source reads it."""
