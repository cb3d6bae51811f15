"""Layers that move, drop, repeat or pad elements: shapes, refusals and what undoes what."""

from math import prod
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.errors import LayerError, ParamcalcError
from paramcalc.layers.base import single
from paramcalc.layers.keras.reshaping import Cropping2D, Flatten, Permute, Reshape, ZeroPadding2D
from tests.each import each
from tests.layers.keras.test_keras_facts import layer_of

FIRST = "channels_first"
SHAPES = [
    ({"Flatten": {}}, (None, 7, 7, 64), (None, 3136)),
    ({"Flatten": {}}, (None,), (None, 1)),
    ({"Flatten": {}}, (None, None, 64), (None, None)),
    ({"Reshape": {"target_shape": [7, -1, 2]}}, (None, 28), (None, 7, 2, 2)),
    ({"Reshape": {"target_shape": [-1, 4]}}, (None, None, 8), (None, None, 4)),
    ({"Reshape": {"target_shape": []}}, (None, 1), (None,)),
    ({"Permute": {"dims": [2, 1]}}, (None, 10, None), (None, None, 10)),
    ({"RepeatVector": {"n": 3}}, (None, 32), (None, 3, 32)),
    ({"Cropping1D": {"cropping": [2, 1]}}, (None, 9, 4), (None, 6, 4)),
    ({"Cropping2D": {"cropping": [[2, 1], 4], "data_format": FIRST}}, (None, 3, 9, 9), (None, 3, 6, 1)),
    ({"Cropping3D": {"cropping": 1}}, (None, 9, None, 9, 1), (None, 7, None, 7, 1)),
    ({"ZeroPadding1D": {"padding": [3, 0]}}, (None, 5, 4), (None, 8, 4)),
    ({"ZeroPadding2D": {}}, (None, 5, 4, 1), (None, 7, 6, 1)),
    ({"ZeroPadding3D": {"padding": [1, [2, 0], 3]}}, (None, 1, 1, 1, 1), (None, 3, 3, 7, 1)),
    ({"UpSampling1D": {}}, (None, None, 4), (None, None, 4)),
    ({"UpSampling2D": {"size": [2, 3]}}, (None, 5, 4, 1), (None, 10, 12, 1)),
    ({"UpSampling3D": {"data_format": FIRST}}, (None, 1, 2, 3, 4), (None, 1, 4, 6, 8)),
    *[
        ({"Operation": {"function": name, "config": config}}, (2, 4, 6), output)
        for name in ("Sort", "Argsort", "Argpartition")
        for config, output in (({"axis": None}, (48,)), ({"axis": 1}, (2, 4, 6)), ({}, (2, 4, 6)))
    ],
]


@each("entry, shape, output", SHAPES)
def test_shapes(entry: dict[str, Any], shape: tuple[int | None, ...], output: tuple[int | None, ...]) -> None:
    """As Keras 3.15.1 reports them; nothing is held or multiplied."""
    inferred = layer_of(entry).infer(shape)
    assert (inferred.output, inferred.weights, inferred.macs) == (output, (), ())


REFUSED = [
    ({"Reshape": {"target_shape": [-1, -1]}}, (None, 4), "may have only one -1"),
    ({"Reshape": {"target_shape": [3, 5]}}, (None, 16), "cannot hold the 16 elements"),
    ({"Reshape": {"target_shape": [3, -1]}}, (None, 16), "cannot hold the 16 elements"),
    ({"Reshape": {"target_shape": [0, -1]}}, (None, 16), "cannot hold the 16 elements"),
    ({"Reshape": {"target_shape": [-2]}}, (None, 16), "target_shape: expected an integer >= -1"),
    (
        {"Operation": {"function": "Mean", "config": {"axs": 1}}},
        (None, 4, 4),
        "unknown argument 'axs'",
    ),
    ({"Operation": {"function": "Repeat", "kwargs": {"repeat": 2}}}, (None, 4), "did you mean 'repeats'?"),
    ({"Permute": {"dims": [0, 1]}}, (None, 4, 4), "dims"),
    ({"Permute": {"dims": [1, 1]}}, (None, 4, 4), "must name each axis from 1 on once"),
    ({"Permute": {"dims": [2, 1]}}, (None, 4), "expects an input of rank 3"),
    ({"RepeatVector": {"n": 2}}, (None, 4, 4), "expects an input of rank 2 (batch, features)"),
    ({"Cropping1D": {"cropping": [2, 2]}}, (None, 4, 1), "leaves nothing of 4"),
    ({"Cropping2D": {"cropping": [1, 1, 1]}}, (None, 9, 9, 1), "got 3"),
    ({"ZeroPadding2D": {"padding": [[1, 1, 1], 0]}}, (None, 9, 9, 1), "[1, 1, 1]"),
    ({"UpSampling2D": {"size": [2]}}, (None, 9, 9, 1), "size needs 2 values, got 1: [2]"),
]


@each("entry, shape, message", REFUSED)
def test_refusals_name_the_numbers(entry: dict[str, Any], shape: tuple[int | None, ...], message: str) -> None:
    """A refusal says which numbers do not fit."""
    with pytest.raises(ParamcalcError) as error:
        layer_of(entry).infer(shape)
    assert message in str(error.value)


DIMS = st.lists(st.integers(1, 12), min_size=1, max_size=4).map(tuple)
PADDING = st.tuples(*[st.tuples(st.integers(0, 5), st.integers(0, 5))] * 2)


@given(DIMS, st.data())
def test_reshape_keeps_every_element(dims: tuple[int, ...], data: st.DataObject) -> None:
    """Whatever -1 stands for, flattening before or after gives the same."""
    axis = data.draw(st.integers(0, len(dims) - 1))
    target = (*dims[:axis], -1, *dims[axis + 1 :])
    reshaped = single(Reshape(target).infer((None, prod(dims))))
    assert reshaped == (None, *dims)
    assert Flatten().infer(reshaped).output == (None, prod(dims))


@given(DIMS, st.randoms())
def test_permute_is_undone_by_its_inverse(dims: tuple[int, ...], random: Any) -> None:
    """The inverse permutation gives the first shape again."""
    order = list(range(1, len(dims) + 1))
    random.shuffle(order)
    inverse = tuple(order.index(axis) + 1 for axis in range(1, len(dims) + 1))
    moved = single(Permute(tuple(order)).infer((None, *dims)))
    assert Permute(inverse).infer(moved).output == (None, *dims)


@given(st.integers(1, 50), st.integers(1, 50), PADDING)
def test_cropping_undoes_padding(height: int, width: int, sides: Any) -> None:
    """Cropping by what was padded gives the first shape again."""
    shape = (None, height, width, 3)
    padded = single(ZeroPadding2D(sides).infer(shape))
    assert Cropping2D(sides).infer(padded).output == shape


def test_cropping_everything_is_refused() -> None:
    """At least one element must be left along each axis."""
    with pytest.raises(LayerError, match=r"cropping \[3, 2\] leaves nothing of 5"):
        Cropping2D(((0, 0), (3, 2))).infer((None, 9, 5, 1))
