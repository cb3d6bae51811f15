"""`framework: torch` in a spec: whose layers the names are, and what may be left out."""

import pytest

from paramcalc import InputError, load, summarize
from tests.each import each


def summary(layers, shape="[8, 64]", more=""):
    return summarize(load(f"{{framework: torch, input: {shape}, {more} layers: {layers}}}".encode(), name="m"))


def rows(layers, **options):
    return [(row.path, row.type, row.params, row.output_shape) for row in summary(layers, **options).layers]


@each(
    "written, params",
    [
        ("Linear: 10", 650),
        ("Linear: [10]", 650),
        ("Linear: [64, 10]", 650),
        ("Linear: [64, 10, false]", 640),
        ("Linear: {out_features: 10}", 650),
        ("Linear: {in_features: 64, out_features: 10, bias: false}", 640),
        ("torch.Linear: 10", 650),
        ("linear: 10", 650),
        ("keras.Dense: 10", 650),
        ("Conv1d: [4, 3]", 8 * 4 * 3 + 4),
        ("Conv1d: [8, 4, 3]", 8 * 4 * 3 + 4),
        ("LayerNorm: 64", 128),
        ("LayerNorm: [8, 64]", 2 * 8 * 64),
        ("Parameter: [3, 5]", 15),
    ],
)
def test_values_without_names_are_in_pytorchs_order_and_what_the_input_tells_may_be_left_out(written, params):
    assert summary(f"[{{{written}}}]").totals.params == params


def test_the_model_and_its_summary_say_whose_layers_they_are():
    assert summary("[ReLU]").framework == "torch"
    assert summarize(load(b"{input: [3], layers: [torch.ReLU]}", name="m")).framework == "keras"


def test_automatic_names_are_the_snake_case_of_the_class():
    assert [row[0] for row in rows("[{LayerNorm: 64}, {Linear: 3}, {Linear: 4}]")] == [
        "layer_norm",
        "linear",
        "linear_1",
    ]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("[{Linear: [32, 10]}]", "in_features is 32, but the input (None, 8, 64) has 64"),
        ("[{Dense: 10}]", "there is no layer type 'Dense'"),
        ("[{LayerNorm: 32}]", "expects an input (*, 32), got (None, 8, 64)"),
        ("[{Linear: {units: 3}}]", "unknown field 'units'"),
        ("[{Linear: {in_features: 64}}]", "the field 'out_features' is missing"),
        ("[{Parameter: {shape: [3], persistent: false}}]", "only a buffer can be left out"),
        ("[{Upsample: {scale_factor: .inf}}]", "expected a number <= 2147483647.0"),
        ("[{MultiheadAttention: 5}]", "embed_dim 64 must be divisible by num_heads 5"),
        ("[{LSTM: {hidden_size: 4, proj_size: 4}}]", "proj_size 4 must be smaller than hidden_size 4"),
    ],
)
def test_what_pytorch_refuses_is_refused_with_what_would_be_right(layers, message):
    with pytest.raises(InputError) as caught:
        summary(layers)
    assert message in str(caught.value)


def test_an_unknown_size_must_be_given():
    with pytest.raises(InputError, match="give in_features"):
        summary("[{Linear: 3}]", shape="[null]")
    assert summary("[{Linear: [7, 3]}]", shape="[null]").totals.params == 24


def test_an_unknown_framework_is_refused_with_the_nearest():
    with pytest.raises(InputError, match="expected keras or torch, got 'troch'; did you mean 'torch'"):
        load(b"{framework: troch, input: [3], layers: [ReLU]}", name="m")


def test_a_bare_parameter_has_the_name_of_its_row_and_can_be_tied():
    found = summary("[{Parameter: [5, 64], name: a}, {Parameter: [5, 64], name: b}]", more="tied: [[a, b]],")
    assert [
        (row.path, weight.name, weight.params, weight.tied_to) for row in found.layers for weight in row.weights
    ] == [
        ("a", "", 320, None),
        ("b", "", 0, "a"),
    ]


def test_a_buffer_is_no_parameter_and_its_dtype_is_its_own():
    (row,) = summary("[{Parameter: {shape: [5], dtype: int64, buffer: true}}]").layers
    assert (row.params, row.buffers, row.size_bytes) == (0, 5, 40)
    (row,) = summary("[{Parameter: {shape: [5], buffer: true, persistent: false}}]").layers
    assert (row.params, row.buffers, row.size_bytes) == (0, 0, 0)


def test_a_parameter_is_expanded_to_the_batch_of_what_it_reads():
    token = "{Parameter: {shape: [1, 1, 64], expand: true}, name: token}"
    (_, joined) = rows(f"[{token}, {{Cat: 1, inputs: [token, input]}}]")
    assert joined[3] == (None, 9, 64)


def test_a_parameter_stands_there_for_each_sample():
    """That is what detectors do with their queries; beside expand it would mean two things."""
    (row,) = rows("[{Parameter: {shape: [5, 64], batched: true}}]")
    assert row[2:] == (5 * 64, (None, 5, 64))
    with pytest.raises(InputError, match="goes without expand"):
        rows("[{Parameter: {shape: [1, 64], batched: true, expand: true}}]")


def test_tokens_of_several_images_become_these_images_again():
    """Mask2Former's encoder reads the pixels of three maps at once; their sizes may be unknown."""
    inputs = "{x: [20, 8], a: [3, 4, 4], b: [3, 2, %s]}"
    spec = f"{{framework: torch, inputs: {inputs}, layers: [{{TokenMaps: {{}}, inputs: [x, a, b]}}]}}"
    (row,) = summarize(load((spec % 2).encode())).layers
    assert row.output_shape == [(None, 8, 4, 4), (None, 8, 2, 2)]
    (row,) = summarize(load((spec % "null").encode())).layers
    assert row.output_shape == [(None, 8, 4, 4), (None, 8, 2, None)]
    with pytest.raises(InputError, match="20 tokens are not the pixels of"):
        summarize(load((spec % 3).encode()))


def test_an_image_becomes_as_large_as_another_but_for_its_channels():
    spec = "{framework: torch, inputs: {a: [3, 4, 4], b: [%s]}, layers: [{UpsampleLike: {}, inputs: [a, b]}]}"
    (row,) = summarize(load((spec % "8, 9, null").encode())).layers
    assert row.output_shape == (None, 3, 9, None)
    with pytest.raises(InputError, match="the ranks differ"):
        summarize(load((spec % "8, 9").encode()))


def test_a_frozen_norm_has_four_buffers_and_no_parameter():
    (row,) = summary("[FrozenBatchNorm2d]", "[8, 5, 5]").layers
    assert (row.params, row.buffers) == (0, 32)


@pytest.mark.parametrize("layer", ["LSTM: [64, 4, 99999999]", "Transformer: {num_decoder_layers: 99999999}"])
def test_a_stack_of_more_layers_than_a_model_may_have_is_refused_before_it_is_made(layer):
    with pytest.raises(InputError, match="max-layers"):
        summary(f"[{{{layer}, inputs: [input, input]}}]")
