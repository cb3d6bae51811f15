"""The header of a safetensors file, held to the rules of the library."""

import json
from io import BytesIO

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.formats.safetensors import DTYPES, read_header


def packed(header, room):
    data = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(data).to_bytes(8, "little") + data + bytes(room)


def entry(dtype, shape, begin, end):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def read(header, room=0):
    return read_header(BytesIO(packed(header, room)), "net.safetensors")


A = entry("F32", [1], 0, 4)
A_TEXT = json.dumps(A).encode()

READ = [
    ("scalar", {"a": entry("F32", [], 0, 4)}, 4, ("float32", (), 4)),
    ("empty", {"a": entry("BF16", [0, 3], 0, 0)}, 0, ("bfloat16", (0, 3), 0)),
    ("bool", {"a": entry("BOOL", [3], 0, 3)}, 3, ("bool", (3,), 3)),
    ("four bits", {"a": entry("F4", [2, 3], 0, 3)}, 3, ("float4_e2m1fn", (2, 3), 3)),
    ("six bits", {"a": entry("F6_E3M2", [4], 0, 3)}, 3, ("float6_e3m2fn", (4,), 3)),
    ("eight bits", {"a": entry("F8_E4M3", [4], 0, 4)}, 4, ("float8_e4m3fn", (4,), 4)),
    ("complex", {"a": entry("C64", [2], 0, 16)}, 16, ("complex64", (2,), 16)),
    ("more axes than PyTorch's users have", {"a": entry("I8", [1] * 16, 0, 1)}, 1, ("int8", (1,) * 16, 1)),
    ("another field", {"a": A | {"x": 1}}, 4, ("float32", (1,), 4)),
    ("blanks at the end", b'{"a":' + A_TEXT + b"}   ", 4, ("float32", (1,), 4)),
    ("a field's name as a name", {"data_offsets": A}, 4, ("float32", (1,), 4)),
    ("metadata with a field's name", {"__metadata__": {"shape": "x", "dtype": "F32"}, "a": A}, 4, ("float32", (1,), 4)),
    ("minus zero", b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[-0,1]}}', 1, ("uint8", (1,), 1)),
    ("no metadata", b'{"__metadata__":null,"a":' + A_TEXT + b"}", 4, ("float32", (1,), 4)),
]


@pytest.mark.parametrize(("header", "room", "expected"), [row[1:] for row in READ], ids=[row[0] for row in READ])
def test_a_tensor_is_read_as_it_is_described(header, room, expected):
    [tensor] = read(header, room).tensors
    assert (tensor.dtype, tensor.shape, tensor.size) == expected


def test_metadata_are_texts():
    assert read({"__metadata__": {"format": "pt"}, "a": A}, 4).metadata == {"format": "pt"}


REFUSED = [
    ("dtype", {"a": entry("F12", [1], 0, 4)}, 4, "tensor 'a' has the unknown dtype 'F12'"),
    ("size", {"a": entry("F32", [2], 0, 4)}, 4, r"has 2 elements of 32 bits, but 4 bytes \(0 to 4\)"),
    ("half a byte", {"a": entry("F4", [7], 0, 4)}, 4, "has 7 elements of 4 bits, but 4 bytes"),
    ("negative", {"a": entry("F32", [-1, -1], 0, 4)}, 4, r"an impossible shape: \(-1, -1\)"),
    ("backwards", {"a": entry("F32", [1], 4, 0)}, 4, "but -4 bytes"),
    ("hole at the start", {"a": entry("F32", [1], 4, 8)}, 8, "leaves a hole of 4 bytes before it"),
    ("overlap", {"a": A, "b": entry("F32", [1], 2, 6)}, 6, "tensor 'b' begins at byte 2: it overlaps 'a'"),
    ("twice the same bytes", {"a": A, "b": A}, 4, "tensor 'b' begins at byte 0: it overlaps 'a'"),
    ("empty inside another", {"a": entry("I8", [0], 2, 2), "b": A}, 4, "overlaps 'b'"),
    ("cut off", {"a": A}, 2, "take 4 bytes, but the file has 2 for them: it is cut off"),
    ("more behind", {"a": A}, 9, "take 4 bytes, but the file has 9 for them: there is more behind them"),
    ("no shape", {"a": {"dtype": "F32", "data_offsets": [0, 4]}}, 4, "tensor 'a' has no shape"),
    ("no offsets", {"a": {"dtype": "F32", "shape": [1]}}, 4, "tensor 'a' has no data_offsets"),
    ("a float", {"a": entry("F32", [1.0], 0, 4)}, 4, "is not described by dtype, shape and data_offsets"),
    ("a list", {"a": [1]}, 4, "is not described by dtype, shape and data_offsets"),
    ("name twice", b'{"a":' + A_TEXT + b',"a":' + A_TEXT + b"}", 4, "duplicate key 'a'"),
    ("field twice", b'{"a":{"dtype":"F32",' + A_TEXT[1:] + b"}", 4, "duplicate key 'dtype'"),
    ("metadata of numbers", {"__metadata__": {"a": 1}, "a": A}, 4, "__metadata__ is no mapping of texts to texts"),
    ("metadata that are false", {"__metadata__": False, "a": A}, 4, "__metadata__ is no mapping of texts to texts"),
    ("metadata that are empty", {"__metadata__": [], "a": A}, 4, "__metadata__ is no mapping of texts to texts"),
    ("metadata twice", b'{"__metadata__":{},"a":' + A_TEXT + b',"__metadata__":{}}', 4, "duplicate key '__metadata__'"),
    ("twice, escaped", b'{"__metadata__":{},"\\u005f_metadata__":{}}', 0, "duplicate key '__metadata__'"),
    ("a blank before the JSON", b' {"a":' + A_TEXT + b"}", 4, "its header begins with ' {\"a', not with {"),
    ("a list of tensors", b"[1]", 0, r"its header begins with '\[1\]', not with {"),
    ("cut JSON", b'{"a":', 0, "is the file complete?"),
    ("zeros behind the JSON", b'{"a":' + A_TEXT + b"}\0\0", 4, "a NUL character"),
    ("deep", b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}", 0, "nested more than 200 deep"),
    ("half a character", b'{"a\\ud800":' + A_TEXT + b"}", 4, "half of a character|surrogate"),
    ("no text", b'{"a\xff":' + A_TEXT + b"}", 4, "UTF-8"),
    ("huge", {"a": entry("F32", [10**30], 0, 4)}, 4, "elements of 32 bits, but 4 bytes"),
]


@pytest.mark.parametrize(("header", "room", "words"), [row[1:] for row in REFUSED], ids=[row[0] for row in REFUSED])
def test_what_is_wrong_is_said(header, room, words):
    with pytest.raises(InputError, match=words):
        read(header, room)


def test_a_header_longer_than_its_file_is_refused():
    with pytest.raises(InputError, match="the header has 100 bytes, but the file only 10: it is cut off"):
        read_header(BytesIO((100).to_bytes(8, "little") + b"{}"), "x")


def test_a_header_longer_than_the_library_allows_is_refused_before_it_is_read():
    with pytest.raises(InputError, match="the header would have 100,000,001 bytes; 100,000,000 are the limit"):
        read_header(BytesIO((100_000_001).to_bytes(8, "little") + b"{}"), "x")


@pytest.mark.parametrize("name", ["plain.safetensors", "types.safetensors", "nothing.safetensors"])
def test_files_of_the_library_are_read_as_it_reads_them(name, checkpoints, truth):
    with open(checkpoints / name, "rb") as file:
        found = {tensor.name: (list(tensor.shape), tensor.dtype) for tensor in read_header(file, name).tensors}
    assert found == {tensor: (shape, DTYPES[kind][0]) for tensor, (shape, kind, _) in truth[name].items()}


def test_modules_are_in_the_order_of_their_numbers_and_fold(checkpoints):
    summary = summarize(load(checkpoints / "plain.safetensors"))
    numbers = [int(row.path.split("/")[2]) for row in summary.layers if row.path.startswith("model/layers")]
    assert numbers == sorted(numbers)
    assert numbers[-1] == 11
    assert (summary.format, summary.framework) == ("safetensors", None)
    assert summary.details == {"tensors": 61, "written_for": "PyTorch"}
