"""The settings of an adapter: `--lora RANK[:target,…]`, or the adapter_config.json that PEFT writes.

peft/tuners/lora/config.py, peft/tuners/tuners_utils.py (check_target_module_exists), version 0.21.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from paramcalc.errors import MAX_ECHO, ParamcalcError, did_you_mean, echo
from paramcalc.formats.adapters.regex import Pattern, PatternError
from paramcalc.formats.checkpoint import Contents
from paramcalc.shapes import MAX_DIMENSION

ALL_LINEAR = "all-linear"

HEADS = {"SEQ_CLS": ("classifier", "score"), "TOKEN_CLS": ("classifier", "score"), "QUESTION_ANS": ("qa_outputs",)}
"""The modules that PEFT trains as well for a task: its head."""

TASKS = (*HEADS, "CAUSAL_LM", "SEQ_2_SEQ_LM", "FEATURE_EXTRACTION")

REFUSED = {
    "target_parameters": "adapters of single parameters",
    "trainable_token_indices": "single trained tokens",
    "layer_replication": "layers that are repeated",
    "megatron_config": "Megatron's layers",
    "use_bdlora": "block-diagonal adapters",
    "arrow_config": "Arrow's adapters",
    "monteclora_config": "MonteCLoRA's adapters",
    "use_qalora": "QA-LoRA's adapters",
    "kasa_config": "KaSA's adapters",
    "velora_config": "VeLoRA's adapters",
}
"""Fields that select another kind of adapter → its name."""

MAX_TARGETS = 10_000
"""The most names in a list of targets: one for each layer of a large model."""


class AdapterError(ParamcalcError):
    """An adapter is invalid, or of a kind that is not supported."""


class Adapter(Struct, frozen=True):
    """What to do with a model's layers.

    Attributes:
        rank: the rank of the adapters.
        targets: the layers to adapt: names, or one pattern; None for the model's default.
        exclude: layers not to adapt although they are targets.
        dora: whether adapters learn a magnitude for each output.
        lora_bias: whether their second matrices have a bias.
        bias: which biases are trained: "none", "all", or "lora_only".
        saved: modules that are trained in full, in a copy.
        ranks: other ranks, by patterns of layers' names.
        own_ranks: the ranks of some layers, by their whole names.
        layers: the numbers of the layers to adapt; None for all.
        layers_pattern: the names of the lists of layers that these numbers refer to; empty for any list.
        task: PEFT's name for the task of the model; "" if not given.
        base: the base model, as PEFT was given it.
        written: whether it was read from a file, which must name its targets.
    """

    rank: int
    targets: "Sequence[str] | frozenset[str] | Pattern | None" = None
    exclude: "Sequence[str] | Pattern" = ()
    dora: bool = False
    lora_bias: bool = False
    bias: str = "none"
    saved: Sequence[str] = ()
    ranks: "Sequence[tuple[Pattern, int]]" = ()
    layers: frozenset[int] | None = None
    layers_pattern: Sequence[str] = ()
    task: str = ""
    base: str = ""
    written: bool = False
    own_ranks: Mapping[str, int] = {}

    def adapts(self, name: str) -> bool:
        """Whether a layer of this name is adapted; the meaning of all-linear depends on the model."""
        if matches(self.exclude, name) or any(f".{saved}." in f".{name}." for saved in self.saved):
            return False
        if self.targets is None or not matches(self.targets, name):
            return False
        # A pattern or a full name says itself which layer it means.
        return isinstance(self.targets, Pattern) or name in self.targets or self.layers is None or self.in_layers(name)

    def in_layers(self, name: str) -> bool:
        """Whether the first number in a name is that of a layer to adapt."""
        lists = "|".join(re.escape(each) for each in self.layers_pattern) if self.layers_pattern else r"[^.]*"
        before = r"(?:^|\.)" if self.layers_pattern else r"\."
        found = re.search(rf"{before}(?:{lists})\.([0-9]{{1,9}})\.", name)
        return found is not None and self.layers is not None and int(found[1]) in self.layers

    def rank_of(self, name: str) -> int:
        """The rank of a layer's adapter."""
        if name in self.own_ranks:
            return self.own_ranks[name]
        return next((rank for pattern, rank in self.ranks if pattern.fullmatch(name)), self.rank)

    def copies(self, module: str) -> bool:
        """Whether a module, or one around it, is trained in a copy; PEFT compares the ends of names."""
        parts = module.split(".")
        return any(".".join(parts[:end]).endswith(saved) for end in range(1, len(parts) + 1) for saved in self.saved)


class LlamaAdapter(Struct, frozen=True):
    """An adapter of llama.cpp, which knows no more of the base than the names of its tensors.

    Attributes:
        contents: the file's tensors, and what it says of itself.
        source: the file, as the user named it.
        task: what the base is for; the file does not say that.
    """

    contents: Contents
    source: str
    task: str = ""

    @property
    def architecture(self) -> object:
        """What llama.cpp calls the architecture of the base."""
        return self.contents.details.get("architecture")


def matches(wanted: "Sequence[str] | frozenset[str] | Pattern", name: str) -> bool:
    """Whether a name is one of these or ends in one after a dot, or matches the pattern."""
    if isinstance(wanted, Pattern):
        return wanted.fullmatch(name)
    if isinstance(wanted, frozenset):  # of whole names, as many as the model has layers
        return name in wanted
    return any(name == each or name.endswith(f".{each}") for each in wanted)


def parse(text: str) -> Adapter:
    """`16` or `16:q_proj,v_proj`.

    Raises:
        AdapterError: saying what would be right.
    """
    rank, _, targets = text.partition(":")
    if not re.fullmatch("[0-9]{1,9}", rank) or not 1 <= int(rank) <= MAX_DIMENSION:
        raise AdapterError(f"--lora: '{text[:MAX_ECHO]}' is no RANK[:target,…], such as 16:q_proj,v_proj")
    names = tuple([name.strip() for name in targets.split(",") if name.strip()])
    return Adapter(int(rank), names or None)


FIELDS: dict[str, tuple[type, ...]] = {
    "r": (int,),
    "target_modules": (list, str, type(None)),
    "exclude_modules": (list, str, type(None)),
    "use_dora": (bool,),
    "lora_bias": (bool,),
    "bias": (str,),
    "modules_to_save": (list, type(None)),
    "rank_pattern": (dict, type(None)),
    "layers_to_transform": (list, int, type(None)),
    "layers_pattern": (list, str, type(None)),
    "task_type": (str, type(None)),
    "base_model_name_or_path": (str, type(None)),
}
"""The fields that change what is counted, and their types."""


def read(value: Any) -> Adapter:
    """The adapter that an adapter_config.json describes.

    Raises:
        AdapterError: for an adapter of another method than LoRA, and for invalid values.
    """
    method = value.get("peft_type")
    if method != "LORA":
        raise AdapterError(f"peft_type {echo(method)} is an adapter that is not read; LORA is")
    for field, what in REFUSED.items():
        if value.get(field):
            raise AdapterError(f"{field}: {what} are not read")
    for field, types in FIELDS.items():
        given = value.get(field)
        if field in value and type(given) not in types:
            raise AdapterError(f"{field}: expected {words(types)}, got {echo(given)}")
    task = value.get("task_type") or ""
    saved = [*texts(value, "modules_to_save"), *HEADS.get(task, ())]
    layers = value.get("layers_to_transform")
    return Adapter(
        positive(value.get("r", 8), "r"),
        wanted(value, "target_modules") or None,
        wanted(value, "exclude_modules"),
        value.get("use_dora", False),
        value.get("lora_bias", False),
        one_of(value.get("bias", "none"), ("none", "all", "lora_only"), "bias"),
        tuple(dict.fromkeys(saved)),
        ranks_of(value.get("rank_pattern") or {}),
        None if layers is None or layers == [] else numbers_of(layers),
        tuple(texts(value, "layers_pattern")),
        task,
        value.get("base_model_name_or_path") or "",
        True,
    )


def words(types: Sequence[type]) -> str:
    """The type of a field, for messages."""
    names = {int: "an integer", list: "a list", str: "text", bool: "true or false", dict: "a mapping"}
    return " or ".join(names.get(each, "null") for each in types)


def positive(value: Any, field: str) -> int:
    """A rank."""
    if type(value) is not int or not 1 <= value <= MAX_DIMENSION:
        raise AdapterError(f"{field}: a rank is an integer from 1 up, got {echo(value)}")
    return value


def one_of(value: str, known: Sequence[str], field: str) -> str:
    """One of several words."""
    if value not in known:
        raise AdapterError(f"{field}: '{value[:MAX_ECHO]}' is none of {', '.join(known)}{did_you_mean(value, known)}")
    return value


def texts(value: dict[str, Any], field: str) -> list[str]:
    """A list of names; a single string is a list of one."""
    given = value.get(field) or []
    given = [given] if isinstance(given, str) else given
    if len(given) > MAX_TARGETS or not all(isinstance(item, str) for item in given):
        raise AdapterError(f"{field}: expected at most {MAX_TARGETS:,} names, got {echo(given)}")
    return given


def wanted(value: dict[str, Any], field: str) -> "Sequence[str] | Pattern":
    """Names, or a pattern; all-linear counts as a name here."""
    given = value.get(field)
    if isinstance(given, str) and given and given.lower() != ALL_LINEAR:
        return pattern(given, field)
    return (ALL_LINEAR,) if given and isinstance(given, str) else tuple(texts(value, field))


def pattern(text: str, field: str) -> Pattern:
    """A pattern; its errors name the field."""
    try:
        return Pattern(text)
    except PatternError as error:
        raise AdapterError(f"{field}: {error}") from None


def ranks_of(ranks: Mapping[str, Any]) -> list[tuple[Pattern, int]]:
    """Other ranks: the first pattern that matches the end of a name, after a dot, decides."""
    if len(ranks) > MAX_TARGETS:
        raise AdapterError(f"rank_pattern: more than {MAX_TARGETS:,} entries, the limit")
    return [
        (pattern(rf"(.*\.)?({key})", "rank_pattern"), positive(rank, f"rank_pattern: '{key[:MAX_ECHO]}'"))
        for key, rank in ranks.items()
    ]


def numbers_of(layers: Any) -> frozenset[int]:
    """The numbers of layers; a single number is a list of one."""
    found = [layers] if isinstance(layers, int) else layers
    if not all(type(item) is int for item in found):
        raise AdapterError(f"layers_to_transform: expected numbers of layers, got {echo(layers)}")
    return frozenset(found)
