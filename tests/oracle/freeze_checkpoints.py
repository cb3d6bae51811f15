"""Writes small checkpoints with the libraries that own the formats, and what these read in them.

    python -m tests.oracle.freeze_checkpoints tests/data/checkpoints.zip [ENDING]

Needs torch, safetensors, gguf and numpy; with LLAMA_CPP/gguf-py first on PYTHONPATH, gguf is that of llama.cpp, which
knows types that the latest release does not. With an ending, such as `.gguf`, only those files are replaced. The
archive holds the files, and `truth.json`: for each file the tensors in it, name → [shape, dtype, bytes].
"""

import argparse
import json
import sys
import tempfile
import zipfile
from pathlib import Path

import gguf
import numpy as np
import torch
from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType, GGUFEndian
from safetensors import safe_open
from safetensors.torch import save_file

FLOATS = {
    GGMLQuantizationType.F32: np.float32,
    GGMLQuantizationType.F16: np.float16,
    GGMLQuantizationType.F64: np.float64,
    GGMLQuantizationType.I8: np.int8,
    GGMLQuantizationType.I16: np.int16,
    GGMLQuantizationType.I32: np.int32,
    GGMLQuantizationType.I64: np.int64,
}


def network(layers=2, size=6):
    """A state dict in PyTorch's order."""
    found = {"model.embed_tokens.weight": torch.zeros(11, size)}
    for layer in range(layers):
        for part in ("q_proj", "k_proj"):
            found[f"model.layers.{layer}.self_attn.{part}.weight"] = torch.zeros(size, size)
        found[f"model.layers.{layer}.mlp.up.weight"] = torch.zeros(2 * size, size)
        found[f"model.layers.{layer}.mlp.up.bias"] = torch.zeros(2 * size)
        found[f"model.layers.{layer}.norm.weight"] = torch.zeros(size)
    return found


# safetensors


def write_safetensors(folder):
    save_file(network(12), folder / "plain.safetensors", metadata={"format": "pt"})
    kinds = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
    kinds += [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64]
    kinds += [torch.uint16, torch.uint32, torch.uint64, torch.float8_e8m0fnu, torch.float8_e4m3fnuz]
    mixed = {f"a.{str(kind)[6:]}": torch.zeros(3, 5).to(kind) for kind in kinds}
    mixed["a.four"] = torch.zeros(4, 4, dtype=torch.uint8).view(torch.float4_e2m1fn_x2)
    save_file(mixed | {"empty": torch.zeros(0, 5), "scalar": torch.tensor(1.0)}, folder / "types.safetensors")
    save_file({}, folder / "nothing.safetensors")
    sharded = network(3)
    names = list(sharded)
    shards = {"model-00001-of-00002.safetensors": names[:7], "model-00002-of-00002.safetensors": names[7:]}
    (folder / "sharded").mkdir()
    for shard, held in shards.items():
        save_file({name: sharded[name] for name in held}, folder / "sharded" / shard)
    size = sum(tensor.nbytes for tensor in sharded.values())
    where = {name: shard for shard, held in shards.items() for name in held}
    index = {"metadata": {"total_size": size}, "weight_map": dict(sorted(where.items()))}
    (folder / "sharded" / "model.safetensors.index.json").write_text(json.dumps(index, indent=2))


def read_safetensors(path):
    found = {}
    with safe_open(path, "pt") as opened:
        for name in opened.keys():  # noqa: SIM118 (it is no mapping)
            part = opened.get_slice(name)
            found[name] = [part.get_shape(), part.get_dtype(), None]
    return found


# GGUF


def writer(path, order=GGUFEndian.LITTLE, **options):
    found = gguf.GGUFWriter(path, "llama", endianess=order, **options)
    found.add_block_count(2)
    found.add_file_type(15)
    found.add_token_list([f"t{number}" for number in range(50)])
    found.add_token_scores([0.0] * 50)
    found.add_bool("test.true", True)
    return found


def write_gguf(folder):
    for name, order in (("types", GGUFEndian.LITTLE), ("big_endian", GGUFEndian.BIG)):
        written = writer(folder / f"{name}.gguf", order)
        for kind, (_, size) in GGML_QUANT_SIZES.items():
            if kind in FLOATS:
                written.add_tensor(f"blk.0.{kind.name}.weight", np.zeros((2, 3), FLOATS[kind]))
            else:
                rows = np.zeros((3, 2 * size), np.uint8)
                written.add_tensor(f"blk.0.{kind.name}.weight", rows, raw_dtype=kind)
        finish(written)
    old = bytearray((folder / "types.gguf").read_bytes())
    old[4] = 2
    (folder / "version_2.gguf").write_bytes(old)
    (folder / "split").mkdir()
    written = writer(folder / "split" / "net.gguf", split_max_tensors=2)
    for number in range(5):
        written.add_tensor(f"blk.{number}.up.weight", np.zeros((4, 8), np.float32))
    finish(written)
    finish(writer(folder / "vocabulary.gguf"))
    write_roles(folder)


def write_roles(folder):
    """Files that are no model."""
    written = gguf.GGUFWriter(folder / "lora.gguf", "llama")
    written.add_type(gguf.GGUFType.ADAPTER)
    written.add_string("adapter.type", "lora")
    written.add_float32("adapter.lora.alpha", 16.0)
    for name, shape in (("lora_a", (2, 8)), ("lora_b", (16, 2))):
        written.add_tensor(f"blk.0.attn_q.weight.{name}", np.zeros(shape, np.float32))
    finish(written)
    written = gguf.GGUFWriter(folder / "mmproj.gguf", "clip")
    written.add_type(gguf.GGUFType.MMPROJ)
    written.add_clip_has_vision_encoder(True)
    written.add_clip_projector_type("mlp")
    for name, shape in (("v.class_embd", (4,)), ("v.patch_embd.weight", (4, 3, 2, 2)), ("mm.0.weight", (8, 4))):
        written.add_tensor(name, np.zeros(shape, np.float16))
    finish(written)
    written = gguf.GGUFWriter(folder / "imatrix.gguf", "llama")
    written.add_type(gguf.GGUFType.IMATRIX)
    written.add_array("imatrix.datasets", ["wiki.txt"])
    written.add_uint32("imatrix.chunk_count", 100)
    for name, shape in (("in_sum2", (1, 8)), ("counts", (1, 1))):
        written.add_tensor(f"blk.0.attn_q.weight.{name}", np.zeros(shape, np.float32))
    finish(written)


def finish(written):
    written.write_header_to_file()
    written.write_kv_data_to_file()
    written.write_tensors_to_file()
    written.close()


def read_gguf(path):
    tensors = gguf.GGUFReader(path).tensors
    return {item.name: [item.shape.tolist()[::-1], item.tensor_type.name, int(item.n_bytes)] for item in tensors}


# NumPy


def write_numpy(folder):
    kinds = ("f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1", "?", "c8", "c16", ">f4")
    arrays = {f"a_{kind.strip('>')}{number}": np.zeros((3, 5), kind) for number, kind in enumerate(kinds)}
    arrays |= {
        "dense/kernel": np.asfortranarray(np.zeros((4, 6), "f4")),
        "scalar": np.float32(1),
        "empty": np.zeros((0, 2)),
    }
    np.savez(folder / "arrays.npz", **arrays)
    np.savez_compressed(folder / "compressed.npz", **arrays)
    np.save(folder / "array.npy", np.zeros((7, 3), "f4"))
    np.savez(folder / "objects.npz", a=np.array([{}], object), b=np.zeros(3))


def read_numpy(path):
    loaded = np.load(path, allow_pickle=True)
    arrays = {"": loaded} if path.suffix == ".npy" else dict(loaded)
    return {name: [list(array.shape), array.dtype.str, array.nbytes] for name, array in arrays.items()}


# PyTorch


class Net(torch.nn.Module):
    """Modules with buffers, biases of their own names, a parameter outside modules, and tied weights."""

    def __init__(self):
        super().__init__()
        self.embed = torch.nn.Embedding(9, 4)
        self.norm = torch.nn.BatchNorm1d(4)
        self.lstm = torch.nn.LSTM(4, 3)
        self.attention = torch.nn.MultiheadAttention(4, 2)
        self.layers = torch.nn.ModuleList([torch.nn.Linear(4, 4) for _ in range(2)])
        self.head = torch.nn.Linear(4, 9, bias=False)
        self.head.weight = self.embed.weight
        self.scale = torch.nn.Parameter(torch.ones(2))
        self.register_buffer("mask", torch.ones(3, 3, dtype=torch.bool))
        self.register_buffer("left_out", torch.ones(5), persistent=False)


def states():
    """Name → what is saved: everything that torch.load(weights_only=True) loads."""
    net = Net()
    optimizer = torch.optim.AdamW(net.layers.parameters())
    net.layers[0](torch.ones(2, 4)).sum().backward()
    optimizer.step()
    base = torch.arange(24.0).reshape(4, 6)
    types = {str(kind)[6:]: torch.zeros(3, 5).to(kind) for kind in EVERY}
    quantised = torch.quantize_per_channel(torch.ones(3, 4), torch.ones(3), torch.zeros(3), 0, torch.qint8)
    return {
        "state_dict": net.state_dict(),
        "types": types | {"scalar": torch.tensor(1.0), "empty": torch.zeros(0, 3)},
        "parameters": dict(net.named_parameters()),
        "views": {
            "row": base[1],
            "base": base,
            "again": base,
            "turned": base.T,
            "column": base[:, 2],
            "one": base[3:, 5:],
        },
        "slice": {"part": torch.zeros(1000)[:10], "wide": torch.zeros(1).expand(7)},
        "tensor": torch.zeros(3, 4),
        "list": [torch.zeros(3), {"a": torch.zeros(2)}, (torch.ones(1), 5, "text")],
        "sparse": {"coo": torch.eye(4).to_sparse(), "csr": torch.eye(4).to_sparse_csr(), "bias": torch.zeros(4)},
        "quantised": {"each": torch.quantize_per_tensor(torch.ones(3, 4), 0.1, 0, torch.quint8), "channels": quantised},
        "nested": {"epoch": 3, "state_dict": net.state_dict(), "best_acc1": torch.tensor(0.5)}
        | {"optimizer": optimizer.state_dict(), "rng_state": torch.get_rng_state()[:8].clone(), "args": {"lr": 1e-3}},
        "lightning": {"state_dict": net.state_dict(), "optimizer_states": [optimizer.state_dict()], "lr_schedulers": []}
        | {
            "callbacks": {"Best": {"best_model_score": torch.tensor(1.0)}},
            "hyper_parameters": {"n": 3},
            "loops": {"n": 0},
        },
        "average": {"model": net.state_dict(), "model_ema": {k: v.clone() for k, v in net.state_dict().items()}},
        "two": {"generator": net.layers.state_dict(), "discriminator": net.lstm.state_dict()},
        "parallel": {"module." + name: value for name, value in net.state_dict().items()},
        "flax": {"params": {"dense": {"kernel": torch.zeros(3, 4), "bias": torch.zeros(4)}}},
        "optimizer": optimizer.state_dict(),
        "odd": {"weight": torch.zeros(3), "bytes": b"abc", "set": {1, 2}, "none": None, "size": torch.Size([3, 4])}
        | {
            "device": torch.device("cpu"),
            "dtype": torch.float16,
            "big": 2**70,
            "floats": [0.5, -1e300],
            3: torch.ones(2),
        },
        "meta": {"weight": torch.zeros(3, 4, device="meta")},
    }


EVERY = [torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.float8_e4m3fn, torch.float8_e5m2]
EVERY += [torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool, torch.complex64, torch.complex128]
EVERY += [torch.uint16, torch.uint32, torch.uint64, torch.float8_e8m0fnu, torch.float8_e4m3fnuz, torch.complex32]


def write_torch(folder):
    for name, value in states().items():
        torch.save(value, folder / f"{name}.pt")
        if name == "types":  # the newest have no class of storages, without which PyTorch cannot read the old layout
            value = {key: item for key, item in value.items() if not key.startswith(("float8", "uint", "complex32"))}
        torch.save(value, folder / f"{name}.pth", _use_new_zipfile_serialization=False)
    torch.save(Net().state_dict(), folder / "protocol_4.pt", pickle_protocol=4)
    torch.save({"a": torch.zeros(3), "b": np.float32(1), "c": np.zeros((2, 3), "f4")}, folder / "numpy.pt")
    torch.save(Net(), folder / "module.pt")
    torch.save({"epoch": 1, "model": Net(), "optimizer": None}, folder / "module_in_dict.pth")
    torch.save({"weight": torch.zeros(2), "args": argparse.Namespace(lr=1)}, folder / "arguments.pt")
    torch.jit.save(
        torch.jit.script(torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))), folder / "script.pt"
    )
    dynamic = torch.ao.quantization.quantize_dynamic(torch.nn.Sequential(torch.nn.Linear(3, 4)), {torch.nn.Linear})
    torch.save(dynamic.state_dict(), folder / "dynamic.pt")


def read_torch(path):
    """The tensors by the way to them, or by name in a module."""
    if path.name == "script.pt":
        return tensors_of(torch.jit.load(path).state_dict())
    return tensors_of(torch.load(path, weights_only=path.stem in states()))


def tensors_of(value, way=()):
    if isinstance(value, torch.Tensor):
        size = value.numel() * value.element_size() if value.layout == torch.strided else None
        return {".".join(way): [list(value.shape), str(value.dtype)[6:], size]}
    if isinstance(value, np.ndarray):
        return {".".join(way): [list(value.shape), str(value.dtype), value.nbytes]}
    if isinstance(value, torch.nn.Module):
        value = value.state_dict()
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, (list, tuple)) else ()
    return {name: said for key, part in pairs for name, said in tensors_of(part, (*way, str(key))).items()}


READERS = {
    ".safetensors": read_safetensors,
    ".gguf": read_gguf,
    ".npz": read_numpy,
    ".npy": read_numpy,
    ".pt": read_torch,
    ".pth": read_torch,
}


def main():
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        write_safetensors(folder)
        write_gguf(folder)
        write_numpy(folder)
        (folder / "torch").mkdir()
        write_torch(folder / "torch")
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        truth = {
            path.relative_to(folder).as_posix(): READERS[path.suffix](path) for path in files if path.suffix in READERS
        }
        made = {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}
    if len(sys.argv) > 2:
        made, truth = only(sys.argv[2], made, truth)
    with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, data in sorted(made.items()):
            entry = zipfile.ZipInfo(name)  # no time: the same each time
            archive.writestr(entry, data, zipfile.ZIP_DEFLATED, 9)
        archive.writestr(zipfile.ZipInfo("truth.json"), json.dumps(truth, indent=0), zipfile.ZIP_DEFLATED, 9)


def only(ending, made, truth):
    """The files of one ending as they are made now, all others as they were."""
    with zipfile.ZipFile(sys.argv[1]) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    said = json.loads(files.pop("truth.json"))
    for old, new in ((files, made), (said, truth)):
        for name in [name for name in old if name.endswith(ending)]:
            del old[name]
        old |= {name: value for name, value in new.items() if name.endswith(ending)}
    return files, said


if __name__ == "__main__":
    main()
