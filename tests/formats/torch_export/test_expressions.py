"""Symbolic sizes, as SymPy's `srepr` and its `str` print them."""

from paramcalc.formats.torch_export.calls import Sizes
from paramcalc.formats.torch_export.expressions import MAX_TEXT, evaluate, symbol_in
from paramcalc.formats.torch_export.program import Expression, Size, TensorMeta
from paramcalc.limits import MAX_SYMBOLIC
from tests.each import each

S = "Symbol('s0', positive=True, integer=True)"


@each(
    "text, value",
    [
        (S, 7),
        (f"Mul(Integer(4), {S})", 28),
        (f"Add(Mul({S}, Symbol('s1', integer=True)), Integer(-1))", 20),
        (f"FloorDiv({S}, Integer(2))", 3),
        (f"floor(Mul(Rational(1, 2), {S}))", 3),
        (f"ceiling(Mul(Rational(1, 2), {S}))", 4),
        (f"Mod({S}, Integer(4))", 3),
        (f"Max(Integer(9), {S})", 9),
        (f"Pow({S}, Integer(2))", 49),
        ("s0", 7),
        ("((s0 - 1)//2) + 1", 4),
        ("s0**2 + 3*s1", 58),
        ("s0//2", 3),
    ],
)
def test_what_pytorch_writes_is_worked_out(text, value):
    assert evaluate(text, {"s0": 7, "s1": 3}) == value


@each(
    "text",
    [
        "s9",
        "s0/2",
        "s0 - 9",
        "s0//0",
        "9**9**9",
        f"Pow({S}, Integer(99))",
        "Mod(s0)",
        "Symbol(5)",
        "__import__('os').system('true')",
        "().__class__",
        "(lambda: 1)()",
        "1 if s0 else 2",
        "s0 +",
        "(" * 400 + "s0" + ")" * 400,
        "-" * 1000 + "s0",
        "s0" + " + s0" * MAX_TEXT,
        "10**30",
        "1e3",
        "True",
        "\0",
    ],
)
def test_what_is_no_size_is_unknown(text):
    assert evaluate(text, {"s0": 7}) is None


def test_a_symbol_is_told_from_what_is_computed():
    assert (symbol_in(S), symbol_in("s0"), symbol_in(f"Mul(Integer(2), {S})"), symbol_in("2*s0")) == (
        "s0",
        "s0",
        None,
        None,
    )


def test_no_more_symbolic_sizes_are_worked_out_than_any_program_has():
    """Past the limit they are unknown; those that are known already stay."""
    known = Sizes("s0", {"s0": 7})

    def sizes(*numbers):
        return known.shape(
            TensorMeta(7, [Size(None, Expression(f"s0 + {number}" + " " * 1_000)) for number in numbers])
        )

    count = MAX_SYMBOLIC // 1_000
    found = [sizes(number) for number in range(count + 50)]
    assert found[0] == sizes(0) == (7,)
    assert found[-1] == (None,)
