"""Keras' architecture JSON of every age: Keras 3, tf.keras / Keras 2, Keras 1, TensorFlow.js layers-models.

Nothing in the file is imported, unmarshalled or run: a class is only ever looked up by name in paramcalc's
own registry.
"""

from collections.abc import Callable
from typing import Any

from paramcalc.errors import DocPath, InputError, Position, Problem
from paramcalc.model import Model
from paramcalc.readers.strict_json import LazyList, parse_json

_WRAPPERS = ("modelTopology", "model_config", "architecture", "model")
"""Keys under which other tools put the architecture."""


def parse_texts(value: Any, name: str, locate: Callable[[DocPath], Position | None]) -> None:
    """Parse, in place, an architecture that a tool stored as a JSON string (`model.to_json()`).

    Raises:
        InputError: when it is not JSON, or not strict JSON.
    """
    where: DocPath = ()
    while isinstance(value, dict) and "class_name" not in value:
        key = next((key for key in _WRAPPERS if isinstance(value.get(key), (dict, str))), None)
        if key is None:
            return
        where = (*where, key)
        if isinstance(value[key], str):
            if not value[key].lstrip().startswith("{"):
                return
            value[key] = parse_text(value[key], name, key, locate(where))
        value = value[key]


def parse_text(text: str, name: str, key: str, place: Position | None) -> Any:
    """The value of the JSON text under a key; problems in it are placed at the text."""
    from json import JSONDecodeError

    try:
        return parse_json(text, name)[0]
    except InputError as error:
        messages = [problem.message for problem in error.problems]
    except JSONDecodeError as error:
        messages = [f"not valid JSON: {error.msg}"]
    raise InputError(name, [Problem(f"in the text of '{key}': {message}", position=place) for message in messages])


def find_architecture(value: Any) -> tuple[Any, DocPath] | None:
    """The `{"class_name", "config"}` of a model inside what was read, and where it is; None if there is none."""
    where: DocPath = ()
    for _ in range(4):
        if not isinstance(value, dict):
            return None
        if isinstance(value.get("class_name"), str) and "config" in value:
            return value, where
        key = next((key for key in _WRAPPERS if isinstance(value.get(key), dict)), None)
        if key is None:
            return None
        value, where = value[key], (*where, key)
    return None


def is_keras(value: Any) -> bool:
    """Whether this is an architecture that Keras, or TensorFlow.js, wrote."""
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
        locate: finds a place of the document, for errors.
        shared_objects: whether equal `shared_object_id`s are one layer (true of `.keras` archives).
        max_layers: refuse models with more layer calls than this.

    Raises:
        InputError: with every independent problem.
    """
    from paramcalc.limits import MAX_LAYERS, Allowance
    from paramcalc.readers.keras.builder import Builder
    from paramcalc.readers.keras.legacy import resets_after

    found = find_architecture(value)
    if found is None:
        raise InputError(name, [Problem("this is not a Keras architecture")])
    architecture, where = found
    dialect = dialect_of(value, architecture)
    modules = "module" in architecture or not str(architecture.get("keras_version")).startswith("3")
    legacy = dialect in ("keras1", "keras2") or writes_batch_input_shape(architecture)
    legacy = legacy or (modules and "module" not in architecture)
    allowance = Allowance(max_layers or MAX_LAYERS)
    builder = Builder(name, locate, dialect, legacy, shared_objects, allowance, modules)
    builder.resets = not legacy or (dialect != "tfjs" and resets_after(version_of(value, architecture)))
    builder.ancillary = legacy and dialect == "keras2" and is_tf_keras(value, architecture)
    model = builder.read(architecture, where)
    model.expected = manifest_shapes(value)
    if builder.ordered:
        from paramcalc.readers.keras.keras1_ordering import warning

        model.warnings.append(warning(builder.ordered))
    return model


def dialect_of(value: Any, architecture: dict[str, Any]) -> str:
    """`tfjs`, `keras3`, `keras2` or `keras1`: what the file says of itself."""
    if "modelTopology" in value:
        return "tfjs"
    version = version_of(value, architecture)
    if not version:
        version = "3" if "module" in architecture and not writes_batch_input_shape(architecture) else "2"
    return f"keras{version[0]}" if version[0] in "123" else "keras2"


def version_of(value: Any, architecture: dict[str, Any]) -> str:
    """The version of Keras that the file says wrote it; empty where it does not."""
    return str(architecture.get("keras_version") or value.get("keras_version") or "")


def is_tf_keras(value: Any, architecture: dict[str, Any]) -> bool:
    """Whether TensorFlow's Keras 2 wrote the file, as far as its version tells: the other one ended at 2.3.1."""
    version = version_of(value, architecture)
    old = version[:3] in ("2.0", "2.1", "2.2", "2.3") and not version[3:4].isdigit()
    return "-tf" in version or not old


def writes_batch_input_shape(architecture: dict[str, Any]) -> bool:
    """Whether the first layer tells its shape as Keras 1 and 2 did: tf.keras' last versions name modules, too."""
    config = architecture.get("config")
    layers = config.get("layers") if isinstance(config, dict) else config
    first = layers[0] if isinstance(layers, (list, LazyList)) and layers else None
    inner = first.get("config") if isinstance(first, dict) else None
    return isinstance(inner, dict) and "batch_input_shape" in inner


def manifest_shapes(value: dict[str, Any]) -> dict[str, tuple[int, ...]]:
    """TensorFlow.js' `weightsManifest`: weight name → shape; what is malformed is left out."""
    found = {}
    groups = value.get("weightsManifest")
    for group in groups if isinstance(groups, list) else ():
        weights = group.get("weights") if isinstance(group, dict) else None
        for weight in weights if isinstance(weights, list) else ():
            shape = weight.get("shape") if isinstance(weight, dict) else None
            if isinstance(shape, list) and all(type(size) is int for size in shape):
                found[str(weight.get("name"))] = tuple(shape)
    return found
