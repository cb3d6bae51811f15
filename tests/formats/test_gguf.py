"""GGUF files, held against what the library gguf wrote and read, and against files that lie."""

import struct
from io import BytesIO

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.formats.gguf import read_header
from paramcalc.formats.gguf.stream import BrokenError
from paramcalc.formats.gguf.types import DTYPES, dtype_name
from tests.each import each
from tests.formats.gguf_files import array, entry, packed, tensor, text

OURS = {kind.name: dtype_name(kind.name) for kind in DTYPES.values()}


@pytest.mark.parametrize("name", ["types.gguf", "big_endian.gguf", "version_2.gguf", "vocabulary.gguf"])
def test_tensors_are_as_the_library_has_them(name, checkpoints, truth):
    with open(checkpoints / name, "rb") as file:
        header = read_header(file)
    found = {tensor.name: [list(tensor.shape), tensor.dtype, tensor.size] for tensor in header.tensors}
    # The library gives the bytes of blocks as the last axis of some versions; the elements are those of the file.
    assert found == {name: [shape, OURS[kind], size] for name, (shape, kind, size) in truth[name].items()}
    assert (header.keys, header.tokens) == (6, 50)


def test_every_type_of_the_library_is_known(checkpoints):
    with open(checkpoints / "types.gguf", "rb") as file:
        assert {tensor.dtype for tensor in read_header(file).tensors} == set(OURS.values())


def test_the_summary_says_what_the_file_says_of_itself(checkpoints):
    summary = summarize(load(checkpoints / "types.gguf"))
    assert summary.format == "gguf"
    bits = summary.details.pop("bits_per_weight")
    assert bits == round(8 * summary.totals.size_bytes / (summary.totals.params + summary.totals.buffers), 2)
    assert summary.details == {
        "architecture": "llama",
        "file_type": "Q4_K_M",
        "tensors": len(DTYPES),
        "metadata_keys": 6,
        "tokens": 50,
    }


def test_a_vocabulary_alone_has_no_parameters(checkpoints):
    summary = summarize(load(checkpoints / "vocabulary.gguf"))
    assert (summary.totals.params, summary.layers) == (0, [])


def test_the_first_of_several_files_is_the_whole(checkpoints):
    summary = summarize(load(checkpoints / "split/net-00001-of-00003.gguf"))
    assert (summary.totals.params, summary.details["files"], summary.warnings) == (5 * 32, 3, summary.warnings)
    assert not summary.warnings


def test_another_of_several_files_is_itself(checkpoints):
    summary = summarize(load(checkpoints / "split/net-00002-of-00003.gguf"))
    assert (summary.totals.params, summary.warnings) == (64, ["this is file 2 of 3: the others are not counted"])


def test_a_file_of_several_alone_says_so(checkpoints, tmp_path):
    data = (checkpoints / "split/net-00001-of-00003.gguf").read_bytes()
    said = ["this is file 1 of 3: the others are not counted"]
    assert summarize(load(data)).warnings == said
    path = tmp_path / "net-00001-of-00003.gguf"
    path.write_bytes(data)
    assert summarize(load(path)).warnings == said


def test_a_missing_file_of_several_is_named(checkpoints, tmp_path):
    for number in (1, 3):
        name = f"net-0000{number}-of-00003.gguf"
        (tmp_path / name).write_bytes((checkpoints / "split" / name).read_bytes())
    with pytest.raises(InputError, match=r"1 of 3 files are missing: net-00002-of-00003\.gguf"):
        load(tmp_path / "net-00001-of-00003.gguf")


def test_a_file_that_is_another_part_than_its_name_says_is_refused(checkpoints, tmp_path):
    for number, held in ((1, 1), (2, 3), (3, 3)):
        data = (checkpoints / f"split/net-0000{held}-of-00003.gguf").read_bytes()
        (tmp_path / f"net-0000{number}-of-00003.gguf").write_bytes(data)
    with pytest.raises(InputError, match=r"net-00002-of-00003\.gguf says that it is file 3 of 3"):
        load(tmp_path / "net-00001-of-00003.gguf")


def read(data):
    return read_header(BytesIO(data))


def test_values_of_every_type_are_passed_over():
    sizes = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
    entries = [entry(f"k{kind}", kind, bytes(size)) for kind, size in sizes.items()]
    entries += [entry(f"a{kind}", 9, array(kind, 3, bytes(3 * size))) for kind, size in sizes.items()]
    entries += [
        entry("text", 8, text("x" * 300_000)),
        entry("texts", 9, array(8, 3, text("a") + text("b" * 600_000) + text("c"))),
        entry("arrays", 9, array(9, 2, array(8, 1, text("a")) + array(4, 2, bytes(8)))),
        entry("long", 9, array(4, 500_000, bytes(2_000_000))),
        entry("general.architecture", 8, text("llama")),
    ]
    header = read(packed([tensor("a", [8, 2])], entries, 64))
    assert (header.keys, header.values) == (len(entries), {"general.architecture": "llama"})
    assert [(found.shape, found.size) for found in header.tensors] == [((2, 8), 64)]


def test_the_alignment_is_that_of_the_file():
    tensors = [tensor("a", [1]), tensor("b", [1], offset=64)]
    entries = [entry("general.alignment", 4, struct.pack("<I", 64))]
    data = packed(tensors, entries)
    assert len(read(data + bytes(-len(data) % 64 + 68)).tensors) == 2
    with pytest.raises(BrokenError, match="begins at byte 64 of the data: 32 was expected"):
        read(packed(tensors, [], 68))


A = tensor("a", [8])
BROKEN = {
    "cut in the counts": (b"GGUF" + struct.pack("<IQ", 3, 0), "the file ends in the middle of its header"),
    "cut in the magic": (b"GGUF\3", "it ends after its first bytes"),
    "version 1": (packed(version=1), "version 1 of the format; 2 and 3 are read; llama.cpp converts"),
    "version 4": (packed(version=4), "version 4 of the format; 2 and 3 are read$"),
    "more tensors than bytes": (packed(count=2**60), "1,152,921,504,606,846,976 tensors do not fit in"),
    "more keys than bytes": (packed(keys=2**60), "1,152,921,504,606,846,976 keys do not fit in"),
    "a long key": (packed(entries=[entry("k" * 70_000, 0, b"\0")]), "a key has 70,000 bytes, more than 65,535"),
    "a key twice": (packed(entries=[entry("k", 0, b"\0")] * 2), "the key 'k' is there twice"),
    "a key of no text": (packed(entries=[entry(b"\xff", 0, b"\0")]), "a key is not UTF-8"),
    "a text past the end": (packed(entries=[text("k") + struct.pack("<IQ", 8, 2**62)]), "bytes, but the file only"),
    "an array past the end": (packed(entries=[entry("k", 9, array(4, 2**62, b""))]), "items of an array do not fit"),
    "an unknown type": (packed(entries=[entry("k", 13, b"\0")]), "a value of the unknown type 13"),
    "an array of an unknown type": (
        packed(entries=[entry("k", 9, array(13, 1, b"\0"))]),
        "array of the unknown type 13",
    ),
    "arrays in arrays": (
        packed(entries=[entry("k", 9, array(9, 1, b"") * 9 + array(0, 1, b"\0"))]),
        "arrays nested too deep",
    ),
    "an odd alignment": (packed(entries=[entry("general.alignment", 4, struct.pack("<I", 3))]), "is no power of two"),
    "an alignment of no number": (packed(entries=[entry("general.alignment", 8, text("a"))]), "is no power of two"),
    "a removed type": (packed([tensor("a", [8], 31)], room=64), "tensor 'a' is of Q4_0_4_4, which ggml no longer has"),
    "an unknown tensor": (packed([tensor("a", [8], 99)], room=64), "tensor 'a' is of the unknown type 99"),
    "half a block": (
        packed([tensor("a", [33], 2)], room=64),
        "rows of 33, which is no multiple of 32, the block of Q4_0",
    ),
    "many axes": (packed([tensor("a", [1] * 17)], room=64), "has 17 axes"),
    "axes past the end": (
        packed([text("a") + struct.pack("<I", 2**31)], room=64),
        "2,147,483,648 axes: the file is cut",
    ),
    "a huge axis": (packed([tensor("a", [2**63])], room=64), "an impossible shape"),
    "data cut off": (packed([A], room=31), "the tensors take 32 bytes, but the file has 31 for them: it is cut off"),
    "an overlap": (packed([A, tensor("b", [8])], room=64), "tensor 'b' begins at byte 0 of the data: overlaps"),
    "a hole": (packed([tensor("a", [8], offset=32)], room=64), "begins at byte 32 of the data: 0 was expected"),
}


@each("case", BROKEN)
def test_what_is_wrong_is_said(case):
    data, words = BROKEN[case]
    with pytest.raises(BrokenError, match=words):
        read(data)
    with pytest.raises(InputError, match="a broken GGUF file"):
        load(data)


def test_parts_must_be_parts():
    entries = [entry("split.no", 2, struct.pack("<H", 3)), entry("split.count", 2, struct.pack("<H", 3))]
    with pytest.raises(InputError, match=r"split\.no and split\.count are no part of a whole"):
        load(packed(entries=entries))


class Long(BytesIO):
    """A file of zeros behind what is there, of which nothing is kept."""

    def __init__(self, data, size):
        super().__init__(data)
        self.size = size

    def seek(self, at, whence=0):
        return self.size if whence == 2 else super().seek(at, whence)

    def read(self, size=-1):
        assert 0 <= size <= 1 << 20
        return super().read(size).ljust(size, b"\0")


def test_a_header_is_read_up_to_the_limit():
    def file(size):
        return Long(packed(entries=[entry("k", 9, struct.pack("<IQ", 0, size))]), 2**40)

    overhead = len(packed(entries=[entry("k", 9, struct.pack("<IQ", 0, 0))], keys=1).rstrip(b"\0")) + 20
    assert read_header(file((64 << 20) - overhead)).keys == 1
    with pytest.raises(BrokenError, match="the header has more than 67,108,864 bytes, the limit"):
        read_header(file(64 << 20))


def test_a_million_tensors_are_the_limit():
    with pytest.raises(BrokenError, match="it has 1,000,001 tensors, more than 1,000,000, the limit"):
        read_header(Long(packed(count=1_000_001), 2**40))
