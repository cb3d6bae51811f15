"""`paramcalc check` and `diff` from the outside: exit codes, formats, configuration, baselines."""

import json
import subprocess
import xml.etree.ElementTree as ET

import pytest

from paramcalc.cli import run

SPEC = "input: [128]\nlayers:\n  - Dense: 64\n"  # 8,256 params


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with one model in it."""
    (tmp_path / "model.yaml").write_text(SPEC)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return tmp_path


def check(capsys, *args):
    code = run(["check", *args])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(("limit", "code"), [("8256", 0), ("8255", 1), ("1M", 0), ("nonsense", 2)])
def test_the_exit_code_says_how_it_went(folder, capsys, limit, code):
    """0 within, 1 over, 2 bad usage; equal passes."""
    assert check(capsys, "model.yaml", "--max-params", limit)[0] == code


@pytest.mark.parametrize("format_", ["text", "json", "github", "junit", "sarif", "markdown"])
def test_the_format_never_changes_the_exit_code(folder, capsys, format_):
    """1 in every format."""
    code, out, _ = check(capsys, "model.yaml", "--max-params", "1k", "--format", format_)
    assert code == 1
    assert "8,256" in out


def test_the_report_says_by_how_much_and_which_layers(folder, capsys):
    """What a person needs to act."""
    _, out, _ = check(capsys, "model.yaml", "--max-params", "8k")
    assert "by 256" in out
    assert "the largest layers: dense 8,256" in out
    assert "0 passed, 1 over budget, 0 broken" in out


def test_nothing_to_check_is_not_a_pass(folder, capsys):
    """No budget anywhere, or no configuration at all: exit code 2."""
    assert check(capsys, "model.yaml")[0] == 2
    assert check(capsys)[0] == 2


def test_a_specs_own_budget_counts(folder, capsys):
    """`budget:` in the file."""
    (folder / "model.yaml").write_text(SPEC + "budget: {params: 8k}\n")
    assert check(capsys, "model.yaml")[0] == 1


def test_no_limit_loosens_another(folder, capsys):
    """A spec's own budget holds, whatever the flags or the configuration allow."""
    (folder / "model.yaml").write_text(SPEC + "budget: {params: 8k}\n")
    assert check(capsys, "model.yaml", "--max-params", "1M")[0] == 1


CONFIG = '[[tool.paramcalc.checks]]\nfiles = ["*.yaml", "!broken.yaml"]\nparams = "{limit}"\n'


@pytest.mark.parametrize(("limit", "code"), [("9k", 0), ("8k", 1)])
def test_the_configuration_is_found_upward(folder, capsys, monkeypatch, limit, code):
    """From a folder below; excluded files are left out."""
    (folder / "pyproject.toml").write_text(CONFIG.format(limit=limit))
    (folder / "broken.yaml").write_text("layers: [")
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    assert check(capsys)[0] == code


def test_a_glob_that_matches_no_file_is_broken(folder, capsys):
    """A gate that finds nothing must not pass."""
    (folder / "paramcalc.yaml").write_text("checks:\n  - {files: 'models/*.yaml', params: 1M}\n")
    code, out, _ = check(capsys)
    assert code == 2
    assert "no file matches this glob" in out


def test_the_worst_outcome_decides_and_a_broken_file_hides_no_other(folder, capsys):
    """2 before 1; every file is reported."""
    (folder / "broken.yaml").write_text("input: [4]\nlayers: [Dens]\n")
    code, out, _ = check(capsys, "model.yaml", "broken.yaml", "--max-params", "1k")
    assert code == 2
    assert "0 passed, 1 over budget, 1 broken" in out


def test_exit_zero_forgives_only_what_is_over(folder, capsys):
    """What cannot be judged still exits 2."""
    assert check(capsys, "model.yaml", "--max-params", "1", "--exit-zero")[0] == 0
    assert check(capsys, "nowhere.yaml", "--max-params", "1", "--exit-zero")[0] == 2


def test_github_annotates_the_line_of_the_layer(folder, capsys):
    """Dense stands on line 3."""
    _, out, _ = check(capsys, "model.yaml", "--max-layer-params", "1k", "--format", "github")
    assert "::error file=model.yaml,line=3,col=5,title=layer dense::" in out


def test_in_github_actions_the_table_goes_to_the_step_summary(folder, capsys, monkeypatch):
    """Appended, whatever the format."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(folder / "step.md"))
    check(capsys, "model.yaml", "--max-params", "1k")
    assert "| ❌ | <code>model.yaml</code> | 8,256 | params: 8,256 is over" in (folder / "step.md").read_text()


def test_junit_counts_failures_and_errors(folder, capsys):
    """Well-formed, a test case a file."""
    _, out, _ = check(capsys, "model.yaml", "nowhere.yaml", "--max-params", "1k", "--format", "junit")
    suite = ET.fromstring(out).find("testsuite")
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("2", "1", "1")


def git(*args):
    identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run(["git", *identity, *args], check=True, capture_output=True)


@pytest.fixture
def repository(folder):
    """The model committed, then grown to 16,512 parameters."""
    git("init", "-q", ".")
    git("add", ".")
    git("commit", "-q", "-m", "first")
    (folder / "model.yaml").write_text(SPEC.replace("64", "128"))
    return folder


@pytest.mark.parametrize(("allowed", "code"), [("params:100%", 0), ("params:8256", 0), ("params:8255", 1), ("1%", 1)])
def test_growth_since_a_revision_is_judged(repository, capsys, allowed, code):
    """Read through git, from 8,256 to 16,512."""
    assert check(capsys, "model.yaml", "--against", "HEAD", "--max-increase", allowed)[0] == code


def test_a_new_model_is_no_error(repository, capsys):
    """There is no baseline to grow from: a notice."""
    (repository / "new.yaml").write_text(SPEC)
    code, out, _ = check(capsys, "new.yaml", "--against", "HEAD", "--max-increase", "0")
    assert code == 0
    assert "new:" in out


def test_a_saved_summary_is_a_baseline(folder, capsys):
    """What `summary --format json` wrote earlier."""
    assert run(["summary", "model.yaml", "--format", "json", "-o", "old.json"]) == 0
    (folder / "model.yaml").write_text(SPEC.replace("64", "128"))
    assert check(capsys, "model.yaml", "--against", "old.json", "--max-increase", "0")[0] == 1


@pytest.mark.parametrize(("fail_on", "code"), [("params:0", 1), ("params:100%", 0), ("macs:1", 1)])
def test_diff_is_a_gate(repository, capsys, fail_on, code):
    """BASE read through git; exit 1 when a number grew by more."""
    assert run(["diff", "HEAD:model.yaml", "model.yaml", "--fail-on", fail_on]) == code
    assert "+8,256" in capsys.readouterr().out


def test_diff_as_json_holds_both_sides(repository, capsys):
    """For a program."""
    run(["diff", "HEAD:model.yaml", "model.yaml", "--format", "json"])
    value = json.loads(capsys.readouterr().out)
    assert value["totals"]["params"] == {"base": 8256, "head": 16512, "delta": 8256}
    assert value["changes"][0]["kind"] == "changed"


def test_help_tells_what_passes(capsys):
    """`paramcalc check --help`."""
    assert "Equal passes" in check(capsys, "--help")[1]
