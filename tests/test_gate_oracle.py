"""A budget never passes because something was not understood: valid models, each one unit over its budget, are damaged.

What passes then must be smaller by a recount that shares nothing with paramcalc (`tests/gate_models.py`).
"""

import json
import random
from collections import Counter

import pytest
import yaml

from paramcalc.cli import run
from tests.gate_models import UnreadableError, as_keras, as_spec, damage, damage_text, random_layers, recount

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
    try_many(range(part * 10_000, part * 10_000 + 150), tmp_path, capsys)


@pytest.mark.slow
def test_no_damage_turns_over_budget_into_a_pass_however_often(tmp_path, capsys):
    try_many(range(100_000, 120_000), tmp_path, capsys)
