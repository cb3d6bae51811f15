"""`paramcalc diff` from the outside."""

import subprocess

import pytest

from paramcalc.cli import run

GIT = ["git", "-c", "user.email=a@example.org", "-c", "user.name=A", "-c", "init.defaultBranch=main"]


@pytest.fixture
def repository(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.yaml").write_text("{input: [4], layers: [{Dense: 3}]}")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub/y.yaml").write_text("{input: [4], layers: [{Dense: 3}]}")
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "x"]):
        subprocess.run([*GIT, *command], check=True)
    return tmp_path


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        (["HEAD", "x.yaml"], "HEAD: there is no such file; did you mean 'HEAD:x.yaml'?"),
        (["x.yaml", "main"], "main: there is no such file; did you mean 'main:x.yaml'?"),
        (["HED", "x.yaml"], "HED: there is no such file"),
        (["HEAD", "nosuch.yaml"], "HEAD: there is no such file"),
    ],
)
def test_a_revision_without_a_path_is_answered_with_one(repository, capsys, sides, said):
    assert run(["diff", *sides]) == 2
    assert capsys.readouterr().err.strip() == said


def test_a_path_below_the_top_is_named_from_here(repository, capsys, monkeypatch):
    monkeypatch.chdir(repository / "sub")
    assert run(["diff", "HEAD", "y.yaml"]) == 2
    assert "did you mean 'HEAD:./y.yaml'?" in capsys.readouterr().err
    assert run(["diff", "HEAD:./y.yaml", "y.yaml"]) == 0


LONG = """
input: [16]
layers:
  - Dense: 16
  - {{repeat: {n}, name: a_very_long_name_of_an_encoder, layers: [{{Dense: 16}}, ReLU]}}
"""


@pytest.fixture
def models(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, n in (("a.yaml", 2), ("b.yaml", 5)):
        (tmp_path / name).write_text(LONG.format(n=n))


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("more", [[], ["--depth", "1"], ["--columns", "name,delta,percent"]])
def test_every_line_keeps_to_the_width(models, capsys, width, more):
    assert run(["diff", "a.yaml", "b.yaml", "--width", str(width), *more]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= width


def test_columns_are_those_that_are_asked_for_in_that_order(models, capsys):
    assert run(["diff", "a.yaml", "b.yaml", "--columns", "delta,name"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].split() == ["Δ", "Layer"]
    assert lines[3].split() == ["+816", "a_very_long_name_of_an_encoder", "×2", "→", "×5"]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--columns", "nam"], "did you mean 'name'"),
        (["--format", "json", "--width", "80"], "--width does nothing for --format json"),
        (["--format", "json", "--depth", "1"], "--depth does nothing for --format json"),
    ],
)
def test_bad_usage_says_what_would_be_right(models, capsys, more, said):
    assert run(["diff", "a.yaml", "b.yaml", *more]) == 2
    assert said in capsys.readouterr().err


def test_an_index_without_its_files_has_no_layers_to_compare(tmp_path, capsys):
    """Its total is no layer that came, nor are those of the other side gone."""
    index, spec = tmp_path / "model.safetensors.index.json", tmp_path / "a.yaml"
    index.write_text('{"metadata": {"total_size": 40}, "weight_map": {"a": "model-00001-of-00001.safetensors"}}')
    spec.write_text("{framework: torch, input: [8], layers: [{Linear: 4}]}")
    for pair in ((spec, index), (index, spec)):
        assert run(["diff", *map(str, pair)]) == 2
        assert f"`paramcalc summary {spec} --weights {index}` compares the names" in capsys.readouterr().err
    assert run(["diff", str(index), str(index)]) == 0
