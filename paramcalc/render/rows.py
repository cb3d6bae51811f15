"""The rows of a table: the tree folded to a depth, or the layers sorted by a column."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import UNSET, Struct, UnsetType

from paramcalc.render.columns import COLUMNS, COUNTED
from paramcalc.render.tree import Branch, build_tree, everywhere, fold_names, fold_sequences, is_tied
from paramcalc.summary import LayerSummary, Summary

SCREEN = 40
"""Rows that fit a screen with the totals: past this, a table without --depth folds itself."""

Folded = tuple[list[Branch], int, int]
"""A tree, how many levels of it to show, and how deep it goes."""

OF_EACH = ("type", "weight_shapes")
"""Columns that equal layers in one row have one answer for."""


class Row(Struct):
    """One line of a table.

    Attributes:
        label: the layer's name, without the nesting that `lasts` draws.
        layers: what the row stands for; none for an input of the model.
        lasts: for each level of nesting, whether the row is in its last branch.
        repeats: how many equal ones the row is the sum of.
        folded: whether rows under it are not shown.
        marks: one letter for each footnote that the row needs.
        alike: the same layers of other repeats, which may be of other dtypes.
        fixed: values of columns for a row that is no layer.
    """

    label: str
    layers: Sequence[LayerSummary] = ()
    lasts: tuple[bool, ...] = ()
    repeats: int = 1
    folded: bool = False
    marks: str = ""
    alike: Sequence[LayerSummary] = ()
    fixed: dict[str, Any] | UnsetType = UNSET

    def value(self, column: str) -> Any:
        """What stands in this column: text, a number, a shape; None where it is unknown."""
        if self.fixed is not UNSET:
            return self.fixed.get(column, "")
        if "?" in self.marks and column in COUNTED and len(self.layers) == 1:
            return None
        if column in OF_EACH and len(self.layers) == self.repeats:
            return COLUMNS[column].value(self.layers[:1])
        layers = [*self.layers, *self.alike] if column == "dtype" else self.layers
        return COLUMNS[column].value(layers)


class Rows(Struct):
    """The rows of one summary, and how deep the nesting goes where some of it is not shown."""

    rows: list[Row]
    full_depth: int | None = None


def unknown_of(summary: Summary) -> frozenset[str]:
    """The paths of the layers that are not known."""
    return frozenset() if summary.unknown is UNSET else frozenset(summary.unknown)


def tree_rows(summary: Summary, depth: int | None = None, found: Folded | None = None) -> Rows:
    """The layers as a tree, `depth` levels of it; as many as fit a screen when None.

    `found` is what `folded_tree` gives for the same depth, where that was asked for already.
    """
    unknown = unknown_of(summary)
    inputs = [Row(item.name, fixed=_input_values(item.name, item.shape)) for item in summary.inputs]
    if depth is None and len(inputs) > SCREEN:
        inputs = [*inputs[:SCREEN], Row(f"and {len(inputs) - SCREEN:,} more inputs", fixed={"type": "Input"})]
    tree, shown, full_depth = found or folded_tree(summary, depth)
    rows = list(_flatten(tree, shown, unknown))
    hidden = any(row.folded for row in rows)
    return Rows(inputs + rows, full_depth if hidden else None)


def folded_tree(summary: Summary, depth: int | None = None) -> Folded:
    """The layers as a tree, how many levels of it to show, and how deep the paths of the layers go.

    Where no `depth` is given and the tree is past a screen, blocks of a checkpoint that differ only in their dtypes
    are folded, and it is folded by what the names share, too.
    """
    tree = build_tree(summary.layers, unknown_of(summary))
    full_depth = _depth(tree)
    if depth is None and summary.framework is None and _count(tree, full_depth) > SCREEN:
        tree = build_tree(summary.layers, unknown_of(summary), dtypes=False)
    if depth is None and _count(tree, full_depth) > SCREEN:
        tree = everywhere(fold_sequences, everywhere(fold_names, tree))
        close_states(tree)
        depth = next((depth for depth in range(_depth(tree), 1, -1) if _count(tree, depth) <= SCREEN), 1)
        full_depth = max(full_depth, depth + 1)  # names are not nested once a depth is given: never hint at less
    return tree, full_depth if depth is None else depth, full_depth


def _input_values(name: str, shape: Any) -> dict[str, Any]:
    return {"name": name, "path": name, "type": "Input", "output_shape": shape}


def _depth(branches: Sequence[Branch]) -> int:
    return 1 + max([_depth(branch.children) for branch in branches if branch.children], default=0)


def _count(branches: Sequence[Branch], depth: int) -> int:
    """How many rows `_flatten` makes."""
    if depth == 1:
        return len(branches)
    opened = [branch.children for branch in branches if branch.children and not branch.closed]
    return len(branches) + sum([_count(children, depth - 1) for children in opened])


def close_states(tree: Sequence[Branch]) -> None:
    """Close what a training keeps beside the weights: its rows would leave no room for those of the network."""
    for branch in tree:
        kinds = {weight.kind for layer in branch.layers for weight in layer.weights}
        branch.closed = kinds == {"state"}


def _flatten(
    branches: Sequence[Branch], depth: int, unknown: frozenset[str], lasts: tuple[bool, ...] = ()
) -> Iterator[Row]:
    for index, branch in enumerate(branches):
        here = (*lasts, index == len(branches) - 1)
        folded = bool(branch.children) and (depth == 1 or branch.closed)
        marks = _marks(branch.layers, unknown)
        yield Row(branch.label, branch.layers, here, branch.repeats, folded, marks, branch.alike)
        if branch.children and not folded:
            yield from _flatten(branch.children, depth - 1, unknown, here)


def _marks(layers: Sequence[LayerSummary], unknown: frozenset[str]) -> str:
    """`*` for a call of an earlier layer, `+` for tied weights, `?` for what is not known."""
    marks = ""
    if layers[0].shared_with is not None and all(layer.shared_with is not None for layer in layers):
        marks += "*"
    if any(map(is_tied, layers)):
        marks += "+"
    if unknown and any(layer.path in unknown for layer in layers):
        marks += "?"
    return marks


def sorted_rows(summary: Summary, column: str, top: int | None = None) -> Rows:
    """Each layer on a row of its own under its path: numbers from the largest, text from A."""
    unknown = unknown_of(summary)
    rows = [Row(layer.path, (layer,), marks=_marks((layer,), unknown)) for layer in summary.layers]
    if COLUMNS[column].kind in ("text", "shape"):
        rows.sort(key=lambda row: str(row.value(column) if column != "name" else row.label))
    else:
        rows.sort(key=lambda row: -(row.value(column) or 0))
    return Rows(rows[:top])
