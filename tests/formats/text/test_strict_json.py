"""JSON: as the standard json reads it, or refused; the quick way and the careful one agree."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paramcalc import InputError
from paramcalc.formats.text import strict_json
from paramcalc.formats.text.strict_json import depth_of, leaves, parse_json
from paramcalc.limits import MAX_DEPTH

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**17), 10**17) | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=30,
)


def error(text):
    with pytest.raises(InputError) as caught:
        parse_json(text, "f")
    return str(caught.value)


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_what_json_writes_is_read_as_json_reads_it(data, ascii_only, indent):
    text = json.dumps(data, ensure_ascii=ascii_only, indent=indent)
    assert repr(parse_json(text, "f")[0]) == repr(json.loads(text))


@given(VALUES)
def test_the_quick_way_and_the_careful_one_agree(data):
    text = json.dumps(data, ensure_ascii=False)
    assert repr(parse_json(text, "f")) == repr(strict_json._parse_carefully(text, "f"))


@given(st.lists(st.sampled_from(["a", "b", ":", '":', "\\u003a", "\\u0061"]), max_size=5), st.sampled_from(["", " "]))
def test_no_duplicate_key_slips_through(keys, blank):
    text = "{" + ",".join('"{}"{}:1'.format(key.replace('"', '\\"'), blank) for key in keys) + "}"
    pairs = json.loads(text, object_pairs_hook=list)
    if len({key for key, _ in pairs}) == len(pairs):
        parse_json(text, "f")
    else:
        assert "duplicate key" in error(text)


@given(st.lists(st.tuples(st.text(':" {}[]', max_size=3), st.text(':" {}[],', max_size=5)), max_size=5))
def test_punctuation_in_texts_changes_nothing(pairs):
    text = "{" + ",".join(f"{json.dumps(key)}:{json.dumps(item)}" for key, item in pairs) + "}"
    if len({key for key, _ in pairs}) == len(pairs):
        assert parse_json(text, "f")[0] == dict(pairs)
    else:
        assert "duplicate key" in error(text)


def test_duplicates_are_refused_with_both_places():
    assert error('{"a": 1,\n "b": {"c": 2, "c": 3}}') == "f:2:16: duplicate key 'c'\n  f:2:8: first used here"


@pytest.mark.parametrize("brackets", ["[]", "{}"])
def test_the_depth_limit_holds_from_both_sides(brackets):
    opening = '{"a":' if brackets == "{}" else "["

    def nested(depth):
        return opening * depth + "1" + brackets[1] * depth

    assert depth_of(parse_json(nested(MAX_DEPTH), "f")[0]) == MAX_DEPTH
    for depth in (MAX_DEPTH + 1, 999, 5000, 200_000):
        assert f"nested more than {MAX_DEPTH} deep" in error(nested(depth))


@pytest.mark.parametrize("depth", [MAX_DEPTH + 1, 700, 999])
def test_brackets_and_quotes_in_texts_do_not_hide_the_depth(depth):
    """Each list begins with a text that closes it, and ends with one that opens it, for who only looks at brackets."""
    closing, opening = '"\\"]\\""', '"\\"[\\""'
    text = f"[{closing}," * depth + "1" + f",{opening}]" * depth
    assert f"nested more than {MAX_DEPTH} deep" in error(text)
    assert depth_of(parse_json(f"[{closing}, {opening}]", "f")[0]) == 1


@pytest.mark.parametrize("number", ["999999999999999999", "-999999999999999999", "0.0010000000474974513", "1e308"])
def test_numbers_of_ordinary_size_are_read(number):
    assert parse_json(f"[{number}]", "f") == ([json.loads(number)], False)


@pytest.mark.parametrize("digits", [19, 20, 25, 4300, 4301, 100_000])
@pytest.mark.parametrize("sign", ["", "-"])
def test_huge_integers_are_refused_with_their_place(digits, sign):
    assert error('{"a":\n [1, ' + sign + "1" * digits + "]}") == "f:2:6: an integer of more than 18 digits"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" + "0" * 400 + ".0"])
def test_numbers_that_are_not_finite_are_read_and_reported(number):
    value, flag = parse_json(f"[1.5, {number}]", "f")
    assert flag
    assert not math.isfinite(value[1])


@pytest.mark.parametrize("text", ['["\\ud800"]', '["\\udc00"]', '{"\\ud83d": 1}', '["\\udc00\\ud800"]', '["\\uD800x"]'])
def test_half_characters_are_refused(text):
    assert "surrogate" in error(text)


@pytest.mark.parametrize("text", ['["\\ud83d\\ude00"]', '["\\\\ud800"]'])
def test_whole_characters_are_read(text):
    assert parse_json(text, "f")[0] == json.loads(text)


@pytest.mark.parametrize("text", ["", "{", "[1,]", "{'a': 1}", '{"a" 1}', "nul", "[01]", '["\n"]', "[1] 2", "\ufeff[]"])
def test_what_is_not_json_is_told_so(text):
    with pytest.raises(json.JSONDecodeError):
        parse_json(text, "f")


def test_leaves_come_in_the_order_of_the_document():
    assert list(leaves({"a": [1, {"b": 2}], "c": []})) == [(("a", 0), 1), (("a", 1, "b"), 2), (("c",), [])]
