"""Files as people have them: what other programs, other versions and hands made of a Keras file."""

import json
import zipfile
from io import BytesIO

import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize

WRAPPED = "!!python/object/apply:tensorflow.python.training.tracking.data_structures.ListWrapper"


def yaml(units="4", axis="[1]", shape="[null, 8]"):
    return f"""
class_name: Sequential
config:
  layers:
  - class_name: Dense
    config: {{name: d, units: {units}, batch_input_shape: {shape}}}
  - class_name: BatchNormalization
    config: {{name: bn, axis: {axis}}}
keras_version: 2.4.0
"""


def sequential(*layers, version="2.4.0"):
    entries = [{"class_name": kind, "config": config} for kind, config in layers]
    return {"class_name": "Sequential", "keras_version": version, "config": {"name": "s", "layers": entries}}


def dense(**fields):
    return "Dense", {"name": "d", "units": 4, "batch_input_shape": [None, 8], **fields}


def total(data):
    data = data if isinstance(data, (str, bytes)) else json.dumps(data)
    return summarize(paramcalc.load(data if isinstance(data, bytes) else data.encode())).totals.params


@pytest.mark.parametrize(
    "text",
    [
        yaml(),
        yaml(units="!!python/long 4"),
        yaml(units="!!python/int '4'"),
        yaml(axis=f"{WRAPPED} [[1]]"),
        yaml(axis=f"&id001 {WRAPPED} [[1]]"),
        yaml(shape="!!python/tuple [!!python/none null, !!python/long 8]"),
    ],
)
def test_the_yaml_of_tf_keras_is_read(text):
    """What PyYAML made of Python's own types; nothing is made of a tag but the value that is written."""
    assert total(text) == 8 * 4 + 4 + 4 * 4


@pytest.mark.parametrize(
    "text",
    [
        yaml(axis="!!python/object/apply:os.system [[1]]"),
        yaml(axis="!!python/object/apply:os.system [x.ListWrapper]"),
        "input: [4]\nlayers: [{Dense: !!python/long 3}]\n",
    ],
)
def test_other_tags_are_refused(text):
    with pytest.raises(InputError, match="tags are not read"):
        total(text)


def test_a_second_document_is_named_and_keras_way_with_it():
    with pytest.raises(InputError, match=r"a file holds one; of several, Keras itself reads the last: keep that"):
        total(yaml() + "---" + yaml())


@pytest.mark.parametrize(
    ("layers", "params"),
    [
        ([dense(), ("BatchNormalization", {"name": "b", "scale": 1, "center": 0})], 36 + 3 * 4),
        ([dense(use_bias=0)], 32),
        ([dense(units=4.0)], 36),
        ([dense(dtype="float")], 36),
        ([("InputLayer", {"name": "i", "batch_input_shape": [None, 8], "dtype": "double"}), dense()], 36),
    ],
)
def test_values_that_tf_keras_takes_as_well(layers, params):
    """tf_keras: 0 and 1 for flags, whole floats for the units of a Dense, TensorFlow's other names of dtypes."""
    assert total(sequential(*layers)) == params


def test_a_half_is_of_two_bytes():
    summary = summarize(paramcalc.load(json.dumps(sequential(dense(dtype="half"))).encode()))
    assert summary.totals.size_bytes == 2 * 36


@pytest.mark.parametrize("units", [4.5, 1e300, "4"])
def test_other_numbers_are_not_rounded(units):
    with pytest.raises(InputError, match="units: expected an integer"):
        total(sequential(dense(units=units)))


@pytest.mark.parametrize("use_bias", [2, "no", []])
def test_other_flags_are_refused(use_bias):
    with pytest.raises(InputError, match="use_bias"):
        total(sequential(dense(use_bias=use_bias)))


def functional():
    tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": ["i", 0, 0]}}
    layers = [
        {"class_name": "InputLayer", "module": "keras.layers", "config": {"name": "i", "batch_shape": [None, 8]}},
        {"class_name": "Dense", "module": "keras.layers", "config": {"name": "d", "units": 4}},
    ]
    for item, nodes in zip(layers, ([], [{"args": [tensor], "kwargs": {}}]), strict=True):
        item |= {"name": item["config"]["name"], "inbound_nodes": nodes}
    return {"name": "m", "layers": layers, "input_layers": [["i", 0, 0]], "output_layers": [["d", 0, 0]]}


@pytest.mark.parametrize(
    "dump", [sequential(dense())["config"], sequential(dense())["config"]["layers"], functional()], ids=str
)
def test_what_get_config_gave_is_read(dump):
    """A dump of the config without the model's class: which it is, its keys tell."""
    assert total(dump) == 36


def test_an_error_in_a_dump_is_at_its_place():
    text = '{"name": "s", "layers": [{"class_name": "Dense", "config": {\n"batch_input_shape": [null, 8],\n'
    text += '"units":   "x", "name": "d"}}]}'
    with pytest.raises(InputError, match=r"^<bytes>:3:12: layer 'd' \(Dense\): units: expected an integer, got 'x'$"):
        total(text)


def archive(version, *layers):
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("config.json", json.dumps({"module": "keras", **sequential(*layers)}))
        packed.writestr("metadata.json", json.dumps({"keras_version": version, "date_saved": "2024-01-01"}))
    return file.getvalue()


def test_the_metadata_of_an_archive_says_that_keras_2_wrote_it():
    """Its LSTM has a field that Keras 3 does not have; and a Sequential without a shape was never built."""
    lstm = ("LSTM", {"name": "l", "units": 4, "time_major": False})
    with pytest.raises(InputError, match="the model was never built"):
        total(archive("2.15.0", lstm))
    assert total(archive("2.15.0", ("LSTM", {**lstm[1], "batch_input_shape": [None, 3, 8]}))) == 4 * 4 * (8 + 4 + 1)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b'name: "net"\nlayer { name: "data" type: "Input" }\n', "Caffe"),
        (b"# a net\nlayers {\n  name: 1\n}\n", "Caffe"),
        (b"[net]\nwidth=416\n\n[convolutional]\nfilters=16\n", "Darknet"),
        (b"# yolo\n[network]\nwidth=416\n", "Darknet"),
        (b"\x08\x05\x12\x00", "Core ML"),
        (b"\x08\x01\x12\x20\x0a\x0e\x0a\x05image", "Core ML"),
        (b"\x08\x08\x12\x07pytorch", "ONNX"),
        (
            b'{"layers": [{"name": "Convolution2D", "nb_filter": 32}, {"name": "Dense", "output_dim": 10}], '
            b'"name": "Sequential"}',
            "Keras 0",
        ),
        (b'{"hidden_size": 768, "num_hidden_layers": 2, "transformers_version": "4.1"}', "model_type"),
    ],
)
def test_what_is_not_read_is_named(data, what):
    with pytest.raises(InputError, match=what):
        total(data)
