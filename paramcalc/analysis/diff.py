"""What changed between two summaries, layer by layer.

Layers are matched by path; those left over on both sides by likeness (same type and weights), in
order, so that a rename is not an addition and a removal. The result depends on nothing else.

A file that holds weights only says neither types nor shapes nor products: against it, only the weights count, and
layers without any are left out.
"""

from collections.abc import Callable
from typing import Any

from msgspec import Struct

from paramcalc.summary import LayerSummary, Summary

METRICS = ("params", "trainable_params", "non_trainable_params", "buffers", "macs", "size_bytes", "layers")

Facts = Callable[[LayerSummary], Any]
"""What of a layer is compared."""


class Change(Struct, frozen=True):
    """One layer on both sides; `base` or `head` is None where it is new or gone."""

    kind: str
    path: str
    base: LayerSummary | None
    head: LayerSummary | None

    def delta(self, metric: str) -> int | None:
        """The change of a number; None where it is unknown on a side that has the layer."""
        before = getattr(self.base, metric) if self.base is not None else 0
        now = getattr(self.head, metric) if self.head is not None else 0
        return None if before is None or now is None else now - before


class Total(Struct, frozen=True):
    """One total before and after."""

    metric: str
    base: int | None
    head: int | None

    @property
    def delta(self) -> int | None:
        """The change, None where a side is unknown."""
        return None if self.base is None or self.head is None else self.head - self.base


class Diff(Struct, frozen=True):
    """All changes, in the order of HEAD, what is gone at its old place; and the totals."""

    base: Summary
    head: Summary
    changes: list[Change]
    totals: list[Total]
    unchanged: int


def compare(base: Summary, head: Summary) -> Diff:
    """Match the layers of two summaries and tell them apart."""
    before, now = base.layers, head.layers
    likeness, facts = (layer_likeness, layer_facts)
    if (base.framework is None) != (head.framework is None):
        before, now = with_weights(before), with_weights(now)
        likeness, facts = (weights_likeness, weights_facts)
    pairs = match(before, now, likeness)
    every = ordered(before, now, pairs, facts)
    changes = [change for change in every if change.kind != "unchanged"]
    totals = [Total(metric, getattr(base.totals, metric), getattr(head.totals, metric)) for metric in METRICS]
    return Diff(base, head, changes, totals, len(every) - len(changes))


def with_weights(rows: list[LayerSummary]) -> list[LayerSummary]:
    """The layers that hold something."""
    return [row for row in rows if row.weights]


def match(base: list[LayerSummary], head: list[LayerSummary], likeness: Facts) -> dict[str, str]:
    """Head path → base path, by name first, then by likeness."""
    paths = {row.path for row in base}
    pairs = {row.path: row.path for row in head if row.path in paths}
    alike: dict[Any, list[str]] = {}
    for row in reversed(base):
        if row.path not in pairs:
            alike.setdefault(likeness(row), []).append(row.path)
    for row in head:
        if row.path not in pairs and alike.get(likeness(row)):
            pairs[row.path] = alike[likeness(row)].pop()
    return pairs


def layer_likeness(row: LayerSummary) -> Any:
    """What makes two layers the same but for their names."""
    shape = row.output_shape
    return row.type, str(shape), tuple([(weight.name, weight.shape) for weight in row.weights])


def weights_likeness(row: LayerSummary) -> Any:
    """The same, where one side knows the weights alone; a file may have them in any order."""
    return tuple(sorted([(weight.name, weight.shape) for weight in row.weights]))


def layer_facts(row: LayerSummary) -> Any:
    """What makes a layer another one when it changes."""
    weights = [(weight.shape, weight.params, weight.trainable, weight.dtype, weight.kind) for weight in row.weights]
    return row.type, row.output_shape, row.macs, row.dtype, weights


def weights_facts(row: LayerSummary) -> Any:
    """The same, where one side knows the weights alone: no file says what is trained, or which policy computes."""
    return sorted([(weight.name, weight.shape, weight.params, weight.dtype) for weight in row.weights])


def kind_of(base: LayerSummary, head: LayerSummary, facts: Facts) -> str:
    """changed, renamed or unchanged."""
    if facts(base) != facts(head):
        return "changed"
    return "unchanged" if base.path == head.path else "renamed"


def ordered(base: list[LayerSummary], head: list[LayerSummary], pairs: dict[str, str], facts: Facts) -> list[Change]:
    """Head's order; a removed layer follows the matched layer it came after."""
    by_path = {row.path: row for row in base}
    behind: dict[str | None, list[LayerSummary]] = {}
    matched = set(pairs.values())
    last: str | None = None
    for row in base:
        if row.path in matched:
            last = row.path
        else:
            behind.setdefault(last, []).append(row)
    changes = [Change("removed", row.path, row, None) for row in behind.get(None, [])]
    for row in head:
        old = pairs.get(row.path)
        if old is None:
            changes.append(Change("added", row.path, None, row))
            continue
        changes.append(Change(kind_of(by_path[old], row, facts), row.path, by_path[old], row))
        changes += [Change("removed", gone.path, gone, None) for gone in behind.get(old, [])]
    return changes
