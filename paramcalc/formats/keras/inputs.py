"""Reads inputs from an InputLayer, or from the first layer of an old Sequential, which has the shape as a field."""

from typing import Any

from paramcalc.errors import LayerError, echo
from paramcalc.formats.text.fields import FieldProblem, FieldsError
from paramcalc.model import Input
from paramcalc.shapes import MAX_DIMENSION, MAX_RANK, Shape, is_size
from paramcalc.units import is_policy

DTYPE_ALIASES = {"float": "float32", "double": "float64", "half": "float16"}
"""TensorFlow's aliases for dtypes, which tf.keras also accepts."""


def checked_shape(config: dict[str, Any], key: str, batch: bool) -> Shape:
    """The shape in a field; `batch` is whether its first item is the batch size.

    Raises:
        FieldsError: for anything but a list of sizes and nulls.
    """
    value = config[key]
    if not isinstance(value, list) or len(value) > MAX_RANK:
        message = f"the input shape must be a list of at most {MAX_RANK} sizes, got {echo(value)}"
        raise FieldsError([FieldProblem(message, (key,))])
    for index, dim in enumerate(value):
        if dim is not None and (type(dim) is not int or not 0 <= dim <= MAX_DIMENSION):
            message = f"an input size must be an integer up to {MAX_DIMENSION:,} or null, got {echo(dim)}"
            raise FieldsError([FieldProblem(message, (key, index))])
    return tuple(value) if batch else (None, *value)


def input_of(entry: dict[str, Any], name: str) -> Input:
    """The Input that an InputLayer describes, or a first layer that has the shape."""
    config = entry.get("config")
    config = config if isinstance(config, dict) else {}
    shape = config_shape(config)
    if shape is None:
        raise LayerError(f"input '{name[:80]}' has no batch_shape")
    if isinstance(config.get("shape"), list):
        check_same_shape(shape, (None, *config["shape"]), "shape")
    for key in ("sparse", "ragged"):
        if config.get(key) is not None and type(config[key]) is not bool:
            raise LayerError(f"{key}: expected true or false, got {echo(config[key])}")
    return Input(name, shape, dtype_of(config))


def dtype_of(config: dict[str, Any]) -> str:
    """The dtype of an input, or of the first layer in its place; Keras 1 used another name for the field.

    Raises:
        LayerError: for a dtype that does not exist.
    """
    dtype = config.get("dtype", config.get("input_dtype"))
    if dtype is None or isinstance(dtype, dict):  # the policy of a first layer is checked with that layer
        return "float32"
    if isinstance(dtype, str):
        dtype = DTYPE_ALIASES.get(dtype, dtype)
    if not isinstance(dtype, str) or (dtype != "string" and not is_policy(dtype)):
        raise LayerError(f"dtype {echo(dtype)} is not the dtype of an input")
    return dtype


_SHAPES = {"batch_shape": True, "batch_input_shape": True, "batchInputShape": True, "input_shape": False}
"""The name of the input shape in every version, and whether its first item is the batch size."""


def config_shape(config: dict[str, Any]) -> Shape | None:
    """The input shape among a layer's fields; None if there is none.

    Raises:
        FieldsError: for an invalid shape, or for two that differ, as Keras versions disagree on which takes precedence.
    """
    found: Shape | None = None
    for key, batch in _SHAPES.items():
        if config.get(key) is None or (not batch and not isinstance(config[key], list)):
            continue
        shape = checked_shape(config, key, batch)
        if found is not None:
            check_same_shape(found, shape, key)
        found = shape if found is None else found
    return found


def sequential_input(
    layers: list[Any], config: dict[str, Any], members: list[Any], legacy: bool = False
) -> Input | None:
    """The input of a Sequential without an InputLayer: that of its first layer, else the shape it was built for.

    Raises:
        FieldsError: for shapes that contradict each other, as Keras versions disagree on which takes precedence.
    """
    from paramcalc.formats.keras.definition import Definition

    if members and isinstance(members[0].part, Definition):
        inner = members[0].part.inputs
        if len(inner) == 1 and inner[0] is not None:
            name = f"{members[0].name}_input" if legacy else inner[0].name
            return Input(name, inner[0].shape, inner[0].dtype)
    first = layers[0].get("config") if layers and isinstance(layers[0], dict) else None
    if isinstance(first, dict):
        shape, keras1 = config_shape(first), keras1_shape(first)
        vocabulary = layers[0].get("class_name") == "Embedding"  # whose input_dim is the size of its vocabulary
        if shape is not None and keras1 is not None and not vocabulary:
            check_same_shape((None, *shape[-1:]), (None, *keras1[-1:]), "input_dim")
        shape = keras1 if shape is None else shape
        if shape is None and isinstance(first.get("layer"), dict):
            inner_config = first["layer"].get("config")
            shape = config_shape(inner_config) if isinstance(inner_config, dict) else None
        if shape is not None:
            return Input(f"{members[0].name if members else 'sequential'}_input", shape, dtype_of(first))
    if config.get("build_input_shape") is not None:
        return Input("input_layer", checked_shape(config, "build_input_shape", batch=True))
    return None


def built_input(entry: dict[str, Any]) -> Input | None:
    """The input of a Sequential in which no layer has a shape: the one it had been built for when Keras wrote it."""
    built = entry.get("build_config")
    shape = built.get("input_shape") if isinstance(built, dict) else None
    if not isinstance(shape, list) or len(shape) > MAX_RANK or not all(map(is_size, shape)):
        return None
    return Input("input_layer", tuple(shape))


def check_same_shape(shape: Shape, other: Shape, key: str) -> None:
    """Refuse two shapes of one input that differ in more than the batch, as Keras versions choose different ones.

    Raises:
        FieldsError: naming the field of the second shape.
    """
    if len(shape) != len(other) or any(
        a != b and None not in (a, b) for a, b in zip(shape[1:], other[1:], strict=True)
    ):
        message = f"the input shape is told twice: {echo(list(shape))}, and by {key} {echo(list(other))}"
        raise FieldsError([FieldProblem(message, (key,))])


def keras1_shape(config: dict[str, Any]) -> Shape | None:
    """The shape from Keras 1's `input_dim` (and `input_length` for sequences) on a first layer."""
    dim, length = config.get("input_dim"), config.get("input_length")
    if type(dim) is not int or "input_length" not in config or ("output_dim" in config and "init" not in config):
        return (None, dim) if type(dim) is int and "output_dim" not in config else None
    return (None, length if type(length) is int else None, dim)
