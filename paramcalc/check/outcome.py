"""What a check found, file by file: plain data for the reports, and the exit code that it means."""

from collections.abc import Sequence
from typing import NamedTuple

from paramcalc.analysis.diff import Diff
from paramcalc.check.budgets import Finding
from paramcalc.errors import Problem

STATUSES = ("passed", "failed", "broken")


class Grown(NamedTuple):
    """A layer that is not as it was at the baseline."""

    kind: str
    path: str
    delta: int


class FileReport(NamedTuple):
    """One file.

    Attributes:
        source: the file, as the user knows it.
        status: "passed", "failed" or "broken".
        findings: what was held against what.
        problems: why the file could not be read, each with its place.
        params: the parameters now, and at the baseline where one is known.
        largest: the layers that hold the most: (path, parameters).
        grown: what changed the most since the baseline.
        new: whether the baseline does not have the file.
        notices: what a person should know though it changes no outcome.
        diff: what changed since the baseline, layer by layer; only where it was asked for.
    """

    source: str
    status: str
    findings: Sequence[Finding] = ()
    problems: Sequence[Problem] = ()
    params: int | None = None
    params_before: int | None = None
    largest: Sequence[tuple[str, int]] = ()
    grown: Sequence[Grown] = ()
    new: bool = False
    notices: Sequence[str] = ()
    diff: Diff | None = None

    @property
    def bad(self) -> list[Finding]:
        """The findings that are not passed."""
        return [item for item in self.findings if item.status != "passed"]

    @property
    def hints(self) -> list[str]:
        """The messages of the checks that did not pass."""
        return list(dict.fromkeys(item.hint for item in self.bad if item.hint))


def counts(reports: Sequence[FileReport]) -> dict[str, int]:
    """How many files passed, failed, or could not be judged."""
    found = dict.fromkeys(STATUSES, 0)
    for report in reports:
        found[report.status] += 1
    return found


def exit_code(reports: Sequence[FileReport]) -> int:
    """The worst outcome decides: 2 before 1 before 0; nothing checked is no pass."""
    number = counts(reports)
    return 2 if number["broken"] or not reports else 1 if number["failed"] else 0
