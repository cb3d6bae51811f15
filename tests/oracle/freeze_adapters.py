"""What PEFT makes of small models with random adapters → tests/data/adapters.jsonl.gz, a record a line.

    python -m tests.oracle.freeze_adapters              (with transformers, torch and peft; minutes)

A record has the configuration of the base or its layers, the adapter's, what is trained and what there is in all, and
the names and shapes in the adapter's file.
"""

import gzip
import json
import random
import sys
import warnings
from collections import OrderedDict
from pathlib import Path

import peft
import torch
import transformers
from torch.nn import BatchNorm2d, Conv1d, Conv2d, Embedding, Linear, Sequential

from tests.oracle.freeze_huggingface import build
from tests.oracle.freeze_huggingface_checkpoints import smallest

TARGET = Path(__file__).resolve().parents[1] / "data" / "adapters.jsonl.gz"
TASKS = {
    "causal_lm": "CAUSAL_LM",
    "sequence_classification": "SEQ_CLS",
    "token_classification": "TOKEN_CLS",
    "question_answering": "QUESTION_ANS",
}
FORMS = (Linear, Embedding, Conv1d, Conv2d, transformers.pytorch_utils.Conv1D)
PATTERNS = (
    r".*\.(q|k|v|o)_proj",
    r"^(?!.*\.1\.).*(proj|dense|query|fc1)$",
    r".*layer(s|\.)?.*\.[0-2]\..*(_proj|key|value)",
)


def names_of(model):
    """The last parts of the names of what an adapter may be for."""
    found = [name for name, module in model.named_modules() if isinstance(module, FORMS)]
    return sorted({name.rpartition(".")[2] for name in found if ".conv1d" not in name and "experts" not in name})


def random_adapter(model, rng, task):
    """A configuration as PEFT writes it."""
    names = names_of(model)
    config = {"r": rng.choice((1, 2, 4, 8, 16)), "lora_alpha": rng.choice((8, 32))}
    kind = rng.random()
    if kind < 0.45:
        config["target_modules"] = sorted(rng.sample(names, rng.randint(1, min(4, len(names)))))
    elif kind < 0.65:
        config["target_modules"] = rng.choice(PATTERNS)
    elif kind < 0.85:
        config["target_modules"] = "all-linear"
    for chance, change in (
        (0.3, {"use_dora": True}),
        (0.2, {"use_rslora": True}),
        (0.3, {"bias": rng.choice(("all", "lora_only"))}),
        (0.15, {"lora_bias": True}),
        (0.3, {"rank_pattern": {rng.choice(names): 3, r"layers\.0\..*": 5}, "alpha_pattern": {rng.choice(names): 7}}),
        (0.25, {"modules_to_save": [rng.choice([*names, "lm_head", "embed_tokens"])]}),
        (0.1, {"exclude_modules": [rng.choice(names)]}),
    ):
        if rng.random() < chance:
            config |= change
    if rng.random() < 0.15 and not isinstance(config.get("target_modules"), str):
        config["layers_to_transform"] = rng.choice(([0], [1], 0))
    if task:
        config["task_type"] = task
    return config


def record(model, adapter):
    """What PEFT makes of it; None where it refuses."""
    try:
        found = peft.get_peft_model(model, peft.LoraConfig(**adapter))
    except (ValueError, NotImplementedError, TypeError, RuntimeError, AttributeError) as error:
        print(str(error)[:150].replace("\n", " "), file=sys.stderr)
        return None
    trained, every = found.get_nb_trainable_parameters()
    state = peft.get_peft_model_state_dict(found, save_embedding_layers=False)
    return {
        "adapter": {"peft_type": "LORA"} | adapter,
        "trainable": trained,
        "total": every,
        "file": {name: list(tensor.shape) for name, tensor in state.items()},
    }


def networks():
    """Layers of PyTorch as a spec has them, and the modules."""
    layers = [
        {"Conv2d": {"out_channels": 8, "kernel_size": 3, "padding": 1}, "name": "first"},
        {"BatchNorm2d": 8, "name": "norm"},
        {"Conv2d": {"out_channels": 8, "kernel_size": 3, "groups": 4, "padding": 1}, "name": "grouped"},
        {"Flatten": {}, "name": "flat"},
        {"Linear": 5, "name": "head"},
    ]
    modules = {
        "first": Conv2d(3, 8, 3, padding=1),
        "norm": BatchNorm2d(8),
        "grouped": Conv2d(8, 8, 3, groups=4, padding=1),
        "flat": torch.nn.Flatten(),
        "head": Linear(8 * 6 * 6, 5),
    }
    spec = {"framework": "torch", "input": [3, 6, 6], "layers": layers}
    return [(spec, lambda: Sequential(OrderedDict(modules)))]


def main():
    rng = random.Random(17)
    records = []
    for type_, by_class in smallest().items():
        heads = [name for name in by_class if by_class[name]["total"] < 8_000_000]
        for name in rng.sample(heads, min(2, len(heads))):
            config = by_class[name]["config"]
            task = next((each for head, each in TASKS.items() if name.endswith(WORDS[head])), None)
            for _ in range(2):
                model = build(type_, config, name).to_empty(device="cpu")
                model.tie_weights()
                found = record(model, random_adapter(model, rng, task))
                if found is not None:
                    records.append({"config": config} | found)
    for spec, make in networks():
        for _ in range(30):
            adapter = random_adapter(make(), rng, None)
            found = record(make(), adapter) if "target_modules" in adapter else None
            if found is not None:
                records.append({"spec": spec} | found)
    with gzip.GzipFile(TARGET, "wb", mtime=0) as file:
        for each in records:
            file.write(json.dumps(each, separators=(",", ":")).encode() + b"\n")
    print(len(records))


WORDS = {
    "causal_lm": ("ForCausalLM", "LMHeadModel"),
    "sequence_classification": "ForSequenceClassification",
    "token_classification": "ForTokenClassification",
    "question_answering": "ForQuestionAnswering",
}
"""How a class with a head is called."""


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    main()
