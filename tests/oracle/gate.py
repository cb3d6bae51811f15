"""Hold the gate against live Keras: `python -m tests.oracle.gate --models 100 --damages 50 --seed 0`.

Each random model gets a budget one unit under what Keras counts. Every damaged copy that the gate lets pass must be
smaller when Keras loads it; one that Keras refuses is listed, for nobody can say what it holds. So is one, passed or
not, in which Keras counts other numbers than paramcalc. A wrong pass and a crash are kept as files.
"""

import argparse
import collections
import math
import os
import random
import tempfile
from contextlib import suppress
from pathlib import Path

import paramcalc
from paramcalc.cli import run

from .mutations import mutate
from .random_models import random_model
from .truth import cheap_initial_values, keras, quiet

OUTCOMES = ("passed", "over budget", "refused", "CRASH")
NEVER = ("WRONG", "CRASH")

Counts = tuple[int, int]
"""All parameters, and those that are trained."""


def counts_of(text: str) -> Counts | str:
    """What Keras counts, or why it loads nothing."""
    with quiet(), cheap_initial_values():
        keras.backend.clear_session()
        try:
            model = keras.models.model_from_json(text)
            return (model.count_params(), trained_by(model)) if model.built else "not built"
        except Exception as error:  # Keras refuses with every kind of exception
            return f"{type(error).__name__}: {' '.join(str(error).split())[-160:]}"


def gate(folder: Path, text: str, limit: int) -> int:
    """The exit code of `paramcalc check`."""
    (folder / "model.json").write_text(text)
    return run(["check", str(folder / "model.json"), "--max-params", str(limit), "-o", os.devnull])


def trained_by(model) -> int:
    """The parameters that a model trains."""
    return sum(math.prod(weight.shape) for weight in model.trainable_weights)


def load_and_count(text: str) -> Counts:
    """What paramcalc counts."""
    totals = paramcalc.summarize(paramcalc.load(text.encode()), allow_unknown=True).totals
    return totals.params, totals.trainable_params


def try_model(seed: int, damages: int, folder: Path):
    """(outcome, what was damaged, the file) of every damaged copy."""
    text = random_model(seed).to_json()
    counts = counts_of(text)
    whole = 0 if isinstance(counts, str) else counts[0]
    if whole == 0 or gate(folder, text, whole - 1) == 0:
        yield ("passed" if whole else "nothing to hold"), f"{seed}: the model itself: {counts}", text
        return
    rng = random.Random(f"gate {seed}")
    for _ in range(damages):
        damaged, what = mutate(rng, text)
        for _ in range(rng.choice([0, 0, 1, 3])):
            with suppress(TypeError, KeyError, AttributeError, IndexError, ValueError):  # too damaged to damage further
                damaged, more = mutate(rng, damaged)
                what += f" + {more}"
        outcome = OUTCOMES[gate(folder, damaged, whole - 1)]
        found = counts_of(damaged) if outcome in ("passed", "over budget") else "not asked"
        if isinstance(found, tuple):
            ours = load_and_count(damaged)
            if outcome == "passed":
                outcome = "smaller" if found[0] < whole else "WRONG"
            if ours != found and outcome != "WRONG":
                outcome = "different"
            what += f" (here {ours})"
        yield outcome, f"{seed}: {what}: {counts} → {found}", damaged


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("models", 20), ("damages", 20), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()), help="where findings are written")
    options = parser.parse_args()
    outcomes = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seed, options.seed + options.models):
            for outcome, what, text in try_model(seed, options.damages, Path(folder)):
                outcomes[outcome].append(what)
                if outcome in NEVER:
                    kept = options.keep / f"gate-{outcome}-{seed}-{len(outcomes[outcome])}.json"
                    kept.write_text(text)
                    print(f"{outcome}: {what}: {kept}", flush=True)
    for outcome, found in sorted(outcomes.items()):
        print(f"{len(found):6} {outcome}")
        if outcome in ("passed", "different", *NEVER):
            print(*[f"         {what}" for what in found], sep="\n")
    return 1 if any(outcomes[outcome] for outcome in NEVER) else 0


if __name__ == "__main__":
    raise SystemExit(main())
