"""YAML: what plain words mean, what is refused and where, and that aliases stay within their limits."""

import math

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import InputError
from paramcalc.formats.text.scalars import explain_scalar, resolve
from paramcalc.formats.text.strict_yaml import parse_yaml
from paramcalc.limits import MAX_DEPTH, MAX_EXPANDED_NODES, MAX_TEXT
from tests.each import each

SURPRISING = [
    "yes",
    "no",
    "on",
    "off",
    "y",
    "n",
    "Yes",
    "NO",
    "On",
    "010",
    "-017",
    "0o10",
    "0x1F",
    "0b11",
    "1:30",
    "1_000",
    "2024-01-01",
    "2024-13-45",
    "0x_",
    "08",
    "tRUE",
    "nULL",
    "e5",
    "1e",
    ".",
    "-",
    "+",
    "--",
    "1.2.3",
    "inf",
    "nan",
    "NaN",
    "relu",
    "tanh",
    "3x3",
    ".e5",
    "1e5x",
    "٣",
]


def value(text):
    return parse_yaml(text, "f")[0]


def error(text):
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "f")
    return str(caught.value)


@each(
    "word, expected",
    [
        *[(word, None) for word in ("null", "Null", "NULL", "~", "")],
        *[(word, True) for word in ("true", "True", "TRUE")],
        *[(word, False) for word in ("false", "False", "FALSE")],
        ("0", 0),
        ("-0", 0),
        ("12", 12),
        ("+12", 12),
        ("-7", -7),
        ("999999999999999999", 999999999999999999),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1.", 1.0),
        ("1e5", 1e5),
        ("1e-5", 1e-5),
        ("1E+5", 1e5),
        ("-1.5e3", -1500.0),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
        *[(word, word) for word in SURPRISING],
    ],
)
def test_a_plain_word_means_what_every_reader_agrees_on_else_itself(word, expected):
    assert resolve(word) == expected
    assert type(resolve(word)) is type(expected)


@pytest.mark.parametrize("word", ["true", "null", "12", "1.5", "~", "", ".nan"])
@pytest.mark.parametrize("quote", ["'", '"'])
def test_a_quoted_word_is_text(word, quote):
    assert value(f"a: {quote}{word}{quote}") == {"a": word}


@each(
    "word, words",
    [
        ("no", "reads no as false; write false"),
        ("Yes", "reads Yes as true; write true"),
        ("on", "write true"),
        ("off", "write false"),
        ("010", "reads 010 as the octal number 8; write 8 or 10"),
        ("-017", "octal number -15; write -15 or -17"),
        ("0o10", "octal number 8; write 8"),
        ("0x1F", "write 31"),
        ("0b11", "write 3"),
        ("1:30", "reads 1:30 as the number 90"),
        ("-1:30", "-90"),
        ("1_000", "write 1000"),
        ("2024-01-01", "a date"),
        *[(word, None) for word in ("same", "0x_", "0xg", "", "conv_1", "1.5", "notes", "__", "12:99")],
    ],
)
def test_what_other_readers_make_of_a_word_is_explained(word, words):
    explained = explain_scalar(word)
    assert explained is None if words is None else words in explained


@given(st.text(max_size=30))
def test_explaining_never_fails(text):
    explain_scalar(text)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats() | st.text("ab 1:#-é", max_size=9),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4),
        max_leaves=20,
    ),
    st.booleans(),
)
def test_what_pyyaml_writes_is_read_back(data, flow):
    text = yaml.safe_dump(data, default_flow_style=flow, sort_keys=False)
    assert repr(value(text)) == repr(data)


@each(
    "text, expected",
    [
        ("a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
        ("a: &x 1\nb: *x\n", {"a": 1, "b": 1}),
        ("a: &x 1\nb: &x 2\nc: *x\n", {"a": 1, "b": 2, "c": 2}),
        ("&k a: 1\nb: *k\n", {"a": 1, "b": "a"}),
        ("a: &x {p: 1, q: 2}\nb: {<<: *x, q: 3}\n", {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}),
        ("a: &x {p: 1, q: 2}\nb: {q: 3, <<: *x}\n", {"a": {"p": 1, "q": 2}, "b": {"p": 1, "q": 3}}),
        ("b: {<<: [{p: 1}, {p: 2, q: 2}]}\n", {"b": {"p": 1, "q": 2}}),
        ("b: &m {<<: {p: 1}}\nc: *m\n", {"b": {"p": 1}, "c": {"p": 1}}),
        ("'<<': 1\n", {"<<": 1}),
        ("a: |\n  x\n  y\n", {"a": "x\ny\n"}),
        ("a: >-\n  x\n  y\n", {"a": "x y"}),
        ("- a\n- [b, {c: d}]\n", ["a", ["b", {"c": "d"}]]),
        ("", None),
        ("# only\n", None),
    ],
)
def test_anchors_aliases_merges_and_blocks_work(text, expected):
    assert value(text) == expected


def test_aliases_share_the_value():
    read = value("a: &x [1]\nb: *x\n")
    assert read["a"] is read["b"]


def test_duplicates_are_refused_with_both_places():
    assert error("a: 1\nb: 2\na: 3\n") == "f:3:1: duplicate key 'a'\n  f:1:1: first used here"


def test_independent_problems_are_told_in_one_run():
    text = "a: 1\na: 2\n5: x\nb: !!int 3\nc: 1234567890123456789\n"
    assert [line.split(": ")[0] for line in error(text).splitlines() if not line.startswith(" ")] == [
        "f:2:1",
        "f:3:1",
        "f:4:4",
        "f:5:4",
    ]


def test_at_most_twenty_problems_are_gathered():
    with pytest.raises(InputError) as caught:
        parse_yaml("\n".join("a: 1" for _ in range(100)), "f")
    assert len(caught.value.problems) == 20


def nested(depth):
    return "a: " + "[" * (depth - 1) + "]" * (depth - 1)


def test_the_depth_limit_holds_from_both_sides():
    value(nested(MAX_DEPTH))
    assert f"nested more than {MAX_DEPTH} deep" in error(nested(MAX_DEPTH + 1))


def test_the_depth_limit_counts_what_aliases_stand_for():
    half = "[" * 99 + "1" + "]" * 99
    value(f"a: &x {half}\nb: {half.replace('1', '*x')}")
    assert "deep through this alias" in error(f"a: &x {half}\nb: [{half.replace('1', '[*x]')}]")


def test_a_file_may_be_as_large_as_it_likes_without_aliases():
    assert len(value("[" + "x, " * (MAX_EXPANDED_NODES + 10) + "]")) == MAX_EXPANDED_NODES + 10


def test_the_expansion_limit_holds_from_both_sides():
    hundred = "a: &a [" + "x, " * 99 + "]\n"
    value(hundred + "b: [" + "*a, " * 1900 + "]")
    thousands = hundred + "b: &b [" + "*a, " * 100 + "]\nc: ["
    value(thousands + "*b, " * 18 + "]")
    assert "aliases make the file larger than 200,000 nodes" in error(thousands + "*b, " * 22 + "]")


def test_the_text_limit_holds_from_both_sides():
    assert len(value("a: '" + "x" * MAX_TEXT + "'")["a"]) == MAX_TEXT
    assert "longer than 65,536" in error("a: '" + "x" * (MAX_TEXT + 1) + "'")


def test_the_digits_limit_holds_from_both_sides():
    assert value("a: -" + "9" * 18) == {"a": -(10**18 - 1)}
    assert "19 digits" in error("a: " + "9" * 19)


@pytest.mark.parametrize(("word", "flag"), [(".nan", True), ("1e999", True), ("1e5", False), ("'.nan'", False)])
def test_numbers_that_are_not_finite_are_reported(word, flag):
    assert parse_yaml(f"a: {word}", "f")[1] is flag


@pytest.mark.parametrize("character", [0x85, 0x2028, 0x2029, 0x0, 0x1B, 0x7F, 0x9B, 0xFFFE])
def test_characters_that_hide_or_control_are_refused_with_their_place(character):
    assert error(f"a: 1\n# x{chr(character)}b: 2\n").startswith("f:2:4: ")


def test_a_value_too_long_for_a_plain_word_is_refused_too():
    assert "longer than 65,536" in error("a: " + "x" * (MAX_TEXT + 1))


def test_a_list_that_a_keras_file_tags_as_pythons_tuple_is_a_list():
    """Keras 1 and 2 wrote tuples so, with anchors where they wrote one twice."""
    text = "a: !!python/tuple [1, 2]\nb: &x !!python/tuple\n- null\nc: *x\nclass_name: Model"
    assert value(text) == {"a": [1, 2], "b": [None], "c": [None], "class_name": "Model"}


def test_a_text_that_a_keras_file_tags_as_pythons_is_text():
    """Python 2 wrote its other kind of text so; quoted or not, keys too."""
    text = "backend: !!python/unicode 'tensorflow'\n!!python/str a: !!python/str 12\nclass_name: Model"
    assert value(text) == {"backend": "tensorflow", "a": "12", "class_name": "Model"}


def test_a_second_model_in_a_keras_file_is_told_at_once():
    """Files opened to append: the other keys need not be told as well."""
    model = "backend: tensorflow\nclass_name: Model\nconfig: []\n"
    assert error(model * 2).startswith("f:4:1: a second model begins here, but a file holds one")


@pytest.mark.parametrize(
    "text",
    [
        "class_name: Model\na: !!python/tuple {b: 1}",
        "class_name: Model\na: !!python/unicode [b]",
        "input: !!python/unicode 'a'",
        "class_name: Model\na: !!python/tuple x",
        "class_name: Model\na: !!python/list [1]",
        "input: !!python/tuple [1]",
        "!!python/tuple [class_name]",
    ],
)
def test_any_other_tag_and_that_of_a_tuple_anywhere_else_is_refused(text):
    assert "tags are not read" in error(text)
