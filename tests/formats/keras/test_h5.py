"""Keras' HDF5 files: what real Keras 2.15 and 3.15 wrote, and the older layouts as they were written."""

import gzip
import io
import json
import random
import zipfile
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize
from tests.fuzz.hdf5_damage import damaged

DATA = Path(__file__).parents[2] / "data" / "keras" / "h5"
KNOWN = {
    f"{version}-{name}": facts
    for version in ("keras2", "keras3")
    for name, facts in json.loads((DATA / f"{version}.json").read_text("utf-8"))["files"].items()
}
WEIGHTS_ONLY = [
    name
    for name in KNOWN
    if name.endswith(".h5") and "model." not in name and "nested" not in name and "sharded" not in name
]


def unpacked(name):
    return gzip.decompress((DATA / f"{name}.gz").read_bytes())


def summary_of(data, name="file.h5"):
    return summarize(paramcalc.load(data, name=name))


def weights_of(summary):
    """Shape and type of each weight that the model has, sorted as Keras' are."""
    kept = [weight for layer in summary.layers for weight in layer.weights if weight.kind != "state"]
    return sorted([list(weight.shape), weight.dtype] for weight in kept)


def rows(summary):
    return {layer.path: [weight.name for weight in layer.weights] for layer in summary.layers}


def written(fill):
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        fill(file)
    return buffer.getvalue()


def error(data):
    with pytest.raises(InputError) as caught:
        summary_of(data)
    return str(caught.value)


@pytest.mark.parametrize("name", WEIGHTS_ONLY)
def test_weights_alone_add_up_to_what_keras_counts(name):
    summary, known = summary_of(unpacked(name), name), KNOWN[name]
    assert summary.totals.params == known["params"]
    assert weights_of(summary) == known["weights"]
    assert summary.format == "keras_weights"
    assert summary.partial is not True


@pytest.mark.parametrize("name", WEIGHTS_ONLY)
def test_what_is_trained_is_told_where_names_or_classes_tell_it(name):
    assert summary_of(unpacked(name), name).totals.trainable_params == KNOWN[name]["trainable"]


def test_rows_have_the_names_of_the_layers_where_the_file_says_them():
    found = rows(summary_of(unpacked("keras3-tracked.weights.h5")))
    assert found["both/forward_lstm/lstm_cell"] == ["0", "1", "2"]
    assert found["attention/query"] == ["0", "1"]
    assert found["mine/inner"] == ["0", "1"]
    assert found["encoded/sequential/e2"] == ["0", "1", "2", "3"]
    before = rows(summary_of(unpacked("keras2-tracked.weights.h5")))
    assert before["bidirectional/forward_layer/cell"] == ["0", "1", "2"]
    assert before["time_distributed_1/layer/batch_normalization"] == ["0", "1", "2", "3"]


def test_weights_that_are_listed_have_names_within_their_layer():
    found = rows(summary_of(unpacked("keras2-listed.h5")))
    assert found["both/forward_lstm/lstm_cell"] == ["kernel", "recurrent_kernel", "bias"]
    assert found["mine"] == ["matrix", "kernel", "bias"]
    assert found["block/out"] == ["kernel", "bias"]
    assert found["encoded/e2"] == ["gamma", "beta", "moving_mean", "moving_variance"]


def test_what_training_keeps_is_no_parameter_but_takes_bytes():
    summary = summary_of(unpacked("keras2-tracked.weights.h5"))
    kinds = {weight.kind for layer in summary.layers if layer.path.startswith("optimizer") for weight in layer.weights}
    assert kinds == {"state"}
    assert summary.totals.size_bytes > 4 * summary.totals.params


def test_two_objects_of_one_name_are_told_apart_by_their_groups():
    found = rows(summary_of(unpacked("keras3-subclassed.weights.h5")))
    assert {"first", "layers/dense_1"} <= set(found)


def keras_0(file):
    file.attrs["nb_layers"] = 12
    for index in (0, 2, 11):
        group = file.create_group(f"layer_{index}")
        group.attrs["nb_params"] = 2
        group["param_0"] = np.zeros((3, index + 1), "f4")
        group["param_1"] = np.zeros(index + 1, "f4")


def keras_1(file):
    file.attrs["layer_names"] = [b"input_1", b"bn", b"dense_1"]
    file.create_group("input_1").attrs["weight_names"] = np.array([])
    bn = file.create_group("bn")
    bn.attrs["weight_names"] = [b"bn_gamma", b"bn_beta", b"bn_running_mean", b"bn_running_std"]
    for name in bn.attrs["weight_names"]:
        bn[name] = np.zeros(4, "f4")
    dense = file.create_group("dense_1")
    dense.attrs["weight_names"] = [b"dense_1_W", b"dense_1_b"]
    dense["dense_1_W"], dense["dense_1_b"] = np.zeros((4, 3), "f4"), np.zeros(3, "f4")


def long_lists(file):
    """As Keras splits what does not fit in an attribute: at 64,512 bytes."""
    names = [f"a_layer_with_a_long_name_{index:05}".encode() for index in range(24)]
    for index, part in enumerate(np.array_split(np.array(names), 12)):
        file.attrs[f"layer_names{index}"] = part
    for name in names:
        group = file.create_group(name)
        group.attrs["weight_names0"] = [name + b"/kernel:0"]
        group.attrs["weight_names1"] = [name + b"/bias:0"]
        group[f"{name.decode()}/kernel:0"], group[f"{name.decode()}/bias:0"] = np.zeros((2, 3)), np.zeros(3)


def keras_2_13(file):
    for name in ("dense", "batch_normalization_1"):
        group = file.create_group(f"_layer_checkpoint_dependencies/{name}/vars")
        for index in range(4):
            group[str(index)] = np.zeros(5, "f4")
    file.create_group("vars")


def windows(file):
    """Keras 2.12 joined with the system's separator."""
    for name in ("layers\\dense", "layers\\dense_1"):
        file.create_group(name).create_group("vars")["0"] = np.zeros((2, 2), "f4")


LAYOUTS = {
    keras_0: (4 + 12 + 48, {"layer_0": 2, "layer_2": 2, "layer_11": 2}, 64),
    keras_1: (31, {"bn": 4, "dense_1": 2}, 23),
    long_lists: (24 * 9, {f"a_layer_with_a_long_name_{index:05}": 2 for index in range(24)}, 24 * 9),
    keras_2_13: (40, {"batch_normalization_1": 4, "dense": 4}, 30),
    windows: (8, {"dense": 1, "dense_1": 1}, 8),
}


@pytest.mark.parametrize("fill", LAYOUTS)
def test_older_layouts_are_read_in_order(fill):
    params, layers, trainable = LAYOUTS[fill]
    summary = summary_of(written(fill))
    assert (summary.totals.params, summary.totals.trainable_params) == (params, trainable)
    assert [(path, len(names)) for path, names in rows(summary).items()] == list(layers.items())


def listing(names, weights, **datasets):
    def fill(file):
        file.attrs["layer_names"] = names
        group = file.create_group("d")
        group.attrs["weight_names"] = weights
        for name, value in datasets.items():
            group[name] = value

    return fill


REFUSED = {
    "no member 'e'": listing([b"d", b"e"], [b"w"], w=[1.0]),
    "no member 'v'": listing([b"d"], [b"w", b"v"], w=[1.0]),
    "'d': is listed twice as a layer": listing([b"d", b"d/"], [b"w"], w=[1.0]),
    "tensor 'd/w' is there twice": listing([b"d"], [b"w", b"w"], w=[1.0]),
    "'d/w': a weight holds elements of another kind (compound)": listing([b"d"], [b"w"], w=np.zeros(2, "i4,f4")),
    "'d/w': a weight holds elements of another kind (string)": listing([b"d"], [b"w"], w="text"),
    "'d/w': a weight holds elements of another kind (opaque)": listing([b"d"], [b"w"], w=np.zeros(2, "V3")),
    "'d/w': a weight holds nothing": listing([b"d"], [b"w"], w=h5py.Empty("f4")),
    "'d/w': is not a dataset": listing([b"d"], [b"w/x"], **{"w/x/y": [1.0]}),
    "holds no texts": listing([b"d"], [1, 2], w=[1.0]),
    "without weights: not a Keras model": lambda file: file.create_group("data").create_dataset("x", data=[1.0]),
}


@pytest.mark.parametrize("words", REFUSED)
def test_weights_that_are_none_are_refused_by_name(words):
    assert words in error(written(REFUSED[words])).replace("'d/w/x': is", "'d/w': is")


@pytest.mark.parametrize("seed", range(3))
def test_damage_to_what_keras_wrote_is_refused_or_does_no_harm(seed):
    rng, files = random.Random(seed), [unpacked(name) for name in KNOWN if name.endswith(".h5")]
    for _ in range(30):
        with suppress(InputError):
            summarize(paramcalc.load(damaged(rng.choice(files), rng), name="file.h5"), allow_unknown=True)


def keras_archive(folder, entry, weights):
    """An archive with this architecture and these weights, and the same unpacked."""
    files = {"config.json": json.dumps(entry).encode(), "model.weights.h5": weights}
    archive, unpacked_archive = folder / "net.keras", folder / "net"
    unpacked_archive.mkdir()
    with zipfile.ZipFile(archive, "w") as file:
        for name, data in files.items():
            file.writestr(name, data)
            (unpacked_archive / name).write_bytes(data)
    return archive, unpacked_archive


SUBCLASS = {"module": "net", "class_name": "Net", "registered_name": "my>Net", "config": {"width": 4}}


def test_of_a_model_that_is_code_the_weights_in_its_file_are_counted(tmp_path):
    name = "keras3-subclassed.weights.h5"
    for source in keras_archive(tmp_path, SUBCLASS, unpacked(name)):
        summary = summarize(paramcalc.load(str(source)))
        assert summary.totals.params == KNOWN[name]["params"]
        assert weights_of(summary) == KNOWN[name]["weights"]
        assert summary.warnings == [
            "the model is of class 'my>Net', whose code is not in the file: only its weights are counted"
        ]


def test_weights_do_not_stand_for_a_broken_architecture_nor_for_a_class_of_keras(tmp_path):
    """Only what Keras cannot load without somebody's code is counted by its weights alone."""
    weights = unpacked("keras3-subclassed.weights.h5")
    broken = {"module": "keras", "class_name": "Functional", "registered_name": "Functional", "config": {"layers": 3}}
    for number, entry in enumerate((broken, {**SUBCLASS, "class_name": 3, "registered_name": None, "module": "keras"})):
        folder = tmp_path / str(number)
        folder.mkdir()
        for source in keras_archive(folder, entry, weights):
            with pytest.raises(InputError):
                paramcalc.load(str(source))
    empty = tmp_path / "empty"
    empty.mkdir()
    archive, _ = keras_archive(empty, SUBCLASS, written(lambda file: file.create_group("layers")))
    with pytest.raises(InputError, match="which is not Keras' own"):
        paramcalc.load(str(archive))
