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
