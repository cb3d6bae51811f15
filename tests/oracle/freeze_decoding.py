"""What transformers keeps of a text, and what reading and writing it costs → tests/data/decoding.jsonl.gz.

    python -m tests.oracle.freeze_decoding [TYPE…]           (with transformers and torch; a minute or two)

Small language models of the records in tests/data/huggingface run on the CPU: the bytes of their cache after a few
lengths of text, and the products that FlopCounterMode sees for the whole text and for one token more. A record whose
products are null is of a model that the counter does not see all of. Only what differs from a type's defaults is kept.
"""

import gzip
import json
import math
import sys
import warnings
from pathlib import Path

import torch
import transformers
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

from paramcalc.formats.huggingface.template import index

DATA = Path(__file__).resolve().parents[1] / "data"
OUT = DATA / "decoding.jsonl.gz"
BATCH = 2
LENGTHS = (3, 40, 150)
COUNTED = 40
"""The length of the text whose products are counted."""
PER_TYPE = 2
UNSEEN = {
    "llama4_text": "every expert computes every token, and what it was not picked for is multiplied by zero",
    **dict.fromkeys(
        (
            "bamba",
            "falcon_h1",
            "granitemoehybrid",
            "mamba2",
            "nemotron_h",
            "qwen3_next",
            "qwen3_5_text",
            "qwen3_5_moe_text",
        ),
        "without its kernels, the recurrence is computed in padded chunks",
    ),
}
"""Types whose products are no measure, and why."""


def records(only, done):
    """The configurations of language models, until there are a few of each type that could be run."""
    for template in sorted(set(index().values())):
        for line in (DATA / "huggingface" / f"{template}.jsonl").read_text().splitlines():
            record = json.loads(line)
            config = record["config"]
            kind = config["model_type"]
            causal = "CausalLM" in config.get("architectures", ["CausalLM"])[0]
            if causal and done.get(kind, 0) < PER_TYPE and (not only or kind in only) and record["total"] < 3e7:
                if "qk_rope_head_dim" in config:
                    config.pop("head_dim", None)  # transformers' own is that of the rotated part
                yield config


def tensors(value, seen, depth=0):
    """Every tensor that a cache holds, once."""
    if isinstance(value, torch.Tensor):
        if value.numel() and value.dim():
            seen[value.data_ptr()] = value
    elif isinstance(value, (list, tuple)):
        for item in value:
            tensors(item, seen, depth + 1)
    elif isinstance(value, dict):
        tensors(list(value.values()), seen, depth + 1)
    elif hasattr(value, "__dict__") and depth < 6:
        tensors(list(vars(value).values()), seen, depth + 1)
    return seen


def cache_of(output):
    for name in ("past_key_values", "cache_params", "mems", "state"):
        if getattr(output, name, None) is not None:
            return name, getattr(output, name)
    raise RuntimeError("no cache")


def run(model, tokens, **more):
    """The output, and the multiply-accumulates that were seen, those of short convolutions aside.

    Their reference computes positions that are cut off, and one token by elementwise products.
    """
    ids = torch.randint(3, 60, (BATCH, tokens))
    math_only = torch.backends.mkldnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH)
    with torch.no_grad(), math_only[0], math_only[1], FlopCounterMode(display=False) as counter:
        output = model(input_ids=ids, use_cache=True, **more)
    counts = {str(operation): flops for operation, flops in counter.get_flop_counts()["Global"].items()}
    return output, sum(flops for name, flops in counts.items() if "convolution" not in name) // 2


def measured(config):
    """The record of a configuration."""
    built = CONFIG_MAPPING[config["model_type"]].from_dict(config)
    built._experts_implementation = "eager"
    model = AutoModelForCausalLM.from_config(built, attn_implementation="eager").eval()
    for parameter in model.parameters():
        parameter.data.normal_(0, 0.02)
    longest = min(
        [getattr(built, name, None) or 10**9 for name in ("max_position_embeddings", "n_positions")],
    )
    found = {"config": config, "cache": {}, "macs": None, "decode_macs": None}
    for tokens in LENGTHS:
        if tokens + 1 < longest:
            output, macs = run(model, tokens)
            kept = tensors(cache_of(output)[1], {}).values()
            found["cache"][tokens] = sum(math.prod(each.shape) * each.element_size() for each in kept)
            if tokens == COUNTED and config["model_type"] not in UNSEEN and not attends_to_another(model):
                name, cache = cache_of(output)
                found["macs"] = macs
                found["decode_macs"] = run(model, 1, **{name: cache})[1]
    return found


def attends_to_another(model):
    """Whether there is attention to an encoder, which did not run: none was given."""
    return any(name.endswith(("encoder_attn", "crossattention")) for name, _ in model.named_modules())


def main(only):
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    torch.set_num_threads(1)
    lines, failed, done = [], {}, {}
    for config in records(only, done):
        try:
            found = measured(config)
        except Exception as error:  # an odd configuration that can be built, and not run
            failed[config["model_type"]] = f"{type(error).__name__}: {error}"[:100]
            continue
        if found["cache"]:
            done[config["model_type"]] = done.get(config["model_type"], 0) + 1
            lines.append(json.dumps(found, separators=(",", ":")))
    print(len(lines), "records;", failed, file=sys.stderr)
    with gzip.GzipFile(OUT, "wb", mtime=0) as file:
        file.write("\n".join(lines).encode())


if __name__ == "__main__":
    main(set(sys.argv[1:]))
