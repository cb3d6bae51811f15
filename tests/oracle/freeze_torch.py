"""Ask real PyTorch what every case's module outputs, holds and multiplies, and freeze the answers.

    python -m tests.oracle.freeze_torch

needs `torch`, and rewrites `tests/data/torch/layers.jsonl.gz`: a header line naming the version, then a compact line a
case. It is run on a CPU, which refuses more, and again on the meta device, which must give the same shapes.
"""

import gzip
import importlib
import json
import pkgutil
import re
import sys
import warnings
from functools import reduce
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.utils.flop_counter import FlopCounterMode

import tests.oracle.torch_cases
from tests.oracle.torch_cases.table import Case

DATA = Path(__file__).parent.parent / "data" / "torch"
OF_INDICES = {
    "Embedding": (0, 1),
    "EmbeddingBag": (0, 1),
    "MaxUnpool1d": (1,),
    "MaxUnpool2d": (1,),
    "MaxUnpool3d": (1,),
}
"""Modules with inputs that are integers, and which of their inputs are."""
TWO_STATES = ("LSTM", "LSTMCell")


class Calling(nn.Module):
    """A function of torch as a module; its tensors go in one by one, or as one list."""

    def __init__(self, function: Any, as_list: bool = False, **options: Any) -> None:
        super().__init__()
        self.function, self.as_list, self.options = function, as_list, options

    def forward(self, *tensors: torch.Tensor) -> Any:
        """What the function gives."""
        first = [tensors] if self.as_list else tensors
        return self.function(*first, **self.options)


FUNCTIONS = {
    "Add": lambda **options: Calling(lambda *x: reduce(torch.add, x), **options),
    "Mul": lambda **options: Calling(lambda *x: reduce(torch.mul, x), **options),
    "Cat": lambda **options: Calling(torch.cat, as_list=True, **options),
    "MatMul": lambda **options: Calling(torch.matmul, **options),
    "Permute": lambda **options: Calling(torch.permute, **options),
    "Select": lambda **options: Calling(torch.select, **options),
    "Mean": lambda **options: Calling(torch.mean, **options),
}
"""Layers of a spec that are functions of torch."""

# Not in a spec: losses, what Python contains modules in, and what waits for its first input.
NOT_ASKED = re.compile(
    "Lazy|Loss|^Parameter|^Uninitialized|^(Buffer|Container|DataParallel|Module|ModuleDict|ModuleList|RNNBase|RNNCellBase|"
    "Sequential|LinearCrossEntropyOptions)$"
)


def cases() -> list[Case]:
    """The cases of all tables, in order, without repeats."""
    found: dict[str, Case] = {}
    for info in sorted(pkgutil.iter_modules(tests.oracle.torch_cases.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"tests.oracle.torch_cases.{info.name}")
        for case in getattr(module, "CASES", []):
            found.setdefault(json.dumps(case), case)
    return list(found.values())


def make(entry: dict[str, Any]) -> nn.Module:
    """A module from an entry `{class: options}`, with those in its options made first."""
    ((kind, options),) = entry.items()
    built = {name: make(value) if isinstance(value, dict) else value for name, value in options.items()}
    built = {name: tuple(value) if isinstance(value, list) else value for name, value in built.items()}
    return (FUNCTIONS.get(kind) or getattr(nn, kind))(**built).eval()


def run(case: Case, device: str) -> tuple[nn.Module, Any, int]:
    """The module of a case, what it outputs, and its FLOPs.

    It runs without the counter first, which takes operations apart and so passes some of their checks by.
    """
    kind = next(iter(case["layer"]))
    with torch.device(device), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = make(case["layer"])
        tensors = [
            torch.zeros(shape, dtype=torch.int64 if number in OF_INDICES.get(kind, ()) else torch.float32)
            for number, shape in enumerate(case["inputs"])
        ]
        if kind in TWO_STATES and len(tensors) > 1:
            tensors = [tensors[0], tuple(tensors[1:])]
        torch.backends.mha.set_fastpath_enabled(False)
        with torch.no_grad():
            module(*tensors, **case.get("call", {}))
        fused_off = torch.backends.mkldnn.flags(enabled=False), sdpa_kernel(SDPBackend.MATH)
        with torch.no_grad(), fused_off[0], fused_off[1], FlopCounterMode(display=False) as counter:
            output = module(*tensors, **case.get("call", {}))
            if kind == "Bilinear":  # the counter does not see into it
                torch.einsum("...i,oij,...j->...o", tensors[0], module.weight, tensors[1])
    return module, output, counter.get_total_flops()


def shapes(output: Any) -> list[list[int]]:
    """The shapes of all tensors in an output, in order."""
    if isinstance(output, torch.Tensor):
        return [list(output.shape)]
    return [shape for item in output if item is not None for shape in shapes(item)]


def answer(case: Case) -> dict[str, Any]:
    """The case with PyTorch's answer, or with the first line of its refusal."""
    try:
        module, output, flops = run(case, "cpu")
    except Exception as error:  # whatever PyTorch raises is its refusal
        first = str(error).strip().splitlines()[0] if str(error).strip() else ""
        return {**case, "refused": f"{type(error).__name__}: {first}"[:150]}
    parameters = {name for name, _ in module.named_parameters()}
    weights = [
        [
            name,
            list(tensor.shape),
            "parameter" if name in parameters else "buffer",
            str(tensor.dtype).removeprefix("torch."),
        ]
        for name, tensor in module.state_dict().items()
    ]
    found = {
        **case,
        "outputs": shapes(output),
        "several": len(shapes(output)) > 1,
        "weights": weights,
        "macs": flops // 2,
    }
    _, output, _ = run(case, "meta")  # it must take what a CPU takes, and say the same
    if shapes(output) != found["outputs"]:
        raise SystemExit(f"on the meta device {case} gives {shapes(output)}, on a CPU {found['outputs']}")
    return found


def kinds(value: Any) -> set[str]:
    """The classes that an entry names, at any depth."""
    if isinstance(value, dict):
        return {name for name in value if hasattr(nn, name)}.union(*map(kinds, value.values()))
    return set()


def uncovered(asked: list[Case]) -> set[str]:
    """Classes of torch.nn that no case names."""
    covered = set().union(*(kinds(case["layer"]) for case in asked))
    named = {name for name in dir(nn) if isinstance(getattr(nn, name), type)}
    return {name for name in named - covered if not NOT_ASKED.search(name)}


def main() -> None:
    """Rewrite the data file and say what it holds."""
    asked = cases()
    if missing := uncovered(asked):
        print(f"not covered: {', '.join(sorted(missing))}", file=sys.stderr)
    answers = [answer(case) for case in asked]
    lines = [
        json.dumps(line, separators=(",", ":"))
        for line in [{"torch": torch.__version__, "cases": len(answers)}, *answers]
    ]
    DATA.mkdir(parents=True, exist_ok=True)
    path = DATA / "layers.jsonl.gz"
    with path.open("wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0, filename="") as out:
        out.write(("\n".join(lines) + "\n").encode())
    refused = sum("refused" in line for line in answers)
    print(f"{path.name}: {len(answers)} cases, {refused} refused, {path.stat().st_size:,} bytes", file=sys.stderr)


if __name__ == "__main__":
    main()
