"""Layers that are the same in two models, but read others: the graph changed where no layer did."""

from collections.abc import Mapping
from typing import NamedTuple

from paramcalc.summary import LayerSummary, Summary


class Rewired(NamedTuple):
    """A layer that reads other layers than before.

    Attributes:
        path: the layer in the new model.
        base: what it read, by the paths of the old model.
        head: what it reads, by those of the new one.
    """

    path: str
    base: list[str]
    head: list[str]


def rewired(base: Summary, head: Summary, pairs: Mapping[str, str]) -> list[Rewired]:
    """The matched layers whose inputs do not match, in the order of the new model.

    A layer that reads, or read, one without a counterpart is left out: the layer that was added or removed has a row
    of its own.

    Args:
        base: the old model.
        head: the new one.
        pairs: paths of the new model → those of the old one.
    """
    known = dict(pairs)
    if len(base.inputs) == len(head.inputs):
        known |= {now.name: before.name for before, now in zip(base.inputs, head.inputs, strict=True)}
    old = {row.path: row for row in base.layers}
    kept = set(known.values())
    found = []
    for row in head.layers:
        before = old.get(pairs.get(row.path, ""))
        if before is not None and reads_others(before, row, known, kept):
            found.append(Rewired(row.path, before.inputs, row.inputs))
    return found


def reads_others(before: LayerSummary, now: LayerSummary, known: Mapping[str, str], kept: set[str]) -> bool:
    """Whether a layer reads other layers than its counterpart did, all of which have counterparts themselves."""
    if before.inputs == now.inputs and all(known.get(name) == name for name in now.inputs):
        return False  # as nearly all do
    there = [known.get(name) for name in now.inputs]
    return None not in there and kept.issuperset(before.inputs) and there != before.inputs
