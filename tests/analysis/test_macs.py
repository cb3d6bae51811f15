"""Why MACs are unknown: the true reason, the same in the table and in `check`."""

import json

import pytest

from paramcalc import load, summarize
from paramcalc.analysis.macs import missing, missing_size, why_unknown

CASES = [
    ("{input: [10], layers: [{Custom: {weights: {k: [2]}}, name: c}]}", "'c' (Custom) states no macs", ""),
    (
        "{input: [10], layers: [{Custom: {}, name: a}, {Custom: {}, name: b}]}",
        "'a' (Custom), 'b' (Custom) state no macs",
        None,
    ),
    (
        "{input: [null, 10], layers: [{LSTM: 4}]}",
        "a dimension of 'lstm' (LSTM) is unknown",
        "the number of tokens is unknown; --context N gives it",
    ),
    (
        "{input: [null, 10], layers: [{LSTM: 4}, {Custom: {}, name: c}]}",
        "a dimension of 'lstm' (LSTM) is unknown",
        "",  # the shape alone would not do: the other states nothing
    ),
    (
        "{input: [null, null, 3], layers: [{Conv2D: [4, 3]}]}",
        "a dimension of 'conv2d' (Conv2D) is unknown",
        "; --input NAME=… gives it",
    ),
    ("{input: [10], layers: [{Dense: 4}]}", "", ""),
]


@pytest.mark.parametrize(("spec", "why", "help_"), CASES)
def test_the_reason_is_the_true_one(spec, why, help_):
    summary = summarize(load(spec.encode()))
    assert why_unknown(summary.layers) == why
    assert help_ is None or missing(summary) == (help_ if help_.startswith("the number") else why + help_)


def test_an_unknown_batch_is_no_reason():
    """MACs are those of one sample."""
    summary = summarize(load(b"{input: [10], layers: [{Dense: 4}, {Custom: {}, name: c}]}"))
    assert summary.inputs[0].shape == (None, 10)
    assert "dimension" not in why_unknown(summary.layers)


@pytest.mark.parametrize(
    ("shape", "said"),
    [
        ([None], "the number of tokens is unknown; --context N gives it"),
        ([None, None, 3], "the size of an input is unknown; --input NAME=… gives it"),
        ([4], ""),
    ],
)
def test_what_size_is_missing_to_know_the_memory(shape, said):
    text = json.dumps({"input": shape, "layers": ["ReLU"]}).encode()
    assert missing_size(summarize(load(text))) == said
