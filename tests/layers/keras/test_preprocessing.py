"""Preprocessing: shapes that change, dtypes that are not the layer's, refusals in words."""

from typing import Any

import pytest

from paramcalc.analysis.summarize import count_macs
from paramcalc.errors import LayerError
from paramcalc.layers.keras.audio import STFTSpectrogram
from paramcalc.layers.keras.image import CenterCrop, RandomCrop
from paramcalc.layers.keras.lookup import IntegerLookup, StringLookup, TextVectorization
from paramcalc.layers.keras.names import FAMILIES
from paramcalc.layers.keras.preprocessing import Discretization, HashedCrossing, Pipeline
from tests.each import each
from tests.layers.keras.test_keras_facts import layer_of

Shape = tuple[int | None, ...]
FIRST = "channels_first"
ABC = {"vocabulary": ["a", "b", "c"]}

SHAPES: list[tuple[dict[str, Any], Shape, Shape, str | None]] = [
    # Keras 3.15.1 (look-ups and hashes with its TensorFlow backend): output shape and dtype
    ({"Resizing": {"height": 4, "width": 5}}, (None, None, None, 3), (None, 4, 5, 3), None),
    ({"Resizing": {"height": 4, "width": 5, "data_format": FIRST}}, (None, 3, 9, 9), (None, 3, 4, 5), None),
    ({"CenterCrop": {"height": 4, "width": 5}}, (9, 9, 3), (4, 5, 3), None),
    ({"RandomCrop": {"height": 4, "width": 5, "data_format": FIRST}}, (None, 3, 9, 9), (None, 3, 4, 5), None),
    ({"CategoryEncoding": {"num_tokens": 9}}, (None, 4), (None, 9), None),
    ({"CategoryEncoding": {"num_tokens": 9, "output_mode": "one_hot"}}, (None, 4), (None, 4, 9), None),
    ({"Discretization": {"num_bins": 3}}, (None, 4), (None, 4), "int32"),
    ({"Discretization": {"num_bins": 3, "output_mode": "count"}}, (None, 4, 5), (None, 5, 3), None),
    ({"Discretization": {"bin_boundaries": [0.0], "output_mode": "one_hot"}}, (None, 1), (None, 2), None),
    ({"Hashing": {"num_bins": 9}}, (None, 4), (None, 4), "int64"),
    ({"Hashing": {"num_bins": 9, "output_mode": "one_hot"}}, (None, 4), (None, 9), None),
    ({"StringLookup": {**ABC}}, (None, 4), (None, 4), "int64"),
    ({"StringLookup": {**ABC, "output_mode": "multi_hot"}}, (None, 4), (None, 4), "float32"),
    ({"StringLookup": {**ABC, "output_mode": "one_hot"}}, (None, 7), (None, 7, 4), "float32"),
    ({"StringLookup": {"output_mode": "count"}}, (None, 4), (None, None), "float32"),
    ({"TextVectorization": {"output_sequence_length": 7}}, (None, 1), (None, 7), "int64"),
    ({"TextVectorization": {**ABC, "output_mode": "count", "split": None}}, (None, 4), (None, 4), "float32"),
    ({"MelSpectrogram": {"sequence_stride": 160}}, (None, 16000), (None, 128, 101), None),
    ({"STFTSpectrogram": {"frame_length": 64}}, (None, 1000, 2), (None, 30, 66), None),
    ({"STFTSpectrogram": {"frame_length": 64, "mode": "stft", "expand_dims": True}},
     (None, 1000, 2), (None, 30, 66, 2), None),
]  # fmt: skip


@each("entry, shape, output, dtype", SHAPES)
def test_shapes(entry: dict[str, Any], shape: Shape, output: Shape, dtype: str | None) -> None:
    """What comes out, and its dtype where it is not the layer's own."""
    inferred = layer_of(entry).infer(shape)
    assert (inferred.output, inferred.dtype) == (output, dtype)


FACTOR = {"factor": 0.2}
REQUIRED: dict[str, dict[str, Any]] = {
    "RandomPosterization": {"factor": 4},
    "RandomTranslation": {"height_factor": 0.1, "width_factor": 0.1},
    "RandomZoom": {"height_factor": 0.1},
    "MaxNumBoundingBoxes": {"max_number": 3},
    **dict.fromkeys(
        ("RandomBrightness", "RandomColorDegeneration", "RandomContrast", "RandomHue", "RandomSaturation",
         "RandomSharpness", "RandomRotation"), FACTOR),
}  # fmt: skip


@each("name", [*FAMILIES["augmentation"], *FAMILIES["augmentation_geometry"]])
def test_augmentations_change_no_shape_and_hold_nothing(name: str) -> None:
    """Images alone, or images with their labels."""
    layer = layer_of({name: REQUIRED.get(name, {})}).layer
    image, labels = (None, 8, 9, 3), (None, 10)
    assert (layer.infer(image).output, layer.infer(image).weights) == (image, ())
    if name != "RandomColorDegeneration":
        assert layer.infer(image, labels).output == [image, labels]


def test_a_pipeline_is_its_layers() -> None:
    """Its weights are theirs, under their names."""
    entry = {"Pipeline": {"layers": [{"Resizing": {"height": 4, "width": 4}}, {"Dense": {"units": 5}}]}}
    inferred = layer_of(entry).layer.infer((None, 8, 8, 3))
    assert inferred.output == (None, 4, 4, 5)
    assert [w.name for w in inferred.weights] == ["dense/kernel", "dense/bias"]


def test_a_spectrogram_is_two_convolutions() -> None:
    """30 frames × 2 channels × 64 samples × 33 frequencies, for the real and the imaginary part."""
    inferred = STFTSpectrogram(frame_length=64).infer((None, 1000, 2))
    assert [w.shape for w in inferred.weights] == [(64, 1, 33)] * 2
    assert count_macs(inferred.macs) == 2 * 30 * 2 * 64 * 33


@each(
    "layer, inputs, message",
    [
        (CenterCrop(4, 4), [(None, 8)], "an image, or a batch"),
        (RandomCrop(4, 4), [(None, 8)], "a height and a width"),
        (Discretization(), [(None, 8)], "bin_boundaries or num_bins"),
        (HashedCrossing(9), [(None, 1)], "exactly 2 inputs"),
        (Pipeline(()), [(None, 1)], "at least one layer"),
        (StringLookup(vocabulary=["a", "a"]), [(None, 1)], "twice"),
        (StringLookup(vocabulary=["a", "b"], max_tokens=2), [(None, 1)], "has 3 tokens, max_tokens is 2"),
        (StringLookup(pad_to_max_tokens=True), [(None, 1)], "needs max_tokens"),
        (StringLookup(invert=True, output_mode="count"), [(None, 1)], "invert"),
        (IntegerLookup(vocabulary=[1, 2], output_mode="tf_idf"), [(None, 1)], "idf_weights"),
        (TextVectorization(output_mode="count", ragged=True), [(None, 1)], "ragged"),
        (STFTSpectrogram(frame_length=64), [(None, 9, 1)], "frame_length 64 is larger"),
        (STFTSpectrogram(frame_step=300), [(None, 900, 1)], "frame_step 300"),
        (STFTSpectrogram(fft_length=128), [(None, 900, 1)], "fft_length 128"),
    ],
)
def test_refusals(layer: Any, inputs: list[Shape], message: str) -> None:
    """Each says what is wrong."""
    with pytest.raises(LayerError, match=message):
        layer.infer(*inputs)
