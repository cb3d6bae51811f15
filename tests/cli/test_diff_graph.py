"""`--graph`: what changed, drawn into Markdown and into the summary of a job."""

import pytest

from paramcalc.cli import run

BASE = "input: [8]\nlayers: [{Dense: 16}, {Dense: 4}]\n"
HEAD = "input: [8]\nlayers: [{Dense: 16}, {Dense: 5}]\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "old").mkdir()
    (tmp_path / "old/net.yaml").write_text(BASE)
    (tmp_path / "net.yaml").write_text(HEAD)
    return tmp_path


def test_diff_adds_the_graph_to_markdown(folder, capsys):
    assert run(["diff", "old/net.yaml", "net.yaml", "--format", "markdown", "--graph"]) == 0
    assert '["dense_1<br/>Dense<br/>85 params<br/>changed"]:::changed' in capsys.readouterr().out


def test_a_graph_that_would_not_be_seen_is_refused(folder, capsys):
    assert run(["diff", "old/net.yaml", "net.yaml", "--graph"]) == 2
    assert "--graph does nothing for --format table" in capsys.readouterr().err
    assert run(["check", "net.yaml", "--max-params", "1M", "--graph"]) == 2
    assert "--graph needs --against" in capsys.readouterr().err


def test_check_adds_the_graph_to_the_step_summary(folder, monkeypatch, capsys):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "summary.md"))
    assert run(["check", "net.yaml", "--max-params", "1M", "--against", "old", "--graph"]) == 0
    assert "mermaid" not in capsys.readouterr().out
    assert ":::changed" in (folder / "summary.md").read_text()


@pytest.mark.parametrize("format_", ["mermaid", "dot"])
def test_a_graph_is_of_one_file(folder, capsys, format_):
    assert run(["summary", "net.yaml", "--format", format_]) == 0
    assert "dense_1" in capsys.readouterr().out
    assert run(["summary", "net.yaml", "old/net.yaml", "--format", format_]) == 2
    assert "one picture of one file" in capsys.readouterr().err
