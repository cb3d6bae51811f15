"""Tensors become a model with a row for each module, whatever file they stand in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import InputError, summarize
from paramcalc.analysis.diff import compare
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.explain import explain
from paramcalc.check.budgets import check_budget, parse_budget
from paramcalc.formats.checkpoint import Contents, model_of, natural_order
from paramcalc.formats.convert import WRITERS, ConvertError, convert
from paramcalc.formats.tensor import Tensor
from paramcalc.limits import MAX_TENSOR_NAME, MAX_TENSORS
from paramcalc.render import table


def tensor(name, *shape, dtype="float32", **more):
    count = 1
    for dim in shape:
        count *= dim
    return Tensor(name, shape, dtype, more.pop("size", 4 * count), **more)


def model_with(*tensors, max_layers=None, **facts):
    return model_of(Contents(list(tensors), "test", {}, **facts), "net.pt", max_layers)


def summary_of(*tensors, **options):
    return summarize(model_with(*tensors, **options))


def names_of(summary):
    """What the JSON says each tensor is called: path and name joined by dots."""
    return [
        row.path.replace("/", ".") + (f".{weight.name}" if weight.name else "")
        for row in summary.layers
        for weight in row.weights
    ]


def test_a_row_is_a_module_and_its_weights_are_named_by_what_follows():
    found = summary_of(
        tensor("model.layers.0.up.weight", 3, 4), tensor("model.layers.0.up.bias", 3), tensor("scale", 5)
    )
    assert [(row.path, [weight.name for weight in row.weights]) for row in found.layers] == [
        ("model/layers/0/up", ["weight", "bias"]),
        ("scale", [""]),
    ]
    assert found.totals.params == 20
    assert found.totals.bias_params == 3
    assert found.totals.size_bytes == 80
    assert (found.framework, found.totals.macs, found.layers[0].output_shape) == (None, None, None)
    assert not found.partial


NAMES = st.lists(st.text(".ab0/", max_size=8), unique=True, max_size=8)


@given(NAMES)
def test_no_tensor_is_lost_or_counted_twice_whatever_it_is_called(names):
    found = summary_of(*[tensor(name, 2) for name in names])
    assert found.totals.params == 2 * len(names)
    assert len({row.path for row in found.layers}) == len(found.layers)
    for row in found.layers:
        assert len({weight.name for weight in row.weights}) == len(row.weights)


PARTS = st.lists(st.sampled_from("abc0123456789"), max_size=3)
PATHS = st.builds(lambda first, rest: ".".join([first, *rest]), st.sampled_from("abc"), PARTS)


@given(st.lists(PATHS, unique=True, max_size=8))
def test_path_and_name_are_the_tensor_s_name(names):
    assert sorted(names_of(summary_of(*[tensor(name, 2) for name in names]))) == sorted(names)


def test_what_belongs_to_a_weight_stands_in_the_row_of_the_weight():
    found = summary_of(tensor("up.weight", 8), tensor("up.weight.absmax", 2))
    assert [(row.path, [weight.name for weight in row.weights]) for row in found.layers] == [
        ("up", ["weight", "weight.absmax"])
    ]


def test_rows_are_in_the_order_of_the_file_or_in_that_of_their_numbers():
    names = ["layers.10.w", "layers.2.w", "head.w", "layers.2.sub.w"]
    assert [row.path for row in summary_of(*[tensor(name, 1) for name in names]).layers] == [
        *("layers/10", "layers/2", "head", "layers/2/sub")
    ]
    assert [row.path for row in summary_of(*[tensor(name, 1) for name in names], natural=True).layers] == [
        *("head", "layers/2", "layers/2/sub", "layers/10")
    ]


def test_numbers_of_any_length_are_in_order():
    assert natural_order(["a/" + "9" * 5000, "a/1" + "0" * 5000, "a/007", "a/b"]) == [
        *("a/007", "a/" + "9" * 5000, "a/1" + "0" * 5000, "a/b")
    ]


KINDS = [
    ("bn.weight", "float32", "weight", True),
    ("bn.bias", "float32", "bias", True),
    ("lstm.bias_ih_l0", "float32", "bias", True),
    ("attn.in_proj_bias", "float16", "bias", True),
    ("bn.running_mean", "float32", "buffer", False),
    ("bn.num_batches_tracked", "int64", "buffer", False),
    ("embeddings.position_ids", "int64", "buffer", False),
    ("mask", "bool", "buffer", False),
    ("up.weight", "int8", "weight", False),
    ("up.weight", "Q4_K", "weight", False),
]


@pytest.mark.parametrize(("name", "dtype", "kind", "trainable"), KINDS)
def test_a_tensor_is_what_its_name_and_its_dtype_say(name, dtype, kind, trainable):
    [row] = summary_of(tensor(name, 6, dtype=dtype)).layers
    [weight] = row.weights
    assert (weight.kind, weight.trainable, weight.dtype) == (kind, trainable, dtype)
    assert (row.params, row.buffers) == ((0, 6) if kind == "buffer" else (6, 0))


def test_packed_parameters_count_and_bytes_are_those_of_the_file():
    found = summary_of(
        tensor("up.qweight", 8, 4, dtype="int32", kind="weight", elements=256),
        tensor("up.scales", 2, 4, dtype="float16", kind="scale", size=16),
        tensor("exp_avg", 8, kind="state"),
    )
    assert (found.totals.params, found.totals.buffers, found.totals.size_bytes) == (256, 8, 128 + 16 + 32)
    assert (
        summarize(
            model_with(tensor("up.qweight", 8, 4, dtype="int32", kind="weight", elements=256)),
            dtype="float16",
        ).totals.size_bytes
        == 128
    )  # only floats are stored as another type


def test_a_dtype_that_is_asked_for_takes_the_place_of_floats_only():
    model = model_with(tensor("a.weight", 8), tensor("a.scale", 2, kind="scale"))
    assert summarize(model, dtype="float16").totals.size_bytes == 16 + 8
    [found] = check_budget(summarize(model), parse_budget({"size": "24 B", "dtype": "float16"}))
    assert (found.status, found.actual) == ("passed", 24)


def test_tied_tensors_count_once():
    found = summary_of(tensor("a.weight", 4, 2), tensor("b.weight", 4, 2, size=0, tied_to="a.weight"))
    assert (found.totals.params, found.totals.size_bytes) == (8, 32)
    assert found.layers[1].weights[0].tied_to == "a.weight"


def test_explain_takes_a_stored_tensor_apart():
    model = model_with(tensor("up.weight", 8, 4, dtype="uint8", kind="weight", elements=64))
    [(path, explained)] = explain(evaluate(model))
    assert (path, explained.params.numbers, explained.params.result) == ("up", "8 × 4 × 2", 64)


def test_budgets_of_counts_and_sizes_are_judged_and_one_of_macs_cannot_be():
    summary = summary_of(tensor("a.weight", 4, 2))
    budget = parse_budget({"params": 7, "size": "1 KiB", "macs": 5})
    assert [found.status for found in check_budget(summary, budget)] == ["failed", "passed", "broken"]


def test_diff_tells_a_tensor_of_another_shape_or_type():
    base = summary_of(tensor("a.weight", 4, 2), tensor("b.weight", 4), tensor("c.weight", 9))
    head = summary_of(tensor("a.weight", 2, 4), tensor("b.weight", 4, dtype="float16"), tensor("c.weight", 9))
    assert [(change.kind, change.path) for change in compare(base, head).changes] == [
        ("changed", "a"),
        ("changed", "b"),
    ]


@pytest.mark.parametrize("target", WRITERS)
def test_there_is_no_architecture_to_convert(target):
    with pytest.raises(ConvertError, match="the file says what it holds, not what it was made with"):
        convert(model_with(tensor("a.weight", 8)), target)
    with pytest.raises(ConvertError):
        convert(model_with(), target)


def test_equal_layers_fold_and_different_ones_do_not():
    def lines(dtype):
        tensors = [
            tensor(f"layers.{layer}.{part}.weight", 4, 4, dtype=dtype if layer == 9 else "float32")
            for layer in range(20)
            for part in ("q", "k", "v")
        ]
        return "".join(table.plain(table.summary_lines(summary_of(*tensors), table.Options())))

    assert "layers/0 … 19 ×20" in lines("float32")
    assert "0 … 8 ×9" in lines("bfloat16")
    assert "Weight shapes" in lines("float32")


REFUSED = [
    ([tensor("a", 1), tensor("a", 1)], "tensor 'a' is there twice"),
    ([tensor("a" * (MAX_TENSOR_NAME + 1), 1)], "has a name of 1,025 characters, more than 1,024, the limit"),
    ([tensor("a", *[1] * 17)], "has 17 axes"),
    ([tensor("a", 2**32, 2**32)], "has a size past"),
    ([Tensor(str(number), (), "bool", 1) for number in range(MAX_TENSORS + 1)], "more than 1,000,000, the limit"),
]


@pytest.mark.parametrize(("tensors", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_what_no_program_could_hold_is_refused(tensors, words):
    with pytest.raises(InputError, match=words):
        model_with(*tensors)


def test_what_is_just_within_the_limits_is_read():
    assert (
        summary_of(tensor("a" * MAX_TENSOR_NAME, *[1] * 16), tensor("b", 2**31, 2**31, size=2**62)).totals.params
        == 2**62 + 1
    )


def test_there_may_be_as_many_rows_as_layers():
    tensors = [tensor(f"{number}.w", 1) for number in range(11)]
    assert len(summary_of(*tensors, max_layers=11).layers) == 11
    with pytest.raises(InputError, match=r"more than 10 modules \(--max-layers allows more\)"):
        summary_of(*tensors, max_layers=10)
