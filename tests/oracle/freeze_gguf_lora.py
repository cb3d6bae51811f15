"""What llama.cpp makes of PEFT's adapters → tests/data/gguf_lora.jsonl.gz.

    python -m tests.oracle.freeze_gguf_lora LLAMA_CPP        (with transformers, peft and torch; minutes)

LLAMA_CPP is the folder of its source, as for freeze_gguf. For a configuration of some types an adapter is made, saved,
and given to convert_lora_to_gguf.py beside its base. A line each: the configuration, the architecture and tensors of
the base's GGUF (by freeze_gguf), the rank, alpha and tensors of the adapter's, and the parameters that PEFT counts, all
and trained.
"""

import gzip
import json
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path

import peft
import torch
import transformers
from transformers import CONFIG_MAPPING

from tests.oracle.freeze_gguf import SAVED

OUT = SAVED.with_name("gguf_lora.jsonl.gz")
SETTINGS = {
    "llama": [
        {"r": 4, "target_modules": ["q_proj", "v_proj"]},
        {"r": 2, "target_modules": ["q_proj", "down_proj"], "rank_pattern": {"layers.0.mlp.down_proj": 6}},
        {"r": 3, "target_modules": ["k_proj", "embed_tokens"]},
        {"r": 4, "target_modules": ["lm_head", "o_proj"]},
    ],
    "gemma2": [{"r": 4, "target_modules": "all-linear"}],
    "gemma3_text": [{"r": 4, "target_modules": "all-linear"}],
    "gpt2": [{"r": 4, "target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True}],
    "gpt_neox": [{"r": 4, "target_modules": ["query_key_value"]}],
    "mistral": [{"r": 4, "target_modules": "all-linear"}],
    "olmo2": [{"r": 4, "target_modules": "all-linear"}],
    "phi3": [{"r": 4, "target_modules": ["qkv_proj", "gate_up_proj"]}],
    "qwen2": [{"r": 8, "target_modules": ["q_proj", "up_proj"]}],
    "qwen3": [{"r": 8, "target_modules": "all-linear"}],
    "starcoder2": [{"r": 4, "target_modules": "all-linear"}],
}


def converted(llama_cpp, record, settings):
    """A line: what the converter makes of an adapter for the model of a record, and what PEFT counts."""
    config = record["config"]
    torch.manual_seed(0)
    made = CONFIG_MAPPING[config["model_type"]].from_dict(dict(config))
    model = getattr(transformers, config["architectures"][0])(made)
    with tempfile.TemporaryDirectory(dir="/dev/shm") as where:
        base, adapter, out = (Path(where) / name for name in ("base", "adapter", "out.gguf"))
        model.config.save_pretrained(base)
        saved = json.loads((base / "config.json").read_text()) | {"architectures": config["architectures"]}
        (base / "config.json").write_text(json.dumps(saved))
        adapted = peft.get_peft_model(model, peft.LoraConfig(lora_alpha=16, task_type="CAUSAL_LM", **settings))
        trained, total = adapted.get_nb_trainable_parameters()
        adapted.save_pretrained(adapter, save_embedding_layers=False)
        script = str(Path(llama_cpp) / "convert_lora_to_gguf.py")
        command = [sys.executable, script, "--base", str(base), "--outfile", str(out), "--outtype", "f32", str(adapter)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        if ran.returncode:
            print(config["model_type"], settings, ran.stderr.strip().splitlines()[-1][:200], file=sys.stderr)
            return None
        return record | {"peft": settings, "total": total, "trainable": trained} | read(llama_cpp, out)


def read(llama_cpp, path):
    """The alpha and the tensors of an adapter, by llama.cpp's own reader."""
    sys.path[1:1] = [str(Path(llama_cpp) / "gguf-py")]
    import gguf

    reader = gguf.GGUFReader(path)
    alpha = float(reader.get_field("adapter.lora.alpha").contents())
    return {
        "alpha": alpha,
        "adapter_architecture": reader.get_field("general.architecture").contents(),
        "adapter": {tensor.name: tensor.shape.tolist()[::-1] for tensor in reader.tensors},
    }


def main(llama_cpp):
    """Write the file."""
    records = [json.loads(line) for line in gzip.decompress(SAVED.read_bytes()).splitlines()]
    lines = []
    for type_, every in SETTINGS.items():
        found = [each for each in records if each["config"]["model_type"] == type_]
        record = next((each for each in found if "ForCausalLM" in each["config"]["architectures"][0]), found[0])
        for settings in every:
            line = converted(llama_cpp, record, settings)
            if line is not None:
                lines.append(line)
                print(type_, settings, len(line["adapter"]), flush=True)
    with gzip.GzipFile(OUT, "wb", mtime=0) as file:
        for line in lines:
            file.write(json.dumps(line, separators=(",", ":")).encode() + b"\n")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    main(sys.argv[1])
