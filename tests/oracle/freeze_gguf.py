"""What llama.cpp's converter makes of transformers' models → formats/huggingface/gguf.jsonl, and files for the tests.

    python -m tests.oracle.freeze_gguf LLAMA_CPP [--mmproj] [TYPE…]        (with transformers and torch; minutes)

LLAMA_CPP is the folder of its source; the source distribution of llama-cpp-python has one. With types, only theirs are
made again; with `--new`, those of the types that have no line yet.

Every weight of a model is filled with a number of its own and saved. The converter runs on that folder as it would on
any other, and the numbers in each tensor of its GGUF say of which weights that is made. A line a model_type:

    type           the model_type
    architectures  what `general.architecture` is for it
    names          tensor → weight; several where that depends on the layer. * is a number, the same on both sides.
    made           [tensors, weights, operations] where they are not one to one or not of one shape
    loose          tensors that are known, and of which nothing can be said
    absent         weights that a file may lack

A name with a number that is in none of its weights' names is kept as it is.

With `--mmproj` the same for the files that it makes of what reads images and sound: → mmproj.jsonl beside the other.

tests/data/huggingface_gguf.jsonl.gz, and huggingface_mmproj.jsonl.gz, have the tensors of some of these models as the
converter writes them.
"""

import copy
import gzip
import json
import logging
import re
import sys
import tempfile
import warnings
from functools import partial
from itertools import combinations
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import CONFIG_MAPPING

from paramcalc.formats.huggingface.template import index
from paramcalc.formats.naming import ShapeError, combined
from tests.oracle.freeze_huggingface import FOLDER

ROOT = Path(__file__).resolve().parents[2]
NAME = "mmproj" if "--mmproj" in sys.argv else "gguf"
RULES = ROOT / "paramcalc" / "formats" / "huggingface" / f"{NAME}.jsonl"
SAVED = ROOT / "tests" / "data" / f"huggingface_{NAME}.jsonl.gz"
LARGEST = 80_000_000
"""Parameters of a model that is converted."""

STEP = 2.0**-12
"""The first weight is filled with this, the second with twice this, and so on: exact in float32, and below 1."""

MOST = 3
"""Weights that one tensor is: more are as many as a configuration says, such as a norm for each head."""

PLAIN = {"tie_word_embeddings": True, "attention_bias": False}
SPARSE = {"decoder_sparse_step": 1, "mlp_only_layers": []}
WANTED = {
    "bamba": [{"attn_layer_indices": [0]}],
    "cohere": [PLAIN],
    "cohere2": [PLAIN],
    "cohere2_moe": [PLAIN],
    "falcon": [
        {
            "multi_query": True,
            "num_kv_heads": 1,
            "new_decoder_architecture": False,
            "parallel_attn": True,
            "bias": False,
        },
        {"new_decoder_architecture": True, "num_ln_in_parallel_attn": 2, "num_kv_heads": 2, "bias": False},
    ],
    "gemma4_assistant": [PLAIN],
    "gemma4_unified_assistant": [PLAIN],
    "gpt_bigcode": [{"add_cross_attention": False}],
    "lfm2_moe": [PLAIN],
    "qwen2_moe": [SPARSE],
    "qwen3_next": [SPARSE],
}
"""What the converter needs of a configuration: it knows those that are in use, and not all that transformers builds."""

SAID = {
    "nomic_bert": {
        "n_positions": 2048,
        "activation_function": "swiglu",
        "causal": False,
        "qkv_proj_bias": False,
        "mlp_fc1_bias": False,
        "mlp_fc2_bias": False,
        "prenorm": False,
        "rotary_emb_fraction": 1.0,
        "rotary_emb_interleaved": False,
        "rotary_emb_scale_base": None,
        "rotary_emb_base": 1000,
    },
}
"""What published configurations say and the converter asks for, although transformers does not write it."""

TEXT_CLASSES = {
    "granite_speech": "GraniteForCausalLM",
    "granite_speech_plus": "GraniteForCausalLM",
}
"""Whose `text_config` names the class by which the converter knows the text; transformers does not write that name."""

TOKENS = '{"added_tokens_decoder": {"12": {"content": "[IMG_BREAK]"}, "13": {"content": "[IMG_END]"}}}'
"""A tokenizer_config.json with what the converter looks for in one."""

DEPTHS = ("num_hidden_layers", "num_layers", "depth", "encoder_layers")
STACKED = ("qwen3_vl", "qwen3_vl_moe")
"""Types that take the output of some blocks of their encoder, by default of such as a small one does not have."""
DEEP = 5
"""Blocks that an encoder has at least: the converter takes numbers up to as many for those of a projector's layers."""

PUBLISHED = {
    "gemma3": (r"\bvision_tower\.(?!vision_model\.)", "vision_tower.vision_model."),
    "lfm2_vl": (r"\bvision_tower\.(?!vision_model\.)", "vision_tower.vision_model."),
}
"""A part of names as transformers saves them → as it is in the files that people convert."""

OLD_EXPERTS = {f"blk.*.ffn_{each}_exps.weight": f"blk.*.ffn_{each}.*.weight" for each in ("gate", "up", "down")}
"""How files of before April 2024 have the experts of a mixture: one by one."""
OLD_ARCHITECTURES = {"mistral3": "llama", "mistral4": "deepseek2"}
"""What files of the same networks say that are older than an architecture's name."""


NUMBERS = re.compile(r"(?<![^.])[0-9]+(?![^.])")
"""The numbers in a name: whole parts of it."""


def star(name):
    """A name with all its numbers left out."""
    return NUMBERS.sub("*", name)


def pattern(name, number):
    """A name with one number left out: the block's, where that is in it."""
    parts = name.split(".")
    if number in parts:
        parts[parts.index(number)] = "*"
    return ".".join(parts)


def numbered(type_, config, architecture, folder):
    """Save a model whose weights are numbers.

    Returns their names by these numbers, their shapes, and what the base has before its names, where this is that.
    """
    made = CONFIG_MAPPING[type_].from_dict(copy.deepcopy(config))
    if config.get("kv_lora_rank") and not getattr(
        made, "per_layer_config", None
    ):  # transformers does not look at this number, the converter does
        made.num_key_value_heads = made.num_attention_heads
    cls = getattr(transformers, architecture)
    with torch.device("meta"):
        model = (cls._from_config if hasattr(cls, "_from_config") else cls)(made)
    model = model.to(torch.float32).to_empty(device="cpu")
    model.tie_weights()
    names, shapes, seen = [], {}, set()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            shapes[name] = tuple(tensor.shape)
            if tensor.is_floating_point() and tensor.data_ptr() not in seen:
                seen.add(tensor.data_ptr())
                names.append(name)
                tensor.fill_(len(names) * STEP)
    assert len(names) < 4000, "too many weights to tell apart"
    model.save_pretrained(folder)
    if NAME == "mmproj":
        (Path(folder) / "tokenizer_config.json").write_text(TOKENS)
        if type_ in PUBLISHED:
            rename(folder, *PUBLISHED[type_])
    if type_ in SAID:
        saved = Path(folder) / "config.json"
        saved.write_text(json.dumps(json.loads(saved.read_text()) | SAID[type_]))
    vocabulary = {str(number): number for number in range(getattr(made.get_text_config(), "vocab_size", 0))}
    tokenizer = {
        "model": {"type": "WordPiece", "vocab": vocabulary},
        "added_tokens": [],
    }  # the converter cuts embeddings to as many
    (Path(folder) / "tokenizer.json").write_text(json.dumps(tokenizer))
    prefix = model.base_model_prefix
    return names, shapes, "" if hasattr(model, prefix) else prefix


def deepened(config):
    """A configuration whose encoders have blocks enough."""
    found = copy.deepcopy(config)
    for name in ("vision_config", "audio_config"):
        inner = found.get(name)
        if isinstance(inner, dict):
            inner |= {key: max(inner[key], DEEP) for key in DEPTHS if isinstance(inner.get(key), int)}
            if config["model_type"] in STACKED:
                inner["deepstack_visual_indexes"] = [1]
    return found


def rename(folder, before, after):
    """Give the weights in a folder other names."""
    for path in Path(folder).glob("*.safetensors"):
        found = {re.sub(before, after, name, count=1): tensor for name, tensor in load_file(path).items()}
        save_file(found, path, metadata={"format": "pt"})


def converted(folder, class_, **how):
    """Name → array of the GGUF that the converter makes of a folder, and its architecture."""
    import gguf

    if hasattr(class_, "no_mtp"):
        class_.no_mtp = True  # transformers does not build what predicts further tokens
    made = class_(Path(folder), gguf.LlamaFileType.ALL_F32, Path(folder) / "out.gguf", eager=True, **how)
    made = getattr(made, "impl", made)  # one class stands for several architectures
    made.prepare_tensors()
    found = {name: info.tensor for part in made.gguf_writer.tensors for name, info in part.items()}
    return found, gguf.MODEL_ARCH_NAMES[made.model_arch]


def sources(array):
    """The numbers of the weights in an array, in order; None for what is something else."""
    values, first = np.unique(np.asarray(array, dtype=np.float32).ravel(), return_index=True)
    found = []
    for value in values[np.argsort(first)]:
        if value == 0:
            continue  # padding
        # as it is; a norm's weight with 1 added; the negative exponential of a state-space layer
        plain = np.log(-value) if value < 0 else value - 1 if value >= 1 else value
        number = round(float(plain) / STEP)
        if number < 1 or abs(plain / STEP - number) > 0.05:
            return None
        found.append(number - 1)
    return found


def candidates(shapes, targets):
    """What may become of tensors of these shapes to be weights of those, the most exact first."""
    if len(targets) > 1:
        for axis in range(len(targets[0])):
            rest = {shape[:axis] + shape[axis + 1 :] for shape in [*targets, *shapes]}
            if len(shapes) == 1 and len(rest) == 1 and sum(t[axis] for t in targets) == shapes[0][axis]:
                yield [["split", axis]]
        return
    for operations in sorted(tries(shapes, targets[0]), key=len):
        try:
            if combined([[shape] for shape in shapes], operations, 1) == targets[0]:
                yield operations
        except ShapeError:
            continue
    yield [["any"]]


def tries(shapes, target):
    """Lists of operations that may make a weight of this shape of tensors of those."""
    axes = len(shapes[0])
    turns = [[]] + [[["transpose", a, b]] for a, b in combinations(range(axes), 2)]
    if len(shapes) > 1:
        one = [[["turn_one", place, axes - 2, axes - 1]] for place in range(len(shapes))] if axes > 1 else []
        turns = [[*turn, ["join", axis]] for turn in [*turns, *one] for axis in range(axes)]
    ends = [[], [["merge", 0]]]
    ends += [[["insert", len(target), axis]] for axis, size in enumerate(target) if size == 1]
    return [turn + end for turn in turns for end in ends]


def groups(arrays, names):
    """The tensors and the weights that have to do with each other; and the tensors that are made of no weight."""
    found, loose, owner = [], [], {}
    for tensor, array in arrays.items():
        ids = sources(array)
        if not ids:
            loose.append(tensor)
            continue
        mine = {id(owner[each]): owner[each] for each in ids if each in owner}
        group = next(iter(mine.values()), None)
        if group is None:
            group = ([], [])
            found.append(group)
        for other in list(mine.values())[1:]:
            group[0].extend(other[0])
            group[1].extend(other[1])
            found.remove(other)
        group[0].append(tensor)
        group[1].extend(each for each in ids if each not in group[1])
        owner |= dict.fromkeys(group[1], group)
    return [(tensors, [names[each] for each in ids]) for tensors, ids in found], loose


class Rules:
    """What was learned of one type."""

    def __init__(self, type_):
        self.type = type_
        self.architectures = []
        self.made = {}
        self.loose = set()
        self.absent = set()
        self.moved = False

    def learn(self, arrays, names, shapes, prefix):
        """Take in one conversion."""
        found, loose = groups(arrays, names)
        self.loose |= {star(tensor) for tensor in loose}
        outer = f"{prefix}." if prefix else ""
        held = set()
        for tensors, weights in found:
            held |= set(weights)
            numbers = {each for tensor in tensors for each in NUMBERS.findall(tensor)}
            number = next(iter(numbers), "")
            key = tuple(map(star, tensors)), tuple(outer + pattern(each, number) for each in weights)
            if NAME == "mmproj" and not any("*" in star(each) for each in weights):
                key, numbers = (tuple(tensors), key[1]), {""}
            starred = sum("*" in each for each in [*key[0], *key[1]])
            if len(numbers) > 1 or starred not in (0, len(key[0] + key[1])) or len(key[1]) > MOST:
                self.loose |= set(key[0])
                self.absent |= set(map(star, key[1]))
                continue
            fit = [
                json.dumps(each)
                for each in candidates([arrays[t].shape for t in tensors], [shapes[w] for w in weights])
            ]
            if not fit:
                self.loose |= set(key[0])
                self.absent |= set(map(star, key[1]))
                continue
            before = self.made.get(key)
            self.made[key] = fit if before is None else [each for each in before if each in fit]
        self.moved |= any(each in self.loose for tensors, _ in self.made for each in tensors)
        self.absent |= {outer + star(name) for name in names if name not in held}

    def line(self):
        """The line of the type."""
        names, made = {}, []
        for (tensors, weights), fit in self.made.items():
            operations = json.loads(fit[0])
            if len(tensors) == len(weights) == 1 and not operations:
                names.setdefault(tensors[0], []).append(weights[0])
            else:
                made.append([list(tensors), list(weights), operations])
                if all(each in OLD_EXPERTS for each in tensors):
                    made.append([[OLD_EXPERTS[each] for each in tensors], list(weights), [["stack", 0], *operations]])
            if set(tensors) == {"blk.*.attn_k_b.weight", "blk.*.attn_v_b.weight"}:
                names["blk.*.attn_kv_b.weight"] = list(weights)  # files of before March 2025 have them as one
        for tensor, weights in list(names.items()):
            if tensor in OLD_EXPERTS:
                made.append([[OLD_EXPERTS[tensor]], weights, [["stack", 0]]])
        for tensor in [each for each in names if each.endswith(".bias")]:
            weights = names.get(tensor[:-4] + "weight", [])
            if [each[:-6] + "bias" for each in weights if each.endswith(".weight")] == names[tensor]:
                del names[tensor]  # as its weight is
        known = {tensor for tensors, _ in self.made for tensor in tensors}
        targets = {star(weight) for _, weights in self.made for weight in weights}
        return {
            "type": self.type,
            "architectures": self.architectures,
            "names": {tensor: found[0] if len(found) == 1 else found for tensor, found in names.items()},
            "made": made,
            "loose": sorted(self.loose - known),
            "absent": sorted(self.absent & targets),
        }


MODES = ({}, {"fuse_gate_up_exps": True}, {"fuse_qkv": True})


def learned(type_, records, class_of):
    """The rules of a type, and what the converter writes of its classes."""
    rules, files, seen = Rules(type_), [], set()
    wanted = WANTED.get(type_, [{}])
    for place, record in enumerate(records):
        config = record["config"] | wanted[place % len(wanted)]
        if NAME == "mmproj" and place % 2 == 0:
            config = deepened(config)
        if "v_head_dim" in config:
            config["v_head_dim"] = config["qk_nope_head_dim"] + 8  # else keys and values could change places
        architecture = config["architectures"][0]
        with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
            try:
                names, shapes, prefix = numbered(type_, config, architecture, folder)
                class_ = class_of(TEXT_CLASSES.get(type_, architecture) if NAME == "gguf" else architecture)
                for how in MODES:
                    try:
                        arrays, name = converted(folder, class_, **how)
                    except ValueError:
                        if not how:
                            raise
                        continue  # the architecture has no fused tensors
                    rules.learn(arrays, names, shapes, prefix)
                    tensors = {each: list(array.shape) for each, array in arrays.items()}
                    if tensors not in [each["tensors"] for each in files] and (architecture, str(how)) not in seen:
                        seen.add((architecture, str(how)))
                        files.append({"config": config, "architecture": name, "tensors": tensors})
            except Exception as error:
                print(f"{type_} {architecture}: {type(error).__name__} {str(error)[:160]}", file=sys.stderr)
                continue
        known = [name, OLD_ARCHITECTURES.get(name)] if name in OLD_ARCHITECTURES else [name]
        rules.architectures += [each for each in known if each not in rules.architectures]
    if rules.moved:
        print(f"{type_}: a block has another number in the file than in the model", file=sys.stderr)
    return (rules.line(), files) if rules.made and not rules.moved else (None, [])


def kept(types):
    """The lines and files of all other types."""
    if not types:
        return {}, []
    lines = {line["type"]: line for line in map(json.loads, RULES.read_text().splitlines())}
    files = map(json.loads, gzip.decompress(SAVED.read_bytes()).splitlines())
    return (
        {name: line for name, line in lines.items() if name not in types},
        [each for each in files if each["config"]["model_type"] not in types],
    )


def main(llama_cpp, types):
    """Write both files."""
    sys.path[1:1] = [str(Path(llama_cpp) / "gguf-py"), str(llama_cpp)]
    from conversion import MMPROJ_MODEL_MAP, TEXT_MODEL_MAP, get_model_class

    logging.disable(logging.CRITICAL)
    known = MMPROJ_MODEL_MAP if NAME == "mmproj" else TEXT_MODEL_MAP
    class_of = partial(get_model_class, mmproj=NAME == "mmproj")
    types = [each for each in types if each != "--mmproj"]
    records = {}
    for path in sorted(FOLDER.glob("*.jsonl")):
        for record in map(json.loads, path.read_text().splitlines()):
            if record["config"]["architectures"][0] in known and record["total"] <= LARGEST:
                records.setdefault(record["config"]["model_type"], []).append(record)
    if "--new" in types:
        there = {json.loads(line)["type"] for line in RULES.read_text().splitlines()}
        types = [name for name in records if name not in there]
    lines, files = kept(types)
    for type_ in types or records:
        if type_ not in index() or type_ not in records:
            continue
        line, found = learned(type_, records[type_], class_of)
        if line is not None:
            lines[type_] = line
            files += found
            print(type_, *line["architectures"], len(line["names"]), len(line["made"]), line["loose"][:3], flush=True)
    RULES.write_text("".join(json.dumps(lines[name], separators=(",", ":")) + "\n" for name in sorted(lines)))
    files.sort(key=lambda each: each["config"]["model_type"])
    with gzip.GzipFile(SAVED, "wb", mtime=0) as file:
        for each in files:
            file.write(json.dumps(each, separators=(",", ":")).encode() + b"\n")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    main(sys.argv[1], sys.argv[2:])
