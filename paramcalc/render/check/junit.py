"""JUnit XML: a test case a file."""

from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape, quoteattr

from paramcalc.check.outcome import FileReport
from paramcalc.render.check.words import plain, sentences
from paramcalc.render.text import sanitise

TAGS = {"failed": "failure", "broken": "error"}


def render(reports: Sequence[FileReport], number: Mapping[str, int]) -> str:
    """One suite."""
    sums = f'tests="{len(reports)}" failures="{number["failed"]}" errors="{number["broken"]}" time="0"'
    cases = "".join([case(report) for report in reports])
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {sums}>\n'
        f'  <testsuite name="paramcalc" {sums}>\n{cases}  </testsuite>\n</testsuites>\n'
    )


def case(report: FileReport) -> str:
    """One file. What `sanitise` lets through is what XML can hold."""
    inner = ""
    if report.status != "passed":
        tag = TAGS[report.status]
        said = [plain(sentence) for sentence in sentences(report)]
        inner = f"<{tag} message={quoteattr(said[0])}>{escape(chr(10).join(said))}</{tag}>"
    if report.notices:
        inner += f"<system-out>{escape(chr(10).join(map(sanitise, report.notices)))}</system-out>"
    return (
        f'    <testcase classname="paramcalc" name={quoteattr(sanitise(report.source))} time="0">{inner}</testcase>\n'
    )
