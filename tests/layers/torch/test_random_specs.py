"""Random specs of torch.nn's modules: every key of the state_dict, the output and the multiplications are PyTorch's.

Frozen by `python -m tests.oracle.random_torch`.
"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from paramcalc import InputError, load, summarize

DATA = Path(__file__).parents[2] / "data" / "torch" / "random.jsonl.gz"
CASES = [json.loads(line) for line in gzip.decompress(DATA.read_bytes()).splitlines()] if DATA.exists() else []


def state_dict(summary: Any) -> dict[str, list[int]]:
    """Row paths and weight names joined by dots, with the shapes."""
    return {
        ".".join(filter(None, (row.path.replace("/", "."), weight.name))): list(weight.shape)
        for row in summary.layers
        for weight in row.weights
    }


def difference(case: dict[str, Any]) -> str | None:
    """How paramcalc and PyTorch differ on a spec; None where they agree."""
    text = json.dumps(case["spec"])
    try:
        summary = summarize(load(text.encode(), name="random"), batch_size=2)
    except InputError as error:
        return None if "refused" in case else f"{text}: PyTorch takes it, paramcalc says {error}"
    if "refused" in case:
        return f"{text}: PyTorch says {case['refused']}, paramcalc takes it"
    totals = summary.totals
    buffers = {name: shape for name, shape in case["weights"].items() if name in case["buffers"]}
    ours = [
        state_dict(summary),
        list(summary.outputs[0].shape or ()),
        totals.params,
        totals.macs,
        sorted(own_buffers(summary)),
    ]
    theirs = [case["weights"], case["output"], case["params"], case["macs"], sorted(buffers)]
    return None if ours == theirs else f"{text}: PyTorch says {theirs}, paramcalc {ours}"


def own_buffers(summary: Any) -> list[str]:
    """The keys of the buffers."""
    return [
        f"{row.path.replace('/', '.')}.{weight.name}"
        for row in summary.layers
        for weight in row.weights
        if weight.kind == "buffer"
    ]


@pytest.mark.parametrize("start", range(0, len(CASES), 50))
def test_random_specs_are_what_pytorch_says(start: int) -> None:
    """Fifty specs at a time: keys in the state_dict, shapes, buffers, MACs, refusals."""
    differences = [line for line in map(difference, CASES[start : start + 50]) if line]
    assert not differences, "\n".join(differences)


def test_the_frozen_specs_are_not_trivial() -> None:
    """Many layers, many classes, and some that are refused."""
    assert len(CASES) >= 400
    assert 10 < sum("refused" in case for case in CASES) < len(CASES) // 2
    assert sum(len(case.get("weights", ())) for case in CASES) > 4 * len(CASES)


@pytest.mark.oracle
@pytest.mark.parametrize("seed", range(1000, 1050))
def test_new_random_specs_are_what_live_pytorch_says(seed: int) -> None:
    """The same for specs that are not frozen."""
    grower = pytest.importorskip("tests.oracle.random_torch").Grower(seed)
    assert difference(grower.grow()) is None
