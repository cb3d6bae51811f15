"""The reader against h5py, on whole files of every age."""

import io
import random
import tracemalloc
from contextlib import suppress

import h5py
import numpy as np
import pytest

from paramcalc import InputError
from paramcalc.formats.hdf5 import open_hdf5
from tests.formats.hdf5.random_files import oracle, random_file
from tests.fuzz.hdf5_damage import damaged, seeds, small, walk, wide, written


def described(data):
    return {
        path: (item.shape, item.datatype.name) if hasattr(item, "datatype") else item
        for path, item in walk(data).items()
    }


def refusal(data):
    with pytest.raises(InputError) as caught:
        walk(data)
    return str(caught.value)


@pytest.mark.parametrize("seed", range(40))
def test_every_text_shape_and_type_is_what_h5py_reads(seed):
    data = random_file(random.Random(seed))
    assert described(data) == oracle(data)


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("fill", [small, wide])
def test_trees_of_several_levels_and_objects_too_large_for_blocks_are_read(fill, libver):
    data = written(libver, fill)
    assert described(data) == oracle(data)


def test_addresses_of_two_bytes_are_read():
    properties = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    properties.set_sizes(2, 2)
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fapl_core(backing_store=False)
    with h5py.File(h5py.h5f.create(b"small", h5py.h5f.ACC_TRUNC, properties, access)) as file:
        small(file)
        file.flush()
        data = file.id.get_file_image()
    assert described(data) == oracle(data)


FLOATS = {
    # (bytes, the sign's bit, the exponent's first bit and length, the mantissa's, the exponent's bias)
    "float16": (2, 15, 10, 5, 0, 10, 15),
    "bfloat16": (2, 15, 7, 8, 0, 7, 127),
    "float8_e4m3fn": (1, 7, 3, 4, 0, 3, 7),
    "float8_e5m2": (1, 7, 2, 5, 0, 2, 15),
    "float64": (8, 63, 52, 11, 0, 52, 1023),
    None: (2, 15, 9, 6, 0, 9, 31),
}


@pytest.mark.parametrize("order", [h5py.h5t.ORDER_LE, h5py.h5t.ORDER_BE])
@pytest.mark.parametrize("name", FLOATS)
def test_floats_are_known_by_the_layout_of_their_bits(name, order):
    size, *fields, bias = FLOATS[name]
    kind = h5py.h5t.IEEE_F64LE.copy()
    if size < 8:
        kind.set_fields(*fields)
        kind.set_precision(8 * size)
        kind.set_size(size)
    kind.set_ebias(bias)
    kind.set_order(order)
    data = written("latest", lambda file: h5py.h5d.create(file.id, b"weight", kind, h5py.h5s.create_simple((2, 3))))
    assert described(data)["weight"] == ((2, 3), name)


def test_types_that_weights_never_have_are_named_by_kind():
    data = written("earliest", lambda file: file.create_dataset("pairs", data=np.zeros(3, "i4,f8")))
    assert walk(data)["pairs"].datatype.kind == "compound"


def test_only_a_part_of_a_file_can_be_read_as_an_archive_holds_one():
    data = written("earliest", small)
    file = io.BytesIO(b"before" + data + b"after")
    assert open_hdf5(file, "x", 6, len(data)).text("keras_version") == b"2.15.0"


@pytest.mark.parametrize("libver", ["earliest", "latest"])
def test_a_file_cut_short_is_refused(libver):
    data = written(libver, small)
    assert "cut short" in refusal(data[:-1])
    for size in range(0, len(data), 97):
        refusal(data[:size])


def link_up(file):
    file.create_group("down")["up"] = file["/"]


def link_twice(file):
    file["one"] = [1.0]
    file["two"] = file["one"]


def link_away(file):
    file["away"] = h5py.ExternalLink("other.h5", "/")


def nest(file):
    group = file
    for _ in range(300):
        group = group.create_group("group")


REFUSED = {
    link_up: "is reached twice",
    link_twice: "is reached twice",
    link_away: "a symbolic or external link, 'away'",
    nest: "a path in it is longer than 1,024 characters",
}


@pytest.mark.parametrize("libver", ["earliest", "latest"])
@pytest.mark.parametrize("fill", REFUSED)
def test_what_leads_round_or_away_is_refused(fill, libver):
    assert REFUSED[fill] in refusal(written(libver, fill))


def test_free_space_of_no_bytes_in_a_heap_is_refused():
    """The HDF Group's library never gets past it."""
    data = written("earliest", lambda file: file.attrs.update(model_config="{}"))
    heap = data.index(b"GCOL")
    free = heap + 16 + 16 + 8  # behind the head, the one object's head, and its two bytes padded to eight
    assert int.from_bytes(data[free + 8 : free + 16], "little") == 4096 - (free - heap)
    assert "free space" in refusal(data[: free + 8] + bytes(8) + data[free + 16 :])


def test_a_special_driver_s_block_is_refused():
    data = written("earliest", small)
    assert "a special file driver" in refusal(data[:48] + bytes(8) + data[56:])


def test_a_text_named_a_thousand_times_costs_what_it_would_take():
    def fill(file):
        file.attrs.create("model_config", ["x" * 60_000] + ["y"] * 2_000, dtype=h5py.string_dtype())

    data = written("earliest", fill)
    assert len(walk(data)["@model_config"]) == 2_001
    identity = data.index((60_000).to_bytes(4, "little"), data.index(b"model_config"))
    many = data[:identity] + data[identity : identity + 16] * 2_001 + data[identity + 16 * 2_001 :]
    assert "its structures overlap" in refusal(many)


def test_the_metadata_of_a_large_file_are_limited(monkeypatch):
    data = written("earliest", wide) + bytes(2**20)
    walk(data)
    monkeypatch.setattr("paramcalc.formats.hdf5.access.MAX_HDF5_METADATA", 10_000)
    assert "the metadata of this HDF5 file take more than 0 MiB, the limit; set the environment" in refusal(data)


@pytest.mark.parametrize("at", range(0, 96, 8))
def test_numbers_past_all_bounds_are_refused_before_memory_is_taken(at):
    """Each field of the superblock and of the root's header in turn."""
    data = written("latest", small)
    tracemalloc.start()
    try:
        refusal(data[:at] + b"\xfe" * 8 + data[at + 8 :])
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("seed", range(4))
def test_damage_is_refused_or_does_no_harm(seed, monkeypatch):
    """By the checksums where there are any, and without them as well."""
    rng, files = random.Random(seed), seeds()
    for number in range(70):
        if number == 35:
            monkeypatch.setattr("paramcalc.formats.hdf5.checksum.verify", lambda access, data, what: None)
        with suppress(InputError):
            walk(damaged(rng.choice(files), rng))
