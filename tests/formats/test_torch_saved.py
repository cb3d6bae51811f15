"""What torch.save makes of values that few checkpoints hold: `tests/oracle/freeze_torch_saved.py` froze the files."""

import json
import zipfile
from pathlib import Path

import pytest

from paramcalc import InputError, load, summarize
from paramcalc.formats.source import open_source
from paramcalc.formats.torch_checkpoint import contents

FROZEN = Path(__file__).resolve().parents[1] / "data" / "torch_saved.zip"
with zipfile.ZipFile(FROZEN) as frozen:
    FILES = {name: frozen.read(name) for name in frozen.namelist()}
TRUTH = json.loads(FILES.pop("truth.json"))
REFUSED = {
    "frozen.pt": "a program of TorchScript without parameters: torch.jit.freeze makes constants of them",
    "packed.pt": "tensors are in an object of the class __torch__.torch.classes.quantized.LinearPackedParamsBase",
    "packed_module.pt": "LinearPackedParams has its weights packed in an object of PyTorch's C",
}


def tensors_in(file):
    with open_source(FILES[file], name=file) as source:
        found = contents(source)
    under = found.details.get("saved_under")
    return {
        f"{under}.{tensor.name}" if under and tensor.kind != "state" else tensor.name: tensor
        for tensor in found.tensors
    }


@pytest.mark.parametrize("file", sorted(name for name in FILES if name.rpartition("_")[0] and name not in REFUSED))
def test_tensors_are_those_that_were_saved(file):
    """In both layouts and every protocol that pickles have had since Python 2."""
    assert {name: [list(t.shape), t.dtype] for name, t in tensors_in(file).items()} == TRUTH[file]


@pytest.mark.parametrize("file", ["script.pt", "traced.pt", "recurrent.pt"])
def test_parameters_of_a_program_are_those_that_its_code_names(file):
    """Integers too; buffers, and tensors that are neither, are saved beside them."""
    found = {name: [list(t.shape), t.dtype] for name, t in tensors_in(file).items() if t.kind != "buffer"}
    assert found == {name: said for name, said in TRUTH[file].items() if name in found}
    assert {name for name in TRUTH[file] if name not in found} <= {"same.weight", "same.bias"}


def test_what_a_program_keeps_beside_its_parameters_is_no_parameter():
    totals = summarize(load(FILES["script.pt"])).totals
    assert (totals.params, totals.buffers) == (4 * 3 + 3 + 2 + 3, 5 + 7 + 2 + 3)


@pytest.mark.parametrize("file", sorted(REFUSED))
def test_weights_that_only_pytorch_can_unpack_are_refused(file):
    with pytest.raises(InputError, match=REFUSED[file]):
        load(FILES[file])


def test_several_numbers_in_a_byte_take_whole_bytes_for_each_row():
    """As the storages do: PyTorch pads each row of an embedding of four bits."""
    with zipfile.ZipFile(FROZEN) as archive, archive.open("four_bits_2.pt") as file, zipfile.ZipFile(file) as saved:
        stored = sum(entry.file_size for entry in saved.infolist() if "/data/" in entry.filename)
    tensors = tensors_in("four_bits_2.pt")
    assert sum(tensor.size for tensor in tensors.values()) == stored
    assert tensors["2x7"].size == 2 * 4 + 2 * 4 + 2 * 4
    assert [tensor.shape for tensor in tensors.values()] == [(3, 4), (3, 5), (2, 7), (1, 3)]


@pytest.mark.parametrize("file", ["optimizer_2.pt", "optimizer_5.pth"])
def test_an_optimizer_that_was_saved_whole_is_the_state_of_a_training(file):
    summary = summarize(load(FILES[file]))
    assert (summary.totals.params, summary.details["training_tensors"]) == (6, 8)
