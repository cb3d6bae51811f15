"""Evaluates symbolic sizes, as printed by SymPy, once the symbols have values.

PyTorch writes SymPy's `srepr`, `Add(Symbol('s0', integer=True), Integer(1))`; up to 2.5 it wrote `s0 + 1`. Both are
valid Python syntax and are parsed as such; only the functions listed here are evaluated.
"""

import ast
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from typing import Any

from paramcalc.limits import MAX_EXPONENT
from paramcalc.shapes import MAX_COUNT

MAX_TEXT = 1_024
"""The maximum number of characters in an expression; real programs have up to 300."""

_SYMBOL = re.compile(r"(?:Symbol\('(\w+)'[^()]*\)|([A-Za-z_]\w*))")


class _UnknownError(Exception):
    """The value of the expression cannot be determined."""


def symbol_in(text: str) -> str | None:
    """The symbol's name if an expression is a bare symbol; else None."""
    match = _SYMBOL.fullmatch(text)
    return match and (match[1] or match[2])


def evaluate(text: str, values: Mapping[str, int]) -> int | None:
    """The value of an expression; None if a symbol has no value or a function is unknown."""
    if len(text) > MAX_TEXT:
        return None
    try:
        found = _value(ast.parse(text, mode="eval").body, values)
    except (_UnknownError, SyntaxError, ValueError, RecursionError, MemoryError, ZeroDivisionError, OverflowError):
        return None
    return int(found) if found.denominator == 1 and 0 <= found <= MAX_COUNT else None


def _product(values: Sequence[Fraction]) -> Fraction:
    return reduce(operator.mul, values, Fraction(1))


def _floor(value: Fraction) -> Fraction:
    return Fraction(value.numerator // value.denominator)


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > MAX_EXPONENT:
        raise _UnknownError
    return Fraction(base ** int(exponent))


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "Add": lambda *x: sum(x, Fraction(0)),
    "Mul": lambda *x: _product(x),
    "Pow": _power,
    "Max": max,
    "Min": min,
    "Mod": operator.mod,
    "PythonMod": operator.mod,
    "FloorDiv": lambda a, b: _floor(a / b),
    "CleanDiv": lambda a, b: _floor(a / b),
    "CeilDiv": lambda a, b: -_floor(-a / b),
    "floor": _floor,
    "FloorToInt": _floor,
    "ceiling": lambda a: -_floor(-a),
    "CeilToInt": lambda a: -_floor(-a),
    "IntTrueDiv": operator.truediv,
    "ToFloat": lambda a: a,
    "TruncToInt": lambda a: Fraction(int(a)),
    "Integer": lambda a: a,
    "Rational": operator.truediv,
}
"""SymPy's functions, and those that PyTorch adds to it (torch/utils/_sympy/functions.py)."""

_OPERATORS: dict[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: lambda a, b: _floor(a / b),
    ast.Mod: operator.mod,
    ast.Pow: _power,
}


def _value(node: ast.expr, values: Mapping[str, int]) -> Fraction:
    """The value of a subexpression."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        found = _call(node.func.id, node.args, values)
    elif isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        found = _OPERATORS[type(node.op)](_value(node.left, values), _value(node.right, values))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        found = -_value(node.operand, values)
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        found = Fraction(node.value)
    elif isinstance(node, ast.Name) and node.id in values:
        found = Fraction(values[node.id])
    else:
        raise _UnknownError
    if abs(found.numerator) > MAX_COUNT or found.denominator > MAX_COUNT:
        raise _UnknownError
    return found


def _call(name: str, arguments: list[ast.expr], values: Mapping[str, int]) -> Fraction:
    """The value of a function call; for `Symbol('s0', integer=True)`, the symbol's value."""
    if name == "Symbol" and len(arguments) == 1 and isinstance(arguments[0], ast.Constant):
        symbol = arguments[0].value
        if not isinstance(symbol, str) or symbol not in values:
            raise _UnknownError
        return Fraction(values[symbol])
    function = _FUNCTIONS.get(name)
    if function is None or not arguments:
        raise _UnknownError
    try:
        return Fraction(function(*[_value(argument, values) for argument in arguments]))
    except TypeError:  # wrong number of arguments
        raise _UnknownError from None
