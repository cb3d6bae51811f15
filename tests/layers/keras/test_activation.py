"""Activations and regularization: shapes stay; PReLU alone holds something."""

from typing import Any

import pytest

from paramcalc.errors import LayerError, UnknownDimensionError
from paramcalc.formats.text.fields import FieldsError, build_layer
from paramcalc.layers.keras.activation import PReLU, ReLU, Softmax
from paramcalc.layers.keras.names import FAMILIES
from paramcalc.layers.keras.regularization import Dropout, SpatialDropout2D
from tests.each import each
from tests.layers.keras.test_keras_facts import layer_of

REQUIRED: dict[str, dict[str, Any]] = {
    "Activation": {"activation": "relu"},
    "GaussianNoise": {"stddev": 0.1},
    "SpatialDropout1D": {"rate": 0.5},
    "SpatialDropout2D": {"rate": 0.5},
    "SpatialDropout3D": {"rate": 0.5},
    **{name: {"rate": 0.5} for name in ("Dropout", "AlphaDropout", "GaussianDropout")},
}


@each("name", [*FAMILIES["activation"], *FAMILIES["regularization"]])
def test_the_shape_stays_and_nothing_is_multiplied(name: str) -> None:
    """Unknown dimensions pass as they are."""
    spatial = int(name[-2]) if name.startswith("Spatial") else 1
    shape = (None, *[None] * spatial, 8)
    if name == "PReLU":
        shape = (None, 4, 8)
    inferred = layer_of({name: REQUIRED.get(name, {})}).infer(shape)
    assert inferred.output == shape
    assert inferred.macs == ()
    assert (inferred.weights == ()) == (name != "PReLU")


SLOPES = [
    # Keras 3.15.1
    (None, (None, 4, 8), (4, 8)),
    ([1], (None, 4, 8), (1, 8)),
    ([1, 2], (None, None, None, 8), (1, 1, 8)),
    (2, (None, 4, 8), (4, 1)),
    (None, (None,), ()),
]


@pytest.mark.parametrize(("shared", "shape", "alpha"), SLOPES)
def test_prelu_shares_slopes(shared: Any, shape: tuple[int | None, ...], alpha: tuple[int, ...]) -> None:
    """A shared axis has one slope, and need not be known."""
    fields = tuple(shared) if isinstance(shared, list) else shared
    assert PReLU(shared_axes=fields).infer(shape).weights[0].shape == alpha


def test_prelu_refusals() -> None:
    """An unknown axis that is not shared, and an axis that is not there."""
    with pytest.raises(UnknownDimensionError):
        PReLU().infer((None, None, 8))
    with pytest.raises(LayerError, match="shared_axes 5 is out of range"):
        PReLU(shared_axes=5).infer((None, 8))


def test_a_mask_among_the_inputs_of_softmax_changes_nothing() -> None:
    """Its output is one tensor still."""
    assert Softmax().infer((None, 4, 8), (None, 4, 8)).output == (None, 4, 8)


def test_spatial_dropout_wants_its_rank() -> None:
    """The message says which axes there should be."""
    with pytest.raises(LayerError, match=r"rank 4 \(batch, rows, columns, channels\)"):
        SpatialDropout2D(0.5).infer((None, 8))


@pytest.mark.parametrize(
    ("cls", "fields", "message"),
    [
        (Dropout, {"rate": 1.5}, "rate: expected a number <= 1"),
        (Dropout, {"rate": 0.5, "noise_shape": [0]}, "noise_shape: expected an integer >= 1"),
        (ReLU, {"max_value": -1}, "max_value: expected a number >= 0"),
    ],
)
def test_fields_are_held_to_their_limits(cls: Any, fields: dict[str, Any], message: str) -> None:
    """The limits are Keras'."""
    with pytest.raises(FieldsError, match=message):
        build_layer(cls, fields)
