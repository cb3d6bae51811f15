"""One layer's `{"class_name", "config"}` → a paramcalc layer with its identity."""

from typing import Any

import msgspec

from paramcalc.errors import DocPath, LayerError
from paramcalc.layers.base import Layer, Sublayer
from paramcalc.layers.unknown import Unknown
from paramcalc.limits import MAX_NESTED
from paramcalc.readers.fields import FieldProblem, FieldsError, build_layer
from paramcalc.readers.keras.legacy import drop_old, modernise
from paramcalc.registry import Registry, UnknownTypeError, snake_case
from paramcalc.shapes import Shape

COMMON = frozenset(
    (
        "name",
        "trainable",
        "dtype",
        "batch_input_shape",
        "batch_shape",
        "input_shape",
        "autocast",
        "build_config",
        "activity_regularizer",
        "input_dim",
        "input_length",
        "implementation",
    )
)
"""What every Keras layer may carry and no formula needs (unless its class has a field of that name)."""
KERAS_MODULES = ("keras.", "keras", "tf_keras", "tensorflow.", "tensorflow", "keras_core", "builtins")


def layer_class(registry: Registry, entry: dict[str, Any], class_name: str) -> type[Layer] | Unknown:
    """The class an entry names; `Unknown` for somebody's own, and for a Lambda."""
    module = entry.get("module")
    if class_name == "Lambda":
        return lambda_layer(entry.get("config"))
    own = isinstance(module, str) and not module.startswith(KERAS_MODULES)
    registered = entry.get("registered_name")
    if module is None and isinstance(registered, str) and ">" in registered:
        own = not registered.startswith("Keras")
    try:
        if own:
            return registry.plugin(class_name)
        return registry.get(class_name.rpartition(">")[2] if ">" in class_name else class_name)
    except UnknownTypeError:
        return Unknown(
            f"'{class_name[:80]}' is not a Keras layer: its code is not in the file, so it cannot be computed "
            "(--allow-unknown goes on without it, --assume NAME=shape tells its output)"
        )


def lambda_layer(config: Any) -> Unknown:
    """A Lambda: its code is never run; the output shape it recorded can be used when that is allowed."""
    recorded = config.get("output_shape") if isinstance(config, dict) else None
    shape: Shape | None = None
    if isinstance(recorded, list) and all(dim is None or type(dim) is int for dim in recorded):
        shape = (None, *recorded)
    return Unknown(
        "a Lambda is code, which is never run, so it cannot be computed (--allow-unknown goes on without it, "
        "--assume NAME=shape tells its output)",
        shape,
    )


def dtype_policy(value: Any) -> str:
    """The policy's name, from Keras' string or object.

    Raises:
        LayerError: for policies that change which weights a layer has.
    """
    if value is None:
        return "float32"
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        config = value.get("config")
        kind = value.get("class_name", "")
        if isinstance(config, dict) and kind in ("DTypePolicy", "Policy", "PolicyV1", "FloatDTypePolicy"):
            return str(config.get("name") or "float32")
        raise LayerError(f"dtype policy '{str(kind)[:60]}' (a quantized model) is not supported")
    raise LayerError("dtype must be a name or a policy")


def make_layer(
    registry: Registry,
    entry: dict[str, Any],
    legacy: bool,
    nested: Any,
    where: DocPath = (),
    depth: int = 0,
) -> tuple[Layer, str]:
    """The layer an entry describes, and the class name it is known by today.

    Args:
        registry: where classes are looked up.
        entry: `{"class_name": …, "config": {…}}`.
        legacy: whether Keras 1 or 2 wrote it: fields are renamed, old keys dropped.
        nested: makes a layer of a whole model inside a wrapper: (entry, where) → Layer.
        where: the place of the entry, for errors in layers within it.
        depth: how many wrappers are around it.

    Raises:
        FieldsError: with every field that is wrong.
    """
    if depth > MAX_NESTED:
        raise LayerError(f"layers are nested more than {MAX_NESTED} deep")
    class_name, config = entry.get("class_name"), entry.get("config")
    if not isinstance(class_name, str) or not isinstance(config, dict):
        raise LayerError("a layer needs a class_name and a config")
    if legacy:
        class_name, config = modernise(class_name, config)
    cls = layer_class(registry, entry, class_name)
    if isinstance(cls, Unknown):
        return cls, class_name
    fields = fields_of(cls, config, legacy)
    for name in cls.sublayers:
        if fields.get(name) is not None:
            fields[name] = sublayers(registry, fields[name], legacy, nested, (*where, "config", name), depth)
    try:
        return equal_layer(registry, cls, fields), cls.__name__
    except FieldsError as error:
        own = own_activation(fields, error)
        if own is None:
            raise
        return own, cls.__name__


def fields_of(cls: type[Layer], config: dict[str, Any], legacy: bool) -> dict[str, Any]:
    """The part of a config that is the class' own: without what every Keras layer carries, and old keys."""
    known = field_names(cls)
    fields = {key: value for key, value in config.items() if key in known or key not in COMMON}
    return drop_old(fields, known) if legacy else fields


def equal_layer(registry: Registry, cls: type[Layer], fields: dict[str, Any]) -> Layer:
    """The layer with these fields: one object for all equal ones, of which deep models have many."""
    if cls.sublayers:
        return build_layer(cls, fields)
    key = cls, msgspec.msgpack.encode(fields)
    found = registry.made.get(key)
    if found is None:
        found = registry.made[key] = build_layer(cls, fields)
    return found


def own_activation(fields: dict[str, Any], error: FieldsError) -> Unknown | None:
    """A layer whose only fault is a function of somebody's own as its activation: as unknown as a custom class."""
    names = [problem.where[0] if problem.where else "" for problem in error.problems]
    if not all(str(name).endswith("activation") and isinstance(fields.get(str(name)), str) for name in names):
        return None
    functions = ", ".join(f"'{str(fields[str(name)])[:80]}'" for name in names)
    return Unknown(f"its activation {functions} is not one of Keras': its code is not in the file")


_FIELD_NAMES: dict[type[Layer], frozenset[str]] = {}


def field_names(cls: type[Layer]) -> frozenset[str]:
    """The fields of a class, as a set."""
    found = _FIELD_NAMES.get(cls)
    if found is None:
        found = _FIELD_NAMES[cls] = frozenset(cls.__struct_fields__)
    return found


def sublayers(registry: Registry, value: Any, legacy: bool, nested: Any, where: DocPath, depth: int) -> Any:
    """A field that holds a layer, or a list of them."""
    if isinstance(value, list):
        return tuple(
            sublayers(registry, item, legacy, nested, (*where, index), depth) for index, item in enumerate(value)
        )
    if not isinstance(value, dict):
        raise FieldsError([FieldProblem("expected a layer with class_name and config", where)])
    config = value.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    trainable = not (isinstance(config, dict) and config.get("trainable") is False)
    if value.get("class_name") in ("Functional", "Model", "Sequential"):
        layer, type_ = nested(value, where), str(value["class_name"])
    else:
        try:
            layer, type_ = make_layer(registry, value, legacy, nested, where, depth + 1)
        except FieldsError as error:
            inner = [FieldProblem(problem.message, (where[-1], "config", *problem.where)) for problem in error.problems]
            raise FieldsError(inner) from None
    if not isinstance(name, str):
        name = snake_case(type_)
    return Sublayer(layer, name, type_, trainable)
