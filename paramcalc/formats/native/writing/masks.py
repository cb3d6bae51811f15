"""The masks of a layer's calls → its `options` in a spec, each mask by the name of its tensor."""

from collections.abc import Callable
from typing import Any

from paramcalc.formats.convert import ConvertError
from paramcalc.formats.native.masks import replaced
from paramcalc.model import Node, Ref, refs_in


def masks_read(nodes: list[Node]) -> list[tuple[Ref, ...]]:
    """Each tensor among the masks of a layer, in all its calls."""
    return list(zip(*[refs_in((node.ignored or {}).values()) for node in nodes], strict=False))


def written_masks(nodes: list[Node], text: Callable[[tuple[Ref, ...]], str]) -> dict[str, Any]:
    """The masks of calls of one layer as options, each tensor by the name that `text` finds for it.

    Raises:
        ConvertError: for a tensor that the layer does not take by name in a spec.
    """
    masks = nodes[0].ignored or {}
    for name in masks:
        if name not in nodes[0].instance.layer.mask_arguments:
            raise ConvertError(f"layer '{nodes[0].path}' is called with {name}, which cannot be said in a spec")
    if not all(is_tensor(mask) for node in nodes for mask in (node.ignored or {}).values()):
        raise ConvertError(f"layer '{nodes[0].path}' has a mask that is no tensor, which cannot be said in a spec")
    if any(list(node.ignored or ()) != list(masks) or present(node) != present(nodes[0]) for node in nodes):
        raise ConvertError(f"the calls of '{nodes[0].path}' differ in their masks, which cannot be said in a spec")
    tensors = iter(masks_read(nodes))
    return {name: replaced(value, lambda _: text(next(tensors))) for name, value in masks.items()}


def present(node: Node) -> Any:
    """The masks of a call, with True for each tensor."""
    return replaced(node.ignored or {}, lambda tensor: True)


def is_tensor(mask: Any) -> bool:
    """Whether a mask is a tensor, a list of tensors, or left out; a file may have a constant there."""
    return mask is None or isinstance(mask, Ref) or (isinstance(mask, list) and all(map(is_tensor, mask)))
