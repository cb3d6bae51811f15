"""`convert` of an exported program: rows that are modules of torch.nn become layers with fields, the rest is named."""

import pytest

import paramcalc
from paramcalc.analysis.summarize import summarize
from paramcalc.formats.convert import ConvertError, convert
from tests.formats.torch_export.programs import VERSIONS, archive_of, programs

LAYERS = {
    "convolutions": """\
  - {Conv3d: {out_channels: 4, kernel_size: 3, padding: same, groups: 2}, name: "0"}
  - {Flatten: {end_dim: 2}, name: "1"}
  - {Conv2d: {out_channels: 4, kernel_size: 3, stride: 2}, name: "2"}
  - {Flatten: 2, name: "3"}
  - {Conv1d: {out_channels: 8, kernel_size: 3, stride: 2, padding: 1, dilation: 2, groups: 2}, name: "4"}
""",
    "transposed": """\
  - {ConvTranspose2d: {out_channels: 6, kernel_size: 3, stride: 2, padding: 1, output_padding: 1, groups: 2}, name: "0"}
  - {ConvTranspose2d: {out_channels: 2, kernel_size: [2, 3]}, name: "1"}
""",
    "norms": """\
  - {GroupNorm: 2, name: "0"}
  - {InstanceNorm2d: {affine: true, track_running_stats: true}, name: "1"}
  - {BatchNorm2d: {affine: false}, name: "2"}
  - {LayerNorm: [5, 5], name: "3"}
  - {RMSNorm: [5], name: "4"}
""",
    "embeddings": """\
  - {Embedding: {num_embeddings: 20, embedding_dim: 8, padding_idx: 0}, name: "0"}
  - {PReLU: 8, name: "1"}
  - {Upsample: {scale_factor: 2.0}, name: "2"}
""",
    "lstm": """\
  - {LSTM: {hidden_size: 12, num_layers: 2, batch_first: true, bidirectional: true, proj_size: 3}, name: module}
""",
    "training": """\
  - {Conv2d: {out_channels: 4, kernel_size: 3}, name: "0"}
  - {BatchNorm2d: {}, name: "1"}
  - {Dropout: {}, name: "2"}
""",
    "tied": """\
  - {Embedding: {num_embeddings: 20, embedding_dim: 6}, name: embed}
  - {Linear: {out_features: 6}, name: middle}
  - {Linear: {out_features: 20, bias: false}, name: head}
""",
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_fields_of_a_module_are_read_off_its_operation(name):
    assert LAYERS[name] in convert(paramcalc.load(archive_of(name)))


@pytest.mark.parametrize(("version", "name"), [(v, n) for v in VERSIONS for n in ("gru", "frozen")])
def test_what_is_written_has_the_weights_and_products_of_the_file(version, name):
    model = paramcalc.load(archive_of(name, version))
    again = summarize(paramcalc.load(convert(model).encode()))
    assert again.totals == summarize(model).totals
    assert [[w.name for w in row.weights] for row in again.layers] == [
        [w.name for w in row.weights] for row in summarize(model).layers
    ]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("split", "layer 'halves' (Halves): no module of torch.nn that convert can write"),
        ("attention", "layer 'module' (MultiheadAttention): no module of torch.nn that convert can write"),
        ("einsums", "layer 'einsum' (einsum): no function that convert can write"),
        ("half", "layer 'linear' (linear): it reads numbers or weights, which a spec has no place for"),
        ("modes", "layer 'mul' (mul): it reads numbers or weights, which a spec has no place for"),
    ],
)
def test_a_row_that_a_spec_cannot_say_is_named(name, message):
    with pytest.raises(ConvertError) as caught:
        convert(paramcalc.load(archive_of(name)))
    assert str(caught.value) == message


def test_every_program_is_written_and_read_back_or_refused():
    for name in programs():
        try:
            assert convert(paramcalc.load(archive_of(name)))
        except paramcalc.ParamcalcError:
            continue


def test_a_program_may_be_written_for_keras_no_more_than_any_other_model_of_torch():
    with pytest.raises(paramcalc.ParamcalcError):
        convert(paramcalc.load(archive_of("norms")), "keras")
