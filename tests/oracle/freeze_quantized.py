"""What libraries store of small quantised models → tests/data/quantized.jsonl.gz, a record a line.

    python -m tests.oracle.freeze_quantized     (with transformers, torch, bitsandbytes, accelerate, compressed-tensors)

A record has the configuration as it is saved, and name, type and shape of every tensor in the checkpoint.
"""

import copy
import gzip
import json
import sys
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from compressed_tensors.quantization import QuantizationConfig, apply_quantization_config
from transformers import BitsAndBytesConfig, FineGrainedFP8Config
from transformers.integrations.finegrained_fp8 import replace_with_fp8_linear

TARGET = Path(__file__).resolve().parents[1] / "data" / "quantized.jsonl.gz"
SIZES = {"hidden_size": 256, "intermediate_size": 384, "num_hidden_layers": 2, "num_attention_heads": 4}
MODELS = {
    "LlamaForCausalLM": SIZES | {"num_key_value_heads": 2, "vocab_size": 100},
    "Qwen2ForCausalLM": SIZES | {"num_key_value_heads": 4, "vocab_size": 100, "tie_word_embeddings": True},
    "BertForSequenceClassification": SIZES | {"vocab_size": 100},
    "OPTForCausalLM": {
        "hidden_size": 128,
        "ffn_dim": 192,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "vocab_size": 90,
    },
    "T5EncoderModel": {"d_model": 128, "d_ff": 192, "num_layers": 2, "num_heads": 4, "d_kv": 32, "vocab_size": 90},
}
BITS = [
    {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4"},
    {"load_in_4bit": True, "bnb_4bit_quant_type": "fp4"},
    {"load_in_4bit": True, "bnb_4bit_quant_type": "nf4", "bnb_4bit_use_double_quant": True},
    {"load_in_8bit": True},
    {"load_in_8bit": True, "llm_int8_skip_modules": ["q_proj", "query", "fc1"]},
]
WEIGHTS = {
    "w4a16": (
        "pack-quantized",
        {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128, "symmetric": True},
        None,
    ),
    "w4a16 with zeros": (
        "pack-quantized",
        {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 64, "symmetric": False},
        None,
    ),
    "w8a16": ("pack-quantized", {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True}, None),
    "w8a8": (
        "int-quantized",
        {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True},
        {"num_bits": 8, "type": "int", "strategy": "token", "dynamic": True},
    ),
    "fp8 dynamic": (
        "float-quantized",
        {"num_bits": 8, "type": "float", "strategy": "channel", "symmetric": True},
        {"num_bits": 8, "type": "float", "strategy": "token", "dynamic": True},
    ),
    "fp8 static": (
        "float-quantized",
        {"num_bits": 8, "type": "float", "strategy": "tensor", "symmetric": True},
        {"num_bits": 8, "type": "float", "strategy": "tensor", "dynamic": False, "symmetric": True},
    ),
}
NAMES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float8_e4m3fn: "F8_E4M3"}
NAMES |= {torch.uint8: "U8", torch.int8: "I8", torch.int32: "I32", torch.int64: "I64"}


def made(name, **more):
    """A configuration and its model's class."""
    cls = getattr(transformers, name)
    return cls.config_class(**copy.deepcopy(MODELS[name]), **more), cls


def header(path):
    data = path.read_bytes()
    found = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
    found.pop("__metadata__", None)
    return {name: [entry["dtype"], *entry["shape"]] for name, entry in found.items()}


def with_bitsandbytes(name, options):
    """A model that bitsandbytes quantised, as it is saved."""
    config, cls = made(name)
    with tempfile.TemporaryDirectory() as plain, tempfile.TemporaryDirectory() as packed:
        cls(config).to(torch.float16).save_pretrained(plain)
        asked = BitsAndBytesConfig(**options)
        model = cls.from_pretrained(plain, quantization_config=asked, dtype=torch.float16, device_map="cpu")
        model.save_pretrained(packed)
        found = json.loads((Path(packed) / "config.json").read_text())
        return {"config": found, "tensors": header(Path(packed) / "model.safetensors")}


def described(model, config, name, quantization):
    """The state of a model on the meta device, without what is tied."""
    tied = set(getattr(model, "all_tied_weights_keys", {}))
    state = {key: [NAMES[value.dtype], *value.shape] for key, value in model.state_dict().items() if key not in tied}
    raw = json.loads(json.dumps(config.to_diff_dict(), default=str)) | {
        "architectures": [name],
        "dtype": "bfloat16",
        "quantization_config": quantization,
    }
    return {"config": raw, "tensors": state}


def with_fp8(name, block):
    """A model whose linear layers are in float8."""
    config, cls = made(name)
    torch.set_default_dtype(torch.bfloat16)
    with torch.device("meta"):
        model = cls(config)
    asked = FineGrainedFP8Config(weight_block_size=block)
    replace_with_fp8_linear(model, ["lm_head"], quantization_config=asked, pre_quantized=True)
    torch.set_default_dtype(torch.float32)
    return described(model, config, name, json.loads(json.dumps(asked.to_dict(), default=str)))


def with_compressed_tensors(name, how):
    """A model in one of compressed-tensors' formats."""
    form, weights, inputs = WEIGHTS[how]
    config, cls = made(name)
    model = cls(config).to(torch.bfloat16)
    group = {"targets": ["Linear"], "weights": weights, "input_activations": inputs}
    raw = {
        "config_groups": {"group_0": group},
        "format": form,
        "ignore": ["lm_head"],
        "quant_method": "compressed-tensors",
    }
    raw["quantization_status"] = "compressed"
    from compressed_tensors.compressors import ModelCompressor

    asked = QuantizationConfig.model_validate(raw)
    apply_quantization_config(model, asked)
    compressor = ModelCompressor(quantization_config=asked)
    compressor.compress_model(model)
    return described(model, config, name, json.loads(json.dumps(raw)))


def main():
    records = []
    for make, cases in (
        (with_bitsandbytes, [(name, options) for name in MODELS for options in BITS]),
        (
            with_fp8,
            [(name, block) for name in ("LlamaForCausalLM", "Qwen2ForCausalLM") for block in ([128, 128], [64, 32])],
        ),
        (with_compressed_tensors, [("LlamaForCausalLM", how) for how in WEIGHTS]),
    ):
        for case in cases:
            try:
                records.append(make(*case))
            except Exception as error:
                print(make.__name__, case, repr(error)[:300], file=sys.stderr)
    with gzip.GzipFile(TARGET, "wb", mtime=0) as file:
        for each in records:
            file.write(json.dumps(each, separators=(",", ":")).encode() + b"\n")
    print(len(records))


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    main()
