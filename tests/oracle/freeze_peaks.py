"""The most bytes that language models of transformers have at once → tests/data/peaks.jsonl.gz.

    python -m tests.oracle.freeze_peaks [TYPE…]           (with torch and transformers; ten minutes, no memory)

The default configuration of each type, in bfloat16 and with four layers, runs on fake tensors: every storage that is
made is counted until it is freed, in blocks of 512 bytes as on a GPU, weights aside. What a GPU's own kernels do
otherwise is not seen: there heads share keys without copies, and 32 MiB are the workspace of the matrix products. For
LLaMA-1B the peaks of a prompt are, with these, those of an H100 to 0.001 %.
"""

import gc
import gzip
import json
import sys
import warnings
import weakref
from pathlib import Path

import torch
import transformers
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from transformers import CONFIG_MAPPING, AutoModelForCausalLM

OUT = Path(__file__).resolve().parents[1] / "data" / "peaks.jsonl.gz"
BATCH, TOKENS, LAYERS = 2, 512, 4
TYPES = """
llama mistral qwen2 qwen3 gemma gemma2 gemma3_text phi phi3 gpt2 gpt_neox falcon mixtral qwen2_moe qwen3_moe olmo olmo2
olmo3 stablelm starcoder2 cohere cohere2 granite granitemoe gptj codegen glm4 glm4_moe smollm3 gpt_oss ernie4_5 exaone4
persimmon mpt
"""
COUNTS = ("num_hidden_layers", "n_layer", "n_layers", "num_layers")
BLOCK = 512


class Storages(TorchDispatchMode):
    """Counts the bytes of the storages that operations make, until they are freed.

    Attributes:
        live: the bytes there are.
        peak: the most there were.
    """

    def __init__(self, weights):
        super().__init__()
        self.known = {tensor.untyped_storage()._cdata for tensor in weights}
        self.live = self.peak = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self.note(leaf.untyped_storage())
        self.peak = max(self.peak, self.live)
        return result

    def note(self, storage):
        key = storage._cdata
        if key in self.known:
            return
        size = -(-storage.nbytes() // BLOCK) * BLOCK
        self.known.add(key)
        self.live += size
        weakref.finalize(storage, self.freed, key, size)

    def freed(self, key, size):
        self.known.discard(key)
        self.live -= size


def small(kind):
    """What differs from the defaults of a type: four layers, and no dropout."""
    values = CONFIG_MAPPING[kind]().to_dict()
    found = {name: LAYERS for name in COUNTS if name in values}
    found |= {name: values[name][:LAYERS] for name in ("layer_types", "mlp_layer_types") if values.get(name)}
    return found | {name: 0.0 for name, value in values.items() if "drop" in name and isinstance(value, float)}


def measured(kind):
    """The record of a type."""
    fields = small(kind)
    with FakeTensorMode(allow_non_fake_inputs=True):
        model = AutoModelForCausalLM.from_config(CONFIG_MAPPING[kind](**fields), dtype=torch.bfloat16).eval()
        weights = [*model.parameters(), *model.buffers()]
        ids = torch.randint(0, 1000, (BATCH, TOKENS))
        found = {"config": {"model_type": kind, "architectures": [type(model).__name__], **fields}}
        with torch.no_grad(), Storages(weights) as counter:
            output = model(input_ids=ids, use_cache=True, logits_to_keep=1)
            found["prompt"] = counter.peak
            counter.peak = counter.live
            model(input_ids=ids[:, :1], past_key_values=output.past_key_values, use_cache=True)
            found["token"] = counter.peak
        del output
        gc.collect()
        with Storages(weights) as counter:
            loss = model.train()(input_ids=ids, labels=ids, use_cache=False).loss
            found["kept"] = counter.live
            loss.backward()
            found["backward"] = counter.peak
    return found


def main(types):
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    lines = []
    for kind in types:
        try:
            lines.append(json.dumps(measured(kind), separators=(",", ":")))
        except Exception as error:  # a default that cannot be run
            print(kind, type(error).__name__, str(error)[:100], file=sys.stderr)
    with gzip.GzipFile(OUT, "wb", mtime=0) as file:
        file.write("\n".join(lines).encode())


if __name__ == "__main__":
    main(sys.argv[1:] or TYPES.split())
