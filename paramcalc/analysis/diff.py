"""What changed between two summaries, layer by layer.

Layers are aligned by the names that people gave, then as sequences (`alignment`), so that inserting a layer in the
middle is one change. Layers of two frameworks are aligned by their kinds and compared weight by weight (`across`). A
file that holds only weights gives no types, shapes or products: against it only the weights are compared, and layers
without any are left out.
"""

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from paramcalc.analysis.across import Reason, facts, kind, likeness, likeness_in_place, why
from paramcalc.analysis.alignment import align, chosen_name, is_renumbered, place_of
from paramcalc.analysis.wiring import Rewired, rewired
from paramcalc.summary import LayerSummary, Summary

METRICS = ("params", "trainable_params", "non_trainable_params", "buffers", "macs", "size_bytes", "layers")

Facts = Callable[[LayerSummary], Any]
"""The numbers of a layer that are compared."""


class Change(Struct, frozen=True):
    """One layer on both sides; `base` is None if it is new, `head` if it was removed."""

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
    """All changes in the order of HEAD, removed layers at their old place; and the totals.

    Attributes:
        unchanged: how many layers did not change.
        reasons: why the layers differ, where the two are of different frameworks.
        across: whether the two are of different frameworks: then only layers with weights are compared.
        rewired: the layers that read others than before, though all of them were there.
    """

    base: Summary
    head: Summary
    changes: list[Change]
    totals: list[Total]
    unchanged: int
    reasons: Sequence[Reason] = ()
    across: bool = False
    rewired: Sequence[Rewired] = ()


def compare(base: Summary, head: Summary) -> Diff:
    """Match the layers of two summaries and list the differences."""
    before, now = base.layers, head.layers
    frameworks = base.framework, head.framework
    reasons: list[Reason] = []
    other_inputs: list[Rewired] = []
    if None in frameworks and base.framework != head.framework:
        before, now = with_weights(before), with_weights(now)
        every = ordered(before, now, match(before, now, weights_likeness), weights_facts)
    elif base.framework is not None and head.framework is not None and base.framework != head.framework:
        before, now = with_weights(before), with_weights(now)
        every = ordered(before, now, align(before, now, (likeness_in_place, likeness, kind, likeness)), facts)
        sides = [(change.base, change.head) for change in every if change.base and change.head]
        reasons = why(sides, (base.framework, head.framework))
    else:
        if base.framework is None:
            before, now = by_name(before), by_name(now)
        pairs = aligned(before, now)
        every = ordered(before, now, pairs, layer_facts)
        other_inputs = rewired(base, head, pairs) if base.framework is not None else []
    changes = [change for change in every if change.kind != "unchanged"]
    totals = [Total(metric, getattr(base.totals, metric), getattr(head.totals, metric)) for metric in METRICS]
    across = None not in frameworks and base.framework != head.framework
    return Diff(base, head, changes, totals, len(every) - len(changes), reasons, across, other_inputs)


def aligned(before: list[LayerSummary], now: list[LayerSummary]) -> dict[str, str]:
    """Head path → base path. Layers that are equal at both ends, names included, as most are, need no search."""
    start = same_rows(before, now)
    end = same_rows(before[: start - 1 if start else None : -1], now[: start - 1 if start else None : -1])
    middle = before[start : len(before) - end], now[start : len(now) - end]
    outside = [*now[:start], *now[len(now) - end :]]
    return {row.path: row.path for row in outside} | align(*middle, KEYS)


def same_rows(before: list[LayerSummary], now: list[LayerSummary]) -> int:
    """How many equal layers both begin with."""
    pairs = enumerate(zip(before, now, strict=False))
    different = (number for number, (a, b) in pairs if a.path != b.path or layer_facts(a) != layer_facts(b))
    return next(different, min(len(before), len(now)))


def with_weights(rows: list[LayerSummary]) -> list[LayerSummary]:
    """The layers that have weights."""
    return [row for row in rows if row.weights]


def by_name(rows: list[LayerSummary]) -> list[LayerSummary]:
    """The layers with their weights sorted by name: each checkpoint format has its own order."""
    return [replace(row, weights=sorted(row.weights, key=lambda weight: weight.name)) for row in rows]


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
    """The key of layers that are the same except for their names."""
    shape = row.output_shape
    return row.type, str(shape), tuple([(weight.name, weight.shape) for weight in row.weights])


def weights_likeness(row: LayerSummary) -> Any:
    """The same where one side only knows weights, which a file may have in any order."""
    return tuple(sorted([(weight.name, weight.shape) for weight in row.weights]))


def named_likeness(row: LayerSummary) -> Any:
    """The same, for layers of one block and one name."""
    return chosen_name(row), placed_likeness(row)


def placed_likeness(row: LayerSummary) -> Any:
    """The same, for layers of one block."""
    return place_of(row), layer_likeness(row)


def placed_output(row: LayerSummary) -> Any:
    """A key for a layer that was changed: its block, its type and its output stay the same."""
    return place_of(row), row.type, str(row.output_shape)


def placed_type(row: LayerSummary) -> Any:
    """A key for a layer that was changed: its block and its type stay the same."""
    return place_of(row), row.type


def weighted_likeness(row: LayerSummary) -> Any:
    """The key of a layer with weights; one without any matches nothing."""
    return layer_likeness(row) if row.weights else row.path


KEYS = (named_likeness, placed_likeness, placed_output, placed_type, weighted_likeness, layer_likeness)
"""The keys that layers are aligned by: first within a block, in the end wherever they are."""


def layer_facts(row: LayerSummary) -> Any:
    """What makes a layer count as changed."""
    weights = [(weight.shape, weight.params, weight.trainable, weight.dtype, weight.kind) for weight in row.weights]
    return row.type, row.output_shape, row.macs, row.dtype, weights


def weights_facts(row: LayerSummary) -> Any:
    """The same where one side only knows weights: such a file does not say what is trained, or in which dtype."""
    return sorted([(weight.name, weight.shape, weight.params, weight.dtype) for weight in row.weights])


def kind_of(base: LayerSummary, head: LayerSummary, facts: Facts) -> str:
    """changed, renamed or unchanged."""
    if facts(base) != facts(head):
        return "changed"
    return "unchanged" if base.path == head.path or is_renumbered(base, head) else "renamed"


def ordered(base: list[LayerSummary], head: list[LayerSummary], pairs: dict[str, str], facts: Facts) -> list[Change]:
    """The changes in head's order; a removed layer follows the matched layer that it came after."""
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
