"""Budgets and units as plain functions."""

from fractions import Fraction

import pytest

import paramcalc
from paramcalc.check.budgets import BudgetError, check_budget, check_growth, glob_work, parse_budget, worst
from paramcalc.check.gate import own_budget
from paramcalc.errors import InputError, ParamcalcError
from paramcalc.formats.native import read_spec
from paramcalc.formats.text.document import parse
from paramcalc.limits import MAX_GLOB_WORK
from paramcalc.units import parse_bytes, parse_count, parse_increase
from tests.each import each


def summary_of(text, **options):
    return paramcalc.summarize(read_spec(parse(text.encode(), "m.yaml"), "m.yaml", None), **options)


DENSE = summary_of("{input: [128], layers: [{Dense: 64}]}")  # 8,256 params, 33,024 bytes, 8,192 MACs


@pytest.mark.parametrize(
    ("text", "count"), [("5M", 5_000_000), ("1.5B", 1_500_000_000), ("10k", 10_000), ("1_000", 1000), (7, 7), ("0", 0)]
)
def test_counts_are_decimal(text, count):
    """K, M, B and T are powers of 1000."""
    assert parse_count(text) == count


@pytest.mark.parametrize(("text", "size"), [("5 MB", 5 * 1000**2), ("5 MiB", 5 * 1024**2), ("1KiB", 1024), ("9 B", 9)])
def test_bytes_say_which_unit(text, size):
    """MB is 1000², MiB 1024²."""
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["5", 5, "5 M", "five", "-5 MB", "", "5 XB", True, None, "0.3 B"])
def test_bytes_without_their_unit_are_refused(text):
    """A size whose unit must be guessed could be off by any factor."""
    with pytest.raises(ParamcalcError):
        parse_bytes(text)


@pytest.mark.parametrize("text", ["5X", "M", "-1", -1, True, 1.5, "1.5", "5 MB", "5%"])
def test_counts_that_make_no_sense_are_refused(text):
    """Units of bytes, signs and broken numbers are errors."""
    with pytest.raises(ParamcalcError):
        parse_count(text)


def test_a_percent_needs_its_sign():
    """`1%` is a hundredth of the baseline, `1` is one parameter."""
    assert parse_increase("1%") == (Fraction(1, 100), 0)
    assert parse_increase("1") == (0, 1)


@each(
    "budget, status",
    [
        ({"params": 8256}, "passed"),
        ({"params": 8255}, "failed"),
        ({"size": "33024 B"}, "passed"),
        ({"size": "33023 B"}, "failed"),
        ({"size": "8256 B", "dtype": "int8"}, "passed"),
        ({"size": "4127 B", "dtype": "int4"}, "failed"),
        ({"macs": 8192}, "passed"),
        ({"macs": 8191}, "failed"),
        ({"trainable_params": "8k"}, "failed"),
        ({"layer_params": 8256}, "passed"),
        ({"layer_params": 8255}, "failed"),
        ({"layers": {"dense*": {"params": "1k"}}}, "failed"),
        ({"layers": {"conv*": {"params": "1k"}}}, "broken"),
    ],
)
def test_equal_passes_and_one_more_fails(budget, status):
    """Each limit from both sides; a glob that matches no layer cannot be judged."""
    assert worst(check_budget(DENSE, parse_budget(budget))) == status


def test_of_many_layers_over_their_limit_some_are_named_and_the_others_counted():
    """A report is for a person, whatever a model holds."""
    many = summary_of("{input: [8], layers: [{repeat: 25, layers: [{Dense: 8}]}, {Dense: 9}]}")
    findings = check_budget(many, parse_budget({"layer_params": 71}))
    assert [item.layer for item in findings[:2]] == ["repeat/0/dense", "repeat/1/dense"]
    assert (len(findings), findings[-1].actual) == (21, 81)
    assert findings[-1].message == "6 more layers are over the budget of 71"
    assert {item.status for item in findings} == {"failed"}


def test_more_globs_than_a_second_allows_are_no_pass(monkeypatch):
    """The globs of a stranger's budget, times the layers, are bounded."""
    monkeypatch.setattr("paramcalc.check.budgets.MAX_GLOB_WORK", 2)
    globs = {"dense": {"params": "1M"}, "d*": {"params": "1M"}}
    assert worst(check_budget(DENSE, parse_budget({"layers": globs}))) == "passed"
    findings = check_budget(DENSE, parse_budget({"layers": globs | {"*": {"params": "1M"}}}))
    assert [(item.status, item.message) for item in findings] == [
        ("broken", "3 globs for 1 layers are too many: use fewer globs")
    ]


def test_a_long_glob_counts_as_several_and_has_an_end():
    """Each star of a glob is looked for in each path; thousands of them took seconds only to be understood."""
    parse_budget({"layers": {"*a" * 512: {"params": "1M"}}})
    with pytest.raises(BudgetError, match="a glob has at most 1,024 characters, one has 1,026"):
        parse_budget({"layers": {"*a" * 513: {"params": "1M"}}})
    rows = [*DENSE.layers] * 40_000
    short, long = (parse_budget({"layers": {glob: {"params": 1}}}) for glob in ("*a", "*a" * 400))
    assert glob_work(rows, short) == 40_000
    assert glob_work(rows, long) == 40_000 * 26 > MAX_GLOB_WORK


def test_what_is_unknown_is_never_a_pass():
    """Unknown MACs and partial models are broken, however high the limit."""
    unknown = summary_of("{input: [null, 4], layers: [{LSTM: 3}]}")
    assert worst(check_budget(unknown, parse_budget({"macs": "999T"}))) == "broken"
    partial = summary_of("{input: [128], layers: [{Dense: 64}]}")
    partial.partial = True
    assert worst(check_budget(partial, parse_budget({"params": "1B"}))) == "broken"


@pytest.mark.parametrize(
    "budget", [{"parms": 5}, {"size": 5}, {"dtype": "int3"}, [], {"layers": {"a": {"layers": {}}}}]
)
def test_a_budget_with_a_mistake_is_refused(budget):
    """Unknown keys, sizes without a unit, dtypes that do not exist."""
    with pytest.raises(BudgetError):
        parse_budget(budget)


@pytest.mark.parametrize(
    ("budget", "message"),
    [
        ("params: ¦010", "params: '010' is not a number"),
        ("{params: 5, ¦sise: 3 MB}", "unknown key 'sise'; did you mean 'size'?"),
        ("{params: 5, dtype: ¦int3}", "unknown dtype 'int3'"),
        ("{layers: {dense: {params: ¦1.5}}}", "params: 1.5 is not a count"),
        ("{layers: {a: {params: 1}, ¦b: {}}}", "layers: 'b' has no limit"),
    ],
)
def test_a_mistake_in_a_specs_own_budget_is_told_with_its_place(budget, message):
    """The mark stands before it."""
    text = f"input: [4]\nlayers: [Dense: 3]\nbudget:\n  {budget}\n"
    column = text.splitlines()[3].index("¦") + 1
    with pytest.raises(InputError) as caught:
        own_budget(paramcalc.load(text.replace("¦", "").encode(), name="f"))
    assert str(caught.value).startswith(f"f:4:{column}: budget: {message}")


@pytest.mark.parametrize(
    ("allowed", "status"), [("1%", "failed"), ("100%", "passed"), ("8256", "passed"), ("0", "failed")]
)
def test_growth_is_held_against_the_baseline(allowed, status):
    """From 8,256 to 16,512 is 100 %, to the unit."""
    head = summary_of("{input: [128], layers: [{Dense: 128}]}")
    assert worst(check_growth(head, DENSE, {"params": allowed})) == status


@pytest.mark.parametrize(
    ("budget", "said"),
    [
        ({"size": "40 kB"}, "size: 33 kB of 40 kB, 17.4% left"),
        ({"size": "33 KiB"}, "size: 32.2 KiB of 33 KiB, 2.3% left"),
        ({"size": "33024 B"}, "size: 33,024 B of 33,024 B, nothing left"),
        ({"size": "33020 B"}, "size: 33,024 B is over the budget of 33,020 B by 4 B (+0.012%)"),
        ({"size": "20 KiB"}, "size: 32.2 KiB is over the budget of 20 KiB by 12.2 KiB (+61.2%)"),
        ({"size": "1 GiB"}, "size: 33,024 B of 1 GiB, 100.0% left"),
        ({"params": "10k"}, "params: 8,256 of 10,000, 17.4% left"),
        ({"params": 8256}, "params: 8,256 of 8,256, nothing left"),
    ],
)
def test_sizes_are_said_in_the_unit_of_the_limit_with_what_is_left(budget, said):
    [found] = check_budget(DENSE, parse_budget(budget))
    assert found.message == said


def test_two_sizes_that_differ_never_read_the_same():
    """However few bytes it is over, the digits show it."""
    from paramcalc.units import in_unit

    assert in_unit(20 * 1024**2 + 100, "MiB", 20 * 1024**2) == "20.000095 MiB"
    assert in_unit(20 * 1024**2, "MiB", 20 * 1024**2) == "20 MiB"
    assert in_unit(1352, "MB") == "0.001 MB"


def test_growth_of_a_size_is_said_in_the_unit_of_the_allowance():
    more = summary_of("{input: [128], layers: [{Dense: 128}]}")
    [found] = check_growth(more, DENSE, {"size": "4 KiB"})
    assert found.message == "size grew from 32.2 KiB to 64.5 KiB (+32.2 KiB, +100.0%); 4 KiB is allowed"
