"""The GitHub Action and the pre-commit hook, run here as their runners would.

No GitHub is asked: the steps are read from action.yml and run by bash with the environment that GitHub documents. A
`python3` that stands for the runner's makes a "virtual environment" of the interpreter that runs the tests, and its
pip installs nothing; that the real ones work is tried by hand.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION = ROOT / ".github" / "actions" / "paramcalc"
PYTHON = f"""#!/bin/bash
# The runner's python3, and that of the virtual environment.
[ "$1" = -I ] || exit 97
case "$2 $3" in
"-m venv") mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
"-m pip") shift 4 && printf '%s\\n' "$@" >"$RUNNER_TEMP/installed" ;;
*) PYTHONPATH={ROOT} exec {sys.executable} -P "${{@:2}}" ;;
esac
"""
SPEC = "input: [128]\nlayers:\n  - Dense: 64\n"  # 8,256 params


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    """A checkout, and a runner around it."""
    for folder in ("work", "temp", "bin"):
        (tmp_path / folder).mkdir()
    python = tmp_path / "bin" / "python3"
    python.write_text(PYTHON)
    python.chmod(0o755)
    monkeypatch.chdir(tmp_path / "work")
    Path("model.yaml").write_text(SPEC)
    Path("two words.yaml").write_text(SPEC)
    return tmp_path


def run_action(workspace, **inputs):
    """(exit code, log, summary of the job) of all steps, up to one that fails."""
    action = yaml.safe_load((ACTION / "action.yml").read_text())
    values = {name: each["default"] for name, each in action["inputs"].items()} | inputs
    summary = workspace / "summary.md"
    log = ""
    for step in action["runs"]["steps"]:
        given = {name: expanded(value, values) for name, value in step["env"].items()}
        assert "${{" not in step["run"], "an expression in a script is run by the shell"
        script = workspace / "script.sh"
        script.write_text(step["run"])
        environment = os.environ | given | {
            "PATH": f"{workspace / 'bin'}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(workspace / "temp"),
            "GITHUB_ACTIONS": "true",
            "GITHUB_WORKSPACE": str(workspace / "work"),
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_STEP_SUMMARY": str(summary),
        }  # fmt: skip
        shell = ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)]
        done = subprocess.run(shell, env=environment, capture_output=True, text=True, check=False)
        log += done.stdout + done.stderr
        if done.returncode:
            break
    return done.returncode, log, summary.read_text() if summary.exists() else ""


def expanded(value, inputs):
    """`${{ inputs.name }}` as the runner puts it in."""
    return re.sub(r"\$\{\{ inputs\.(\w+) \}\}", lambda match: inputs[match[1]], value)


@pytest.mark.parametrize(
    ("files", "arguments", "code", "said"),
    [
        ("model.yaml", "--max-params 9k", 0, "1 passed"),
        ("model.yaml", "--max-params 8k", 1, "::error file=model.yaml,line=3,"),
        ("*.yaml", "--max-params 9k", 0, "2 passed"),
        ("'two words.yaml'", "--max-params 9k", 0, "1 passed"),
        ("model.yaml\n'two words.yaml'\n", "--max-params 9k", 0, "2 passed"),
        ("model.yaml", "--max-size '33 KiB'", 0, "1 passed"),
        ("model.yaml", '--max-size "1 KiB"', 1, "size"),
        ("model.yaml", "--max-size 33 KiB", 2, "has no unit"),
        ("no/*.yaml", "--max-params 9k", 2, "no file matches"),
        ("", "", 2, "nothing to check"),
        ("model.yaml", "--max-params '9k", 2, "cannot be split into words"),
        ("--help", "--max-params 9k", 2, "there is no such file"),
        ("model.yaml", "--max-params 8k --format text", 1, "OVER BUDGET"),
    ],
)
def test_the_inputs_are_those_of_check(workspace, files, arguments, code, said):
    """Words as in a shell, globs expanded by paramcalc; the exit code is that of the step."""
    found, log, _ = run_action(workspace, files=files, arguments=arguments)
    assert (found, said in log) == (code, True), log


INJECTIONS = [
    *("$(touch owned)", "`touch owned`", "; touch owned", "&& touch owned", "| touch owned", "> owned", "${HOME}"),
    *('"; touch owned; "', "'; touch owned; '", "--debug\ntouch owned", "$IFS", "\\$(touch owned)"),
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_nothing_in_an_input_is_run(workspace, text):
    """Neither by the shell nor by the runner, whichever input it is in."""
    code, log, _ = run_action(workspace, files=text, arguments=f"--max-params 9k {text}", install=text)
    assert code == 2, log
    assert not list(workspace.rglob("owned"))
    assert os.environ["HOME"] not in log


def test_nothing_of_the_checkout_is_imported(workspace):
    """A pull request may bring files that are called like modules."""
    for name in ("venv", "pip", "shlex", "click", "paramcalc", "yaml", "sitecustomize"):
        Path(f"{name}.py").write_text("open('owned', 'w'); raise SystemExit(0)")
    assert run_action(workspace, files="model.yaml", arguments="--max-params 8k")[0] == 1
    assert not list(workspace.rglob("owned"))


def test_the_table_is_in_the_summary_of_the_job(workspace):
    assert (
        "<code>model.yaml</code> | 8,256 |" in run_action(workspace, files="model.yaml", arguments="--max-params 8k")[2]
    )


@pytest.mark.parametrize(
    ("install", "installed"), [("", f"{ACTION}/../../.."), ("paramcalc[extra]==1", "paramcalc[extra]==1")]
)
def test_what_is_installed_is_the_version_of_the_action(workspace, install, installed):
    """Unless another is asked for."""
    run_action(workspace, install=install)
    assert (workspace / "temp" / "installed").read_text().splitlines() == ["--quiet", installed]
    assert (Path(installed) / "pyproject.toml").exists() == (install == "")


def test_the_hook_runs_when_a_model_or_a_configuration_changes():
    [hook] = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    for name in ("model.yaml", "a/b.yml", "model.json", "model.keras", "m.h5", "pyproject.toml", "paramcalc.yaml"):
        assert re.search(hook["files"], name)
    assert not re.search(hook["files"], "train.py")
    assert hook["entry"].split() == ["paramcalc", "check"]
