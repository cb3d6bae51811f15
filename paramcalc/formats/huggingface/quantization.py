"""The quantization_config of a config.json: which layers are stored in fewer bits, and how.

transformers/utils/quantization_config.py and transformers/quantizers; each method has its own way of excluding layers.
"""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from paramcalc.errors import MAX_ECHO
from paramcalc.formats.adapters.regex import Pattern, PatternError
from paramcalc.layers.base import Layer
from paramcalc.layers.torch.quantized import Quantized, Scheme
from paramcalc.model import Instance, Model

QUANTISED = ("Linear", "TransposedLinear")
HALF = ("float16", "bfloat16")
MAX_RULES = 10_000
"""Names and patterns of layers that are excluded."""


class UnknownSchemeError(ValueError):
    """The quantisation is unknown, or not supported in this form; the message is for the user."""


class Plan(NamedTuple):
    """Which layers to store in which way.

    Attributes:
        scheme: how these layers are stored.
        chosen: whether a layer of this name is quantised.
        experts: whether experts are quantised as well.
        fused: whether experts are stored in one tensor.
        linear: whether layers other than experts are quantised.
        note: a warning about it.
        wide: the ends of the names of layers that stay in float32.
        default: the dtype of other layers if the file does not say; None for float32.
    """

    scheme: Scheme
    chosen: Callable[[str], bool]
    experts: bool = True
    fused: bool = False
    linear: bool = True
    note: str | None = None
    wide: Sequence[str] = ()
    default: str | None = None


class Facts(NamedTuple):
    """What is known about the model besides its quantisation.

    Attributes:
        dtype: the dtype of what is not quantised. skipped: the layers that are excluded unless the file names some.
        wide: layers that stay in float32.
    """

    dtype: str
    skipped: Sequence[str]
    wide: Sequence[str] = ()


def quantise(
    model: Model, raw: dict[str, Any], dtype: str | None, skipped: Sequence[str], wide: Sequence[str]
) -> str | None:
    """Store a model's layers as its configuration says; return warnings, such as that the method is unknown.

    Args:
        model: the model that the configuration describes.
        raw: its quantization_config.
        dtype: the dtype of what is not quantised; None if nothing says it.
        skipped: the layers that transformers excludes by default.
        wide: the layers that transformers keeps in float32.
    """
    method = raw.get("quant_method")
    if method is None and (raw.get("load_in_4bit") or raw.get("load_in_8bit")):
        method = "bitsandbytes"
    try:
        read = METHODS.get(method) if isinstance(method, str) else None
        if read is None:
            raise UnknownSchemeError("no quant_method" if method is None else f"quant_method {str(method)[:MAX_ECHO]}")
        plan = read(raw, Facts(dtype if dtype in HALF else "float16", skipped, wide))
        changed = apply(model, plan, dtype is None)
    except (UnknownSchemeError, PatternError) as error:
        return f"{UNKNOWN} ({error}); sizes here are of the weights before that, so count the checkpoint"
    model.details["quantization"] = f"{plan.scheme.method}: {changed:,} layers"
    return plan.note


UNKNOWN = "its checkpoint is quantised in a way that is not known"


def apply(model: Model, plan: Plan, no_dtype: bool) -> int:
    """Replace the chosen layers by their stored form; return their number.

    Args:
        model: the model to change.
        plan: which layers are stored in which way.
        no_dtype: whether the file does not give the dtype of the other layers.
    """
    made: dict[int, Instance] = {}
    layers: dict[int, Layer] = {}
    tied = {
        name.replace("/", ".") for pair in model.tied for name in pair[:2]
    }  # tied weights share one tensor, which is not quantised
    count = 0
    for node in model.nodes:
        old = node.instance
        if id(old) not in made:
            name, new = node.path.replace("/", "."), old
            if f"{name}.weight" not in tied and is_stored_packed(name, type(old.layer).__name__, plan):
                count += 1
                if id(old.layer) not in layers:
                    layers[id(old.layer)] = Quantized(old.layer, plan.scheme, plan.fused)
                new = replace(old, layer=layers[id(old.layer)])
            dtype = "float32" if name.endswith(tuple(plan.wide)) else plan.default if no_dtype else None
            made[id(old)] = replace(new, dtype=dtype) if dtype is not None else new
        node.instance = made[id(old)]
    return count


def is_stored_packed(name: str, kind: str, plan: Plan) -> bool:
    """Whether a layer of this name and class is quantised."""
    if kind in QUANTISED:
        return plan.linear and plan.chosen(name)
    return kind == "Experts" and plan.experts and plan.chosen(name) and plan.chosen(f"{name}.0.up_proj")


# -- which layers ------------------------------------------------------------------------------------


def names_in(raw: dict[str, Any], *keys: str) -> list[str] | None:
    """A list of names under one of these keys; None where there is none."""
    for key in keys:
        value = raw.get(key)
        if isinstance(value, list):
            if len(value) > MAX_RULES or not all(isinstance(item, str) for item in value):
                raise UnknownSchemeError(f"{key} is no list of at most {MAX_RULES:,} names")
            return value
    return None


def without(patterns: Sequence[str]) -> Callable[[str], bool]:
    """As should_convert_module of transformers: a name, its beginning, its end, or a pattern of its beginning."""
    compiled = [Pattern(rf"({key})(\..*)?") for key in patterns if re.search(r"[*+?\[\](){}|^$\\]", key)]
    whole = frozenset(patterns)

    def chosen(name: str) -> bool:
        parts = name.split(".")
        if any(".".join(parts[:end]) in whole for end in range(1, len(parts) + 1)):
            return False
        return not any(name.endswith(key) for key in whole) and not any(each.fullmatch(name) for each in compiled)

    return chosen


def by_globs(globs: Sequence[str]) -> Callable[[str], bool]:
    """ModelOpt's names with `*` for anything; a name without it also includes everything below it."""
    compiled = [Pattern(re.escape(glob).replace(r"\*", ".*").replace(r"\-", "-") + r"(\..*)?") for glob in globs]
    return lambda name: not any(each.fullmatch(name) for each in compiled)


def named(rules: Sequence[str]) -> Callable[[str], bool]:
    """Whether a rule of compressed-tensors matches: a class, the name itself, or `re:` and a pattern."""
    whole = frozenset(rules)
    compiled = [Pattern(rule.removeprefix("re:")) for rule in rules if rule.startswith("re:")]
    return lambda name: "Linear" in whole or name in whole or any(each.matches(name) for each in compiled)


def in_blocks(name: str) -> bool:
    """Whether a layer is in one of the numbered blocks; GPTQ and AWQ quantise nothing else."""
    return re.search(r"\.[0-9]+\.", f".{name}") is not None


# -- how ---------------------------------------------------------------------------------------------


def number(raw: dict[str, Any], key: str, known: Sequence[int] = ()) -> int:
    """A required small number."""
    value = raw.get(key)
    if type(value) is not int or (known and value not in known):
        raise UnknownSchemeError(f"{key} is {str(value)[:MAX_ECHO]}")
    return value


def group_of(raw: dict[str, Any], key: str = "group_size") -> int | None:
    """How many weights share a scale; −1 is a whole row."""
    value = raw.get(key)
    if value is None or value == -1:
        return None
    if type(value) is not int or value < 1:
        raise UnknownSchemeError(f"{key} is {str(value)[:MAX_ECHO]}")
    return value


def block_of(value: Any) -> tuple[int, int] | None:
    """Rows and columns that share a scale."""
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2 or not all(type(item) is int and item > 0 for item in value):
        raise UnknownSchemeError(f"a block of {str(value)[:MAX_ECHO]}")
    return value[0], value[1]


def fp8(raw: dict[str, Any], facts: Facts) -> Plan:
    """The float8 of transformers itself, which DeepSeek's checkpoints brought."""
    if raw.get("fmt", "e4m3") not in ("e4m3", "float8_e4m3fn"):
        raise UnknownSchemeError(f"fmt is {str(raw.get('fmt'))[:MAX_ECHO]}")
    scheme = Scheme(
        "fp8",
        block=block_of(raw.get("weight_block_size")),
        static=raw.get("activation_scheme") == "static",
        dtype=facts.dtype,
    )
    skipped = names_in(raw, "modules_to_not_convert", "ignored_layers") or []
    return Plan(scheme, without([*skipped, *facts.skipped]))


def gptq(raw: dict[str, Any], facts: Facts) -> Plan:
    """GPTQModel and AutoGPTQ: the layers in the numbered blocks."""
    if raw.get("dynamic"):
        raise UnknownSchemeError("layers have bits of their own (dynamic)")
    inside = raw.get("modules_in_block_to_quantize")
    chosen = [name for group in inside for name in group] if isinstance(inside, list) else None
    scheme = Scheme("gptq", number(raw, "bits", (2, 3, 4, 8)), group_of(raw), dtype=facts.dtype, scale_dtype="float16")

    def wanted(name: str) -> bool:
        return in_blocks(name) and (chosen is None or any(name.endswith(each) for each in chosen))

    if chosen is not None and not all(isinstance(each, str) for each in chosen):
        raise UnknownSchemeError("modules_in_block_to_quantize is no list of lists of names")
    return Plan(scheme, wanted)


def awq(raw: dict[str, Any], facts: Facts) -> Plan:
    """AutoAWQ: the layers in the numbered blocks."""
    left_out = without(names_in(raw, "modules_to_not_convert") or [])
    scheme = Scheme("awq", number(raw, "bits", (4,)), group_of(raw), dtype=facts.dtype, scale_dtype="float16")
    return Plan(scheme, lambda name: in_blocks(name) and left_out(name))


NESTED_NOTE = (
    "each nested quantisation of bitsandbytes is described by a text whose length depends on the weights: sizes may be "
    "a few bytes a layer off"
)


def bitsandbytes(raw: dict[str, Any], facts: Facts) -> Plan:
    """By bitsandbytes: all linear layers but the last one, in 4 or 8 bits; not experts, which are no linear layers."""
    chosen = without([*(names_in(raw, "llm_int8_skip_modules") or facts.skipped), *facts.wide])
    if raw.get("load_in_8bit"):
        return Plan(Scheme("bitsandbytes 8 bits", dtype=facts.dtype), chosen, experts=False, wide=facts.wide)
    kind = raw.get("bnb_4bit_quant_type", "fp4")
    if kind not in ("fp4", "nf4"):
        raise UnknownSchemeError(f"bnb_4bit_quant_type is {str(kind)[:MAX_ECHO]}")
    nested = bool(raw.get("bnb_4bit_use_double_quant"))
    scheme = Scheme("bitsandbytes 4 bits", 4, 64, nested=nested, kind=kind, dtype=facts.dtype)
    return Plan(scheme, chosen, experts=False, note=NESTED_NOTE if nested else None, wide=facts.wide)


def mxfp4(raw: dict[str, Any], facts: Facts) -> Plan:
    """As in gpt-oss: the experts alone."""
    return Plan(
        Scheme("mxfp4", 4, 32, dtype=facts.dtype), lambda name: True, fused=True, linear=False, default="bfloat16"
    )


def single_group(raw: dict[str, Any]) -> dict[str, Any]:
    """The only group of layers: several schemes are not supported."""
    groups = raw.get("config_groups")
    if not isinstance(groups, dict) or len(groups) != 1:
        raise UnknownSchemeError("it has several groups of layers, or none")
    group = next(iter(groups.values()))
    if not isinstance(group, dict) or not isinstance(group.get("weights"), dict):
        raise UnknownSchemeError("its group says nothing of weights")
    return group


def compressed_tensors(raw: dict[str, Any], facts: Facts) -> Plan:
    """By compressed-tensors: by the format that its only group has."""
    group = single_group(raw)
    weights, inputs = group["weights"], group.get("input_activations")
    form = group.get("format") or raw.get("format")
    static = isinstance(inputs, dict) and inputs.get("dynamic") is False
    targets = named(names_in(group, "targets") or ["Linear"])
    ignored = names_in(raw, "ignore") or []
    left_out = named([name for name in ignored if name != "Linear"])
    scheme = compressed(str(form), weights, static, facts)
    return Plan(scheme, lambda name: targets(name) and not left_out(name))


def compressed(form: str, weights: dict[str, Any], static: bool, facts: Facts) -> Scheme:
    """The scheme of one of its formats."""
    strategy = weights.get("strategy") or ("group" if weights.get("group_size") else "tensor")
    base = Scheme("", dtype=facts.dtype, scale_dtype=facts.dtype)
    if form == "pack-quantized":
        group = group_of(weights) if strategy == "group" else None
        bits = number(weights, "num_bits", (4, 8))
        order = weights.get("actorder") == "group"
        zeros = weights.get("symmetric") is False
        return replace(base, method=form, bits=bits, group=group, zeros=zeros, order=order)
    if form in ("float-quantized", "int-quantized", "naive-quantized") and weights.get("num_bits") == 8:
        block = block_of(weights.get("block_structure")) if strategy == "block" else None
        if strategy not in ("tensor", "channel", "block") or weights.get("symmetric") is False:
            raise UnknownSchemeError(f"the strategy {str(strategy)[:MAX_ECHO]} of {form}")
        integers = weights.get("type") == "int"
        return replace(base, method="8 bits", block=block, zeros=integers, static=static, kind=strategy)
    if form == "nvfp4-pack-quantized":
        return Scheme("nvfp4", 4, group_of(weights), static=True, kind="packed", dtype=facts.dtype)
    raise UnknownSchemeError(f"format {form[:MAX_ECHO]}")


def modelopt(raw: dict[str, Any], facts: Facts) -> Plan:
    """NVIDIA's ModelOpt, in float8 or nvfp4."""
    algorithm = raw.get("quant_algo")
    ignored = names_in(raw, "ignore", "exclude_modules", "modules_to_not_convert") or []
    if algorithm == "NVFP4":
        scheme = Scheme("nvfp4", 4, group_of(raw) or 16, static=True, dtype=facts.dtype)
    elif algorithm == "FP8":
        scheme = Scheme("8 bits", static=True, dtype=facts.dtype)
    else:
        raise UnknownSchemeError(f"quant_algo {str(algorithm)[:MAX_ECHO]}")
    return Plan(scheme, by_globs(ignored))


METHODS: dict[str, Callable[[dict[str, Any], Facts], Plan]] = {
    "fp8": fp8,
    "gptq": gptq,
    "awq": awq,
    "bitsandbytes": bitsandbytes,
    "mxfp4": mxfp4,
    "compressed-tensors": compressed_tensors,
    "modelopt": modelopt,
}
"""quant_method → the function that reads it."""
