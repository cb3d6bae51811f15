"""Our own interpreter of expressions such as `d // heads`: an expression and the values of variables → its value.

Python's parser makes the syntax tree; a node without an entry in the table of visitors is refused. `eval` is never
used: the text is bounded before it is parsed, the tree before it is walked, and so is every intermediate result.
"""

import ast
import operator
import re
import warnings
from collections import ChainMap
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

from paramcalc.errors import did_you_mean, echo
from paramcalc.formats.native.expressions import CONSTANTS, FUNCTIONS, NOT_VARIABLES, ExpressionError, Names
from paramcalc.limits import (
    MAX_EXPONENT,
    MAX_EXPRESSION,
    MAX_EXPRESSION_DEPTH,
    MAX_INTEGER_DIGITS,
    MAX_NAME,
    MAX_SEARCHED,
)

MAX_NUMBER = 10**MAX_INTEGER_DIGITS


class _WrongError(Exception):
    """What is wrong with an expression, before its text and the values of its names are added."""


ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}
EQUALITY: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {ast.Eq: operator.eq, ast.NotEq: operator.ne}
ORDER: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
LIST_FUNCTIONS: dict[str, tuple[Callable[[Any], Any], tuple[type, ...]]] = {
    "len": (len, (list, str)),
    "sum": (lambda items: sum(number(item) for item in items), (list,)),
    "largest": (lambda items: max((number(item) for item in items), default=0), (list,)),
    "values": (lambda mapping: [*mapping.values()], (dict,)),
    "is_list": (lambda value: isinstance(value, list), (object,)),
    "text": (lambda value: str(number(value)), (int, float)),
    "items": (lambda value: value if isinstance(value, list) else [value], (object,)),
    "pair": (lambda value: value if isinstance(value, list) else [number(value)] * 2, (object,)),
}
"""Name → function of one list, and what it takes; the last three take anything."""
OPERANDS: dict[type[ast.expr], Callable[[Any], list[ast.expr]]] = {
    ast.BinOp: lambda node: [node.left, node.right],
    ast.UnaryOp: lambda node: [node.operand],
    ast.BoolOp: lambda node: node.values,
    ast.Compare: lambda node: [node.left, *node.comparators],
    ast.IfExp: lambda node: [node.test, node.body, node.orelse],
    ast.Call: lambda node: node.args if isinstance(node.func, ast.Name) else [node.func, *node.args],
    ast.Subscript: lambda node: [node.value, node.slice],
    ast.Attribute: lambda node: [node.value],
    ast.List: lambda node: node.elts,
    ast.ListComp: lambda node: [node.elt, *[part for each in node.generators for part in (each.iter, *each.ifs)]],
}
"""Kind of syntax node → the expressions in it. `visit` refuses every other kind."""


class Parsed(NamedTuple):
    """An expression's syntax tree, and the names of the variables that it reads, sorted."""

    tree: ast.expr
    names: tuple[str, ...]


def parse(text: str) -> Parsed:
    """The checked syntax tree of an expression.

    Raises:
        ExpressionError: when it is too long or too deep, not ASCII, or no expression.
    """
    parsed = read(text)
    if isinstance(parsed, str):
        raise ExpressionError(parsed)
    return parsed


@lru_cache(maxsize=16_384)
def read(text: str) -> Parsed | str:
    """`parse`, or else the error message; both are cached, as a repeat evaluates the same expression many times."""
    if len(text) > MAX_EXPRESSION:
        return f"an expression may have {MAX_EXPRESSION} characters, this one has {len(text)}"
    if not text.isascii() or not text.isprintable():
        return f"$({echo(text)[1:-1]}): an expression is written in plain ASCII"
    try:
        tree = syntax_tree(text.strip())
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        hint = "; a name in it has no $ of its own" if "$" in text else ""
        return f"$({echo(text)[1:-1]}) is not an expression{hint}"
    found: set[str] = set()
    level = [tree]
    for _ in range(MAX_EXPRESSION_DEPTH):
        found.update([node.id for node in level if type(node) is ast.Name])
        level = [child for node in level if type(node) in OPERANDS for child in OPERANDS[type(node)](node)]
        if not level:
            return Parsed(tree, tuple(sorted(found - NOT_VARIABLES)))
    return f"$({echo(text)[1:-1]}) is nested more than {MAX_EXPRESSION_DEPTH} deep"


def syntax_tree(text: str) -> ast.expr:
    """Python's syntax tree, without its warnings about `1if x` and backslashes, which would only confuse our users."""
    if not re.search(_ADVISED, text):
        return ast.parse(text, mode="eval").body
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(text, mode="eval").body


def names_in(text: str) -> tuple[str, ...]:
    """The names of the variables that an expression reads, sorted."""
    return parse(text).names


def evaluate_expression(text: str, names: Names) -> Any:
    """The value of `$(text)`; a division without remainder gives an int.

    Raises:
        ExpressionError: with the expression and the values of its names.
    """
    tree = parse(text).tree
    try:
        value = visit(tree, names)
    except (_WrongError, ZeroDivisionError, OverflowError, TypeError, ValueError) as error:
        raise ExpressionError(f"{shown(text, names)}: {error}") from None
    if isinstance(value, float) and value.is_integer() and not isinstance(tree, (ast.Name, ast.Constant)):
        return int(value)
    return value


def shown(text: str, names: Names) -> str:
    """The expression as an error shows it: `$(d // heads) with d = 256, heads = 0`."""
    values = ", ".join(f"{name} = {echo(names[name])}" for name in names_in(text) if name in names)
    code = f"${text}" if text.isascii() and text.isidentifier() else f"$({text})"
    return code + (f" with {values}" if values else "")


def visit(node: ast.expr, names: Names) -> Any:
    """The value of one node of the tree."""
    handler = _VISITORS.get(type(node))
    if handler is None:
        raise _WrongError(f"{type(node).__name__} is not part of the expression language")
    return bounded(handler(node, names))


def bounded(value: Any) -> Any:
    """The value, if it is finite and not too large."""
    if isinstance(value, (int, float)) and not -MAX_NUMBER < value < MAX_NUMBER:  # the comparison is false for nan, too
        raise _WrongError(f"the number has more than {MAX_INTEGER_DIGITS} digits")
    if isinstance(value, str) and len(value) > MAX_NAME:
        raise _WrongError(f"the text has more than {MAX_NAME} characters")
    return value


def number(value: Any) -> Any:
    """The value, if it is a number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise _WrongError(f"{echo(value)} is not a number")
    return value


def _visit_constant(node: ast.Constant, names: Names) -> Any:
    if node.value is None or isinstance(node.value, (bool, int, float, str)):
        return node.value
    raise _WrongError(f"{echo(node.value)} is not part of the expression language")


def _visit_name(node: ast.Name, names: Names) -> Any:
    try:
        return names[node.id]
    except KeyError:
        pass
    if node.id in CONSTANTS:
        return CONSTANTS[node.id]
    if node.id == "i":
        raise _WrongError("$i is only known inside a repeat")
    raise _WrongError(f"there is no variable '{node.id}' here{did_you_mean(node.id, names)}")


def _visit_binary(node: ast.BinOp, names: Names) -> Any:
    left, right = visit(node.left, names), visit(node.right, names)
    calculate = ARITHMETIC.get(type(node.op))
    if calculate is None:
        raise _WrongError(f"{type(node.op).__name__} is not part of the expression language")
    if isinstance(node.op, ast.Add) and isinstance(left, str) and isinstance(right, str):
        return left + right
    if isinstance(node.op, ast.Add) and isinstance(left, list) and isinstance(right, list):
        if len(left) + len(right) > 1_000:
            raise _WrongError("joined lists may have 1,000 items")
        return left + right
    number(left)
    number(right)
    if isinstance(node.op, ast.Pow) and abs(right) > MAX_EXPONENT:
        raise _WrongError(f"an exponent may be up to {MAX_EXPONENT}")
    result = calculate(left, right)
    if isinstance(result, complex):
        raise _WrongError("a root of a negative number")
    return result


def _visit_unary(node: ast.UnaryOp, names: Names) -> Any:
    value = visit(node.operand, names)
    if isinstance(node.op, ast.Not):
        return not value
    if isinstance(node.op, ast.USub):
        return -number(value)
    if isinstance(node.op, ast.UAdd):
        return number(value)
    raise _WrongError("~ is not part of the expression language")


def _visit_bool(node: ast.BoolOp, names: Names) -> Any:
    stop = isinstance(node.op, ast.Or)
    value = None
    for operand in node.values:
        value = visit(operand, names)
        if bool(value) is stop:
            break
    return value


def _visit_compare(node: ast.Compare, names: Names) -> bool:
    left = visit(node.left, names)
    for operation, operand in zip(node.ops, node.comparators, strict=True):
        right = visit(operand, names)
        if not compare(operation, left, right):
            return False
        left = right
    return True


def compare(operation: ast.cmpop, left: Any, right: Any) -> bool:
    """One comparison. Numbers and texts have an order; lists are not compared, as lists of lists could take years."""
    if isinstance(operation, (ast.In, ast.NotIn)):
        return isinstance(operation, ast.In) is among(left, right)
    if isinstance(left, (list, dict)) and isinstance(right, (list, dict)):
        raise _WrongError("lists cannot be compared; compare their items, or len(…)")
    if type(operation) in EQUALITY:
        return EQUALITY[type(operation)](left, right)
    if type(operation) not in ORDER:
        raise _WrongError("comparisons are ==, !=, <, <=, >, >= and in")
    if not (isinstance(left, str) and isinstance(right, str)):
        number(left)
        number(right)
    return ORDER[type(operation)](left, right)


def among(value: Any, items: Any) -> bool:
    """Whether a value is an item of a list; the list must be short, as it may be searched for every layer."""
    if not isinstance(items, list) or isinstance(value, (list, dict)):
        raise _WrongError(f"{echo(value)} in {echo(items)}: this looks for a number or a text in a list")
    if len(items) > MAX_SEARCHED:
        raise _WrongError(f"a list that is searched may have {MAX_SEARCHED:,} items, this one has {len(items):,}")
    return any(type(item) is type(value) and item == value for item in items)


def _visit_choice(node: ast.IfExp, names: Names) -> Any:
    return visit(node.body if visit(node.test, names) else node.orelse, names)


def _visit_call(node: ast.Call, names: Names) -> Any:
    known = (*FUNCTIONS, *LIST_FUNCTIONS)
    if not isinstance(node.func, ast.Name) or node.keywords:
        raise _WrongError(f"only {', '.join(known[:-1])} and {known[-1]} can be called, with plain arguments")
    arguments = [visit(argument, names) for argument in node.args]
    convert, types = LIST_FUNCTIONS.get(node.func.id, (None, ()))
    if convert is not None and len(arguments) == 1 and isinstance(arguments[0], types):
        return convert(arguments[0])
    if node.func.id not in FUNCTIONS:
        raise _WrongError(f"there is no function '{node.func.id}'{did_you_mean(node.func.id, known)}")
    function, fewest, most = FUNCTIONS[node.func.id]
    if not fewest <= len(arguments) <= most:
        raise _WrongError(f"{node.func.id} was given {len(arguments)} arguments")
    return function(*[number(argument) for argument in arguments])


def _visit_subscript(node: ast.Subscript, names: Names) -> Any:
    """`sizes[i]`: an item of a list, a character of a text, or `sizes["small"]` of a mapping."""
    items, index = visit(node.value, names), visit(node.slice, names)
    if isinstance(items, dict):
        return item_of(items, index)
    if not isinstance(items, (list, str)):
        raise _WrongError(f"{echo(items)} is not a list")
    if type(index) is not int or not -len(items) <= index < len(items):
        raise _WrongError(f"the list has no item {echo(index)}: it has {len(items)}")
    return items[index]


def _visit_attribute(node: ast.Attribute, names: Names) -> Any:
    """`sizes.small`: an item of a variable that is a mapping."""
    return item_of(visit(node.value, names), node.attr)


def _visit_list(node: ast.List, names: Names) -> list[Any]:
    """`[3, 5]`: a list, as long as an expression may be."""
    return [visit(item, names) for item in node.elts]


def _visit_comprehension(node: ast.ListComp, names: Names) -> list[Any]:
    """`[i % 4 for i in range(layers)]`: a list of an expression's values; `size_of` bounds the work of it."""
    loop = node.generators[0]
    over = loop.iter
    is_simple = len(node.generators) == 1 and isinstance(loop.target, ast.Name)
    is_range = isinstance(over, ast.Call) and getattr(over.func, "id", "") == "range" and len(over.args) == 1
    if not is_simple or not is_range:
        raise _WrongError("a list is written [… for i in range(n)], perhaps with an `if` after that")
    if isinstance(names, InList):
        raise _WrongError("a list cannot be written inside another")
    count = visit(over.args[0], names)  # type: ignore[attr-defined]
    if type(count) is not int or not 0 <= count <= MAX_SEARCHED:
        raise _WrongError(f"range is for numbers from 0 to {MAX_SEARCHED:,}, not {echo(count)}")
    inner = InList({}, names)
    values = []
    for number in range(count):
        inner[loop.target.id] = number  # type: ignore[attr-defined]
        if all(visit(condition, inner) for condition in loop.ifs):
            values.append(visit(node.elt, inner))
    return values


class InList(ChainMap[str, Any]):
    """The variables inside a list comprehension."""


def item_of(items: Any, key: Any) -> Any:
    """The value of a key in a mapping; null if there is none, as in a configuration that leaves a default out."""
    if not isinstance(items, dict):
        raise _WrongError(f"{echo(items)} is not a mapping")
    if not isinstance(key, str):
        raise _WrongError(f"the keys of a mapping are text, not {echo(key)}")
    return items.get(key)


_VISITORS: dict[type[ast.expr], Callable[[Any, Names], Any]] = {
    ast.Constant: _visit_constant,
    ast.Name: _visit_name,
    ast.BinOp: _visit_binary,
    ast.UnaryOp: _visit_unary,
    ast.BoolOp: _visit_bool,
    ast.Compare: _visit_compare,
    ast.IfExp: _visit_choice,
    ast.Call: _visit_call,
    ast.Subscript: _visit_subscript,
    ast.Attribute: _visit_attribute,
    ast.List: _visit_list,
    ast.ListComp: _visit_comprehension,
}

_ADVISED = r"[0-9.][A-Za-z_]|\\"
