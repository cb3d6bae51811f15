"""The vocabulary and the error of expressions such as `d // heads`, apart from their interpreter.

Most specs have no expressions, so `interpreter`, which loads Python's `ast`, is only imported for the first one.
"""

import math
from collections import ChainMap
from collections.abc import Callable, MutableMapping
from typing import Any

from paramcalc.errors import DocPath, ParamcalcError

Names = MutableMapping[str, Any]
CONSTANTS: dict[str, Any] = {"true": True, "false": False, "null": None}
"""The constants as YAML spells them."""
FUNCTIONS: dict[str, tuple[Callable[..., Any], int, int]] = {
    "min": (min, 2, 16),
    "max": (max, 2, 16),
    "abs": (abs, 1, 1),
    "round": (round, 1, 1),
    "floor": (math.floor, 1, 1),
    "ceil": (math.ceil, 1, 1),
    "int": (int, 1, 1),
}
"""Name → function, and the fewest and most arguments that it takes; all arguments are numbers."""
NOT_VARIABLES = FUNCTIONS.keys() | CONSTANTS.keys() | {"len"}
"""Reserved names. Functions added later are not reserved, since specs may have variables of these names."""


class ExpressionError(ParamcalcError):
    """An expression is wrong; `where` is its place below the value that was being filled in."""

    def __init__(self, message: str, where: DocPath = ()) -> None:
        super().__init__(message)
        self.where = where


def maps_of(env: Names) -> list[Names]:
    """The mappings in which the variables are looked up, in order."""
    return list(env.maps) if isinstance(env, ChainMap) else [env]


def no_variable(name: str) -> str | None:
    """Why `$name` cannot be a variable; None for an ASCII identifier that means nothing else."""
    from keyword import iskeyword

    if name in CONSTANTS or iskeyword(name):
        return "that is a word of expressions"
    if name in NOT_VARIABLES:
        return "that is a function of expressions"
    if name == "i":
        return "that is the number of the repeat"
    return None if name.isascii() and name.isidentifier() else "a name is made of letters, digits and _, a letter first"
