"""The configuration of `check`: where it is found, and what is wrong with it."""

import json
import os
from pathlib import Path

import pytest

from paramcalc.check.config import ConfigError, find_config, read_config
from paramcalc.errors import InputError, ParamcalcError
from tests.each import each

TOML = '[[tool.paramcalc.checks]]\nfiles = "*.yaml"\nparams = "1M"\n'
YAML = "checks: [{files: '*.yaml', params: 1M}]\n"


pytestmark = pytest.mark.usefixtures("tree")


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
    with pytest.raises(ConfigError, match=r"^pyproject\.toml: paramcalc\.yaml has checks as well"):
        find_config(".")


@each(
    "text, why",
    [
        ("", "no checks"),
        ("checks:", "no checks"),
        ("checks: []", "no checks"),
        ("checks: {files: a}", 'its checks are a list: write - files: ["…"]'),
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
    Path("paramcalc.yaml").write_text("checks: [{params: 1, files: [" + "a, " * 1_000 + "a]}]")
    with pytest.raises(ConfigError, match="its checks have more than 1,000 globs"):
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


def test_checks_in_single_brackets_are_told_of():
    """`[tool.paramcalc.checks]` is one table, and no list of them."""
    Path("pyproject.toml").write_text(TOML.replace("[[", "[").replace("]]", "]"))
    with pytest.raises(ConfigError, match=r"a list: write \[\[tool.paramcalc.checks\]\], in two brackets"):
        read_config("pyproject.toml")


def test_what_is_no_toml_is_told_where_it_stands():
    Path("m/pyproject.toml").write_text("[tool.paramcalc]\nchecks = []]\n")
    with pytest.raises(ConfigError, match=r"^m/pyproject\.toml:2:12: Expected newline or end of document"):
        find_config("m")


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
    with pytest.raises(InputError, match=r"^no\.yaml: there is no such file"):
        read_config("no.yaml")


@pytest.mark.parametrize("make", [lambda path: os.symlink("gone", path), os.mkfifo, os.mkdir])
@pytest.mark.parametrize("name", ["paramcalc.yaml", "pyproject.toml"])
def test_what_is_called_like_a_configuration_is_not_passed_over(make, name):
    """For one further up, which allows more; nor is a pipe waited for."""
    Path("paramcalc.yml").write_text(YAML)
    make(f"m/{name}")
    with pytest.raises(InputError, match=f"^m/{name}: is a"):
        read_config(os.path.join("m", find_config("m")))


@pytest.mark.parametrize(("count", "refused"), [(97, False), (98, True)])
def test_long_globs_are_limited_together(count, refused):
    """Each is a pattern that takes time by its length before it is held against a name."""
    globs = ["m/*.yaml", *[f"!{'*a' * 510}{number:>2}" for number in range(count)]]
    Path("paramcalc.yaml").write_text(json.dumps({"checks": [{"files": globs, "params": "1M"}]}))
    if refused:
        with pytest.raises(ConfigError, match="more than 100,000 characters together"):
            read_config("paramcalc.yaml")
    else:
        assert len(read_config("paramcalc.yaml").checks[0].files) == count + 1
