"""What holds for every spec, whichever it is."""

import json

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paramcalc.analysis.summarize import summarize
from paramcalc.errors import InputError, Position
from paramcalc.formats import load
from paramcalc.formats.native.expressions import ExpressionError
from paramcalc.formats.native.interpreter import evaluate_expression

RELAXED = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])

# -- the same model in any form ------------------------------------------------------------------------

LAYERS = st.sampled_from(
    [
        ("Dense", {"units": 4}),
        ("Dense", {"units": 3, "activation": "relu", "use_bias": False}),
        ("LayerNormalization", {}),
        ("ReLU", {}),
        ("Dropout", {"rate": 0.5}),
        ("PReLU", {}),
        ("BatchNormalization", {"axis": -1, "momentum": 0.9}),
    ]
)
FORMS = st.sampled_from(["short", "long", "positional", "bare", "expression"])


def written(type_, fields, form):
    if form == "long":
        return {"type": type_, **fields}
    if form == "positional":
        return {type_: list(fields.values())} if list(fields) != ["units", "activation", "x"] else {type_: fields}
    if form == "bare" and not fields:
        return type_
    if form == "expression":
        return {type_: {key: f"$({value!r})" if type(value) is int else value for key, value in fields.items()}}
    return {type_: fields}


def summary_of(data):
    summary = summarize(load(data.encode(), name="model"))
    return summary.layers, summary.totals


@RELAXED
@given(st.lists(st.tuples(LAYERS, FORMS), min_size=1, max_size=6))
def test_a_spec_written_as_yaml_json_short_or_long_gives_the_same_summary(layers):
    plain = {"input": [5], "layers": [written(*layer, "short") for layer, _ in layers]}
    mixed = {"input": [5], "layers": [written(*layer, form) for layer, form in layers]}
    expected = summary_of(json.dumps(plain))
    assert summary_of(json.dumps(mixed)) == expected
    assert summary_of(yaml.safe_dump(mixed, sort_keys=False)) == expected
    assert summary_of(yaml.safe_dump(mixed, sort_keys=False, default_flow_style=True)) == expected


# -- random specs over the whole grammar ---------------------------------------------------------------

NAMES = st.sampled_from(["a", "b", "input", "dense", "dense_1", "repeat/0/a", "a[1]", "previous", "x$i", "$n", ""])
VALUES = st.one_of(
    st.integers(-1, 5),
    st.sampled_from(
        [None, True, 2.5, "$n", "$(n / 2)", "$(n +", "$i", "$(i + 1)", "$$", "$(l[i])", "same", [3], [1, 2]]
    ),
)
TYPES = st.sampled_from(
    [
        "Dense",
        "dense",
        "ReLU",
        "Add",
        "Concatenate",
        "LSTM",
        "MultiHeadAttention",
        "Bidirectional",
        "Reshape",
        "Custom",
        "Embedding",
        "Conv1D",
        "one",
        "two",
        "loop",
        "Dnse",
        "$t",
        "TimeDistributed",
        "RNN",
    ]
)
FIELDS = st.dictionaries(
    st.sampled_from(["units", "n", "layer", "cell", "weights", "activation", "q"]), VALUES, max_size=2
)
COMMON = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES,
        "inputs": st.one_of(NAMES, st.lists(NAMES, max_size=3)),
        "trainable": st.sampled_from([True, False, "$(n > 1)", 3]),
        "when": st.sampled_from([True, "$(n > 1)", "$(n == i)", "yes"]),
        "dtype": st.sampled_from(["float16", "mixed_bfloat16", "int3", 4]),
        "extra": VALUES,
    },
)


def merged(parts):
    return {**parts[0], **parts[1]}


def with_common(strategy):
    return st.tuples(strategy, st.one_of(st.just({}), st.just({}), COMMON)).map(merged)


def structures(entries):
    chains = st.lists(entries, max_size=3)
    shorts = st.tuples(TYPES, st.one_of(VALUES, FIELDS, entries)).map(lambda pair: {pair[0]: pair[1]})
    return st.one_of(
        TYPES,
        with_common(shorts),
        with_common(st.fixed_dictionaries({"repeat": st.one_of(st.integers(0, 3), VALUES), "layers": chains})),
        with_common(
            st.fixed_dictionaries({"branches": st.lists(chains, max_size=3), "merge": st.one_of(TYPES, entries)})
        ),
        with_common(st.fixed_dictionaries({"call": NAMES})),
        with_common(st.tuples(TYPES, FIELDS).map(lambda pair: {"type": pair[0], **pair[1]})),
    )


ENTRIES = st.recursive(st.one_of(TYPES, VALUES.map(lambda value: {"Dense": value})), structures, max_leaves=12)
BLOCK = st.fixed_dictionaries(
    {"layers": st.lists(ENTRIES, max_size=3)},
    optional={
        "vars": st.just({"n": 2}),
        "inputs": st.one_of(NAMES, st.lists(NAMES, max_size=2)),
        "outputs": st.lists(NAMES, max_size=2),
        "blocks": st.just({"inner": {"layers": ["ReLU"]}}),
    },
)
SPECS = st.fixed_dictionaries(
    {
        "vars": st.just({"n": 3, "t": "ReLU", "l": [1, 2, 3]}),
        "blocks": st.fixed_dictionaries({"one": BLOCK, "two": BLOCK, "loop": st.just({"layers": ["loop"]})}),
        "layers": st.lists(ENTRIES, max_size=5),
    },
    optional={
        "input": st.sampled_from([[4], [3, 4], [None, 4], 4, {"shape": [3], "dtype": "int32"}]),
        "inputs": st.just({"a": [4], "b": [3, 4]}),
        "outputs": st.one_of(NAMES, st.lists(NAMES, max_size=2)),
        "tied": st.lists(st.lists(st.sampled_from(["dense.kernel", "dense_1.kernel", "x"]), max_size=3), max_size=2),
        "dtype": st.sampled_from(["float16", "nothing"]),
        "budget": VALUES,
    },
)


@settings(RELAXED, max_examples=120)
@given(SPECS)
def test_a_random_spec_gives_a_summary_or_a_located_error(spec):
    summary, problems = outcome(spec)
    assert [problem for problem in problems[:20] if not isinstance(problem.position, Position)] == []
    if summary is None:
        assert problems
    else:
        paths = [row.path for row in summary.layers]
        assert len(set(paths)) == len(paths)
        assert sum(row.params for row in summary.layers) == summary.totals.params


def outcome(spec):
    try:
        return summarize(load(json.dumps(spec).encode(), name="model")), []
    except InputError as error:
        return None, error.problems


# -- sound specs of every construct --------------------------------------------------------------------

SOUND_LAYERS = st.sampled_from(
    [
        "ReLU",
        "one",
        "two",
        "LayerNormalization",
        "$t",
        {"Dense": 4},
        {"Dense": "$n"},
        {"type": "Dense", "units": "$(n)"},
    ]
)
SOUND_COMMON = st.fixed_dictionaries(
    {},
    optional={
        "when": st.sampled_from([True, "$(n > 3)", "$(n < 3)"]),
        "trainable": st.sampled_from([True, False]),
        "inputs": st.sampled_from(["previous", "input", ["previous"]]),
        "dtype": st.sampled_from(["float16", "mixed_bfloat16"]),
    },
)


def sound_structures(entries):
    chains = st.lists(entries, max_size=3)
    merges = st.sampled_from(["Add", {"Average": None}, {"type": "Multiply"}])
    repeats = st.fixed_dictionaries({"repeat": st.sampled_from([0, 1, 2, "$(n - 1)"]), "layers": chains})
    branches = st.fixed_dictionaries({"branches": st.lists(chains, min_size=2, max_size=3), "merge": merges})
    calls = st.sampled_from([{"call": "first"}, {"call": "shared"}, {"Add": {}, "inputs": ["previous", "last"]}])
    return st.one_of(SOUND_LAYERS, with_plain_common(repeats), with_plain_common(branches), calls)


def with_plain_common(strategy):
    return st.tuples(strategy, SOUND_COMMON).map(merged)


SOUND_ENTRIES = st.recursive(SOUND_LAYERS, sound_structures, max_leaves=15)
# `last` is further down, so reading it from before would be a cycle: it hangs on the input alone.
LAST = {"Dense": 4, "name": "last", "inputs": "input"}


def sound_spec(layers, inner):
    blocks = {
        "one": {"vars": {"n": 4}, "layers": [inner, {"Dense": "$n"}]},
        "two": {"layers": [{"branches": [["one"], []], "merge": "Add"}]},
    }
    first = [{"Dense": 4, "name": "first"}, {"one": None, "name": "shared"}]
    rest = [{"Add": {}, "inputs": ["previous", "last"], "name": "end"}, LAST]
    return {"input": [4], "vars": {"n": 4, "t": "PReLU"}, "blocks": blocks, "layers": [*first, *layers, *rest]}


SOUND = st.builds(sound_spec, st.lists(SOUND_ENTRIES, max_size=6), st.sampled_from(["ReLU", {"Dense": 4}, "PReLU"]))


@settings(RELAXED, max_examples=150)
@given(SOUND)
def test_a_sound_random_spec_is_summarised(spec):
    summary, problems = outcome(spec)
    assert problems == []
    paths = [row.path for row in summary.layers]
    assert len(set(paths)) == len(paths)
    assert sum(row.params for row in summary.layers) == summary.totals.params
    assert all(row.params == 0 for row in summary.layers if row.shared_with)


@RELAXED
@given(st.lists(SOUND_ENTRIES, max_size=3), st.integers(0, 4))
def test_a_repeat_costs_what_writing_it_out_costs(layers, times):
    looped, _ = outcome(sound_spec([{"repeat": times, "layers": layers}], "ReLU"))
    flat, _ = outcome(sound_spec(layers * times, "ReLU"))
    assert looped.totals == flat.totals


@RELAXED
@given(SOUND)
def test_a_block_around_everything_changes_no_total(spec):
    plain, _ = outcome(spec)
    layers = json.loads(json.dumps(spec["layers"]))
    blocks = {**spec["blocks"], "all": {"layers": layers}}
    wrapped, problems = outcome({**spec, "blocks": blocks, "layers": ["all"]})
    assert problems == []
    assert wrapped.totals == plain.totals


# -- expressions ---------------------------------------------------------------------------------------


@settings(RELAXED, max_examples=150)
@given(st.text(alphabet="dn0123456789+-*/%()<>=!., []'iforandtmx", max_size=40))
def test_an_expression_gives_a_small_value_or_an_error(text):
    try:
        value = evaluate_expression(text, {"d": 8, "n": 3, "i": 0, "x": [1, 2]})
    except ExpressionError:
        return
    assert isinstance(value, (int, float, str, bool, list, type(None)))
    assert not isinstance(value, (int, float)) or abs(value) < 10**18
