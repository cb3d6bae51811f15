"""Parses a layer's `inbound_nodes` in any Keras dialect into its calls, with the tensors that each reads.

Keras 3 writes `{"args": […], "kwargs": {…}}` with `__keras_tensor__` objects. Earlier versions write a list of `[layer,
node, tensor, kwargs]`; Keras 1 writes it without kwargs.
"""

from typing import Any

from msgspec import Struct

from paramcalc.errors import LayerError
from paramcalc.formats.keras.entries import LayerNames


class History(Struct, gc=False):
    """A tensor as Keras refers to it: by the layer that produced it.

    Attributes:
        layer: the name of that layer.
        node: the index of the call that produced it.
        output: the index of the output.
        slot: the slot of that call, see `Graph`; -1 until it is looked up.
    """

    layer: str
    node: int
    output: int
    slot: int = -1


class KerasCall(Struct, gc=False):
    """One call of a layer.

    Attributes:
        args: the positional arguments, nested as written, with a History for each tensor.
        kwargs: the named arguments, in the same form.
        reads: every tensor among them, in order.
    """

    args: list[Any]
    kwargs: dict[str, Any]
    reads: list[History]


SINGLE_ARGUMENT = ("TFOpLambda", "SlicingOpLambda")
"""Classes of layers whose node is their first argument, even if it is a list, such as tensors to be concatenated."""
TENSOR = "__keras_tensor__"
NO_KWARGS: dict[str, Any] = {}


def parse_calls(entry: dict[str, Any], names: LayerNames) -> list[KerasCall]:
    """Parse all calls of one layer entry.

    Raises:
        LayerError: for anything in none of the dialects.
    """
    nodes = entry.get("inbound_nodes")
    if nodes is None:
        nodes = []
    if not isinstance(nodes, list):
        raise LayerError("inbound_nodes is not a list")
    whole = entry.get("class_name") in SINGLE_ARGUMENT
    return [
        parse_keras3(node) if isinstance(node, dict) and "args" in node else parse_legacy(node, names, whole)
        for node in nodes
    ]


def writes_keras3_calls(layers: Any) -> bool:
    """Whether a model's calls are in the dialect of Keras 3; checks only the first call."""
    for item in layers:
        nodes = item.get("inbound_nodes") if isinstance(item, dict) else None
        if isinstance(nodes, list) and nodes:
            return isinstance(nodes[0], dict) and "args" in nodes[0]
    return False


def parse_keras3(node: dict[str, Any]) -> KerasCall:
    """Parse `{"args": …, "kwargs": …}`."""
    args, kwargs = node["args"], node.get("kwargs", NO_KWARGS)
    if not isinstance(args, list) or not isinstance(kwargs, dict):
        raise LayerError("an inbound node's args must be a list and its kwargs a mapping")
    reads: list[History] = []
    if len(args) == 1 and not kwargs and args[0].__class__ is dict and args[0].get("class_name") == TENSOR:
        reads.append(keras3_history(args[0]))  # the most common call
        return KerasCall(reads, NO_KWARGS, reads)
    values = [keras3_value(value, reads) for value in args]
    named = {key: keras3_value(value, reads) for key, value in kwargs.items()} if kwargs else NO_KWARGS
    return KerasCall(reads if values == reads else values, named, reads)


def keras_call(args: list[Any], kwargs: dict[str, Any]) -> KerasCall:
    """A call with these arguments."""
    return KerasCall(args, kwargs, histories_in(args) + histories_in(list(kwargs.values())))


def keras3_value(value: Any, reads: list[History], depth: int = 0) -> Any:
    """An argument with its tensors as histories, which are appended to `reads`; other objects are kept as they are."""
    if depth > 32:
        raise LayerError("call arguments are nested too deeply")
    if isinstance(value, dict):
        kind = value.get("class_name")
        if kind == TENSOR:
            tensor = keras3_history(value)
            reads.append(tensor)
            return tensor
        if kind in ("__tensor__", "__numpy__", "__slice__", "__ellipsis__", "__bytes__", "__lambda__"):
            return value
        return {key: keras3_value(item, reads, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [keras3_value(item, reads, depth + 1) for item in value]
    return value


def keras3_history(value: dict[str, Any]) -> History:
    """The history of a `__keras_tensor__`."""
    try:
        layer, node, index = value["config"]["keras_history"]
    except (KeyError, TypeError, ValueError):
        raise LayerError("a __keras_tensor__ has no keras_history of layer, node and tensor") from None
    return checked_history(layer, node, index)


def checked_history(layer: Any, node: Any, index: Any) -> History:
    """A History, after checking the types of its parts."""
    if type(layer) is not str or type(node) is not int or type(index) is not int:
        raise LayerError("a tensor's history must be a layer name, a node index and a tensor index")
    return History(layer, node, index)


def is_history(value: Any, names: LayerNames) -> bool:
    """Whether a list is `[layer, node, tensor, …]` and the model has that layer."""
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
    """Parse a node from before Keras 3: histories, the last with the call's kwargs; if `whole`, one argument."""
    kwargs: dict[str, Any] = {}
    args = legacy_value(node, names, kwargs, 0)
    return keras_call(args if isinstance(args, list) and not whole else [args], kwargs)


def legacy_value(value: Any, names: LayerNames, kwargs: dict[str, Any], depth: int) -> Any:
    """The positional arguments of a call from before Keras 3, nested as written; named ones are added to `kwargs`."""
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
        return checked_history(value[0], value[1], value[2])
    return [legacy_value(item, names, kwargs, depth + 1) for item in value]


def legacy_kwargs(value: Any, names: LayerNames) -> dict[str, Any]:
    """The named arguments of a call from before Keras 3, which writes a tensor as `[layer, node, tensor]`."""
    if not isinstance(value, dict):
        raise LayerError("an inbound node's fourth item must be a mapping of keyword arguments")
    return {key: legacy_kwarg(item, names, 0) for key, item in value.items()}


def legacy_kwarg(value: Any, names: LayerNames, depth: int) -> Any:
    """The value of one of these named arguments."""
    if is_history(value, names):
        return History(*value[:3])
    if isinstance(value, list) and depth < 32:
        return [legacy_kwarg(item, names, depth + 1) for item in value]
    if is_slice(value):
        return {key: legacy_kwarg(item, names, 32) for key, item in value.items()}
    return value


def is_slice(value: Any) -> bool:
    """Whether an argument is a slice as tf.keras writes it; its bounds may be tensors."""
    return isinstance(value, dict) and value.keys() == {"start", "stop", "step"}


def histories_in(value: Any) -> list[History]:
    """Every tensor of an argument, in the order in which Keras flattens it (mappings by key)."""
    if isinstance(value, History):
        return [value]
    if isinstance(value, list):
        return [tensor for item in value for tensor in histories_in(item)]
    if isinstance(value, dict):
        return [tensor for key in sorted(value, key=str) for tensor in histories_in(value[key])]
    return []
