"""Budgets: limits on a Summary, and whether it keeps them.

Reaching a limit exactly passes. What cannot be judged (unknown MACs, a partial model, a glob without matches) is
"broken", never a pass.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from math import prod
from typing import NamedTuple

from msgspec import UNSET

from paramcalc.analysis.macs import why_unknown
from paramcalc.budget import Budget, BudgetError, parse_budget
from paramcalc.errors import MAX_PROBLEMS, Position
from paramcalc.limits import GLOB_PER_STEP, MAX_GLOB_WORK, MAX_NAME, NAMED_PER_STEP
from paramcalc.metrics import BYTES, MEMORY
from paramcalc.model import Model
from paramcalc.summary import LayerSummary, Memory, Summary, is_only_stated
from paramcalc.units import BYTE_UNITS, UnitError, in_unit, parse_increase, size_of, split_number, weight_dtype

MAX_NAMED = 3
"""The most layers that a sentence names."""

SAID = 2
"""The most contradictions that it names."""


class Finding(NamedTuple):
    """The result of comparing one number with one limit.

    Attributes:
        status: "passed", "failed" or "broken".
        metric: the metric that was limited.
        limit: the limit; None if the number itself is missing.
        actual: the actual number; None if it is unknown.
        message: one sentence for a person.
        layer: the path or glob of the layers it is about; None for the whole model.
        check: the name of the check that sets the limit, if it has one.
        hint: that check's message for when the budget is exceeded.
        place: the best place in the file to show it; None for a finding that passed.
        whose: who sets the limit, if no check does: "its own budget", "--max-params".
        unit: the unit in which a limit in bytes was given.
    """

    status: str
    metric: str
    limit: int | None
    actual: int | None
    message: str
    layer: str | None = None
    check: str | None = None
    hint: str | None = None
    place: Position | None = None
    whose: str | None = None
    unit: str | None = None


def own_budget(model: Model) -> list[Budget]:
    """The spec's own `budget:`, which the reader has validated."""
    return [] if model.budget is None else [parse_budget(model.budget)._replace(owner="its own budget")]


Measured = Callable[[Budget], Summary]
"""Computes the summary with memory, in the dtype and with the optimizer of a budget."""


def check_budgets(
    summary: Summary, budgets: Iterable[Budget], dtype: str | None = None, measured: Measured | None = None
) -> list[Finding]:
    """Compare a summary with several budgets: every limit counts, so that none weakens another.

    Args:
        summary: the summary of the model, at the context and the batch of the budgets.
        budgets: the limits.
        dtype: the dtype of sizes where a budget names none.
        measured: computes the memory for budgets about memory; None if the summary has it.
    """
    found = []
    for budget in budgets:
        judged = check_budget(summary, budget._replace(dtype=budget.dtype or dtype), measured)
        found += [item._replace(check=budget.check, hint=budget.hint, whose=whose(budget, item)) for item in judged]
    return list(dict.fromkeys(found))


def whose(budget: Budget, item: Finding) -> str | None:
    """Who sets the limit of a finding, if no named check does."""
    if budget.owner is None or budget.check is not None or item.limit is None:
        return None
    return budget.owner.format(item.metric.replace("_", "-"))


def check_budget(summary: Summary, budget: Budget, measured: Measured | None = None) -> list[Finding]:
    """Compare a summary with a budget: one finding per limit."""
    if budget.empty:
        return []
    if summary.partial is True and not summary.stated:
        return [Finding("broken", "model", None, None, f"the model cannot be judged: {unknown_in(summary)}")]
    if summary.contradictions:
        said = (
            f"the model cannot be judged, for its file contradicts itself: {'; '.join(summary.contradictions[:SAID])}"
        )
        return [Finding("broken", "model", None, None, said)]
    findings = []
    for metric, limit in budget.limits.items():
        if summary.stated:
            findings.append(judge_stated(summary, metric, limit, budget))
        elif metric == "layer_params":
            findings += check_each_layer(summary.layers, limit)
        elif metric == "peak_memory":
            found = memory_of(summary, metric)
            findings.append(judge(metric, limit, found.peak_bytes, unit=budget.units.get(metric)))
        elif metric in MEMORY:
            found = memory_of(summary if measured is None else measured(budget), metric)
            findings.append(judge_memory(metric, limit, found, budget.units[metric]))
        else:
            findings.append(judge_rows(summary.layers, metric, limit, budget.dtype, unit=budget.units.get(metric)))
    if budget.layers and glob_work(summary.layers, budget) > MAX_GLOB_WORK:
        message = f"{len(budget.layers):,} globs for {len(summary.layers):,} layers are too many: use fewer globs"
        return [*findings, Finding("broken", "layers", None, None, message)]
    for glob, inner in budget.layers:
        findings += check_glob(summary, glob, inner, budget.dtype)
    return findings


def unknown_in(summary: Summary) -> str:
    """What of a model is not known, in a sentence."""
    return f"{some([] if summary.unknown is UNSET else summary.unknown)} cannot be known"


def judge_stated(summary: Summary, metric: str, limit: int, budget: Budget) -> Finding:
    """One limit on a model of which no more is known than some of its totals."""
    what = name_of(metric, budget.dtype)
    if not is_stated(summary, metric, budget.dtype):
        message = f"{what} cannot be judged: {unknown_in(summary)}"
        return Finding("broken", metric, limit, None, message)
    found = judge(metric, limit, measure(summary.layers, metric, None), unit=budget.units.get(metric))
    return found._replace(message=f"{found.message}, as the file states it") if is_only_stated(summary) else found


def is_stated(summary: Summary, metric: str, dtype: str | None) -> bool:
    """Whether a file whose weights are not there states a total; it states the size only as it is stored."""
    return metric in (summary.stated or ()) and not (metric == "size" and dtype is not None)


def glob_work(rows: list[LayerSummary], budget: Budget) -> int:
    """The work of matching a budget's globs with layers, in steps: at least one each, more for long ones."""
    globs = sum([1 + len(glob) // GLOB_PER_STEP for glob, _ in budget.layers])
    return globs * sum([1 + len(row.path) // NAMED_PER_STEP for row in rows])


def some(paths: Sequence[str]) -> str:
    """`'a', 'b', 'c' and 2 more`."""
    named = ", ".join(f"'{path[:MAX_NAME]}'" for path in paths[:MAX_NAMED])
    return f"{named} and {len(paths) - MAX_NAMED:,} more" if len(paths) > MAX_NAMED else named


def memory_of(summary: Summary, metric: str) -> Memory:
    """The memory in a summary.

    Raises:
        BudgetError: if the summary was computed without `memory`.
    """
    if summary.memory is UNSET:
        raise BudgetError(f"{metric} needs a summary made with memory=True")
    return summary.memory


def judge_memory(metric: str, limit: int, memory: Memory, unit: str) -> Finding:
    """Judge a limit on memory at a context and a batch."""
    if metric == "kv_cache":
        actual = None if memory.kv_cache is None else memory.kv_cache.bytes
    elif metric == "inference_memory":
        actual = memory.inference_bytes
    else:
        actual = None if memory.training is None else memory.training.peak_bytes
    found = judge(metric, limit, actual, unit=unit)
    if actual is not None:
        return found
    why = "nothing is kept between tokens, or it is not known of how many" if metric == "kv_cache" else UNKNOWN_MEMORY
    return found._replace(message=f"{name_of(metric)} cannot be computed: {why}; `context` in the budget gives it")


UNKNOWN_MEMORY = "a dimension is unknown"


def check_glob(summary: Summary, glob: str, budget: Budget, dtype: str | None) -> list[Finding]:
    """Judge the limits on the layers that a glob matches."""
    rows = [row for row in summary.layers if is_named(row.path, glob)]
    if not rows:
        return [Finding("broken", "layers", None, None, "no layer matches it", glob)]
    if summary.stated:
        message = f"layers cannot be judged: {unknown_in(summary)}"
        return [Finding("broken", "layers", None, None, message, glob)]
    if summary.contradictions:
        said = (
            f"the model cannot be judged, for its file contradicts itself: {'; '.join(summary.contradictions[:SAID])}"
        )
        return [Finding("broken", "model", None, None, said)]
    findings = []
    for metric, limit in budget.limits.items():
        if metric == "layer_params":
            findings += check_each_layer(rows, limit)
        else:
            findings.append(judge_rows(rows, metric, limit, budget.dtype or dtype, glob, budget.units.get(metric)))
    return findings


def is_named(path: str, glob: str) -> bool:
    """Whether a glob matches a layer; a name that looks like a glob also matches itself."""
    return path == glob or fnmatchcase(path, glob)


def check_each_layer(rows: list[LayerSummary], limit: int) -> list[Finding]:
    """A finding for each layer over the limit, with those past a screenful in one; a single pass if there are none."""
    over = [row for row in rows if row.params > limit]
    if not over:
        return [judge("layer_params", limit, max((row.params for row in rows), default=0))]
    found = [judge("params", limit, row.params, None, row.path) for row in over[:MAX_PROBLEMS]]
    if len(over) > MAX_PROBLEMS:
        others = over[MAX_PROBLEMS:]
        message = f"{len(others):,} more layers are over the budget of {limit:,}"
        found.append(Finding("failed", "layer_params", limit, max(row.params for row in others), message))
    return found


def measure(rows: list[LayerSummary], metric: str, dtype: str | None) -> int | None:
    """The sum of a metric over rows; None if one is unknown."""
    if metric == "size":
        return sum([row.size_bytes if dtype is None else bytes_as(row, dtype) for row in rows])
    values = [getattr(row, metric) for row in rows]
    return None if None in values else sum(values)


def bytes_as(row: LayerSummary, dtype: str) -> int:
    """The bytes of a layer's weights in another dtype, which only applies to floats."""
    size = 0
    for weight in row.weights:
        kept = weight.dtype if weight.kind in ("scale", "state") else weight_dtype(weight.dtype, dtype, dtype)
        # Weights without bytes are tied or not saved; unconverted ones may be packed.
        size += weight.bytes if kept == weight.dtype or not weight.bytes else size_of(prod(weight.shape), kept)
    return size


def judge_rows(
    rows: list[LayerSummary],
    metric: str,
    limit: int,
    dtype: str | None,
    layer: str | None = None,
    unit: str | None = None,
) -> Finding:
    """Judge a limit on a sum over rows."""
    found = judge(metric, limit, measure(rows, metric, dtype), dtype, layer, unit)
    if found.actual is not None:
        return found
    return found._replace(message=f"{name_of(metric)} cannot be computed: {why_unknown(rows)}")


def judge(
    metric: str,
    limit: int,
    actual: int | None,
    dtype: str | None = None,
    layer: str | None = None,
    unit: str | None = None,
) -> Finding:
    """Compare a number with a limit; bytes are shown in the unit of the limit."""
    what = name_of(metric, dtype)
    unit = unit or ("B" if metric in BYTES else None)
    if actual is None:
        return Finding("broken", metric, limit, None, f"{what} cannot be computed: a dimension is unknown", layer)
    if actual <= limit:
        message = f"{what}: {amount(actual, unit, limit)} of {amount(limit, unit)}{headroom(actual, limit)}"
        return Finding("passed", metric, limit, actual, message, layer, unit=unit)
    over = actual - limit
    share = f" ({percent(over, limit)})" if limit else ""
    now = amount(actual, unit, limit)
    message = f"{what}: {now} is over the budget of {amount(limit, unit)} by {amount(over, unit)}{share}"
    return Finding("failed", metric, limit, actual, message, layer, unit=unit)


def amount(value: int, unit: str | None, other: int | None = None) -> str:
    """A number for people: a count in full, bytes in a unit, with enough digits to differ from `other`."""
    return f"{value:,}" if unit is None else in_unit(value, unit, other)


def headroom(actual: int, limit: int) -> str:
    """The headroom below a limit: `, 1.4% left`."""
    if actual == limit:
        return ", nothing left" if limit else ""
    left = 100 * (limit - actual) / limit
    return f", {left:.1f}% left" if left >= 0.05 else f", {left:.2g}% left"


def name_of(metric: str, dtype: str | None = None) -> str:
    """A metric in a sentence: `MACs`, `size as int8`."""
    name = {"macs": "MACs", "kv_cache": "KV cache"}.get(metric, metric.replace("_", " "))
    return f"{name} as {dtype}" if metric == "size" and dtype else name


def percent(part: int, whole: int) -> str:
    """`+12.3%`, with enough digits not to show zero."""
    value = 100 * part / whole
    return f"{value:+.1f}%" if abs(value) >= 0.05 or part == 0 else f"{value:+.2g}%"


def check_growth(head: Summary, base: Summary, limits: Mapping[str, str], dtype: str | None = None) -> list[Finding]:
    """Compare the growth since a baseline with the allowances: `params: 1%`, `size: 4 KiB`, `0`."""
    findings = []
    for metric, allowed in limits.items():
        what = name_of(metric, dtype)
        for side, summary in (("", head), (" at the baseline", base)):
            known = (summary.partial is not True and not summary.stated) or is_stated(summary, metric, dtype)
            if not known or measure(summary.layers, metric, dtype) is None:
                message = f"growth of {what} cannot be judged: it is unknown{side}"
                findings.append(Finding("broken", metric, None, None, message))
                break
        else:
            before, now = (measure(summary.layers, metric, dtype) or 0 for summary in (base, head))
            findings.append(judge_growth(metric, before, now, allowed, dtype))
    return findings


def judge_growth(metric: str, before: int, now: int, allowed: str, dtype: str | None) -> Finding:
    """Compare one growth with its allowance."""
    share, fixed = parse_increase(allowed, metric in BYTES)
    most = before + fixed + int(before * share)
    unit = unit_of(allowed) if metric in BYTES else None
    sign = "+" if now >= before else "-"
    change = sign + amount(abs(now - before), unit) + (f", {percent(now - before, before)}" if before else "")
    change = change if now != before else "unchanged"
    what = name_of(metric, dtype)
    old, new = amount(before, unit, now), amount(now, unit, before)
    if now <= most:
        return Finding("passed", metric, most, now, f"{what}: {old} → {new} ({change}; {allowed.strip()} is allowed)")
    message = f"{what} grew from {old} to {new} ({change}); {allowed.strip()} is allowed"
    return Finding("failed", metric, most, now, message)


def unit_of(allowed: str) -> str:
    """The unit of an allowance in bytes; B for a percentage."""
    try:
        unit = split_number(allowed, "4 KiB")[1]
    except UnitError:
        return "B"
    return unit if unit in BYTE_UNITS else "B"


def worst(findings: Iterable[Finding]) -> str:
    """The worst status: broken, else failed, else passed."""
    statuses = {finding.status for finding in findings}
    return next((status for status in ("broken", "failed") if status in statuses), "passed")
