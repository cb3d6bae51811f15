"""Writes what torch.save makes of values that checkpoints seldom hold, and which tensors these are.

    python -m tests.oracle.freeze_torch_saved tests/data/torch_saved.zip

Needs torch, numpy and ml_dtypes. The archive holds the files, and `truth.json`: for each file its tensors, name →
[shape, dtype]; of a program of TorchScript the parameters alone.
"""

import collections
import io
import json
import sys
import warnings
import zipfile

import ml_dtypes
import numpy as np
import torch
from torch import nn


class Attributes(nn.Module):
    """A module with tensors that are parameters, buffers and neither."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(4, 3)
        self.same = self.fc
        self.counts = nn.Parameter(torch.zeros(2, dtype=torch.int32), requires_grad=False)
        self.scale = nn.Parameter(torch.zeros(3))
        self.register_buffer("positions", torch.zeros(5))
        self.free = torch.ones(7)
        self.several = [torch.zeros(2), torch.zeros(3)]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.fc(x) * self.scale + self.same(x) + self.counts[0]
        return y + self.positions[:3] + self.free[:3] + self.several[0][0]


def quantised_to_four_bits(*shape: int) -> torch.Tensor:
    scales = torch.ones(shape[0])
    return torch.quantize_per_channel(torch.rand(*shape), scales, 0 * scales, 0, torch.quint4x2)


def trained() -> torch.optim.Optimizer:
    layer = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(layer.parameters())
    layer(torch.rand(1, 3)).sum().backward()
    optimizer.step()
    return optimizer


def values() -> dict[str, object]:
    """Name → what is saved."""
    base = torch.zeros(6)
    arrays = {
        "rows": np.zeros((2, 3), np.float32),
        "columns": np.zeros((2, 3), order="F"),
        "big": np.zeros(3, ">f4"),
        "nothing": np.zeros((0, 4), np.int8),
        "one": np.array(3.0),
        "brain": np.zeros((2, 2), ml_dtypes.bfloat16),
        "eight": np.zeros(3, ml_dtypes.float8_e4m3fn),
        "long": np.zeros(2, np.longdouble),
        "texts": np.array(["a", "bb"]),
        "dates": np.array(["2020-01-01"], "M8[D]"),
        "objects": np.array([torch.zeros(5), "x"], dtype=object),
        "random": np.random.RandomState(0).get_state(),
    }
    odd = {
        "weight": torch.zeros(2, 3),
        "range": range(3),
        "empty": b"",
        "generator": torch.Generator(),
        ("a", "tuple"): torch.zeros(3),
        "counter": collections.Counter("aab"),
        "queue": collections.deque([torch.zeros(4)], maxlen=3),
    }
    four = {f"{rows}x{row}": quantised_to_four_bits(rows, row) for rows, row in ((3, 4), (3, 5), (2, 7), (1, 3))}
    return {
        "arrays": arrays,
        "odd": odd,
        "four_bits": four,
        "optimizer": {"model": {"weight": base}, "optim": trained()},
    }


def written() -> dict[str, bytes]:
    """File → its bytes."""
    files = {}
    for name, value in values().items():
        for protocol, is_zip in ((2, True), (5, True), (2, False), (3, False), (4, False), (5, False)):
            file = io.BytesIO()
            torch.save(value, file, pickle_protocol=protocol, _use_new_zipfile_serialization=is_zip)
            files[f"{name}_{protocol}.{'pt' if is_zip else 'pth'}"] = file.getvalue()
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)).eval()
    dynamic = torch.ao.quantization.quantize_dynamic(nn.Sequential(nn.Linear(3, 2), nn.Conv1d(2, 3, 1)), {nn.Linear})
    files["script.pt"] = script(torch.jit.script(Attributes()))
    files["traced.pt"] = script(torch.jit.trace(Attributes(), torch.rand(2, 4)))
    files["recurrent.pt"] = script(torch.jit.script(nn.LSTM(2, 3)))
    files["frozen.pt"] = script(torch.jit.freeze(torch.jit.script(plain)))
    files["packed.pt"] = script(torch.jit.script(dynamic))
    file = io.BytesIO()
    torch.save(dynamic, file)
    files["packed_module.pt"] = file.getvalue()
    return files


def script(program: torch.jit.ScriptModule) -> bytes:
    file = io.BytesIO()
    torch.jit.save(program, file)
    return file.getvalue()


def tensors(value: object, way: tuple[str, ...] = ()) -> dict[str, list]:
    """Every tensor and every array of numbers in a value, by its name."""
    if isinstance(value, torch.optim.Optimizer):
        return tensors(value.__getstate__(), way)
    if isinstance(value, np.ndarray) and value.dtype == object:
        value = list(value)
    if isinstance(value, torch.Tensor):
        return {".".join(way): [list(value.shape), str(value.dtype).removeprefix("torch.")]}
    if isinstance(value, np.ndarray):
        is_number = value.dtype.kind in "biufc" or "ml_dtypes" in repr(value.dtype.type)
        return {".".join(way): [list(value.shape), value.dtype.name]} if is_number else {}
    found = {}
    if isinstance(value, dict):
        for place, (key, part) in enumerate(value.items()):
            found |= tensors(part, (*way, key if isinstance(key, str) else str(place)))
    elif isinstance(value, (list, tuple, collections.deque)):
        for place, part in enumerate(value):
            found |= tensors(part, (*way, str(place)))
    return found


def truth(name: str, data: bytes) -> dict[str, list]:
    """What PyTorch has in a file; its loader of the old layout fails on a Generator, so what was saved is asked."""
    saved = values().get(name.rpartition("_")[0])
    if saved is not None:
        return tensors(saved)
    if name == "packed_module.pt":
        return {}
    return tensors(dict(torch.jit.load(io.BytesIO(data)).named_parameters(remove_duplicate=False)))


def main() -> None:
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    files = written()
    with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
        said = {name: truth(name, data) for name, data in files.items()}
        archive.writestr(zipfile.ZipInfo("truth.json", (1980, 1, 1, 0, 0, 0)), json.dumps(said), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    main()
