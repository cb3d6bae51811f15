"""What must hold for any bytes: read them, render them in every way, and check the results."""

import json
import resource
import time
from collections.abc import Callable, Iterator

import paramcalc
from paramcalc import ParamcalcError
from paramcalc.analysis.diff import compare
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.explain import explain
from paramcalc.analysis.summarize import summarize
from paramcalc.check.budgets import check_budgets, parse_budget
from paramcalc.formats.convert import convert
from paramcalc.render import csv_format, diff_report, explain_text, json_format, layout, markdown, svg, table
from paramcalc.render.text import sanitise

MAX_LAYERS = 2_000
"""Fewer than the usual limit: many small models find more than few large ones."""
SECONDS = 2.0
MEMORY = 300 * 2**20
LINES = 24


class FoundError(Exception):
    """A promise that is broken."""


def examine(data: bytes, seconds: float = SECONDS, pictures: bool = True) -> str:
    """Return `ok` or `refused`.

    Args:
        data: the content of a file.
        seconds: how much CPU time reading and showing it may take.
        pictures: draw it as SVG as well, which is slow.

    Raises:
        FoundError: if it took too much time or memory, or printed something harmful.
        Exception: any error that paramcalc should have caught.
    """
    before = peak_memory()
    start = time.process_time()
    outcome = show(data, pictures)
    took = time.process_time() - start
    if took > seconds:
        raise FoundError(f"it took {took:.1f} s")
    if peak_memory() - before > MEMORY:
        raise FoundError(f"it took {(peak_memory() - before) / 2**20:.0f} MiB")
    return outcome


def show(data: bytes, pictures: bool) -> str:
    """Read a file and print everything that can be printed of it."""
    try:
        model = paramcalc.load(data, name="fuzz", max_layers=MAX_LAYERS)
        summary = summarize(model, allow_unknown=True, memory=True)
    except ParamcalcError as error:
        lines = error.lines()
        if len(lines) > LINES:
            raise FoundError(f"the error has {len(lines)} lines") from error
        for line in lines:
            harmless(sanitise(line))
        return "refused"
    for text in renderings(summary, pictures):
        harmless(text)
    for ask in questions(model, summary):
        try:
            harmless(ask())
        except ParamcalcError as error:
            harmless("\n".join(map(sanitise, error.lines())))
    return "ok"


def renderings(summary: paramcalc.Summary, pictures: bool) -> Iterator[str]:
    """Return the summary in every format."""
    for options in (table.Options(), table.Options(width=40, glyphs=layout.ASCII), table.Options(sort="macs", top=3)):
        yield "".join(table.plain(table.summary_lines(summary, options)))
    yield "".join(markdown.summary_markdown(summary, table.Options(depth=2)))
    yield "".join(csv_format.summary_csv(summary, None))
    data = b"".join(json_format.summary_json(summary)).decode()
    if json.loads(data)["totals"]["params"] != sum(row["params"] for row in json.loads(data)["layers"]):
        raise FoundError("the rows do not sum to the total")
    yield data
    if pictures:
        yield svg.summary_svg(summary, table.Options())


def questions(model: paramcalc.Model, summary: paramcalc.Summary) -> Iterator[Callable[[], str]]:
    """Run the other commands; each may refuse."""
    yield lambda: "".join(explain_text.text(explain(evaluate(model))))
    yield lambda: convert(model, "spec")
    yield lambda: convert(model, "keras")
    yield lambda: "".join(table.plain(diff_report.lines(compare(summary, summary), diff_report.Options(80))))
    if model.budget is not None:
        yield lambda: "\n".join(
            sanitise(finding.message) for finding in check_budgets(summary, [parse_budget(model.budget)])
        )


def harmless(text: str) -> None:
    """Check that no character controls a terminal."""
    for line in text.split("\n"):
        if not line.isprintable():
            raise FoundError(f"it prints a control character: {line[:200]!r}")


def peak_memory() -> int:
    """Return this process's peak memory in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
