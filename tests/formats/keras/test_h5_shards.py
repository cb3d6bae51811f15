"""Keras 3's weights in several files."""

import gzip
import json

import h5py
import numpy as np
import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize
from tests.formats.keras.test_h5 import DATA, KNOWN, rows, unpacked, weights_of


@pytest.fixture
def folder(tmp_path):
    """What Keras 3.15 wrote: an index and five files."""
    for path in DATA.glob("keras3-sharded*.gz"):
        name = path.name.removeprefix("keras3-").removesuffix(".gz")
        (tmp_path / name).write_bytes(gzip.decompress(path.read_bytes()))
    return tmp_path


def edited(folder, change):
    """The index of the folder after a change to it."""
    path = folder / "sharded.weights.json"
    index = json.loads(path.read_text())
    change(index)
    path.write_text(json.dumps(index))
    return path


def error(path):
    with pytest.raises(InputError) as caught:
        summarize(paramcalc.load(path))
    return str(caught.value)


def test_the_files_add_up_to_what_keras_counts(folder):
    summary, known = summarize(paramcalc.load(folder / "sharded.weights.json")), KNOWN["keras3-sharded.weights.json"]
    assert summary.totals.params == known["params"]
    assert weights_of(summary) == known["weights"]
    assert summary.details["files"] == 5
    assert not summary.warnings


def test_rows_are_those_of_the_same_weights_in_one_file(folder):
    whole = summarize(paramcalc.load(unpacked("keras3-tracked.weights.h5"), name="w.weights.h5"))
    assert rows(summarize(paramcalc.load(folder / "sharded.weights.json"))) == rows(whole)


def test_a_file_that_is_missing_is_named(folder):
    (folder / "sharded_00002.weights.h5").unlink()
    assert "needs its files beside it: sharded_00002.weights.h5" in error(folder / "sharded.weights.json")
    assert "needs its files beside it: sharded_00000.weights.h5, " in error(
        (folder / "sharded.weights.json").read_bytes()
    )


@pytest.mark.parametrize(
    "name", ["../sharded_00000.weights.h5", "/etc/passwd", "a\\b.weights.h5", "sharded.weights.json", 3]
)
def test_only_plain_names_of_files_beside_it_are_opened(folder, name):
    path = edited(folder, lambda index: index["weight_map"].update({"/layers/x/vars": name}))
    assert "is no plain name of a .weights.h5 file beside it" in error(path)


def test_an_index_that_says_otherwise_than_its_files_is_refused(folder):
    def move(index):
        index["weight_map"]["/layers/mine/vars"] = "sharded_00000.weights.h5"

    message = error(edited(folder, move))
    assert "'/layers/mine/vars' is not in sharded_00000.weights.h5, where the index says it is" in message
    assert "'/layers/mine/vars' is in sharded_0000" in message
    assert ", which the index does not say" in message


def test_another_size_than_that_of_the_weights_is_noticed(folder):
    path = edited(folder, lambda index: index["metadata"].update(total_size=5.0))
    (warning,) = summarize(paramcalc.load(path)).warnings
    assert warning.startswith("the index says that the weights take 5.0 bytes, but they take ")


def test_a_weight_in_two_files_is_refused(folder):
    first = next(iter(json.loads((folder / "sharded.weights.json").read_text())["weight_map"]))
    with h5py.File(folder / "sharded_00004.weights.h5", "a") as file:
        file[f"{first}/0"] = np.zeros(3)
    path = edited(folder, lambda index: index["weight_map"][first].append("sharded_00004.weights.h5"))
    assert "is there twice" in error(path)


@pytest.mark.parametrize("value", [{}, {"/layers/dense/vars": []}, [["/vars", "x"]]])
def test_an_index_of_nothing_is_refused(folder, value):
    def empty(index):
        index["weight_map"] = value

    edited(folder, empty)
    path = folder / "sharded.weights.json"
    path.write_text('{"weight_map": ' + json.dumps(value) + ', "metadata": {"total_size": 1.0, "what": "/vars"}}')
    assert "names no files" in error(path)
