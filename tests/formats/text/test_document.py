"""Which format a text is, where its values stand, and which of two errors helps more."""

import gc
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import InputError, load
from paramcalc.errors import at_key
from paramcalc.formats.text.document import parse
from paramcalc.formats.text.strict_json import leaves
from tests.each import each


def error(data):
    with pytest.raises(InputError) as caught:
        parse(data if isinstance(data, bytes) else data.encode(), "f")
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ('{"a": 1}', "json", {"a": 1}),
        (' \n[1, "x"]', "json", [1, "x"]),
        ("{a: 1}", "yaml", {"a": 1}),
        ('{"a": 1,}', "yaml", {"a": 1}),
        ('{"a": 1} # why', "yaml", {"a": 1}),
        ("[a, b]", "yaml", ["a", "b"]),
        ("a: 1", "yaml", {"a": 1}),
        ('"a": 1', "yaml", {"a": 1}),
        ('"text"', "json", "text"),
        ('"{\\"a\\": 1}"', "json", {"a": 1}),
        ("", "yaml", None),
    ],
)
def test_the_format_is_chosen_by_content(text, kind, value):
    document = parse(text.encode(), "f")
    assert (document.kind, document.value) == (kind, value)


@pytest.mark.parametrize(
    "encoded",
    [
        b"\xef\xbb\xbfa: \xc3\xa9",
        b"\xff\xfe" + "a: é".encode("utf-16-le"),
        b"\xfe\xff" + "a: é".encode("utf-16-be"),
        b"\xff\xfe\0\0" + "a: é".encode("utf-32-le"),
        b"\0\0\xfe\xff" + "a: é".encode("utf-32-be"),
    ],
)
def test_every_unicode_encoding_with_a_mark_is_read(encoded):
    assert parse(encoded, "f").value == {"a": "é"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1} x', "f:1:10: not valid JSON: something follows"),
        ('{"a": 1}\n{"a": 2}', "f:2:1: a second JSON begins here"),
        ("{'class_name': 'Model',\n 'config': None}", "f:2:12: None is Python's"),
        ('{"a": [1, 2', "f:1:12: the JSON ends in the middle"),
        ('{"a": "b', "f:1:7: the JSON ends in the middle"),
        ("{a: 1", "f:2:1: not valid YAML"),
        ("{a: [1, }", "f:1:9: not valid YAML"),
        ('{"a": 1, "a": 2}', "duplicate key 'a'"),
        ('"{\\"a\\": "', "one JSON text, which holds something that is not JSON"),
        (b"a: \xff", "f:1:4: this is not UTF-8 text"),
        ("é: 1\nb: ü\n".encode("latin-1"), "f:1:1: this is not UTF-8 text"),
    ],
)
def test_the_error_that_got_further_is_the_one_shown(text, words):
    assert words in error(text)


YAML = """\
name: x
base: &b
  units: 3
layers:
  - Dense: {units: 4,
            use_bias: no}
  - Dense:
      <<: *b
      name: y
  - [1, [2, 3]]
"""


@each(
    "where, key, place",
    [
        ((), False, (1, 1)),
        (("name",), False, (1, 7)),
        (("name",), True, (1, 1)),
        (("layers",), False, (4, 1)),
        (("layers", 0), False, (5, 5)),
        (("layers", 0, "Dense"), False, (5, 5)),
        (("layers", 0, "Dense", "use_bias"), False, (6, 23)),
        (("layers", 0, "Dense", "use_bias"), True, (6, 13)),
        (("layers", 0, "Dense", "nothing"), False, (5, 5)),
        (("layers", 1, "Dense", "units"), False, (3, 10)),
        (("layers", 1, "Dense", "name"), False, (9, 13)),
        (("layers", 2, 1, 1), False, (10, 13)),
        (("layers", 9), False, (4, 1)),
        (("name", "below", "text"), False, (1, 7)),
        (("layers", "text"), False, (4, 1)),
    ],
)
def test_a_place_in_yaml_has_its_line_and_column(where, key, place):
    assert parse(YAML.encode(), "f").locate(at_key(where) if key else where) == place


JSON = '{"a": {"b": [10, {"c\\u0041": 2}], "n": 99999999999999999},\n "d" : "x"}'


@pytest.mark.parametrize(
    ("where", "key", "place"),
    [
        ((), False, (1, 1)),
        (("a",), False, (1, 2)),
        (("a", "b"), False, (1, 8)),
        (("a", "b", 0), False, (1, 14)),
        (("a", "b", 1), False, (1, 18)),
        (("a", "b", 1, "cA"), False, (1, 30)),
        (("a", "b", 1, "cA"), True, (1, 19)),
        (("d",), False, (2, 8)),
        (("d",), True, (2, 2)),
        (("a", "zzz"), False, (1, 2)),
        (("a", "b", 7), False, (1, 8)),
    ],
)
def test_a_place_in_json_has_its_line_and_column(where, key, place):
    assert parse(JSON.encode(), "f").locate(at_key(where) if key else where) == place


TREES = st.recursive(
    st.integers(0, 99) | st.text('ab:{}[]"\\ é', max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text("abc", min_size=1), inner, max_size=4),
    max_leaves=20,
)


@given(
    st.dictionaries(st.text("abc", min_size=1), TREES, max_size=4),
    st.lists(TREES, max_size=2),
    st.sampled_from([None, 1]),
)
def test_every_leaf_of_json_is_found_where_it_stands(data, many, indent):
    """From the last to the first, and in a long list as well."""
    data["long"] = [7, "x"] * 33 + many * 17
    text = json.dumps(data, indent=indent, ensure_ascii=False)
    document = parse(text.encode(), "f")
    for where, leaf in reversed(list(leaves(data))):
        line, column = document.locate(where)
        rest = text.split("\n")[line - 1][column - 1 :]
        expected = json.dumps(leaf, ensure_ascii=False)
        assert rest.startswith(expected) or leaf in ([], {})


def test_a_json_in_a_json_string_is_at_its_start():
    assert parse(json.dumps('{"a": 1}').encode(), "f").locate(("a",)) == (1, 1)


@pytest.mark.parametrize("text", ['{"a": [1, NaN], "b": -Infinity, "c": 1e999}', "{a: [1, .nan], b: -.inf, c: 1e999}"])
def test_the_places_of_numbers_that_are_not_finite_are_listed(text):
    assert parse(text.encode(), "f").non_finite == (("a", 1), ("b",), ("c",))


def test_the_size_limits_hold_and_can_be_raised(monkeypatch):
    monkeypatch.setenv("PARAMCALC_MAX_MIB", "1")
    for opening in ("a: ", '{"a": '):
        assert "larger than 1 MiB" in error(opening + " " * 2**20)
    monkeypatch.setenv("PARAMCALC_MAX_MIB", "2")
    assert parse(b"a: 1" + b" " * 2**20, "f").value == {"a": 1}


@pytest.mark.parametrize("text", [b"a: 1", b"a: [", b'{"a": 1, "a": 2}'])
def test_the_garbage_collector_is_left_as_it_was(text):
    for enabled in (True, False):
        (gc.enable if enabled else gc.disable)()
        try:
            parse(text, "f")
        except InputError:
            pass
        finally:
            left = gc.isenabled()
            gc.enable()
        assert left is enabled


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("input: [4]\nlayers:\n  - Dense: {units: 3, ¦unitz: 4}\n", "layer Dense: unknown field 'unitz'"),
        ("input: [4]\nlayers:\n  - Dense:\n      units: 3\n      ¦name: d\n", "'name' stands beside Dense"),
        ("input: [4]\nlayers:\n  - {Dense: 3, ¦colour: 4}\n", "unknown key 'colour'"),
        ("vars: {¦i: 3}\ninput: [4]\nlayers: [Dense: 3]\n", "a variable cannot be called 'i'"),
        ("inputs: {a: {shape: [4], ¦size: 3}}\nlayers: [Dense: 3]\n", "an input takes shape"),
        ("inputs: {a: {shape: [4], batch: ¦1.0}}\nlayers: [Dense: 3]\n", "a dimension is a positive integer"),
        ('{"input": [4], "layers": [{"Dense": {"units": 3, ¦"unitz": 4}}]}', "layer Dense: unknown field 'unitz'"),
        ('{"input": [4], ¦"\\ud800": 1, "layers": []}', "a string holds half of a surrogate pair"),
        ('{"class_name": "Sequential", "config": {"layers": [{"class_name": "Dense", "config": {¦"unit": 3}}]}}', ""),
        (
            '{"class_name": "Sequential", "config": {"layers": [\n'
            '{"class_name": "Dense", "config": {"units": 3, "trainable": ¦0}}]}}',
            "layer Dense: trainable: expected true or false, got 0",
        ),
    ],
)
def test_an_error_about_a_key_is_at_the_key_and_one_about_a_value_at_the_value(text, place):
    """The mark stands before what is wrong."""
    before, after = text.split("¦")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
    with pytest.raises(InputError) as caught:
        load((before + after).encode(), name="f")
    assert f"f:{line}:{column}: {place}" in str(caught.value)
