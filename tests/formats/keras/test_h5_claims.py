"""A Keras file's architecture against the weights beside it."""

import io
import json
import zipfile

import h5py
import numpy as np
import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.summarize import summarize
from tests.formats.keras.test_h5 import unpacked

DENSE = {"class_name": "Dense", "config": {"name": "d", "units": 3}}
CONFIG = {
    "class_name": "Sequential",
    "config": {"name": "m", "layers": [{**DENSE, "config": {**DENSE["config"], "batch_input_shape": [None, 4]}}]},
}
KERAS_3 = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {
        "name": "m",
        "layers": [
            {"module": "keras.layers", "class_name": "InputLayer", "config": {"batch_shape": [None, 4], "name": "i"}},
            {"module": "keras.layers", **DENSE},
        ],
    },
}


def warnings_of(data):
    return summarize(paramcalc.load(data, name="file")).warnings or []


def h5(weights):
    """A model of one Dense(3) for 4 features with these weights."""
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["model_config"] = json.dumps(CONFIG)
        file.attrs["keras_version"] = "2.15.0"
        group = file.create_group("model_weights")
        group.attrs["layer_names"] = [b"d"]
        layer = group.create_group("d")
        layer.attrs["weight_names"] = [f"d/{name}:0".encode() for name in weights]
        for name, shape in weights.items():
            layer[f"d/{name}:0"] = np.zeros(shape, "f4")
    return buffer.getvalue()


def weights_h5(**shapes):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, shape in shapes.items():
            file[f"layers/dense/vars/{name[1:]}"] = np.zeros(shape, "f4")
        file.create_group("vars")
    return buffer.getvalue()


def archive(weights, method=zipfile.ZIP_STORED, config=KERAS_3):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as file:
        file.writestr("config.json", json.dumps(config))
        file.writestr("model.weights.h5", weights)
    return buffer.getvalue()


def test_weights_that_fit_are_not_mentioned():
    assert not warnings_of(h5({"kernel": (4, 3), "bias": (3,)}))
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        assert not warnings_of(archive(weights_h5(_0=(4, 3), _1=(3,)), method))


@pytest.mark.parametrize(
    ("data", "messages"),
    [
        (
            h5({"kernel": (5, 3), "bias": (3,)}),
            ["weight 'd/kernel' is (4, 3) by its layer, but (5, 3) in the file's weights"],
        ),
        (h5({"kernel": (4, 3)}), ["weight 'd/bias' (3,) is not in the file's weights"]),
        (
            h5({}),
            [
                "weight 'd/kernel' (4, 3) is not in the file's weights",
                "weight 'd/bias' (3,) is not in the file's weights",
            ],
        ),
        (
            h5({"kernel": (4, 3), "bias": (3,), "more": (9, 9)}),
            ["weight 'd/more' (9, 9) in the file's weights belongs to no layer"],
        ),
        (
            archive(weights_h5(_0=(9, 3), _1=(3,))),
            [
                "weight 'd/0' (9, 3) in the file's weights belongs to no layer",
                "weight 'd/kernel' (4, 3) is not in the file's weights",
            ],
        ),
        (
            archive(weights_h5()),
            [
                "weight 'd/kernel' (4, 3) is not in the file's weights",
                "weight 'd/bias' (3,) is not in the file's weights",
            ],
        ),
        (
            archive(b"weights"),
            ["the archive's model.weights.h5 is no HDF5 file, so it was not compared with the architecture"],
        ),
    ],
)
def test_weights_that_do_not_are_named(data, messages):
    assert warnings_of(data) == messages


def test_broken_weights_make_a_broken_file():
    good = weights_h5(_0=(4, 3), _1=(3,))
    with pytest.raises(InputError, match="a broken HDF5 file: it was cut short"):
        warnings_of(archive(good[:-1]))
    with pytest.raises(InputError, match="a broken HDF5 file"):
        warnings_of(archive(good[:900].replace(b"SNOD", b"SNOB") + good[900:].replace(b"SNOD", b"SNOB")))


def test_compressed_weights_are_unpacked_up_to_a_limit(monkeypatch):
    monkeypatch.setattr("paramcalc.formats.keras.archive.MAX_UNPACKED_WEIGHTS", 1_000)
    packed = archive(weights_h5(_0=(9, 3)), zipfile.ZIP_DEFLATED)
    (message,) = warnings_of(packed)
    assert message.startswith(
        "the archive's model.weights.h5 is compressed and larger than 0 MiB, so it was not compared"
    )
    assert "belongs to no layer" in warnings_of(archive(weights_h5(_0=(9, 3))))[0]


def test_an_archive_that_lies_about_where_its_weights_are_is_refused():
    data = archive(weights_h5(_0=(4, 3), _1=(3,)))
    at = data.index(b"PK\x03\x04", 10)  # the entry's own header, where the table of contents says it is
    with pytest.raises(InputError, match="a broken archive"):
        warnings_of(data[:at] + b"PK\x03\x05" + data[at + 4 :])
    directory = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    longer = data[: directory + 24] + (10**6).to_bytes(4, "little") + data[directory + 28 :]
    with pytest.raises(InputError, match="is not as long as the archive says"):
        warnings_of(longer)


LORA = {"module": "keras.layers", "class_name": "Dense", "config": {"name": "d", "units": 3, "lora_rank": 2}}


def test_what_keras_adds_to_another_weight_as_it_saves_need_not_be_there():
    config = {**KERAS_3, "config": {**KERAS_3["config"], "layers": [KERAS_3["config"]["layers"][0], LORA]}}
    assert not warnings_of(archive(weights_h5(_0=(4, 3), _1=(3,)), config=config))


@pytest.mark.parametrize("name", ["keras2-model.h5", "keras2-nested.keras", "keras3-nested.h5", "keras3-model.keras"])
def test_what_real_keras_wrote_does_not_contradict_itself(name):
    assert evaluate(paramcalc.load(unpacked(name), name=name)).contradictions == []


def test_a_kernel_that_a_wrapper_and_its_layer_hold_is_written_twice_and_counted_once():
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, shape in {"vars/0": (4, 3), "vars/1": (1, 3), "layer/vars/0": (4, 3), "layer/vars/1": (3,)}.items():
            file[f"layers/spectral_normalization/{name}"] = np.zeros(shape, "f4")
    summary = summarize(paramcalc.load(buffer.getvalue(), name="w.weights.h5"))
    assert (summary.totals.params, summary.totals.trainable_params) == (18, 15)
