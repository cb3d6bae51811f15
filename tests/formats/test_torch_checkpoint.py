"""Checkpoints of torch.save: held against what PyTorch loads of them, and against pickles that want to run."""

import json
import os
import pickle
import struct
import time
import zipfile
from io import BytesIO

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.formats.source import open_source
from paramcalc.formats.torch_checkpoint import contents
from paramcalc.formats.torch_checkpoint.values import Array, Dtype, Mapping
from paramcalc.formats.torch_checkpoint.weights import weights_in
from paramcalc.limits import MAX_NESTED
from tests.each import each
from tests.formats.conftest import FROZEN

with zipfile.ZipFile(FROZEN) as frozen:
    TRUTH = {name: said for name, said in json.loads(frozen.read("truth.json")).items() if name.startswith("torch/")}

PREFIX = {
    "module_in_dict": "model.",
    "nested": "state_dict.",
    "lightning": "state_dict.",
    "average": "model.",
    "flax": "params.",
}
"""What stands before the names of the weights in a file, and is no part of them."""


def found_in(source):
    with open_source(source) as opened:
        return contents(opened)


def by_name(source):
    return {tensor.name: tensor for tensor in found_in(source).tensors}


@each("file", sorted(TRUTH))
def test_tensors_are_those_that_pytorch_loads(file, checkpoints):
    expected = TRUTH[file]
    prefix = PREFIX.get(file.split("/")[1].split(".")[0], "")
    found = {}
    for tensor in found_in(checkpoints / file).tensors:
        name = next(name for name in (tensor.name, prefix + tensor.name, "") if name in expected)
        found[name] = [list(tensor.shape), tensor.dtype]
    assert found == {name: said[:2] for name, said in expected.items()}


@each("file", sorted(TRUTH))
def test_bytes_are_those_of_the_storages(file, checkpoints):
    """Of an archive, whose storages are files in it; what a module keeps out of its state_dict counts for nothing."""
    tensors = found_in(checkpoints / file).tensors
    if zipfile.is_zipfile(checkpoints / file) and not file.startswith("torch/module"):
        with zipfile.ZipFile(checkpoints / file) as archive:
            stored = sum(entry.file_size for entry in archive.infolist() if "/data/" in entry.filename)
        arrays = 24 if file == "torch/numpy.pt" else 0
        assert sum(tensor.size for tensor in tensors) == stored + arrays
    plain = [tensor for tensor in tensors if not tensor.tied_to and TRUTH[file].get(tensor.name, [0, 0, None])[2]]
    if "views" not in file and "slice" not in file and "meta" not in file:
        assert all(tensor.size == TRUTH[file][tensor.name][2] for tensor in plain if tensor.dtype[0] != "q")


@pytest.mark.parametrize("ending", ["pt", "pth"])
class TestBothLayouts:
    def test_parameters_and_buffers_are_told_by_their_names(self, ending, checkpoints):
        totals = summarize(load(checkpoints / f"torch/state_dict.{ending}")).totals
        lstm = 4 * 3 * (4 + 3 + 2)
        assert totals.params == 9 * 4 + 8 + lstm + 4 * 4 * 4 + 16 + 2 * (4 * 4 + 4) + 2
        assert totals.buffers == 9 + 4 + 4 + 1

    def test_tied_weights_count_once(self, ending, checkpoints):
        tensors = by_name(checkpoints / f"torch/state_dict.{ending}")
        assert (tensors["head.weight"].tied_to, tensors["head.weight"].size) == ("embed.weight", 0)

    def test_the_same_elements_turned_are_tied_and_parts_are_not(self, ending, checkpoints):
        tensors = by_name(checkpoints / f"torch/views.{ending}")
        assert {name: tensor.tied_to for name, tensor in tensors.items()} == {
            **dict.fromkeys(("row", "base", "column", "one")),
            **dict.fromkeys(("again", "turned"), "base"),
        }
        assert sum(tensor.size for tensor in tensors.values()) == 96

    def test_a_slice_is_stored_with_all_that_it_was_cut_from(self, ending, checkpoints):
        found = found_in(checkpoints / f"torch/slice.{ending}")
        assert [(tensor.name, tensor.size) for tensor in found.tensors] == [("part", 4000), ("wide", 4)]
        assert found.warnings[0].startswith(
            "part: a part of a larger storage, all of which is in the file: 3,960 bytes"
        )
        assert summarize(load(checkpoints / f"torch/slice.{ending}")).totals.params == 17

    def test_of_a_sparse_tensor_the_stored_values_count(self, ending, checkpoints):
        tensors = by_name(checkpoints / f"torch/sparse.{ending}")
        assert {name: tensor.elements for name, tensor in tensors.items()} == {"coo": 4, "csr": 4, "bias": None}
        assert tensors["coo"].size == 2 * 4 * 8 + 4 * 4
        assert found_in(checkpoints / f"torch/sparse.{ending}").warnings[-1:] == [
            "coo is sparse_coo, csr is sparse_csr"
        ]

    def test_a_quantised_tensor_has_its_scales_with_it(self, ending, checkpoints):
        tensors = by_name(checkpoints / f"torch/quantised.{ending}")
        assert (tensors["each"].dtype, tensors["each"].size) == ("quint8", 12)
        assert (tensors["channels"].dtype, tensors["channels"].size) == ("qint8", 12 + 3 * 4 + 3 * 4)
        assert summarize(load(checkpoints / f"torch/quantised.{ending}")).totals.params == 24

    @pytest.mark.parametrize("file", ["nested", "lightning", "average"])
    def test_what_a_training_keeps_is_apart(self, ending, file, checkpoints):
        alone = summarize(load(checkpoints / f"torch/state_dict.{ending}"))
        summary = summarize(load(checkpoints / f"torch/{file}.{ending}"))
        assert (summary.totals.params, summary.totals.buffers) == (alone.totals.params, alone.totals.buffers)
        assert summary.totals.size_bytes == alone.totals.size_bytes + summary.details["training_bytes"]
        assert summary.details["saved_under"] == PREFIX[file][:-1]
        kinds = {weight.kind for row in summary.layers for weight in row.weights}
        assert kinds == {"weight", "bias", "buffer", "state"}

    def test_two_models_in_one_file_are_both_counted(self, ending, checkpoints):
        names = by_name(checkpoints / f"torch/two.{ending}")
        assert {name.split(".")[0] for name in names} == {"generator", "discriminator"}
        assert {tensor.kind for tensor in names.values()} == {None}

    def test_the_state_of_an_optimizer_alone_has_no_parameters(self, ending, checkpoints):
        summary = summarize(load(checkpoints / f"torch/optimizer.{ending}"))
        assert summary.totals.params == summary.totals.buffers == 0
        assert summary.details["training_tensors"] == 6

    def test_without_data_there_are_no_bytes(self, ending, checkpoints):
        totals = summarize(load(checkpoints / f"torch/meta.{ending}")).totals
        assert (totals.params, totals.size_bytes) == (12, 0)


def test_a_whole_module_has_what_its_state_dict_has(checkpoints):
    alone = summarize(load(checkpoints / "torch/state_dict.pt")).totals
    for file in ("module.pt", "module_in_dict.pth"):
        totals = summarize(load(checkpoints / f"torch/{file}")).totals
        assert (totals.params, totals.buffers) == (alone.params, alone.buffers)


def test_a_program_of_torchscript_is_read_by_the_names_of_its_modules(checkpoints):
    summary = summarize(load(checkpoints / "torch/script.pt"))
    assert (summary.format, summary.totals.params, summary.totals.buffers) == ("torchscript", 3 * 4 + 4 + 8, 9)


def test_objects_that_hold_no_tensor_are_named(checkpoints):
    assert summarize(load(checkpoints / "torch/arguments.pt")).warnings == [
        "objects of classes that are not known hold no tensor: argparse.Namespace"
    ]


# Pickles made here.


def zipped(data, storages=(), folder="archive", method=zipfile.ZIP_STORED):
    """An archive as PyTorch writes it, around a pickle."""
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr(f"{folder}/data.pkl", data)
        for key, size in dict(storages).items():
            archive.writestr(f"{folder}/data/{key}", bytes(size))
    return packed.getvalue()


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value.encode()


def call(name, *arguments):
    """A call of a name in a module."""
    module, _, short = name.rpartition(".")
    return b"c%s\n%s\n(" % (module.encode(), short.encode()) + b"".join(arguments) + b"tR"


def whole(number):
    return b"J" + struct.pack("<i", number)


def storage(key="0", count=12, kind="FloatStorage"):
    return b"(" + text("storage") + b"ctorch\n%s\n" % kind.encode() + text(key) + text("cpu") + whole(count) + b"tQ"


def row(*numbers):
    return b"(" + b"".join(map(whole, numbers)) + b"t"


def tensor(first=0, shape=(3, 4), stride=(4, 1), stored=None):
    hooks = call("collections.OrderedDict")
    parts = (storage() if stored is None else stored, whole(first), row(*shape), row(*stride), b"\x89", hooks)
    return call("torch._utils._rebuild_tensor_v2", *parts)


def holding(**values):
    """A dict with these."""
    return b"\x80\x02}(" + b"".join(text(key) + value for key, value in values.items()) + b"u."


def error(data):
    with pytest.raises(InputError) as caught:
        load(data, name="f")
    return str(caught.value)


GOOD = zipped(holding(weight=tensor()), {"0": 48})


def test_what_is_made_here_is_read():
    [row] = summarize(load(GOOD)).layers
    assert (row.path, row.params, row.weights[0].shape) == ("weight", 12, (3, 4))


class Runs:
    """An object that runs a command when it is loaded."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize(
    "call_",
    [
        (os.system, "touch pwned"),
        (eval, "open('pwned','w')"),
        (exec, "1"),
        (getattr, "a", "upper"),
        (open, "pwned", "w"),
    ],
)
def test_nothing_is_ever_called(call_, protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps({"x": Runs(*call_)}, protocol)
    assert "which paramcalc never does" in error(zipped(data))
    old = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {}))
    assert "which paramcalc never does" in error(old + data + pickle.dumps([], 2))
    assert list(tmp_path.iterdir()) == []


def test_the_first_protocol_is_refused():
    assert "torch.save never writes it" in error(zipped(pickle.dumps({"x": 1.5, "y": [1]}, 0)))


BROKEN = {
    "no stop": (b"\x80\x02}", "nothing is there at byte 3"),
    "empty": (b"", "nothing is there at byte 0"),
    "nothing on the stack": (b"\x80\x02.", "a broken pickle"),
    "protocol 6": (b"\x80\x06N.", "a pickle of protocol 6; 2 to 5 are read"),
    "no opcode": (b"\x80\x02\xff.", "0xff, which is no opcode, at byte 2"),
    "a class by INST": (b"\x80\x02(ios\nsystem\n.", "the opcode INST at byte 3; torch.save never writes it"),
    "a class by OBJ": (b"\x80\x02(cos\nsystem\no.", "the opcode OBJ"),
    "an extension": (b"\x80\x02\x82\x01.", "the opcode EXT1"),
    "a name as persistent": (b"\x80\x02Pstorage\n.", "the opcode PERSID"),
    "a text past the end": (b"\x80\x02X\xff\xff\xff\x7fa.", "it ends at byte 9, in the middle of a value"),
    "bytes past the end": (b"\x80\x02\x8e" + b"\xff" * 8 + b".", "a broken pickle"),
    "no text": (b"\x80\x02X\x01\0\0\0\xff.", "makes no sense"),
    "a long integer": (b"\x80\x02\x8b\xff\xff\0\0" + b"\1" * 65535 + b".", "an integer of 65,535 bytes, more than 256"),
    "nothing kept": (b"\x80\x02h\x07.", "at byte 4 it asks for what it has not kept"),
    "a list that is a dict": (b"\x80\x02}Na.", "makes no sense"),
    "a dict that is a list": (b"\x80\x02]NNs.", "makes no sense"),
    "a key without a value": (b"\x80\x02}(Nu.", "makes no sense"),
    "a call of a text": (b"\x80\x02" + text("a") + b")R.", "calls what it made itself"),
    "a call without arguments": (b"\x80\x02ctorch\nSize\nNR.", "makes no sense"),
    "attributes of a name": (b"\x80\x02cos\nsystem\n}b.", "makes no sense"),
    "an array of no type": (
        b"\x80\x02cnumpy.core.multiarray\n_reconstruct\n)R(K\x01K\x03\x85K\x07\x89Ntb.",
        "makes no sense",
    ),
    "no end of a name": (b"\x80\x02cos", "makes no sense"),
    "names that are no texts": (b"\x80\x02NN\x93.", "makes no sense"),
    "an identity of nothing": (b"\x80\x02NQ.", "something outside it that is no storage"),
    "an unknown storage": (
        holding(a=tensor(stored=storage(kind="Secret"))),
        "a storage of the unknown kind torch.Secret",
    ),
    "a negative storage": (holding(a=tensor(stored=storage(count=-1))), "a storage without a name, or without a size"),
    "past the storage": (holding(a=tensor(first=1)), "a tensor of 52 bytes in a storage of 48"),
    "a negative place": (holding(a=tensor(first=-1)), "no storage, or no place in it"),
    "a negative shape": (holding(a=tensor(shape=(-3, 4))), "an impossible shape"),
    "negative strides": (holding(a=tensor(stride=(-4, 1))), "an impossible shape"),
    "too few strides": (holding(a=tensor(stride=(1,))), "a shape and strides of other lengths"),
    "many axes": (holding(a=tensor(shape=(1,) * 17, stride=(1,) * 17)), "has 17 axes"),
    "no arguments": (holding(a=call("torch._utils._rebuild_tensor_v2")), "called with arguments that it does not take"),
    "another dtype": (
        holding(a=call("torch._utils._rebuild_meta_tensor_no_storage", b"ctorch\nfloat7\n", row(3))),
        "a dtype that is not known",
    ),
    "no tensors": (holding(a=whole(1)), "a PyTorch file without a tensor in it"),
    "an unknown object with tensors": (
        holding(a=b"cmine\nThing\n)\x81}" + text("w") + tensor() + b"sb"),
        r"tensors are in an object of the class mine.Thing, which is not known; save the weights alone",
    ),
}


@each("case", BROKEN)
def test_what_is_wrong_is_said(case):
    data, words = BROKEN[case]
    assert words in error(zipped(data, {"0": 48}))


def test_a_storage_that_is_missing_or_of_another_size_is_named():
    pickled = holding(weight=tensor())
    assert "the archive lacks archive/data/0: it is not complete" in error(zipped(pickled))
    assert "storage 0 has 44 bytes, where the pickle says 48" in error(zipped(pickled, {"0": 44}))
    two = holding(a=tensor(), b=tensor(stored=storage(count=13)))
    assert "storage 0 has 52 bytes at one place, 48 at another" in error(zipped(two, {"0": 48}))


def test_there_is_one_pickle():
    packed = BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a/data.pkl", holding())
        archive.writestr("b/data.pkl", holding())
    assert "the archive has 2 files data.pkl where PyTorch writes one" in error(packed.getvalue())


@pytest.mark.parametrize("keys", [b"N", b"](" + text("0") + b"]e", b"]", b"](" + text("0") + text("1") + b"e"])
def test_an_old_file_with_another_list_of_storages_is_refused(keys):
    parts = b"".join(pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {}))
    data = parts + holding(weight=tensor()) + b"\x80\x02" + keys + b"." + struct.pack("<q", 12) + bytes(48)
    assert "the list of storages is not that of the tensors'" in error(data)


@pytest.mark.parametrize("cut", [1, 40, 100, 1000])
def test_an_old_file_that_is_cut_off_says_so(cut, checkpoints):
    data = (checkpoints / "torch/state_dict.pth").read_bytes()
    message = error(data[:-cut])
    assert "it is cut off" in message


def test_an_old_file_of_the_other_byte_order_is_refused(checkpoints):
    data = (checkpoints / "torch/state_dict.pth").read_bytes()
    at = data.index(b"little_endian") + len(b"little_endian")
    assert data[at + 2 : at + 3] == b"\x88"  # True, behind a number of the memo
    assert "the other byte order" in error(data[: at + 2] + b"\x89" + data[at + 3 :])


def test_an_old_file_with_long_pickles_is_read(checkpoints):
    parts = [pickle.dumps(part, 2) for part in (0x1950A86A20F9469CFC6C, 1001, {"x": "y" * 5_000_000})]
    data = (
        b"".join(parts)
        + holding(weight=tensor())
        + b"\x80\x02]("
        + text("0")
        + b"e."
        + struct.pack("<q", 12)
        + bytes(48)
    )
    assert summarize(load(data)).totals.params == 12
    assert "elements, where the pickle says otherwise" in error(data[:-56] + struct.pack("<q", 13) + bytes(52))


def nested_twice(levels):
    """A dict with the same dict twice in it, and so on: 2 ** levels tensors, if all are entered."""
    value = tensor() + b"q\0"
    for level in range(levels):
        value = b"}(" + text("a") + value + text("b") + b"h" + bytes([level]) + b"uq" + bytes([level + 1])
    return b"\x80\x02" + value + b"."


def test_parts_that_are_shared_do_not_become_more_than_the_file():
    assert summarize(load(zipped(nested_twice(3), {"0": 48}))).totals.params == 12
    start = time.process_time()
    assert "so often that it becomes many times its size" in error(zipped(nested_twice(60), {"0": 48}))
    assert time.process_time() - start < 1


def test_what_is_nested_has_an_end():
    def deep(levels):
        value = tensor()
        for _ in range(levels):
            value = b"}" + text("a") + value + b"s"
        return zipped(b"\x80\x02" + value + b".", {"0": 48})

    assert summarize(load(deep(MAX_NESTED))).totals.params == 12
    assert f"nested more than {MAX_NESTED} deep" in error(deep(MAX_NESTED + 1))


@pytest.mark.parametrize(
    "inside", [b"]q\0h\0a", b"}q\0" + text("a") + b"h\0s", b"cmine\nA\n)\x81q\0h\0b", b"cmine\nA\n)\x81q\0(h\0tb"]
)
def test_what_is_in_itself_has_an_end(inside):
    message = error(zipped(b"\x80\x02" + inside + b"."))
    assert "nested more than" in message or "so often" in message or "without a tensor" in message


def test_keys_that_would_collide_cost_no_time():
    keys = b"".join(b"\x8a\x0a" + (number * (2**61 - 1)).to_bytes(10, "little") + b"N" for number in range(30_000))
    start = time.process_time()
    assert summarize(load(zipped(b"\x80\x02}(" + text("w") + tensor() + keys + b"u.", {"0": 48}))).totals.params == 12
    assert time.process_time() - start < 1.5


@pytest.mark.parametrize(
    ("opcode", "words"),
    [(b"N", "more than 16,000,000 steps"), (b"]", "more than 8,000,000 objects"), (b"\x94", "objects")],
)
def test_a_pickle_of_many_steps_or_objects_is_refused(opcode, words, monkeypatch):
    monkeypatch.setattr("paramcalc.formats.torch_checkpoint.opcodes.MAX_PICKLE_STEPS", 16_000)
    monkeypatch.setattr("paramcalc.formats.torch_checkpoint.machine.MAX_PICKLE_OBJECTS", 8_000)
    assert words.replace(",000,000", ",000") in error(zipped(b"\x80\x02N" + opcode * 16_001 + b"."))
    assert "without a tensor" in error(zipped(b"\x80\x02N" + opcode * 7_990 + b"."))


def test_a_pickle_up_to_the_limit_is_read(monkeypatch):
    monkeypatch.setenv("PARAMCALC_MAX_MIB", "1")
    padded = b"\x80\x02X" + struct.pack("<I", (1 << 20) - 9) + b"x" * ((1 << 20) - 9) + b"0"
    good = holding(weight=tensor())[2:]
    start = b"\x80\x02X" + struct.pack("<I", (1 << 20) - 8 - len(good)) + b"x" * ((1 << 20) - 8 - len(good)) + b"0"
    assert len(start + good) == 1 << 20
    within, beyond = (zipped(each + good, {"0": 48}, method=zipfile.ZIP_DEFLATED) for each in (start, padded))
    assert summarize(load(within)).totals.params == 12
    assert "archive/data.pkl is larger than 1 MiB" in error(beyond)


def test_a_storage_s_views_count_its_bytes_once():
    """What the old layout of 0.3 calls a view: a storage that is a part of another."""

    def part(first, count):
        view = b"(" + text("v") + whole(first) + whole(count) + b"t"
        return b"(" + text("storage") + b"ctorch\nFloatStorage\n" + text("0") + text("cpu") + whole(12) + view + b"tQ"

    a = tensor(shape=(6,), stride=(1,), stored=part(0, 6))
    b = tensor(shape=(6,), stride=(1,), stored=part(6, 6))
    assert summarize(load(zipped(holding(a=a, b=b), {"0": 48}))).totals.size_bytes == 48
    assert summarize(load(zipped(holding(a=a, b=a), {"0": 48}))).layers[1].weights[0].tied_to == "a"
    assert "a view of storage 0 ends behind it" in error(zipped(holding(a=tensor(stored=part(7, 6))), {"0": 48}))


def test_shards_may_be_of_torch_save(tmp_path):
    index = {
        "metadata": {"total_size": 96},
        "weight_map": {"a.w": "x-00001-of-00002.bin", "b.w": "x-00002-of-00002.bin"},
    }
    (tmp_path / "pytorch_model.bin.index.json").write_text(json.dumps(index))
    for number, name in ((1, "a.w"), (2, "b.w")):
        data = zipped(holding(**{name: tensor()}), {"0": 48})
        (tmp_path / f"x-0000{number}-of-00002.bin").write_bytes(data)
    assert summarize(load(tmp_path / "pytorch_model.bin.index.json")).totals.params == 24
    assert summarize(load(tmp_path)).totals.params == 24


DEEP = {
    "lists": b"]" * 300_000 + b"a" * 299_999,
    "dicts": (b"}N" * 300_000)[:-1] + b"s" * 299_999,
    "tuples": b")" + b"\x85" * 300_000,
    "objects": b"cmine\nA\nq\0)\x81" + b"h\0)\x81" * 100_000 + b"b" * 100_000,
    "marks": b"(" * 300_000 + b"t" * 300_000,
}


@pytest.mark.parametrize("case", DEEP)
def test_what_is_very_deep_neither_crashes_nor_takes_long(case):
    start = time.process_time()
    message = error(zipped(b"\x80\x02" + DEEP[case] + b"."))
    assert "nested more than" in message or "without a tensor" in message
    assert time.process_time() - start < 2


def test_chains_of_calls_end():
    chained = tensor()
    for _ in range(3):
        parts = (b"ctorch._tensor\n_rebuild_from_type_v2\n", b"N", b"(" + chained + b"t", b"N")
        chained = call("torch._tensor._rebuild_from_type_v2", *parts)
    assert "it is not made as any tensor is" in error(zipped(holding(a=chained), {"0": 48}))
    quantised = tensor()
    for _ in range(3):
        quantizer = b"(N" + quantised + b"t"
        parts = (storage(), whole(0), row(3, 4), row(4, 1), quantizer, b"\x89", b"N")
        quantised = call("torch._utils._rebuild_qtensor", *parts)
    assert "beside a tensor that has others beside it" in error(zipped(holding(a=quantised), {"0": 48}))


def saved(**parts):
    """A dict that was saved; what is no dict is a tensor."""
    found = Mapping()
    found.pairs = [(name, saved(**part) if isinstance(part, dict) else part) for name, part in parts.items()]
    return found


def a_tensor():
    array = Array()
    array.dtype = Dtype("float32", 4)
    return array


def test_weights_may_be_in_a_dict_of_a_dict():
    """The names are those of the weights; what the training keeps beside them has the names of its places."""
    state = {"step": a_tensor()}
    inner = {"state_dict": {"head.weight": a_tensor()}, "optimizer": state}
    found = weights_in(saved(model=inner, optimizer=state, epoch=3), 20)
    assert found.under == "model.state_dict"
    assert {(".".join(item.path), item.kind) for item in found.found} == {
        ("head.weight", None),
        ("model.optimizer.step", "state"),
        ("optimizer.step", "state"),
    }


def test_a_tensor_of_a_class_of_its_own_is_what_it_is_made_as():
    hooks = call("collections.OrderedDict")
    arguments = b"(" + storage() + whole(0) + row(3, 4) + row(4, 1) + b"\x89" + hooks + b"t"
    made = b"ctorch._utils\n_rebuild_tensor_v2\n"
    own = call("torch._tensor._rebuild_from_type_v2", made, b"cmine\nTensor\n", arguments, b"}")
    assert summarize(load(zipped(holding(a=own), {"0": 48}))).totals.params == 12
