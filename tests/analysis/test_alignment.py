"""Which layer of one model is which of another, where layers are put in, taken out, repeated and renamed."""

import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import load, summarize
from paramcalc.analysis.alignment import MAX_DIFFERENCES, common
from paramcalc.analysis.diff import compare
from paramcalc.render.diff_report import Options, lines
from paramcalc.render.table import plain
from tests.render.build import dense, summary

BLOCK = "blocks: {enc: {layers: [{Dense: 16}, ReLU, LayerNormalization]}}"


def model(layers, framework="keras", shape="[16]"):
    return summarize(
        load(f"framework: {framework}\ninput: {shape}\n{BLOCK}\nlayers: {layers}\n".encode(), name="m.yaml")
    )


def rows(before, now, **options):
    """The rows of changes, as words."""
    text = "".join(plain(lines(compare(before, now), Options(**options))))
    return [line.split() for line in text.split("\n\n")[1].splitlines()[1:] if line[0] in "+-~>"]


def names(before, now, **options):
    return [(row[0], row[1]) for row in rows(before, now, **options)]


def test_a_layer_put_in_the_middle_is_one_added_row():
    before = model("[{Dense: 16}, ReLU, {Dense: 16}, ReLU, {Dense: 16}, ReLU, {Dense: 4}]")
    now = model("[{Dense: 16}, ReLU, {Dropout: 0.5}, {Dense: 16}, ReLU, {Dense: 16}, ReLU, {Dense: 4}]")
    assert names(before, now) == [("+", "dropout")]
    assert names(now, before) == [("-", "dropout")]


def test_a_layer_of_another_width_in_the_middle_is_one_added_row_and_its_reader():
    before = model("[{Dense: 32}, {Dense: 16}, {Dense: 4}]")
    now = model("[{Dense: 32}, {Dense: 24}, {Dense: 16}, {Dense: 4}]")
    assert names(before, now) == [("+", "dense_1"), ("~", "dense_2")]


def test_a_longer_repeat_is_one_row():
    before, now = (model(f"[{{repeat: {n}, name: h, layers: [enc]}}, {{Dense: 4}}]") for n in (4, 6))
    assert [row[:5] for row in rows(before, now)] == [["~", "h", "×4", "→", "×6"]]
    assert [row[:5] for row in rows(now, before)] == [["~", "h", "×6", "→", "×4"]]
    assert "+608" in rows(before, now)[0]


def test_a_longer_repeat_without_a_name_is_one_row():
    before, now = (model(f"[{{Dense: 16}}, {{repeat: {n}, layers: [enc]}}, {{Dense: 4}}]") for n in (4, 6))
    assert [row[:5] for row in rows(before, now)] == [["~", "repeat", "×4", "→", "×6"]]


def test_a_new_block_is_one_row_and_equal_changes_of_a_repeat_are_one():
    before = model("[{Dense: 16}, {repeat: 3, name: h, layers: [{Dense: 16}, ReLU]}]")
    now = model("[{Dense: 16}, {enc: {}, name: new}, {repeat: 3, name: h, layers: [{Dense: 16}, Softmax]}]")
    found = names(before, now)
    assert ("+", "new") in found
    assert ("+", "h/0") in found
    assert len(found) == 3


def test_a_given_name_stays_with_its_layer():
    before = model("[{Dense: 16, name: a}, {Dense: 16, name: b}, {Dense: 4, name: c}]")
    now = model("[{Dense: 16, name: b}, {Dense: 4, name: c}]")
    assert names(before, now) == [("-", "a")]


def test_a_block_of_another_name_is_renamed_with_all_that_is_in_it():
    before, now = (model(f"[{{enc: {{}}, name: {name}}}, {{Dense: 4}}]") for name in ("old", "new"))
    assert {change.kind for change in compare(before, now).changes} == {"renamed"}


def test_depth_sums_the_changes_by_blocks():
    before, now = (model(f"[{{repeat: 2, name: h, layers: [{{Dense: {n}}}]}}, {{Dense: 4}}]") for n in (16, 32))
    assert names(before, now, depth=1) == [("~", "h"), ("~", "dense")]


@given(st.lists(st.integers(0, 4), max_size=12), st.lists(st.integers(0, 4), max_size=12))
def test_the_common_sequence_is_as_long_as_it_can_be(a, b):
    found = common(a, b)
    assert all(a[x] == b[y] for x, y in found)
    assert all(one[0] < two[0] and one[1] < two[1] for one, two in pairwise(found))
    longest = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for x in range(len(a)):
        for y in range(len(b)):
            longest[x + 1][y + 1] = longest[x][y] + 1 if a[x] == b[y] else max(longest[x][y + 1], longest[x + 1][y])
    assert len(found) == longest[-1][-1]


def test_lists_too_far_apart_keep_their_beginning_and_their_end():
    inner = MAX_DIFFERENCES * 2
    a, b = [7, 8, *range(100, 100 + inner), 9], [7, 8, *range(200 + inner, 100, -1), 9]
    assert {(0, 0), (1, 1), (len(a) - 1, len(b) - 1)} <= set(common(a, b))


@pytest.mark.parametrize("change", ["one more", "every width", "every name"])
def test_ten_thousand_layers_take_seconds(change):
    count = 10_000
    before = summary([dense(f"dense_{n}", 8, 8 + n % 3) for n in range(count)])
    after = {
        "one more": [dense(f"dense_{n}", 8, 8 + (n - (n > 50)) % 3) for n in range(count + 1)],
        "every width": [dense(f"dense_{n}", 8, 88 + n % 5) for n in range(count)],
        "every name": [dense(f"fc{n}x", 8, 8 + n % 3) for n in range(count)],
    }
    start = time.process_time()
    diff = compare(before, summary(after[change]))
    assert time.process_time() - start < 4
    assert diff.changes
