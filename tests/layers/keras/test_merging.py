"""Merges: shapes that can be broadcast, sizes that add up, products that count."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import LayerError
from paramcalc.layers.base import single
from paramcalc.layers.keras.merging import Add, Average, Concatenate, Dot, Maximum, Subtract

Shape = tuple[int | None, ...]

MERGED: list[tuple[list[Shape], Shape]] = [
    # Keras 3.15.1
    ([(None, 8), (None, 8)], (None, 8)),
    ([(None, 8, 1), (None, 1, 5)], (None, 8, 5)),
    ([(None, 5), (None, 3, 5)], (None, 3, 5)),
    ([(None, None, 5), (None, 3, 5)], (None, None, 5)),
    ([(4, 5), (None, 5)], (4, 5)),
    ([(None, 7)], (None, 7)),
]


@pytest.mark.parametrize(("inputs", "output"), MERGED)
def test_broadcasting(inputs: list[Shape], output: Shape) -> None:
    """Sizes of 1 stretch; an unknown size stays unknown even beside a known one."""
    assert Add().infer(*inputs).output == output


@pytest.mark.parametrize(
    ("layer", "inputs", "message"),
    [
        (Add(), [(None, 8), (None, 7)], r"cannot be merged: \(None, 8\), \(None, 7\)"),
        (Maximum(), [(3, 8), (4, 8)], "different batch sizes"),
        (Average(), [], "at least one input"),
        (Subtract(), [(None, 8)] * 3, "exactly 2 inputs, got 3"),
        (Concatenate(), [(None, 4, 8), (None, 5, 8)], "differ at axis 1"),
        (Concatenate(), [(None, 8), (None, 4, 8)], "different ranks"),
        (Concatenate(axis=2), [(None, 8), (None, 8)], "axis 2 is out of range"),
        (Dot(1), [(None, 8), (None, 7)], "sums over 8 values"),
        (Dot(1), [(None, None), (None, 7)], "sums over None values"),
        (Dot(3), [(None, 8), (None, 8)], "axis 3 of axes is out of range"),
    ],
)
def test_refusals(layer: Any, inputs: list[Shape], message: str) -> None:
    """Each shows the shapes, or the numbers, that do not fit."""
    with pytest.raises(LayerError, match=message):
        layer.infer(*inputs)


def test_many_shapes_are_not_all_listed() -> None:
    """An error is one screen, whatever is merged."""
    with pytest.raises(LayerError) as caught:
        Add().infer(*[(None, size) for size in range(2, 500)])
    assert len(str(caught.value)) < 200


CONCATENATED: list[tuple[int, list[Shape], Shape]] = [
    # Keras 3.15.1
    (-1, [(None, 4, 8), (None, 4, 2)], (None, 4, 10)),
    (1, [(None, 4, 8), (None, 3, 8)], (None, 7, 8)),
    (-1, [(None, 4, None), (None, 4, 2)], (None, 4, None)),
    (-1, [(None, None, 3), (None, 5, 4)], (None, None, 7)),  # the first input's size, though the second knows it
]


@pytest.mark.parametrize(("axis", "inputs", "output"), CONCATENATED)
def test_concatenation(axis: int, inputs: list[Shape], output: Shape) -> None:
    """Sizes add up along the axis."""
    assert Concatenate(axis).infer(*inputs).output == output


PRODUCTS: list[tuple[int | tuple[int, int], Shape, Shape, Shape, int]] = [
    # shapes from Keras 3.15.1, MACs from jax.make_jaxpr of it
    (1, (None, 8), (None, 8), (None, 1), 8),
    (-1, (None, 3), (None, 3, 3, 3), (None, 3, 3), 27),
    (-2, (None, 3, 2), (None, 3, 2), (None, 2, 2), 12),
    ((1, 1), (None, 3, 2, 3), (None, 3, 3), (None, 2, 3, 3), 54),
    ((2, 1), (None, 3, 2, 3), (None, 2, 3), (None, 3, 3, 3), 54),
]


@pytest.mark.parametrize(("axes", "a", "b", "output", "macs"), PRODUCTS)
def test_dot(axes: int | tuple[int, int], a: Shape, b: Shape, output: Shape, macs: int) -> None:
    """One multiply-accumulate for each summed value of each element of the output."""
    inferred = Dot(axes).infer(a, b)
    assert inferred.output == output
    assert count_macs(inferred.macs) == macs


SIZES = st.lists(st.sampled_from([1, 2, 3, None]), min_size=1, max_size=4).map(lambda sizes: (None, *sizes))


@given(SIZES, SIZES)
def test_order_does_not_matter(a: Shape, b: Shape) -> None:
    """Merging is symmetric: the same shape, or refused either way."""
    try:
        forward = Add().infer(a, b).output
    except LayerError:
        with pytest.raises(LayerError):
            Add().infer(b, a)
    else:
        assert Add().infer(b, a).output == forward


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8))
def test_concatenated_sizes_add_up(sizes: list[int]) -> None:
    """However many inputs there are."""
    inputs = [(None, 4, size) for size in sizes]
    assert single(Concatenate().infer(*inputs)) == (None, 4, sum(sizes))
