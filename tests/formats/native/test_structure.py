"""What gives a spec the shape of modules: groups, numbered entries, blocks in blocks, lists that are worked out."""

import pytest

from paramcalc import InputError, load, summarize
from tests.each import each


def read(text):
    return summarize(load(text.encode()))


def paths(text):
    return [row.path for row in read(text).layers]


def test_a_group_is_a_level_of_paths_and_sees_the_names_outside():
    spec = """{input: [4], layers: [{Dense: 8, name: a}, {name: mlp, layers: [{Dense: 4, name: up},
        {Dense: 4, name: again, inputs: a}]}, {Dense: 2, name: b, inputs: mlp}, {Dense: 2, inputs: mlp/up}]}"""
    assert paths(spec) == ["a", "mlp/up", "mlp/again", "b", "dense"]


def test_a_group_may_be_left_out_and_frozen_as_a_whole():
    spec = "{input: [4], layers: [{name: g, layers: [Dense: 8], when: %s, trainable: false}, Dense: 2]}"
    totals = read(spec % "true").totals
    assert (totals.params, totals.trainable_params) == (40 + 18, 18)
    assert read(spec % "false").totals.params == 10


@pytest.mark.parametrize("entry", ["{layers: [Dense: 8], name: ''}", "{b: {}, name: ''}", "{b: {}, name: $(x)}"])
def test_what_has_an_empty_name_is_no_level_of_paths(entry):
    blocks = "vars: {x: ''}, blocks: {b: {inputs: x, layers: [Dense: 8]}}"
    assert paths(f"{{input: [4], {blocks}, layers: [{entry}, Dense: 2]}}") == ["dense", "dense_1"]


def test_a_layer_must_have_a_name():
    with pytest.raises(InputError, match="a name has 1 to 256 characters"):
        read("{input: [4], layers: [{Dense: 8, name: ''}]}")


def test_a_block_without_a_level_may_not_call_its_input_like_something_around_it():
    with pytest.raises(InputError, match="the name 'a' is already taken"):
        read("{input: [4], blocks: {b: {inputs: a, layers: [ReLU]}}, layers: [{Dense: 8, name: a}, {b: {}, name: ''}]}")


def test_each_calls_an_entry_by_its_number():
    spec = "{input: [4], blocks: {b: {layers: [{Dense: 4, name: d}]}}, layers: [{repeat: 2, name: layers, each: b}]}"
    assert paths(spec) == ["layers/0/d", "layers/1/d"]
    assert paths("{input: [4], layers: [{repeat: 2, name: m, each: {Dense: $(i + 1)}}]}") == ["m/0", "m/1"]


def test_each_may_be_of_another_type_each_time():
    spec = """{input: [4], vars: {kinds: [wide, narrow, wide]}, blocks: {wide: {layers: [Dense: 9]},
        narrow: {layers: [Dense: 1]}}, layers: [{repeat: 3, name: m, each: {type: '$(kinds[i])'}}]}"""
    assert [row.output_shape for row in read(spec).layers] == [(None, 9), (None, 1), (None, 9)]


def test_a_block_inside_another_sees_its_variables():
    spec = """{input: [4], blocks: {outer: {vars: {units: 3}, blocks: {inner: {vars: {more: 1},
        layers: [Dense: $(units + more)]}}, layers: [inner]}}, layers: [{outer: 7}, outer]}"""
    assert [row.output_shape for row in read(spec).layers] == [(None, 8), (None, 4)]


@pytest.mark.parametrize(("when", "params"), [("true", 20), ("$(x == 1)", 20), ("false", 40)])
def test_weights_may_be_tied_under_a_condition(when, params):
    layers = "layers: [{Dense: 4, name: a}, {Dense: 4, name: b}]"
    tied = f"tied: [{{weights: [a.kernel, b.kernel], when: {when}}}, {{weights: [a.bias, b.bias], when: {when}}}]"
    assert read(f"{{input: [4], vars: {{x: 1}}, {layers}, {tied}}}").totals.params == params


def test_a_block_ties_weights_of_its_own_each_time_it_is_used():
    """Two uses, each with two equal Dense layers whose kernels are one tensor; a further call has the first's."""
    pair = "{vars: {n: 4}, layers: [{Dense: $n, name: a}, {Dense: $n, name: b}], tied: [[a.kernel, b.kernel]]}"
    layers = "[{pair: 4, name: p}, {pair: 4, name: q}, {call: p}]"
    assert read(f"{{input: [4], blocks: {{pair: {pair}}}, layers: {layers}}}").totals.params == 2 * (16 + 4 + 4)


def test_an_expression_may_make_several_groups_of_ties():
    """Four equal layers, the second and the fourth of which are the first and the third."""
    tied = """tied: ["$([['a/' + text(2 * i) + '.kernel', 'a/' + text(2 * i + 1) + '.kernel'] for i in range(2)])"]"""
    layers = "layers: [{repeat: 4, name: a, each: {Dense: 4}}]"
    assert read(f"{{input: [4], {layers}, {tied}}}").totals.params == 2 * 16 + 4 * 4


def test_a_condition_of_a_tie_is_true_or_false():
    with pytest.raises(InputError, match="when: expected true or false, got 3"):
        read("{input: [4], layers: [{Dense: 4, name: a}], tied: [{weights: [a.kernel, a.bias], when: 3}]}")


@each(
    "expression, units",
    [
        ("5 if 3 in sizes else 6", 5),
        ("5 if 4 in sizes else 6", 6),
        ("5 if 4 not in sizes else 6", 5),
        ("5 if 'b' in ['a', 'b'] else 6", 5),
        ("[7, 8, 9][1]", 8),
        ("7 if 'M*-'[1] == '*' else 8", 7),
        ("[i * i for i in range(4)][3]", 9),
        ("len([1 for n in range(len(sizes))])", 3),
        ("[i for i in range(9) if i % 4 == 3][-1]", 7),
        ("len('a' + text(12))", 3),
        ("largest([2, 5, 3])", 5),
        ("values(nested.deep)[0]", 11),
        ("5 if is_list(sizes) and not is_list(2) else 6", 5),
        ("nested.deep.units", 11),
        ("nested['deep'].units", 11),
        ("nested.missing or 12", 12),
    ],
)
def test_expressions_make_and_search_lists_and_look_into_mappings(expression, units):
    variables = "vars: {sizes: [1, 2, 3], nested: {deep: {units: 11}}}"
    spec = f'{{input: [4], {variables}, layers: [Dense: "$({expression})"]}}'
    assert read(spec).layers[0].output_shape == (None, units)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("3 in 5", "this looks for a number or a text in a list"),
        ("[[1 for i in range(2)] for i in range(2)]", "a list cannot be written inside another"),
        ("[i for i in [1, 2]]", r"a list is written \[… for i in range\(n\)\]"),
        ("[i for i in range(3) for j in range(3)]", r"a list is written \[… for i in range\(n\)\]"),
        ("[i for i in range(3) if j]", "there is no variable 'j' here"),
        ("[i for i in range(5000)]", "range is for numbers from 0 to 1,024, not 5000"),
        ("d.units", "4 is not a mapping"),
        ("d['units']", "4 is not a list"),
    ],
)
def test_what_is_wrong_with_a_list_is_said(expression, message):
    with pytest.raises(InputError, match=message):
        read(f'{{input: [4], vars: {{d: 4}}, layers: [Dense: "$({expression})"]}}')


def test_lists_that_are_made_again_and_again_count_as_work():
    spec = "{input: [4], layers: [{repeat: 5000, layers: [{Dense: '$(len([i for i in range(1000)]))'}]}]}"
    with pytest.raises(InputError, match="takes more work than"):
        read(spec)


def test_a_layer_in_a_group_may_have_the_name_of_the_group():
    spec = """{input: [4], layers: [{name: gate, layers: [{Dense: 3, name: ''}, {Dense: 2, name: more}]},
        {Dense: 5, inputs: gate}]}"""
    assert paths(spec) == ["gate", "gate/more", "dense"]


def test_only_one_layer_may_have_the_name_of_its_group():
    with pytest.raises(InputError, match="a name has 1 to 256 characters"):
        read("{input: [4], layers: [{name: gate, layers: [{Dense: 3, name: ''}, {Dense: 2, name: ''}]}]}")


def test_a_later_call_can_itself_be_called_by_its_path():
    """Inside a block that is called again, the path of the block has a number, too, which stays."""
    spec = """{input: [4], blocks: {twice: {layers: [{Dense: 4, name: d}, {call: d}, {call: "d#2"}]}},
        layers: [{twice: {}, name: a}, {call: a}]}"""
    assert paths(spec) == ["a/d", "a/d#2", "a/d#3", "a#2/d", "a#2/d#2", "a#2/d#3"]


def test_a_layer_without_a_name_of_its_own_is_called_like_what_it_stands_in():
    model = load(b'{framework: torch, input: [4], layers: [{name: gate, layers: [{Linear: 2, name: ""}]}]}')
    (row,) = summarize(model).layers
    assert (row.path, row.name) == ("gate", "gate")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("sum([1, 2, 4])", 7),
        ("len(pair(5))", 2),
        ("pair([3, 4])[1]", 4),
        ("len(items(9))", 1),
        ("items([8, 9])[0]", 8),
        ("len([1] + [2, 3])", 3),
    ],
)
def test_lists_in_expressions(expression, value):
    assert read(f"{{input: [4], layers: [{{Dense: '$({expression})'}}]}}").layers[0].output_shape == (None, value)


@pytest.mark.parametrize(
    ("expression", "message"),
    [("sum(3)", "there is no function 'sum'"), ("pair('a')", "is not a number"), ("sum(['a'])", "is not a number")],
)
def test_what_is_no_list_of_numbers_is_refused(expression, message):
    with pytest.raises(InputError, match=message):
        read(f'{{input: [4], layers: [{{Dense: "$({expression})"}}]}}')


@pytest.mark.parametrize(("wanted", "names"), [("true", ["a", "b"]), ("false", ["b"])])
def test_outputs_may_be_the_last_entry_by_an_expression(wanted, names):
    layers = "layers: [{Dense: 3, name: a}, {Dense: 2, name: b}]"
    spec = f'{{input: [4], vars: {{all: {wanted}}}, {layers}, outputs: \'$(["a", "b"] if all else null)\'}}'
    assert [output.name for output in load(spec.encode()).outputs] == names


def test_a_variable_may_be_called_like_a_function_that_came_later():
    spec = '{input: [4], vars: {sum: 3, text: [1, 2]}, layers: [Dense: "$(sum + sum(text) + len(text(sum)))"]}'
    assert read(spec).layers[0].output_shape == (None, 7)
