"""Where a model stood before: a git revision, a folder, or a summary saved as JSON."""

import subprocess
from pathlib import Path

import msgspec

from paramcalc.errors import ParamcalcError
from paramcalc.summary import Summary


class BaselineError(ParamcalcError):
    """The baseline as a whole cannot be read (no such revision, not a repository)."""


def read_revision(spec: str) -> tuple[bytes, str] | None:
    """`REV:path` read through git: (content, name); None when the revision has no such file.

    Raises:
        BaselineError: when git, the repository or the revision is missing.
    """
    revision, _, path = spec.partition(":")
    if revision.startswith("-"):
        raise BaselineError(f"'{revision}' is not a revision")
    run_git("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}", what=revision)
    shown = subprocess.run(  # noqa: S603 - no shell, and the revision is checked above
        ["git", "cat-file", "blob", f"{revision}:./{path}"],  # noqa: S607 - the user's git
        capture_output=True,
        check=False,
    )
    return (shown.stdout, spec) if shown.returncode == 0 else None


def run_git(*arguments: str, what: str) -> None:
    """Run git for its exit code."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, check=False)  # noqa: S603, S607
    except FileNotFoundError:
        raise BaselineError("git is not installed, so a revision cannot be read") from None
    if done.returncode != 0:
        raise BaselineError(f"'{what[:80]}' is not a revision of this repository")


def find_baseline(against: str, file: str) -> Summary | None:
    """The summary `file` had at the baseline; None when it was not there: it is new.

    Raises:
        ParamcalcError: when the baseline cannot be read.
    """
    path = Path(against)
    if path.is_dir():
        old = path / file
        return summarized(str(old)) if old.exists() else None
    if path.is_file():
        return saved_summary(path, file)
    found = read_revision(f"{against}:{file}")
    return None if found is None else summarized(*found)


def saved_summary(path: Path, file: str) -> Summary | None:
    """A summary saved by `--format json`, or one line of `jsonl`."""
    for line in jsonl_or_json(path):
        try:
            summary = msgspec.json.decode(line, type=Summary)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise BaselineError(f"{path.name} is not a summary that paramcalc saved: {error}") from None
        if summary.source == file or len(jsonl_or_json(path)) == 1:
            return summary
    return None


def jsonl_or_json(path: Path) -> list[bytes]:
    """The JSON texts of a file: its lines if each is one, else the whole."""
    data = path.read_bytes()
    lines = [line for line in data.splitlines() if line.strip()]
    return lines if all(line.startswith(b"{") and line.endswith(b"}") for line in lines) else [data]


def summarized(source: str | bytes, name: str | None = None) -> Summary:
    """Load and summarise one file."""
    from paramcalc.readers import load
    from paramcalc.summarize import summarize

    return summarize(load(source, name=name))
