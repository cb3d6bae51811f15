"""Revisions: a file is read as it was, through git, and nothing of a repository is run."""

import os
import subprocess
from pathlib import Path

import pytest

import paramcalc
from paramcalc.check.baseline import BaselineError, open_baseline, summary_at
from paramcalc.check.git import GitError, Repository, split_revision
from paramcalc.errors import ParamcalcError
from tests.check.repositories import ODD, before, commit, git, model


@pytest.mark.parametrize(
    ("here", "file"),
    [
        (".", "models/a.json"),
        (".", "./models/../models/a.json"),
        (".", "linked/a.json"),
        (".", "models/link.json"),
        ("models", "a.json"),
        ("models", "../models/a.json"),
        ("models/below", "../a.json"),
        ("..", "top/models/a.json"),
        ("/", "{top}/models/a.json"),
    ],
)
def test_a_revision_has_the_file_wherever_one_stands(repository, monkeypatch, here, file):
    """By its place in the repository; links are followed, as they are in the working tree."""
    monkeypatch.chdir(repository / here)
    assert before("HEAD", file.format(top=repository)) == 5


@pytest.mark.parametrize("name", ODD)
def test_a_revision_has_files_of_any_name(repository, name):
    assert before("HEAD", f"models/{name}") == 5
    assert summary_at(f"HEAD:models/{name}").totals.params == 5


@pytest.mark.parametrize(
    "revision", ["HEAD", "main", "main^{commit}", "HEAD@{0}", "HEAD^{/first}", "@{2100-01-01 12:30:00}"]
)
def test_a_revision_is_written_as_git_has_it(repository, revision):
    assert before(revision, "models/a.json") == 5
    assert summary_at(f"{revision}:models/a.json").totals.params == 5


@pytest.mark.parametrize(
    "revision",
    ["nowhere", "-x", "--all", "HEAD:", "HEAD:models", "", "HEAD main", "a\nb", "a\0b", "^HEAD", "HEAD..HEAD"],
)
def test_what_is_no_revision_is_an_error(repository, revision):
    with pytest.raises(GitError):
        open_baseline(revision, ".")


@pytest.mark.parametrize("name", ["main", "origin/main"])
def test_a_tag_that_is_called_like_a_branch_is_not_taken_for_it(repository, name):
    """git takes the tag, and is silent about it where the configuration says so."""
    git("update-ref", "refs/remotes/origin/main", "HEAD")
    assert before(name, "models/a.json") == 5
    git("commit", "-qam", "second")
    git("tag", name)
    git("config", "core.warnAmbiguousRefs", "false")
    with pytest.raises(GitError, match=f"'{name}' is more than one thing in git"):
        before(name, "models/a.json")
    assert before("refs/remotes/origin/main", "models/a.json") == 5
    Path(name).mkdir(parents=True)
    with pytest.raises(BaselineError, match="is a revision of this repository, too"):
        open_baseline(name, ".")


@pytest.mark.parametrize("at", ["HEAD:models/a.json", "HEAD:models", "HEAD^{tree}"])
@pytest.mark.parametrize("damage", [Path.unlink, lambda path: path.write_bytes(b"no object")], ids=["lost", "damaged"])
@pytest.mark.parametrize("file", ["models/a.json", "models/link.json", "linked/a.json"])
def test_what_git_has_lost_was_there(repository, at, damage, file):
    """git answers as for a file that never was: taken for new, a model could grow without limit."""
    path = object_of(at)
    path.chmod(0o644)
    damage(path)
    with pytest.raises(GitError, match=r"its content is not here|leads nowhere"):
        before("HEAD", file)
    if at == "HEAD:models/a.json":
        Path("models/new.json").write_text(model(1))
        assert before("HEAD", "models/new.json") is None
        assert before("HEAD", "models/below/a.json") == 35


def object_of(name):
    """The file that holds an object of the repository here."""
    found = subprocess.run(["git", "rev-parse", name], check=True, capture_output=True, text=True).stdout.strip()
    return Path(".git", "objects", found[:2], found[2:])


def test_a_lost_commit_is_no_repository_without_one(repository):
    object_of("HEAD").unlink()
    with pytest.raises(GitError, match="git cannot read 'HEAD'"):
        open_baseline("HEAD", ".")


def test_a_link_that_led_nowhere_says_nothing_of_the_model_behind_it(repository):
    """It may have led into a submodule."""
    os.symlink("inner/a.json", "models/to.json")
    git("add", ".")
    git("commit", "-qm", "link")
    Path("models/to.json").unlink()
    Path("models/to.json").write_text(model(9))
    with pytest.raises(GitError, match="a link that leads nowhere"):
        before("HEAD", "models/to.json")


def test_a_file_above_the_top_is_not_new(repository, monkeypatch):
    """A hook's GIT_DIR says which repository is asked, wherever the file is."""
    monkeypatch.setenv("GIT_DIR", ".git")
    Path("../a.json").write_text(model(1))
    with pytest.raises(GitError, match="no git repository"):
        before("HEAD", "../a.json")


@pytest.fixture
def partial_clone(repository, tmp_path, monkeypatch):
    """A clone without the content of files; to fetch them is to run what its configuration names."""
    git("config", "uploadpack.allowFilter", "true")
    git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repository}", "clone", cwd=tmp_path)
    monkeypatch.chdir(tmp_path / "clone")
    git("config", "remote.origin.uploadpack", f"touch {tmp_path}/ran; git-upload-pack")
    Path("models").mkdir()
    Path("models/a.json").write_text(model(2))
    return tmp_path / "ran"


def test_a_partial_clone_fetches_nothing_unless_it_may(partial_clone, monkeypatch):
    """What would be run is named by the repository: a stranger's may name anything."""
    with pytest.raises(GitError, match="GIT_NO_LAZY_FETCH=0 lets git fetch"):
        before("HEAD", "models/a.json")
    assert not partial_clone.exists()
    monkeypatch.setenv("GIT_NO_LAZY_FETCH", "0")
    assert before("HEAD", "models/a.json") == 5
    assert partial_clone.exists()


def test_nothing_that_a_repository_configures_is_run(repository, tmp_path):
    for key in ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "diff.x.textconv", "filter.x.smudge",
                "filter.x.clean", "alias.cat-file", "alias.rev-parse", "credential.helper"):  # fmt: skip
        git("config", key, f"!touch {tmp_path}/ran" if key[0] == "a" else f"touch {tmp_path}/ran;")
    Path(".gitattributes").write_text("* diff=x filter=x")
    for hook in ("post-checkout", "pre-commit", "reference-transaction", "post-index-change"):
        Path(".git/hooks", hook).write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
        Path(".git/hooks", hook).chmod(0o755)
    assert before("HEAD", "models/a.json") == 5
    assert summary_at("HEAD:models/a.json").totals.params == 5
    assert not (tmp_path / "ran").exists()


def test_a_repository_without_a_commit_has_only_new_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "-q", ".")
    Path("a.json").write_text(model(1))
    assert before("HEAD", "a.json") is None


def test_a_shallow_clone_says_how_to_fetch_more(repository, tmp_path, monkeypatch):
    git("commit", "-aqm", "second")
    git("clone", "-q", "--depth", "1", f"file://{repository}", "clone", cwd=tmp_path)
    monkeypatch.chdir(tmp_path / "clone")
    with pytest.raises(GitError, match="fetch-depth"):
        open_baseline("HEAD~1", ".")


def test_a_file_outside_every_repository_is_an_error(repository, tmp_path):
    (tmp_path / "a.json").write_text(model(1))
    with pytest.raises(GitError, match="no git repository"):
        before("HEAD", "../a.json")


def add_submodule(source, path, cwd):
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(source), path, cwd=cwd)


def test_a_repository_inside_is_not_asked(repository):
    """The configuration's is: who adds a repository, with a revision of the same name, would bring a baseline."""
    Path("models/inner").mkdir()
    git("init", "-q", "models/inner")
    Path("models/inner/a.json").write_text(model(3))
    commit("models/inner")
    assert before("HEAD", "models/inner/a.json") is None


def test_a_file_elsewhere_has_the_repository_that_it_is_in(repository, tmp_path):
    (tmp_path / "other").mkdir()
    git("init", "-q", str(tmp_path / "other"))
    (tmp_path / "other" / "a.json").write_text(model(3))
    commit(tmp_path / "other")
    assert before("HEAD", "../other/a.json") == 15


@pytest.fixture
def submodule(repository, tmp_path):
    """A pull request that puts a submodule in the place of models/, whose a.json has had 505 parameters on main."""
    git("checkout", "-q", "--", ".")
    git("init", "-q", str(tmp_path / "evil"))
    (tmp_path / "evil" / "a.json").write_text(model(101))
    commit(tmp_path / "evil")
    git("checkout", "-qb", "change")
    git("rm", "-qr", "models")
    add_submodule(tmp_path / "evil", "models", repository)
    commit(repository)
    return repository


def test_a_submodule_brings_no_baseline(submodule):
    assert paramcalc.load("models/a.json").nodes[0].instance.layer.units == 101
    assert before("main", "models/a.json") == 5


@pytest.mark.parametrize("root", [".", "/"])
def test_a_submodule_that_was_none_is_no_place_to_look_from(submodule, monkeypatch, root):
    """Neither as the folder that one stands in, nor where there is no other repository."""
    if root == ".":
        monkeypatch.chdir("models")
    with pytest.raises(BaselineError, match="'models' is a submodule now, but was none at main"):
        before("main", str(submodule / "models" / "a.json"), root=root)


def test_a_submodule_that_was_one_is_asked_for_its_own_files(submodule, monkeypatch):
    git("branch", "-qf", "main", "change")
    with pytest.raises(GitError, match="in a submodule"):
        before("main", "models/a.json")
    monkeypatch.chdir("models")
    assert before("main", "a.json") == 505


@pytest.mark.parametrize("swap", ["folder", "file"])
def test_a_link_brings_no_baseline(repository, swap, monkeypatch):
    """A pull request puts a link to a larger model in the place of a small one: its path is what was compared."""
    Path("archive").mkdir()
    Path("archive/a.json").write_text(model(101))
    git("checkout", "-q", "--", "models/a.json")
    commit(".")
    git("rm", "-qr", "models" if swap == "folder" else "models/a.json")
    os.symlink(*("archive", "models") if swap == "folder" else ("../archive/a.json", "models/a.json"))
    assert before("main", "models/a.json") == 5
    git("worktree", "add", "-q", "--detach", "../base", "main")
    assert before("../base", "models/a.json") == 5
    if swap == "folder":
        monkeypatch.setenv("PWD", str(repository / "models"))  # as the shell that went there has it
        monkeypatch.chdir("models")
        assert before("main", "a.json") == 5


def test_a_link_outside_leads_into_the_repository(repository, tmp_path, monkeypatch):
    """What is above the repository no pull request can change."""
    os.symlink("top/models", tmp_path / "short")
    monkeypatch.chdir(tmp_path)
    assert before("HEAD", "short/a.json", root="top") == 5


def test_a_name_that_goes_back_after_a_link_is_refused(repository):
    """It is another file than the name reads as."""
    os.symlink("models/below", "down")
    with pytest.raises(GitError, match="goes back"):
        before("HEAD", "down/../models/a.json")


def test_a_hook_s_environment_finds_the_same(repository, monkeypatch):
    """git sets GIT_DIR relative to the top, where hooks run."""
    monkeypatch.setenv("GIT_DIR", ".git")
    monkeypatch.setenv("GIT_INDEX_FILE", ".git/index")
    assert before("HEAD", "models/a.json") == 5
    assert before("HEAD", str(repository / "models" / "a.json")) == 5


def test_a_link_out_of_the_repository_is_not_followed(repository):
    os.symlink("/etc/hostname", "models/out.json")
    git("add", ".")
    git("commit", "-qm", "link")
    with pytest.raises(GitError, match="link"):
        before("HEAD", "models/out.json")


def test_a_file_too_large_is_refused_before_it_is_read(repository, monkeypatch):
    Path("models/large.json").write_text(model(1) + " " * 1_200_000)
    git("add", ".")
    git("commit", "-qm", "large")
    monkeypatch.setenv("PARAMCALC_MAX_MIB", "1")
    with pytest.raises(ParamcalcError, match="larger than 1 MiB"):
        before("HEAD", "models/large.json")


def test_many_files_are_read_through_one_git(repository, monkeypatch):
    started = []
    popen = subprocess.Popen
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **options: started.append(args) or popen(*args, **options))
    baseline = open_baseline("HEAD", ".")
    for name in ODD:
        assert baseline.find(f"models/{name}").totals.params == 5
    baseline.close()
    assert len(started) == 3  # for the revision, for a repository around this one, and one for all files


def test_a_name_with_a_line_break_asks_git_for_nothing_else(repository):
    with Repository(".") as found, pytest.raises(GitError, match="line break"):
        found.read(found.commit_of("HEAD"), "x\nHEAD:models/a.json")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("HEAD:a.json", ("HEAD", "a.json")),
        ("HEAD@{12:30:00}:a:b", ("HEAD@{12:30:00}", "a:b")),
        (":a", ("", "a")),
        ("a.json", None),
        ("a{:b", ("a{", "b")),
    ],
)
def test_a_revision_ends_at_the_first_colon_outside_braces(name, parts):
    assert split_revision(name) == parts


def test_without_git_a_revision_is_an_error(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(GitError, match="git is not installed"):
        open_baseline("HEAD", ".")


def test_what_git_says_is_passed_on(repository):
    """Such as a repository that belongs to somebody else, or one that is damaged."""
    Path(".git/HEAD").write_text("nonsense")
    with pytest.raises(GitError, match="git cannot read 'HEAD': fatal"):
        open_baseline("HEAD", ".")
