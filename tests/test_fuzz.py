"""The fuzzer of tests/fuzz: a short run without coverage always, the long one for who asks (`pytest -m slow`)."""

import os
import random
import subprocess
import sys

import pytest

from tests.fuzz.examine import examine
from tests.fuzz.targets import FOLDERS, TARGETS

SECONDS = int(os.environ.get("PARAMCALC_FUZZ_SECONDS", "900"))
"""For each target: an hour in all."""


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("spec", 100),
        ("keras", 50),
        ("archive", 40),
        ("safetensors", 100),
        ("gguf", 100),
        ("torch", 100),
        ("numpy", 40),
        ("program", 80),
        ("huggingface", 25),
        ("hdf5", 25),
    ],
)
def test_damaged_documents_are_shown_or_refused_harmlessly(name, count):
    rng = random.Random(20260101)
    seeds = TARGETS[name].seeds()
    for _ in range(count):
        data = rng.choice(seeds)
        data = TARGETS[name].mutate(data, rng) or data
        examine(data, seconds=6, pictures=rng.random() < 0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in TARGETS if name not in FOLDERS])
def test_a_long_coverage_guided_run_finds_nothing(name, tmp_path):
    pytest.importorskip("atheris")
    arguments = [name, "--seconds", str(SECONDS), "--work", str(tmp_path)]
    subprocess.run([sys.executable, "-m", "tests.fuzz", *arguments], check=True, timeout=SECONDS + 300)
    found = sorted((tmp_path / "findings").glob("*.txt"))
    assert [path.read_text() for path in found] == []
