"""A table for a pull request, or the summary of a job."""

from collections.abc import Mapping, Sequence

from paramcalc.check.outcome import FileReport
from paramcalc.render.check.words import Name, Sentence, sentences, summary_line
from paramcalc.render.markdown import code, escape

MARKS = {"passed": "✅", "failed": "❌", "broken": "⚠️"}
MAX_BYTES = 900_000
"""GitHub refuses the summary of a job past 1 MiB; what is left out is counted, what passed first."""

MAX_GRAPHS = 100_000
"""Bytes that graphs may take of the rest."""


def render(reports: Sequence[FileReport], number: Mapping[str, int]) -> str:
    """The sum, and a row a file."""
    rows = [row(report) for report in reports]
    if size_of(rows) > MAX_BYTES:
        rows = [text for text, report in zip(rows, reports, strict=True) if report.status != "passed"]
    while size_of(rows) > MAX_BYTES:
        rows = rows[: len(rows) * 9 // 10]
    out = [f"**paramcalc**: {summary_line(number)}", ""]
    if rows:
        out += ["|  | Model | Params | Outcome |", "| --- | --- | ---: | --- |", *rows, ""]
    if len(rows) < len(reports):
        out += [f"… and {len(reports) - len(rows):,} more", ""]
    return "\n".join(out[:-1]) + "\n" + graphs(reports)


def graphs(reports: Sequence[FileReport]) -> str:
    """What changed in each model as a graph, where that was asked for."""
    text = ""
    for report in reports:
        if report.diff is None or not report.diff.changes:
            continue
        from paramcalc.render.diff_report import shown  # only loaded where it is drawn
        from paramcalc.render.graph import changed_graph
        from paramcalc.render.mermaid import fenced

        drawn = fenced(changed_graph(report.diff, shown(report.diff)))
        if len((text + drawn).encode()) > MAX_GRAPHS:
            return text + "\nThe graphs of further models are left out.\n"
        text += f"\n{code(report.source)}\n\n{drawn}" if drawn else ""
    return text


def size_of(rows: Sequence[str]) -> int:
    """Bytes that rows take."""
    return sum([len(text.encode()) + 1 for text in rows])


def row(report: FileReport) -> str:
    """One file."""
    params = "?" if report.params is None else f"{report.params:,}"
    if report.params is not None and report.params_before is not None:
        params += f" ({report.params - report.params_before:+,})"
    said = [phrase(sentence) for sentence in sentences(report)] or ["within budget"]
    said += [escape(note) for note in report.notices]
    return f"| {MARKS[report.status]} | {code(report.source)} | {params} | {'<br>'.join(said)} |"


def phrase(sentence: Sentence) -> str:
    """A sentence; what a file chose the words of is in code style, where no mention or link is made of it."""
    return "".join([code(part) if isinstance(part, Name) else escape(part) for part in sentence])
