"""Where a model stood before: each kind of baseline finds the right file, and never the file itself."""

import json
import os
from pathlib import Path

import pytest

from paramcalc.check.baseline import BaselineError, open_baseline, summary_at
from paramcalc.check.git import GitError
from paramcalc.cli import run
from paramcalc.errors import ParamcalcError
from tests.check.repositories import before, git, model


@pytest.mark.parametrize("name", ["main", "refs/heads/main", "HEAD", "@"])
def test_what_is_here_and_a_revision_is_neither(repository, name):
    """A pull request that adds a folder of the base branch's name would bring its own baseline."""
    Path(name, "models").mkdir(parents=True)
    Path(name, "models", "a.json").write_text(model(2))
    with pytest.raises(BaselineError, match="is a revision of this repository, too"):
        open_baseline(name, ".")
    assert before(f"./{name}", "models/a.json") == 10
    assert before(f"{name}^0", "models/a.json") == 5


def test_a_file_named_like_one_at_a_revision_is_not_taken_for_it(repository, capsysbinary):
    Path("main:models").mkdir()
    Path("main:models", "a.json").write_text(model(2))
    assert run(["diff", "main:models/a.json", "models/a.json", "--fail-on", "params:0"]) == 2
    assert b"is a revision of this repository, too" in capsysbinary.readouterr().err
    assert run(["diff", "./main:models/a.json", "models/a.json", "--fail-on", "params:0"]) == 0


def test_a_file_that_was_not_there_is_new(repository):
    Path("models/new.json").write_text(model(1))
    assert before("HEAD", "models/new.json") is None


def test_diff_names_files_as_git_does(repository, monkeypatch):
    """From the top, or from here with ./; the likely mistake is answered."""
    monkeypatch.chdir("models")
    assert summary_at("HEAD:models/a.json").totals.params == summary_at("HEAD:./a.json").totals.params == 5
    assert summary_at("HEAD:../models/below/a.json").totals.params == 35
    with pytest.raises(GitError, match=r"HEAD:\./a\.json"):
        summary_at("HEAD:a.json")
    for nothing in ("HEAD:", "HEAD:./", "HEAD:/a.json", "HEAD:../../a.json", "HEAD:nope.json"):
        with pytest.raises(GitError, match=r"there is no file|cannot"):
            summary_at(nothing)


def test_a_folder_is_a_mirror_of_where_names_start(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for folder, units in (("old", 1), (".", 2)):
        Path(folder, "models").mkdir(parents=True)
        Path(folder, "models", "a.json").write_text(model(units))
    assert before("old", "models/a.json") == before("old", str(tmp_path / "models" / "a.json")) == 5
    monkeypatch.chdir("models")
    assert before("../old", "a.json", root="..") == 5


@pytest.mark.parametrize("odd", [lambda path: os.symlink("gone.json", path), lambda path: os.symlink("a.json", path)])
def test_what_cannot_be_looked_at_in_a_folder_is_not_new(tmp_path, monkeypatch, odd):
    """A link that leads nowhere, or in a circle."""
    monkeypatch.chdir(tmp_path)
    Path("old").mkdir()
    Path("a.json").write_text(model(1))
    odd("old/a.json")
    with pytest.raises(BaselineError, match=r"leads nowhere|cannot be read: too many levels of symbolic links"):
        before("old", "a.json")


def test_a_checkout_is_a_mirror_of_the_repository(repository, tmp_path, monkeypatch):
    git("worktree", "add", "-q", str(tmp_path / "base"), "HEAD")
    monkeypatch.chdir("models")
    assert before("../../base", "a.json") == 5
    assert before("../../base", "below/a.json") == 35


@pytest.mark.parametrize("against", [".", "{top}", "linked/.."])
def test_no_file_is_compared_with_itself(repository, against):
    """It would never have grown."""
    with pytest.raises(BaselineError, match="itself"):
        before(against.format(top=repository), "models/a.json")


def test_a_file_outside_has_no_place_in_a_folder(tmp_path, monkeypatch):
    (tmp_path / "here" / "old").mkdir(parents=True)
    (tmp_path / "a.json").write_text(model(1))
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(BaselineError, match="cannot be found in"):
        before("old", "../a.json")


def save(*files, format_="jsonl"):
    assert run(["summary", *files, "--format", format_, "-o", "saved.json"]) == 0


def test_saved_summaries_are_found_by_their_file(repository, monkeypatch):
    """From where they were saved, absolute or from the configuration's folder."""
    save("models/a.json", "models/below/a.json")
    top = str(repository)
    assert before("saved.json", "models/a.json") == before("saved.json", f"{top}/models/../models/a.json") == 10
    monkeypatch.chdir("models")
    assert before("../saved.json", "a.json", root="..") == 10
    assert before("../saved.json", "below/a.json", root="..") == 35


def test_a_saved_summary_of_a_file_called_alike_is_no_answer(repository, monkeypatch):
    """Neither taken for it nor for none: a gate would pass in silence."""
    save("models/a.json", format_="json")
    with pytest.raises(BaselineError, match="but none of"):
        before("saved.json", "models/below/a.json")
    Path("models/b.json").write_text(model(1))
    assert before("saved.json", "models/b.json") is None


def test_one_saved_summary_is_that_of_the_one_model_that_is_checked(repository):
    save("models/a.json", format_="json")
    assert before("saved.json", "models/below/a.json", alone=True) == 10


@pytest.mark.parametrize(
    "content",
    [
        "", "{}", "[]", "not json", "[" * 5000, '{"schema_version": 1}', "\x00\xff", '{"name": "a"}\n{"name": "b"}',
        "{newer}", "{twice}",
    ],
)  # fmt: skip
def test_what_is_no_saved_summary_is_an_error(repository, content):
    save("models/a.json")
    line = Path("saved.json").read_text()
    newer = line.replace('"schema_version":1', '"schema_version":2')
    Path("saved.json").write_text(content.replace("{newer}", newer).replace("{twice}", line * 2), "latin-1")
    with pytest.raises(BaselineError):
        open_baseline("saved.json", ".")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda rows, totals: rows[0].update(params=-10), "a count is negative"),
        (lambda rows, totals: rows[0].update(macs=-8), "a count is negative"),
        (lambda rows, totals: rows[0].update(params=10**30), "past 9,223,372,036,854,775,807"),
        (lambda rows, totals: rows.append(rows[0]), "a layer is in it twice"),
        (lambda rows, totals: rows[0].update(params=99), "its layers' params do not add up"),
        (lambda rows, totals: totals.update(params=11), "its layers' params do not add up"),
        (lambda rows, totals: totals.update(macs=None), "its layers' macs do not add up"),
        (lambda rows, totals: rows[0].update(size_bytes=1), "its layers' size_bytes do not add up"),
    ],
)
def test_a_saved_summary_whose_numbers_cannot_be_is_an_error(repository, change, why):
    """Who writes a larger number into a baseline could grow by as much."""
    save("models/a.json", format_="json")
    summary = json.loads(Path("saved.json").read_text())
    change(summary["layers"], summary["totals"])
    Path("saved.json").write_text(json.dumps(summary))
    with pytest.raises(BaselineError, match=why):
        open_baseline("saved.json", ".")


def test_a_summary_that_0_1_saved_is_a_baseline(repository):
    """It had no bytes and no active parameters."""
    save("models/a.json", format_="json")
    summary = json.loads(Path("saved.json").read_text())
    for part in (*summary["layers"], summary["totals"]):
        for name in ("buffers", "active_params", "size_bytes"):
            if name != "size_bytes" or part is not summary["totals"]:
                part.pop(name)
    Path("saved.json").write_text(json.dumps(summary))
    found = open_baseline("saved.json", ".").find("models/a.json")
    assert (found.totals.size_bytes, found.totals.active_params) == (40, 10)


@pytest.mark.parametrize("against", ["missing.json", "missing.jsonl", "missing/", "missing"])
def test_a_baseline_that_is_not_there_is_an_error(repository, against):
    """One rule for all kinds: a name that is misspelt would let everything pass."""
    with pytest.raises(ParamcalcError, match=r"there is no baseline 'missing|'missing' is not a revision"):
        open_baseline(against, ".")
