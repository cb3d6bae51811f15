"""Programs that PyTorch does not write: each is refused by name, whatever it contradicts."""

import copy
import json
import time
from contextlib import suppress

import pytest

import paramcalc
from paramcalc import InputError
from paramcalc.analysis.summarize import summarize
from tests.formats.torch_export.programs import archived, programs

FLOAT = {"dtype": 7, "sizes": [{"as_int": 3}]}


def damaged(change, name="residual"):
    """The error for a program that a function has changed in place."""
    entries = dict(programs()[name]["entries"])
    program = json.loads(entries["archive/models/model.json"])
    table = json.loads(entries["archive/data/weights/model_weights_config.json"])
    change(program["graph_module"]["graph"], program["graph_module"]["signature"], table["config"])
    entries["archive/models/model.json"] = json.dumps(program)
    entries["archive/data/weights/model_weights_config.json"] = json.dumps(table)
    with pytest.raises(InputError) as caught:
        summarize(paramcalc.load(archived(entries)))
    return str(caught.value)


def drop_value(graph, signature, table):
    del graph["tensor_values"]["linear"]


def drop_input(graph, signature, table):
    graph["nodes"][0]["inputs"] = graph["nodes"][0]["inputs"][:1]


def read_nothing(graph, signature, table):
    graph["nodes"][0]["inputs"][0]["arg"]["as_tensor"]["name"] = "nobody"


def shrink_weight(graph, signature, table):
    graph["tensor_values"]["p_add_weight"]["sizes"][1]["as_int"] = 5


def shrink_table(graph, signature, table):
    table["add.weight"]["tensor_meta"]["sizes"][1]["as_int"] = 5


def shrink_both(graph, signature, table):
    shrink_weight(graph, signature, table)
    shrink_table(graph, signature, table)


def other_rank(graph, signature, table):
    graph["tensor_values"]["linear"]["sizes"] *= 20


def negative(graph, signature, table):
    graph["tensor_values"]["linear"]["sizes"][0]["as_int"] = -1


def huge(graph, signature, table):
    graph["tensor_values"]["linear"]["sizes"] = [{"as_int": 2**62}, {"as_int": 2**62}]


def unknown_weight(graph, signature, table):
    graph["tensor_values"]["p_add_bias"]["sizes"] = [{"as_expr": {"expr_str": "s0"}}]


def same_name(graph, signature, table):
    for spec in signature["input_specs"]:
        spec.get("parameter", {})["parameter_name"] = "add.weight"


def same_path(graph, signature, table):
    """A parameter with the name of a module."""
    signature["input_specs"][0]["parameter"]["parameter_name"] = "relu"
    table["relu"] = table.pop("add.weight")


def long_name(graph, signature, table):
    table["a." * 10_000] = copy.deepcopy(table["add.weight"])


def long_module(graph, signature, table):
    graph["nodes"][0]["metadata"]["nn_module_stack"] = "k,,A;k," + "a." * 5_000 + ",B"


def many(graph, signature, table):
    graph["nodes"] = [{"target": "", "inputs": [], "outputs": [], "metadata": {}}] * 50_000


def deep(graph, signature, table):
    for kind in ("wrap", "cond") * 55:
        inner = copy.copy(graph)
        node = {"target": f"torch.ops.higher_order.{kind}", "outputs": [], "metadata": {}}
        node["inputs"] = [{"name": "", "arg": {"as_graph": {"name": "g", "graph": inner}}}]
        graph["nodes"] = [node]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (drop_value, "operation torch.ops.aten.linear.default: nothing describes the tensor 'linear'"),
        (drop_input, "operation torch.ops.aten.linear.default: its argument 'weight' is missing"),
        (read_nothing, "operation torch.ops.aten.linear.default: nothing describes the tensor 'nobody'"),
        (shrink_weight, "the graph and the table of weights have different shapes or types for 'add.weight'"),
        (shrink_table, "the graph and the table of weights have different shapes or types for 'add.weight'"),
        (shrink_both, "operation torch.ops.aten.linear.default: it multiplies 8 columns with 5 rows"),
        (other_rank, "Expected `array` of length <= 16"),
        (negative, "Expected `int` >= 0"),
        (huge, "'add' (Linear): the model's counts are past 9,223,372,036,854,775,807"),
        (unknown_weight, "nothing says what shape 'add.bias' has"),
        (same_name, "it has two weights of the name 'add.weight'"),
        (same_path, "it has two modules or weights of the name 'relu'"),
        (long_name, "Expected `str` of length <= 1024"),
        (long_module, "the name of a module has more than 4,096 characters"),
        (many, "operations or weights"),
        (deep, "more than 100 graphs are nested in one another"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_damaged_program_is_refused_by_name(change, message):
    assert message in damaged(change)


@pytest.mark.parametrize(
    "nodes",
    [
        [
            (
                "torch.ops.aten.einsum.default",
                {"equation": {"as_string": "a," * 3_000 + "a"}, "tensors": {"as_tensors": 3_000}},
            )
        ],
        [("torch.ops.aten.lstm.input", {"input": {"as_tensor": 1}, "params": {"as_tensors": 100_000}})],
        [("torch.ops.aten.cat.default", {"tensors": {"as_tensors": 100_000}})] * 3,
    ],
    ids=["einsum", "lstm", "cat"],
)
def test_long_lists_take_no_time(nodes):
    def argument(kind, value):
        return {kind: {1: {"name": "x"}}.get(value) or ([{"name": "x"}] * value if kind == "as_tensors" else value)}

    graph = {"inputs": [{"as_tensor": {"name": "x"}}], "outputs": [], "tensor_values": {"x": FLOAT, "y": FLOAT}}
    graph["nodes"] = [
        {
            "target": target,
            "inputs": [{"name": name, "arg": argument(*next(iter(arg.items())))} for name, arg in inputs.items()],
            "outputs": [{"as_tensor": {"name": "y"}}],
            "metadata": {},
        }
        for target, inputs in nodes
    ]
    signature = {"input_specs": [{"user_input": {"arg": {"as_tensor": {"name": "x"}}}}], "output_specs": []}
    program = {"graph_module": {"graph": graph, "signature": signature}, "schema_version": {"major": 8, "minor": 20}}
    content = archived({"a/archive_format": "pt2", "a/models/model.json": json.dumps(program)})
    start = time.process_time()
    with suppress(InputError):
        summarize(paramcalc.load(content))
    assert time.process_time() - start < 2
