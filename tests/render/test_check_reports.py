"""What `check` reports, in all formats, valid by the formats' own schemas and harmless whatever a file is called."""

import json
from pathlib import Path
from urllib.parse import unquote

import jsonschema
import pytest
import xmlschema

from paramcalc.check.budgets import Finding
from paramcalc.check.outcome import FileReport, Grown, counts, exit_code
from paramcalc.errors import Position, Problem
from paramcalc.render import CHECKS
from paramcalc.render.check import render
from tests.each import each
from tests.hostile_text import NAMES, assert_harmless

SCHEMAS = Path(__file__).parents[1] / "data" / "schemas"
OVER = Finding("failed", "params", 10, 12, "params: 12 is over the budget of 10 by 2 (+20.0%)")
WITHIN = Finding("passed", "params", 20, 12, "params: 12 of 20")


def reports(name="a.yaml"):
    """One of each kind, the name wherever a file or a configuration may put one."""
    over = OVER._replace(layer=name, check=name, hint=name, place=Position(4, 5))
    unknown = Finding("broken", "macs", 5, None, f"MACs cannot be computed: a dimension is unknown in '{name}'")
    unknown = unknown._replace(place=Position(2, 1))
    problem = Problem(f"unknown key '{name}'", layer=f"'{name}' (Dense)", position=Position(3, 7))
    return [
        FileReport("passed.yaml", "passed", [WITHIN], params=12),
        FileReport(
            name,
            "failed",
            [over, WITHIN],
            params=12,
            params_before=9,
            largest=[(name, 8), ("b", 4)],
            grown=[Grown("changed", name, 3)],
        ),
        FileReport(f"{name}.yaml", "broken", [unknown], params=12),
        FileReport(f"broken {name}", "broken", problems=[problem, Problem("there is no such file")]),
        FileReport(f"new {name}", "passed", [WITHIN], params=12, new=True, notices=[f"new: it is not at {name}"]),
    ]


@pytest.fixture(scope="module")
def junit_schema():
    return xmlschema.XMLSchema10(SCHEMAS / "junit-10.xsd")


@pytest.fixture(scope="module")
def sarif_schema():
    return jsonschema.Draft4Validator(json.loads((SCHEMAS / "sarif-2.1.0.json").read_text("utf-8")))


@pytest.mark.parametrize("name", ["a.yaml", *NAMES])
def test_junit_is_valid_and_counts_every_outcome(junit_schema, name):
    text = render(reports(name), "junit")
    junit_schema.validate(text)
    suite = junit_schema.to_dict(text)["testsuite"][0]
    assert (suite["@tests"], suite["@failures"], suite["@errors"]) == ("5", "1", "2")


@pytest.mark.parametrize("shown", [[], [0], [3], [0, 4]])
def test_junit_is_valid_for_any_mix(junit_schema, shown):
    junit_schema.validate(render([reports()[index] for index in shown], "junit"))


@pytest.mark.parametrize("name", ["a.yaml", "/abs/a b.yaml", "a:b.yaml", *NAMES])
def test_sarif_is_valid_and_its_uri_is_the_file(sarif_schema, name):
    log = json.loads(render(reports(name), "sarif"))
    sarif_schema.validate(log)
    results = log["runs"][0]["results"]
    assert [each["ruleId"] for each in results] == ["paramcalc/params", "paramcalc/macs", *["paramcalc/input"] * 2]
    uri = results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    assert uri.isascii()
    assert " " not in uri
    assert unquote(uri).removeprefix("file://").removeprefix("./") == name
    assert "](" not in "".join(each["message"]["text"] for each in results)


def test_sarif_without_a_finding_is_valid(sarif_schema):
    sarif_schema.validate(json.loads(render([reports()[0]], "sarif")))


@pytest.mark.parametrize("format_", CHECKS)
def test_no_name_drives_a_terminal_or_a_ci_log(format_):
    for name in NAMES:
        assert_harmless(render(reports(name), format_), commands=format_ == "github")


def test_the_workflow_commands_of_github_are_its_own():
    for name in NAMES:
        lines = render(reports(name), "github").splitlines()
        assert [line[: line.index(" file=")] for line in lines[:-1]] == ["::error"] * 4 + ["::notice"]
        assert all(line.count("::") == 2 and "##" not in line for line in lines[:-1])


@each("name", NAMES)
def test_json_holds_every_name_exactly(name):
    files = json.loads(render(reports(name), "json"))["files"]
    assert files[1]["source"] == files[1]["largest"][0]["path"] == files[1]["findings"][0]["layer"] == name


@each("name", NAMES)
def test_no_name_ends_a_markdown_cell_or_begins_markup(name):
    lines = render(reports(name), "markdown").splitlines()
    assert {line.count("|") for line in lines if line.startswith("|")} == {5}
    text = "".join(lines).replace("<code>", "").replace("</code>", "").replace("<br>", "")
    for mark in ("<", "`", "](", "![", "@", "~"):
        assert mark not in text


@pytest.mark.parametrize("format_", ["text", "github", "junit", "sarif", "markdown", "json"])
def test_every_format_says_by_how_much_which_layers_and_what_changed(format_):
    """For a model over its budget whose baseline is known."""
    text = render(reports(), format_)
    for said in ("by 2", "largest", "since the baseline" if format_ != "json" else '"delta": 3'):
        assert said in text


@pytest.mark.parametrize("format_", ["text", "json", "markdown", "junit"])
def test_what_passed_can_be_left_out_and_is_still_counted(format_):
    """`--hide-passed`, in every format that shows what passed."""
    assert "passed.yaml" in render(reports(), format_)
    hidden = render(reports(), format_, hide_passed=True)
    assert "passed.yaml" not in hidden
    if format_ != "junit":
        assert "2 passed" in hidden or '"passed": 2' in hidden


def test_a_file_is_named_from_the_top_of_the_checkout(monkeypatch, tmp_path):
    """GitHub annotates by paths from the workspace, wherever paramcalc runs."""
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert "::error file=below/a.yaml,line=4,col=5," in render(reports(), "github")
    assert '"uri": "below/a.yaml"' in render(reports(), "sarif")


@pytest.mark.parametrize(("passed", "failed", "shown"), [(2000, 2000, True), (9000, 2000, False), (9, 6000, False)])
def test_a_summary_of_very_many_models_stays_below_what_github_takes(passed, failed, shown):
    """1 MiB; those that passed are left out first, and what is left out is counted."""
    text = render([reports()[0]] * passed + [reports()[1]] * failed, "markdown")
    assert len(text.encode()) < 1024 * 1024
    assert ("passed.yaml" in text) == shown
    rows = text.count("\n| ❌") + text.count("\n| ✅")
    assert rows >= 2000
    assert rows == passed + failed or f"… and {passed + failed - rows:,} more" in text


def test_the_worst_outcome_is_the_exit_code_and_nothing_is_no_pass():
    assert [exit_code(reports()[index : index + 1]) for index in range(5)] == [0, 1, 2, 2, 0]
    assert exit_code(reports()) == exit_code([]) == 2
    assert counts(reports()) == {"passed": 2, "failed": 1, "broken": 2}
