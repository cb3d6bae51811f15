"""The patterns of other people's files against Python's own engine, and in the time that it would not take."""

import random
import re
import time

import pytest

from paramcalc.formats.adapters.regex import MAX_PATTERN, Pattern, PatternError
from tests.each import each

PATTERNS = (
    r"q_proj|v_proj",
    r".*\.(q|v)_proj",
    r"^(?!.*visual).*(?:q_proj|k_proj|gate_proj).*$",
    r"model\.layers\.\d+\.(self_attn|mlp)\..*",
    r"(.*\.)?(model\.layers\.[0-5]\.q)$",
    r"\w+\.[\w.]+",
    r"(?=.*lay).*1.*",
    r".*?layers\.(1|2)\..+?proj",
    r"x?[^abc]+|a{2,3}b*|(?:ab){2,}|a{0}b",
    r"(?P<name>a|b)c",
)
NAMES = (
    *("q_proj", "model.layers.0.self_attn.q_proj", "model.layers.12.mlp.gate_proj", "model.visual.1.q_proj"),
    *(
        "aab",
        "aaabbb",
        "ab",
        "xdd",
        "c",
        "",
        "abab",
        "model",
        "model.layers.2.mlp.up_proj",
        "model.layers.3.q",
        "a\n",
        "ac",
    ),
)
ATOMS = ("a", "b", ".", "[ab]", "[^a]", "(a|b)", "(?:ab)", r"\d", "c", "(a*)", "(b+|c)", r"\.", "$", "^", "[]a]")
REPEATS = ("", "", "", "*", "+", "?", "{2}", "{1,2}", "{0,1}", "*?", "{2,}")


@pytest.mark.parametrize("text", PATTERNS)
def test_a_pattern_matches_what_pythons_engine_matches(text):
    ours, pythons = Pattern(text), re.compile(text)
    assert [ours.fullmatch(name) for name in NAMES] == [bool(pythons.fullmatch(name)) for name in NAMES]
    assert [ours.matches(name) for name in NAMES] == [bool(pythons.match(name)) for name in NAMES]


def test_random_patterns_match_what_pythons_engine_matches():
    rng = random.Random(5)
    compared = 0
    for _ in range(3000):
        text = "".join(rng.choice(ATOMS) + rng.choice(REPEATS) for _ in range(rng.randint(1, 5)))
        try:
            ours = Pattern(text)
        except PatternError:
            continue
        name = "".join(rng.choice("abc.1") for _ in range(rng.randint(0, 6)))
        assert ours.fullmatch(name) == bool(re.fullmatch(text, name)), (text, name)
        compared += 1
    assert compared > 2000


@pytest.mark.parametrize("text", ["(a*)*b", "(a|a)*b", "(.*a){20}", "^(?!(a+)+$).*", "((a?)*)*b"])
def test_a_pattern_that_would_take_for_ever_does_not(text):
    start = time.perf_counter()
    Pattern(text).fullmatch("a" * 1000)
    assert time.perf_counter() - start < 1


@each(
    "text, said",
    [
        ("a" * (MAX_PATTERN + 1), "the limit"),
        ("(a", "unbalanced"),
        ("a)", "unbalanced"),
        ("[a", "a class without its end"),
        ("[z-a]", "the class"),
        ("*a", "a repeat of nothing"),
        ("a**", "a repeat of a repeat"),
        ("a(?!b)", "only at the beginning"),
        (r"(a)\1", r"'\\1', which is not read"),
        (r"\bq", r"'\\b', which is not read"),
        ("a{2000}", "the repeat"),
        ("((a{100}){100}){100}", "too many repeats"),
        ("(" * 100 + ")" * 100, "nested too deep"),
    ],
)
def test_what_is_not_read_is_named(text, said):
    with pytest.raises(PatternError, match=said):
        Pattern(text)
