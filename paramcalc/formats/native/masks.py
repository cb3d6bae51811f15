"""Splits the `options` of an entry into call arguments and masks: `options: {attention_mask: padding}` names a tensor.

A mask changes neither a shape nor a count, so no formula asks for it; but it is an edge of the graph.
"""

from collections.abc import Callable
from typing import Any

from paramcalc.errors import DocPath, echo
from paramcalc.formats.native.common import call_options
from paramcalc.formats.native.entries import BROKEN, Entry
from paramcalc.formats.native.names import Scope, TensorName
from paramcalc.formats.native.problems import SpecError
from paramcalc.layers.base import Layer

Options = dict[str, Any]


def call_arguments(
    layer: Layer, entry: Entry, scope: Scope, weigh: Callable[[Any, DocPath], None]
) -> tuple[Options | None, Options | None]:
    """The options of a call without its masks, and the masks: tensors by name, resolved once all names are known.

    `weigh` counts the work of the options, and refuses too much of it.

    Raises:
        SpecError: for options that are not a mapping, or a mask that is not a name.
    """
    options = None if layer is BROKEN else call_options(entry, scope)
    if not options:
        return None, None
    where = (*entry.where, "options")
    weigh(options, where)
    given = [name for name in layer.mask_arguments if options.get(name) is not None]
    masks = {name: named_tensors(options[name], scope, (*where, name)) for name in given}
    others = {name: value for name, value in options.items() if name not in layer.mask_arguments}
    return others or None, masks or None


def named_tensors(value: Any, scope: Scope, where: DocPath) -> Any:
    """A tensor for a name, or for each of a list of names; null is one left out."""
    if isinstance(value, str):
        return TensorName(scope, value, where)
    if isinstance(value, list):
        return [None if item is None else named_tensors(item, scope, (*where, n)) for n, item in enumerate(value)]
    raise SpecError(f"expected the name of a tensor, got {echo(value)}", where)


def replaced(value: Any, resolve: Callable[[Any], Any]) -> Any:
    """The masks, each tensor replaced by what `resolve` makes of it."""
    if isinstance(value, dict):
        return {name: replaced(item, resolve) for name, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, resolve) for item in value]
    return None if value is None else resolve(value)
