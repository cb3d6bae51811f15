"""Globs: which files they name, what they do not follow, and that they have an end."""

import os
from pathlib import Path

import pytest

from paramcalc.check.budgets import Budget
from paramcalc.check.config import Check, covers, expand
from paramcalc.check.globs import Search, names
from tests.each import each

pytestmark = pytest.mark.usefixtures("tree")


@each(
    "patterns, found",
    [
        (["a.yaml"], ["a.yaml"]),
        (["*.yaml"], ["a.yaml", "dangling.yaml", "link.yaml"]),
        (["dangling.yaml"], ["dangling.yaml"]),
        (["m/*.yaml"], ["m/b.yaml"]),
        (["m/**/*.yaml"], ["m/b.yaml", "m/deep/er/c.yaml", "m/x/e.yaml"]),
        (["**/*.json"], ["m/deep/d.json"]),
        (["m/**"], ["m/b.yaml", "m/deep/d.json", "m/deep/er/c.yaml", "m/x/e.yaml"]),
        (["m/**", "!m/deep/**"], ["m/b.yaml", "m/x/e.yaml"]),
        (["m/**", "!m/deep"], ["m/b.yaml", "m/x/e.yaml"]),
        (["!m/deep/", "m/**", "!**/e.yaml"], ["m/b.yaml"]),
        (["m/**/er/**/*.yaml"], ["m/deep/er/c.yaml"]),
        (["**/**/**/b.yaml"], ["m/b.yaml"]),
        (["./m//b.yaml"], ["m/b.yaml"]),
        (["m/.g.yaml"], ["m/.g.yaml"]),
        ([".hid*/*.yaml"], [".hidden/f.yaml"]),
        (["s p/[[]h].yaml"], ["s p/[h].yaml"]),
        (["m/?.yaml", "a.yaml", "m/b.yaml"], ["m/b.yaml", "a.yaml"]),
        (["m/up/*.yaml"], ["m/up/a.yaml", "m/up/dangling.yaml", "m/up/link.yaml"]),
    ],
)
def test_globs_name_files(patterns, found):
    """Hidden ones only where they are asked for; `**` does not follow links, which here never end, and says so."""
    files, faults = expand(patterns, "")
    assert sorted(files) == sorted(found)
    assert {fault.place for fault in faults} <= {"m/up", "m/deep/up", "m/also"}
    check = Check(tuple(patterns), Budget({}))
    assert [file for file in files if not covers(check, "", f"./{file}")] == []


@pytest.mark.parametrize("pattern", ["nope.yaml", "nope/**", "m/*.json", "m", "m/", "*", "", "**/nope"])
def test_a_glob_that_names_no_file_is_told(pattern, tree):
    for name in ("a.yaml", "link.yaml", "dangling.yaml"):
        Path(name).unlink()
    assert expand([pattern, "m/b.yaml"], "") == (["m/b.yaml"], [(pattern, "no file matches this glob")])
    assert expand(["m/**", "!m/**"], "") == ([], [("m/**", "no file matches this glob")])


def test_globs_start_at_the_configuration_and_files_are_named_from_here(monkeypatch):
    monkeypatch.chdir("m/x")
    assert expand(["m/*.yaml"], "../..") == (["../../m/b.yaml"], [])
    assert covers(Check(("m/*/*.yaml",), Budget({})), "../..", "e.yaml")
    assert not covers(Check(("m/*/*.yaml", "!**/x"), Budget({})), "../..", "e.yaml")


def test_folders_may_be_nested_in_thousands(tmp_path):
    """A call for each folder in another ended as a bug of ours."""
    folder = tmp_path / "deep"
    folder.mkdir()
    ways = ["a/" * depth for depth in range(1, 1_501)]
    for way in ways:
        os.mkdir(folder / way)
    file = folder / ways[-1] / "m.json"
    file.touch()
    try:
        assert list(Search("**/*.json", str(folder)).files()) == [ways[-1] + "m.json"]
    finally:  # Python 3.11's own way to remove a tree would end like ours
        file.unlink()
        for way in reversed(ways):
            os.rmdir(folder / way)


@pytest.fixture
def sealed(tmp_path, monkeypatch):
    """A folder that may not be read, also where tests are run by root."""
    scandir = os.scandir

    def refuse(path):
        if os.path.basename(path) == "sealed":
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    Path("n/sealed").mkdir(parents=True)
    Path("n/a.yaml").write_text("")


@pytest.mark.parametrize("pattern", ["n/**/*.yaml", "n/*/*.yaml", "n/sealed/*"])
def test_a_folder_that_may_not_be_read_is_told(sealed, pattern):
    """What is in it could be over budget."""
    assert expand([pattern], "")[1] == [("n/sealed", "the folder cannot be searched: permission denied")]
    assert expand([pattern, "!n/sealed"], "")[1] == expand([pattern, "!**/sealed/**"], "")[1]
    assert not [fault for fault in expand([pattern, "!n/sealed/**"], "")[1] if "searched" in fault.message]
    assert expand(["n/*"], "") == (["n/a.yaml"], [])  # a folder is no file: nothing is looked for in it


def test_a_link_that_leads_in_a_circle_is_told():
    os.symlink("round", "m/x/round")
    assert expand(["m/x/*/*.yaml"], "")[1][0] == (
        "m/x/round", "the folder cannot be searched: too many levels of symbolic links"
    )  # fmt: skip
    assert expand(["m/x/*"], "") == (["m/x/e.yaml", "m/x/round"], [])  # its reader says what is wrong


def test_a_folder_put_behind_a_link_does_not_leave_a_glob(tree):
    """Its files have the names they had; `**` that passed over it would find fewer, and pass."""
    os.rename("m/x", "elsewhere")
    os.symlink("../elsewhere", "m/x")
    files, faults = expand(["m/**", "!m/**/up", "!m/also"], "")
    assert "m/x/e.yaml" not in files
    message = "a link to a folder, which ** does not follow: name m/x/** too, or exclude it"
    assert faults == [("m/x", message)]
    files, faults = expand(["m/**", "m/x/**", "!m/**/up", "!m/also"], "")
    assert ("m/x/e.yaml" in files, faults) == (True, [])
    assert expand(["m/**", "!m/x", "!m/**/up", "!m/also"], "")[1] == []


def test_a_link_to_a_folder_that_is_found_anyway_is_passed_over():
    """`latest`, beside the versions."""
    os.symlink("x", "m/latest")
    without = ["!m/**/up", "!m/also"]
    assert expand(["m/**/*.yaml", *without], "")[1] == []
    os.symlink("../../.hidden", "m/x/seen")
    assert [fault.place for fault in expand(["m/**/*.yaml", *without], "")[1]] == ["m/x/seen"]


def test_links_that_lead_back_up_have_an_end(tmp_path):
    """Each part of a pattern may follow them: two would double the folders with each."""
    Path("w").mkdir()
    for name in ("w/a", "w/b"):
        os.symlink(".", name)
    files, faults = expand(["/".join(["w"] + ["*"] * 40 + ["*.yaml"])], "")
    assert (files, faults) == ([], [("w", "more than 10,000 folders are behind links in it")])


def test_a_pattern_of_many_stars_is_quick():
    """Followed as a set of states, not by trying."""
    assert not names("/".join(["**", "*"] * 20) + "/no", "/".join("a" * 60))
