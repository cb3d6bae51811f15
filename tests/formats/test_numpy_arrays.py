"""NumPy's arrays, held against what NumPy wrote, and headers that lie."""

import tracemalloc
import zipfile
from io import BytesIO

import pytest

from paramcalc import InputError, load, summarize
from tests.each import each

KINDS = {"f": "float", "i": "int", "u": "uint", "c": "complex"}


def dtype_of(kind):
    """ "<f4" → float32."""
    return "bool" if kind == "|b1" else f"{KINDS[kind[1]]}{8 * int(kind[2:])}"


@pytest.mark.parametrize("file", ["arrays.npz", "compressed.npz"])
def test_arrays_are_those_that_numpy_loads(file, checkpoints, truth):
    summary = summarize(load(checkpoints / file))
    found = {}
    for row in summary.layers:
        for weight in row.weights:
            name = f"{row.path}/{weight.name}" if weight.name else row.path
            found[name] = [list(weight.shape), weight.dtype, weight.bytes]
    assert found == {name: [shape, dtype_of(kind), size] for name, (shape, kind, size) in truth[file].items()}
    assert (summary.format, summary.framework) == ("npz", None)


def test_names_with_slashes_are_paths(checkpoints):
    assert "dense" in [row.path for row in summarize(load(checkpoints / "arrays.npz")).layers]


def test_one_array_is_read_as_well(checkpoints):
    summary = summarize(load(checkpoints / "array.npy"))
    assert (summary.format, summary.totals.params, summary.totals.size_bytes) == ("npy", 21, 84)


def test_objects_of_python_are_named_and_not_read(checkpoints):
    summary = summarize(load(checkpoints / "objects.npz"))
    assert (summary.totals.params, summary.warnings) == (3, ["a: no numbers, and not counted"])


def array(header, room=0, version=1, length=None):
    data = header.encode("latin-1")
    size = len(data) if length is None else length
    return b"\x93NUMPY" + bytes([version, 0]) + size.to_bytes(2 if version == 1 else 4, "little") + data + bytes(room)


def header(descr="'<f4'", shape="(3, 4)", order="False"):
    return f"{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}          \n"


READ = [
    (array(header(), 48), (3, 4), "float32"),
    (array(header(shape="()"), 4), (), "float32"),
    (array(header(shape="(5,)"), 20), (5,), "float32"),
    (array(header(shape="(5L, 2L)"), 40, 2), (5, 2), "float32"),
    (array(header("'|b1'", order="True"), 12, 3), (3, 4), "bool"),
    (array(header("'>c16'"), 192), (3, 4), "complex128"),
    (array(header("'|V2'"), 24), (3, 4), "void16"),
]


@pytest.mark.parametrize(("data", "shape", "dtype"), READ)
def test_headers_of_every_version_are_read(data, shape, dtype):
    [row] = summarize(load(data)).layers
    assert (row.weights[0].shape, row.weights[0].dtype) == (shape, dtype)


BROKEN = {
    "cut off": (array(header(), 47), "its elements take 48 bytes, but there are 47: it is cut off"),
    "more behind": (array(header(), 49), "its elements take 48 bytes, but there are 49: there is more behind them"),
    "a cut header": (array(header(), 0, length=9_000), "it ends in the middle of its header"),
    "a long header": (array(header(), 0, 2, 10_001), "a header of 10,001 bytes, more than 10,000, the limit"),
    "version 4": (array(header(), 48, 4), "version 4 of the format; 1 to 3 are read"),
    "another file": (b"\x93NUMPY", "it does not begin as one"),
    "code": (array("__import__('os').system('x')", 4), "its header has no descr, fortran_order and shape"),
    "code in the shape": (array(header(shape="(3, len('abcd'))"), 48), "its header has no descr"),
    "no dict": (array(header()[1:], 48), "its header has no descr"),
    "many axes": (array(header(shape="(" + "1, " * 17 + ")"), 4), "has 17 axes"),
    "a huge axis": (array(header(shape="(" + "9" * 30 + ",)"), 4), "an impossible shape"),
    "digits without end": (array(header(shape="(" + "9" * 9_000 + ",)"), 4), "an impossible shape"),
    "texts": (array(header("'<U5'"), 240), "an array of NumPy that holds no numbers"),
    "records": (array(header("[('a', '<f4')]"), 48), "an array of NumPy that holds no numbers"),
    "objects": (array(header("'|O'"), 30), "an array of NumPy that holds no numbers"),
}


def packed(**entries):
    data = BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(f"{name}.npy", content)
    return data.getvalue()


@each("case", BROKEN)
def test_what_is_wrong_is_said(case):
    data, words = BROKEN[case]
    with pytest.raises(InputError, match=words):
        load(data)
    words = "an archive of NumPy without an array of numbers" if "no numbers" in words else "'a.npy' is a broken array"
    with pytest.raises(InputError, match=words):
        load(packed(a=data))


def test_of_a_bomb_only_the_beginning_is_unpacked():
    data = packed(a=array(header(shape="(1000, 1000, 10)"), 40_000_000))
    tracemalloc.start()
    try:
        assert summarize(load(data)).totals.params == 10**7
        assert tracemalloc.get_traced_memory()[1] < 4_000_000
    finally:
        tracemalloc.stop()


def test_an_entry_that_is_there_twice_is_refused():
    data = BytesIO(packed(a=array(header(), 48)))
    with zipfile.ZipFile(data, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("a.npy", array(header(), 48))
    with pytest.raises(InputError, match=r"the archive has a\.npy 2 times"):
        load(data.getvalue())
