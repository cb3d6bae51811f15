"""For a person at a terminal, or in a CI log."""

from collections.abc import Iterator, Mapping, Sequence

from paramcalc.check.outcome import FileReport
from paramcalc.render.check.words import plain, sentences, summary_line
from paramcalc.render.text import sanitise

MARKS = {"passed": "ok", "failed": "OVER BUDGET", "broken": "CANNOT JUDGE"}
INDENT = " " * 13


def render(reports: Sequence[FileReport], number: Mapping[str, int]) -> str:
    """A paragraph a file, the last line the sum."""
    return "\n".join([line for report in reports for line in lines(report)] + [summary_line(number)]) + "\n"


def lines(report: FileReport) -> Iterator[str]:
    """One file."""
    passed = "; ".join([item.message for item in report.findings]) if report.status == "passed" else ""
    yield sanitise(f"{MARKS[report.status]:12} {report.source}" + (f"  {passed}" if passed else ""))
    yield from (INDENT + plain(sentence) for sentence in sentences(report))
    yield from (sanitise(f"{INDENT}note: {note}") for note in report.notices)
