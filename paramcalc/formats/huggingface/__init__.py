"""Hugging Face's config.json: which network of transformers it describes, and that network as a spec.

types.jsonl    what transformers knows of each model_type; tests/oracle/freeze_transformers.py makes it
config.py      a file's values → the type, its fields, the class and its head
template.py    the template of the type with the fields for variables → a spec
families/      the templates; its README says how to add one
"""

from collections.abc import Callable, Mapping
from typing import Any

from paramcalc.errors import DocPath, InputError, Position, Problem, located
from paramcalc.model import Model


def is_config(value: Any) -> bool:
    """Whether a parsed file is the configuration of a model."""
    if not isinstance(value, dict):
        return False
    return isinstance(value.get("model_type"), str) or isinstance(value.get("architectures"), list)


def read_config_json(
    value: dict[str, Any],
    name: str,
    locate: Callable[[DocPath], Position | None],
    sets: Mapping[str, Any] | None = None,
    max_layers: int | None = None,
) -> Model:
    """The model that a config.json describes.

    Raises:
        InputError: when its type is not known, or a value is one that transformers refuses.
    """
    from paramcalc.formats.huggingface.config import ConfigError, config_of
    from paramcalc.formats.huggingface.template import spec_of

    try:
        config = config_of(value)
        spec = spec_of(config)
    except ConfigError as error:
        raise InputError(name, [located(Problem(str(error), error.where), locate)]) from None
    model = model_of(spec, name, sets, max_layers)
    model.format = "huggingface"
    model.warnings = config.warnings
    return model


def model_of(spec: dict[str, Any], name: str, sets: Mapping[str, Any] | None, max_layers: int | None) -> Model:
    """The model of a filled template; what is wrong in it stands nowhere in the user's file.

    Raises:
        InputError: when the values do not fit together.
    """
    from paramcalc.formats.native.spec import SpecReader
    from paramcalc.limits import MAX_LAYERS

    reader = SpecReader(name, sets or {}, max_layers or MAX_LAYERS)
    try:
        model = reader.read(spec)
        problems = reader.problems.found
    except InputError as error:
        problems = error.problems
    if problems:
        raise InputError(name, [Problem(problem.message, layer=problem.layer) for problem in problems])
    return model
