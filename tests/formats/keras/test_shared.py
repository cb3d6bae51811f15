"""Layers, cells and models that stand in several places, inside others as well: their weights count once."""

import gzip
import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize

DATA = Path(__file__).parents[2] / "data" / "keras"


def archive(config):
    """A `.keras` file without its weights: only such files say what is shared."""
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("config.json", config)
        packed.writestr("metadata.json", '{"keras_version": "3.15.1"}')
    return file.getvalue()


def cases():
    for line in gzip.decompress((DATA / "shared.jsonl.gz").read_bytes()).splitlines():
        yield json.loads(line)


def test_random_models_that_share_count_as_keras_counts_them():
    """Keras loaded each again: its count has every variable once (tests/oracle/random_shared.py)."""
    wrong = []
    for case in cases():
        totals = summarize(paramcalc.load(archive(case["config"]))).totals
        if (totals.params, totals.trainable_params) != (case["params"], case["trainable"]):
            wrong.append((case["seed"], totals.params, case["params"], totals.trainable_params, case["trainable"]))
    assert wrong == []


def dense(units, shared):
    config = {"name": "d", "units": units}
    return {"class_name": "Dense", "module": "keras.layers", "config": config, "shared_object_id": shared}


def entry(item, name, *reads):
    nodes = [
        {"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": [read, 0, 0]}}], "kwargs": {}}
        for read in reads
    ]
    return {**item, "name": name, "inbound_nodes": nodes}


def spread(item, name="t"):
    return {"class_name": "TimeDistributed", "module": "keras.layers", "config": {"name": name, "layer": item}}


def summary_of(*layers, last):
    inputs = {
        "class_name": "InputLayer",
        "module": "keras.layers",
        "config": {"name": "i", "batch_shape": [None, 5, 4]},
    }
    config = {"name": "m", "layers": [entry(inputs, "i"), *layers]}
    config |= {"input_layers": [["i", 0, 0]], "output_layers": [[last, 0, 0]]}
    return summarize(
        paramcalc.load(archive(json.dumps({"class_name": "Functional", "module": "keras", "config": config})))
    )


def test_the_row_of_the_second_place_says_whose_its_weights_are():
    summary = summary_of(entry(dense(4, 7), "d", "i"), entry(spread(dense(4, 7)), "t", "d"), last="t")
    assert [row.params for row in summary.layers] == [20, 0]
    assert [weight.tied_to for weight in summary.layers[1].weights] == ["d.kernel", "d.bias"]
    assert summary.totals.macs == 2 * 5 * 4 * 4


@pytest.mark.parametrize("second", [8, None])
def test_equal_layers_that_are_not_the_same_count_each(second):
    summary = summary_of(entry(dense(4, 7), "d", "i"), entry(spread(dense(4, second)), "t", "d"), last="t")
    assert summary.totals.params == 40


def test_the_first_entry_says_what_the_layer_is():
    """As in Keras: a later one with the same number is the same object, whatever it says."""
    summary = summary_of(entry(dense(4, 7), "d", "i"), entry(spread(dense(99, 7)), "t", "d"), last="t")
    assert (summary.totals.params, summary.outputs[0].shape) == (20, (None, 5, 4))


def test_one_layer_cannot_have_weights_of_two_shapes():
    with pytest.raises(InputError, match=r"holds the same layer as 'd.kernel', which is \(4, 8\) there"):
        summary_of(entry(dense(8, 7), "d", "i"), entry(spread(dense(8, 7)), "t", "d"), last="t")
