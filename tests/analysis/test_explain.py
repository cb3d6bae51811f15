"""Explanations: what is printed is the arithmetic that was done."""

import json
import re

import pytest

import paramcalc
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.explain import explain
from paramcalc.formats.native import read_spec
from paramcalc.formats.text.document import parse
from paramcalc.layers.base import Inferred, Weight
from paramcalc.layers.catalogue import built_in
from paramcalc.layers.recorded import Recorded
from paramcalc.layers.registry import Registry
from paramcalc.model import Instance, Model, Node
from paramcalc.render import explain_text
from paramcalc.render.explain_text import lines
from tests.each import each

FORMATS = {"text": explain_text.text, "markdown": explain_text.markdown, "json": explain_text.as_json}


def model_of(text):
    return read_spec(parse(text.encode(), "m.yaml"), "m.yaml", None)


def explained(text, layer=None):
    return list(explain(evaluate(model_of(text)), layer))


def shown(text, format_="text"):
    return "".join(part.decode() if format_ == "json" else part for part in FORMATS[format_](explained(text)))


def example(name):
    """The runnable spec in a layer's docstring."""
    doc = Registry().get(name).__doc__ or ""
    found = re.search(r"Example: (\{.*\})", doc)
    return found[1] if found else None


def value(numbers):
    """Evaluate `3 × (4 + 5)`; None where a factor is unknown."""
    if "?" in numbers:
        return None
    assert re.fullmatch(r"[\d,×+ ()]+", numbers), numbers
    return eval(numbers.replace(",", "").replace("×", "*"))


CLASSES = [name for name in built_in(Registry()) if example(name)]


@each("name", CLASSES)
def test_the_printed_arithmetic_evaluates_to_the_printed_number(name):
    """For every layer class: each weight, the sum of weights, and the MACs; and they are the summary's."""
    model = model_of(example(name))
    rows = {row.path: row for row in paramcalc.summarize(model).layers}
    for path, item in explain(evaluate(model)):
        for formula in [item.params, item.macs, *[weight.formula for weight in item.weights]]:
            assert value(formula.numbers) == formula.result
        assert item.params.result == rows[path].params
        assert item.macs.result == rows[path].macs
        counted = [weight.formula.result for weight in item.weights if weight.kind != "buffer"]
        assert counted == [w.params for w in rows[path].weights if w.kind != "buffer"]


def said(text, layer):
    return dict(line for _, item in explained(text, layer) for line in lines(item) if line[0])


def test_simple_rnn_is_told_as_people_compute_it():
    """SimpleRNN(128) on 10 features: 128 × (10 + 128 + 1) = 17,792."""
    text = shown("{input: [5, 10], layers: [{SimpleRNN: 128}]}")
    assert "128 × (10 + 128 + 1) = 17,792" in text


def test_a_gru_says_why_it_has_two_rows_of_biases():
    """reset_after, Keras' default."""
    text = shown("{input: [5, 10], layers: [{GRU: 4}]}")
    assert "bias rows" in text
    assert "reset_after=True" in text


def test_attention_says_that_key_dim_is_per_head():
    """The commonest surprise of MultiHeadAttention."""
    text = shown("{input: [5, 8], layers: [{MultiHeadAttention: [2, 3]}]}")
    assert "key_dim is the size of each head" in text


def test_batch_normalization_says_what_its_non_trainable_half_is():
    """Running averages, kept for inference."""
    text = shown("{input: [8], layers: [BatchNormalization]}")
    assert "gathered from the data, never by a gradient" in text
    assert "running averages" in text


def test_an_lstm_says_why_it_has_another_number_of_biases_in_the_other_framework():
    """Two in PyTorch, one in Keras."""
    assert "two biases, bias_ih and bias_hh" in shown("{input: [5, 10], layers: [{torch.LSTM: 4}]}")
    assert "PyTorch's LSTM has two" in shown("{input: [5, 10], layers: [{LSTM: 4}]}")


def test_a_buffer_is_shown_but_not_summed():
    """PyTorch's running statistics are no parameters."""
    _, item = explained("{framework: torch, input: [8], layers: [BatchNorm1d]}")[0]
    assert item.params.result == 16
    assert [(w.name, w.formula.result) for w in item.weights if not w.counted] == [
        ("running_mean", 8),
        ("running_var", 8),
        ("num_batches_tracked", 1),
    ]
    assert item.weights[-1].why == "saved with the model, but no parameter"


def test_a_valid_convolution_shows_how_its_output_came_about():
    """(28 − 3) // 1 + 1 = 26."""
    text = shown("{input: [28, 28, 1], layers: [{Conv2D: [32, 3]}]}")
    assert "(28 − 3) // 1 + 1 = 26" in text


@pytest.mark.parametrize(
    ("layer", "steps"),
    [
        ("Conv2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1}", "(28 + 1 + 1 − 3) // 2 + 1 = 14"),
        ("MaxPool2d: {kernel_size: 3, stride: 2, ceil_mode: true}", "(28 − 3 + 1) // 2 + 1 = 14"),
        (
            "ConvTranspose2d: {out_channels: 4, kernel_size: 3, stride: 2, padding: 1}",
            "(28 − 1) × 2 − 2 × 1 + 1 × (3 − 1) + 0 + 1 = 55",
        ),
    ],
)
def test_a_window_of_pytorch_shows_how_its_output_came_about(layer, steps):
    """With padding on both sides, rounded up, and transposed."""
    assert steps in shown(f"{{framework: torch, input: [1, 28, 28], layers: [{{{layer}}}]}}")


def test_a_frozen_layer_says_that_it_is_frozen():
    """Trainable or not, and why."""
    _, item = explained("{input: [4], layers: [{Dense: 2, trainable: false}]}")[0]
    assert "frozen" in item.weights[0].why


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_holds_the_total(format_):
    """Text, Markdown and JSON."""
    out = shown("{input: [128], layers: [{Dense: 64}]}", format_)
    assert "8,256" in out or "8256" in out


def test_a_model_without_layers_has_an_empty_list():
    config = {"name": "i", "batch_shape": [None, 4]}
    layer = {"class_name": "InputLayer", "config": config, "name": "i", "inbound_nodes": []}
    graph = {"name": "m", "layers": [layer], "input_layers": [["i", 0, 0]], "output_layers": [["i", 0, 0]]}
    model = paramcalc.load(json.dumps({"class_name": "Functional", "config": graph}).encode())
    parts = FORMATS["json"](explain(evaluate(model)))
    assert b"".join(parts) == b'{\n  "schema_version": 1,\n  "layers": []\n}\n'


def test_a_glob_chooses_layers_and_a_typo_is_answered():
    """By path, name or glob."""
    text = "{input: [4], layers: [{Dense: 2, name: one}, {Dense: 2, name: two}]}"
    assert [path for path, _ in explained(text, "t*")] == ["two"]
    with pytest.raises(paramcalc.InputError, match="did you mean 'one'"):
        explained(text, "onne")


def test_a_tied_weight_is_counted_where_its_tensor_is():
    """The sum is the summary's."""
    text = """{input: [4], layers: [{Embedding: [9, 5], name: table}, {Dense: {units: 9, use_bias: false}, name: head}],
      tied: [[table.embeddings, head.kernel]]}"""
    found = dict(explained(text))
    assert [item.params.result for item in found.values()] == [45, 0]
    assert found["head"].weights[0].why == "the same tensor as table.embeddings, and counted there"
    assert "0: none of these is counted here" in shown(text)


def test_a_later_call_may_know_less_than_the_first():
    """Its weights are there already, so an unknown size of its input is no error, and no step is shown."""
    text = "{inputs: {a: [8], b: [null]}, layers: [{Dense: 4, inputs: a, name: d}, {call: d, inputs: b}]}"
    assert [item.params.result for _, item in explained(text)] == [36, 0]


def test_a_dtype_is_shown_where_it_is_not_the_default():
    """float32."""
    text = "{input: [4], layers: [{Dense: 2, name: one}, {Dense: 2, name: two, dtype: float16}]}"
    assert [item.weights[0].dtype for _, item in explained(text)] == ["float32", "float16"]
    assert said(text, "one")["kernel"].startswith("(4, 2)  features")
    assert said(text, "two")["kernel"].startswith("(2, 2) float16  features")


def checkpoint():
    """A model as a file of weights gives it: no inputs, no outputs, no graph."""
    weights = (
        Weight("weight", (3, 4), (("axis 0", 3), ("axis 1", 4)), dtype="bfloat16"),
        Weight("running_mean", (3,), (("axis 0", 3),), "buffer", False, "float32"),
        Weight("scale", (3,), (("axis 0", 3),), "scale", False),
        Weight("momentum", (3, 4), (("axis 0", 12),), "state", False),
        Weight("cached", (9,), (("axis 0", 9),), "buffer", False, persistent=False),
    )
    layer = Recorded(Inferred(None, weights, ((("macs", None),),)))
    nodes = [Node(path, Instance(layer, path, "Weights"), ()) for path in ("encoder/0", "encoder/1")]
    return Model("m", "safetensors", "m.safetensors", [], nodes, [], framework=None)


def test_a_file_of_weights_is_explained_as_such():
    """It says neither shapes nor products; that is no error, and no partial model."""
    model = checkpoint()
    summary = paramcalc.summarize(model)
    assert not summary.partial
    _, item = next(explain(evaluate(model)))
    assert (item.inputs, item.output, item.params.result, item.macs.result) == ([], None, 12, None)
    assert [weight.counted for weight in item.weights] == [True, False, False, False, False]
    assert summary.layers[0].params == 12
    text = "".join(FORMATS["text"](explain(evaluate(model), "encoder/0")))
    assert "input" not in text
    assert "MACs          unknown" in text
    assert "the file holds weights and no graph" in text
    assert "(3, 4) bfloat16  axis 0 × axis 1: 3 × 4 = 12" in text
    for said in ("saved with the model", "not saved with the model", "decoded with", "what training keeps"):
        assert said in text


def test_what_one_token_uses_of_a_weight_is_explained():
    """Two experts of eight."""
    factors = (("experts", 8), ("features", 4), ("units", 3))
    weight = Weight("experts", (8, 4, 3), factors, active=(("experts in use", 2), *factors[1:]))
    layer = Recorded(Inferred((None, 3), (weight,), ()))
    model = Model("m", "x", "m", [], [Node("moe", Instance(layer, "moe", "Experts"), ())], [])
    _, item = next(explain(evaluate(model)))
    assert (item.params.result, item.weights[0].active.result) == (96, 24)
    assert "for one token  experts in use × features × units: 2 × 4 × 3 = 24" in [value for _, value in lines(item)]
