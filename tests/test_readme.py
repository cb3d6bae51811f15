"""The README's samples are what the program prints."""

import os
import re
import shlex
import subprocess
import sys
from html import unescape
from pathlib import Path
from textwrap import dedent

import pytest

from tests import bench
from tests.synthetic import SHAPES

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [
    block
    for block in map(dedent, re.findall(r"```console\n(.*?)```", README, re.DOTALL))
    if block.startswith("$ paramcalc")
]
SPECS = [block for block in re.findall(r"```yaml\n(.*?)```", README, re.DOTALL) if "\nlayers:" in block]


def commands_of(block):
    """(command line, what it prints) for each command of a block."""
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


SAMPLES = [sample for block in BLOCKS for sample in commands_of(block)]


@pytest.mark.parametrize(("command", "output"), SAMPLES, ids=[command for command, _ in SAMPLES])
def test_a_sample_is_what_the_program_prints(command, output):
    words = shlex.split(command)
    assert words[0] == "paramcalc"
    done = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )
    assert done.stdout.decode().rstrip() == output.rstrip()


def test_there_are_samples():
    assert SAMPLES
    assert SPECS


@pytest.mark.parametrize("spec", SPECS)
def test_a_spec_can_be_copied_and_keeps_its_budget(spec, tmp_path):
    (tmp_path / "model.yaml").write_text(spec, encoding="utf-8")
    limit = [] if "budget:" in spec else ["--max-params", "1B"]
    command = [sys.executable, "-m", "paramcalc", "check", str(tmp_path / "model.yaml"), *limit]
    assert subprocess.run(command, check=False).returncode == 0


def test_the_configuration_can_be_copied_and_turns_red(tmp_path):
    """The steps of the section on budgets, in an empty folder: green as `init` writes the model, red when it grows."""
    [toml] = map(dedent, re.findall(r"```toml\n(.*?tool\.paramcalc.*?)```", README, re.DOTALL))
    (tmp_path / "pyproject.toml").write_text(toml, encoding="utf-8")
    (tmp_path / "models").mkdir()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}

    def paramcalc(*words):
        command = [sys.executable, "-m", "paramcalc", *words]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    assert "paramcalc init models/net.yaml" in README
    assert paramcalc("init", "models/net.yaml").returncode == 0
    assert paramcalc("check").returncode == 0
    model = tmp_path / "models" / "net.yaml"
    model.write_text(model.read_text().replace("128", "4096").replace("200k", "200M"))
    done = paramcalc("check")
    assert done.returncode == 1
    assert "Ask the firmware team before raising this." in done.stdout


def test_every_file_that_is_named_exists():
    for name in re.findall(r"(?<![\w/])(?:specs|tests|paramcalc|docs)/[\w./-]*\w", README):
        assert (ROOT / name).exists(), name


def test_the_picture_of_the_benchmark_has_a_row_of_each_thing_it_measures():
    drawn = unescape(" ".join(words_of((ROOT / "tests/bench.svg").read_text(encoding="utf-8")))).replace("\xa0", " ")
    assert "](tests/bench.svg)" in README
    rows = [f"start: {name}" for name in bench.STARTS] + [f"read {name}" for name in bench.MODELS]
    rows += [f"a layer: {shape}" for shape in SHAPES] + ["read YAML", "check 10,000 specs", "summary ResNet50"]
    assert [row for row in rows if row not in drawn] == []


def test_the_pictures_are_what_the_program_draws(request):
    for name in re.findall(r"!\[[^]]*\]\((specs/[^)]*\.svg)\)", README):
        command = [sys.executable, "-m", "paramcalc", "summary", "specs/resnet50.yaml", "--format", "svg"]
        drawn = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        if request.config.getoption("--regenerate"):
            (ROOT / name).write_text(drawn, encoding="utf-8")
        # The words: how rich draws them is for its versions to decide.
        assert words_of((ROOT / name).read_text(encoding="utf-8")) == words_of(drawn)


def words_of(svg):
    return re.findall(r">([^<]*)</text>", svg)
