"""`paramcalc init` writes a spec that works, and never over a file."""

import pytest

from paramcalc.analysis.summarize import summarize
from paramcalc.cli import run
from paramcalc.cli.init_command import TEMPLATES
from paramcalc.formats import load


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_is_a_sound_spec_without_warnings(template, tmp_path):
    path = tmp_path / "model.yaml"
    assert run(["init", str(path), "--template", template]) == 0
    model = load(path)
    assert summarize(model).totals.params > 0
    assert model.warnings == []


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_template_keeps_its_own_budget(template, tmp_path):
    path = tmp_path / "model.yaml"
    run(["init", str(path), "--template", template])
    assert run(["check", str(path)]) == 0


def test_the_default_is_an_mlp_in_model_yaml(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run(["init"]) == 0
    assert load("model.yaml").nodes[0].instance.type == "Dense"


def test_a_dash_is_stdout(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(["init", "-"]) == 0
    written, said = capsys.readouterr()
    assert (written.startswith("# A multilayer perceptron"), said, list(tmp_path.iterdir())) == (True, "", [])


def test_an_existing_file_is_left_as_it_is(tmp_path, capsys):
    path = tmp_path / "model.yaml"
    path.write_text("mine")
    assert run(["init", str(path)]) == 2
    assert path.read_text() == "mine"
    assert "already exists" in capsys.readouterr().err


def test_a_file_that_cannot_be_made_is_an_error(tmp_path, capsys):
    assert run(["init", str(tmp_path / "none" / "model.yaml")]) == 2
    assert "cannot write" in capsys.readouterr().err
