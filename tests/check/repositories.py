"""A git repository with models, and what a baseline in it finds."""

import os
import shutil
import subprocess

import pytest

from paramcalc.check.baseline import open_baseline

ODD = ("sp ace.json", "co:lon.json", "ünï😀.json", "-dash.json", "qu'o\"te.json", "[glob]*.json", "back\\slash.json")


def model(units):
    return f'{{"input": [4], "layers": [{{"Dense": {units}}}]}}'  # 5 × units parameters


def git(*args, cwd=None):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *args], check=True, capture_output=True, cwd=cwd)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """Return the repository that each test copies."""
    top = tmp_path_factory.mktemp("template") / "top"
    (top / "models" / "below").mkdir(parents=True)
    (top / "models" / "a.json").write_text(model(1))
    (top / "models" / "below" / "a.json").write_text(model(7))
    for name in ODD:
        (top / "models" / name).write_text(model(1))
    (top / "models" / "link.json").symlink_to("a.json")
    (top / "linked").symlink_to("models")
    with pytest.MonkeyPatch.context() as patch:
        forget_git(patch)
        git("init", "-q", "--template=", ".", cwd=top)  # without the dozen sample hooks
        (top / ".git" / "hooks").mkdir()
        git("add", ".", cwd=top)
        git("commit", "-q", "-m", "first", cwd=top)
    (top / "models" / "a.json").write_text(model(2))
    return top


def forget_git(monkeypatch):
    """Unset what a hook that runs the tests sets for its own repository."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)


@pytest.fixture
def repository(template, tmp_path, monkeypatch):
    """models/a.json had 5 parameters, and has 10; below it a folder that has another a.json."""
    forget_git(monkeypatch)
    top = tmp_path / "top"
    shutil.copytree(template, top, symlinks=True)
    monkeypatch.chdir(top)
    return top


def before(against, file, root=".", **options):
    """Return the parameter count that the baseline gives."""
    baseline = open_baseline(against, root, **options)
    try:
        found = baseline.find(file)
    finally:
        baseline.close()
    return None if found is None else found.totals.params


def commit(folder, message="next"):
    git("add", ".", cwd=folder)
    git("commit", "-qm", message, cwd=folder)
