"""A budget never passes because something was not understood: valid models, each one unit over its budget, are damaged.

What passes then must be smaller by a recount that shares nothing with paramcalc (`tests/gate_models.py`).
"""

import json
import random
import re
from collections import Counter
from contextlib import suppress

import pytest
import yaml

from paramcalc.cli import run
from tests.check.gate_models import UnreadableError, as_keras, as_spec, damage, damage_text, random_layers, recount
from tests.oracle.live import frozen_cases

DIALECTS = ("yaml", "json", "keras")
LIMITS = ("params", "macs")


def written(rng, dialect, shape, layers, budget=None):
    """(document, text)."""
    document = as_keras(shape, layers) if dialect == "keras" else as_spec(rng, shape, layers, budget)
    return document, dump(dialect, document)


def dump(dialect, document):
    """The document as text with several lines, where damage may fall between."""
    if dialect == "yaml":
        return yaml.safe_dump(document, sort_keys=False, default_flow_style=None)
    return json.dumps(document, indent=1)


def gate(tmp_path, text, *arguments):
    """The exit code of `paramcalc check`."""
    (tmp_path / "model").write_text(text, encoding="utf-8")
    return run(["check", str(tmp_path / "model"), "-o", str(tmp_path / "out"), *arguments])


def try_one(seed, tmp_path):
    """One model, one damage, one limit; returns what came of it."""
    rng = random.Random(seed)
    dialect, limit = DIALECTS[seed % 3], rng.choice(LIMITS)
    document, text = written(rng, dialect, *random_layers(rng))
    whole = dict(zip(LIMITS, recount(text), strict=True))
    budget = [f"--max-{limit}", str(whole[limit] - 1)]
    assert gate(tmp_path, text, *budget) == 1, "the original is over its budget by one"
    damaged = damage_text(rng, text) if rng.random() < 0.4 else dump(dialect, damage(rng, document))
    code = gate(tmp_path, damaged, *budget)
    assert code in (0, 1, 2)
    if code == 0:
        try:
            counted = dict(zip(LIMITS, recount(damaged), strict=True))[limit]
        except UnreadableError:
            counted = None
        smaller = counted is not None and counted < whole[limit]
        assert smaller, f"seed {seed} passes as {counted}:\n{damaged}"
    return ("passed", "over", "refused")[code]


def try_many(seeds, tmp_path, capsys):
    """All outcomes must occur, or the test tests nothing."""
    outcomes = Counter(try_one(seed, tmp_path) for seed in seeds)
    capsys.readouterr()
    assert set(outcomes) == {"passed", "over", "refused"}
    return outcomes


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)


@pytest.mark.parametrize("part", range(4))
def test_no_damage_turns_over_budget_into_a_pass(part, tmp_path, capsys):
    """Unless the damaged model is smaller. Some hundred; `-m slow` tries many thousands."""
    try_many(range(part * 10_000, part * 10_000 + 60), tmp_path, capsys)


def test_no_file_that_keras_loads_passes_below_what_keras_counts(tmp_path, capsys):
    """Random models, every third one damaged, with what real Keras said of them; live: `tests/oracle/gate.py`."""
    outcomes = Counter()
    for case in frozen_cases():
        truth = case.get("truth", {})
        if isinstance(case["seed"], int) and truth.get("built") and truth["totals"]["params"]:
            code = gate(tmp_path, case["config"], "--max-params", str(truth["totals"]["params"] - 1))
            assert code != 0, case["seed"]
            outcomes[code] += 1
    capsys.readouterr()
    assert outcomes[1] > 150


UNITS = {"": 1, "k": 10**3, "m": 10**6, "b": 10**9, "g": 10**9, "t": 10**12}
BUDGET_KEYS = ["params", "parms", "Params", "param", "max_params", "macs", "layers", "dtype", "size", "name", "x", ""]


BAD_UNITS = ["K", "m", " B", "kB", " MB", "MiB", "x", "e6", "%", "_", ".", "KK", " k k"]


def limit_of(budget):
    """The one limit on parameters that a budget is; None for anything else."""
    value = budget.get("params") if isinstance(budget, dict) else None
    if isinstance(value, str):
        match = re.fullmatch(r"([0-9]+)(\.[0-9]+)? ?([kmbgt]?)", value, re.IGNORECASE)
        return float(match[1] + (match[2] or "")) * UNITS[match[3].lower()] if match else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def damaged_budget(rng, limit):
    """A budget of one limit, damaged."""
    value = rng.choice([limit, f"{limit}", f"{limit / 1000}k", f"{limit / 10**6:.6f}M", f"{limit} "])
    budget = {"params": value}
    choice = rng.choice(["key", "unit", "value", "wrap", "more", "none", "sign"])
    if choice == "key":
        return {rng.choice(BUDGET_KEYS): value}
    if choice == "unit":
        return {"params": f"{limit}{rng.choice(BAD_UNITS)}"}
    if choice == "value":
        return {
            "params": rng.choice(
                [None, True, "", [], {}, -1, float(limit), 1e99, [limit], {"params": limit}, "∞", "inf"]
            )
        }
    if choice == "wrap":
        return rng.choice(
            [[budget], {"budget": budget}, {"layers": budget}, {"layers": {"*": budget}}, limit, str(limit)]
        )
    if choice == "more":
        return budget | {rng.choice(BUDGET_KEYS): rng.choice([None, limit, {}, "1M"])}
    if choice == "none":
        return rng.choice([None, {}, {"dtype": "int4"}, {"layers": {}}, {"layers": {"*": {}}}, {"layers": None}])
    return {"params": rng.choice(["-", "+", "~", "<", ">", "$", "0", "0x", " "]) + str(limit)}


@pytest.mark.parametrize("part", range(2))
def test_no_damage_to_a_budget_passes_in_silence(part, tmp_path, capsys):
    """A limit that is held elsewhere, too, still holds; one that is not is read as it is written, or an error."""
    outcomes = Counter()
    for seed in range(part * 1000, part * 1000 + 80):
        rng = random.Random(seed)
        shape, layers = random_layers(rng)
        document = as_spec(rng, shape, layers, None)
        params = recount(json.dumps(document))[0]
        broken = damaged_budget(rng, params - 1)
        in_config = json.dumps({"checks": [{"files": "model", **broken}]}) if isinstance(broken, dict) else "{"
        sound = json.dumps({"checks": [{"files": "model", "params": params - 1}]})
        for own, config, flags in ((broken, None, True), (broken, sound, False), (None, in_config, True)):
            assert held(tmp_path, document, own, config, ["--max-params", str(params - 1)] if flags else []) != 0, (
                broken
            )
        for own, config in ((broken, None), (None, in_config)):
            code = held(tmp_path, document, own, config, [])
            outcomes[code] += 1
            if code == 0:
                limit = limit_of(broken)
                assert limit is not None, (own, config)
                assert limit >= params, (own, config)
    capsys.readouterr()
    assert set(outcomes) == {0, 1, 2}


def held(tmp_path, document, own, config, flags):
    """The exit code of a model with its own budget, a configuration and flags."""
    with suppress(FileNotFoundError):
        (tmp_path / "paramcalc.yaml").unlink()
    if config is not None:
        (tmp_path / "paramcalc.yaml").write_text(config, encoding="utf-8")
    return gate(tmp_path, json.dumps(document | ({} if own is None else {"budget": own})), *flags)


@pytest.mark.slow
def test_no_damage_turns_over_budget_into_a_pass_however_often(tmp_path, capsys):
    try_many(range(100_000, 120_000), tmp_path, capsys)
