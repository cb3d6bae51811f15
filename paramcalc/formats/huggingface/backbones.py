"""Backbones: image models from which detectors take a feature map for each of several stages."""

from typing import Any

from paramcalc.errors import echo
from paramcalc.formats.huggingface.problems import COUNT_IT, ConfigError, NotBuiltError


def settle(raw: dict[str, Any], values: dict[str, Any]) -> None:
    """Resolve the stages of a backbone, and strip the tag from a timm name: it only identifies weights."""
    values["out_indices"] = stages_given(raw, values)
    if isinstance(values.get("backbone"), str):
        values["backbone"] = values["backbone"].split(".")[0]


def stages_given(raw: dict[str, Any], values: dict[str, Any]) -> list[int]:
    """The stages that a backbone returns, where 0 is the stem; by default the last one.

    If no field of the type gives the number of stages, the file's values are kept.

    Source: transformers/backbone_utils.py, BackboneConfigMixin

    Raises:
        ConfigError: for a stage that does not exist or is out of order, and if the two fields differ.
    """
    last = last_stage(values)
    names, given = (raw[field] if field in raw else raw.get(f"_{field}") for field in ("out_features", "out_indices"))
    if last is None:
        return given if isinstance(given, list) else [-1]
    by_name = None if names is None else [number(name, last) for name in as_list(names, "out_features")]
    by_index = None if given is None else [index(each, last) for each in as_list(given, "out_indices")]
    if by_name is not None and by_index is not None and by_name != by_index:
        raise ConfigError("out_features and out_indices name different stages", ("out_features",))
    found = by_name if by_name is not None else by_index if by_index is not None else [last]
    if found != sorted(set(found)):
        raise ConfigError("the stages of a backbone are named once each, in order, from the stem on", ("out_indices",))
    return found


def last_stage(values: dict[str, Any]) -> int | None:
    """The number of the last stage; None if no field gives the number of stages."""
    depths, layers = values.get("depths"), values.get("num_hidden_layers")
    if isinstance(depths, list):
        return len(depths)
    return layers if type(layers) is int else None


def as_list(value: Any, field: str) -> list[Any]:
    """A list of stages.

    Raises:
        ConfigError: for anything else.
    """
    if not isinstance(value, list) or not value:
        raise ConfigError(f"{field}: expected a list of stages, got {echo(value)}", (field,))
    return value


def number(name: Any, last: int) -> int:
    """The stage of this name."""
    text = name.removeprefix("stage") if isinstance(name, str) else ""
    if name == "stem":
        return 0
    if text != name and text.isascii() and text.isdigit() and 0 < int(text[:9]) <= last and text[0] != "0":
        return int(text)
    raise ConfigError(
        f"out_features: there is no stage {echo(name)}: they are stem, stage1 … stage{last}", ("out_features",)
    )


def index(given: Any, last: int) -> int:
    """The stage of this index, of which negative ones are counted from the end."""
    if type(given) is int and -last - 1 <= given <= last:
        return given % (last + 1)
    raise ConfigError(f"out_indices: there is no stage {echo(given)}: they are 0 … {last}", ("out_indices",))


def named_backbone(raw: dict[str, Any]) -> dict[str, Any] | None:
    """The configuration in place of a missing backbone_config, if the file names a backbone: one of timm's.

    Source: transformers/backbone_utils.py, consolidate_backbone_kwargs_to_config

    Raises:
        NotBuiltError: for the name of a repository, whose configuration would have to be fetched.
    """
    name, more = raw.get("backbone"), raw.get("backbone_kwargs")
    if name is None:
        return None
    if not isinstance(name, str) or "/" in name:
        message = f"backbone {echo(name)} is a model of its own, whose configuration is not in this file"
        raise NotBuiltError(f"{message}; {COUNT_IT}", ("backbone",))
    return {**(more if isinstance(more, dict) else {}), "model_type": "timm_backbone", "backbone": name}
