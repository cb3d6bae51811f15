"""Reads the architecture JSON of every Keras version (3, tf.keras, 2 and 1) and of TensorFlow.js layers models.

Nothing in the file is imported, unmarshalled or run: a class is only ever looked up by its name, in our own registry.

origin.py        which Keras wrote the file
builder.py       JSON → definitions of models, each parsed once
input_layers.py  which layers are the inputs; inputs.py reads one
layer_config.py  one layer's class and fields; legacy.py renames those of older versions
inbound.py       which tensors a call reads
graph.py         an order in which the calls can run
emit.py          definitions → nodes, call by call
archive.py       the JSON in a `.keras` archive
h5.py            the JSON, or the weights, in an HDF5 file
large.py         large files, parsed layer by layer
lazy_layers.py   the layers of such a file; content that many have in common is parsed once
writer.py        a Model → JSON that Keras 3 loads
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from paramcalc.errors import DocPath, InputError, Position, Problem
from paramcalc.formats.keras.lazy_layers import LazyLayers
from paramcalc.formats.text.strict_json import parse_json
from paramcalc.model import Model

if TYPE_CHECKING:
    from paramcalc.formats.source import Options, Source
    from paramcalc.formats.text.document import Document

_WRAPPERS = ("modelTopology", "model_config", "architecture", "model")
"""Keys under which other tools keep the architecture."""


def read(source: "Source", options: "Options") -> Model:
    """The model in a document that `recognise` accepted.

    Raises:
        InputError: with every independent problem.
    """
    document = source.document
    unwrap_sequences(source.data, document.value)
    return read_keras(document.value, source.name, document.locate, max_layers=options.max_layers)


def read_config(source: "Source", options: "Options") -> Model:
    """Read the output of `get_config()`: an architecture without its model class, which is inferred from the keys.

    Raises:
        InputError: with every independent problem.
    """
    document = source.document
    config = document.value
    functional = isinstance(config, dict) and "input_layers" in config
    layers = config["layers"] if isinstance(config, dict) else config
    architecture = {"class_name": "Functional" if functional else "Sequential", "config": config}
    if "module" in layers[0]:
        architecture["module"] = "keras"
    # Paths begin with `config`, a key that the document does not have.
    return read_keras(
        architecture, source.name, lambda where: document.locate(where[1:]), max_layers=options.max_layers
    )


def recognise(document: "Document") -> bool:
    """Whether a document contains an architecture; one that a tool stored as text is parsed in place.

    Raises:
        InputError: when such text is not JSON.
    """
    parse_texts(document.value, document.name, document.locate)
    return is_keras(document.value)


def parse_texts(value: Any, name: str, locate: Callable[[DocPath], Position | None]) -> None:
    """Parse, in place, an architecture that a tool stored as a JSON string (`model.to_json()`).

    Raises:
        InputError: when it is not JSON, or not strict JSON.
    """
    where: DocPath = ()
    while isinstance(value, dict) and "class_name" not in value:
        key = wrapper(value, (dict, str))
        if key is None:
            return
        where = (*where, key)
        if isinstance(value[key], str):
            if not value[key].lstrip().startswith("{"):
                return
            value[key] = parse_text(value[key], name, key, locate(where))
        value = value[key]


SEQUENCES = ("__tuple__", "TensorShape")
"""How some writers mark what a list was in Python: {"class_name": "__tuple__", "items": [1, 1]}."""


def unwrap_sequences(data: bytes, value: Any) -> None:
    """Replace each marked sequence in place by a plain list; text without a mark is not searched.

    Args:
        data: the text that the value was parsed from.
        value: the document's value.
    """
    if not any(mark.encode() in data for mark in SEQUENCES):
        return
    stack = [value]
    while stack:
        item = stack.pop()
        pairs = item.items() if isinstance(item, dict) else enumerate(item)
        for key, inner in list(pairs):
            while isinstance(inner, dict) and inner.keys() == {"class_name", "items"}:
                if inner["class_name"] not in SEQUENCES or not isinstance(inner["items"], list):
                    break
                inner = item[key] = inner["items"]
            if isinstance(inner, (dict, list)):
                stack.append(inner)


def parse_text(text: str, name: str, key: str, place: Position | None) -> Any:
    """Parse the JSON text under a key; errors are located at the text itself, which is one line of the file."""
    from json import JSONDecodeError

    try:
        return parse_json(text, name)[0]
    except InputError as error:
        messages = [problem.message for problem in error.problems]
    except JSONDecodeError as error:
        messages = [f"not valid JSON: {error.msg}"]
    raise InputError(name, [Problem(f"in the text of '{key}': {message}", position=place) for message in messages])


def wrapper(value: dict[str, Any], kinds: tuple[type, ...]) -> str | None:
    """The key of the architecture: one that tools are known to use, else the only key whose value is a model."""
    for key in _WRAPPERS:
        if isinstance(value.get(key), kinds):
            return key
    keys = models_in(value)
    return keys[0] if len(keys) == 1 and isinstance(value[keys[0]], kinds) else None


def models_in(value: dict[str, Any]) -> list[str]:
    """The keys whose values are architectures, as mappings or as text."""
    return [key for key, item in value.items() if is_model(item) or (isinstance(item, str) and is_model_text(item))]


def is_model(item: Any) -> bool:
    """Whether a value is itself an architecture: a class with layers."""
    config = item.get("config") if isinstance(item, dict) and isinstance(item.get("class_name"), str) else None
    layers = config.get("layers") if isinstance(config, dict) else config
    return isinstance(layers, (list, LazyLayers))


def is_model_text(item: str) -> bool:
    """Whether a text looks like an architecture as `to_json` writes it."""
    return item.lstrip().startswith("{") and '"class_name"' in item and '"config"' in item


def find_architecture(value: Any) -> tuple[Any, DocPath] | None:
    """The model's `{"class_name", "config"}` in a parsed document, and its place; None if there is none."""
    where: DocPath = ()
    for _ in range(4):
        if not isinstance(value, dict):
            return None
        if isinstance(value.get("class_name"), str) and "config" in value:
            return value, where
        key = wrapper(value, (dict,))
        if key is None:
            return None
        value, where = value[key], (*where, key)
    return None


def is_keras(value: Any) -> bool:
    """Whether a value contains an architecture written by Keras or TensorFlow.js."""
    return find_architecture(value) is not None


def read_keras(
    value: Any,
    name: str,
    locate: Callable[[DocPath], Position | None] = lambda where: None,
    *,
    shared_objects: bool = False,
    max_layers: int | None = None,
) -> Model:
    """Read a Keras architecture.

    Args:
        value: the parsed JSON.
        name: the file, as the user gave it.
        locate: finds the position of a place in the document, for errors.
        shared_objects: whether equal `shared_object_id`s are one layer (true of `.keras` archives).
        max_layers: refuse models with more layer calls than this.

    Raises:
        InputError: with every independent problem.
    """
    from paramcalc.formats.keras.builder import Builder
    from paramcalc.formats.keras.origin import origin_of
    from paramcalc.limits import MAX_LAYERS, Allowance

    found = find_architecture(value)
    if found is None:
        raise InputError(name, [Problem("this is not a Keras architecture")])
    architecture, where = found
    origin = origin_of(value, architecture, where)
    builder = Builder(name, locate, origin, Allowance(max_layers or MAX_LAYERS), shared_objects)
    model = builder.read(architecture, where)
    if "weightsManifest" in value:
        from paramcalc.formats.keras.manifest import add_manifest

        add_manifest(model, value["weightsManifest"])
    return model
