"""The peak with normalisations and activations folded, as a microcontroller's interpreter allocates it."""

import pytest

import paramcalc
from paramcalc import summarize

WIDTHS = [(8, 1), (16, 1), (32, 2), (32, 1), (64, 2), (64, 1), *[(128, 2)] + [(128, 1)] * 5, (256, 2), (256, 1)]


def wake_words():
    """MLPerf Tiny's MobileNetV1 at a width of 0.25: 96×96×3, 'same' padding, ReLUs after each normalisation."""
    block = """
blocks:
  unit:
    vars: {filters: 8, strides: 1, size: 1}
    layers:
      - {Conv2D: {filters: $filters, kernel_size: $size, strides: $strides, padding: same}}
      - BatchNormalization
      - ReLU
  depthwise:
    vars: {strides: 1}
    layers:
      - {DepthwiseConv2D: {kernel_size: 3, strides: $strides, padding: same}}
      - BatchNormalization
      - ReLU
"""
    layers = ["  - {unit: {filters: 8, strides: 2, size: 3}}"]
    for filters, strides in WIDTHS[1:]:
        layers += [f"  - {{depthwise: {{strides: {strides}}}}}", f"  - {{unit: {{filters: {filters}}}}}"]
    tail = ["  - {AveragePooling2D: 3}", "  - Flatten", "  - {Dense: {units: 2, activation: softmax}}"]
    return "input: [96, 96, 3]\n" + block + "layers:\n" + "\n".join(layers + tail) + "\n"


def memory(layers, dtype=None, inputs="[4, 4, 2]"):
    text = layers if "layers:" in layers else f"input: {inputs}\nlayers: {layers}\n"
    return summarize(paramcalc.load(text.encode()), memory=True, dtype=dtype).memory


@pytest.mark.parametrize(("dtype", "size"), [("float32", 221_184), ("int8", 55_296)])
def test_the_arena_of_mlperf_tinys_visual_wake_words(dtype, size):
    """The first depthwise product's 48×48×8 and the 48×48×16 made of it."""
    found = memory(wake_words(), dtype)
    assert found.arena_bytes == size
    assert found.peak_bytes > size


CASES = [
    ("[{Conv2D: [2, 1]}, BatchNormalization, ReLU]", 2),
    ("[{Conv2D: [2, 1]}, {ReLU: 6}]", 2),
    ("[{Conv2D: [2, 1]}, {Activation: relu}, Dropout: 0.5]".replace("Dropout: 0.5", "{Dropout: 0.5}"), 2),
    ("[{Conv2D: [2, 1]}, {Dropout: 0.5}, BatchNormalization]", 2),
    ("[{Conv2D: [2, 1]}, ReLU, BatchNormalization]", 2),  # it is an operation, whose input the product's output is
    ("[{Conv2D: [2, 1]}, {LeakyReLU: 0.1}]", 2),
    ("[BatchNormalization]", 2),
]


@pytest.mark.parametrize("layers", [case for case, _ in CASES])
def test_no_chain_of_equal_shapes_has_more_than_two_tensors(layers):
    assert memory(layers).arena_bytes == 2 * 4 * 4 * 2 * 4


WIDE = "{{Conv2D: [9, 1], name: c}}, {{{0}, name: n, inputs: c}}, {{Add: , name: a, inputs: [n, {1}]}}"


@pytest.mark.parametrize(
    ("between", "other", "tensors"),
    [
        ("BatchNormalization: ", "n", 2),  # the product and the sum
        ("BatchNormalization: ", "c", 3),  # the product is read as it was, too
        ("ReLU: ", "n", 2),
        ("ReLU: ", "c", 3),
        ("LeakyReLU: 0.1", "n", 2),
        ("ReLU: {negative_slope: 0.1}", "c", 3),
    ],
)
def test_what_is_read_by_others_is_not_folded(between, other, tensors):
    found = memory("[" + WIDE.format(between, other) + "]", inputs="[4, 4, 1]")
    assert found.arena_bytes == tensors * 4 * 4 * 9 * 4


def test_a_model_with_nothing_to_fold_has_its_peak():
    found = memory("[{Dense: 3}, {LayerNormalization: {}}, {Activation: tanh}]")
    assert (found.arena_bytes, found.arena_at) == (found.peak_bytes, found.peak_at)


def test_an_unknown_shape_leaves_it_unknown():
    assert memory("[{Conv2D: [2, 1]}]", inputs="[null, 4, 2]").arena_bytes is None
