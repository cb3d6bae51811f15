"""What `convert` writes of specs with PyTorch's layers: the same spec language, the same framework."""

from pathlib import Path

import pytest

from paramcalc import load
from paramcalc.formats.convert import ConvertError, convert

SPECS = sorted((Path(__file__).parents[4] / "specs" / "torch").glob("*.yaml"))


def written(text, target="spec"):
    return convert(load(text.encode(), name="m"), target)


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_every_spec_of_pytorch_is_written_so_that_it_is_read_back_as_the_same(path):
    """`convert` compares them itself."""
    assert "framework: torch\n" in convert(load(path))


@pytest.mark.parametrize(
    "layer",
    [
        "Linear: {in_features: 4, out_features: 3}",
        "Conv1d: {out_channels: 6, kernel_size: 3}",
        "GroupNorm: 4",
        "LayerNorm: {normalized_shape: 4}",
        "keras.Dense: 4",
        "Operation: Negative",
        "TransformerEncoder: {encoder_layer: {TransformerEncoderLayer: 2}, num_layers: 2, norm: {LayerNorm: 4}}",
    ],
)
def test_a_layer_of_the_specs_own_framework_is_written_by_its_bare_name_and_another_qualified(layer):
    assert f"- {layer.split(':')[0]}:" in written(f"{{framework: torch, input: [8, 4], layers: [{{{layer}}}]}}")


def test_a_layer_of_pytorch_in_a_spec_of_keras_is_qualified():
    text = written("{input: [8, 4], layers: [torch.ReLU, {torch.Linear: 3}, {TimeDistributed: {torch.Linear: 2}}]}")
    assert [line.strip() for line in text.splitlines()[3:]] == [
        "- torch.ReLU",
        "- torch.Linear: {out_features: 3}",
        "- TimeDistributed: {torch.Linear: {out_features: 2}}",
    ]


def test_keras_has_no_layer_of_pytorch_even_of_the_same_name():
    with pytest.raises(ConvertError, match=r"layer 're_lu' \(ReLU\) is not in keras.layers"):
        written("{framework: torch, input: [4], layers: [ReLU]}", "keras")
