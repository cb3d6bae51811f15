"""Small checkpoints of torch.save that would become large, or that lie about their size: refused soon, and by name."""

import struct
import time
import warnings
import zipfile
from io import BytesIO

import pytest

from paramcalc import load, summarize
from tests.formats.test_torch_checkpoint import GOOD, call, error, holding, row, storage, tensor, text, whole

PROTOCOL = b"\x80\x02"
LIST = b"]q\1(" + b"N" * 100_000 + b"e"
PAIRS = b"}q\1(" + b"NN" * 50_000 + b"u"
SECONDS = 2.0


def packed(data, method=zipfile.ZIP_DEFLATED):
    """An archive whose pickle is compressed, so that it has a few kB."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("archive/data.pkl", PROTOCOL + data + b".")
        archive.writestr("archive/data/0", bytes(48))
    return file.getvalue()


def again(name, times):
    """A call of this name with one argument, kept as 1, so many times."""
    module, _, short = name.rpartition(".")
    return b"c%s\n%s\nq\0" % (module.encode(), short.encode()) + b"h\0h\1\x85R" * times


def under(depth, value):
    return (b"}X\x0a\0\0\0state_dict") * depth + value + b"s" * depth


COPIES = "the pickle makes more than"
SHARED = "so often that it becomes many times its size"
SMALL = {
    "lists": (b"]" * 7_900_000, "data.pkl is larger than 2 MiB"),
    "steps": (b"N0" * 7_900_000, "data.pkl is larger than 2 MiB"),
    "copies of a list": (LIST + again("collections.deque", 100_000), COPIES),
    "copies of a dict": (PAIRS + again("collections.OrderedDict", 100_000), COPIES),
    "copies of a set": (b"]q\1(" + b"N" * 100_000 + b"e" + again("builtins.set", 100_000), COPIES),
    "copies of bytes": (
        text("a" * 1_000_000) + b"q\1c_codecs\nencode\nq\0" + b"h\0h\1h\1\x86R" * 5_000,
        COPIES,
    ),
    "calls with many arguments": (
        b"(" + b"N" * 100_000 + b"tq\1ctorch\ndevice\nq\0" + b"h\0h\1R0" * 100_000,
        COPIES,
    ),
    "a long name, often": (text("a" * 1_000_000) + b"q\1" + b"h\1h\1\x93" * 500, "makes no sense"),
    "an identity of many parts": (
        b"(" + text("storage") + b"N" * 100_000 + b"tq\1" + b"h\1Q0" * 100_000,
        "something outside it that is no storage",
    ),
    "a tensor, often": (b"}" + text("a") + b"](" + tensor() + b"q\1" + b"h\1" * 300_000 + b"es", SHARED),
    "a tensor, often and deep": (
        b"]" * 90 + b"](" + tensor() + b"q\1" + b"h\1" * 300_000 + b"e" + b"a" * 90,
        SHARED,
    ),
    "a list, often": (LIST + b"(" + b"h\1" * 200_000 + b"t", SHARED),
    "attributes, often": (PAIRS + b"(" + b"cm\nA\n)\x81h\1b" * 30_000 + b"t", SHARED),
    "state_dicts in each other": (under(90, b"](" + tensor() + b"q\1" + b"h\1" * 200_000 + b"e"), SHARED),
    "a long key of many": (
        b"}" + text("a" * 1_000_000) + b"](" + tensor() + b"q\1" + b"h\1" * 200_000 + b"es",
        "a name of more than 1,024 characters",
    ),
    "scales of a quantised tensor": (
        b"}"
        + text("a")
        + call(
            "torch._utils._rebuild_qtensor",
            storage(kind="QInt8Storage", count=48) + whole(0) + row(3, 4) + row(4, 1),
            b"(" + b"N" * 900_000 + b"t",
        )
        + b"s",
        "more arguments than it takes",
    ),
}


@pytest.mark.parametrize("case", SMALL)
def test_a_few_kilobytes_become_little_work(case):
    data, words = SMALL[case]
    file = packed(data)
    assert len(file) < 40_000
    start = time.process_time()
    assert words in error(file)
    assert time.process_time() - start < SECONDS


def test_a_compressed_pickle_may_be_twice_as_long_as_its_archive(monkeypatch):
    """What people pack again is read; only what unpacks to much more than a checkpoint's does is not."""
    monkeypatch.setattr("paramcalc.formats.torch_checkpoint.files.MAX_SMALL_PICKLE", 100)
    assert summarize(load(packed(holding(w=tensor())[2:-1]))).totals.params == 12
    assert "data.pkl is larger than" in error(packed(holding(w=tensor())[2:-1] + b"0N" * 5_000))


def test_a_checkpoint_that_was_packed_again_is_read():
    file = BytesIO()
    with zipfile.ZipFile(BytesIO(GOOD)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry.filename, old.read(entry))
    assert summarize(load(file.getvalue())).totals.params == 12


def test_a_storage_that_is_there_twice_is_refused():
    file = BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(file, "w") as archive:
        warnings.simplefilter("ignore")
        archive.writestr("archive/data.pkl", holding(weight=tensor()))
        archive.writestr("archive/data/0", bytes(48))
        archive.writestr("archive/data/0", bytes(48))
    assert "has archive/data/0 2 times: which one counts is not clear" in error(file.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_storage_is_no_longer_than_the_archive_can_hold(method):
    """The table of contents could say anything, and a budget would be held against it."""
    count = 1_000_000
    value = tensor(shape=(count,), stride=(1,), stored=storage(count=count))
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("archive/data.pkl", holding(weight=value), zipfile.ZIP_STORED)
        archive.writestr("archive/data/0", bytes(48))
    data = file.getvalue()
    at = data.rindex(b"PK\1\2")
    lying = data[: at + 24] + struct.pack("<I", 4 * count) + data[at + 28 :]
    assert "archive/data/0 is not as long as the archive says" in error(lying)
