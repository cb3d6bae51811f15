"""What transformers builds of random configurations → tests/data/huggingface/TEMPLATE.jsonl, a record a line.

    python -m tests.oracle.freeze_huggingface [--keep] [TEMPLATE…]      (with transformers and torch; seconds each)

For each type of a template, a few configurations with small random sizes, and one for each class with another head.
A record has the fields that differ from the type's defaults, the total, and a digest of all names and shapes: enough to
see that something is wrong. With --show CONFIG.json it prints what transformers builds of a file.
"""

import copy
import hashlib
import importlib
import json
import random
import sys
import warnings
from pathlib import Path

import torch
import transformers
from transformers import CONFIG_MAPPING

from paramcalc.formats.huggingface.config import config_of
from paramcalc.formats.huggingface.problems import ConfigError
from paramcalc.formats.huggingface.template import index, spec_of
from paramcalc.formats.huggingface.types import find_type
from tests.oracle.huggingface_needed import FIXED, NEEDED
from tests.oracle.huggingface_pairs import pairs

FOLDER = Path(__file__).resolve().parents[1] / "data" / "huggingface"
RECORDS = 3
"""Of each type, beside those of other heads."""

SIZES = {
    (
        "num_hidden_layers",
        "n_layer",
        "n_layers",
        "num_layers",
        "decoder_layers",
        "encoder_layers",
        "num_encoder_layers",
        "num_decoder_layers",
        "depth",
    ): (1, 2, 3, 5),
    ("intermediate_size", "n_inner", "ffn_dim", "d_ff", "decoder_ffn_dim", "encoder_ffn_dim", "ffn_hidden_size"): (
        96,
        160,
    ),
    ("moe_intermediate_size", "shared_expert_intermediate_size", "shared_intermediate_size"): (32, 48),
    ("vocab_size",): (1000, 5003),
    ("num_local_experts", "num_experts", "n_routed_experts", "moe_num_experts"): (4, 8),
    ("num_experts_per_tok", "moe_topk", "moe_k"): (1, 2),
    ("first_k_dense_replace", "decoder_sparse_step"): (1, 2),
    ("q_lora_rank", "kv_lora_rank"): (24, 40),
    ("qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim"): (8, 16),
    ("sliding_window", "max_position_embeddings", "n_positions"): (64, 128),
    ("image_size",): (64, 96),
    ("patch_size",): (8, 16),
    ("projection_dim", "embedding_size"): (24, 40),
    ("hidden_dim", "mlp_dim"): (96, 192),
    ("num_hidden_groups", "inner_group_num"): (1, 2),
    ("num_register_tokens",): (2, 4),
    ("num_queries", "query_length", "num_query_tokens"): (10, 20),
    ("encoder_hidden_layers", "num_input_channels", "input_size"): (2, 3),
    ("num_sparse_encoder_layers", "num_sparse_decoder_layers", "encoder_sparse_step"): (0, 1, 2),
}
HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads", "decoder_attention_heads", "encoder_attention_heads")
WIDTHS = ("hidden_size", "n_embd", "d_model", "n_embed", "emb_dim", "dim", "embed_dim")
GROUPS = ("num_key_value_heads", "num_kv_heads")
OPTIONAL = ("head_dim", "num_key_value_heads")
"""Fields that are null by default, and have a value now and then."""
ALWAYS_TIED = ("t5", "mt5", "umt5", "longt5", "pop2piano")
"""transformers ties the weights of these whatever they say; paramcalc believes them, as their checkpoints do."""
LISTS = ("layer_types", "mlp_layer_types", "layers_block_type", "block_types")
FLAG = (
    "bias",
    "tie_word_embeddings",
    "qk_norm",
    "parallel",
    "is_decoder",
    "alibi",
    "multi_query",
    "norm_before",
    "cross_attention",
    "use_head",
    "use_mask",
    "position_embeddings",
    "stable",
    "add_",
    "weighted",
    "two_stage",
    "box_refine",
)
"""A field whose name has one of these in it is turned over now and then, if it is true or false."""


def staged(config, size):
    """What goes otherwise where there is a number of heads and layers for each stage."""
    heads = config.get("num_heads")
    found = {"embed_dim": heads[0] * size} if isinstance(heads, list) else {}
    found |= {"hidden_dim": None} if "width_coefficient" in config else {}  # a rule says it
    return found | ({"num_layers": None} if isinstance(config.get("depths"), list) else {})


def mutated(config, rng):
    """Values for fields of a configuration: other, small sizes; some are refused by transformers."""
    before, config = config, copy.deepcopy(config)
    heads, size = rng.choice((4, 6, 8)), rng.choice((8, 16))
    values = dict.fromkeys(HEADS, heads) | dict.fromkeys(WIDTHS, heads * size)
    values |= dict.fromkeys(GROUPS, rng.choice([n for n in (1, 2, 3, 4, 6, 8) if heads % n == 0]))
    values |= {"head_dim": rng.choice((size, 2 * size))}
    for names, choices in SIZES.items():
        value = rng.choice(choices)
        values |= dict.fromkeys(names, value)
    values |= staged(config, size)
    unprojected = {"embedding_size": heads * size}  # nothing projects the embeddings
    values |= unprojected if config["model_type"] == "squeezebert" else {}
    edges = {"coordinate_size": heads * size // 8, "shape_size": heads * size // 4}  # together as wide as a token
    values |= edges if config["model_type"] == "layoutlmv2" else {}
    values |= FIXED.get(config["model_type"], {})
    for name, value in values.items():
        if value is None:  # another field says it
            continue
        if type(config.get(name)) is int or (name in OPTIONAL and name in config and rng.random() < 0.5):
            config[name] = value
    for name, value in config.items():
        if config["model_type"] in ALWAYS_TIED and name == "tie_word_embeddings":
            continue
        if isinstance(value, bool) and any(part in name for part in FLAG) and rng.random() < 0.4:
            config[name] = not value
    layers = next((config[name] for names in SIZES for name in names if "layer" in name and name in config), None)
    for name in LISTS:
        if isinstance(config.get(name), list) and config[name] and layers:
            config[name] = [rng.choice(config[name]) for _ in range(layers)] if rng.random() < 0.5 else before[name]
    if layers and config.get("attention_types"):  # GPT-Neo's, which says how often each comes
        config["attention_types"] = [[["global"], layers]]
    if type(config.get("pad_token_id")) is int:
        config["pad_token_id"] = 0  # the defaults' may be past the end of a small vocabulary
    return {name: value for name, value in config.items() if value != before[name]}


def with_parts(type_, config, rng):
    """The same for a type whose configuration holds others: these get values of their own."""
    found = mutated(config, rng)
    for field, part in find_type(type_).parts.items():
        if config.get(field) is not None and part.type in CONFIG_MAPPING:
            inner = json.loads(json.dumps(CONFIG_MAPPING[part.type]().to_dict(), default=str))
            needed = NEEDED.get(part.type, {}) | NEEDED.get(type_, {}).get(field, {})
            found[field] = {"model_type": part.type} | with_parts(part.type, inner, rng) | needed
            if field == "encoder":  # what it attends to would be nothing
                found[field].pop("add_cross_attention", None)
    return found


def build(type_, config, architecture):
    """The model on the meta device."""
    made = CONFIG_MAPPING[type_].from_dict(copy.deepcopy(config))
    module = CONFIG_MAPPING[type_].__module__.replace(".configuration_", ".modeling_")
    modeling = importlib.import_module(module)
    cls = getattr(transformers, architecture, None) or getattr(modeling, architecture)
    if hasattr(modeling, "requires_backends"):  # to run, not to be built
        modeling.requires_backends = lambda *_: None
    with torch.device("meta"):
        return (cls._from_config if hasattr(cls, "_from_config") else cls)(made)


def truth(model):
    """Name → shape of every parameter, tied ones under each name, and the total without these."""
    shapes = {name: list(each.shape) for name, each in model.named_parameters(remove_duplicate=False)}
    return shapes, sum(each.numel() for each in model.parameters())


def digest(shapes):
    """A short name for a set of named shapes."""
    lines = sorted(f"{name} {'x'.join(map(str, shape))}" for name, shape in shapes.items())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def record(type_, config, architecture):
    """One line; None where transformers refuses the configuration."""
    try:
        model = build(type_, config, architecture)
    except Exception:
        return None
    shapes, total = truth(model)
    return {
        "config": {"model_type": type_, "architectures": [architecture], **config},
        "total": total,
        "tensors": len(shapes),
        "digest": digest(shapes),
    }


def is_known(type_, architecture, config=None):
    """Whether paramcalc builds this class, too, and does not refuse the configuration by name."""
    try:
        spec_of(config_of({"model_type": type_, "architectures": [architecture], **(config or {})}))
    except ConfigError:
        return False
    return True


def records(type_, seed):
    """The records of one type, the same ones each time."""
    rng = random.Random(f"{seed} {type_}")
    info = find_type(type_)
    needed = NEEDED.get(type_, {})
    base = json.loads(json.dumps(CONFIG_MAPPING[type_].from_dict(copy.deepcopy(needed)).to_dict(), default=str))
    base |= needed
    classes = [name for name in info.classes if is_known(type_, name, needed)]
    main = next((name for name in classes if info.classes[name] == "causal_lm"), classes[0])
    others = [name for name in classes if name != main and hasattr(transformers, name)]
    for architecture in [main] * RECORDS + others:
        for _ in range(40):
            config = {name: base[name] for name in needed} | with_parts(type_, base, rng)
            if "layer_types" in needed:
                kinds = needed["layer_types"]
                config["layer_types"] = [rng.choice(kinds) for _ in range(config.get("num_hidden_layers", 32))]
            if rng.random() < 0.5:
                config["num_labels"] = rng.choice((3, 7))
            found = record(type_, config, architecture)
            if found is not None and found["total"] < 100_000_000 and is_known(type_, architecture, config):
                yield found
                break
        else:
            print(f"{type_}: no configuration for {architecture}", file=sys.stderr)
    for config in pairs(type_):
        found = record(type_, config, main)
        if found is None or not is_known(type_, main, config):
            print(f"{type_}: {config} is not built", file=sys.stderr)
        else:
            yield found


def freeze(templates, keep=False):
    """Write the files of these templates; with `keep` what is there stays, and only further types get records."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for template in templates:
        path = FOLDER / f"{template}.jsonl"
        old = path.read_text().splitlines() if keep and path.is_file() else []
        kept = {}
        for line in old:
            kept.setdefault(json.loads(line)["config"]["model_type"], []).append(line)
        lines = []
        for type_ in sorted(type_ for type_, name in index().items() if name == template):
            made = (json.dumps(each, separators=(",", ":")) for each in records(type_, 1))
            lines += kept.get(type_) or list(made)
        path.write_text("\n".join(lines) + "\n")
        print(template, len(lines))


def show(path):
    """What transformers says of a file."""
    config = json.loads(Path(path).read_text())
    shapes, total = truth(build(config["model_type"], config, config["architectures"][0]))
    for name, shape in shapes.items():
        print(name, shape)
    print(total)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    if sys.argv[1:2] == ["--show"]:
        show(sys.argv[2])
    else:
        named = [each for each in sys.argv[1:] if each != "--keep"]
        freeze(named or sorted(set(index().values())), "--keep" in sys.argv)
