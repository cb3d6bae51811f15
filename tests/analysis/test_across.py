"""Two frameworks side by side: layers by their kinds, and why networks that are one on paper differ."""

from pathlib import Path

import pytest

from paramcalc import load, summarize
from paramcalc.analysis.diff import compare
from paramcalc.render.diff_report import lines, markdown
from paramcalc.render.table import plain

SPECS = Path(__file__).parents[2] / "specs"


def model(layers, framework, shape):
    return summarize(load(f"framework: {framework}\ninput: {shape}\nlayers: {layers}\n".encode(), name="m.yaml"))


def reasons(diff):
    return {reason.what: (reason.layers, reason.params) for reason in diff.reasons}


def test_resnet50_differs_in_biases_and_statistics_alone():
    """Keras' has biases in its 53 convolutions; 25,636,712 and 25,557,032 are the frameworks' own counts."""
    diff = compare(*[summarize(load(SPECS / name)) for name in ("resnet50.yaml", "torch/resnet50.yaml")])
    assert reasons(diff) == {"biases": (53, -26_560), "statistics": (53, -53_120), "layouts": (54, 0)}
    assert 25_557_032 - 25_636_712 == -26_560 - 53_120
    text = "".join(plain(lines(diff)))
    assert "107 layers hold the same weights" in text
    assert "moving_mean and moving_variance are parameters in keras, running_mean and running_var are buffers" in text
    assert "\n+ " not in text
    assert "\n- " not in text


def test_mobilenet_v2_differs_in_what_is_a_parameter_alone():
    """A DepthwiseConv2D is a Conv2d in groups; moving statistics are parameters in Keras."""
    diff = compare(*[summarize(load(SPECS / name)) for name in ("mobilenet_v2.yaml", "torch/mobilenet_v2.yaml")])
    assert reasons(diff).keys() == {"statistics", "layouts"}
    assert not [change for change in diff.changes if change.kind in ("added", "removed")]
    total = next(total for total in diff.totals if total.metric == "params")
    assert reasons(diff)["statistics"][1] == total.delta


def test_vgg16_is_the_same_in_both():
    diff = compare(*[summarize(load(SPECS / name)) for name in ("vgg16.yaml", "torch/vgg16.yaml")])
    assert set(reasons(diff)) == {"layouts"}
    assert diff.changes
    assert {change.kind for change in diff.changes} == {"renamed"}


PAIRS = [
    # (Keras, PyTorch, shape in each, reasons); GRU's biases are (2, 3 × units) in both.
    ("[{Dense: 4}]", "[{Linear: 4}]", "[8]", "[8]", {"layouts"}),
    ("[{LSTM: 4}]", "[{LSTM: {hidden_size: 4, batch_first: true}}]", "[5, 8]", "[5, 8]", {"biases", "layouts"}),
    ("[{LayerNormalization: {}}]", "[{LayerNorm: 8}]", "[8]", "[8]", set()),
    ("[{Embedding: [9, 4]}]", "[{Embedding: [9, 4]}]", "[5]", "[5]", set()),
    ("[{Conv2D: [4, 3]}]", "[{Conv2d: [4, 3]}]", "[8, 8, 3]", "[3, 8, 8]", {"layouts"}),
    ("[BatchNormalization]", "[BatchNorm2d]", "[8, 8, 3]", "[3, 8, 8]", {"statistics"}),
    ("[{Dense: 4}]", "[{Linear: {out_features: 4, bias: false}}]", "[8]", "[8]", {"biases", "layouts"}),
    ("[{Dense: 4}]", "[{Linear: 5}]", "[8]", "[8]", {"biases", "weights"}),
]


@pytest.mark.parametrize(("keras", "torch", "first", "last", "why"), PAIRS)
def test_layers_of_one_kind_are_taken_for_one_another(keras, torch, first, last, why):
    diff = compare(model(keras, "keras", first), model(torch, "torch", last))
    assert [change.kind for change in diff.changes if change.kind in ("added", "removed")] == []
    assert set(reasons(diff)) == why


def test_what_the_rows_and_the_reasons_say_adds_up_to_the_totals():
    diff = compare(
        model("[{Conv2D: [4, 3]}, BatchNormalization, Flatten, {Dense: 9}, {Dense: 3}]", "keras", "[8, 8, 3]"),
        model(
            "[{Conv2d: {out_channels: 4, kernel_size: 3, bias: false}}, BatchNorm2d, Flatten, {Linear: 3}]",
            "torch",
            "[3, 8, 8]",
        ),
    )
    total = next(total for total in diff.totals if total.metric == "params")
    paired = sum(reason.params for reason in diff.reasons)
    alone = sum(change.delta("params") for change in diff.changes if change.base is None or change.head is None)
    assert paired + alone == total.delta


def test_markdown_has_the_reasons():
    diff = compare(
        model("[{Dense: 4}]", "keras", "[8]"), model("[{Linear: {out_features: 4, bias: false}}]", "torch", "[8]")
    )
    assert "- biases: 1 layer, -4 params" in "".join(markdown(diff))


def test_every_class_of_a_table_is_one_of_a_framework():
    from paramcalc.layers.counterparts import kinds
    from paramcalc.layers.registry import FRAMEWORKS, Registry

    known = {name for framework in FRAMEWORKS for name in Registry(framework).names()}
    assert set(kinds()) - known <= {"SyncBatchNorm"}
