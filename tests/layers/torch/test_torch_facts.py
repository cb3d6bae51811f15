"""Every module of torch.nn against what real PyTorch said of it: shapes, weights, multiplications, refusals.

The facts are frozen by `python -m tests.oracle.freeze_torch`.
"""

import gzip
import inspect
import json
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import ParamcalcError, UnknownDimensionError
from paramcalc.formats.text.fields import build_layer
from paramcalc.layers.base import Inferred, Sublayer
from paramcalc.layers.registry import Registry
from tests.each import each
from tests.layers.torch.deliberate import refused_deliberately

DATA = Path(__file__).parents[2] / "data" / "torch" / "layers.jsonl.gz"
REGISTRY = Registry("torch")
OWN = {
    "Activation",
    "Attention",
    "BlockAttention",
    "BlockSums",
    "Cached",
    "CausalConv1d",
    "Compressed",
    "CutTokens",
    "ExpertLinear",
    "Experts",
    "FrozenBatchNorm2d",
    "FillBlocks",
    "GroupedLinear",
    "HeadLinear",
    "Heads",
    "Indexer",
    "ListedExperts",
    "MergeTokens",
    "Parameter",
    "Patches",
    "Prepend",
    "Recurrence",
    "Router",
    "Scores",
    "Slice",
    "SparseAttention",
    "Split",
    "TokenConv2d",
    "TokenMap",
    "TokenMaps",
    "TransposedLinear",
    "UpsampleLike",
    "WeightNormConv1d",
    "WeightNormConvTranspose1d",
}
"""Classes that are neither modules of torch.nn nor functions of torch."""

Case = dict[str, Any]


class Fact(NamedTuple):
    """What is compared: output shapes, whether there are several, weights in order, multiply-accumulates."""

    outputs: list[list[int | None]]
    several: bool
    weights: list[tuple[str, list[int], str, str]]
    macs: int | None


def load() -> dict[str, list[Case]]:
    """The frozen cases by class name."""
    cases = defaultdict(list)
    for line in gzip.decompress(DATA.read_bytes()).decode().splitlines()[1:]:
        case = json.loads(line)
        cases[next(iter(case["layer"]))].append(case)
    return cases


CASES = load()
ACCEPTED = [case for cases in CASES.values() for case in cases if "refused" not in case]


def layer_of(entry: dict[str, Any]) -> Any:
    """The layer of an entry `{class: fields}`, with those in its fields built first."""
    ((kind, fields),) = entry.items()
    built = {name: sublayer(value) if isinstance(value, dict) else value for name, value in fields.items()}
    return build_layer(REGISTRY.get(kind), built)


def sublayer(entry: dict[str, Any]) -> Sublayer:
    """A layer in a field of another."""
    (kind,) = entry
    return Sublayer(layer_of(entry), kind, kind)


def infer(case: Case, shapes: list[tuple[int | None, ...]]) -> Inferred:
    """What paramcalc says of a case with these inputs."""
    layer = layer_of(case["layer"])
    inspect.signature(layer.infer).bind(*shapes, **case.get("call", {}))
    inferred: Inferred = layer.infer(*shapes, **case.get("call", {}))
    return inferred


def computed(case: Case) -> Fact | str:
    """What paramcalc says of a case; its refusal as text."""
    try:
        return fact(infer(case, [tuple(shape) for shape in case["inputs"]]))
    except (ParamcalcError, TypeError) as error:
        return str(error)


def fact(inferred: Inferred) -> Fact:
    """The part of a formula's answer that PyTorch also gives."""
    weights = [
        (
            weight.name,
            list(weight.shape),
            "buffer" if weight.kind == "buffer" else "parameter",
            weight.dtype or "float32",
        )
        for weight in inferred.weights
    ]
    several = isinstance(inferred.output, list)
    return Fact([list(shape) for shape in inferred.shapes], several, weights, count_macs(inferred.macs))


def difference(case: Case) -> str | None:
    """How paramcalc and PyTorch differ on a case, as a line to read; None where they agree."""
    ours = computed(case)
    text = f"{json.dumps(case['layer'])} on {json.dumps(case['inputs'])} {case.get('call', '')}"
    if isinstance(ours, str) and (len(ours) <= 10 or "Traceback" in ours):
        return f"{text}: refused without a reason, {ours!r}"
    if "refused" in case:
        return None if isinstance(ours, str) else f"{text}: PyTorch refuses ({case['refused']}), paramcalc says {ours}"
    if isinstance(ours, str) and refused_deliberately(case):
        return None
    theirs = Fact(case["outputs"], case["several"], [tuple(weight) for weight in case["weights"]], case["macs"])
    return None if ours == theirs else f"{text}: PyTorch says {theirs}, paramcalc {ours}"


@each("kind", sorted(CASES))
def test_layer_says_what_pytorch_says(kind: str) -> None:
    """Over all frozen cases of a class: the same shapes, weights, multiplications and refusals, and why."""
    differences = [line for line in map(difference, CASES[kind]) if line]
    assert not differences, f"{len(differences)} of {len(CASES[kind])}:\n" + "\n".join(differences)


def test_every_class_is_asked() -> None:
    """All of torch.nn that a spec may name has cases, and an accepted one among them."""
    assert {next(iter(case["layer"])) for case in ACCEPTED} == {
        name for names in REGISTRY.families.values() for name in names
    } - OWN


@each("kind", sorted(CASES))
def test_an_unknown_axis_0_changes_nothing_else(kind: str) -> None:
    """Without the first dimension the weights are the same, and outputs and MACs are unknown or in proportion."""
    for case in (case for case in CASES[kind] if "refused" not in case):
        known = computed(case)
        if isinstance(known, str) or len(case["inputs"][0]) < 2:
            continue
        try:
            unknown = fact(infer(case, [(None, *shape[1:]) for shape in case["inputs"]]))
        except UnknownDimensionError:
            continue
        assert unknown.weights == known.weights, case
        for left, right in zip(unknown.outputs, known.outputs, strict=True):
            assert len(left) == len(right), case
            assert all(a in (None, b) for a, b in zip(left, right, strict=True)), (case, left, right)
        batch = case["inputs"][0][0]
        assert unknown.macs is None or unknown.macs * batch == known.macs, (case, unknown.macs, known.macs)
