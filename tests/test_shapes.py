"""Arithmetic on shapes: unknown sizes travel through, and only what needs a number raises."""

from math import prod

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.shapes import (
    MAX_COUNT,
    MAX_DIMENSION,
    MAX_RANK,
    check_min_rank,
    check_rank,
    check_sizes,
    format_shape,
    is_size,
    known,
    ntuple,
    positive_axis,
    product,
    volume,
)

SIZES = st.lists(st.integers(0, 50), max_size=6).map(tuple)


@pytest.mark.parametrize(
    ("shape", "text"), [((), "()"), ((3,), "(3,)"), ((None, 28, 1), "(None, 28, 1)"), ([2, 3], "(2, 3)")]
)
def test_a_shape_is_written_as_python_writes_a_tuple(shape, text):
    """Whatever sequence it is."""
    assert format_shape(shape) == text


@given(SIZES)
def test_a_volume_is_the_product_with_an_unknown_batch_as_one_sample(sizes):
    """Of a scalar it is 1."""
    assert volume(sizes) == product(sizes) == prod(sizes)
    assert volume((None, *sizes)) == prod(sizes)


@given(SIZES)
def test_another_unknown_size_makes_the_volume_unknown(sizes):
    """A zero does not rescue it, and a product knows of no batch."""
    assert volume((2, *sizes, None)) is None
    assert product((None, *sizes, 0)) is None


def test_a_size_that_a_weight_needs_must_be_known():
    """The error says which axis, so that whoever knows the size can fill it in."""
    assert known((None, 7), -1) == 7
    with pytest.raises(
        UnknownDimensionError, match=r"the width \(axis 1 of the input \(2, None\)\) is unknown"
    ) as error:
        known((2, None), 1, "width")
    assert error.value.axis == 1


@pytest.mark.parametrize("shape", [(2,), (2, 3, 4)])
def test_another_rank_than_the_layer_takes_is_refused(shape):
    """The message names the axes that it should have."""
    with pytest.raises(LayerError, match=rf"rank 2 \(batch, features\), got .* of rank {len(shape)}"):
        check_rank(shape, 2, "(batch, features)")
    check_rank((2, 3), 2, "(batch, features)")


def test_a_rank_may_be_a_minimum():
    """The batch counts."""
    check_min_rank((2, 3), 2)
    with pytest.raises(LayerError, match="rank 3 or more"):
        check_min_rank((2, 3), 3)


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((2, -1), "negative dimension"),
        ((MAX_COUNT + 1,), "dimension past"),
        ((1,) * (MAX_RANK + 1), f"at most {MAX_RANK} axes"),
    ],
)
def test_a_tensor_that_no_program_holds_is_refused(shape, message):
    """Also behind others that are fine."""
    check_sizes([(2, None), (0,), (MAX_COUNT,), (1,) * MAX_RANK])
    with pytest.raises(LayerError, match=message):
        check_sizes([(2, 3), shape])


@pytest.mark.parametrize(("value", "fits"), [(None, True), (0, True), (MAX_DIMENSION, True), (MAX_DIMENSION + 1, False),
                                             (-1, False), (True, False), (2.0, False), ("2", False)])  # fmt: skip
def test_a_size_in_a_file_is_a_number_in_range_or_null(value, fits):
    """True is no 1."""
    assert is_size(value) is fits


@given(st.integers(1, 20), st.data())
def test_an_axis_may_be_counted_from_either_end(rank, data):
    """Negative ones from the back, as everywhere in Python."""
    axis = data.draw(st.integers(-rank, rank - 1))
    assert list(range(rank))[axis] == positive_axis(axis, rank)
    for beyond in (rank, -rank - 1):
        with pytest.raises(LayerError, match=f"axis {beyond} is out of range"):
            positive_axis(beyond, rank)


def test_one_number_stands_for_every_axis():
    """A list has as many as there are axes."""
    assert ntuple(3, 2, "strides") == (3, 3)
    assert ntuple([1, 2], 2, "strides") == (1, 2)
    with pytest.raises(LayerError, match=r"strides needs 2 values, got 3: \[1, 2, 3\]"):
        ntuple([1, 2, 3], 2, "strides")
    with pytest.raises(LayerError, match="strides needs 1 value, got 2"):
        ntuple([1, 2], 1, "strides")
