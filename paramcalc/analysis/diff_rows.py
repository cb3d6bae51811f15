"""The changes of a diff as rows for a person: a new block is one row, and so are equal changes in a repeat.

In: a `Diff`, or its changes. Out: rows with their sums, in the order of the changes. A row says how many layers it
stands for and, where a repeat became longer or shorter, its old and new length.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from paramcalc.analysis.alignment import unnumbered
from paramcalc.analysis.diff import Change, Diff
from paramcalc.summary import LayerSummary

_NUMBER = re.compile(r"(?<![^/])\d+(?![^/])")
"""A part of a path that is a number: the iteration of a repeat."""


class DiffRow(Struct, frozen=True):
    """One line of a table of changes.

    Attributes:
        kind: "added", "removed", "changed" or "renamed".
        name: the layer or block; `h/0 … 5/dense` for equal changes in several iterations.
        changes: the changes that the row sums up.
        old_name: its former name, if that was another.
        iterations: the iterations of a repeat before and now, if that is what changed.
        repeats: how many equal changes the row stands for, one per iteration.
        whole: the parameters of the whole repeat, before and now.
    """

    kind: str
    name: str
    changes: Sequence[Change]
    old_name: str | None = None
    iterations: tuple[int, int] | None = None
    repeats: int = 1
    whole: tuple[int, int] | None = None

    def total(self, metric: str, head: bool) -> int | None:
        """The sum of a number on one side; None where it is unknown."""
        sides = [change.head if head else change.base for change in self.changes]
        values = [getattr(side, metric) for side in sides if side is not None]
        return None if None in values else sum(values)

    def delta(self, metric: str) -> int | None:
        """The change of a number; None where it is unknown on a side."""
        before, now = self.total(metric, False), self.total(metric, True)
        return None if before is None or now is None else now - before


def diff_rows(diff: Diff, changes: Sequence[Change], depth: int | None = None) -> list[DiffRow]:
    """The changes as rows.

    Args:
        diff: the diff they belong to.
        changes: those to show.
        depth: levels of nesting to show; what lies deeper is summed. None folds what belongs together.
    """
    if depth is not None:
        return list(at_depth(changes, depth))
    before, now = (Counter(prefixes(layers)) for layers in (diff.base.layers, diff.head.layers))
    rows = list(whole_blocks(changes, before, now))
    rows = longer_repeats(rows, iterations_of(diff.base.layers), iterations_of(diff.head.layers))
    sides = diff.base.layers, diff.head.layers
    wholes = [
        replace(row, whole=(inside(sides[0], row.name), inside(sides[1], row.name))) for row in rows if row.iterations
    ]
    return equal_iterations([wholes.pop(0) if row.iterations else row for row in rows])


def inside(layers: Iterable[LayerSummary], path: str) -> int:
    """The parameters of a block."""
    return sum([layer.params for layer in layers if layer.path.startswith(path + "/")])


def prefixes(layers: Iterable[LayerSummary]) -> Iterator[str]:
    """The blocks around each layer."""
    for layer in layers:
        end = layer.path.find("/")
        while end >= 0:
            yield layer.path[:end]
            end = layer.path.find("/", end + 1)


def whole_blocks(changes: Sequence[Change], before: Counter[str], now: Counter[str]) -> Iterator[DiffRow]:
    """The changes, with those of a block whose layers are all new, or all removed, as one."""
    found: dict[str, Counter[str]] = {kind: Counter() for kind in ("added", "removed")}
    for change in changes:
        if change.kind in found:
            found[change.kind].update(prefixes([side for side in (change.base, change.head) if side is not None]))
    blocks: dict[tuple[str, str], list[Change]] = {}
    for change in changes:
        counts = found.get(change.kind)
        all_of = now if change.kind == "added" else before
        parts = change.path.split("/")
        around = ("/".join(parts[:end]) for end in range(1, len(parts)))
        block = next((path for path in around if counts and counts[path] == all_of[path] > 1), None)
        blocks.setdefault((change.kind, block or f"{change.path}/"), []).append(change)
    for (kind, path), members in blocks.items():
        if path.endswith("/"):
            yield single(members[0])
        else:
            yield DiffRow(kind, path, members)


def single(change: Change) -> DiffRow:
    """The row of one change."""
    old = change.base.path if change.base is not None and change.base.path != change.path else None
    return DiffRow(change.kind, change.path, [change], old)


def iterations_of(layers: Iterable[LayerSummary]) -> Counter[str]:
    """How many numbered blocks each block is made of."""
    found: Counter[str] = Counter()
    for path in dict.fromkeys(prefixes(layers)):
        around, slash, name = path.rpartition("/")
        if slash and name.isdecimal():
            found[around] += 1
    return found


def longer_repeats(rows: Sequence[DiffRow], before: Counter[str], now: Counter[str]) -> list[DiffRow]:
    """The rows, with the added or removed iterations of a repeat as one: `×4 → ×6`."""
    kept: list[DiffRow] = []
    places: dict[tuple[str, str], int] = {}
    for row in rows:
        around, slash, name = row.name.rpartition("/")
        longer = before[around] and now[around] and before[around] != now[around]
        if not (slash and name.isdecimal() and row.kind in ("added", "removed") and longer):
            kept.append(row)
            continue
        at = places.setdefault((row.kind, around), len(kept))
        if at == len(kept):
            kept.append(DiffRow("changed", around, [], None, (before[around], now[around])))
        kept[at] = DiffRow("changed", around, [*kept[at].changes, *row.changes], None, kept[at].iterations)
    return kept


def equal_iterations(rows: Sequence[DiffRow]) -> list[DiffRow]:
    """The rows, with equal changes in the iterations of a repeat as one."""
    found: dict[Any, list[DiffRow]] = {}
    for index, row in enumerate(rows):
        name = _NUMBER.sub("#", row.name)
        key = (name, signature(row)) if name != row.name and len(row.changes) == 1 else index
        found.setdefault(key, []).append(row)
    return [together(members) if len(members) > 1 else members[0] for members in found.values()]


def signature(row: DiffRow) -> Any:
    """The key by which rows are merged."""
    change = row.changes[0]
    sides = [
        (side.type, repr(side.output_shape), side.params, side.macs, side.dtype) if side is not None else None
        for side in (change.base, change.head)
    ]
    return row.kind, tuple(sides), row.old_name and unnumbered(row.old_name)


def together(rows: Sequence[DiffRow]) -> DiffRow:
    """Equal rows merged under the names of the first and the last: `h/0 … 5/dense`."""
    first, last = rows[0].name.split("/"), rows[-1].name.split("/")
    parts = [one if one == two else f"{one} … {two}" for one, two in zip(first, last, strict=True)]
    changes = [change for row in rows for change in row.changes]
    return DiffRow(rows[0].kind, "/".join(parts), changes, rows[0].old_name, None, len(rows))


def at_depth(changes: Sequence[Change], depth: int) -> Iterator[DiffRow]:
    """The changes summed by the blocks at this depth."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault("/".join(change.path.split("/")[:depth]), []).append(change)
    for path, members in found.items():
        kinds = {change.kind for change in members}
        if len(members) == 1 and members[0].path == path:
            yield single(members[0])
        else:
            yield DiffRow(kinds.pop() if len(kinds) == 1 else "changed", path, members)
