"""Normalization: what is held, what is trained, and what refusals say."""

from typing import Any

import pytest

from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.layers.keras.normalization import BatchNormalization, GroupNormalization, Normalization
from tests.each import each
from tests.layers.keras.test_keras_facts import layer_of

ROWS = [
    # Keras 3.15.1; (weights, of which trained)
    ({"BatchNormalization": {}}, (None, 7, 7, 512), 2_048, 1_024),
    ({"BatchNormalization": {"renorm": True}}, (None, 8), 56, 16),
    ({"BatchNormalization": {"axis": 1, "scale": False}}, (None, 3, None, None), 9, 3),
    ({"LayerNormalization": {"axis": [1, 2]}}, (None, 4, 8), 64, 64),
    ({"LayerNormalization": {"rms_scaling": True}}, (None, 4, 8), 8, 8),
    ({"LayerNormalization": {"scale": False, "center": False}}, (None, None), 0, 0),
    ({"GroupNormalization": {"groups": -1}}, (None, 4, 6), 12, 12),
    ({"RMSNormalization": {}}, (None, 4, 8), 8, 8),
    ({"UnitNormalization": {}}, (None, None), 0, 0),
    ({"Normalization": {}}, (None, 10), 21, 0),
    ({"Normalization": {"axis": None}}, (None, None), 3, 0),
    ({"Normalization": {"mean": 0.5, "variance": 2.0}}, (None, 10), 0, 0),
]


@each("entry, shape, params, trained", ROWS)
def test_parameters(entry: dict[str, Any], shape: tuple[int | None, ...], params: int, trained: int) -> None:
    """Moving averages and adapted statistics are counted, but not trained."""
    inferred = layer_of(entry).infer(shape)
    assert inferred.output == shape
    assert sum(w.params for w in inferred.weights) == params
    assert sum(w.params for w in inferred.weights if w.trainable) == trained


def test_moving_averages_are_statistics() -> None:
    """The complaint: what the non-trainable parameters of a BatchNormalization are."""
    kinds = {w.name: w.kind for w in BatchNormalization().infer((None, 8)).weights}
    assert kinds == {
        "gamma": "weight",
        "beta": "bias",
        "moving_mean": "statistic",
        "moving_variance": "statistic",
    }


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (BatchNormalization(axis=3), (None, 8), "axis 3 is out of range for an input of rank 2"),
        (GroupNormalization(groups=3), (None, 8), "8 channels cannot be split into 3 groups"),
        (GroupNormalization(groups=0), (None, 8), "groups must be positive"),
        (GroupNormalization(), (None, 0), "0 channels"),
        (Normalization(mean=1.0), (None, 8), "together"),
        (Normalization(mean=[1.0, 2.0], variance=[1.0, 2.0]), (None, 8), "does not fit"),
        (Normalization(axis=(1, -1)), (None, 8), "twice"),
        (BatchNormalization(renorm=True, renorm_clipping={"rmin": 2, "rmax": 1}), (None, 8), "rmax 1"),
    ],
)
def test_refusals(layer: Any, shape: tuple[int | None, ...], message: str) -> None:
    """Each says what is wrong, with the numbers."""
    with pytest.raises(LayerError, match=message):
        layer.infer(shape)


def test_an_unknown_normalized_axis_is_refused() -> None:
    """Its size is the size of the weights."""
    with pytest.raises(UnknownDimensionError):
        BatchNormalization().infer((None, 8, None))
