"""A page for a person: how many passed, and every file with its limits, each as a bar of what it takes of it."""

from collections.abc import Iterator, Mapping, Sequence

from paramcalc.check.budgets import Finding
from paramcalc.check.outcome import STATUSES, FileReport
from paramcalc.metrics import BYTES
from paramcalc.render.check.words import plain, sentences, summary_line
from paramcalc.render.html.page import bar, page, text
from paramcalc.render.numbers import format_bytes, format_int

WORDS = {"passed": "within budget", "failed": "over budget", "broken": "cannot be judged"}


def render(reports: Sequence[FileReport], number: Mapping[str, int]) -> str:
    """The whole page."""
    return "".join(page(f"paramcalc check: {summary_line(number)}", body(reports, number)))


def body(reports: Sequence[FileReport], number: Mapping[str, int]) -> Iterator[str]:
    """The counts, and a row a file."""
    yield "<h1>Budgets</h1>\n"
    counts = [f'<span class="{name}"><b class="status">{number[name]:,}</b> {WORDS[name]}</span>' for name in STATUSES]
    yield f'<p class="counts">{"".join(counts)}</p>\n<section>\n'
    yield '<div class="scroll"><table data-table="check"><thead><tr>'
    yield '<th scope="col">Model</th><th scope="col" class="number">Params</th><th scope="col">Outcome</th>'
    yield '<th scope="col">Limits</th></tr></thead>\n<tbody>\n'
    yield from map(row, reports)
    yield "</tbody></table></div>\n</section>\n"


def row(report: FileReport) -> str:
    """One file."""
    params = "?" if report.params is None else f"{report.params:,}"
    change = ""
    if report.params is not None and report.params_before is not None:
        change = f'<br><span class="note">{report.params - report.params_before:+,}</span>'
    said = [plain(sentence) for sentence in sentences(report)] + list(report.notices)
    reasons = "".join([f'<p class="note">{text(line)}</p>' for line in said])
    limits = "".join(map(limit, report.findings))
    return (
        f'<tr class="{report.status}" data-state="{WORDS[report.status]}"><th scope="row">{text(report.source)}</th>'
        f'<td class="number" data-value="{report.params or 0}">{params}{change}</td>'
        f'<td><span class="status">{WORDS[report.status]}</span>{reasons}</td><td>{limits}</td></tr>\n'
    )


def limit(finding: Finding) -> str:
    """One limit: what it is about, and how much of it is taken."""
    layer = f" of {finding.layer}" if finding.layer else ""
    label = f"{finding.metric.replace('_', ' ')}{layer}"
    if finding.limit is None or finding.actual is None:
        return f'<p class="limit {finding.status}"><span>{text(label)}</span></p>'
    shown = format_bytes if finding.metric in BYTES else format_int
    taken = f"{shown(finding.actual)} of {shown(finding.limit)}"
    share = finding.actual / finding.limit if finding.limit else float(finding.actual > 0)
    drawn = f'{bar(share)} <span class="note">{taken}</span>'
    return f'<p class="limit {finding.status}"><span>{text(label)}</span>{drawn}</p>'
