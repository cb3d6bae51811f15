"""TensorFlow's checkpoints and SavedModels against what TensorFlow reads in them: tests/oracle/freeze_tensorflow.py."""

import json
import random
import re
import zipfile
from pathlib import Path

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.check.budgets import parse_budget
from paramcalc.check.gate import check_file
from paramcalc.formats.protobuf import varint
from paramcalc.formats.source import open_source
from paramcalc.formats.tensorflow.bundle import VALUE, contents
from paramcalc.formats.tensorflow.table import MAGIC, entries
from paramcalc.limits import MAX_TABLE_KEY

FROZEN = Path(__file__).resolve().parents[2] / "data" / "tensorflow.zip"
TEXTS = {"string"}
NAMES = {"half": "float16"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    found = tmp_path_factory.mktemp("tensorflow")
    with zipfile.ZipFile(FROZEN) as archive:
        archive.extractall(found)
    return found


with zipfile.ZipFile(FROZEN) as frozen:
    TRUTH = json.loads(frozen.read("truth.json"))


@pytest.mark.parametrize("index", TRUTH["variables"])
def test_names_shapes_and_types_are_those_that_tensorflow_reads(folder, index):
    with open_source(folder / index) as source:
        found = {tensor.name: [tensor.dtype, *tensor.shape] for tensor in contents(source).tensors}
    assert found == {
        name.removesuffix(VALUE): [NAMES.get(dtype, dtype), *shape]
        for name, (dtype, *shape) in TRUTH["variables"][index].items()
        if dtype not in TEXTS
    }


FOLDERS = {
    "sequential": "trained",
    "weights": "trained",
    "functional": "functional",
    "code": "subclassed",
    "export": "exported",
    "unpacked": "unpacked",
    "tf1": "sessions",
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_has_the_parameters_that_keras_counts(folder, name):
    """Whether the architecture is in it or not; an optimizer's state, counters and copies are no parameters."""
    summary = summarize(load(folder / name))
    assert summary.totals.params == TRUTH["totals"][FOLDERS[name]]
    assert not summary.warnings


@pytest.mark.parametrize("name", ["sequential", "functional", "unpacked"])
def test_the_architecture_that_keras_kept_is_read(folder, name):
    summary = summarize(load(folder / name))
    assert summary.framework == "keras"
    assert summary.totals.macs


def test_metadata_alone_is_the_architecture(folder):
    summary = summarize(load(folder / "functional" / "keras_metadata.pb"))
    assert summary.totals.params == TRUTH["totals"]["functional"]
    with pytest.raises(InputError, match="a model that is code"):
        load(folder / "code" / "keras_metadata.pb")


def test_variables_that_contradict_the_architecture_are_named(folder, tmp_path):
    (tmp_path / "variables").mkdir()
    for name, source in (("saved_model.pb", "sequential"), ("keras_metadata.pb", "sequential")):
        (tmp_path / name).write_bytes((folder / source / name).read_bytes())
    index = folder / "functional" / "variables" / "variables.index"
    (tmp_path / "variables" / "variables.index").write_bytes(index.read_bytes())
    found = summarize(load(tmp_path)).contradictions
    assert any("in the file's variables belongs to no layer" in message for message in found)
    assert any("is not in the file's variables" in message for message in found)
    assert check_file(str(tmp_path), [parse_budget({"params": "1G"})]).status == "broken"


def test_weights_of_a_checkpoint_are_compared_with_an_architecture(folder):
    metadata = folder / "sequential" / "keras_metadata.pb"
    assert not summarize(load(metadata, weights=folder / "weights")).contradictions
    assert summarize(load(metadata, weights=folder / "tf1")).contradictions


def test_a_saved_model_without_variables_and_architecture_is_named(tmp_path):
    (tmp_path / "saved_model.pb").write_bytes(b"")
    with pytest.raises(InputError, match="without variables: it holds a graph"):
        load(tmp_path)


def test_weights_are_in_the_order_of_their_numbers(folder):
    (row,) = summarize(load(folder / "many" / "ck.index")).layers
    assert [weight.name for weight in row.weights if weight.kind == "weight"][:3] == ["0", "1", "2"]
    numbers = [int(weight.name) for weight in row.weights if weight.kind == "weight"]
    assert numbers == sorted(numbers)


def test_a_compressed_table_is_refused_by_name(folder):
    data = bytearray((folder / "weights" / "model.ckpt.index").read_bytes())
    offset, size = block_of(bytes(data))
    data[offset + size] = 1
    with pytest.raises(InputError, match=r"compressed \(snappy\)"):
        load(bytes(data))


def block_of(data):
    """Where the index block of a table is."""
    footer = data[-48:]
    _, at = varint(footer, 0)
    _, at = varint(footer, at)
    start, at = varint(footer, at)
    size, _ = varint(footer, at)
    return start, size


def test_a_damaged_index_is_an_error_and_never_a_crash(folder):
    """Thousands of files with a few other bytes; those that are still read have tensors."""
    rng = random.Random(1)
    said = set()
    for name in ("weights/model.ckpt.index", "tf1/model.ckpt-7.index"):
        whole = (folder / name).read_bytes()
        for _ in range(1500):
            data = bytearray(whole)
            for _ in range(rng.randint(1, 3)):
                data[rng.randrange(9, len(data) - 8)] = rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))
            try:
                assert load(bytes(data)).nodes
            except InputError as error:
                said.add(str(error))
    assert said
    assert [message for message in said if not re.search("TensorFlow checkpoint|tensor '", message)] == []


def test_blocks_that_are_named_twice_are_refused(folder):
    """Else a small index could name the same block thousands of times."""
    data = (folder / "weights" / "model.ckpt.index").read_bytes()
    start, size = block_of(data)
    block = data[start : start + size]
    entry = block[: len(block) - 8]
    twice = entry + entry
    body = data[:start] + twice + b"\0\0\0\0\1\0\0\0" + b"\0" * 5
    handle = bytes([0, 0]) + numbers(start) + numbers(len(twice) + 8)
    with pytest.raises(ValueError, match="not in order"):
        list(entries(body + handle + b"\0" * (40 - len(handle)) + MAGIC))


def test_a_name_past_the_limit_is_refused():
    entry = b"\0" + numbers(MAX_TABLE_KEY + 1) + b"\0" + b"x" * (MAX_TABLE_KEY + 1)
    block = entry + b"\0\0\0\0\1\0\0\0"
    index = b"\0\1" + numbers(1 + len(numbers(len(block)))) + b"x" + b"\0" + numbers(len(block))
    index += b"\0\0\0\0\1\0\0\0"
    start = len(block) + 5
    handle = bytes([0, 0]) + numbers(start) + numbers(len(index))
    body = block + b"\0" * 5 + index + b"\0" * 5
    with pytest.raises(ValueError, match="an entry of it is broken"):
        list(entries(body + handle + b"\0" * (40 - len(handle)) + MAGIC))


def test_an_index_past_the_limit_is_refused(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("paramcalc.formats.tensorflow.bundle.MAX_TABLE_BYTES", 1000)
    with pytest.raises(InputError, match="the index is larger than"):
        load(folder / "weights" / "model.ckpt.index")


def numbers(value):
    """A varint."""
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])
