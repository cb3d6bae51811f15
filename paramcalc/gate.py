"""One file against its budgets: load, summarise, judge. What goes wrong is an outcome, not an exception."""

from typing import NamedTuple

from paramcalc.baseline import find_baseline
from paramcalc.budgets import Budget, Finding, check_budgets, check_growth, parse_budget, worst
from paramcalc.errors import ParamcalcError
from paramcalc.model import Model
from paramcalc.readers import load
from paramcalc.render.check_report import FileReport
from paramcalc.summarize import summarize
from paramcalc.summary import Summary


class Growth(NamedTuple):
    """How much a model may grow, and since when."""

    against: str
    limits: dict[str, int | str]


def check_file(
    file: str,
    budgets: list[Budget],
    growth: Growth | None = None,
    message: str | None = None,
    sets: dict[str, str] | None = None,
) -> FileReport:
    """Judge one file by its own `budget:` and the given ones: all of them must be kept."""
    try:
        model = load(file, sets=sets)
        own = [parse_budget(model.budget)] if model.budget is not None else []
        budgets = [*own, *budgets]
        memory = any("peak_memory" in budget.limits for budget in budgets)
        summary = summarize(model, allow_unknown=True, memory=memory)
        findings = check_budgets(summary, budgets)
        notices: tuple[str, ...] = ()
        if growth is not None:
            findings, notices = with_growth(file, summary, findings, growth)
        if all(budget.empty for budget in budgets) and (growth is None or not growth.limits):
            nothing = "nothing to check: there is no budget in it and no limit was given"
            findings.append(Finding("broken", "budget", None, None, nothing))
    except ParamcalcError as error:
        return FileReport(file, "broken", [], error=str(error), message=message)
    status = worst(findings)
    places = find_places(model, findings) if status != "passed" else {}
    return FileReport(file, status, findings, summary, None, message, places, notices)


def with_growth(
    file: str, summary: Summary, findings: list[Finding], growth: Growth
) -> tuple[list[Finding], tuple[str, ...]]:
    """The findings with those of the growth; a model that was not there is new, and may be."""
    base = find_baseline(growth.against, file)
    if base is None:
        return findings, (f"new: there is no {file} at {growth.against} to compare with",)
    findings = findings + check_growth(summary, base, growth.limits)
    if worst(findings) == "passed":
        return findings, ()
    return findings, changed(base, summary)


def changed(base: Summary, head: Summary) -> tuple[str, ...]:
    """What changed since the baseline, the largest first."""
    from paramcalc.diff import compare

    changes = sorted(compare(base, head).changes, key=lambda change: -abs(change.delta("params") or 0))
    return tuple(
        f"{change.kind} since the baseline: {change.path} ({change.delta('params') or 0:+,} params)"
        for change in changes[:3]
        if change.delta("params")
    )


def find_places(model: Model, findings: list[Finding]) -> dict[str, tuple[int, int]]:
    """Where the layers of failed findings stand; the largest layer stands for the whole model."""
    wanted = {item.layer for item in findings if item.layer}
    places = {}
    for node in model.nodes:
        if node.path in wanted and node.where:
            position = model.locate(node.where)
            if position is not None:
                places[node.path] = (position.line, position.column)
    return places
