"""The samples of the README and the guide are what the program prints."""

import os
import re
import subprocess
import sys
from html import unescape
from textwrap import dedent

import pytest

from paramcalc.cli import run
from tests import bench
from tests.samples import ROOT, blocks_of, is_sample, is_spec, page_rerun, specs_of, workspace
from tests.synthetic import SHAPES

PAGES = {path.name: path for path in (ROOT / "README.md", *sorted((ROOT / "paramcalc" / "guide").glob("*.md")))}
TEXTS = {name: path.read_text(encoding="utf-8") for name, path in PAGES.items()}
README = TEXTS["README.md"]
SPECS = [(name, spec) for name, text in TEXTS.items() for spec in specs_of(text)]


@pytest.mark.parametrize("name", PAGES)
def test_the_samples_of_a_page_are_what_the_program_prints(name, request, tmp_path, monkeypatch):
    """`pytest --regenerate` writes the page anew: read what changed."""
    with workspace(tmp_path, monkeypatch):
        now = page_rerun(TEXTS[name])
    if request.config.getoption("--regenerate"):
        PAGES[name].write_text(now, encoding="utf-8")
    assert now == PAGES[name].read_text(encoding="utf-8")


def test_there_are_samples():
    for name in ("README.md", "language.md"):
        assert any(is_sample(block) for block in blocks_of(TEXTS[name]))
    assert SPECS


@pytest.mark.parametrize(("name", "spec"), SPECS, ids=[f"{name}-{number}" for number, (name, _) in enumerate(SPECS)])
def test_a_spec_can_be_copied_and_keeps_its_budget(name, spec, tmp_path):
    (tmp_path / "model.yaml").write_text(spec, encoding="utf-8")
    limit = [] if "budget:" in spec else ["--max-params", "1B"]
    assert run(["check", str(tmp_path / "model.yaml"), *limit]) == 0


@pytest.mark.parametrize("name", PAGES)
def test_a_block_of_yaml_is_a_whole_spec_or_no_spec_at_all(name):
    """A fragment could not be run, so that nobody would see when it stops being true."""
    fragments = [
        block.text
        for block in blocks_of(TEXTS[name])
        if block.language == "yaml" and not is_spec(block) and block.text.startswith("- ")
    ]
    assert fragments == []


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
    for page, text in TEXTS.items():
        for name in re.findall(r"(?<![\w/])(?:specs|tests|paramcalc|docs)/[\w./-]*\w", text):
            assert (ROOT / name).exists(), (page, name)


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
