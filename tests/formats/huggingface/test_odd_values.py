"""Configs with one field of an odd value: each is computed or refused, and neither takes long."""

import json
import random
from contextlib import suppress
from time import process_time

import pytest

from paramcalc import load, summarize
from paramcalc.errors import ParamcalcError
from paramcalc.formats.huggingface.types import data

ODD = [0, None, -1, True, 1.5, 1e308, 2**40, 100_000, "7", "x", [], [1, 2], [None], {}, {"model_type": "bert"}]
TYPES = [json.loads(line) for line in data("types.jsonl").splitlines()]
DEPTHS = ("num_hidden_layers", "num_layers", "encoder_layers", "decoder_layers", "n_layer", "depth")
SHARDS = 8
SECONDS = 2
"""The promise for a file of less than 1 MB."""


@pytest.mark.parametrize("shard", range(SHARDS))
def test_an_odd_value_is_computed_or_refused(shard):
    """One field of every second type; few layers, for speed. Any other exception fails the test."""
    choice = random.Random(shard)
    computed = 0
    for known in TYPES[shard :: 2 * SHARDS]:
        config = {"model_type": known["type"]} | {name: 2 for name in DEPTHS if name in known["fields"]}
        name, value = choice.choice(list(known["fields"])), choice.choice(ODD)
        began = process_time()
        with suppress(ParamcalcError):
            computed += summarize(load(json.dumps(config | {name: value}).encode()), memory=True).totals.params > 0
        assert process_time() - began < SECONDS, (config, name, value)
    assert computed > 1
