"""Checks of one call of a layer that do not depend on its formula."""

from typing import Any

from paramcalc.errors import LayerError, echo
from paramcalc.model import Node
from paramcalc.shapes import Shape


def check_options(hints: dict[str, Any], options: dict[str, Any]) -> None:
    """Check for booleans and tensors where the formula takes them; an option it does not know, it refuses itself.

    Raises:
        LayerError: for the first that is something else.
    """
    for name, value in options.items():
        hint = hints.get(name)
        if hint is bool and type(value) is not bool:
            raise LayerError(f"{name}: expected true or false, got {echo(value)}")
        if (hint == Shape and type(value) is not tuple) or (
            hint == Shape | None and value is not None and type(value) is not tuple
        ):
            raise LayerError(f"{name}: expected a tensor, got {echo(value)}")


def wrong_call(node: Node, shapes: list[Any], options: dict[str, Any]) -> str:
    """Say what a formula takes when it was called with too many or too few inputs, or a wrong option."""
    import inspect  # only loaded when something is wrong already

    signature = inspect.signature(node.instance.layer.infer)
    try:
        signature.bind(*shapes, **options)
    except TypeError as error:
        names = ", ".join(signature.parameters)
        return f"takes ({names}), but was called with {len(shapes)} inputs: {error}"
    raise
