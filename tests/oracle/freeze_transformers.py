"""What transformers says of each model_type → paramcalc/formats/huggingface/types.jsonl, a line a type.

    python -m tests.oracle.freeze_transformers        (with transformers and torch; it imports every model)

A line has
    type      the model_type
    fields    configuration fields: name → [default, kinds], the kinds of JSON values that the class accepts as letters:
              i(nteger) f(loat) b(ool) s(tring) l(ist) d(ict) n(ull); "*" is anything
    aliases   other names of fields (`attribute_map`), and those of fields with names of their own
    parts     fields that hold a configuration of their own: name → type, its model_type where it says none; fixed,
              whether it is that whatever it says; optional, whether null means that there is none; values, what it is
              where the file has none
    classes   the classes that are built from it: name → what they are for, by transformers' AUTO mappings ("" for none)
"""

import dataclasses
import importlib
import inspect
import json
import re
import types
import typing
from pathlib import Path

import torch
import transformers
from transformers import CONFIG_MAPPING, PreTrainedConfig, PreTrainedModel
from transformers.models.auto import modeling_auto

OUT = Path(__file__).parents[2] / "paramcalc" / "formats" / "huggingface" / "types.jsonl"

IRRELEVANT = re.compile(
    r"transformers_version|num_labels|architectures|is_encoder_decoder|output_hidden_states|return_dict|dtype|chunk_size_feed_forward|id2label|label2id|"
    r"problem_type|use_cache|.*_token_id|.*_token_ids|.*_token_index|.*dropout.*|.*_eps|.*epsilon|initializer.*|.*_init|"
    r"init_.*|.*_init_.*|.*layerdrop|.*drop_rate|.*drop_path.*|output_router_logits|.*loss.*|pretraining_tp|mask_.*_prob|"
    r".*_mask_length|.*_min_masks|apply_spec_augment|.*scaling|.*scaling_factor|rope_theta|rope_parameters|summary_.*|.*_coef"
)
"""Fields that no shape depends on."""
KEPT = {
    "conv_scaling_factor",
    "embedding_init_target",
    "layer_scale_init_value",
    "mask_feature_prob",
    "mask_time_prob",
    "summary_proj_to_labels",
    "summary_use_proj",
    "use_scaling",
}

KEPT_OF = {
    "fsmt": {"pad_token_id"},
    "lxmert": {"visual_attr_loss", "visual_feat_loss", "visual_obj_loss"},
    "patchtst": {"loss"},
    "patchtsmixer": {"loss", "scaling"},
    "t5gemma": {"is_encoder_decoder"},
}
"""The same, for a single type: FSMT has positions up to padding and beyond; a loss says what a head predicts."""

LETTERS = {int: "i", float: "f", bool: "b", str: "s", list: "l", tuple: "l", dict: "d", type(None): "n"}
BASE = "MODEL_MAPPING_NAMES"
FIRST = (
    "MODEL_FOR_BACKBONE_MAPPING_NAMES",
    BASE,
    "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
    "MODEL_FOR_MASKED_LM_MAPPING_NAMES",
)
"""A class that stands in several mappings is what the first of these says."""
LAST = ("MODEL_FOR_PRETRAINING_MAPPING_NAMES", "MODEL_WITH_LM_HEAD_MAPPING_NAMES")


def kinds(annotation):
    """The letters of the JSON values that a field takes."""
    origin, args = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation is typing.Any or isinstance(annotation, (str, typing.ForwardRef)):
        return "*"
    if origin in (typing.Union, types.UnionType):
        found = "".join(kinds(each) for each in args)
        return "*" if "*" in found else "".join(sorted(set(found)))
    if origin is typing.Literal:
        return "".join(sorted({LETTERS[type(each)] for each in args}))
    base = origin or annotation
    if isinstance(base, type) and issubclass(base, torch.dtype):
        return "s"
    if isinstance(base, type) and issubclass(base, PreTrainedConfig):
        return "d"
    if base in LETTERS:
        return LETTERS[base]
    if typing.is_typeddict(base):
        return "d"
    return "l" if isinstance(base, type) and issubclass(base, typing.Sequence) else "*"


def default(field):
    """A field's default as JSON; null for one that must be given."""
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
    else:
        value = None if field.default is dataclasses.MISSING else field.default
    value = value.to_dict() if isinstance(value, PreTrainedConfig) else value
    return json.loads(json.dumps(value, default=str), parse_constant=lambda name: None)  # JSON has no infinity


def fields_of(cls):
    """The names of all fields."""
    return [field.name for field in dataclasses.fields(cls)]


def fields(cls):
    """Name → [default, kinds]; the name is the one that a value is kept under, which `attribute_map` says."""
    return {
        (cls.attribute_map or {}).get(field.name, field.name): [default(field), kinds(field.type)]
        for field in dataclasses.fields(cls)
        if field.name in KEPT | KEPT_OF.get(cls.model_type, set()) or not IRRELEVANT.fullmatch(field.name)
    }


READ = re.compile(r"""getattr\(\s*(?:self\.)?(?:\w+_)?config,\s*["'](\w+)["']""")


DERIVED = re.compile(r"""^ {8,12}self\.(\w+) =""", re.MULTILINE)
"""What a configuration derives; a file's own value is set after that, where the class does not declare the field."""
POPPED = re.compile(r"""kwargs\.(?:get|pop)\(\s*["'](\w+)["']""")


OF_A_WINDOW = (
    "num_attention_heads",
    "num_key_value_heads",
    "q_lora_rank",
    "kv_lora_rank",
    "head_dim",
    "qk_nope_head_dim",
)
PUT_TOGETHER = {"dots3_note": [f"swa_{name}" for name in (*OF_A_WINDOW, "v_head_dim")]}
"""Fields of a module's configurations that are read by names that the code puts together."""
ASKED_FOR = {
    "convbert": ["summary_proj_to_labels", "summary_use_proj"],
    "moonshine_streaming": ["num_key_value_heads"],
    "nomic_bert": ["tie_word_embeddings"],
}
"""Fields that old files have and the code asks for with `hasattr`, or that a class has without declaring them."""


def text_of(path):
    """A file's text, if it is there."""
    return path.read_text() if path.is_file() else ""


def read_beside(module_name, cls):
    """Fields that the class does not have, and the code reads all the same where a file has them."""
    folder = Path(transformers.__file__).parent / "models" / module_name
    model, configuration = folder / f"modeling_{module_name}.py", folder / f"configuration_{module_name}.py"
    found = {*READ.findall(text_of(model))} - {*dir(cls)}
    found |= {*POPPED.findall(text_of(configuration)), *DERIVED.findall(text_of(configuration))}
    found |= {*PUT_TOGETHER.get(module_name, ())}
    if '"per_layer_config"' in text_of(configuration):
        found.add("per_layer_config")
    names = sorted(name for name in found - {*fields_of(cls)} if not IRRELEVANT.fullmatch(name))
    names += ASKED_FOR.get(module_name, [])
    return {name: [None, "*"] for name in names if not name.startswith("_")}


DECLARED_NOWHERE = {"rag": {"question_encoder": {"type": "dpr"}, "generator": {"type": "bart"}}}
"""Parts that a configuration builds by hand."""


def parts(cls):
    """Fields that hold configurations → what they are where the file does not say."""
    declared = {key: part(spec) for key, spec in (cls.sub_configs_defaults or {}).items()}
    return declared | DECLARED_NOWHERE.get(cls.model_type, {})


def part(spec):
    """One of them, without what is usual."""
    found = {
        "type": spec.model_type,
        "fixed": issubclass(spec.config_class, PreTrainedConfig),
        "optional": spec.optional,
        "values": json.loads(json.dumps(spec.init_kwargs, default=str)),
    }
    return {key: value for key, value in found.items() if value}


def is_table(name):
    """Whether it is one of the tables model_type → classes, as AutoModelForCausalLM has one."""
    return name.startswith("MODEL_") and name.endswith("_MAPPING_NAMES")


def purposes():
    """Class → what it is for."""
    names = [name for name in vars(modeling_auto) if is_table(name)]
    ordered = [*FIRST, *sorted(name for name in names if name not in (*FIRST, *LAST)), *LAST]
    found = {}
    for name in ordered:
        purpose = "base" if name == BASE else name.removesuffix("_MAPPING_NAMES").removeprefix("MODEL_").lower()
        for classes in getattr(modeling_auto, name, {}).values():
            for each in classes if isinstance(classes, (tuple, list)) else (classes,):
                if each:
                    found.setdefault(each, purpose.removeprefix("for_"))
    return found


def models(module_name):
    """Every model class of a modeling module."""
    folder = f"transformers.models.{module_name}"
    try:
        module = importlib.import_module(f"{folder}.modeling_{module_name}")
    except ImportError:
        return []
    return [
        each
        for _, each in inspect.getmembers(module, inspect.isclass)
        if issubclass(each, PreTrainedModel) and not each.__name__.endswith("PreTrainedModel")
    ]


def module_of(classes):
    """The module of the code that builds these, which may be another type's."""
    found = [getattr(transformers, name, None) for name in classes]
    modules = [each.__module__.split(".")[-2] for each in found if each is not None]
    return modules[0] if modules else ""


def freeze():
    """All lines, sorted by type."""
    purpose = purposes()
    by_config = {}
    auto = {}
    for name in [name for name in vars(modeling_auto) if is_table(name)]:
        for type_, classes in getattr(modeling_auto, name).items():
            for each in classes if isinstance(classes, (tuple, list)) else (classes,):
                auto.setdefault(type_, {}).setdefault(each, None)
    seen = set()
    for type_ in CONFIG_MAPPING:
        module = CONFIG_MAPPING[type_].__module__.split(".")[-2]
        if module not in seen:
            seen.add(module)
            for each in models(module):
                by_config.setdefault(getattr(each, "config_class", None), {})[each.__name__] = None
    for type_ in sorted(CONFIG_MAPPING):
        cls = CONFIG_MAPPING[type_]
        classes = by_config.get(cls, {}) | auto.get(type_, {})
        yield {
            "type": type_,
            "fields": fields(cls) | read_beside(module_of(classes), cls),
            "aliases": dict(cls.attribute_map or {}),
            "parts": parts(cls),
            "classes": {name: purpose.get(name, "") for name in sorted(filter(None, classes))},
        }


if __name__ == "__main__":
    lines = [json.dumps(line, separators=(",", ":")) for line in freeze()]
    OUT.write_text("\n".join(lines) + "\n")
    print(f"{len(lines)} types of transformers {transformers.__version__}, {OUT.stat().st_size:,} bytes")
