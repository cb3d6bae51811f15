"""Budgets: limits on a Summary, and whether it keeps them.

Equal passes. What cannot be judged (unknown MACs, a partial model, a glob that matches nothing) is
"broken", never a pass.
"""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Any, NamedTuple

from msgspec import UNSET

from paramcalc.errors import ParamcalcError, did_you_mean
from paramcalc.summary import LayerSummary, Summary
from paramcalc.units import DTYPE_BITS, parse_bytes, parse_count, parse_increase, size_of

COUNTS = ("params", "trainable_params", "non_trainable_params", "macs")
BYTES = ("size", "peak_memory")
METRICS = (*COUNTS, *BYTES, "layer_params")
"""What a budget can limit; `layer_params` holds for each layer on its own, `peak_memory` for the activations of one
sample, of the whole model only."""


class BudgetError(ParamcalcError):
    """A budget that makes no sense as it is written."""


class Budget(NamedTuple):
    """Limits by metric, in plain numbers; `layers` limits the sum over the layers a glob names."""

    limits: dict[str, int]
    dtype: str | None = None
    layers: tuple[tuple[str, "Budget"], ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to check."""
        return not self.limits and not self.layers


class Finding(NamedTuple):
    """One limit held against one number.

    Attributes:
        status: "passed", "failed" or "broken".
        metric: what was limited.
        limit: the limit; None where the number itself is what is missing.
        actual: the number found; None where it is unknown.
        message: one sentence for a person.
        layer: the path, or glob, of the layers it is about; None for the whole model.
    """

    status: str
    metric: str
    limit: int | None
    actual: int | None
    message: str
    layer: str | None = None


def parse_budget(value: Any, *, nested: bool = False) -> Budget:
    """A budget as written: `{params: 5M, size: 20 MiB, dtype: int8, layers: {"head*": {params: 1M}}}`.

    Raises:
        BudgetError: for an unknown key or a value without its unit.
    """
    if not isinstance(value, dict):
        raise BudgetError("a budget is a mapping such as {params: 5M, size: 20 MiB}")
    known = [*METRICS, "dtype", "layers"]
    if nested:
        known = [key for key in known if key not in ("peak_memory", "layers")]
    limits: dict[str, int] = {}
    for key, limit in value.items():
        if key not in known:
            raise BudgetError(f"budget: unknown key '{str(key)[:60]}'{did_you_mean(str(key), known)}")
        if key in METRICS:
            try:
                limits[key] = parse_bytes(limit) if key in BYTES else parse_count(limit)
            except ParamcalcError as error:
                raise BudgetError(f"budget: {key}: {error}") from None
    dtype = value.get("dtype")
    if dtype is not None and dtype not in DTYPE_BITS:
        raise BudgetError(f"budget: unknown dtype '{str(dtype)[:40]}'{did_you_mean(str(dtype), list(DTYPE_BITS))}")
    layers = value.get("layers") or {}
    if not isinstance(layers, dict):
        raise BudgetError("budget: layers is a mapping of globs to limits")
    return Budget(limits, dtype, tuple((str(glob), parse_budget(inner, nested=True)) for glob, inner in layers.items()))


def check_budgets(summary: Summary, budgets: Iterable[Budget]) -> list[Finding]:
    """Hold a summary against several budgets: every limit counts, so that none loosens another.

    The last dtype that is named is that of all.
    """
    given = list(budgets)
    dtype = next((budget.dtype for budget in reversed(given) if budget.dtype), None)
    found = [item for budget in given for item in check_budget(summary, budget._replace(dtype=dtype))]
    return list(dict.fromkeys(found))


def check_budget(summary: Summary, budget: Budget) -> list[Finding]:
    """Hold a summary against a budget; one finding a limit."""
    if summary.partial is True:
        return [Finding("broken", "model", None, None, "the model is partial: unknown layers cannot be judged")]
    findings = []
    for metric, limit in budget.limits.items():
        if metric == "layer_params":
            findings += check_each_layer(summary.layers, limit)
        elif metric == "peak_memory":
            findings.append(judge(metric, limit, peak_memory(summary), None, None))
        else:
            actual = measure(summary.layers, metric, budget.dtype)
            findings.append(judge(metric, limit, actual, budget.dtype, None))
    for glob, inner in budget.layers:
        findings += check_glob(summary, glob, inner, budget.dtype)
    return findings


def peak_memory(summary: Summary) -> int | None:
    """The most bytes of activations alive at once; None when one is unknown.

    Raises:
        BudgetError: for a summary that was made without `memory`.
    """
    if summary.memory is UNSET:
        raise BudgetError("peak_memory needs a summary made with memory=True")
    return summary.memory.peak_bytes


def check_glob(summary: Summary, glob: str, budget: Budget, dtype: str | None) -> list[Finding]:
    """The limits on the layers a glob names."""
    rows = [row for row in summary.layers if fnmatchcase(row.path, glob)]
    if not rows:
        return [Finding("broken", "layers", None, None, f"no layer matches '{glob}'", glob)]
    findings = []
    for metric, limit in budget.limits.items():
        if metric == "layer_params":
            findings += check_each_layer(rows, limit)
        else:
            chosen = budget.dtype or dtype
            findings.append(judge(metric, limit, measure(rows, metric, chosen), chosen, glob))
    return findings


def check_each_layer(rows: list[LayerSummary], limit: int) -> list[Finding]:
    """One finding for each layer over the limit, or one pass."""
    over = [judge("params", limit, row.params, None, row.path) for row in rows if row.params > limit]
    largest = max((row.params for row in rows), default=0)
    return over or [judge("layer_params", limit, largest, None, None)]


def measure(rows: list[LayerSummary], metric: str, dtype: str | None) -> int | None:
    """The sum of a metric over rows; None when one is unknown."""
    if metric == "size":
        from paramcalc.units import variable_dtype

        return sum(size_of(row.params, dtype or variable_dtype(row.dtype)) for row in rows)
    values = [getattr(row, metric) for row in rows]
    return None if None in values else sum(values)


def judge(metric: str, limit: int, actual: int | None, dtype: str | None, layer: str | None) -> Finding:
    """One limit, one number."""
    what = metric.replace("_", " ") + (f" as {dtype}" if metric == "size" and dtype else "")
    unit = " B" if metric in BYTES else ""
    if actual is None:
        return Finding("broken", metric, limit, None, f"{what} cannot be computed: a dimension is unknown", layer)
    if actual <= limit:
        return Finding("passed", metric, limit, actual, f"{what}: {actual:,}{unit} of {limit:,}{unit}", layer)
    over = actual - limit
    share = f" ({percent(over, limit)})" if limit else ""
    message = f"{what}: {actual:,}{unit} is over the budget of {limit:,}{unit} by {over:,}{unit}{share}"
    return Finding("failed", metric, limit, actual, message, layer)


def percent(part: int, whole: int) -> str:
    """`+12.3 %`, with enough digits not to say zero."""
    value = 100 * part / whole
    return f"{value:+.1f} %" if abs(value) >= 0.05 or part == 0 else f"{value:+.2g} %"


def check_growth(head: Summary, base: Summary, limits: dict[str, int | str]) -> list[Finding]:
    """Hold the growth since a baseline against what is allowed: `params: 1%`, `params: 10k`, `0`."""
    findings = []
    for metric, allowed in limits.items():
        if metric not in (*COUNTS, "size"):
            raise BudgetError(f"--max-increase: unknown metric '{metric[:40]}'{did_you_mean(metric, METRICS)}")
        before, now = measure(base.layers, metric, None), measure(head.layers, metric, None)
        if before is None or now is None or head.partial is True or base.partial is True:
            findings.append(Finding("broken", metric, None, now, f"growth of {metric} cannot be judged: it is unknown"))
            continue
        share, count = parse_increase(allowed)
        extra = count if count is not None else int(Fraction(before) * (share or 0))
        findings.append(judge_growth(metric, before, now, extra, str(allowed)))
    return findings


def judge_growth(metric: str, before: int, now: int, extra: int, allowed: str) -> Finding:
    """One growth, one allowance."""
    what = metric.replace("_", " ")
    change = f"{now - before:+,}" + (f", {percent(now - before, before)}" if before else "")
    if now <= before + extra:
        return Finding("passed", metric, before + extra, now, f"{what}: {before:,} → {now:,} ({change})")
    message = f"{what} grew from {before:,} to {now:,} ({change}); {allowed} is allowed"
    return Finding("failed", metric, before + extra, now, message)


def worst(findings: Iterable[Finding]) -> str:
    """The status of all together: broken before failed before passed."""
    statuses = {finding.status for finding in findings}
    return next((status for status in ("broken", "failed") if status in statuses), "passed")
