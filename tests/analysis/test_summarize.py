"""Evaluation → Summary: rows, counts and totals."""

import json

import pytest

import paramcalc
from paramcalc import InputError, load, summarize
from paramcalc.analysis.summarize import MAX_PROBLEMS, truncate_warnings
from paramcalc.formats.convert import convert

MASKED = b"""
inputs: {x: [4, 8], m: [4, 4]}
layers:
- {Dense: 8, inputs: x, name: first}
- {Dense: 16, inputs: m, name: mask}
- {MultiHeadAttention: [2, 4], inputs: first, name: attention, options: {attention_mask: mask}}
- {Dense: 1}
"""


def keras_masked(mask_layer="Dense", **mask_config):
    """The same in Keras 3's words: query and value by position, the mask by name."""

    def tensor(name):
        return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}

    def entry(kind, name, args, kwargs=None, **config):
        nodes = [{"args": [tensor(each) for each in args], "kwargs": kwargs or {}}] if args else []
        return {"module": "keras.layers", "class_name": kind, "registered_name": None, "name": name,
                "config": {"name": name, **config}, "inbound_nodes": nodes}  # fmt: skip

    layers = [
        entry("InputLayer", "x", [], batch_shape=[None, 4, 8]),
        entry("InputLayer", "m", [], batch_shape=[None, 4, 4]),
        entry("Dense", "first", ["x"], units=8),
        entry(mask_layer, "mask", ["m"], **mask_config),
        entry("MultiHeadAttention", "attention", ["first", "first"], {"attention_mask": tensor("mask")}, num_heads=2,
              key_dim=4),
        entry("Dense", "dense", ["attention"], units=1),
    ]  # fmt: skip
    config = {"name": "model", "layers": layers, "input_layers": [["x", 0, 0], ["m", 0, 0]],
              "output_layers": [["dense", 0, 0]]}  # fmt: skip
    document = {"module": "keras", "class_name": "Functional", "registered_name": "Functional", "config": config}
    return json.dumps(document).encode()


@pytest.mark.parametrize("document", [MASKED, keras_masked(units=16)], ids=["spec", "Keras"])
def test_a_mask_is_an_edge_of_the_graph(document):
    """The row names it behind its inputs, with its shape; its numbers are those without it."""
    summary = summarize(load(document))
    row = summary.layers[2]
    assert row.inputs == ["first", "first", "mask"]
    assert row.input_shapes == [(None, 4, 8), (None, 4, 8), (None, 4, 16)]
    plain = summarize(load(MASKED.replace(b", options: {attention_mask: mask}", b""))).layers[2]
    assert (row.params, row.macs, row.output_shape) == (plain.params, plain.macs, plain.output_shape)
    assert not summary.warnings


@pytest.mark.parametrize("document", [MASKED, keras_masked(units=16)], ids=["spec", "Keras"])
def test_a_mask_lives_until_it_is_read(document):
    """At the attention: its input, its output, both (4, 8), and the mask, (4, 16)."""
    memory = summarize(load(document), memory=True).memory
    assert (memory.peak_at, memory.peak_bytes) == ("attention", 4 * (32 + 32 + 64))


@pytest.mark.parametrize("document", [MASKED, keras_masked(units=16)], ids=["spec", "Keras"])
@pytest.mark.parametrize("target", ["spec", "keras"])
def test_a_converted_model_has_its_masks(document, target):
    """In both formats, from both."""
    model = load(document)
    assert summarize(load(convert(model, target).encode())).layers[2].inputs == summarize(model).layers[2].inputs


def test_a_mask_that_is_not_known_hides_nothing():
    """No shape and no count depends on it."""
    summary = summarize(load(keras_masked("Lambda")), allow_unknown=True)
    assert summary.unknown == ["mask"]
    assert summary.layers[2].params == summarize(load(MASKED)).layers[2].params
    assert summary.layers[2].input_shapes == [(None, 4, 8), (None, 4, 8), None]


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("attention_mask: mask", "attention_mask: masks", "no layer or input 'masks'"),
        ("attention_mask: mask", "attention_mask: 3", "expected the name of a tensor, got 3"),
        ("attention_mask: mask", "attention_mask: [mask, 3]", "expected the name of a tensor, got 3"),
        ("attention_mask: mask", "mask: mask", "mask"),
        ("{MultiHeadAttention: [2, 4]", "{Dense: 4", "attention_mask"),
    ],
)
def test_a_mask_is_a_tensor_that_the_layer_takes(before, after, message):
    """Anything else is an error."""
    with pytest.raises(InputError, match=message):
        summarize(load(MASKED.decode().replace(before, after).encode()))


def test_masks_may_be_read_in_blocks_and_from_below():
    """Names are resolved as those of inputs are, and follow where the nodes are put in order."""
    spec = b"""
blocks:
  pair: {inputs: [a, b], layers: [{Dense: 4, inputs: b, name: m}, {LSTM: 3, inputs: a, options: {mask: m}}]}
inputs: {x: [4, 8], y: [4, 4]}
layers:
- {GRU: {units: 3}, inputs: x, name: early, options: {mask: late}}
- {Dense: 1, inputs: y, name: late}
- {pair: null, inputs: [x, y], name: p}
outputs: [early, p]
"""
    rows = {row.path: row.inputs for row in summarize(load(spec)).layers}
    assert rows == {"late": ["y"], "early": ["x", "late"], "p/m": ["y"], "p/lstm": ["x", "p/m"]}
    again = load(convert(load(spec)).encode())
    assert {row.path: row.inputs for row in summarize(again).layers} == rows


def test_rows_sum_to_totals():
    """Shared layers and tied weights count once."""
    spec = b"""
inputs: {a: [8], b: [8]}
layers:
- {Dense: 8, name: shared, inputs: a}
- {call: shared, inputs: b}
- {Add: {}, inputs: [shared, 'shared#2']}
- {Dense: 8, name: head}
tied: [[shared.kernel, head.kernel]]
"""
    summary = summarize(load(spec.replace(b"shared, 'shared#2'", b"shared, previous")))
    assert [row.params for row in summary.layers] == [72, 0, 0, 8]
    assert summary.totals.params == 80
    assert summary.totals.layers == 3
    assert summary.layers[1].shared_with == "shared"


def test_warnings_fit_a_screen():
    """The rest is counted."""
    many = [f"warning {number}" for number in range(MAX_PROBLEMS + 3)]
    assert truncate_warnings(many[:MAX_PROBLEMS]) == many[:MAX_PROBLEMS]
    assert truncate_warnings(many) == [*many[:MAX_PROBLEMS], "and 3 more warnings"]


def test_counts_past_64_bits_are_refused_at_their_layer():
    """The first layer with which a sum is too large."""
    big = "{Dense: 1000000000}"
    with pytest.raises(InputError, match=r"'dense_2' \(Dense\): the model's counts are past"):
        paramcalc.summarize(load(f"{{input: [1000000000], layers: [{big}, {big}, {big}]}}".encode()))
