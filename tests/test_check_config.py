"""The configuration of `check`: where it is found, which files its globs name, what is wrong with it."""

import os
from pathlib import Path

import pytest

from paramcalc.budgets import Budget
from paramcalc.check_config import Check, ConfigError, covers, expand, find_config, read_config
from paramcalc.errors import ParamcalcError
from paramcalc.globs import find, leads_to, names

FILES = [
    "a.yaml",
    "m/b.yaml",
    "m/deep/er/c.yaml",
    "m/deep/d.json",
    "m/x/e.yaml",
    ".hidden/f.yaml",
    "m/.g.yaml",
    "s p/[h].yaml",
]
TOML = '[[tool.paramcalc.checks]]\nfiles = "*.yaml"\nparams = "1M"\n'
YAML = "checks: [{files: '*.yaml', params: 1M}]\n"


@pytest.fixture(autouse=True)
def tree(tmp_path, monkeypatch):
    """Folders with files, and links that lead back up."""
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text("")
    for name in ("m/up", "m/deep/up", "m/also"):
        os.symlink(tmp_path, name)
    os.symlink("a.yaml", "link.yaml")
    os.symlink("nowhere", "dangling.yaml")
    return tmp_path


@pytest.mark.parametrize(
    ("patterns", "found"),
    [
        (["a.yaml"], ["a.yaml"]),
        (["*.yaml"], ["a.yaml", "link.yaml"]),
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
        (["m/up/*.yaml"], ["m/up/a.yaml", "m/up/link.yaml"]),
    ],
)
def test_globs_name_files(patterns, found):
    """Hidden ones only where they are asked for; `**` does not follow links, which here never end."""
    files, empty = expand(patterns, "")
    assert sorted(files) == sorted(found)
    assert not empty
    check = Check(tuple(patterns), Budget({}))
    assert [file for file in files if not covers(check, "", f"./{file}")] == []


@pytest.mark.parametrize(
    "pattern", ["nope.yaml", "nope/**", "m/*.json", "m", "m/", "dangling.yaml", "*", "", "**/nope"]
)
def test_a_glob_that_names_no_file_is_told(pattern, tree):
    for name in ("a.yaml", "link.yaml"):
        Path(name).unlink()
    assert expand([pattern, "m/b.yaml"], "") == (["m/b.yaml"], [pattern])
    assert expand(["m/**", "!m/**"], "") == ([], ["m/**"])


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
        assert list(find("**/*.json", str(folder))) == [ways[-1] + "m.json"]
    finally:  # Python 3.11's own way to remove a tree would end like ours
        file.unlink()
        for way in reversed(ways):
            os.rmdir(folder / way)


def test_a_link_to_what_is_not_ours_to_see_is_passed_over():
    """As /proc has them: whether it is a folder cannot be asked."""

    def forbidden():
        raise PermissionError

    assert leads_to(lambda: True)
    assert not leads_to(forbidden)


def test_a_pattern_of_many_stars_is_quick():
    """Followed as a set of states, not by trying."""
    assert not names("/".join(["**", "*"] * 20) + "/no", "/".join("a" * 60))


def test_the_nearest_configuration_is_found():
    Path("pyproject.toml").write_text(TOML)
    Path("m/deep/paramcalc.yml").write_text(YAML)
    assert find_config("m/deep/er") == "../paramcalc.yml"
    assert find_config("m/x") == "../../pyproject.toml"
    assert read_config(find_config(".")).folder == ""


def test_a_pyproject_of_others_is_passed_over():
    """The name in a comment makes no configuration."""
    Path("pyproject.toml").write_text(TOML)
    Path("m/pyproject.toml").write_text("[tool.other]\na = 1 # [tool.paramcalc]\n")
    assert find_config("m") == "../pyproject.toml"


def test_the_search_ends_at_the_top_of_the_repository():
    """What is above belongs to somebody else."""
    Path("paramcalc.yaml").write_text(YAML)
    Path("m/.git").mkdir()
    assert find_config("m/deep") is None
    Path("m/pyproject.toml").write_text(TOML)
    assert find_config("m/deep") == "../pyproject.toml"


def test_two_configurations_in_one_folder_are_an_error():
    """Neither is passed over in silence."""
    Path("pyproject.toml").write_text(TOML)
    Path("paramcalc.yaml").write_text(YAML)
    with pytest.raises(ConfigError, match="both have checks"):
        find_config(".")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no checks"),
        ("checks:", "no checks"),
        ("checks: []", "no checks"),
        ("checks: {files: a}", "no checks"),
        ("[]", "no checks"),
        ("check: [{files: a}]", "did you mean 'checks'"),
        ("checks: [{files: a, params: 1}]\nother: 1", "unknown key 'other'"),
        ("checks: [3]", "check 1: must be a mapping"),
        ("checks: [{files: a}, {params: 3}]", "check 2: files must be"),
        ("checks: [{files: []}]", "files must be"),
        ("checks: [{files: ['!a']}]", "files must be"),
        ("checks: [{files: [3]}]", "files must be"),
        (f"checks: [{{files: {'a*' * 513}}}]", "a glob has at most 1,024 characters"),
        ("checks: [{files: a, parms: 3}]", "did you mean 'params'"),
        ("checks: [{files: a, params: 5 MB}]", "'MB' is not a unit of a count"),
        ("checks: [{files: a, size: 5}]", "5 has no unit"),
        ("checks: [{files: a, size: 5 mb}]", "did you mean 'MB'"),
        ("checks: [{files: a, dtype: int3}]", "unknown dtype 'int3'"),
        ("checks: [{files: a, dtype: [int8]}]", "unknown dtype"),
        ("checks: [{files: a, layers: [x]}]", "layers is a mapping"),
        ("checks: [{files: a, layers: 0}]", "layers is a mapping"),
        ("checks: [{files: a, layers: {x: {}}}]", "'x' has no limit"),
        ("checks: [{files: a, layers: {x: {dtype: int8}}}]", "'x' has no limit"),
        ("checks: [{files: a, layers: {x: {layers: {y: {params: 1}}}}}]", "unknown key 'layers'"),
        ("checks: [{files: a, message: 3}]", "message must be text"),
        ("checks: [{files: a, files: b}]", "files"),
        ("checks: [", "not valid YAML"),
        ("checks: !!python/object:os.system [x]", "paramcalc.yaml:1"),
    ],
)
def test_a_configuration_with_a_mistake_is_an_error(text, why):
    Path("paramcalc.yaml").write_text(text)
    with pytest.raises(ParamcalcError) as caught:
        read_config("paramcalc.yaml")
    assert why in str(caught.value)
    assert str(caught.value).startswith("paramcalc.yaml")


def test_a_configuration_has_an_end():
    """Of globs, of bytes, and of the parts of a key, which Python's own reader takes minutes for."""
    Path("paramcalc.yaml").write_text("checks: [{params: 1, files: [" + "a, " * 10_000 + "a]}]")
    with pytest.raises(ConfigError, match="its checks have more than 10,000 globs"):
        read_config("paramcalc.yaml")
    Path("pyproject.toml").write_text("[tool.paramcalc]\n" + ".".join("a" * 65) + " = 1")
    with pytest.raises(ConfigError, match="a key has more than 64 parts"):
        read_config("pyproject.toml")
    Path("pyproject.toml").write_text("[tool.paramcalc]\n#" + " " * 2**20)
    with pytest.raises(ParamcalcError, match="larger than 1 MiB"):
        read_config("pyproject.toml")


def test_a_mistake_in_a_pyproject_says_in_which_line_its_check_begins():
    Path("pyproject.toml").write_text(TOML + "\n[[tool.paramcalc.checks]]\nfiles = 'a'\nparams = 'x'\n")
    line = TOML.count("\n") + 2
    count = TOML.count("[[tool.paramcalc.checks]]") + 1
    with pytest.raises(ConfigError, match=f"^pyproject.toml:{line}:1: check {count}: budget: params: 'x'"):
        read_config("pyproject.toml")


@pytest.mark.parametrize(
    "text", ["[tool.paramcalc", "tool = 3\n# paramcalc", "[tool]\nparamcalc = 3", "a = '\xff'", "x = 1"]
)
def test_a_pyproject_with_a_mistake_is_an_error(text):
    Path("pyproject.toml").write_bytes(text.encode("latin-1"))
    with pytest.raises(ConfigError):
        read_config("pyproject.toml")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("x = " + "[" * 100_000, "lists and tables are nested too deep in it"),
        ("x = " + "9" * 5_000, "an integer in it has too many digits"),
        ("x = 1\nx = 2", "at line 3|at end of document"),
    ],
)
def test_a_pyproject_that_cannot_be_read_is_told_in_plain_words(text, why):
    Path("pyproject.toml").write_text("[tool.paramcalc]\n" + text)
    with pytest.raises(ConfigError, match=why):
        read_config("pyproject.toml")


def test_a_byte_order_mark_is_passed_over_in_a_pyproject():
    """Editors of Windows write it, in a YAML and in a TOML file alike."""
    Path("pyproject.toml").write_text(TOML, encoding="utf-8-sig")
    assert read_config("pyproject.toml").checks


def test_a_mistake_says_where_it_stands():
    """Line and column of the check, in YAML."""
    Path("paramcalc.yaml").write_text("checks:\n  - files: a\n    params: 1\n  - files: b\n    parms: 1\n")
    with pytest.raises(ConfigError, match=r"^paramcalc\.yaml:4:5: check 2: unknown key 'parms'"):
        read_config("paramcalc.yaml")


def test_a_missing_configuration_is_an_error():
    with pytest.raises(ConfigError, match=r"no\.yaml cannot be read"):
        read_config("no.yaml")
