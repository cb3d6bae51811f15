"""The layers of a summary as a tree: nesting from their paths, repeats found and folded."""

import re
from collections.abc import Callable, Sequence
from itertools import groupby, takewhile
from operator import attrgetter
from typing import Any

from msgspec import Struct

from paramcalc.layers.registry import snake_case
from paramcalc.summary import LayerSummary

MIN_EQUAL_LAYERS = 4
"""This many equal layers in a row become one row: three (as in VGG) still get three."""
MAX_DEPTH = 50
"""Deeper nesting is shown as a path."""
MAX_PERIOD = 64
"""The longest sequence of layers that is looked for as a repeat."""
SPAN = re.compile(r"^([0-9]+) … ([0-9]+)$")
_TIED_TO = attrgetter("tied_to")


class Branch(Struct):
    """A layer (no children), or layers that belong together.

    Attributes:
        label: what a reader knows it by, at its place in the tree.
        layers: all layers beneath it, in execution order; of every repeat.
        children: what it is made of; of one repeat.
        repeats: how many equal ones in a row this is.
        kind: equal for two branches that would show the same numbers.
        alike: the layers at the same place in the other repeats, where these may be of other dtypes.
        closed: whether its children are not shown, however deep the tree is.
    """

    label: str
    layers: Sequence[LayerSummary]
    children: list["Branch"]
    repeats: int = 1
    kind: int = 0
    alike: Sequence[LayerSummary] = ()
    closed: bool = False


def build_tree(layers: Sequence[LayerSummary], unknown: frozenset[str], dtypes: bool = True) -> list[Branch]:
    """The layers nested by the `/` of their paths, equal neighbours folded into one branch.

    Without `dtypes`, layers whose weights are of other dtypes are equal, too: a quantised network has finer types in
    some of its blocks.
    """
    kinds = _Kinds(unknown, dtypes)
    leaves = [Branch(layer.path, (layer,), [], kind=kinds.of_layer(layer)) for layer in layers]
    return _nested(leaves, kinds, MAX_DEPTH)


def _nested(leaves: list[Branch], kinds: "_Kinds", depth: int) -> list[Branch]:
    branches: list[Branch] = []
    for head, members in groupby(leaves, key=_group_of):
        found = list(members)
        if head is None or depth == 0:
            branches += found
            continue
        for leaf in found:
            leaf.label = leaf.label[len(head) + 1 :]
        branches.append(_group(head, _nested(found, kinds, depth - 1), kinds))
    return fold_equal(branches)


def _group_of(leaf: Branch) -> str | None:
    head, slash, _ = leaf.label.partition("/")
    return head if slash else None


def _group(label: str, children: list[Branch], kinds: "_Kinds") -> Branch:
    """A branch over its children; over a single one it is that child, with both names."""
    kind = kinds.of_group(children)
    if len(children) == 1:
        only = children[0]
        kind = only.kind if only.repeats == 1 else kind
        return Branch(f"{label}/{only.label}", only.layers, only.children, only.repeats, kind)
    layers = [layer for child in children for layer in child.layers]
    return Branch(label, layers, children, kind=kind)


class _Kinds:
    """Numbers for equal things, so that comparing two subtrees compares two integers."""

    def __init__(self, unknown: frozenset[str], dtypes: bool = True) -> None:
        self.unknown = unknown
        self.dtypes = dtypes
        self.numbers: dict[Any, int] = {}

    def number(self, key: Any) -> int:
        return self.numbers.setdefault(key, len(self.numbers))

    def of_layer(self, layer: LayerSummary) -> int:
        shapes = (repr(layer.input_shapes), repr(layer.output_shape))
        counts = (layer.params, layer.trainable_params, layer.weight_params, layer.bias_params, layer.macs)
        marks = (layer.shared_with is None, layer.path in self.unknown, is_tied(layer), layer.output_bytes)
        # Without an output, layers of equal counts may still hold other shapes, or other types.
        weights = () if layer.output_shape else layer.weights
        stored = tuple([(weight.shape, weight.dtype if self.dtypes else "") for weight in weights])
        return self.number((layer.type, shapes, counts, marks, stored))

    def of_group(self, children: list[Branch]) -> int:
        return self.number(tuple((child.kind, child.repeats) for child in children))


def is_tied(layer: LayerSummary) -> bool:
    """Whether a weight of the layer is another layer's tensor."""
    return any(map(_TIED_TO, layer.weights))


def fold_equal(branches: list[Branch]) -> list[Branch]:
    """Equal neighbours as one branch."""
    folded: list[Branch] = []
    for _, members in groupby(branches, key=lambda branch: branch.kind):
        run = list(members)
        if not _same_shape(run):
            folded += run
            continue
        least = 2 if run[0].children else MIN_EQUAL_LAYERS
        if run[0].children and len(run) > 1:
            for children in zip(*[branch.children for branch in run], strict=True):
                _note_alike(children)
        folded += [_repeated(run, run[0].children)] if len(run) >= least else run
    return folded


def _repeated(run: list[Branch], children: list[Branch]) -> Branch:
    layers = [layer for branch in run for layer in branch.layers]
    repeats = sum(branch.repeats for branch in run)
    return Branch(_span(run), layers, children, repeats, run[0].kind)


def _same_shape(same: Sequence[Branch]) -> bool:
    """Whether all have as many children, at every level: names nest what is equal, and not everywhere alike."""
    if len({len(branch.children) for branch in same}) > 1:
        return False
    return all(map(_same_shape, zip(*[branch.children for branch in same], strict=True)))


def _note_alike(same: Sequence[Branch]) -> None:
    """Note in the first of these, and in all beneath it, what is at the same place in the others."""
    first, *others = same
    first.alike = [*first.alike, *[layer for other in others for layer in (*other.layers, *other.alike)]]
    for children in zip(*[branch.children for branch in same], strict=True):
        _note_alike(children)


def _span(run: Sequence[Branch]) -> str:
    """`conv4_block2 … 36`, `encoder/0 … 11/layer`, or the one label they share."""
    first, last = run[0].label, run[-1].label
    first, last = SPAN.sub(r"\1", first), SPAN.sub(r"\2", last)  # of the numbers of a span, the outer one
    if first == last:
        return first
    start = _same(first, last).rstrip("0123456789")
    _, slash, end = _same(first[::-1], last[::-1])[::-1].partition("/")
    return f"{first.removesuffix(slash + end)} … {last[len(start) :]}"


def _same(a: str, b: str) -> str:
    """What both begin with."""
    return "".join([x for x, _ in takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))])


def fold_names(branches: list[Branch]) -> list[Branch]:
    """Flat names nested by what they share: `conv4_block2_1_conv` stands under conv4, conv4_block2.

    Names that Keras numbers by itself (`dense_7`) say nothing and stay where they are.
    """
    kinds = _Kinds(frozenset())
    return _by_name(branches, 0, kinds)


def _by_name(branches: list[Branch], depth: int, kinds: "_Kinds") -> list[Branch]:
    if depth >= MAX_DEPTH:
        return fold_equal(branches)
    folded: list[Branch] = []
    for head, members in groupby(branches, key=lambda branch: _head(branch, depth)):
        run = list(members)
        if head is None or len(run) == 1:
            folded += run
            continue
        children = _by_name(run, depth + 1, kinds)
        if len(children) == 1:
            folded += children
        else:
            layers = [layer for branch in run for layer in branch.layers]
            folded.append(Branch(head, layers, children, kind=_name_kind(children, kinds)))
    return fold_equal(folded)


def _name_kind(children: list[Branch], kinds: "_Kinds") -> int:
    # Numbers of its own, below zero: a layer's own kinds were numbered by another table.
    return -1 - kinds.number(tuple((child.kind, child.repeats) for child in children))


def _head(branch: Branch, depth: int) -> str | None:
    """The first `depth + 1` words of a layer's name, None where it has no word after them."""
    if branch.children or branch.repeats > 1:
        return None
    words = branch.label.split("_")
    own = snake_case(branch.layers[0].type)
    if depth + 1 >= len(words) or re.fullmatch(rf"{re.escape(own)}(_\d+)?", branch.label):
        return None
    return "_".join(words[: depth + 1])


def fold_sequences(branches: list[Branch]) -> list[Branch]:
    """Sequences of branches that repeat, as one branch for all their repeats."""
    numbers = _Kinds(frozenset())  # `×4` is no repeat of `×5`
    kinds = [numbers.number((branch.kind, branch.repeats)) for branch in branches]
    following = _following(kinds)
    folded: list[Branch] = []
    start = 0
    while start < len(branches):
        period, repeats = _best_period(kinds, following, start)
        if repeats == 1:
            folded.append(branches[start])
        else:
            folded += _sequence(branches[start : start + period * repeats], period)
        start += period * repeats
    return folded


def _sequence(run: list[Branch], period: int) -> list[Branch]:
    """A run that repeats after `period` branches as one, unless what is beneath them is nested in different ways."""
    columns = [run[place::period] for place in range(period)]
    if not all(map(_same_shape, columns)):
        return run
    for same in columns:
        _note_alike(same)
    layers = [layer for branch in run for layer in branch.layers]
    return [Branch(_span(run), layers, run[:period], len(run) // period)]


def _best_period(kinds: list[int], following: list[int], start: int) -> tuple[int, int]:
    """(period, repeats) of the sequence from `start` on that covers most; (1, 1) where none repeats.

    Only where the same kind comes again can a second repeat begin, so layers that are all different cost nothing.
    """
    best = (1, 1)
    again = following[start]
    while again - start <= MAX_PERIOD and again < len(kinds):
        period = again - start
        end = start
        while end + period < len(kinds) and kinds[end] == kinds[end + period]:
            end += 1
        repeats = 1 + (end - start) // period
        if period > 1 and repeats > 1 and period * repeats > best[0] * best[1]:
            best = (period, repeats)
        again = following[again]
    return best


def _following(kinds: list[int]) -> list[int]:
    """For each place, the next one of the same kind; past the end where there is none."""
    latest: dict[int, int] = {}
    found = [2 * len(kinds) + MAX_PERIOD] * len(kinds)
    for index in range(len(kinds) - 1, -1, -1):
        found[index] = latest.get(kinds[index], found[index])
        latest[kinds[index]] = index
    return found


def everywhere(fold: Callable[[list[Branch]], list[Branch]], branches: list[Branch]) -> list[Branch]:
    """`fold` done to these branches and to the children of each."""
    for branch in branches:
        if branch.children:
            branch.children = everywhere(fold, branch.children)
    return fold(branches)
