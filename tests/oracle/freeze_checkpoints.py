"""Writes small checkpoints with the libraries that own the formats, and what these read in them.

    python -m tests.oracle.freeze_checkpoints tests/data/checkpoints.zip

Needs torch, safetensors, gguf and numpy. The archive holds the files, and `truth.json`: for each file the tensors in
it, name → [shape, dtype, bytes].
"""

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


READERS = {".safetensors": read_safetensors, ".gguf": read_gguf, ".npz": read_numpy, ".npy": read_numpy}


def main():
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_safetensors(folder)
        write_gguf(folder)
        write_numpy(folder)
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        truth = {
            path.relative_to(folder).as_posix(): READERS[path.suffix](path) for path in files if path.suffix in READERS
        }
        with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path in files:
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix())  # no time: the same each time
                archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED, 9)
            archive.writestr(zipfile.ZipInfo("truth.json"), json.dumps(truth, indent=0), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    main()
