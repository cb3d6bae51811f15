"""Freeze exported programs with what PyTorch says of the modules: `python -m tests.oracle.freeze_torch_export`.

Writes tests/data/torch_export/VERSION.jsonl.gz for the PyTorch that it runs with; 2.5, 2.6, 2.7 and 2.13 are there, the
first and the third without the state_dict. A line is a program: the JSON in its archive, and facts of its parameters,
buffers and products. The bytes of the weights and the lines of Python that each operation came from are left out.
"""

import base64
import copy
import gzip
import io
import json
import sys
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

from tests.oracle.torch_operations import operations
from tests.oracle.torch_programs import Case, newer, zoo

STATE = "serialized_state_dict.pt"
FOLDER = Path(__file__).resolve().parents[1] / "data" / "torch_export"


def counted(module: nn.Module, inputs: tuple[Any, ...]) -> int:
    """FLOPs with every product visible: fused attention and recurrent layers hide theirs."""
    torch.backends.mha.set_fastpath_enabled(False)
    math = torch.backends.mkldnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH)
    with torch.no_grad(), math[0], math[1], FlopCounterMode(display=False) as counter:
        module(*inputs)
    torch.backends.mha.set_fastpath_enabled(True)
    return int(counter.get_total_flops())


def flops(case: Case) -> int | None:
    if case.flops != -1:
        return case.flops
    return counted(*(case.twin or (case.module, case.inputs)))


def exported(case: Case) -> dict[str, Any]:
    """The JSON of the archive, its state_dict, and which entries are empty, by name."""
    torch._dynamo.reset()
    with torch.set_grad_enabled(not case.inference):
        program = torch.export.export(case.module, case.inputs, **case.options)
    if case.decompose:
        program = program.run_decompositions()
    file = io.BytesIO()
    torch.export.save(program, file)
    entries = {}
    with zipfile.ZipFile(file) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith((".json", "archive_format")):
                entries[entry.filename] = without_traces(archive.read(entry).decode())
            elif entry.filename == STATE:
                entries[entry.filename] = described(archive.read(entry))
            elif entry.file_size == 0:
                entries[entry.filename] = ""
    return entries


def described(data: bytes) -> dict[str, str | int]:
    """A file of `torch.save`: its pickle in base64, and how long each other entry is."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sizes: dict[str, str | int] = {entry.filename: entry.file_size for entry in archive.infolist()}
        pickle = next(name for name in sizes if name.endswith("data.pkl"))
        return sizes | {pickle: base64.b64encode(archive.read(pickle)).decode()}


def without_traces(text: str) -> str:
    """The same without the lines of Python and what only they need; text that is no JSON stays."""
    if not text.startswith("{"):
        return text

    def strip(value: Any) -> Any:
        if isinstance(value, dict):
            dropped = ("stack_trace", "torch_fn", "device", "in_spec", "out_spec", "from_node")
            return {key: strip(item) for key, item in value.items() if key not in dropped}
        return [strip(item) for item in value] if isinstance(value, list) else value

    return json.dumps(strip(json.loads(text)), separators=(",", ":"))


def facts(module: nn.Module) -> dict[str, Any]:
    """Parameters and buffers by name."""
    names: dict[int, str] = {}
    parameters, tied = {}, {}
    for name, item in module.named_parameters(remove_duplicate=False):
        if id(item) in names:
            tied[name] = names[id(item)]
        else:
            names[id(item)] = name
            parameters[name] = [list(item.shape), str(item.dtype)[6:], item.requires_grad]
    kept = set(module.state_dict())
    buffers = {name: [list(b.shape), str(b.dtype)[6:], name in kept] for name, b in module.named_buffers()}
    return {"parameters": parameters, "tied": tied, "buffers": buffers}


def main() -> None:
    warnings.simplefilter("ignore")
    torch.manual_seed(0)
    version = ".".join(torch.__version__.split(".")[:2])
    recent = tuple(map(int, version.split("."))) >= (2, 9)
    cases = zoo() | (newer() | operations() if recent else {})
    lines = []
    for name, case in cases.items():
        case.module.train(case.train)
        try:
            entries = exported(copy.deepcopy(case))
        except Exception as error:
            sys.exit(f"{name}: {type(error).__name__}: {str(error)[:300]}")
        line = {"name": name, "flops": flops(case), **facts(case.module), "entries": entries}
        lines.append(json.dumps(line, separators=(",", ":")))
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{version}.jsonl.gz"
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode(), compresslevel=9, mtime=0))
    print(path.name, len(lines), path.stat().st_size)


if __name__ == "__main__":
    main()
