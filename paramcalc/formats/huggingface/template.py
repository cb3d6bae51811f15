"""A configuration → a spec: the template of its type, with the configuration's fields for variables.

A template is a spec in paramcalc's own language, and has beside its keys

    types    the model_types that are built like this: each with values for variables in which it differs from the
             template's defaults, which may be expressions over any field of its configuration
    heads    what its classes may be for, as types.jsonl has it; a class with another head is refused
    parts    blocks that are other models: name → the field with that model's configuration
    refused  what transformers refuses though the layers would fit, as a list of {when: expression, because: message}

A variable that is called like a field has the field's value; `head`, `architecture`, `model_type` and `num_labels` are
what the configuration says of the class.
"""

from functools import lru_cache
from typing import Any

from paramcalc.errors import listed
from paramcalc.formats.huggingface.config import COUNT_IT, Config, ConfigError, NotBuiltError, config_of
from paramcalc.formats.huggingface.types import FOLDER, VERSION, find_type
from paramcalc.formats.native.templates import fill, variables

FAMILIES = FOLDER / "families"
OWN_KEYS = ("types", "parts", "heads", "refused")


def spec_of(config: Config) -> dict[str, Any]:
    """The spec of a configuration.

    Raises:
        NotBuiltError: when there is no template for its type.
    """
    template = template_of(config)
    if config.head not in template["heads"]:
        message = (
            f"paramcalc does not know the head of {config.architecture} yet; it knows: {listed(template['heads'])}"
        )
        raise NotBuiltError(f"{message}; {COUNT_IT}", ("architectures",))
    spec = {key: value for key, value in template.items() if key not in OWN_KEYS}
    spec["vars"] = vars_of(template, config)
    check_refused(template.get("refused", []), spec["vars"])
    blocks = {name: part(config, field) for name, field in template.get("parts", {}).items()}
    if blocks:
        spec["blocks"] = blocks | spec.get("blocks", {})
    stored = {} if config.dtype is None else {"dtype": config.dtype}
    return {"name": config.architecture} | stored | spec


def template_of(config: Config) -> dict[str, Any]:
    """The template of a type."""
    name = index().get(config.type.name)
    if name is None:
        message = (
            f"transformers {VERSION} has model_type '{config.type.name}', but paramcalc has no template for it yet"
        )
        raise NotBuiltError(f"{message}; {COUNT_IT}", ("model_type",))
    return load_template(name)


@lru_cache(maxsize=1)
def index() -> dict[str, str]:
    """model_type → the template that it is built like."""
    import msgspec

    return msgspec.json.decode((FAMILIES / "index.json").read_bytes(), type=dict[str, str])


@lru_cache(maxsize=16)
def load_template(name: str) -> dict[str, Any]:
    """A template; nobody may change it."""
    from paramcalc.formats.text.strict_yaml import parse_yaml

    value: dict[str, Any] = parse_yaml((FAMILIES / f"{name}.yaml").read_text(encoding="utf-8"), name)[0]
    return value


def vars_of(template: dict[str, Any], config: Config) -> dict[str, Any]:
    """The template's variables with the values that they have for this configuration.

    What the type's own values read of the configuration comes first.
    """
    own: dict[str, Any] = template["types"][config.type.name] or {}
    known = config.values | {
        "head": config.head,
        "architecture": config.architecture,
        "model_type": config.type.name,
    }
    if config.num_labels is not None:  # else it is the default of the type, which a template has
        known["num_labels"] = config.num_labels
    declared = template["vars"]
    read = {name for value in own.values() for name in variables(value)} - declared.keys()
    found = {name: literal(known[name]) for name in sorted(read & known.keys())}
    for name, default in declared.items():
        found[name] = own[name] if name in own else literal(known[name]) if name in known else default
    return found


def check_refused(rules: list[dict[str, str]], raw: dict[str, Any]) -> None:
    """Refuse what one of a template's rules is about.

    Raises:
        ConfigError: with the rule's message.
    """
    if not rules:
        return
    from paramcalc.formats.native.problems import Problems
    from paramcalc.formats.native.variables import spec_variables

    problems = Problems()
    known = spec_variables(raw, {}, ("vars",), problems)
    for rule in [] if problems.found else rules:  # a variable that is wrong is told of where the spec is read
        if fill(rule["when"], known) is True:
            raise ConfigError(fill(rule["because"], known))


def literal(value: Any) -> Any:
    """A value of a file, which no expression in it may change."""
    if isinstance(value, str):
        return value.replace("$", "$$")
    if isinstance(value, list):
        return [literal(item) for item in value]
    if isinstance(value, dict):
        return {key: literal(item) for key, item in value.items()}
    return value


def part(config: Config, field: str) -> dict[str, Any]:
    """The block of a model inside another: its spec, what it is given being the inputs of that."""
    raw = config.values.get(field)
    default = find_type(config.type.parts.get(field, ""))
    spec = spec_of(config_of(raw if isinstance(raw, dict) else {}, default))
    block = {key: spec[key] for key in ("vars", "blocks", "layers", "outputs") if key in spec}
    return block | {"inputs": list(spec["inputs"])}
