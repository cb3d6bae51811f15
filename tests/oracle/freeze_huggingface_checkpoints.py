"""How transformers names what it saves → formats/huggingface/checkpoints.jsonl, and checkpoints for the tests.

    python -m tests.oracle.freeze_huggingface_checkpoints [TYPE…]   (with transformers, torch and peft; minutes)

With types, only theirs are made again; with `--new`, those of the types that have no line yet.

For each type of a template and each of its classes, the rules by which `from_pretrained` turns the names in a
checkpoint into those of the model, and the names that it ignores. A line a type:

    type       the model_type
    classes    class → [number of its rules, prefix of its base model, number of its ignored names, layer of the logits,
               what is not quantised unless a file says so, what is kept in float32]
    rules      lists of [sources, targets, operations, scope]
    ignored    lists of patterns
    adapted    the layers that PEFT adapts where an adapter names none

Of the smallest record of each class, tests/data/huggingface_checkpoints.jsonl.gz has what `save_pretrained` writes.
"""

import gzip
import json
import re
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from peft.utils.constants import TRANSFORMERS_MODELS_TO_LORA_TARGET_MODULES_MAPPING as ADAPTED
from transformers.conversion_mapping import get_checkpoint_conversion_mapping, get_model_conversion_mapping
from transformers.core_model_loading import PrefixChange, WeightConverter, WeightRenaming
from transformers.quantizers.base import get_keys_to_not_convert

from paramcalc.formats.huggingface.template import index
from tests.oracle.freeze_huggingface import FOLDER, build

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "paramcalc" / "formats" / "huggingface" / "checkpoints.jsonl"
SAVED = ROOT / "tests" / "data" / "huggingface_checkpoints.jsonl.gz"

OPERATIONS = {"MergeModulelist": "stack", "Concatenate": "join", "Chunk": "chunk", "Split": "split"}
KEEPS_SHAPE = ("PermuteForRope", "Interleave")
LARGEST = 12_000_000
"""Parameters of a model that is saved."""


UNLOADABLE = (("shieldgemma2", "Gemma3ForConditionalGeneration"),)
"""What transformers saves under names that it does not find again: a rule for the type's other class renames them."""

HALVED = [
    [r"layers\.([0-9]*[02468])\.mixer", r"layers\.([0-9]*[13579])\.mixer"],
    [r"layers.\1.self_attn", r"layers.\1.mlp"],
]
HALVED[0] += [r"layers\.([0-9]+)\.attn_alpha", r"layers\.([0-9]+)\.mlp_alpha"]
HALVED[1] += [r"layers.\1.lambda_1", r"layers.\1.lambda_2"]
"""What `LayerPairCollapse` does: a layer is two blocks in the checkpoint."""

SPECIAL = {
    "Inkling2UnpadVocab": [["any"]],  # rows that only fill it up are cut off
    "Inkling2LoopDequantizeExperts": [["any"]],
    "Inkling2LoopMergeMessageQueries": [["join", 0], ["fold", 0, 4]],
    "ErnieFuseAndSplitTextVisionExperts": [["deal"], ["stack", 0], ["join", 1]],
}
"""Operations of one model alone."""


def without_detectron2():
    """Let LayoutLMv2 be built without the backbone that detectron2 would make of it, which no rule is about."""
    from transformers.models.layoutlmv2 import modeling_layoutlmv2

    modeling_layoutlmv2.LayoutLMv2VisualBackbone = lambda config: torch.nn.Module()


def rule(transform):
    """One transform as data; the patterns are those that it searches for."""
    kind = type(transform).__name__
    if kind == "LayerPairCollapse":
        return [*HALVED, [["each"], ["halve"]], transform.scope_prefix]
    operations = [["each"]] if kind == "GroupWeightRename" else []
    operations += [["plus", transform.offset]] if kind == "Inkling2IndexOffsetWeightRename" else []
    for operation in getattr(transform, "operations", ()):
        name = type(operation).__name__
        if name in SPECIAL:
            operations = operations + [each for each in SPECIAL[name] if each not in operations]
        elif name == "Transpose":
            name = "turn" if operation.check_dims else "transpose"  # where that is needed, or always
            operations.append([name, operation.dim0, operation.dim1])
        elif name in OPERATIONS:
            operations.append([OPERATIONS[name], operation.dim])
        elif name not in KEEPS_SHAPE:
            raise ValueError(f"{name} is not known")
    if type(transform) not in (WeightConverter, WeightRenaming, PrefixChange) and not operations:
        raise ValueError(f"{kind} is not known")
    return [list(transform.source_patterns), list(transform.target_patterns), operations, transform.scope_prefix]


def rules_of(model):
    """The rules of a model, without those that all have."""
    return [rule(transform) for transform in get_model_conversion_mapping(model, add_legacy=False)]


def ignored_by(model):
    """What a checkpoint may hold although the model does not."""
    buffers = [name for name, _ in model.named_buffers()]
    found = set(model._keys_to_ignore_on_load_unexpected or ())
    if any(name.endswith("rotary_emb.inv_freq") for name in buffers):
        found.add(r"rotary_emb\.inv_freq")
    if any(name.endswith("position_ids") for name in buffers):
        found.add(r"(^|\.)position_ids$")
    return sorted(found)


def output_of(model):
    """The name of the layer that gives the logits."""
    output = model.get_output_embeddings()
    return next((name for name, module in model.named_modules() if module is output), "") if output is not None else ""


def number(items, item):
    """The place of an item in a list that has each once."""
    if item not in items:
        items.append(item)
    return items.index(item)


def smallest():
    """Type → class → its record with the fewest parameters."""
    found = {}
    for path in sorted(FOLDER.glob("*.jsonl")):
        for line in path.read_text().splitlines():
            record = json.loads(line)
            config = record["config"]
            best = found.setdefault(config["model_type"], {})
            name = config["architectures"][0]
            if name not in best or record["total"] < best[name]["total"]:
                best[name] = record
    return found


def saved(type_, config, architecture):
    """Name → dtype and shape, as `save_pretrained` writes a model of this configuration."""
    model = build(type_, config, architecture)
    model = model.to(torch.bfloat16).to_empty(device="cpu")
    model.tie_weights()
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        model.save_pretrained(folder)
        data = (Path(folder) / "model.safetensors").read_bytes()
    header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    header.pop("__metadata__", None)
    return {name: [entry["dtype"], *entry["shape"]] for name, entry in header.items()}


def line_of(type_, records):
    """The line of a type, and the checkpoints of its classes; what transformers cannot build is said on stderr."""
    line = {"type": type_, "classes": {}, "rules": [], "ignored": []}
    checkpoints = []
    for name, record in records.items():
        try:
            model = build(type_, record["config"], name)
            rules = rules_of(model)
        except Exception as error:
            print(f"{type_} {name}: {str(error)[:200]}", file=sys.stderr)
            continue
        if model.config.model_type in ADAPTED:
            line["adapted"] = sorted(ADAPTED[model.config.model_type])
        line["classes"][name] = [
            number(line["rules"], rules),
            model.base_model_prefix,
            number(line["ignored"], ignored_by(model)),
            output_of(model),
            sorted(get_keys_to_not_convert(model)),
            sorted(model._keep_in_fp32_modules or ()),
        ]
        if record["total"] <= LARGEST and (type_, name) not in UNLOADABLE:
            try:
                checkpoints.append({"config": record["config"], "tensors": saved(type_, record["config"], name)})
            except Exception as error:
                print(f"{type_} {name} is not saved: {str(error)[:200]}", file=sys.stderr)
    print(type_, len(line["classes"]), sum(map(len, line["rules"])), flush=True)
    return line, checkpoints


def kept(types):
    """The lines and the checkpoints of all other types, as they are in the files."""
    if not types:
        return {}, []
    lines = {line["type"]: line for line in map(json.loads, RULES.read_text().splitlines())}
    checkpoints = map(json.loads, gzip.decompress(SAVED.read_bytes()).splitlines())
    return (
        {name: line for name, line in lines.items() if name not in types},
        [each for each in checkpoints if each["config"]["model_type"] not in types],
    )


def main(types):
    """Write both files."""
    records = {name: found for name, found in smallest().items() if name in index()}
    if "--new" in types:
        there = {json.loads(line)["type"] for line in RULES.read_text().splitlines()}
        types = [name for name in records if name not in there]
    lines, checkpoints = kept(types)
    legacy = [rule(each) for each in get_checkpoint_conversion_mapping("legacy")]
    lines[""] = {"type": "", "classes": {}, "rules": [legacy], "ignored": []}
    for type_ in types or records:
        lines[type_], found = line_of(type_, records[type_])
        checkpoints += found
    check(lines.values())
    RULES.write_text("".join(json.dumps(lines[name], separators=(",", ":")) + "\n" for name in sorted(lines)))
    checkpoints.sort(key=lambda each: each["config"]["model_type"])
    with gzip.GzipFile(SAVED, "wb", mtime=0) as file:
        for each in checkpoints:
            file.write(json.dumps(each, separators=(",", ":")).encode() + b"\n")


def check(lines):
    """No pattern may take long on a name: none repeats what may repeat."""
    for line in lines:
        sources = [pattern for rules in line["rules"] for rule_ in rules for pattern in rule_[0]]
        for pattern in [*sources, *[pattern for patterns in line["ignored"] for pattern in patterns]]:
            re.compile(pattern)
            assert not re.search(r"[+*]\)[+*]", pattern), pattern


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    without_detectron2()
    main(sys.argv[1:])
