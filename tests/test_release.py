"""The release: what `.ci/release.py` refuses and says, and the steps of the workflow that can be run here."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from paramcalc import __version__

ROOT = Path(__file__).parents[1]
WORKFLOW = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8"))
JOBS = WORKFLOW["jobs"]
CHANGELOG = (
    "# Changelog\n\n## [0.2.0] - 2026-12-01\n\n### Added\n\n- All of it.\n\n## [0.1.0] - Unreleased\n\n- Less.\n"
)


@pytest.fixture
def release(tmp_path, monkeypatch):
    """The script, in a project of version 0.2.0 that may be released."""
    spec = importlib.util.spec_from_file_location("release", ROOT / ".ci" / "release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    (tmp_path / "paramcalc" / "guide").mkdir(parents=True)
    (tmp_path / "paramcalc" / "__init__.py").write_text('__version__ = "0.2.0"\n')
    (tmp_path / "README.md").write_text("pip install paramcalc\n")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return module


def test_a_version_that_is_ready_may_be_released(release, capsys):
    assert release.check("v0.2.0") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("tag", "changelog", "reason"),
    [
        ("0.2.0", CHANGELOG, "'0.2.0' is no version"),
        ("v0.2", CHANGELOG, "'v0.2' is no version"),
        ("v0.2.0.post1", CHANGELOG, "is no version"),
        ("v0.3.0", CHANGELOG, "paramcalc/__init__.py says 0.2.0, not 0.3.0"),
        ("v0.3.0", CHANGELOG, "no section '## [0.3.0]"),
        ("v0.2.0", "# Changelog\n\n## [0.1.0] - 2026-01-01\n\n- Less.\n", "no section '## [0.2.0]"),
        ("v0.2.0", "## [0.2.0] - 2026-12-01\n\n## [0.1.0] - 2026-01-01\n\n- Less.\n", "is empty"),
        ("v0.2.0", "## [0.2.0] - Unreleased\n\n- All.\n", "'Unreleased' where its date must be"),
        ("v0.2.0", "## [0.2.0]\n\n- All.\n", "'' where its date must be"),
        ("v0.2.0", "## [0.2.0] - 2026-13-01\n\n- All.\n", "'2026-13-01' where its date must be"),
    ],
)
def test_a_version_that_is_not_ready_is_refused(release, tmp_path, capsys, tag, changelog, reason):
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    assert release.check(tag) == 1
    assert reason in capsys.readouterr().out


def test_a_page_that_still_has_a_placeholder_is_refused(release, tmp_path, capsys):
    (tmp_path / "paramcalc" / "guide" / "check.md").write_text("uses: OWNER/paramcalc/.github/actions/paramcalc@main\n")
    assert release.check("v0.2.0") == 1
    assert "paramcalc/guide/check.md still says OWNER/paramcalc" in capsys.readouterr().out


def test_a_candidate_needs_a_section_but_no_date(release, tmp_path):
    (tmp_path / "paramcalc" / "__init__.py").write_text('__version__ = "0.2.0rc1"\n')
    (tmp_path / "CHANGELOG.md").write_text("## [0.2.0] - Unreleased\n\n- All.\n")
    assert release.check("v0.2.0rc1") == 0
    (tmp_path / "CHANGELOG.md").write_text("## [0.1.0] - Unreleased\n\n- All.\n")
    assert release.check("v0.2.0rc1") == 1


def test_the_notes_are_the_section_of_the_version(release, capsys):
    assert release.notes("v0.2.0") == 0
    assert capsys.readouterr().out == "### Added\n\n- All of it.\n"
    assert release.notes("v0.3.0") == 1


@pytest.mark.parametrize(
    ("tag", "existing", "moved"),
    [
        ("v0.2.0", "v0.2.0", ["v0", "v0.2"]),
        ("v0.2.0", "v0.1.0 v0.1 v0 v0.2.0", ["v0", "v0.2"]),
        ("v0.1.1", "v0.1.0 v0.1.1 v0.2.0", ["v0.1"]),  # v0 stays at the later one
        ("v0.2.9", "v0.2.10 v0.2.9", []),
        ("v0.10.0", "v0.9.0 v0.10.0", ["v0", "v0.10"]),
        ("v1.0.0", "v0.9.0 v1.0.0rc2", ["v1", "v1.0"]),
        ("v1.0.0rc1", "v0.9.0", []),
        ("v0.2.0", "v0.3.0rc1 v0.2.0", ["v0", "v0.2"]),
    ],
)
def test_the_tags_of_a_family_move_to_its_latest_release(release, tag, existing, moved):
    assert release.moved(tag, existing.split()) == moved


def test_this_version_has_a_section_that_can_become_a_release():
    """Whoever tags it has only its date, and the address of the project, to fill in."""
    done = subprocess.run(
        [sys.executable, ROOT / ".ci" / "release.py", "notes", f"v{__version__}"], capture_output=True, check=False
    )
    assert done.returncode == 0


# -- the workflow --------------------------------------------------------------------------------------


def steps_of(job):
    return {step.get("name", step.get("uses", "").partition("@")[0]): step for step in JOBS[job]["steps"]}


def test_nothing_is_built_before_the_version_and_the_tests_are_right_nor_published_before_it_is_attested():
    assert [JOBS[name].get("needs") for name in JOBS] == [None, "version", "check", "build", "publish"]
    assert JOBS["check"]["uses"] == "./.github/workflows/ci.yml"
    ci = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert "workflow_call" in ci[True]  # YAML 1.1 reads `on` as true
    names = list(steps_of("build"))
    assert names.index("Attest where it was built, and from what") < names.index("actions/upload-artifact")


def test_only_what_publishes_may_speak_for_the_project_and_only_what_moves_tags_may_write():
    assert WORKFLOW["permissions"] == {}
    allowed = {name: job["permissions"] for name, job in JOBS.items()}
    assert [name for name, given in allowed.items() if given.get("contents") == "write"] == ["announce"]
    assert [name for name, given in allowed.items() if "id-token" in given] == ["build", "publish"]
    assert allowed["publish"] == {"id-token": "write"}
    assert JOBS["publish"]["environment"]["name"] == "pypi"
    assert "password" not in str(JOBS["publish"])


def test_scripts_hold_no_expression():
    """GitHub would paste a value into the script, whatever characters it has."""
    for job in JOBS.values():
        for step in job.get("steps", ()):
            assert "${{" not in step.get("run", "")


def git(folder, *words):
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_the_step_that_moves_tags_moves_them_in_the_repository(tmp_path):
    """The script of the workflow, with a repository in place of GitHub's."""
    hub, checkout = tmp_path / "hub.git", tmp_path / "checkout"
    git(tmp_path, "init", "-q", "--bare", str(hub))
    git(tmp_path, "clone", "-q", str(hub), str(checkout))
    (checkout / ".ci").mkdir()
    (checkout / ".ci" / "release.py").write_bytes((ROOT / ".ci" / "release.py").read_bytes())
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    for version in ("v0.1.0", "v0.2.0", "v0.3.0rc1"):  # the last one moves none
        (checkout / "version").write_text(version)
        git(checkout, "add", ".")
        git(checkout, *who, "commit", "-q", "-m", version)
        git(checkout, "tag", version)
        script = steps_of("announce")["Move the tags that the action and the pre-commit hook are named by"]["run"]
        given = os.environ | {"GITHUB_REF_NAME": version, "RUNNER_TEMP": str(tmp_path)}
        subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script], cwd=checkout, env=given, capture_output=True, check=True
        )
    first, second = git(checkout, "rev-parse", "v0.1.0"), git(checkout, "rev-parse", "v0.2.0")
    tags = {tag: git(hub, "rev-parse", tag) for tag in git(hub, "tag").split()}
    assert tags == {"v0": second, "v0.1": first, "v0.2": second}


def test_the_step_that_refuses_a_version_stops_the_workflow(tmp_path):
    [script] = [step["run"] for step in JOBS["version"]["steps"] if "run" in step]
    given = os.environ | {"GITHUB_REF_NAME": "v99.0.0"}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script], cwd=ROOT, env=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "CHANGELOG.md has no section '## [99.0.0]" in done.stdout


def test_the_tag_that_starts_the_workflow_is_a_version_and_no_moving_tag():
    """In GitHub's patterns `+` repeats what is before it, and `*` is anything but a slash."""
    [pattern] = WORKFLOW[True]["push"]["tags"]
    starts = re.compile(pattern.replace(".", r"\.").replace("*", "[^/]*")).fullmatch
    assert all(map(starts, ("v0.2.0", "v10.20.30", "v0.2.0rc1")))
    assert not any(map(starts, ("v0", "v0.2", "0.2.0", "nightly")))
