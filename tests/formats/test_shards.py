"""Checkpoints in several files: a folder, an index, and what the two can have wrong."""

import json
import struct

import pytest

from paramcalc import InputError, load, summarize

SIZES = {"F32": 4, "BF16": 2, "F16": 2, "I32": 4, "U8": 1, "I8": 1, "F8_E4M3": 1}


def safetensors(tensors):
    """A file with these tensors: name → (dtype, shape)."""
    header, at = {}, 0
    for name, (dtype, shape) in tensors.items():
        size = SIZES[dtype]
        for dim in shape:
            size *= dim
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + bytes(at)


FIRST = {"model.layers.0.up.weight": ("BF16", [8, 4]), "model.embed.weight": ("F32", [10, 4])}
SECOND = {"model.layers.1.up.weight": ("BF16", [8, 4]), "model.norm.weight": ("F32", [4])}
MAP = dict.fromkeys(FIRST, "a-00001.safetensors") | dict.fromkeys(SECOND, "a-00002.safetensors")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "a-00001.safetensors").write_bytes(safetensors(FIRST))
    (tmp_path / "a-00002.safetensors").write_bytes(safetensors(SECOND))
    write_index(tmp_path, MAP)
    return tmp_path


def write_index(folder, weight_map):
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def keys(summary):
    return [".".join(filter(None, (row.path.replace("/", "."), w.name))) for row in summary.layers for w in row.weights]


def error(path):
    with pytest.raises(InputError) as caught:
        load(path)
    return str(caught.value)


def test_a_folder_its_index_and_its_shards_alone_are_one_model(folder):
    index = folder / "model.safetensors.index.json"
    found = [summarize(load(folder)), summarize(load(index))]
    index.unlink()
    found.append(summarize(load(folder)))
    assert {summary.totals.params for summary in found} == {8 * 4 * 2 + 40 + 4}
    assert {summary.totals.size_bytes for summary in found} == {2 * 8 * 4 * 2 + 4 * 44}
    assert all(sorted(keys(summary)) == sorted(MAP) for summary in found)
    assert found[0].source == str(folder)
    assert found[0].partial is not True


def test_a_missing_shard_is_named(folder):
    (folder / "a-00002.safetensors").unlink()
    assert "shards are missing beside it: a-00002.safetensors" in error(folder)


def test_an_index_that_says_something_else_than_its_shards_is_refused(folder):
    write_index(folder, MAP | {"model.norm.weight": "a-00001.safetensors", "lm_head.weight": "a-00001.safetensors"})
    message = error(folder)
    assert "tensor 'model.norm.weight' should be in a-00001.safetensors, but is in a-00002.safetensors" in message
    assert "tensor 'lm_head.weight' should be in a-00001.safetensors, but is in no shard" in message
    write_index(folder, {name: shard for name, shard in MAP.items() if name != "model.norm.weight"})
    assert "tensor 'model.norm.weight' is in no index" in error(folder)


@pytest.mark.parametrize("shard", ["../a.safetensors", "/etc/passwd", "x.bin", 3, ""])
def test_a_shard_can_only_be_a_file_beside_the_index(folder, shard):
    write_index(folder, MAP | {"model.norm.weight": shard})
    assert "must be a .safetensors file beside the index" in error(folder)


QUANTISED = {
    "gptq 4 bits": ({"qweight": ("I32", [16, 64]), "qzeros": ("I32", [1, 8]), "scales": ("F16", [1, 64])}, 128 * 64),
    "awq 4 bits": ({"qweight": ("I32", [128, 8]), "qzeros": ("I32", [1, 8]), "scales": ("F16", [1, 64])}, 128 * 64),
    "bitsandbytes 8 bits": ({"weight": ("I8", [64, 128]), "SCB": ("F32", [64])}, 128 * 64),
    "float8": ({"weight": ("F8_E4M3", [64, 128]), "weight_scale_inv": ("F32", [1, 1])}, 128 * 64),
    "bitsandbytes nf4": (
        {
            "weight": ("U8", [4096, 1]),
            "weight.absmax": ("F32", [128]),
            "weight.quant_map": ("F32", [16]),
            "weight.quant_state.bitsandbytes__nf4": ("U8", [90]),
        },
        128 * 64,
    ),
    "mxfp4": ({"up_blocks": ("U8", [2, 64, 4, 16]), "up_scales": ("U8", [2, 64, 4])}, 2 * 64 * 128),
}


@pytest.mark.parametrize("scheme", QUANTISED)
def test_quantised_weights_count_the_parameters_that_are_packed_in_them(scheme):
    """Scales and zero points are told apart, and the size is that of the file."""
    tensors, params = QUANTISED[scheme]
    data = safetensors({f"layer.{name}": value for name, value in tensors.items()})
    summary = summarize(load(data, name="f"))
    assert summary.totals.params == params
    assert summary.details["quantization"] == scheme
    assert summary.totals.size_bytes == len(data) - 8 - struct.unpack("<Q", data[:8])[0]
