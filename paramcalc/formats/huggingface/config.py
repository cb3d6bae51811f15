"""Reads a config.json: the type to build, the values of its fields, and the class with its head.

Values are those that transformers would use: a field that the file omits has the class' default, an alias (`n_embd`)
sets the field that it stands for, and keys that the class does not know are ignored.
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from paramcalc.errors import DocPath, InputError, Key, Problem, did_you_mean, echo, listed
from paramcalc.formats.huggingface.backbones import named_backbone, settle
from paramcalc.formats.huggingface.heads import check_heads
from paramcalc.formats.huggingface.older import OLDER
from paramcalc.formats.huggingface.problems import COUNT_IT, ConfigError, NotBuiltError
from paramcalc.formats.huggingface.types import KINDS, ModelType, find_class, find_type, type_names
from paramcalc.formats.native.variables import parse_value
from paramcalc.limits import MAX_LAYERS


class Config(Struct):
    """The content of a config.json, as transformers reads it.

    Attributes:
        type: the model_type to build.
        values: every field of the type.
        given: the fields that are in the file itself.
        architecture: the class, such as "LlamaForCausalLM".
        head: the task of the class, such as "causal_lm"; "base" for the model without a head.
        num_labels: the number of classes of a classifier; None if the file does not say.
        warnings: warnings, which change no number, with the place of each.
        dtype: the dtype the weights are stored in; None if the file does not say.
        raw: the whole mapping, for a part whose fields are mixed with those of the rest.
    """

    type: ModelType
    values: dict[str, Any]
    given: set[str]
    architecture: str
    head: str
    num_labels: int | None
    warnings: dict[str, DocPath]
    dtype: str | None = None
    raw: dict[str, Any] = {}


def read_config(value: dict[str, Any], source: str) -> Config:
    """The configuration in a file's value.

    Raises:
        InputError: when the type is not known, or a field has a value that transformers refuses.
    """
    try:
        return config_of(value)
    except ConfigError as error:
        raise InputError(source, [Problem(str(error), error.where)]) from None


def config_of(raw: dict[str, Any], type_: ModelType | None = None) -> Config:
    """The same for a configuration that may be a field of another; `type_` is its type if it has none."""
    named = first_architecture(raw)
    warnings: dict[str, DocPath] = {}
    found = known_type(raw, named, type_, warnings)
    named, inner, found = text_half(raw, found, named)
    values, given = values_of(inner, found)
    architecture = class_of(found, named)
    dtype = stored_dtype(inner) or stored_dtype(raw)
    head = found.classes[architecture]
    return Config(found, values, given, architecture, head, labels(raw), warnings, dtype, raw)


def part_of(
    config: Config,
    field: str,
    heads: list[str],
    flat: bool = False,
    merged: bool = False,
    missing: dict[str, Any] | None = None,
) -> Config | None:
    """The configuration in a field of another, with the first of these heads that its type has.

    It is built as by AutoModel: the class that it names does not matter. If the file has none, it is `missing`, or the
    type's default for the part, or, if `flat`, made of those fields of the whole that it shares; if `merged`, these
    defaults also complete what the file has. Returns None for an optional part that is null.

    Raises:
        ConfigError: with the place below the whole configuration.
    """
    part = config.type.parts[field]
    # old files of CLIP and its relatives have both
    raw = config.values.get(f"{field}_dict") or config.values.get(field)
    if raw is None:
        raw = missing or named_backbone(config.raw) if field == "backbone_config" else missing
    raw = renamed(raw, config.type.name)
    if raw is None and part.optional:
        return None
    if not isinstance(raw, dict):
        raw = config.raw if flat else part.values
        raw = {key: value for key, value in raw.items() if key != "model_type"} if flat else raw
    elif merged:
        raw = part.values | raw
    try:
        return config_for(raw, find_type(part.type), part.fixed, heads)
    except ConfigError as error:
        raise type(error)(str(error), (field, *error.where)) from None


OTHER_NAMES = {
    ("cosmos3_omni", "qwen3_vl"): "qwen3_vl_vision",
    ("exaone4_5", "exaone4_5_text"): "exaone4",
    ("hyperclovax_vision_v2", "qwen2_5_vl"): "qwen2_5_vl_vision",
}
"""A type, and the model_type that files give one of its parts → the model_type that transformers reads it as."""


def renamed(raw: Any, whole: str) -> Any:
    """A part's fields, with the model_type that transformers reads it as."""
    name = raw.get("model_type") if isinstance(raw, dict) else None
    other = OTHER_NAMES.get((whole, name)) if isinstance(name, str) else None
    return raw if other is None else raw | {"model_type": other}


def config_for(raw: dict[str, Any], default: ModelType | None, fixed: bool, heads: list[str]) -> Config:
    """The configuration of a nested model, with the first of these heads, or classes, that its type has.

    Without heads it has only values, for a part that is not a model of its own.
    """
    warnings: dict[str, DocPath] = {}
    type_ = default if fixed and default is not None else known_type(raw, None, default, warnings)
    values, given = values_of(raw, type_)
    if not heads:
        return Config(type_, values, given, "", "", labels(raw), warnings, None, raw)
    for head in heads:
        for name, its_head in type_.classes.items():
            if head in (its_head, name):
                return Config(type_, values, given, name, its_head, labels(raw), warnings, None, raw)
    raise NotBuiltError(f"'{type_.name}' has no class for {listed(heads)}", ("model_type",))


STORED = ("bfloat16", "float16", "float32", "float64")
"""The dtypes that transformers stores weights in, unless they are quantised."""


def stored_dtype(raw: dict[str, Any]) -> str | None:
    """The dtype of the weights: `dtype`, formerly torch_dtype; None if it gives nothing useful."""
    for key in ("dtype", "torch_dtype"):
        value = raw.get(key)
        if isinstance(value, str) and value.removeprefix("torch.") in STORED:
            return value.removeprefix("torch.")
    return None


def quantization_in(raw: dict[str, Any]) -> tuple[dict[str, Any], DocPath] | None:
    """The quantisation_config of a configuration or of its text model, and its place."""
    text = raw.get("text_config")
    for part, where in ((raw, ()), (text, ("text_config",))):
        for key in ("quantization_config", "compression_config"):
            found = part.get(key) if isinstance(part, dict) else None
            if found and isinstance(found, dict):
                return found, (*where, Key(key))
    return None


def text_half(raw: dict[str, Any], type_: ModelType, named: str | None) -> tuple[str | None, dict[str, Any], ModelType]:
    """The class, its fields and its type: those of the text model if the class builds only that.

    The fields are in the text model's part of the configuration, or in a file without parts.
    """
    text = type_.parts.get("text_config")
    part = find_type(text.type) if text is not None else None
    chosen = named or default_class(type_)
    if part is None or chosen not in part.classes:
        return named, raw, type_
    inner = raw.get("text_config")
    return chosen, inner if isinstance(inner, dict) else raw, part


def first_architecture(raw: dict[str, Any]) -> str | None:
    """The class that the file names; old classes of TensorFlow and Flax have the same weights."""
    names = raw.get("architectures")
    name = names[0] if isinstance(names, list) and names else names
    if not isinstance(name, str):
        return None
    return name.removeprefix("Flax").removeprefix("TF")


def known_type(
    raw: dict[str, Any], architecture: str | None, default: ModelType | None, warnings: dict[str, DocPath]
) -> ModelType:
    """The type of this model_type; if transformers does not know it, the file may still name a class that it does."""
    name = raw.get("model_type")
    if name is None and default is not None:
        return default
    found = find_type(name) if isinstance(name, str) else None
    if found is not None:
        return found
    by_class = find_class(architecture) if architecture else None
    if by_class is not None:
        if name is not None:
            message = (
                f"model_type {echo(name)} is none of transformers' own: read as '{by_class.name}', "
                f"which {architecture} is built from"
            )
            warnings[message] = ("model_type",)
        return by_class
    if name is None:
        raise NotBuiltError("there is no model_type, and no architecture that would say it")
    where = ("model_type",)
    if raw.get("auto_map"):
        raise NotBuiltError(
            f"model_type {echo(name)} is built by code of its own repository, not read here; {COUNT_IT}", where
        )
    near = did_you_mean(str(name), type_names())
    raise NotBuiltError(f"model_type {echo(name)} is not known{near}; {COUNT_IT}", where)


def class_of(type_: ModelType, named: str | None) -> str:
    """The class to build: the one that is named, else the type's language model, else its base model.

    Raises:
        ConfigError: for a class that is not built from this type.
    """
    if named is None:
        return default_class(type_)
    if named in type_.classes:
        return named
    same = next((name for name in type_.classes if bare(name) == bare(named)), None)
    if same is None:
        near = did_you_mean(named, type_.classes) or f"; they are: {listed(type_.classes)}"
        raise ConfigError(f"{echo(named)} is no class that is built from '{type_.name}'{near}", ("architectures",))
    return same


def bare(name: str) -> str:
    """A class name without case and underscores, which differ between files."""
    return name.replace("_", "").lower()


def default_class(type_: ModelType) -> str:
    """The class of a file without `architectures`.

    Raises:
        NotBuiltError: for a type that is only a configuration.
    """
    if not type_.classes:
        raise NotBuiltError(f"'{type_.name}' is a configuration without a class that is built from it", ("model_type",))
    by_head: dict[str, str] = {}
    for name, head in type_.classes.items():
        by_head.setdefault(head, name)
    plain = "masked_lm" not in by_head and "seq_to_seq_causal_lm" not in by_head
    for head in ("image_text_to_text", "causal_lm") if plain else ():
        if head in by_head:
            return by_head[head]
    if "base" in by_head:
        return by_head["base"]
    return next(iter(type_.classes))


def labels(raw: dict[str, Any]) -> int | None:
    """The number of classes of a classifier: as many as have names, else num_labels."""
    names = raw.get("id2label")
    if isinstance(names, dict):
        return len(names)
    count = raw.get("num_labels")
    return count if type(count) is int and count > 0 else None


def values_of(raw: dict[str, Any], type_: ModelType) -> tuple[dict[str, Any], set[str]]:
    """The value of every field, and the fields that the file has.

    Raises:
        ConfigError: for a value of a kind that the field does not take.
    """
    values = {name: default for name, (default, _) in type_.fields.items()}
    given = set()
    # transformers sets aliases last, whatever their order in the file.
    for key, value in sorted(raw.items(), key=lambda item: item[0] in type_.aliases):
        name = type_.aliases.get(key, key)
        if name not in type_.fields or (name != key and name in given and value is None):
            continue
        check_kind(key, value, type_.fields[name][1], (Key(key),))
        values[name] = value
        given.add(name)
    if type_.name in OLDER:
        OLDER[type_.name](values)
    check_heads(type_, values)
    check_layer_types(values)
    if "backbone" in type_.classes.values():
        settle(raw, values)
    if "per_layer_config" in values:
        values["per_layer_config"] = by_layer(
            values["per_layer_config"], values.get("num_hidden_layers"), OF_A_LAYER.get(type_.name, OF_A_LAYER[""])
        )
    return values, given


def check_kind(name: str, value: Any, kinds: str, where: DocPath) -> None:
    """Refuse a value of a kind that the field does not take.

    Raises:
        ConfigError: at this place.
    """
    if not is_of(value, kinds):
        words = " or ".join(KINDS[letter] for letter in kinds if letter in KINDS)
        raise ConfigError(f"{name}: expected {words}, got {echo(value)}", where)


def with_fields(raw: dict[str, Any], config: Config, sets: Mapping[str, Any]) -> dict[str, Any]:
    """The file's mapping with other values for fields, as the user sets them; what is no field is left out.

    Set in the file's stead, a value is checked as the file's is, and what transformers derives from it follows.

    Raises:
        ConfigError: for a value of a kind that the field does not take.
    """
    type_ = config.type
    fields = {}
    for name, text in sets.items():
        known = type_.aliases.get(name, name)
        if known in type_.fields:
            fields[known] = parse_value(text, config.values[known])
            check_kind(f"--set {name}", fields[known], type_.fields[known][1], ())
    named = first_architecture(raw)
    inner = text_half(raw, known_type(raw, named, None, {}), named)[1]
    kept = {key: value for key, value in inner.items() if type_.aliases.get(key, key) not in fields}
    return kept | fields if inner is raw else raw | {"text_config": kept | fields}


OLD_LAYER_TYPES = {
    "mamba": "linear_attention",
    "attention": "full_attention",
    "deepseek_sparse_attention": "indexed_attention",
    "qwen_sparse_attention": "indexed_attention",
}
"""Older names for kinds of layers (transformers/configuration_utils.py)."""


def check_layer_types(values: dict[str, Any]) -> None:
    """Give the kinds of layers their current names, and check their number against that of the layers.

    Raises:
        ConfigError: unless there is one for each layer.
    """
    for field in ("layer_types", "mlp_layer_types", "layers_block_type"):
        kinds, layers = values.get(field), values.get("num_hidden_layers")
        if not isinstance(kinds, list):
            continue
        values[field] = [OLD_LAYER_TYPES.get(kind, kind) if isinstance(kind, str) else kind for kind in kinds]
        if type(layers) is int and layers != len(kinds):
            message = f"num_hidden_layers is {layers}, but {field} has {len(kinds)} items: one for each layer is meant"
            raise ConfigError(message, (field,))


OF_A_LAYER = {
    "": ("head_dim", "num_key_value_heads"),
    "dots3_note_text": (
        "head_dim",
        "kv_lora_rank",
        "num_attention_heads",
        "num_key_value_heads",
        "q_lora_rank",
        "qk_nope_head_dim",
        "qk_rope_head_dim",
        "v_head_dim",
    ),
    "step3p5": ("num_attention_heads",),
}
"""model_type → the values that its template reads per layer; "" is for all other types."""


def by_layer(own: Any, layers: Any, names: tuple[str, ...]) -> list[dict[str, Any]] | None:
    """Values of single layers as a list with an entry for each; the file maps numbers, such as "05", to them.

    Raises:
        ConfigError: for a layer that does not exist, or a value that no template reads.
    """
    if not isinstance(own, dict) or type(layers) is not int or not 0 < layers <= MAX_LAYERS:
        return None
    found: list[dict[str, Any]] = [{} for _ in range(layers)]
    for key, values in own.items():
        where = ("per_layer_config", Key(key))
        if not key.isascii() or not key.isdigit() or int(key[:9]) >= layers:
            raise ConfigError(f"per_layer_config: {echo(key)} is none of the {layers} layers, counted from 0", where)
        if not isinstance(values, dict) or not values.keys() <= {*names}:
            raise ConfigError(f"per_layer_config: read of a layer are {listed(names)}, got {echo(values)}", where)
        found[int(key[:9])] = values
    return found


LETTERS: dict[type, str] = {int: "i", float: "f", bool: "b", str: "s", list: "l", dict: "d", type(None): "n"}


def is_of(value: Any, kinds: str) -> bool:
    """Whether a field of these kinds accepts the value."""
    return kinds == "*" or LETTERS[type(value)] in kinds
