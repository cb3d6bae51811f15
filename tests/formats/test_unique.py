"""Automatic names: each is given once, and the numbers are Keras'."""

from hypothesis import given
from hypothesis import strategies as st

from paramcalc.formats.unique import unique_name


def named(bases, taken=(), second=1):
    found, names, numbers = [], set(taken), {}
    for base in bases:
        found.append(unique_name(base, names.__contains__, numbers, second=second))
        names.add(found[-1])
    return found


def test_the_first_has_no_number():
    assert named(["dense", "dense", "lstm", "dense"]) == ["dense", "dense_1", "lstm", "dense_2"]


def test_a_taken_number_is_passed_over():
    assert named(["dense", "dense", "dense"], taken=["dense_1"]) == ["dense", "dense_2", "dense_3"]


def test_the_second_may_have_the_number_two():
    assert named(["block", "block", "block"], second=2) == ["block", "block_2", "block_3"]


@given(st.lists(st.sampled_from(["a", "a_1", "a_1_1", "b"])), st.sets(st.sampled_from(["a", "a_1", "a_2", "b_1"])))
def test_no_name_is_given_twice(bases, taken):
    found = named(bases, taken)
    assert len({*found, *taken}) == len(found) + len(taken)


def test_a_long_chain_costs_one_try_a_layer():
    tries, numbers, names = [], {}, set()

    def is_taken(name):
        tries.append(name)
        return name in names

    for _ in range(1000):
        names.add(unique_name("dense", is_taken, numbers))
    assert len(tries) <= 2 * 1000
