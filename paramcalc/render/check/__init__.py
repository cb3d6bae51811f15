"""The outcome of a check in the formats that people and CI systems read, a file each.

The format never changes the exit code; what a report says is the same in all of them.
"""

from collections.abc import Sequence
from typing import Any

from paramcalc.check.outcome import FileReport, counts
from paramcalc.render import CHECKS, function_of


def render(reports: Sequence[FileReport], format_: str, *, hide_passed: bool = False, style: Any = None) -> str:
    """The reports in a format; those that are left out are still counted. `style` is for the text."""
    shown = [report for report in reports if report.status != "passed"] if hide_passed else reports
    more = [style] if style and format_ == "text" else []
    text: str = function_of(CHECKS[format_].writer)(shown, counts(reports), *more)
    return text
