"""Every operation against what real Keras said of it: shapes, dtypes, multiply-accumulates, and what it refuses.

The facts are frozen by `python -m tests.oracle.freeze_operations`.
"""

import gzip
import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import LayerError
from paramcalc.layers.base import Inferred
from paramcalc.layers.operations.arrays import RARE
from paramcalc.layers.operations.operation import Operation
from paramcalc.layers.operations.rules import REDUCTIONS, RULES, SAME_SHAPE
from paramcalc.units import promoted
from tests.each import each
from tests.layers.operations.deliberate import CANNOT_RUN, DELIBERATE, NO_CLASS, OTHER_MACS

DATA = Path(__file__).parents[2] / "data" / "keras" / "operations.jsonl.gz"

Fact = dict[str, Any]


def load() -> dict[str, list[Fact]]:
    """The frozen answers by operation."""
    facts = defaultdict(list)
    for line in gzip.decompress(DATA.read_bytes()).decode().splitlines()[1:]:
        fact = json.loads(line)
        facts[fact["case"]["op"]].append(fact)
    return facts


FACTS = load()
MEANT = {text for texts in DELIBERATE.values() for text in texts}


def words(fact: Fact) -> str:
    """A case as a line to read."""
    return json.dumps(fact["case"])


def computed(case: dict[str, Any]) -> Inferred | str:
    """What paramcalc says of a case; its refusal as text."""
    args = case.get("args", [{"input": number} for number in range(len(case["inputs"]))])
    operation = Operation(case["op"], "keras", case.get("config", {}), tuple(args), case.get("kwargs", {}))
    try:
        return operation.infer(*map(tuple, case["inputs"]))
    except LayerError as error:
        return str(error)


def difference(fact: Fact) -> str | None:
    """How paramcalc and Keras differ on a case, as a line to read; None where they agree.

    A graph that no input can run through, or that says another shape than what comes out, may be refused.
    """
    ours = computed(fact["case"])
    if isinstance(ours, str) and (len(ours) <= 10 or "Traceback" in ours):
        return f"refused without a reason, {ours!r}"
    if words(fact) in MEANT:
        return None if isinstance(ours, str) and "shapes" in fact else "no longer differs"
    if isinstance(ours, str):
        return None if "refused" in fact or not runs(fact) else f"Keras says {fact['shapes']}, paramcalc: {ours}"
    if "refused" in fact:
        return f"Keras refuses ({fact['refused']}), paramcalc says {ours.output}"
    shapes = [list(shape) for shape in ours.shapes]
    if shapes != fact["shapes"]:
        return f"Keras says {fact['shapes']}, paramcalc {shapes}"
    return other_dtype(fact, ours) or other_macs(fact, ours)


def runs(fact: Fact) -> bool:
    """Whether the graph that Keras builds can run, and gives the shapes that it says."""
    return not fact.keys() & {"refused", "fails", "ran"}


def other_dtype(fact: Fact, ours: Inferred) -> str | None:
    """A wrong dtype of the first output; without one of its own, it has that of the inputs."""
    dtypes = fact["case"].get("dtypes", ["float32"])
    ours_dtype = ours.dtype or promoted(set(dtypes)) or "float32"
    if not fact["dtypes"] or ours_dtype == fact["dtypes"][0] or "fails" in fact or dtypes == ["complex64"]:
        return None
    return f"Keras says {fact['dtypes']}, paramcalc {ours_dtype}"


def other_macs(fact: Fact, ours: Inferred) -> str | None:
    """Other multiply-accumulates than in JAX; where more than the batch is unknown, they may be unknown too."""
    if "macs" not in fact or words(fact) in OTHER_MACS:
        return None
    macs = count_macs(ours.macs)
    open_sizes = any(None in shape[1:] for shape in fact["shapes"])
    return None if macs == fact["macs"] or (macs is None and open_sizes) else f"JAX: {fact['macs']}, paramcalc {macs}"


@each("name", sorted(FACTS))
def test_operation_says_what_keras_says(name: str) -> None:
    """Over all frozen cases of an operation: the same shapes, dtype and products, the same refusals, and why."""
    found = [(words(fact), difference(fact)) for fact in FACTS[name]]
    lines = [f"{case}: {line}" for case, line in found if line]
    assert not lines, f"{len(lines)} of {len(found)}:\n" + "\n".join(lines)


def test_what_cannot_run_is_refused_as_often_as_is_meant() -> None:
    """A graph that Keras builds and cannot run may be refused: of each operation these many are, and no others."""
    refused = Counter(
        name
        for name, facts in FACTS.items()
        for fact in facts
        if "refused" not in fact and not runs(fact) and isinstance(computed(fact["case"]), str)
    )
    assert refused == CANNOT_RUN


def test_every_rule_is_asked() -> None:
    """No operation has a rule that was never held against Keras, but for names that Keras has no class for."""
    assert {*RULES, *SAME_SHAPE, *REDUCTIONS, *RARE} - FACTS.keys() == NO_CLASS


def test_differences_are_frozen_cases() -> None:
    """No entry of the tables is about a case that nobody asks."""
    asked = {words(fact) for facts in FACTS.values() for fact in facts}
    assert asked >= MEANT | OTHER_MACS
