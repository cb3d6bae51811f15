"""The outcome of a check in the formats that CI systems read. The format never changes the exit code."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple
from xml.sax.saxutils import escape, quoteattr

from paramcalc import __version__
from paramcalc.budgets import Finding
from paramcalc.summary import Summary


class FileReport(NamedTuple):
    """One file: its findings, and a line and column for those about one layer.

    Attributes:
        status: "passed", "failed", "broken" or "new" (no baseline to grow from counts as passed).
        error: why it could not be read, where it could not.
        places: layer path → (line, column).
    """

    source: str
    status: str
    findings: list[Finding]
    summary: Summary | None = None
    error: str | None = None
    message: str | None = None
    places: dict[str, tuple[int, int]] = {}  # noqa: RUF012 - a NamedTuple's default is never changed
    notices: tuple[str, ...] = ()


MARKS = {"passed": "ok", "failed": "OVER BUDGET", "broken": "CANNOT JUDGE"}


def clean(text: str) -> str:
    """Text that cannot drive a terminal or a CI log."""
    from paramcalc.render.text import sanitise

    return sanitise(text)


def counts(reports: list[FileReport]) -> dict[str, int]:
    """How many files passed, failed, or could not be judged."""
    return {status: sum(report.status == status for report in reports) for status in ("passed", "failed", "broken")}


def summary_line(reports: list[FileReport]) -> str:
    """`3 passed, 1 over budget, 0 broken`."""
    number = counts(reports)
    return f"{number['passed']} passed, {number['failed']} over budget, {number['broken']} broken"


def largest(summary: Summary, n: int = 3) -> str:
    """The layers that hold the most."""
    rows = sorted(summary.layers, key=lambda row: -row.params)[:n]
    return ", ".join(f"{row.path} {row.params:,}" for row in rows if row.params)


def lines_of(report: FileReport) -> list[str]:
    """What is said of one file, one sentence a line."""
    lines = [report.error] if report.error else []
    lines += [(f"layer '{item.layer}': " if item.layer else "") + item.message for item in report.findings
              if item.status != "passed"]  # fmt: skip
    if report.status == "failed" and report.summary is not None and largest(report.summary):
        lines.append(f"the largest layers: {largest(report.summary)}")
    if report.message and report.status != "passed":
        lines.append(report.message)
    return lines


def text(reports: list[FileReport], *, hide_passed: bool = False) -> str:
    """For a person."""
    out = []
    for report in reports:
        if report.status == "passed":
            if not hide_passed:
                passed = "; ".join(item.message for item in report.findings)
                out.append(f"{MARKS['passed']:12} {report.source}  {passed}")
        else:
            out.append(f"{MARKS[report.status]:12} {report.source}")
            out += [f"             {line}" for text in lines_of(report) for line in text.splitlines()]
        out += [f"             note: {note}" for note in report.notices]
    return "\n".join([clean(line) for line in out] + [summary_line(reports)]) + "\n"


def as_json(reports: list[FileReport], **_: Any) -> str:
    """For a program."""
    files = [
        {
            "source": report.source,
            "status": report.status,
            "error": report.error,
            "findings": [item._asdict() for item in report.findings],
            "notices": list(report.notices),
        }
        for report in reports
    ]
    return json.dumps({"schema_version": 1, **counts(reports), "files": files}, indent=2) + "\n"


def github(reports: list[FileReport], **_: Any) -> str:
    """GitHub's workflow commands: an annotation on the line of the layer that broke the budget."""
    out = []
    for report in reports:
        for item in report.findings:
            if item.status != "passed":
                line = report.places.get(item.layer or "", (1, 1))[0]
                title = f"layer {item.layer}" if item.layer else "paramcalc"
                out.append(command("error", report.source, line, title, item.message))
        if report.error:
            out.append(command("error", report.source, 1, "paramcalc", report.error))
        out += [command("notice", report.source, 1, "paramcalc", note) for note in report.notices]
    return "\n".join([*out, summary_line(reports)]) + "\n"


def command(kind: str, file: str, line: int, title: str, message: str) -> str:
    """One workflow command, its values escaped as GitHub's runner wants them."""

    def data(value: str) -> str:
        return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")

    def prop(value: str) -> str:
        return data(value).replace(":", "%3A").replace(",", "%2C")

    return f"::{kind} file={prop(file)},line={line},title={prop(title)}::{data(message)}"


def junit(reports: list[FileReport], **_: Any) -> str:
    """JUnit XML: a test case a file."""
    number = counts(reports)
    cases = []
    for report in reports:
        inner = ""
        if report.status != "passed":
            tag = "error" if report.status == "broken" else "failure"
            said = xml_text("\n".join(lines_of(report)))
            inner = f"<{tag} message={quoteattr(xml_text(lines_of(report)[0]))}>{escape(said)}</{tag}>"
        name = quoteattr(xml_text(report.source))
        cases.append(f'    <testcase classname="paramcalc" name={name} time="0">{inner}</testcase>')
    head = f'tests="{len(reports)}" failures="{number["failed"]}" errors="{number["broken"]}" time="0"'
    body = "\n".join(cases)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {head}>\n'
        f'  <testsuite name="paramcalc" {head}>\n{body}\n  </testsuite>\n</testsuites>\n'
    )


def xml_text(value: str) -> str:
    """Text without what XML 1.0 cannot hold."""
    return "".join(c if c in "\t\n" or (c >= " " and c.isprintable()) else "\ufffd" for c in value)


def sarif(reports: list[FileReport], **_: Any) -> str:
    """SARIF 2.1.0, for code scanning."""
    results = []
    for report in reports:
        told = [(item.metric, item.layer, item.message, item.status) for item in report.findings]
        told += [("input", None, report.error, "broken")] if report.error else []
        for metric, layer, message, status in told:
            if status == "passed":
                continue
            line, column = report.places.get(layer or "", (1, 1))
            results.append(
                {
                    "ruleId": f"paramcalc/{metric}",
                    "level": "error",
                    "message": {"text": f"layer '{layer}': {message}" if layer else message},
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": report.source.replace("\\", "/")},
                                "region": {"startLine": line, "startColumn": column},
                            }
                        }
                    ],
                }
            )
    rules = [{"id": name} for name in sorted({str(result["ruleId"]) for result in results})]
    driver = {"name": "paramcalc", "version": __version__, "rules": rules}
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{"tool": {"driver": driver}, "results": results}],
    }
    return json.dumps(log, indent=2) + "\n"


def markdown(reports: list[FileReport], **_: Any) -> str:
    """A table for a pull request."""
    out = ["| model | params | outcome |", "| --- | ---: | --- |"]
    for report in reports:
        params = f"{report.summary.totals.params:,}" if report.summary else "?"
        said = "; ".join(lines_of(report)) or "within budget"
        mark = {"passed": "✅", "failed": "❌", "broken": "⚠️"}[report.status]
        out.append(f"| {cell(report.source)} | {params} | {mark} {cell(said)} |")
    return "\n".join([*out, "", summary_line(reports)]) + "\n"


def cell(value: str) -> str:
    """Text inside a Markdown table."""
    escaped = clean(value.replace("\n", " "))
    for char in "\\|<>`*_[]":
        escaped = escaped.replace(char, f"\\{char}" if char != "<" else "&lt;")
    return escaped


FORMATS: dict[str, Callable[..., str]] = {
    "text": text,
    "json": as_json,
    "github": github,
    "junit": junit,
    "sarif": sarif,
    "markdown": markdown,
}


def exit_code(reports: list[FileReport]) -> int:
    """The worst outcome decides: 2 before 1 before 0."""
    statuses = {report.status for report in reports}
    return 2 if "broken" in statuses else 1 if "failed" in statuses else 0
