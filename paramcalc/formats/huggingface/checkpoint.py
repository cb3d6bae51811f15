"""How transformers maps the names in a checkpoint to those of its model: checkpoints.jsonl, a line per model_type.

tests/oracle/freeze_huggingface_checkpoints.py makes the file from transformers' own rules, which merge the experts of a
mixture, rename tensors of older versions, and ignore what a model no longer has.
"""

import re
from functools import lru_cache

import msgspec
from msgspec import Struct

from paramcalc.errors import listed
from paramcalc.formats.adapters.apply import Hints
from paramcalc.formats.beside import add_checkpoint
from paramcalc.formats.checkpoint import Contents
from paramcalc.formats.huggingface import gguf
from paramcalc.formats.huggingface.config import Config
from paramcalc.formats.huggingface.gguf import BlockNaming
from paramcalc.formats.huggingface.types import data
from paramcalc.formats.naming import Naming, Rule, rule
from paramcalc.model import Model

RuleData = tuple[list[str], list[str], list[list[str | int]], str | None]
"""Sources, targets, operations, and the module that the rule is limited to."""

FOR_ALL = ""
"""The type whose only list of rules applies to all types."""


class Line(Struct):
    """The rules of one model_type.

    Attributes:
        classes: class → the index of its rules, the name of its base model, the index of its ignored names, the layer
            that computes a language model's logits, the layers that are not quantised by default, and those that stay
            in float32.
        rules: lists of rules, each for some classes.
        ignored: lists of patterns of names that a checkpoint may have although the model does not.
        adapted: the layers that PEFT adapts by default.
    """

    classes: dict[str, tuple[int, str, int, str, list[str], list[str]]]
    rules: list[list[RuleData]]
    ignored: list[list[str]]
    adapted: list[str] = []


@lru_cache(maxsize=1)
def lines() -> bytes:
    """The whole file, with a line break before each line, so that a line can be searched for by its beginning."""
    return b"\n" + data("checkpoints.jsonl")


def find_line(type_: str) -> Line | None:
    """The line of a model_type; only that line is parsed as JSON."""
    start = lines().find(b'\n{"type":%s,' % msgspec.json.encode(type_))
    if start < 0:
        return None
    return msgspec.json.decode(lines()[start + 1 : lines().find(b"\n", start + 1)], type=Line)


def naming_of(config: Config) -> Naming | None:
    """The rules for a configuration's class; None if they are unknown.

    A class without rules of its own has those of another class of its type.
    """
    line = find_line(config.type.name)
    every = find_line(FOR_ALL)
    if line is None or not line.classes or every is None:
        return None
    chosen, base, ignored, *_ = line.classes.get(config.architecture) or next(iter(line.classes.values()))
    data = [*line.rules[chosen], *every.rules[0]]
    rules = [made(item, base) for item in data]
    patterns = line.ignored[ignored]
    return Naming(
        [each for each in rules if each.renames],
        [each for each in rules if not each.renames],
        base,
        re.compile("|".join([f"(?:{pattern})" for pattern in patterns])) if patterns else None,
    )


def hints_of(config: Config) -> Hints:
    """What an adapter needs to know about a configuration's class."""
    line = find_line(config.type.name)
    if line is None:
        return Hints()
    found = line.classes.get(config.architecture)
    stacked = any(["stack", 0] in operations for rules in line.rules for _, _, operations, _ in rules)
    return Hints("" if found is None else found[3], tuple(line.adapted), stacked)


def skipped_by(config: Config) -> tuple[list[str], list[str]]:
    """The layers of a class that transformers does not quantise by default, and those that it keeps in float32."""
    line = find_line(config.type.name)
    found = None if line is None else line.classes.get(config.architecture)
    return (["lm_head"], []) if found is None else (found[4], found[5])


def made(data: RuleData, base: str) -> Rule:
    """A rule from its data; a rule for one module applies with and without the base model's prefix."""
    sources, targets, operations, scope = data
    if scope is None:
        return rule(sources, targets, operations, None)
    inside = f"{scope}." if scope else ""
    return rule(sources, targets, operations, [f"{base}.{inside}" if base else inside, inside])


def compared(model: Model, config: Config, contents: Contents, where: str = "the checkpoint") -> Model | None:
    """The model compared with the checkpoint; None if that is impossible (`unknown_names` says why)."""
    if unknown_names(config, contents) is not None:
        return None
    if contents.projector and gguf.find_projector(config.type.name) is None:
        message = f"the projector was not compared: {UNKNOWN_PROJECTOR.format(config.type.name)}"
        contents = contents._replace(warnings=[*contents.warnings, message], projector=())
    naming = block_naming(config, contents)
    contents = contents._replace(tensors=[*contents.tensors, *contents.projector], projector=())
    add_checkpoint(model, contents, where, naming or naming_of(config))
    return model


UNKNOWN_PROJECTOR = "how llama.cpp names what reads images and sound for '{}' is not known"


def unknown_names(config: Config, contents: Contents) -> str | None:
    """Why the names in a checkpoint cannot be mapped to those of a configuration's weights; None if they can."""
    type_ = config.type.name
    if contents.format != "gguf":
        return f"how a checkpoint of '{type_}' names its weights is not known" if naming_of(config) is None else None
    if contents.role not in ("model", "mmproj"):
        from paramcalc.formats.gguf.details import ROLES

        how = ": --lora adds it" if contents.role == "adapter" else ""
        return f"it holds no model, but what stands beside one ({ROLES[contents.role]}{how})"
    line = gguf.find_projector(type_) if contents.role == "mmproj" else gguf.find_line(type_)
    if line is None and contents.role == "mmproj":
        return UNKNOWN_PROJECTOR.format(type_)
    if line is None:
        return f"how llama.cpp names the weights of '{type_}' is not known"
    architecture = contents.details.get("architecture")
    if architecture in line.architectures:
        return None
    usual = listed(line.architectures)
    return f"it is of llama.cpp's architecture '{architecture}', and one of '{type_}' would be of {usual}"


def block_naming(config: Config, contents: Contents) -> BlockNaming | None:
    """The names that llama.cpp has for the weights, for a GGUF file."""
    if contents.format != "gguf":
        return None
    type_ = config.type.name
    line = None if contents.role == "mmproj" else gguf.find_line(type_)
    projector = gguf.find_projector(type_) if contents.projector or contents.role == "mmproj" else None
    naming = naming_of(config) or Naming()
    lines = [each for each in (line, projector) if each is not None]
    return BlockNaming(lines, naming.base, naming.ignored, contents.tensors) if lines else None
