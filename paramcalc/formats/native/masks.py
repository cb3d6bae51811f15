"""Masks among the `options` of a spec's layer: `options: {attention_mask: padding}` names a tensor.

A mask changes neither a shape nor a count, so no formula asks for it; but it is an edge of the graph.
"""

from collections.abc import Callable
from typing import Any

from paramcalc.errors import DocPath, echo
from paramcalc.formats.convert.problems import ConvertError
from paramcalc.formats.native.common import call_options
from paramcalc.formats.native.entries import BROKEN, Entry
from paramcalc.formats.native.names import Pending, Scope
from paramcalc.formats.native.problems import SpecError
from paramcalc.layers.base import Layer
from paramcalc.model import Node, Ref, refs_in

Options = dict[str, Any]


def call_arguments(
    layer: Layer, entry: Entry, scope: Scope, weigh: Callable[[Any, DocPath], None]
) -> tuple[Options | None, Options | None]:
    """The options of a call that are no masks, and the masks: as tensors by name, resolved once all names are known.

    `weigh` is asked whether what the options hold is too much.

    Raises:
        SpecError: for options that are no mapping, and a mask that is no name.
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
    """A name, or a list of names with null for one left out, as tensors."""
    if isinstance(value, str):
        return Pending(scope, value, where)
    if isinstance(value, list):
        return [None if item is None else named_tensors(item, scope, (*where, n)) for n, item in enumerate(value)]
    raise SpecError(f"expected the name of a tensor, got {echo(value)}", where)


def replaced(value: Any, resolve: Callable[[Any], Any]) -> Any:
    """Masks with each tensor replaced by what `resolve` makes of it."""
    if isinstance(value, dict):
        return {name: replaced(item, resolve) for name, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, resolve) for item in value]
    return None if value is None else resolve(value)


def masks_read(nodes: list[Node]) -> list[tuple[Ref, ...]]:
    """The tensors among the masks of calls of one layer, call beside call."""
    return list(zip(*[refs_in((node.ignored or {}).values()) for node in nodes], strict=False))


def written_masks(nodes: list[Node], text: Callable[[tuple[Ref, ...]], str]) -> Options:
    """The masks of calls of one layer as options, each tensor by the name that `text` finds for it.

    Raises:
        ConvertError: for a tensor that the layer does not take by name in a spec.
    """
    masks = nodes[0].ignored or {}
    for name in masks:
        if name not in nodes[0].instance.layer.mask_arguments:
            raise ConvertError(f"layer '{nodes[0].path}' is called with {name}, which cannot be said in a spec")
    if any(list(node.ignored or ()) != list(masks) for node in nodes):
        raise ConvertError(f"the calls of '{nodes[0].path}' differ in their masks, which cannot be said in a spec")
    tensors = iter(masks_read(nodes))
    return {name: replaced(value, lambda _: text(next(tensors))) for name, value in masks.items()}
