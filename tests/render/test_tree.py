"""The tree of rows: what is folded as equal is equal at every level."""

import pytest

from paramcalc import load, summarize
from paramcalc.render.rows import folded_tree
from tests.formats.gguf_files import file_of

NESTED, FLAT = ("x_a", "x_b", "y"), ("p", "q", "r")
"""Labels of three layers: the first two of the one share a word, and so stand under it."""


def leaves(groups):
    """What stands below these groups, among so many other layers that names are nested to fit a screen."""
    tensors = {
        f"n.{number}.{label}.weight": [8 + place, 8 + len(labels)]
        for number, labels in enumerate(groups)
        for place, label in enumerate(labels)
    }
    tensors |= {f"other{number}.weight": [7, 100 + number] for number in range(60)}
    tree, *_ = folded_tree(summarize(load(file_of(tensors, {}))))
    return sorted(labels_in(tree[0].children))


def labels_in(branches):
    for branch in branches:
        yield from labels_in(branch.children) if branch.children else [branch.label]


@pytest.mark.parametrize("groups", [(NESTED, ("c",), FLAT, ("c",)), (FLAT, ("c",), NESTED, ("c",))])
def test_groups_whose_names_nest_in_different_ways_are_not_one_row(groups):
    """Their layers are equal, but no row can stand for the first two of both."""
    assert leaves(groups) == sorted(["1/c", "3/c", *NESTED, *FLAT])


def test_groups_whose_names_nest_in_the_same_way_are_one_row():
    assert leaves((NESTED, ("c",)) * 2) == sorted(["1/c", *NESTED])
