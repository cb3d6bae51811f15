"""Checks one file against its budgets: load, summarise, judge. Whatever goes wrong is an outcome, not an exception."""

from collections.abc import Mapping, Sequence
from heapq import nlargest
from typing import NamedTuple

from msgspec import UNSET
from msgspec.json import encode
from msgspec.structs import replace

from paramcalc.analysis.diff import compare
from paramcalc.answer import Question, read, summary_of
from paramcalc.budget import Budget
from paramcalc.check.baseline import ASKED, Baseline
from paramcalc.check.budgets import (
    Finding,
    check_budgets,
    check_growth,
    is_named,
    own_budget,
    worst,
)
from paramcalc.check.outcome import FileReport, Grown
from paramcalc.errors import DocPath, InputError, ParamcalcError, Position, Problem
from paramcalc.model import Model
from paramcalc.summary import Summary

SHOWN = 3
"""The most layers that a report names."""

START = Position(1, 1)
"""The place of a finding that has no other."""


class Growth(NamedTuple):
    """The allowed growth, and the baseline that it starts from."""

    against: str
    baseline: Baseline
    limits: Mapping[str, str]


class Compared(NamedTuple):
    """The comparison of one file with a baseline."""

    findings: Sequence[Finding] = ()
    base: Summary | None = None
    new: bool = False
    notices: tuple[str, ...] = ()


def check_file(
    file: str,
    budgets: Sequence[Budget],
    growth: Growth | None = None,
    asked: Question = ASKED,
    dtype: str | None = None,
    with_diff: bool = False,
    depth: int | None = None,
) -> FileReport:
    """Judge one file by its own `budget:` and the given ones: it must keep all of them.

    Args:
        file: its path.
        budgets: further budgets.
        growth: the allowed growth.
        asked: the options that change what is computed.
        dtype: the dtype of sizes where a budget names none.
        with_diff: report what changed since the baseline, layer by layer.
        depth: the depth of blocks in explanations of the outcome; deeper layers are summed.
    """
    try:
        model = read(file, asked)
        budgets = [*own_budget(model), *budgets]
        summary = summary_of(model, replace(asked, memory=any("peak_memory" in each.limits for each in budgets)))
        findings = held_against(model, summary, budgets, asked, dtype)
    except ParamcalcError as error:
        return unreadable(file, error)
    compared = compare_with(growth, file, summary, dtype, asked) if growth else Compared()
    findings += [*compared.findings, *nothing_to_check(budgets, growth)]
    report = FileReport(
        source=model.source,
        status=worst(findings),
        findings=findings,
        params=summary.totals.params,
        params_before=compared.base.totals.params if compared.base else None,
        new=compared.new,
        notices=(*compared.notices, *noticed(model)),
        diff=compare(compared.base, summary) if with_diff and compared.base else None,
    )
    return report if report.status == "passed" else explained(report, model, summary, compared.base, depth)


def nothing_to_check(budgets: Sequence[Budget], growth: Growth | None) -> list[Finding]:
    """A check that checks nothing must not pass."""
    if any(not budget.empty for budget in budgets) or (growth is not None and growth.limits):
        return []
    message = "nothing to check: there is no budget in it and no limit was given"
    return [Finding("broken", "budget", None, None, message)]


def held_against(
    model: Model, summary: Summary, budgets: Sequence[Budget], asked: Question, dtype: str | None
) -> list[Finding]:
    """Compare the model with each budget; one for another context or batch needs a summary of its own."""
    findings: list[Finding] = []
    known: dict[bytes, Summary] = {}

    def answered(question: Question) -> Summary:
        key = encode(question)
        if key not in known:
            known[key] = summary_of(model, question)
        return known[key]

    for budget in budgets:
        own = replace(asked, context=budget.context or asked.context, batch_size=budget.batch_size or asked.batch_size)
        here = summary if own == asked else answered(replace(own, memory="peak_memory" in budget.limits))
        trained = budget.optimizer or "adamw" if "training_memory" in budget.limits else None

        def measured(judged: Budget, own: Question = own, trained: str | None = trained) -> Summary:
            return answered(replace(own, memory=True, optimizer=trained, dtype=judged.dtype))

        findings += check_budgets(here, [budget], dtype, measured)
    return list(dict.fromkeys(findings))


def explained(
    report: FileReport, model: Model, summary: Summary, base: Summary | None, depth: int | None
) -> FileReport:
    """The report with what helps to understand why it did not pass."""
    grown = what_grew(base, summary) if base else []
    over = any(item.status == "failed" for item in report.findings)
    sizes: dict[str, int] = {}
    for row in summary.layers if over else ():
        name = outer(row.path, depth)
        sizes[name] = sizes.get(name, 0) + row.params
    largest = nlargest(SHOWN, sizes.items(), lambda item: item[1])
    return report._replace(
        findings=placed(model, summary, report.findings, grown[:SHOWN]),
        largest=[(path, params) for path, params in largest if params],
        grown=grown[:SHOWN] if depth is None else summed(grown, depth),
    )


def outer(path: str, depth: int | None) -> str:
    """The block of a layer at a depth; the layer itself without a depth."""
    return path if depth is None else "/".join(path.split("/")[:depth])


def summed(grown: Sequence[Grown], depth: int) -> list[Grown]:
    """The changes summed by blocks, the largest first."""
    kinds: dict[str, set[str]] = {}
    deltas: dict[str, int] = {}
    for change in grown:
        name = outer(change.path, depth)
        kinds.setdefault(name, set()).add(change.kind)
        deltas[name] = deltas.get(name, 0) + change.delta
    found = [
        Grown(kinds[name].pop() if len(kinds[name]) == 1 else "changed", name, delta) for name, delta in deltas.items()
    ]
    return nlargest(SHOWN, [change for change in found if change.delta], lambda change: abs(change.delta))


def noticed(model: Model) -> list[str]:
    """Possible mistakes in the file that change no number, with their lines."""
    places = [(text, model.places.get(text)) for text in model.warnings]
    found = [(text, model.locate(where)) for text, where in places if where is not None]
    return [f"line {position.line}: {text}" if position else text for text, position in found]


def unreadable(source: str, error: ParamcalcError) -> FileReport:
    """The report of a file that cannot be judged at all."""
    problems = error.problems if isinstance(error, InputError) else [Problem(str(error))]
    return FileReport(source, "broken", problems=problems)


def compare_with(growth: Growth, file: str, summary: Summary, dtype: str | None, asked: Question = ASKED) -> Compared:
    """The findings about growth; a model that is not in the baseline is new, which is allowed."""
    try:
        base = growth.baseline.find(file, replace(asked, weights=None) if asked.assume else None)
        if base is None:
            return Compared(new=True, notices=(f"new: it is not at {growth.against}",))
        return Compared(check_growth(summary, base, growth.limits, dtype), base)
    except ParamcalcError as error:
        said = "; ".join(error.lines()[:SHOWN])
    if not growth.limits:
        return Compared(notices=(f"the baseline cannot be read: {said}",))
    return Compared([Finding("broken", "baseline", None, None, f"the baseline cannot be read: {said}")])


def what_grew(base: Summary, head: Summary) -> list[Grown]:
    """The changes since the baseline, the largest first."""
    changes = [Grown(change.kind, change.path, change.delta("params") or 0) for change in compare(base, head).changes]
    return sorted([change for change in changes if change.delta], key=lambda change: -abs(change.delta))


def placed(model: Model, summary: Summary, findings: Sequence[Finding], grown: Sequence[Grown]) -> Sequence[Finding]:
    """The findings, with the best place in the file for each that did not pass."""
    nodes = {node.path: node for node in model.nodes}
    most = [change.path for change in sorted(grown, key=lambda change: -change.delta) if change.path in nodes]

    def place(item: Finding) -> Position:
        where: DocPath | None = ("budget",)
        if item.metric not in ("budget", "layers"):
            path = item.layer if item.layer in nodes else weighty(item, summary, most)
            where = nodes[path].where if path is not None else None
        return model.locate(where or ()) or START

    return [item if item.status == "passed" else item._replace(place=place(item)) for item in findings]


def weighty(item: Finding, summary: Summary, grown: Sequence[str]) -> str | None:
    """The layer to look at first, of those that a finding is about: the one that grew the most, or has the most.

    If something is unknown, it is an unknown layer.
    """
    unknown = set() if summary.unknown is UNSET else set(summary.unknown)
    rows = [row for row in summary.layers if item.layer is None or is_named(row.path, item.layer)]
    rows.sort(key=lambda row: -row.params)
    if item.status == "broken":
        rows.sort(key=lambda row: row.path not in unknown and row.macs is not None)
    elif item.layer is None:
        rows.sort(key=lambda row: grown.index(row.path) if row.path in grown else len(grown))
    return rows[0].path if rows else None
