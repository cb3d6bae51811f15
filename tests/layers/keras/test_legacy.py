"""Layers of keras.applications and of Keras 1 and 2, which Keras 3 does not have."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import LayerError
from paramcalc.layers.keras.locally_connected import LocallyConnected2D, connections
from tests.each import each
from tests.layers.keras.test_keras_facts import layer_of

Shape = tuple[int | None, ...]
FIRST = "channels_first"


def local(n: int, **fields: Any) -> dict[str, Any]:
    size = 3 if n == 1 else [3, 2]
    return {f"LocallyConnected{n}D": {"filters": 4, "kernel_size": size, "strides": 2, **fields}}


ROWS: list[tuple[dict[str, Any], Shape, Shape, list[tuple[int, ...]]]] = [
    # tf_keras 2.21 with TensorFlow 2.21
    (local(1), (None, 9, 2), (None, 4, 4), [(4, 6, 4), (4, 4)]),
    (local(2), (None, 7, 8, 2), (None, 3, 4, 4), [(12, 12, 4), (3, 4, 4)]),
    (local(2, data_format=FIRST), (None, 2, 8, 7), (None, 4, 3, 3), [(9, 12, 4), (3, 3, 4)]),
    (local(1, implementation=2, padding="same"), (None, 9, 2), (None, 5, 4), [(9, 2, 5, 4), (5, 4)]),
    (local(1, implementation=3), (None, 9, 2), (None, 4, 4), [(96,), (4, 4)]),
    (local(1, implementation=3, padding="same"), (None, 9, 2), (None, 5, 4), [(104,), (5, 4)]),
    (local(2, implementation=3, padding="same"), (None, 7, 8, 2), (None, 4, 4, 4), [(560,), (4, 4, 4)]),
    (local(2, implementation=3, padding="same", data_format=FIRST),
     (None, 2, 8, 7), (None, 4, 4, 4), [(616,), (4, 4, 4)]),
    ({"RandomFourierFeatures": {"output_dim": 4}}, (None, 3), (None, 4), [(1,), (3, 4), (4,)]),
    ({"RandomHeight": {"factor": 0.2}}, (None, 8, 9, 3), (None, None, 9, 3), []),
    ({"RandomWidth": {"factor": 0.2}}, (None, 8, 9, 3), (None, 8, None, 3), []),
    ({"ThresholdedReLU": {}}, (None, 8), (None, 8), []),
    # build() of Keras 1.2.2
    ({"MaxoutDense": {"output_dim": 5}}, (None, 3), (None, 5), [(4, 3, 5), (4, 5)]),
    ({"Highway": {}}, (None, 3), (None, 3), [(3, 3), (3, 3), (3,), (3,)]),
    ({"SReLU": {"shared_axes": [1]}}, (None, 8, 3), (None, 8, 3), [(1, 3)] * 4),
    ({"ParametricSoftplus": {}}, (None, 3), (None, 3), [(3,)] * 2),
    # keras.applications of Keras 3.15.1
    ({"LayerScale": {"init_values": 1e-6, "projection_dim": 8}}, (None, 4, 8), (None, 4, 8), [(8,)]),
    ({"LayerScale": {"init_values": 1e-6, "projection_dim": 8}}, (None, 4, 1), (None, 4, 8), [(8,)]),
    ({"StochasticDepth": {"drop_path_rate": 0.1}}, (None, 4, None), (None, 4, None), []),
]  # fmt: skip


@each("entry, shape, output, weights", ROWS)
def test_layer(entry: dict[str, Any], shape: Shape, output: Shape, weights: list[tuple[int, ...]]) -> None:
    """The output and the weights of the Keras that had it."""
    inferred = layer_of(entry).infer(shape)
    assert inferred.output == output
    assert [w.shape for w in inferred.weights] == weights


@pytest.mark.parametrize(
    ("entry", "inputs", "message"),
    [
        (local(1, padding="same"), [(None, 9, 2)], "implementation 2 or 3"),
        (local(1), [(None, 2, 2)], "kernel_size 3 is larger"),
        (local(1), [(None, None, 2)], "unknown"),
        ({"LayerScale": {"init_values": 1.0, "projection_dim": 8}}, [(None, 3)], "cannot be multiplied"),
        ({"CustomScaleLayer": {"scale": 0.1}}, [(None, 4), (None, 3)], "cannot be multiplied"),
    ],
)
def test_refusals(entry: dict[str, Any], inputs: list[Shape], message: str) -> None:
    """Each says what is wrong."""
    with pytest.raises(LayerError, match=message):
        layer_of(entry).infer(*inputs)


def test_every_local_weight_is_used_once() -> None:
    """MACs are the size of the kernel: nothing is shared between positions."""
    inferred = LocallyConnected2D(8, 3).infer((None, 10, 10, 3))
    assert count_macs(inferred.macs) == inferred.weights[0].params == 8 * 8 * 27 * 8


@given(st.integers(1, 40), st.integers(1, 12), st.integers(1, 12))
def test_connections_of_a_cut_window(size: int, kernel: int, stride: int) -> None:
    """The closed form is the count, position by position."""
    outputs, left = -(-size // stride), kernel // 2
    windows = [(max(0, i * stride - left), min(size, i * stride - left + kernel)) for i in range(outputs)]
    counted = sum(end - start for start, end in windows)
    assert connections(size, outputs, kernel, stride, "same") == counted
