"""Layers of sequences that are no modules of torch."""

import pytest

from paramcalc import InputError, load, summarize


def shapes(layers):
    spec = f"{{framework: torch, input: [196, 64], layers: [{{Parameter: [64], name: cls}}, {layers}]}}"
    return [row.output_shape for row in summarize(load(spec.encode())).layers]


@pytest.mark.parametrize(
    ("more", "inputs", "tokens"),
    [("Parameter: [64]", "cls, b", 198), ("Parameter: [1, 64]", "b", 197), ("Parameter: [1, 4, 64]", "cls, b", 201)],
)
def test_prepend_adds_as_many_tokens_as_there_are_vectors(more, inputs, tokens):
    found = shapes(f"{{{more}, name: b}}, {{Prepend: {{}}, inputs: [input, {inputs}]}}")
    assert found[-1] == (None, tokens, 64)


def test_prepend_refuses_vectors_of_another_size():
    with pytest.raises(InputError, match="cannot join"):
        shapes("{Parameter: [32], name: b}, {Prepend: {}, inputs: [input, b]}")
    with pytest.raises(InputError, match="expects a sequence"):
        shapes("{Prepend: {}, inputs: [cls, cls]}")


def test_neighbours_become_one_token_of_all_their_features():
    assert shapes("{MergeTokens: 4, inputs: input}")[-1] == (None, 49, 256)
    with pytest.raises(InputError, match="196 tokens cannot be divided evenly into groups of 5"):
        shapes("{MergeTokens: 5, inputs: input}")


def test_patches_are_multiplied_with_a_kernel_of_their_size():
    """Conv3d(3, 8, (2, 4, 4)) has 8 × 96 weights and 8 biases; each of 10 patches takes 8 × 96 multiplications."""
    spec = "{framework: torch, input: [10, 96], layers: [{Patches: {out_channels: 8, kernel: [3, 2, 4, 4]}}]}"
    (row,) = summarize(load(spec.encode()), batch_size=1).layers
    assert (row.params, row.macs, row.output_shape) == (8 * 96 + 8, 10 * 8 * 96, (1, 10, 8))
    wrong = spec.replace("[10, 96]", "[10, 95]").encode()
    with pytest.raises(InputError, match=r"expects patches \(batch, patches, 96\)"):
        summarize(load(wrong))


def test_a_slice_leaves_some_of_a_dimension():
    assert shapes("{Slice: {dim: 1, start: 1}, inputs: input}")[-1] == (None, 195, 64)
    assert shapes("{Slice: {dim: 2, start: -8, end: -2}, inputs: input}")[-1] == (None, 196, 6)
    with pytest.raises(InputError, match="leaves nothing of dimension 1"):
        shapes("{Slice: {dim: 1, start: 196}, inputs: input}")


@pytest.mark.parametrize(("dim", "lengths"), [(0, 16), (1, 1), (2, 5)])
def test_a_normed_kernel_is_a_direction_and_lengths(dim, lengths):
    """Conv1d(8, 16, 5, groups=8): 16 × 1 × 5 weights, 16 biases, and a length for each index of a dimension."""
    layer = f"{{WeightNormConv1d: {{out_channels: 16, kernel_size: 5, groups: 8, norm_dim: {dim}}}}}"
    (row,) = summarize(load(f"{{framework: torch, input: [8, 100], layers: [{layer}]}}".encode())).layers
    assert row.params == 80 + 16 + lengths
    names = [weight.name for weight in row.weights]
    assert names == ["parametrizations.weight.original0", "parametrizations.weight.original1", "bias"]


def test_a_convolution_of_tokens_is_one_of_their_image():
    """Conv2d(64, 64, 3, padding=1, groups=64) of 14 × 14 pixels: 64 × 9 weights, as many products for each pixel."""
    layers = "{TokenConv2d: {out_channels: 64, kernel_size: 3, groups: 64}}, {TokenMap: {height: 14, width: 14}}"
    spec = f"{{framework: torch, input: [196, 64], layers: [{layers}]}}"
    conv, image = summarize(load(spec.encode()), batch_size=1).layers
    assert (conv.params, conv.macs, image.output_shape) == (64 * 9 + 64, 196 * 64 * 9, (1, 64, 14, 14))


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ("TokenMap: {height: 14, width: 13}", "196 tokens are not an image of 14 × 13"),
        ("TokenConv2d: {out_channels: 64, kernel_size: 3, groups: 5}", "must both divide into 5 groups"),
    ],
)
def test_tokens_that_are_no_such_image_are_refused(layer, message):
    with pytest.raises(InputError, match=message):
        shapes(f"{{{layer}, inputs: input}}")


def test_a_token_map_takes_its_size_from_an_image_beside_it():
    """As where a configuration says no size of images: 28 × 28 pixels, whatever the file has."""
    layers = "{Conv2d: {out_channels: 8, kernel_size: 2, stride: 2}, name: c}, {Flatten: 2}, {Permute: [0, 2, 1]}"
    spec = f"{{framework: torch, input: [3, 28, 20], layers: [{layers}, {{TokenMap: {{}}, inputs: [previous, c]}}]}}"
    assert summarize(load(spec.encode())).layers[-1].output_shape == (None, 8, 14, 10)
    with pytest.raises(InputError, match="140 tokens are not an image of 28 × 20"):
        summarize(load(spec.replace("[previous, c]", "[previous, input]").encode()))


@pytest.mark.parametrize(
    ("layer", "macs"),
    [
        ("TokenConv2d: {out_channels: 64, kernel_size: 3}", 64 * 64 * 9),
        ("Patches: {out_channels: 8, kernel: [64]}", 512),
    ],
)
def test_products_at_every_token_are_counted_for_one_sample(layer, macs):
    """Also where no batch is given, as of other layers."""
    spec = f"{{framework: torch, input: [196, 64], layers: [{{{layer}}}]}}"
    assert summarize(load(spec.encode())).totals.macs == 196 * macs
