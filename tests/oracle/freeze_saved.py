"""What PyTorch keeps for the backward pass → tests/data/saved.jsonl.gz.

    python -m tests.oracle.freeze_saved           (with torch and transformers, on the CPU; a minute)

The bytes of every tensor that autograd saves, each storage once and without weights: for single modules, and for a
step of small language models, one of each type in tests/data/decoding.jsonl.gz, in bfloat16 and without dropout.
"""

import gzip
import json
import sys
import warnings
from pathlib import Path

import torch
import transformers
from torch import nn
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

DATA = Path(__file__).resolve().parents[1] / "data"
OUT = DATA / "saved.jsonl.gz"
BATCH, TOKENS = 2, 48

IMAGE, VECTORS = (2, 16, 12, 12), (2, 10, 32)
MODULES = [
    ("Linear: 24", nn.Linear(32, 24), VECTORS),
    ("Conv2d: [8, 3]", nn.Conv2d(16, 8, 3), IMAGE),
    ("{ConvTranspose2d: [8, 3]}", nn.ConvTranspose2d(16, 8, 3), IMAGE),
    ("BatchNorm2d", nn.BatchNorm2d(16), IMAGE),
    ("GroupNorm: 4", nn.GroupNorm(4, 16), IMAGE),
    ("LayerNorm: 32", nn.LayerNorm(32), VECTORS),
    ("MaxPool2d: 2", nn.MaxPool2d(2), IMAGE),
    ("AvgPool2d: 2", nn.AvgPool2d(2), IMAGE),
    ("AdaptiveAvgPool2d: 1", nn.AdaptiveAvgPool2d(1), IMAGE),
    ("Flatten", nn.Flatten(), IMAGE),
    ("PixelShuffle: 2", nn.PixelShuffle(2), IMAGE),
    ("{Upsample: {scale_factor: 2}}", nn.Upsample(scale_factor=2), IMAGE),
    ("ZeroPad2d: 1", nn.ZeroPad2d(1), IMAGE),
    *[(name, getattr(nn, name)(), VECTORS) for name in ("ReLU", "Sigmoid", "Tanh", "SiLU", "GELU", "Mish", "Softplus")],
    *[
        (name, getattr(nn, name)(), VECTORS)
        for name in ("Hardswish", "Hardsigmoid", "LeakyReLU", "ELU", "SELU", "CELU")
    ],
    *[(name, getattr(nn, name)(), VECTORS) for name in ("LogSigmoid", "Softsign", "Tanhshrink", "Softshrink", "PReLU")],
    ("{Softmax: -1}", nn.Softmax(-1), VECTORS),
    ("{LogSoftmax: -1}", nn.LogSoftmax(-1), VECTORS),
    ("{GLU: -1}", nn.GLU(-1), VECTORS),
    ("{Dropout: 0.1}", nn.Dropout(0.1), VECTORS),
    (
        "{MultiheadAttention: {num_heads: 4, batch_first: true}, options: {need_weights: false}}",
        nn.MultiheadAttention(32, 4, batch_first=True),
        VECTORS,
    ),
]
"""Spec, module, and the shape of its input."""


def saved(run, weights):
    """The bytes that the backward pass of `run()` keeps."""
    skip = {weight.untyped_storage().data_ptr() for weight in weights}
    found, alive = {}, []

    def pack(tensor):
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in skip and storage.nbytes():
            found[storage.data_ptr()] = storage.nbytes()
            alive.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = run()
    return sum(found.values()), output


def module_record(spec, module, shape):
    x = torch.randn(shape, requires_grad=True)
    call = (
        (lambda: module(x, x, x, need_weights=False))
        if isinstance(module, nn.MultiheadAttention)
        else lambda: module(x)
    )
    return {"spec": spec, "shape": shape, "saved": saved(call, [*module.parameters(), *module.buffers()])[0]}


def model_record(config):
    """The record of a language model."""
    built = CONFIG_MAPPING[config["model_type"]].from_dict(config)
    for name, value in vars(built).items():
        if ("drop" in name or "layerdrop" in name) and isinstance(value, float):
            setattr(built, name, 0.0)
    built.use_cache = False
    model = AutoModelForCausalLM.from_config(built).to(torch.bfloat16).train()
    ids = torch.randint(3, 60, (BATCH, TOKENS))
    size, _ = saved(lambda: model(input_ids=ids, labels=ids).loss, [*model.parameters(), *model.buffers()])
    return {"config": config, "saved": size}


def main():
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    lines = [json.dumps(module_record(*case)) for case in MODULES]
    seen, failed = set(), {}
    for line in gzip.decompress((DATA / "decoding.jsonl.gz").read_bytes()).splitlines():
        config = json.loads(line)["config"]
        if config["model_type"] in seen:
            continue
        try:
            lines.append(json.dumps(model_record(config), separators=(",", ":")))
            seen.add(config["model_type"])
        except Exception as error:  # what cannot be run so is of no use
            failed[config["model_type"]] = f"{type(error).__name__}: {error}"[:100]
    print(len(lines), "records;", failed, file=sys.stderr)
    with gzip.GzipFile(OUT, "wb", mtime=0) as file:
        file.write("\n".join(lines).encode())


if __name__ == "__main__":
    main()
