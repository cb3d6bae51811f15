"""Which rows an exported program has: calls of modules, functions outside of them, weights that nobody holds."""

import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize
from tests.formats.torch_export.programs import VERSIONS, archive_of


def rows(name, version="2.13"):
    return {row.path: row for row in summarize(paramcalc.load(archive_of(name, version))).layers}


@pytest.mark.parametrize("version", VERSIONS)
def test_a_module_called_again_is_a_row_without_weights(version):
    found = rows("shared", version)
    assert [(path, row.shared_with) for path, row in found.items() if row.shared_with] == [
        ("stem#2", "stem"),
        ("block/0#2", "block/0"),
        ("block/1#2", "block/1"),
        ("block/2#2", "block/2"),
    ]
    assert (found["stem"].output_shape, found["stem#2"].output_shape) == ((3, 8), (2, 8))
    assert (found["stem"].macs, found["stem#2"].macs, found["stem#2"].params) == (192, 128, 0)


def test_rows_stand_in_execution_order_weights_before_what_reads_them_first():
    assert [(row.path, row.type, row.inputs) for row in rows("bare").values()] == [
        ("cls_token", "Parameter", []),
        ("expand", "expand", ["cls_token"]),
        ("cat", "cat", ["expand", "x"]),
        ("mask", "Buffer", []),
        ("mul", "mul", ["cat", "mask"]),
        ("positions", "Buffer", []),
        ("unsqueeze", "unsqueeze", ["positions"]),
        ("add", "add", ["mul", "unsqueeze"]),
        ("inner", "Parameter", []),
        ("mul_1", "mul", ["add", "inner"]),
        ("inner/proj", "Parameter", []),
        ("linear", "linear", ["mul_1", "inner/proj", "inner/proj"]),
        ("lost", "Unused", []),
        ("dropped", "Unused", []),
        ("never_read", "Unused", []),
    ]


def test_the_graph_without_what_nothing_reads_has_the_same_rows():
    """With strict=True PyTorch leaves it out of the graph, but not of the table of weights."""
    assert {row.path: row.params for row in rows("strict").values()} == {
        row.path: row.params for row in rows("bare").values()
    }


def test_a_function_with_the_name_of_a_module_gets_a_number():
    assert list(rows("residual")) == ["add", "relu", "add_1", "add_2", "relu_1", "add_3"]


def test_a_module_has_the_outputs_that_others_read():
    found = rows("split")
    assert found["halves"].output_shape == [(2, 2), (2, 2)]
    assert found["add"].inputs == ["end", "end#2"]


def test_a_graph_that_is_run_once_is_no_row():
    """Without gradients, or in another precision, modules are rows as elsewhere."""
    assert {path: (row.type, row.inputs, row.dtype) for path, row in rows("modes").items()} == {
        "a": ("Linear", ["x"], "float32"),
        "mul": ("mul", ["a"], "float32"),
        "b": ("Linear", ["mul"], "bfloat16"),
        "to": ("to", ["b"], "float32"),
        "a#2": ("Linear", ["to"], "float32"),
    }


def test_a_branch_is_counted_as_the_dearest():
    found = rows("cond")
    assert found["cond"].macs == 2 * (8 * 32 + 32 * 8)
    assert [(row.type, row.macs) for path, row in found.items() if path in ("small", "large/0")] == [
        ("Parameter", 0)
    ] * 2


def test_a_loop_of_unknown_length_has_unknown_macs_and_is_named():
    summary = summarize(paramcalc.load(archive_of("while_loop")))
    assert summary.totals.macs is None
    assert [row.path for row in summary.layers if row.macs is None] == ["while_loop"]
    (warning,) = summary.warnings
    assert warning.startswith("the cost of the operation higher_order.while_loop is not known: the MACs of the rows")


def test_a_module_without_modules_in_it_holds_the_weights_of_those_it_never_calls():
    attention = rows("attention")["module"]
    assert [weight.name for weight in attention.weights][-2:] == ["out_proj.weight", "out_proj.bias"]
    assert attention.type == "MultiheadAttention"


def test_the_model_is_called_what_its_class_is():
    assert paramcalc.load(archive_of("bare")).name == "Bare"


def test_a_symbolic_batch_is_unknown_and_macs_are_of_one_sample():
    summary = summarize(paramcalc.load(archive_of("dynamic_batch")))
    assert [row.output_shape for row in summary.layers][-2:] == [(None, 4, 5), (None, 5)]
    assert summary.totals.macs == 4608


@pytest.mark.parametrize(
    ("options", "shapes"),
    [({"batch_size": 5}, [(5, 4, 5), (20, 5)]), ({"input_shapes": {"input": (7, 3, 8, 8)}}, [(7, 4, 5), (28, 5)])],
)
def test_a_symbolic_batch_may_be_given(options, shapes):
    summary = summarize(paramcalc.load(archive_of("dynamic_batch")), **options)
    assert [row.output_shape for row in summary.layers][-2:] == shapes
    assert summary.totals.macs == 4608 * shapes[0][0]


@pytest.mark.parametrize(
    "options", [{"batch_size": 3}, {"input_shapes": {"x": (2, 9)}}, {"input_shapes": {"x": (16,)}}]
)
def test_what_was_recorded_for_one_shape_is_not_told_for_another(options):
    model = paramcalc.load(archive_of("residual"), name="m.pt2")
    with pytest.raises(InputError, match=r"records what its program does with an input 'x' of \(2, 8\), not of"):
        summarize(model, **options)
    assert summarize(model, batch_size=2).totals.macs == 128
