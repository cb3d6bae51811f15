"""Errors are values: what they show of a value, and how much of it."""

import time

from hypothesis import given
from hypothesis import strategies as st

from paramcalc.errors import MAX_MESSAGE, LayerError, echo, listed, nearest

VALUES = st.recursive(
    st.one_of(st.integers(), st.floats(), st.text(max_size=60)),
    lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(st.text(max_size=9), inner, max_size=4)),
)


@given(VALUES)
def test_an_echoed_value_is_its_text_cut_at_80_characters(value):
    text = repr(value)
    assert echo(value) == (text if len(text) <= 80 else text[:79] + "…")


def test_a_value_of_a_million_items_is_echoed_without_being_written_out():
    """A list whose items are lists whose items … is short to hold and years long to write."""
    value = [0] * 100
    for _ in range(50):
        value = [value] * 100
    start = time.process_time()
    assert echo(value) == "[" * 51 + "0, 0, 0, 0, 0, 0, 0, 0, 0, 0…"[: 79 - 51] + "…"
    assert echo({"a": value}).startswith("{'a': [[[")
    assert time.process_time() - start < 0.1


def test_a_message_is_cut_whatever_it_quotes():
    assert str(LayerError("x" * MAX_MESSAGE)) == "x" * 1_000
    assert str(LayerError("x" * 5_000)) == "x" * 999 + "…"


def test_a_list_of_names_says_how_many_more_there_are():
    assert listed(["a", "b"]) == "a, b"
    assert listed([str(n) for n in range(1_022)]).endswith("18, 19 and 1,002 more")


def test_of_names_that_are_equally_near_the_first_is_meant():
    assert nearest("block/dense", ["block/0/dense", "block/1/dense", "block/2/dense"]) == "block/0/dense"
