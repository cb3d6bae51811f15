"""Builds the layer of an entry from the values of the variables."""

from collections.abc import Callable
from typing import Any

from paramcalc.errors import DocPath, Key, LayerError, at_key, echo
from paramcalc.formats.native.entries import BlockEntry, Entry, LayerEntry
from paramcalc.formats.native.expressions import ExpressionError, Names
from paramcalc.formats.native.mistakes import needs
from paramcalc.formats.native.names import check_name
from paramcalc.formats.native.problems import SpecError
from paramcalc.formats.native.templates import fill, origin
from paramcalc.formats.text.fields import FieldProblem, FieldsError, build_layer
from paramcalc.layers.base import Layer, Sublayer
from paramcalc.layers.registry import framework_of, snake_case

BlockModel = Callable[[BlockEntry], Layer]
"""Makes a block a single layer, for a wrapper around it."""

MOST_KEPT = 4_096
"""How many layers are cached for later equal entries …"""
MOST_COMPARED = 16
"""… and how many items a list in their fields may have."""
_EQUAL: dict[Any, Layer] = {}

Weigh = Callable[[Any, DocPath], None]
"""Counts the work of a value with lists from variables in it; raises if it is too much."""


def no_blocks(entry: BlockEntry) -> Layer:
    """The `block_model` for layers that are built before anything is expanded."""
    raise SpecError("a block cannot stand here", entry.where)


def weightless(value: Any, where: DocPath) -> None:
    """The `weigh` of layers that read no variables."""


def build_entry(
    entry: LayerEntry, names: Names, block_model: BlockModel = no_blocks, weigh: Weigh = weightless
) -> Layer:
    """The layer of an entry, with these values of the variables; the same values give the same object.

    Raises:
        FieldsError: with every problem, each at its place in the document.
    """
    if entry.layer is not None:
        return entry.layer
    values = [names.get(name) for name in entry.names]
    if any(isinstance(value, (list, dict)) for value in values):
        return build_anew(entry, names, block_model, weigh)
    key = tuple([(type(value), value) for value in values])
    found = entry.built.get(key)
    if found is None:
        found = entry.built[key] = build_anew(entry, names, block_model, weightless)
    return found


def build_anew(entry: LayerEntry, names: Names, block_model: BlockModel, weigh: Weigh) -> Layer:
    """The layer of an entry, built from its fields and the layers in them."""
    fields: dict[str, Any] = {}
    problems: list[FieldProblem] = []
    for name, raw in entry.fields.items():
        try:
            if name in entry.cls.sublayers and raw is not None:
                fields[name] = build_inner(raw, names, block_model, weigh)
            else:
                fields[name] = fill(raw, names)
                weigh(fields[name], entry.places[name])
        except ExpressionError as error:
            problems.append(FieldProblem(f"{name}: {error}", (*entry.places[name], *error.where)))
        except FieldsError as error:
            problems += error.problems
    if problems:
        raise FieldsError(problems)
    try:
        return equal_layer(entry.cls, fields)
    except FieldsError as error:
        if not fields:  # a bare name: the only problem is what is missing
            raise FieldsError([FieldProblem(needs(entry.cls), entry.where)]) from None
        raise FieldsError([located(entry, problem, names) for problem in error.problems]) from None


def equal_layer(cls: type[Layer], fields: dict[str, Any]) -> Layer:
    """The layer with these fields; equal layers are one object, so that their formula is evaluated only once."""
    key = cls, tuple(fields), *[key_of(value) for value in fields.values()]
    try:
        found = _EQUAL.get(key)
    except TypeError:  # unhashable: there is a mapping or a long list
        return build_layer(cls, fields)
    if found is None:
        if len(_EQUAL) >= MOST_KEPT:
            _EQUAL.clear()
        found = _EQUAL[key] = build_layer(cls, fields)
    return found


_QUANTIZED: dict[tuple[int, str], tuple[Layer, Layer]] = {}


def under_policy(layer: Layer, policy: str, where: DocPath) -> Layer:
    """The layer with the weights that a dtype policy gives it: a quantized one changes them.

    Raises:
        SpecError: for a policy that does not exist, or is not available in this framework.
    """
    if "_from_" not in policy:
        return layer
    if framework_of(type(layer)) not in ("keras", None):
        raise SpecError(f"dtype: only Keras' layers can be quantized by {echo(policy)}", where)
    from paramcalc.layers.keras.quantized import quantized_layer  # rare in specs

    found = _QUANTIZED.get((id(layer), policy))
    if found is None:
        if len(_QUANTIZED) >= MOST_KEPT:
            _QUANTIZED.clear()
        try:
            found = _QUANTIZED[id(layer), policy] = (layer, quantized_layer(layer, policy))
        except LayerError as error:
            raise SpecError(str(error), where) from None
    return found[1]


def key_of(value: Any) -> Any:
    """A hashable key of a field's value, in which 1, 1.0 and true differ; an inner layer goes by its identity."""
    if type(value) is list and len(value) <= MOST_COMPARED:
        return tuple([key_of(item) for item in value])
    if type(value) is Sublayer:
        return id(value.layer), value.name, value.type, value.trainable
    return type(value), value


def located(entry: LayerEntry, problem: FieldProblem, names: Names) -> FieldProblem:
    """The problem of a field with its place in the document, and with the expression that gave the value."""
    if not problem.where:
        return FieldProblem(problem.message, entry.where)
    field, *below = problem.where
    raw = entry.fields.get(str(field))
    for step in below:
        raw = raw[step] if isinstance(raw, list) and isinstance(step, int) and step < len(raw) else raw
    place = (*entry.places.get(str(field), entry.where), *below)
    place = at_key(place) if isinstance(field, Key) else place
    return FieldProblem(problem.message + origin(raw, names), place)


def build_inner(raw: Any, names: Names, block_model: BlockModel, weigh: Weigh) -> Any:
    """The layer, or the layers, in a field."""
    if isinstance(raw, list):
        return [build_inner(item, names, block_model, weigh) for item in raw]
    layer = block_model(raw) if isinstance(raw, BlockEntry) else build_entry(raw, names, block_model, weigh)
    type_ = raw.block.name if isinstance(raw, BlockEntry) else raw.type
    name = raw.common.get("name")
    try:
        name = snake_case(type_) if name is None else check_name(fill(name, names), (*raw.where, "name"))
        trainable = read_flag(raw, "trainable", names, True)
    except SpecError as error:
        raise FieldsError([FieldProblem(str(error), error.where)]) from None
    return Sublayer(layer, name, type_, trainable)


def read_flag(entry: Entry, key: str, names: Names, default: bool) -> bool:
    """The value of `trainable` or `when`.

    Raises:
        SpecError: for anything else.
    """
    raw = entry.common.get(key, default)
    if isinstance(raw, bool):
        return raw
    where: DocPath = (*entry.where, key)
    try:
        value = fill(raw, names)
    except ExpressionError as error:
        raise SpecError(f"{key}: {error}", (*where, *error.where)) from None
    if not isinstance(value, bool):
        raise SpecError(f"{key}: expected true or false, got {echo(value)}{origin(raw, names)}", where)
    return value
