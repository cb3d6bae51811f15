"""The signature of a layer's `infer`: the only place where it is inspected."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from msgspec import Struct

VARIADIC = 0x04
"""Python's flag for code that takes `*arguments` (CO_VARARGS); `inspect`, which names it, is slow to load."""


class Signature(Struct, frozen=True):
    """The parameters of an `infer`, without `self`.

    Attributes:
        inputs: the names of its positional parameters: the input tensors in their order.
        options: the names of its keyword-only parameters.
        variadic: the name of its `*parameter`, which takes any number of further inputs, or None.
        names: every parameter that an argument can be given to by name.
        hints: the annotations by name.
    """

    inputs: tuple[str, ...]
    options: tuple[str, ...]
    variadic: str | None
    names: frozenset[str]
    hints: dict[str, Any]

    @property
    def parameters(self) -> tuple[str, ...]:
        """Every parameter, as `def` has them."""
        return (*self.inputs, *([self.variadic] if self.variadic else ()), *self.options)


@lru_cache(1024)
def signature_of(infer: Callable[..., Any]) -> Signature:
    """The signature of a class's `infer`: pass `type(layer).infer`, so that one answer serves all its instances."""
    code = infer.__code__
    named = code.co_argcount + code.co_kwonlyargcount
    return Signature(
        code.co_varnames[1 : code.co_argcount],
        code.co_varnames[code.co_argcount : named],
        code.co_varnames[named] if code.co_flags & VARIADIC else None,
        frozenset(code.co_varnames[1:named]),
        infer.__annotations__,
    )


def why_not_callable(infer: Callable[..., Any], arguments: list[Any], options: dict[str, Any]) -> str | None:
    """Why a bound `infer` cannot be called with these arguments, as Python says it; None where it can be."""
    import inspect  # only loaded once something is wrong

    try:
        inspect.signature(infer).bind(*arguments, **options)
    except TypeError as error:
        return str(error)
    return None
