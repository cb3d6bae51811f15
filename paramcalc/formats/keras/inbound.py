"""`inbound_nodes`: which tensors each call of a layer reads, in the dialects Keras has written.

Keras 3: `{"args": […], "kwargs": {…}}` with `__keras_tensor__` objects. Before: a list of
`[layer, node, tensor, kwargs]`; Keras 1 without kwargs.
"""

from typing import Any

from msgspec import Struct

from paramcalc.errors import LayerError
from paramcalc.formats.keras.entries import LayerNames


class Tensor(Struct, gc=False):
    """A tensor by Keras' history: the layer that made it, at which of its calls, which output.

    Attributes:
        slot: where that result stands among the model's, once it is found.
    """

    layer: str
    node: int
    output: int
    slot: int = -1


class KerasCall(Struct, gc=False):
    """One call: its arguments, nested as they were, with Tensors in the leaves; and all of those in a row."""

    args: list[Any]
    kwargs: dict[str, Any]
    reads: list[Tensor]


WHOLE = ("TFOpLambda", "SlicingOpLambda")
"""Layers whose node is their first argument: a list in it is one tensor made of several, or what a function joins."""
TENSOR = "__keras_tensor__"
_NO_KWARGS: dict[str, Any] = {}


def parse_calls(entry: dict[str, Any], names: LayerNames) -> list[KerasCall]:
    """All calls of one layer entry.

    Raises:
        LayerError: for what is none of the dialects.
    """
    nodes = entry.get("inbound_nodes")
    if nodes is None:
        nodes = []
    if not isinstance(nodes, list):
        raise LayerError("inbound_nodes is not a list")
    whole = entry.get("class_name") in WHOLE
    return [
        parse_keras3(node) if isinstance(node, dict) and "args" in node else parse_legacy(node, names, whole)
        for node in nodes
    ]


def writes_keras3_calls(layers: Any) -> bool:
    """Whether a model's calls are written as Keras 3 does: the first that there is tells."""
    for item in layers:
        nodes = item.get("inbound_nodes") if isinstance(item, dict) else None
        if isinstance(nodes, list) and nodes:
            return isinstance(nodes[0], dict) and "args" in nodes[0]
    return False


def parse_keras3(node: dict[str, Any]) -> KerasCall:
    """`{"args": …, "kwargs": …}`."""
    args, kwargs = node["args"], node.get("kwargs", _NO_KWARGS)
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise LayerError("an inbound node's args must be a list and its kwargs a mapping")
    reads: list[Tensor] = []
    if len(args) == 1 and not kwargs and args[0].__class__ is dict and args[0].get("class_name") == TENSOR:
        reads.append(keras3_tensor(args[0]))  # what most layers are called with
        return KerasCall(reads, _NO_KWARGS, reads)
    values = [keras3_value(value, reads) for value in args]
    named = {key: keras3_value(value, reads) for key, value in kwargs.items()} if kwargs else _NO_KWARGS
    return KerasCall(reads if values == reads else values, named, reads)


def keras_call(args: list[Any], kwargs: dict[str, Any]) -> KerasCall:
    """A call whose arguments are parsed."""
    return KerasCall(args, kwargs, tensors(args) + tensors(list(kwargs.values())))


def keras3_value(value: Any, reads: list[Tensor], depth: int = 0) -> Any:
    """An argument with its tensors found, which `reads` gets too; other serialised objects keep their form."""
    if depth > 32:
        raise LayerError("call arguments are nested too deeply")
    if isinstance(value, dict):
        kind = value.get("class_name")
        if kind == TENSOR:
            tensor = keras3_tensor(value)
            reads.append(tensor)
            return tensor
        if kind in ("__tensor__", "__numpy__", "__slice__", "__ellipsis__", "__bytes__", "__lambda__"):
            return value
        return {key: keras3_value(item, reads, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [keras3_value(item, reads, depth + 1) for item in value]
    return value


def keras3_tensor(value: dict[str, Any]) -> Tensor:
    """The history of a `__keras_tensor__`."""
    try:
        layer, node, index = value["config"]["keras_history"]
    except (KeyError, TypeError, ValueError):
        raise LayerError("a __keras_tensor__ has no keras_history of layer, node and tensor") from None
    return checked_tensor(layer, node, index)


def checked_tensor(layer: Any, node: Any, index: Any) -> Tensor:
    """A Tensor, its parts of the right types."""
    if type(layer) is not str or type(node) is not int or type(index) is not int:
        raise LayerError("a tensor's history must be a layer name, a node index and a tensor index")
    return Tensor(layer, node, index)


def is_history(value: Any, names: LayerNames) -> bool:
    """Whether a list is `[layer, node, tensor, …]` of a layer there is."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and type(value[1]) is int
        and type(value[2]) is int
        and (len(value) == 3 or isinstance(value[3], dict))
        and value[0] in names
    )


def parse_legacy(node: Any, names: LayerNames, whole: bool) -> KerasCall:
    """A list of histories, the call's kwargs in the last one; constants are marked. `whole`: it is one argument."""
    kwargs: dict[str, Any] = {}
    args = legacy_value(node, names, kwargs, 0)
    return keras_call(args if isinstance(args, list) and not whole else [args], kwargs)


def legacy_value(value: Any, names: LayerNames, kwargs: dict[str, Any], depth: int) -> Any:
    """Positional structure of a legacy call; `kwargs` is filled on the way."""
    if depth > 32:
        raise LayerError("inbound_nodes are nested too deeply")
    if isinstance(value, dict):
        return {key: legacy_value(item, names, kwargs, depth + 1) for key, item in value.items()}
    if not isinstance(value, list):
        raise LayerError(f"an inbound node is neither a list nor a mapping: {str(value)[:40]!r}")
    if len(value) == 4 and value[0] == "_CONSTANT_VALUE":
        kwargs.update(legacy_kwargs(value[3], names))
        return value[2] if isinstance(value[2], str) else {"class_name": "__tensor__", "config": {"value": value[2]}}
    if len(value) in (3, 4) and isinstance(value[0], str):
        if len(value) == 4 and value[3] != {}:
            kwargs.update(legacy_kwargs(value[3], names))
        return checked_tensor(value[0], value[1], value[2])
    return [legacy_value(item, names, kwargs, depth + 1) for item in value]


def legacy_kwargs(value: Any, names: LayerNames) -> dict[str, Any]:
    """Keyword arguments, in which a tensor is `[layer, node, tensor]`."""
    if not isinstance(value, dict):
        raise LayerError("an inbound node's fourth item must be a mapping of keyword arguments")
    return {key: legacy_kwarg(item, names, 0) for key, item in value.items()}


def legacy_kwarg(value: Any, names: LayerNames, depth: int) -> Any:
    """One keyword argument."""
    if is_history(value, names):
        return Tensor(*value[:3])
    if isinstance(value, list) and depth < 32:
        return [legacy_kwarg(item, names, depth + 1) for item in value]
    if is_slice(value):
        return {key: legacy_kwarg(item, names, 32) for key, item in value.items()}
    return value


def is_slice(value: Any) -> bool:
    """Whether an argument is a slice as tf.keras wrote it, whose bounds may be tensors."""
    return isinstance(value, dict) and value.keys() == {"start", "stop", "step"}


def tensors(value: Any) -> list[Tensor]:
    """Every tensor of an argument, in the order Keras flattens it (mappings by key)."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, list):
        return [tensor for item in value for tensor in tensors(item)]
    if isinstance(value, dict):
        return [tensor for key in sorted(value, key=str) for tensor in tensors(value[key])]
    return []
