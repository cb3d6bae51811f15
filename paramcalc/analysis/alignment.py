"""Aligns two lists of layers: which layer of one corresponds to which layer of the other.

A name that a person gave is a layer's identity; automatic ones (`dense_1`, the number of a repeat) change when a layer
is inserted before them. So layers are aligned as `diff` aligns lines of text: first by given names, then by the longest
common sequence of equal layers, then, in the gaps, of layers of the same type, and finally whatever has the same name
or is alike anywhere.

The sequence is found by Myers' algorithm (https://doi.org/10.1007/BF01840446), in time by the number of differences;
past `MAX_DIFFERENCES` it is not looked for.
"""

import re
from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from paramcalc.layers.registry import snake_case
from paramcalc.summary import LayerSummary

Key = Callable[[LayerSummary], Hashable]
"""Returns what must be equal for two layers to match."""

Rows = Sequence[LayerSummary]


class Gap(NamedTuple):
    """A range of both lists whose layers have no match yet, such as those between two matched layers."""

    base: list[int]
    head: list[int]

    def pair(self, before: Sequence[Hashable], now: Sequence[Hashable], pairs: dict[int, int]) -> None:
        """Pair layers with the same key, in order; None matches nothing. Paired layers are removed from the gap."""
        waiting: dict[Hashable, list[int]] = {}
        for index in reversed(self.base):
            waiting.setdefault(before[index], []).append(index)
        for index in self.head:
            if now[index] is not None and waiting.get(now[index]):
                pairs[index] = waiting[now[index]].pop()
        taken = set(pairs.values())
        self.base[:] = [index for index in self.base if index not in taken]
        self.head[:] = [index for index in self.head if index not in pairs]


MAX_DIFFERENCES = 600
"""Past this many differences no longest sequence is computed: its time and memory grow with their square."""

_NUMBER = re.compile(r"(?:_?\d+)?(?:#\d+)?$")


def align(base: Rows, head: Rows, keys: Sequence[Key]) -> dict[str, str]:
    """Map each path in head to the path in base that it corresponds to; paths that are missing are new.

    Args:
        base: the layers before, in execution order.
        head: the layers now.
        keys: keys to align sequences by, tried one after another. The first is equal for layers that differ only in
            their names; the last matches layers wherever they are, regardless of order.
    """
    places = {row.path: index for index, row in enumerate(base)}
    pairs = {
        index: places[row.path]
        for index, row in enumerate(head)
        if row.path in places and is_same(base[places[row.path]], row, keys[0])
    }
    taken = set(pairs.values())
    gaps = [Gap([n for n in range(len(base)) if n not in taken], [n for n in range(len(head)) if n not in pairs])]
    for key in keys[:-1]:
        numbers: dict[Hashable, int] = {}
        sides = [[numbers.setdefault(key(row), len(numbers)) for row in rows] for rows in (base, head)]
        gaps = [part for gap in gaps for part in split(gap, sides[0], sides[1], pairs)]
    left = Gap([n for gap in gaps for n in gap.base], [n for gap in gaps for n in gap.head])
    left.pair([row.path for row in base], [row.path for row in head], pairs)
    before, now = ([keys[-1](row) for row in rows] for rows in (base, head))
    left.pair(with_weights(base, before), with_weights(head, now), pairs)
    # What holds nothing goes with the layers around it, to the block that those came from; or, where all of those have
    # their pairs, as they would in another format of one model, wherever it stands.
    came_from = {block_of(head[index]): block_of(base[other]) for index, other in pairs.items()}
    placed = [(block_of(row), key) for row, key in zip(base, before, strict=True)]
    left.pair(placed, [(came_from.get(block_of(row)), key) for row, key in zip(head, now, strict=True)], pairs)
    if not any([base[n].weights for n in left.base] + [head[n].weights for n in left.head]):
        left.pair(before, now, pairs)
    return {head[index].path: base[other].path for index, other in pairs.items()}


def with_weights(rows: Rows, keys: Sequence[Hashable]) -> list[Hashable]:
    """The keys of layers with weights; None for the others."""
    return [key if row.weights else None for row, key in zip(rows, keys, strict=True)]


def block_of(row: LayerSummary) -> str:
    """The path of the block that contains a layer."""
    return row.path.rpartition("/")[0]


def is_same(before: LayerSummary, now: LayerSummary, alike: Key) -> bool:
    """Whether two layers with one path surely match: by a given name, or alike and inside a block that has one."""
    inside = not is_automatic_name(now.path.partition("/")[0]) and "/" in now.path
    return not is_automatic(now) or (inside and alike(before) == alike(now))


def is_automatic_name(name: str) -> bool:
    """Whether a block's name is a number, or that of a repeat."""
    return _NUMBER.sub("", name) in ("", "repeat")


def is_automatic(row: LayerSummary) -> bool:
    """Whether the last part of a path is automatic: a number, or the name of the type, perhaps with a number."""
    name = row.path.rpartition("/")[2]
    return _NUMBER.sub("", name) in ("", snake_case(row.type))


def chosen_name(row: LayerSummary) -> str | None:
    """The last part of a path where a person chose it."""
    return None if is_automatic(row) else row.path.rpartition("/")[2]


def is_renumbered(before: LayerSummary, now: LayerSummary) -> bool:
    """Whether two paths differ only in automatic numbers, because a layer was inserted before one of them."""
    names = [row.path.rpartition("/")[2] for row in (before, now)]
    chosen = names[0] != names[1] and not is_automatic(now)
    return not chosen and unnumbered(before.path) == unnumbered(now.path)


def place_of(row: LayerSummary) -> str:
    """The block that a layer is in, without the numbers of repeats."""
    return unnumbered(row.path.rpartition("/")[0])


def unnumbered(path: str) -> str:
    """A path without automatic numbers, so that two paths that differ only in these compare equal."""
    return "/".join([_NUMBER.sub("", part) for part in path.split("/")])


def split(gap: Gap, before: list[int], now: list[int], pairs: dict[int, int]) -> list[Gap]:
    """Align the layers of a gap by these numbers and add them to `pairs`; return the gaps that remain."""
    ours, theirs = gap
    matched = common([before[n] for n in ours], [now[n] for n in theirs])
    gaps: list[Gap] = []
    at, other = 0, 0
    for one, two in [*matched, (len(ours), len(theirs))]:
        if at < one or other < two:
            gaps.append(Gap(ours[at:one], theirs[other:two]))
        if one < len(ours):
            pairs[theirs[two]] = ours[one]
        at, other = one + 1, two + 1
    return gaps


def common(a: list[int], b: list[int]) -> list[tuple[int, int]]:
    """The positions of a longest common subsequence; just the common ends where the search would take too long."""
    start = same_start(a, b)
    inner = shortest_edit(a[start:], b[start:])
    if inner is None:
        end = same_start(a[start:][::-1], b[start:][::-1])
        inner = [(len(a) - start - end + n, len(b) - start - end + n) for n in range(end)]
    return [*[(n, n) for n in range(start)], *[(x + start, y + start) for x, y in inner]]


def same_start(a: list[int], b: list[int]) -> int:
    """How many items both begin with."""
    return next((n for n, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def shortest_edit(a: list[int], b: list[int]) -> list[tuple[int, int]] | None:
    """What stays unchanged in the shortest edit script; None where that script is too long."""
    if not a or not b or set(a).isdisjoint(b):
        return []
    furthest = {1: 0}  # on each diagonal x - y, the largest x that so many edits reach
    history: list[dict[int, int]] = []
    for edits in range(min(len(a) + len(b), MAX_DIFFERENCES) + 1):
        history.append(dict(furthest))
        for diagonal in range(-edits, edits + 1, 2):
            down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
            x = furthest[diagonal + 1] if down else furthest[diagonal - 1] + 1
            while x < len(a) and x - diagonal < len(b) and a[x] == b[x - diagonal]:
                x += 1
            furthest[diagonal] = x
            if x >= len(a) and x - diagonal >= len(b):
                return trace(history, len(a), len(b))
    return None


def trace(history: list[dict[int, int]], x: int, y: int) -> list[tuple[int, int]]:
    """Trace the edit script back from the end of both lists: the positions that both have in common."""
    found: list[tuple[int, int]] = []
    for edits in range(len(history) - 1, -1, -1):
        furthest, diagonal = history[edits], x - y
        down = diagonal == -edits or (diagonal != edits and furthest[diagonal - 1] < furthest[diagonal + 1])
        before = diagonal + 1 if down else diagonal - 1
        from_x = furthest[before] if edits else 0
        from_y = from_x - before if edits else 0
        while x > from_x and y > from_y:
            x, y = x - 1, y - 1
            found.append((x, y))
        x, y = from_x, from_y
    return found[::-1]
