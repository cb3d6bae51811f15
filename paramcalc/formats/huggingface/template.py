"""A configuration → a spec: the template of its type, with the configuration's fields for variables.

A template is a spec in paramcalc's own language, and has beside its keys

    types    the model_types that are built like this: each with values for variables in which it differs from the
             template's defaults, which may be expressions over any field of its configuration
    heads    what its classes may be for, as types.jsonl has it; a class with another head is refused
    parts    blocks that are other models: name → the field with that model's configuration, or a mapping:
                 config  that field; or `type`, what the whole configuration is read as
                 heads   what it may be for, or the class, [base] by default; [] for its values alone, without a block
                 flat    true where older files have its fields beside those of the whole, or the types of which they do
                 merged  true where the defaults that the whole has for it stand behind what the file has
                 absent  what it is where the file has none: a list of {when: expression, config: mapping} over the
                         fields of the whole, of which the first that holds counts
                 vars    values for those of its template's variables that have these names
             An optional part that is null is a block without layers
    learned  the activations with weights of their own that it has; elsewhere they are refused
    refused  what transformers refuses though the layers would fit, as a list of {when: expression, because: message};
             beside the variables, `file` is the whole configuration: for keys that are no fields of the type

A variable that is called like a field has the field's value; `head`, `architecture`, `model_type` and `num_labels` are
what the configuration says of the class.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from paramcalc.errors import listed
from paramcalc.formats.huggingface.config import Config, config_for, part_of
from paramcalc.formats.huggingface.problems import COUNT_IT, ConfigError, NotBuiltError
from paramcalc.formats.huggingface.types import VERSION, data, find_type
from paramcalc.formats.native.expressions import ExpressionError
from paramcalc.formats.native.problems import Problems
from paramcalc.formats.native.templates import fill, variables
from paramcalc.formats.native.variables import spec_variables

FAMILIES = "families"
BESIDE = ("tie_word_embeddings", "cross_attention_hidden_size")
"""What templates read of parts, whether or not it is a field of the part's type."""
FROM_TIMM = ("timm_backbone", "timm_wrapper")
"""Types that only wrap a network of the package timm, which transformers refers to by name."""
OWN_KEYS = ("types", "parts", "heads", "refused", "learned")
LEARNED = ("prelu", "xielu")
"""Activations of transformers that have weights (transformers/activations.py)."""


def spec_of(config: Config, sets: Mapping[str, Any] = MappingProxyType({})) -> dict[str, Any]:
    """The spec of a configuration; `sets` are values that its variables are going to have, for what is refused.

    Raises:
        NotBuiltError: if there is no template for its type.
    """
    template = template_of(config)
    if config.head not in template["heads"]:
        message = (
            f"paramcalc does not know the head of {config.architecture} yet; it knows: {listed(template['heads'])}"
        )
        raise NotBuiltError(f"{message}; {COUNT_IT}", ("architectures",))
    check_activations(config.values, template.get("learned", []))
    spec = {key: value for key, value in template.items() if key not in OWN_KEYS}
    parts = {name: part(config, said) for name, said in template.get("parts", {}).items()}
    spec["vars"] = vars_of(template, config, {part.field: part.values for part in parts.values() if part.field})
    check_refused(template.get("refused", []), spec["vars"], sets, config.raw)
    if parts:
        spec["blocks"] = {name: part.block for name, part in parts.items()} | spec.get("blocks", {})
    stored = {} if config.dtype is None else {"dtype": config.dtype}
    return {"name": config.architecture} | stored | spec


def template_of(config: Config) -> dict[str, Any]:
    """The template of a type."""
    name = index().get(config.type.name)
    if name is None and config.type.name in FROM_TIMM:
        message = (
            f"model_type '{config.type.name}' is built by the package timm, whose networks paramcalc does not know"
        )
        raise NotBuiltError(f"{message}; {COUNT_IT}", ("model_type",))
    if name is None:
        message = (
            f"transformers {VERSION} has model_type '{config.type.name}', but paramcalc has no template for it yet"
        )
        raise NotBuiltError(f"{message}; {COUNT_IT}", ("model_type",))
    return load_template(name)


@lru_cache(maxsize=1)
def index() -> dict[str, str]:
    """model_type → the template that describes it."""
    import msgspec

    return msgspec.json.decode(data(FAMILIES, "index.json"), type=dict[str, str])


@lru_cache(maxsize=16)
def load_template(name: str) -> dict[str, Any]:
    """A template; callers must not change it."""
    from paramcalc.formats.text.strict_yaml import parse_yaml

    value: dict[str, Any] = parse_yaml(data(FAMILIES, f"{name}.yaml").decode(), name)[0]
    return value


def vars_of(template: dict[str, Any], config: Config, parts: dict[str, Any]) -> dict[str, Any]:
    """The template's variables with the values that they have for this configuration.

    First come the fields that the type's own values read, and the `parts`, with all their values.
    """
    own: dict[str, Any] = template["types"][config.type.name] or {}
    known = (
        config.values
        | parts
        | {
            "head": config.head,
            "architecture": config.architecture,
            "model_type": config.type.name,
        }
    )
    if config.num_labels is not None:  # otherwise it is the default of the type, which the template has as well
        known["num_labels"] = config.num_labels
    declared = template["vars"]
    read = {name for value in own.values() for name in variables(value)} - declared.keys()
    found = {name: literal(known[name]) for name in sorted((read & known.keys()) | parts.keys())}
    for name, default in declared.items():
        found[name] = own[name] if name in own else literal(known[name]) if name in known else default
    return found


def check_activations(values: dict[str, Any], learned: list[str]) -> None:
    """Refuse an activation with weights in a template that does not have these.

    Raises:
        NotBuiltError: at the field.
    """
    unknown = [name for name in LEARNED if name not in learned]
    for field, value in values.items():
        found = next((name for name in unknown if value == name or (isinstance(value, list) and name in value)), None)
        if found is not None:
            raise NotBuiltError(f"{field}: {found} has weights, which are not known here; {COUNT_IT}", (field,))


def check_refused(
    rules: list[dict[str, str]], raw: dict[str, Any], sets: Mapping[str, Any], file: dict[str, Any]
) -> None:
    """Apply a template's `refused` rules, which are about its variables or about the file itself (`file`).

    Raises:
        ConfigError: with the rule's message.
    """
    if not rules:
        return
    problems = Problems()
    known = spec_variables(raw, sets, ("vars",), problems) | {"file": file}
    for rule in [] if problems.found else rules:  # a wrong variable is reported when the spec is read
        if fill(rule["when"], known) is True:
            raise ConfigError(fill(rule["because"], known))


def literal(value: Any) -> Any:
    """A value from a file, escaped so that it is never evaluated as an expression."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [literal(item) for item in value]
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    return value


class Part(NamedTuple):
    """A model inside another, by its own template.

    Attributes:
        field: the field with its configuration; empty if that is the whole configuration.
        values: the values of its fields, also under their aliases, its `model_type`, the names of its `inputs`, and
            their `shapes` by name; None if there is no such part.
        block: its spec as a block, whose inputs are those it is called with.
    """

    field: str
    values: dict[str, Any] | None
    block: dict[str, Any]


def part(config: Config, said: str | dict[str, Any]) -> Part:
    """The part that an entry of `parts` describes.

    Raises:
        ConfigError: with the place below the whole configuration.
    """
    said = {"config": said} if isinstance(said, str) else said
    field, heads, flat = said.get("config", ""), said.get("heads", ["base"]), said.get("flat", False)
    if field:
        missing = absent(config, said["absent"]) if "absent" in said and config.values.get(field) is None else None
        flat = config.type.name in flat if isinstance(flat, list) else flat
        inner = part_of(config, field, heads, flat, said.get("merged", False), missing)
    else:
        known = {name: value for name, value in config.values.items() if value is not None}
        inner = config_for(known, find_type(said["type"]), True, heads)
    if inner is None:
        return Part(field, None, {"layers": []})
    if not heads:
        check_activations(inner.values, [])
        return Part(field, inner.values, {"layers": []})
    try:
        spec = spec_of(inner)
    except ConfigError as error:
        raise type(error)(str(error), (field, *error.where)) from None
    aliases = {alias: inner.values[name] for alias, name in inner.type.aliases.items() if name in inner.values}
    shapes = inputs_of(spec)
    values = {name: inner.raw.get(name) for name in BESIDE} | inner.values | aliases
    values |= {"inputs": list(shapes), "shapes": shapes, "model_type": inner.type.name}
    # Evaluated last: these may be expressions over the variables of the whole.
    spec["vars"] |= {name: value for name, value in said.get("vars", {}).items() if name in spec["vars"]}
    block = {key: spec[key] for key in ("vars", "blocks", "layers", "tied") if key in spec}
    outputs = {"outputs": unnamed(spec["outputs"])} if "outputs" in spec else {}
    return Part(field, values, block | outputs | {"inputs": values["inputs"]})


def unnamed(outputs: Any) -> Any:
    """A spec's outputs as those of a block: only paths, without the names that a model's outputs may have."""
    if not isinstance(outputs, list):
        return outputs
    return [next(iter(entry.values())) if isinstance(entry, dict) else entry for entry in outputs]


def absent(config: Config, rules: list[dict[str, Any]]) -> dict[str, Any] | None:
    """The configuration of a part that the file lacks: that of the first rule that applies."""
    known = config.values | {"given": sorted(config.given)}
    found = (rule["config"] for rule in rules if fill(rule["when"], known))
    return next((fill(value, known) for value in found), None)


def inputs_of(spec: dict[str, Any]) -> dict[str, Any]:
    """The shapes of a completed template's inputs by name, without those whose `when` is false.

    A shape that cannot be computed is null: it only matters if the whole reads it.
    """
    problems = Problems()
    env = spec_variables(spec["vars"], {}, ("vars",), problems)
    if problems.found:
        raise ConfigError(problems.found[0].message)
    values = spec.get("inputs") or {"input": spec.get("input")}
    try:
        return {name: shape_of(value, env) for name, value in values.items() if is_wanted(value, env)}
    except ExpressionError as error:
        raise ConfigError(str(error)) from None


def shape_of(value: Any, env: dict[str, Any]) -> Any:
    """The shape that an input's entry gives it."""
    try:
        return fill(value.get("shape") if isinstance(value, dict) else value, env)
    except ExpressionError:
        return None


def is_wanted(value: Any, env: dict[str, Any]) -> bool:
    """Whether an input exists: its `when`, if it has one."""
    return not isinstance(value, dict) or bool(fill(value.get("when", True), env))
