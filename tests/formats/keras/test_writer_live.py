"""What `convert --to keras` writes is loaded by the real Keras, with the same counts of every layer."""

import gzip
import json
from math import prod
from pathlib import Path

import pytest

from paramcalc import ParamcalcError, load, summarize
from paramcalc.formats.convert import convert

pytestmark = pytest.mark.oracle
LINES = gzip.decompress((Path(__file__).parents[2] / "data/keras/random.jsonl.gz").read_bytes()).splitlines()
CASES = [case for case in map(json.loads, LINES) if case.get("truth", {}).get("built")]


@pytest.mark.parametrize("case", CASES[::10], ids=lambda case: str(case["seed"]))
def test_keras_counts_the_same(case):
    truth = pytest.importorskip("tests.oracle.truth")
    try:
        text = convert(load(case["config"].encode()), "keras")
    except ParamcalcError as error:
        pytest.skip(str(error))
    with truth.quiet(), truth.cheap_initial_values():
        layers = truth.keras.models.model_from_json(text).layers
    found = {x.name: (x.count_params(), sum(prod(w.shape) for w in x.trainable_weights)) for x in layers}
    rows = [row for row in summarize(load(text.encode())).layers if row.shared_with is None]
    assert {row.name: found.get(row.name, (0, 0)) for row in rows} == {
        row.name: (row.params, row.trainable_params) for row in rows
    }
