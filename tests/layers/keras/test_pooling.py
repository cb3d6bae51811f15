"""Pooling: nothing is held or multiplied, and what refusals say."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.errors import LayerError
from paramcalc.layers.base import single
from paramcalc.layers.keras.names import FAMILIES
from paramcalc.layers.keras.pooling import AveragePooling1D, MaxPooling2D
from tests.each import each
from tests.layers.keras.test_keras_facts import layer_of

FIRST = "channels_first"
SHAPES = [
    ({"MaxPooling2D": {}}, (None, 28, 28, 1), (None, 14, 14, 1)),
    ({"MaxPooling2D": {}}, (None, 7, 7, 512), (None, 3, 3, 512)),
    ({"MaxPooling2D": {"padding": "same"}}, (None, 7, 7, 512), (None, 4, 4, 512)),
    ({"MaxPooling2D": {"pool_size": 3, "strides": 2}}, (None, None, 9, 4), (None, None, 4, 4)),
    ({"AveragePooling1D": {"pool_size": 2, "data_format": FIRST}}, (None, 3, 9), (None, 3, 4)),
    ({"AveragePooling3D": {"pool_size": [1, 2, 3]}}, (None, 6, 6, 6, None), (None, 6, 3, 2, None)),
    ({"GlobalAveragePooling2D": {}}, (None, None, None, 8), (None, 8)),
    ({"GlobalMaxPooling1D": {"keepdims": True}}, (None, 5, 8), (None, 1, 8)),
    ({"GlobalMaxPooling3D": {"data_format": FIRST}}, (None, 8, 2, 3, 4), (None, 8)),
    ({"AdaptiveMaxPooling2D": {"output_size": [3, 5]}}, (None, None, 9, 8), (None, 3, 5, 8)),
]


@pytest.mark.parametrize(("entry", "shape", "output"), SHAPES)
def test_shapes(entry: dict[str, Any], shape: tuple[int | None, ...], output: tuple[int | None, ...]) -> None:
    """As Keras 3.15.1 reports them."""
    assert layer_of(entry).infer(shape).output == output


@each("name", FAMILIES["pooling"])
def test_pooling_holds_and_multiplies_nothing(name: str) -> None:
    """No pooling layer has weights or MACs."""
    fields = {"output_size": 2} if name.startswith("Adaptive") else {}
    fields |= {"pool_size": 2} if name.startswith("Average") else {}
    inferred = layer_of({name: fields}).infer((None, *[8] * int(name[-2]), 3))
    assert (inferred.weights, inferred.macs) == ((), ())


def test_a_window_larger_than_its_input_is_refused() -> None:
    """The message has the numbers."""
    with pytest.raises(LayerError, match=r"pool_size 5 is larger than its input 4 \(padding='valid'\)"):
        MaxPooling2D(5).infer((None, 9, 4, 3))


@given(st.integers(1, 200), st.integers(1, 9), st.integers(1, 9))
def test_windows_stay_inside_their_input(size: int, pool: int, stride: int) -> None:
    """The last valid window ends inside the input, and no further one would fit."""
    layer = AveragePooling1D(pool, stride)
    if pool > size:
        with pytest.raises(LayerError):
            layer.infer((None, size, 1))
        return
    length = single(layer.infer((None, size, 1)))[1]
    assert length is not None
    assert (length - 1) * stride + pool <= size < length * stride + pool
