"""Where a model stood before: each kind of baseline finds the right file, and never the file itself."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

import paramcalc
from paramcalc.check.baseline import BaselineError, open_baseline, summary_at
from paramcalc.check.git import GitError, Repository, split_revision
from paramcalc.cli import run
from paramcalc.errors import ParamcalcError

ODD = ("sp ace.json", "co:lon.json", "ünï😀.json", "-dash.json", "qu'o\"te.json", "[glob]*.json", "back\\slash.json")


def model(units):
    return f'{{"input": [4], "layers": [{{"Dense": {units}}}]}}'  # 5 × units parameters


def git(*args, cwd=None):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *identity, *args], check=True, capture_output=True, cwd=cwd)


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """The repository that each test has a copy of."""
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
        git("init", "-q", "--template=", ".", cwd=top)  # without a dozen samples of hooks
        (top / ".git" / "hooks").mkdir()
        git("add", ".", cwd=top)
        git("commit", "-q", "-m", "first", cwd=top)
    (top / "models" / "a.json").write_text(model(2))
    return top


def forget_git(monkeypatch):
    """What a hook that runs the tests tells git of its own repository is not for ours."""
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
    """The parameters that the baseline finds."""
    baseline = open_baseline(against, root, **options)
    try:
        found = baseline.find(file)
    finally:
        baseline.close()
    return None if found is None else found.totals.params


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


@pytest.mark.parametrize("name", ["main", "refs/heads/main", "HEAD", "@"])
def test_what_is_here_and_a_revision_is_neither(repository, name):
    """A pull request that adds a folder of the base branch's name would bring its own baseline."""
    Path(name, "models").mkdir(parents=True)
    Path(name, "models", "a.json").write_text(model(2))
    with pytest.raises(BaselineError, match="is a revision of this repository, too"):
        open_baseline(name, ".")
    assert before(f"./{name}", "models/a.json") == 10
    assert before(f"{name}^0", "models/a.json") == 5


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


def test_a_file_named_like_one_at_a_revision_is_not_taken_for_it(repository, capsysbinary):
    Path("main:models").mkdir()
    Path("main:models", "a.json").write_text(model(2))
    assert run(["diff", "main:models/a.json", "models/a.json", "--fail-on", "params:0"]) == 2
    assert b"is a revision of this repository, too" in capsysbinary.readouterr().err
    assert run(["diff", "./main:models/a.json", "models/a.json", "--fail-on", "params:0"]) == 0


def test_a_file_that_was_not_there_is_new(repository):
    Path("models/new.json").write_text(model(1))
    assert before("HEAD", "models/new.json") is None


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


def commit(folder, message="next"):
    git("add", ".", cwd=folder)
    git("commit", "-qm", message, cwd=folder)


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


def test_without_git_a_revision_is_an_error(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(GitError, match="git is not installed"):
        open_baseline("HEAD", ".")


def test_what_git_says_is_passed_on(repository):
    """Such as a repository that belongs to somebody else, or one that is damaged."""
    Path(".git/HEAD").write_text("nonsense")
    with pytest.raises(GitError, match="git cannot read 'HEAD': fatal"):
        open_baseline("HEAD", ".")
