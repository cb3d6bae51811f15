"""A layer's `{"class_name", "config"}` → the layer, its current class name, and its dtype policy."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from paramcalc.errors import DocPath, LayerError, echo
from paramcalc.formats.keras.build_config import shapes_of
from paramcalc.formats.keras.classes import KerasClasses
from paramcalc.formats.keras.dtype_policies import QUANTIZED_MODES, dtype_policy, quantized
from paramcalc.formats.keras.entries import MODELS, foreign_name, is_foreign
from paramcalc.formats.keras.legacy import modernise, with_whole_numbers, without_old_fields
from paramcalc.formats.text.fields import FieldProblem, FieldsError, build_layer
from paramcalc.layers.base import Layer, Sublayer
from paramcalc.layers.keras.versions import KERAS2_SHAPES, is_later
from paramcalc.layers.registry import UnknownTypeError, snake_case
from paramcalc.layers.unknown import Unknown
from paramcalc.limits import MAX_NESTED
from paramcalc.model import Instance
from paramcalc.shapes import MAX_RANK, Shape, is_size

COMMON = frozenset(
    (
        "name",
        "trainable",
        "dtype",
        "batch_input_shape",
        "batchInputShape",
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
"""Fields that any Keras layer may have and no formula needs, unless its class defines a field of that name."""
NAMES = frozenset(("name", "trainable"))
"""Fields in which layers may differ while sharing one object, unless their class defines a field of that name."""
COMPOSITES = frozenset(("MultiHeadAttention", "GroupQueryAttention", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D"))
"""Classes whose weights belong to layers that they create themselves, and that are not wrappers."""
LONG_KEY = 4_096
"""Sharing keys of more bytes than this are hashed."""
ACTIVATIONS = ("activation", "recurrent_activation")
"""Fields that hold an activation."""


class MadeLayer(Struct, frozen=True):
    """What an entry describes: the layer, its current class name, and its dtype policy."""

    layer: Layer
    type: str
    dtype: str


def layer_class(registry: KerasClasses, entry: dict[str, Any], class_name: str) -> type[Layer] | Unknown:
    """The class that an entry names; an `Unknown` for a custom class or a Lambda."""
    foreign = is_foreign(entry)
    if class_name == "Lambda" and not foreign:
        return lambda_layer(entry.get("config"))
    name = class_name.rpartition(">")[2]  # tf.keras wrote a registered class as `Custom>Name`
    try:
        return registry.plugin(name) if foreign else registry.framework_class(name)
    except UnknownTypeError:
        if foreign:
            return custom_class(f"'{foreign_name(entry)}' is not a Keras layer")
        if registry.original and is_later(class_name):
            return custom_class(f"{registry.original} had no '{class_name}', so this is another one")
        return custom_class(f"'{class_name[:80]}' is not a Keras layer")


def custom_class(why: str) -> Unknown:
    """The `Unknown` for a layer of a custom class; `why` explains how we know that it is custom."""
    return Unknown(
        f"{why}: its code is not in the file, so it cannot be computed "
        "(--allow-unknown goes on without it, --assume NAME=shape tells its output, --assume NAME=same:0 that it gives "
        "the shape that it takes, and holds nothing)"
    )


def lambda_layer(config: Any) -> Unknown:
    """The `Unknown` for a Lambda, whose code is never run; its recorded output shape is used if the user allows it."""
    recorded = config.get("output_shape") if isinstance(config, dict) else None
    shape: Shape | None = None
    if isinstance(recorded, list) and len(recorded) < MAX_RANK and all(map(is_size, recorded)):
        shape = (None, *recorded)
    return Unknown(
        "a Lambda is code, which is never run, so it cannot be computed (--allow-unknown goes on without it, "
        "--assume NAME=shape tells its output)",
        shape,
        weightless=True,
    )


def is_frozen(config: dict[str, Any]) -> bool:
    """Whether a config has `trainable: false`.

    Raises:
        FieldsError: for any other value, such as null, 0 or "false": Keras refuses or reinterprets those.
    """
    value = config.get("trainable", True)
    if value.__class__ is bool:
        return value is False
    message = f"trainable: expected true or false, got {echo(value)}"
    raise FieldsError([FieldProblem(message, ("trainable",))])


def trainable_applies(made: MadeLayer, legacy: bool) -> bool:
    """Whether a layer's `trainable: false` freezes its weights when the file is loaded.

    In Keras 3, wrappers and a few other layers consist of layers, each of which uses its own `trainable`.
    """
    return legacy or not (made.layer.sublayers or made.type in COMPOSITES)


def make_layer(
    registry: KerasClasses,
    entry: dict[str, Any],
    legacy: bool,
    nested: Any,
    where: DocPath = (),
    depth: int = 0,
) -> MadeLayer:
    """The layer that an entry describes; equal entries get the same object.

    Args:
        registry: where classes are looked up.
        entry: `{"class_name": …, "config": {…}}`.
        legacy: whether Keras 1 or 2 wrote it, so that its fields have to be renamed.
        nested: the Builder, which parses models inside wrappers and registers shared layers.
        where: the place of the entry, for errors in layers within it.
        depth: the number of wrappers around it.

    Raises:
        FieldsError: with every invalid field.
    """
    if depth > MAX_NESTED:
        raise LayerError(f"layers are nested more than {MAX_NESTED} deep")
    class_name, config = entry.get("class_name"), entry.get("config")
    if not isinstance(class_name, str) or not isinstance(config, dict):
        raise LayerError("a layer needs a class_name and a config")
    key = sharing_key(entry, config, legacy)
    found = registry.made.get(key)
    if found is None:
        found = None if registry.is_keras(entry) else other_layer(registry, entry, legacy, nested, where, depth)
        found = found or new_layer(registry, entry, legacy, nested, where, depth)
        if can_be_shared(found.layer):
            registry.made[key] = found
    return found


def can_be_shared(layer: Layer) -> bool:
    """Whether entries that differ only in their `NAMES` describe the same layer."""
    return not NAMES.intersection(layer.__struct_fields__)


def other_layer(
    registry: KerasClasses, entry: dict[str, Any], legacy: bool, nested: Any, where: DocPath, depth: int
) -> MadeLayer | None:
    """`new_layer` for an entry whose class is not from Keras; None if no known package has it."""
    from paramcalc.formats.keras.packages import class_and_fields  # few files have such layers

    cls, fields = class_and_fields(registry, entry, own_fields)
    if cls is None:
        return None
    config, name = entry["config"], entry["class_name"].rpartition(">")[2]
    dtype = inner_policy(config) if getattr(cls, "sublayers", ()) else dtype_policy(config.get("dtype"))
    if isinstance(cls, Unknown):
        return MadeLayer(cls, name, dtype)
    for field in cls.sublayers:
        if fields.get(field) is not None:
            fields[field] = sublayers(registry, fields[field], legacy, nested, (*where, "config", field), depth)
    layer = unknown_inside(cls, fields)
    if layer is None:
        own = getattr(cls, "own_activations", False)
        return MadeLayer(build_flags(cls, fields) if own else with_activations(cls, fields, registry), name, dtype)
    return MadeLayer(layer, name, dtype)


def new_layer(
    registry: KerasClasses, entry: dict[str, Any], legacy: bool, nested: Any, where: DocPath, depth: int
) -> MadeLayer:
    """`make_layer` for the first entry of its kind."""
    class_name, config = entry["class_name"], entry["config"]
    dtype = dtype_policy(config.get("dtype"))
    if legacy:
        if "_from_" in dtype:
            raise LayerError(f"dtype {echo(dtype)} is a policy of Keras 3, and Keras 2 wrote this file")
        class_name, config = modernise(class_name, config)
    cls = layer_class(registry, entry, class_name)
    if isinstance(cls, Unknown):
        return MadeLayer(cls, class_name, dtype)
    if legacy:
        config = with_whole_numbers(cls.__name__, config)
    if legacy and cls.__name__ in KERAS2_SHAPES:
        from paramcalc.layers.keras.keras2 import VARIANTS

        cls = VARIANTS[cls.__name__]
    fields = own_fields(cls, config, legacy)
    other = next((name for name in fields if name not in cls.__struct_fields__), None) if legacy else None
    if other is not None and "module" not in entry and is_later(cls.__name__):
        return MadeLayer(
            custom_class(f"Keras' {cls.__name__} has no field '{other[:80]}', so this is another one"),
            class_name,
            dtype,
        )
    if not legacy and dtype.startswith(QUANTIZED_MODES):
        cls = quantized(cls, config, dtype)
    if cls.sublayers:
        dtype = inner_policy(config)
    for name in cls.sublayers:
        if fields.get(name) is not None:
            fields[name] = sublayers(registry, fields[name], legacy, nested, (*where, "config", name), depth)
    unknown = unknown_inside(cls, fields)
    if unknown is not None:
        return MadeLayer(unknown, cls.__name__, dtype)
    return MadeLayer(with_activations(cls, fields, registry), cls.__name__, dtype)


def inner_policy(config: dict[str, Any]) -> str:
    """The dtype policy of the layer inside the innermost wrapper, which creates the weights and the output."""
    for key in ("layer", "cell", "cells"):
        inner = config.get(key)
        if isinstance(inner, list) and inner:
            inner = inner[0]
        found = inner.get("config") if isinstance(inner, dict) else None
        if isinstance(found, dict) and "dtype" in found:
            return inner_policy(found)
    return dtype_policy(config.get("dtype"))


def unknown_inside(cls: type[Layer], fields: dict[str, Any]) -> Unknown | None:
    """The `Unknown` for a wrapper around an unknown layer; None if every layer inside is known."""
    sublayers = {name: fields[name] for name in cls.sublayers if fields.get(name) is not None}
    layers = [item.layer for value in sublayers.values() for item in (value if isinstance(value, tuple) else (value,))]
    unknown = [layer for layer in layers if isinstance(layer, Unknown)]
    if not unknown:
        return None
    fallback = None
    if all(layer.fallback is not None for layer in unknown):
        fallback = build_flags(cls, fields | {name: with_fallbacks(value) for name, value in sublayers.items()})
    return Unknown(unknown[0].reason, None, fallback)


def with_fallbacks(value: Any) -> Any:
    """The sublayers in a field, with each unknown one replaced by its fallback."""
    if isinstance(value, tuple):
        return tuple(with_fallbacks(item) for item in value)
    layer = value.layer.fallback if isinstance(value.layer, Unknown) else value.layer
    return value.copied(layer=layer)


def build_flags(cls: type[Layer], fields: dict[str, Any]) -> Layer:
    """The layer with these fields. A flag may be null, 0 or 1, as in some files, and means what it does in Python."""
    try:
        return build_layer(cls, fields)
    except FieldsError:
        flags = {info.name for info in msgspec.structs.fields(cls) if info.type is bool}
        odd = {name: bool(value) for name, value in fields.items() if name in flags and value in (None, 0, 1)}
        if all(fields[name] is value for name, value in odd.items()):
            raise
    return build_layer(cls, {**fields, **odd})


def own_fields(cls: type[Layer], config: dict[str, Any], legacy: bool) -> dict[str, Any]:
    """The fields of a config that belong to the class: without common fields and, in old files, dropped ones."""
    known = frozenset(cls.__struct_fields__)
    fields = {key: value for key, value in config.items() if key in known or key not in COMMON}
    return without_old_fields(fields, known) if legacy else fields


def sharing_key(entry: dict[str, Any], config: dict[str, Any], legacy: bool) -> bytes:
    """The key under which equal layers are found, ignoring their `NAMES`: a deep model has many equal layers."""
    own = {**config, "name": None, "trainable": None}
    key = msgspec.msgpack.encode((legacy, entry["class_name"], entry.get("module"), entry.get("registered_name"), own))
    if len(key) <= LONG_KEY:
        return key
    from hashlib import (
        blake2b,  # loaded only for wrappers: their keys repeat all that is inside at every level, and are not kept
    )

    return blake2b(key, digest_size=32).digest()


def with_activations(cls: type[Layer], fields: dict[str, Any], registry: KerasClasses) -> Layer:
    """The layer with these fields; an `Unknown` if an activation is custom.

    For a custom function the fallback has the layer's counts: functions have no weights and work element by element.
    """
    odd = [name for name in ACTIVATIONS if fields.get(name).__class__ is dict]
    try:
        layer = build_flags(cls, fields)
    except FieldsError as error:
        odd += [str(problem.where[0]) if problem.where else "" for problem in error.problems]
        if not all(name in ACTIVATIONS and isinstance(fields[name], (str, dict)) for name in odd):
            raise
    if not odd:
        return layer
    from paramcalc.formats.keras.activations import is_layer, layer_for, why_unknown

    values = {name: layer_for(fields[name], registry) for name in odd}
    reasons = {name: reason for name, value in values.items() if (reason := why_unknown(value, registry))}
    layer = build_flags(cls, {**fields, **values, **dict.fromkeys(reasons, "linear")})
    if not reasons:
        return layer
    weightless = not any(is_layer(values[name]) for name in reasons)
    return Unknown("; ".join(dict.fromkeys(reasons.values())), None, layer if weightless else None)


def sublayers(registry: KerasClasses, value: Any, legacy: bool, nested: Any, where: DocPath, depth: int) -> Any:
    """The layer, or the tuple of layers, in a field."""
    if isinstance(value, list):
        return tuple(
            [sublayer(registry, item, legacy, nested, (*where, index), depth) for index, item in enumerate(value)]
        )
    return sublayer(registry, value, legacy, nested, where, depth)


def sublayer(registry: KerasClasses, value: Any, legacy: bool, nested: Any, where: DocPath, depth: int) -> Sublayer:
    """One layer in a field of another layer."""
    if not isinstance(value, dict):
        raise FieldsError([FieldProblem("expected a layer with class_name and config", where)])
    part = registry.shared_part(value)
    if part is None:
        part = inner_part(registry, value, legacy, nested, where, depth)
        nested.share(value, part)
    known_by = registry.shared_id(value)
    if not isinstance(part, Instance):
        name = name_in(value) or snake_case(str(value["class_name"]))
        return Sublayer(nested.as_layer(part), name, str(value["class_name"]), shared=known_by)
    return Sublayer(part.layer, part.name, part.type, part.trainable, part.built, known_by)


def name_in(entry: dict[str, Any]) -> str:
    """The name in the config of an entry; empty if there is none."""
    config = entry.get("config")
    name = config.get("name") if isinstance(config, dict) else None
    return name if isinstance(name, str) else ""


def inner_part(
    registry: KerasClasses, value: dict[str, Any], legacy: bool, nested: Any, where: DocPath, depth: int
) -> Any:
    """What an entry in a field of a layer describes: the Definition of a model, or the Instance of a layer."""
    try:
        if value.get("class_name") in MODELS and not is_foreign(value):
            return nested.model_inside(value, where)
        made = make_layer(registry, value, legacy, nested, where, depth + 1)
        trainable = not (is_frozen(value["config"]) and trainable_applies(made, legacy))
    except FieldsError as error:
        inner = [FieldProblem(problem.message, (where[-1], "config", *problem.where)) for problem in error.problems]
        raise FieldsError(inner) from None
    # In tf.keras files this is the build_config of a layer further inside.
    built: Sequence[Any] = () if legacy else shapes_of(value.get("build_config"))
    return Instance(made.layer, name_in(value) or snake_case(made.type), made.type, trainable, made.dtype, built)
