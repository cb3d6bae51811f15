"""The outcome of a check, file by file: plain data for the reports, and the exit code that follows."""

from collections.abc import Sequence
from typing import NamedTuple

from paramcalc.analysis.diff import Diff
from paramcalc.check.budgets import Finding
from paramcalc.errors import Problem

STATUSES = ("passed", "failed", "broken")


class Grown(NamedTuple):
    """A layer that changed since the baseline."""

    kind: str
    path: str
    delta: int


class FileReport(NamedTuple):
    """One file.

    Attributes:
        source: the file, as the user named it.
        status: "passed", "failed" or "broken".
        findings: the results of all comparisons.
        problems: why the file could not be read, each with its place.
        params: the parameters now, and at the baseline if there is one.
        largest: the layers with the most parameters: (path, parameters).
        grown: the largest changes since the baseline.
        new: whether the baseline does not have the file.
        notices: remarks that do not affect the outcome.
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
        """The findings that did not pass."""
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
    """The worst outcome decides: 2, else 1, else 0; checking nothing does not pass."""
    number = counts(reports)
    return 2 if number["broken"] or not reports else 1 if number["failed"] else 0
