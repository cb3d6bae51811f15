"""The spec language: what each way of writing means, and what is said of each mistake."""

import json

import pytest

from paramcalc.analysis.summarize import summarize
from paramcalc.errors import InputError
from paramcalc.formats import load
from tests.each import each


def read(text, **options):
    if not isinstance(text, str):
        text = json.dumps(text)
    return load(text.encode(), name="model.yaml", **options)


def paths(text, **options):
    return [node.path for node in read(text, **options).nodes]


def total(text, **options):
    return summarize(read(text, **options)).totals.params


def chain(*layers, **rest):
    return {"input": [8], "layers": list(layers), **rest}


def error(text, **options):
    with pytest.raises(InputError) as caught:
        summarize(read(text, **options))
    return str(caught.value)


# -- ways to write a layer -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "entry",
    [
        {"Dense": {"units": 4, "activation": "relu"}},
        {"Dense": [4, "relu"]},
        {"type": "Dense", "units": 4, "activation": "relu"},
        {"dense": [4, "relu"]},
        {"type": "dense", "units": "$(2 + 2)", "activation": "re$$lu".replace("$$", "")},
    ],
)
def test_long_short_and_positional_forms_are_one_layer(entry):
    layer = read(chain(entry)).nodes[0].instance.layer
    assert (layer.units, layer.activation) == (4, "relu")


def test_main_argument_stands_alone():
    assert total(chain({"Dense": 4})) == 36


def test_bare_name_is_a_layer():
    assert [n.instance.type for n in read(chain("Flatten", {"ReLU": None})).nodes] == ["Flatten", "ReLU"]


def test_list_argument_is_one_argument():
    assert summarize(read(chain({"Reshape": [2, 4]}))).layers[0].output_shape == (None, 2, 4)


@pytest.mark.parametrize(
    "entry",
    [
        {"Bidirectional": {"LSTM": 3}},
        {"Bidirectional": {"layer": {"LSTM": 3}}},
        {"Bidirectional": {"layer": {"type": "LSTM", "units": 3}}},
        {"Bidirectional": [{"LSTM": 3}, "concat"]},
        {"type": "Bidirectional", "layer": {"LSTM": {"units": "$(1 + 2)"}}},
    ],
)
def test_a_wrapped_layer_is_written_in_any_form(entry):
    assert total({"input": [5, 2], "layers": [entry]}) == 2 * 4 * 3 * (2 + 3 + 1)


def test_cells_are_a_list_of_layers():
    spec = {"input": [5, 2], "layers": [{"RNN": {"cell": [{"LSTMCell": 3}, {"GRUCell": 4}]}}]}
    assert total(spec) == 4 * 3 * (2 + 3 + 1) + 3 * 4 * (3 + 4 + 2)


def test_a_block_can_be_wrapped():
    block = {"layers": [{"Dense": 4}, {"Dense": 5}]}
    spec = {"input": [7, 3], "blocks": {"two": block}, "layers": [{"TimeDistributed": "two"}]}
    assert total(spec) == 4 * (3 + 1) + 5 * (4 + 1)


# -- names and the graph -------------------------------------------------------------------------------


def test_automatic_names_count_as_in_keras():
    assert paths(chain({"Dense": 4}, {"Dense": 4}, "ReLU")) == ["dense", "dense_1", "re_lu"]


def test_inputs_may_name_layers_further_down():
    spec = chain(
        {"Add": {}, "name": "sum", "inputs": ["input", "late"]}, {"Dense": 8, "name": "late", "inputs": "input"}
    )
    spec["outputs"] = ["sum"]
    assert paths(spec) == ["late", "sum"]


def test_previous_is_what_stands_before():
    spec = chain({"Dense": 8}, {"Add": {}, "inputs": ["previous", "input"]})
    assert summarize(read(spec)).layers[1].inputs == ["dense", "input"]


def test_brackets_choose_an_output():
    spec = {
        "input": [5, 2],
        "layers": [
            {"LSTM": {"units": 3, "return_sequences": True, "return_state": True}, "name": "encoder"},
            {"LSTM": 3, "inputs": ["encoder", "encoder[1]", "encoder[2]"]},
        ],
    }
    assert summarize(read(spec)).layers[1].input_shapes == [(None, 5, 3), (None, 3), (None, 3)]


def test_an_attention_layer_with_one_input_attends_to_itself():
    spec = {"input": [5, 8], "layers": [{"MultiHeadAttention": [2, 4]}]}
    assert summarize(read(spec)).layers[0].inputs == ["input", "input"]


def test_outputs_default_to_the_last():
    assert [o.name for o in read(chain({"Dense": 4}, {"Dense": 2})).outputs] == ["dense_1"]


def test_what_no_output_needs_is_counted_with_a_warning():
    model = read(chain({"Dense": 4, "name": "a"}, {"Dense": 2, "inputs": "input"}))
    assert summarize(model).totals.params == 36 + 18
    assert model.warnings == ["no output depends on layer 'a' (Dense)"]
    assert model.places == {"no output depends on layer 'a' (Dense)": ("layers", 0)}


def test_an_input_that_nothing_reads_is_named_at_its_key():
    model = read({"inputs": {"a": [4], "b": [4]}, "layers": [{"Dense": 2}]})
    assert model.places == {"nothing reads input 'b'": ("inputs", "b")}


def test_trainable_freezes_a_layer_and_a_whole_block():
    block = {"layers": [{"Dense": 4}]}
    spec = chain({"b": None, "trainable": False}, {"Dense": 4}, blocks={"b": block})
    assert summarize(read(spec)).totals.non_trainable_params == 36


# -- variables -----------------------------------------------------------------------------------------


def test_vars_read_those_above_them_and_set_replaces_them():
    spec = chain({"Dense": "$half"}, vars={"d": 8, "half": "$(d / 2)"})
    assert total(spec) == 36
    assert total(spec, sets={"d": "16"}) == 72


def test_text_and_names_are_filled_in():
    assert paths(chain({"Dense": 4, "name": "block_$(n + 1)"}, vars={"n": 1})) == ["block_2"]


def test_a_whole_expression_keeps_its_type():
    assert total(chain({"Dense": {"units": 4, "use_bias": "$(n > 1)"}}, vars={"n": 1})) == 32


def test_items_of_a_list_are_variables_too():
    assert total(chain({"Dense": "$(sizes[1])"}, vars={"sizes": [3, 4]})) == 36


def test_a_type_can_be_a_variable():
    assert paths(chain("$norm", vars={"norm": "LayerNormalization"})) == ["layer_normalization"]


# -- structure -----------------------------------------------------------------------------------------


def test_a_block_sees_its_own_vars_first_then_the_specs():
    block = {"vars": {"n": 1}, "layers": [{"Dense": "$n"}, {"Dense": "$m"}]}
    spec = chain({"b": {"n": "$(m + 1)"}}, vars={"n": 100, "m": 3}, blocks={"b": block})
    assert total(spec) == 4 * 9 + 3 * 5


def test_block_arguments_by_name_in_order_and_alone_are_the_same():
    block = {"vars": {"n": 1, "m": 2}, "layers": [{"Dense": "$n"}, {"Dense": "$m"}]}
    uses = [{"b": {"n": 5}}, {"b": [5]}, {"b": 5}, {"type": "b", "n": 5}]
    assert len({total(chain(use, blocks={"b": block})) for use in uses}) == 1


def test_blocks_within_blocks_nest_in_paths():
    blocks = {"outer": {"blocks": {"inner": {"layers": [{"Dense": 4}]}}, "layers": ["inner", "inner"]}}
    assert paths(chain("outer", blocks=blocks)) == ["outer/inner/dense", "outer/inner_1/dense"]


def test_a_block_with_named_inputs_and_outputs():
    block = {
        "inputs": ["a", "b"],
        "layers": [{"Dense": 4, "inputs": "a", "name": "x"}, {"Dense": 4, "inputs": "b", "name": "y"}],
        "outputs": ["y", "x"],
    }
    spec = chain(
        {"two": None, "inputs": ["input", "input"]}, {"Add": {}, "inputs": ["two", "two[1]"]}, blocks={"two": block}
    )
    assert summarize(read(spec)).layers[2].inputs == ["two/y", "two/x"]


def test_repeat_counts_i_from_zero():
    spec = chain({"repeat": 3, "layers": [{"Dense": "$(i + 1)"}]})
    assert [row.output_shape[1] for row in summarize(read(spec)).layers] == [1, 2, 3]
    assert paths(spec) == ["repeat/0/dense", "repeat/1/dense", "repeat/2/dense"]


def test_repeat_of_nothing_is_the_identity():
    assert paths(chain({"repeat": 0, "layers": [{"Dense": 1}]}, {"Dense": 4})) == ["dense"]


def test_paths_reach_into_a_repeat():
    spec = chain({"repeat": 2, "name": "r", "layers": [{"Dense": 8}]}, {"Add": {}, "inputs": ["r/0/dense", "r"]})
    assert summarize(read(spec)).layers[2].inputs == ["r/0/dense", "r/1/dense"]


def test_branches_start_from_what_stands_before_and_an_empty_one_is_the_identity():
    spec = chain({"Dense": 4}, {"branches": [[{"Dense": 4}], []], "merge": "Add"})
    assert summarize(read(spec)).layers[2].inputs == ["dense_1", "dense"]


def test_when_leaves_an_entry_out():
    assert paths(chain({"Dense": 4, "when": "$(n > 1)"}, {"Dense": 4, "when": True}, vars={"n": 1})) == ["dense"]


def test_call_shares_the_weights_of_a_layer():
    rows = summarize(read(chain({"Dense": 8, "name": "d"}, {"call": "d"}, {"call": "d"}))).layers
    assert [(row.path, row.params, row.shared_with) for row in rows] == [
        ("d", 72, None),
        ("d#2", 0, "d"),
        ("d#3", 0, "d"),
    ]


def test_a_call_has_its_own_name_everywhere():
    """In its path, its name, what reads it, and what is explained."""
    spec = chain(
        {"Dense": 8, "name": "d"},
        {"call": "d", "name": "again"},
        {"call": "again"},
        {"b": None, "name": "x"},
        {"call": "x", "name": "y"},
        {"Add": {}, "inputs": ["again", "y", "d#2", "y/dense"]},
        blocks={"b": {"layers": [{"Dense": 8}]}},
    )
    rows = summarize(read(spec)).layers
    assert [(row.path, row.name, row.shared_with) for row in rows[:-1]] == [
        ("d", "d", None),
        ("again", "again", "d"),
        ("d#2", "d", "d"),
        ("x/dense", "dense", None),
        ("y/dense", "dense", "x/dense"),
    ]
    assert rows[-1].inputs == ["again", "y/dense", "d#2", "y/dense"]


def test_a_call_in_a_block_has_its_name_there():
    block = {"layers": [{"call": "d", "name": "own"}]}
    assert paths(chain({"Dense": 8, "name": "d"}, {"b": None}, blocks={"b": block})) == ["d", "b/own"]


def test_call_shares_a_whole_block_and_works_across_scopes():
    block = {"layers": [{"Dense": 8}]}
    spec = chain({"b": None}, {"call": "b"}, {"c": None}, blocks={"b": block, "c": {"layers": [{"call": "b/dense"}]}})
    assert paths(spec) == ["b/dense", "b#2/dense", "b/dense#2"]
    assert total(spec) == 72


def test_tied_weights_are_counted_once():
    spec = {
        "input": {"shape": [4], "dtype": "int32"},
        "layers": [{"Embedding": [10, 8], "name": "e"}, {"Dense": {"units": 10, "use_bias": False}, "name": "h"}],
        "tied": [["e.embeddings", "h.kernel"]],
    }
    assert total(spec) == 80


def test_custom_layers_say_what_they_hold():
    spec = chain({"Custom": {"weights": {"w": [10, 20]}, "output_shape": [20], "macs": 5}}, {"Custom": {"macs": 0}})
    summary = summarize(read(spec), batch_size=2)
    assert (summary.totals.params, summary.totals.macs) == (200, 10)
    assert [row.output_shape for row in summary.layers] == [(2, 20), (2, 20)]


def test_dtype_of_the_spec_and_of_a_layer():
    spec = chain({"Dense": 4}, {"Dense": 4, "dtype": "float32"}, dtype="mixed_bfloat16")
    assert [node.instance.dtype for node in read(spec).nodes] == ["mixed_bfloat16", "float32"]


# -- mistakes ------------------------------------------------------------------------------------------

MISTAKES = [
    ({"Dnse": 4}, "there is no layer type 'Dnse'; did you mean 'Dense'?"),
    ({"Dense": {"unit": 4}}, "unknown field 'unit'; did you mean 'units'?"),
    ({"Dense": {}}, "the field 'units' is missing; write 'Dense: {units: …}'"),
    ("Conv2D", "the fields 'filters' and 'kernel_size' are missing; write 'Conv2D: {filters: …, kernel_size: …}'"),
    ({"Conv2D": {"filters": 3}}, "the field 'kernel_size' is missing"),
    ({"Dense": True}, "expected an integer"),
    ({"Dense": 10.5}, "expected an integer, got 10.5"),
    ({"Dense": 0}, "Expected `int` >= 1|expected an integer >= 1"),
    ({"Dense": "$(7 / 2)"}, r"got 3.5 \(from \$\(7 / 2\)\)"),
    ({"Dense": "$(d // zero)"}, r"\$\(d // zero\) with d = 8, zero = 0: .*division"),
    ({"Dense": "$dd"}, "there is no variable 'dd' here; did you mean 'd'?"),
    ({"Dense": "$(d +)"}, r"\$\(d \+\) is not an expression"),
    ({"Dense": "$(9**9)"}, "an exponent may be up to 8"),
    ({"Dense": "$(__import__('os'))"}, "there is no function"),
    ({"Dense": "$(d.real)"}, "is not a mapping"),
    ({"Dense": "$i"}, "only known inside a repeat"),
    ({"Dense": 4, "naem": "x"}, "unknown key 'naem'; did you mean 'name'?"),
    ({"Dense": "$(8 + $i)"}, r"\$\(8 \+ \$i\) is not an expression; a name in it has no \$ of its own"),
    ({"Dense": 4, "activation": "relu"}, "the fields of the layer stand inside 'Dense: {…}'"),
    ({"Dense": 4, "dropout": 0.5}, "an entry is one layer, not both 'Dense' and 'dropout'"),
    ({"Conv2D": [3, 3], "padding": "same"}, "the fields of the layer stand inside 'Conv2D: {…}'"),
    ({"Dense": {"units": 4, "name": "x"}}, "'name' stands beside Dense, not inside it"),
    ({"Dense": 4, "inputs": "nope"}, "there is no layer or input 'nope' here"),
    ({"Dense": 4, "inputs": "inptu"}, "did you mean 'input'?"),
    ({"Dense": 4, "name": "input"}, "the name 'input' is already taken"),
    ({"Dense": 4, "name": "a/b"}, "the character '/'"),
    ({"Dense": 4, "when": 1}, "when: expected true or false, got 1"),
    ({"Flatten": [None, 2, 3]}, "at most 1 arguments"),
    ({"call": "nope"}, "there is no layer 'nope' above"),
    ({"repeat": 3}, "repeat needs 'layers' beside it"),
    ({"repeat": -1, "layers": []}, "repeat: expected a number of times, got -1"),
    ({"branches": [[]]}, "branches needs 'merge' beside it"),
    ({"b": {"q": 1}}, "block 'b' has no variable 'q'"),
    ({"b": [1, 2]}, "at most 1 argument"),
    ({"b": None, "inputs": ["input", "input"]}, r"takes 1 input \(input\), got 2"),
    ({"again": None}, "block 'again' uses itself"),
    ({"Dense": 4, "dtype": "flaot32"}, "is not a dtype"),
    (7, "expected a layer, got 7"),
    ({}, "expected a layer"),
    ({"name": "x"}, "this entry has no layer type"),
    ({"Add": {}, "name": "x", "inputs": ["x", "input"]}, "the graph has a cycle: 'x' reads 'x'"),
    ({"repeat": 10**9, "layers": []}, "more than 100,000 layers"),
    ({"repeat": 1000, "layers": [{"repeat": 1000, "layers": ["ReLU"]}]}, "more than 100,000 layers"),
]


@pytest.mark.parametrize(("entry", "message"), MISTAKES, ids=[str(m)[:40] for _, m in MISTAKES])
def test_mistake_is_told_with_its_place(entry, message):
    blocks = {"b": {"vars": {"n": 1}, "layers": []}, "again": {"layers": ["again"]}}
    spec = chain({"Dense": 8}, entry, vars={"d": 8, "zero": 0}, blocks=blocks)
    with pytest.raises(InputError, match=message) as caught:
        summarize(read(spec))
    assert caught.value.problems[0].position is not None


def test_all_independent_mistakes_are_told_in_one_run_even_wrong_shapes():
    spec = {
        "input": [8, 8, 3],
        "layers": [{"Dnse": 3}, {"Conv2D": [4, 50], "inputs": "input"}, {"Dense": 0.5}, {"Dense": 3, "inputs": "x"}],
    }
    assert len(error(spec).splitlines()) == 4


def test_a_mistake_in_a_block_is_told_where_it_is_written_and_where_it_is_used():
    text = """input: [8]
blocks:
  b:
    vars: {n: 1}
    layers:
      - Dense: $(n / 2)
layers:
  - b: 4
  - b: 3
"""
    assert error(text).splitlines() == [
        "model.yaml:6:16: layer Dense: units: expected an integer, got 1.5 (from $(n / 2) with n = 3)",
        "  model.yaml:9:5: in block 'b', used here",
    ]


def test_a_mistake_in_an_unused_block_is_told():
    assert "no layer type 'Dnse'" in error(chain("ReLU", blocks={"b": {"layers": ["Dnse"]}}))


@pytest.mark.parametrize(
    ("sets", "message"),
    [({"dd": "3"}, "did you mean 'd'?"), ({"d": "many"}, "expected a number such as 8, got 'many'")],
)
def test_set_is_checked(sets, message):
    assert message in error(chain({"Dense": "$d"}, vars={"d": 8}), sets=sets)


@each(
    "spec, message",
    [
        ({"layers": ["ReLU"]}, "a spec needs an input"),
        ({"input": [8]}, "a spec needs layers"),
        ({"input": [8], "layers": []}, "the spec has no layers"),
        ({"input": 8, "layers": ["ReLU"]}, "write \\[8\\]"),
        ({"input": [0], "layers": ["ReLU"]}, "a dimension is a positive integer"),
        ({"input": [True], "layers": ["ReLU"]}, "a dimension is a positive integer"),
        ({"input": [8], "inputs": {"a": [8]}, "layers": ["ReLU"]}, "either input or inputs"),
        ({"input": {"shape": [8], "dtype": "int31"}, "layers": ["ReLU"]}, "did you mean 'int32'"),
        ({"input": [8], "layers": ["ReLU"], "output": ["x"]}, "unknown key 'output'; did you mean 'outputs'"),
        ({"input": [8], "layers": ["ReLU"], "outputs": ["x"]}, "there is no layer or input 'x' here"),
        ({"input": [8], "layers": ["ReLU"], "tied": [["a"]]}, "tied: expected two or more weights"),
        ({"input": [8], "layers": ["ReLU"], "tied": [["a.b", "c.d"]]}, "tied: there is no weight 'a.b'"),
        ({"input": [8], "layers": ["ReLU"], "vars": {"min": 3}}, "a variable cannot be called 'min'"),
        ({"input": [8], "layers": ["ReLU"], "blocks": {"Dense": {"layers": []}}}, "that is a layer type"),
    ],
)
def test_mistakes_of_the_spec_as_a_whole(spec, message):
    with pytest.raises(InputError, match=message):
        summarize(read(spec))


def test_blocks_that_double_are_refused_before_they_are_built():
    blocks = {f"b{n}": {"layers": [f"b{n + 1}", f"b{n + 1}"]} for n in range(40)}
    blocks["b40"] = {"layers": ["ReLU"]}
    assert "more than 100,000 layers" in error(chain("b0", blocks=blocks))


def test_deep_nesting_is_refused_not_a_crash():
    blocks = {f"b{n}": {"layers": [f"b{n + 1}"]} for n in range(500)}
    blocks["b500"] = {"layers": ["ReLU"]}
    assert "nested more than 100 deep" in error(chain("b0", blocks=blocks))


def test_wrappers_and_branches_can_be_nested_only_so_deep():
    wrapped = {"Dense": 3}
    for _ in range(150):
        wrapped = {"TimeDistributed": wrapped}
    assert "nested more than 100 deep" in error(chain(wrapped))
    blocks = {
        f"b{n}": {"layers": [{"repeat": 1, "layers": [{"branches": [[f"b{n + 1}"]], "merge": "Add"}]}]}
        for n in range(45)
    }
    assert "nested more than 100 deep" in error(chain("b0", blocks={**blocks, "b45": {"layers": ["ReLU"]}}))


def test_every_cycle_of_a_graph_is_told_and_many_are_quick():
    loops = [{"Add": {}, "name": f"x{n}", "inputs": [f"x{n}", "input"]} for n in range(3)]
    assert [line.count("has a cycle") for line in error(chain(*loops)).splitlines()] == [1, 1, 1]


def test_names_that_only_lead_to_each_other_are_a_cycle():
    loops = [
        {"repeat": 0, "layers": [], "name": "a", "inputs": "b"},
        {"repeat": 0, "layers": [], "name": "b", "inputs": "a"},
    ]
    assert "reads itself: the graph has a cycle" in error(chain(*loops))


def test_entries_that_make_no_layers_are_bounded_too():
    spec = chain({"repeat": 99_999, "layers": [{"repeat": 99_999, "layers": [{"ReLU": None, "when": False}]}]})
    assert "more work than 100,000 layers" in error(spec)


def test_max_layers_can_be_raised_and_lowered():
    spec = chain({"repeat": 30, "layers": ["ReLU"]})
    assert len(read(spec, max_layers=30).nodes) == 30
    assert "more than 29 layers" in error(spec, max_layers=29)


def test_errors_name_a_block_for_an_outside_name():
    spec = chain({"Dense": 8, "name": "a"}, "b", blocks={"b": {"layers": [{"Dense": 8, "inputs": "a"}]}})
    assert "a block sees only its own names: pass it in through the block's inputs" in error(spec)


def test_an_output_that_its_layer_does_not_have_is_an_error():
    with pytest.raises(InputError, match="the model's output 'dense\\[4\\]' is output 4 of a layer that has 1"):
        summarize(load(b"{input: [4], layers: [Dense: 3], outputs: ['dense[4]']}"))


def test_an_output_can_have_another_name_and_an_input_a_fixed_batch():
    summary = summarize(load(b"{input: {shape: [4], batch: 2}, layers: [Dense: 3], outputs: [{scores: dense}]}"))
    assert [(item.name, item.shape) for item in summary.outputs] == [("scores", (2, 3))]


def test_options_are_arguments_of_the_call():
    layers = b"[{Attention: {}, options: {return_attention_scores: true}}]"
    (row,) = summarize(load(b"{input: [5, 4], layers: " + layers + b"}")).layers
    assert row.output_shape == [(None, 5, 4), (None, 5, 5)]


@pytest.mark.parametrize(
    "entry", ["{repeat: 2, layers: [ReLU], options: {}}", "{branches: [[], []], merge: Add, options: {}}"]
)
def test_options_beside_anything_but_a_layer_are_refused(entry):
    with pytest.raises(InputError, match="options are for the call of a single layer"):
        load(f"{{input: [4], layers: [{entry}]}}".encode())
