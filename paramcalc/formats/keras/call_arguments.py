"""Sorts Keras call arguments into what a formula's `infer` takes: tensors in order, and the options it accepts.

Tensors that no formula uses, such as masks, are kept separately: they are still edges of the graph.
"""

from collections.abc import Callable
from typing import Any

from paramcalc.errors import LayerError
from paramcalc.formats.keras.inbound import History, KerasCall
from paramcalc.layers.base import Layer
from paramcalc.layers.signature import signature_of
from paramcalc.layers.unknown import Unknown
from paramcalc.model import Ref
from paramcalc.shapes import Shape

IGNORED = frozenset(
    (
        "mask",
        "training",
        "attention_mask",
        "query_mask",
        "value_mask",
        "key_mask",
        "use_causal_mask",
        "return_attention_scores",
        "flash_attention",
        "constants",
    )
)
"""Call arguments of Keras layers that change neither shape nor count unless a formula takes them."""

_FIRST = ("inputs", "sequences", "sequence", "input", "x", "data")


Arguments = tuple[tuple[Ref | None, ...], dict[str, Any] | None, dict[str, Any] | None]
"""The arguments of one call as stored in a node: inputs, options, and those that no formula takes."""


def sorted_arguments(layer: Layer, call: KerasCall, find: Callable[[History], Ref]) -> Arguments:
    """Sort the arguments of a call of a layer.

    Raises:
        LayerError: for an unknown argument that changes the result.
    """
    args = call.args
    if len(args) == 1 and args[0].__class__ is History:
        inputs: tuple[Ref | None, ...] = (find(args[0]),)
        if not call.kwargs:
            return inputs, None, None
    else:
        found: list[Ref | None] = []
        for value in args:
            flatten(value, found, find)
            if value.__class__ is list and None in found:
                check_list(layer, found)
        while found and found[-1] is None:
            found.pop()
        inputs = tuple(found)
    if not call.kwargs and None not in inputs:
        return inputs, None, None
    inputs, options, ignored = with_keywords(layer, inputs, call.kwargs, find)
    if None in inputs:
        check_left_out(layer, inputs)
    return inputs, options, ignored


def check_list(layer: Layer, found: list[Ref | None]) -> None:
    """Refuse a constant in a list of tensors that a layer joins, as it contributes to the shape of the result.

    Raises:
        LayerError: naming its position; a constant that is a state or a mask is allowed.
    """
    if signature_of(type(layer).infer).variadic == "inputs":
        raise LayerError(f"is called with something other than a tensor as its input {found.index(None) + 1}")


def check_left_out(layer: Layer, inputs: tuple[Ref | None, ...]) -> None:
    """Refuse a call that omits an argument that may not be None.

    Raises:
        LayerError: for the first input that must be a tensor and is not.
    """
    signature = signature_of(type(layer).infer)
    names = signature.inputs if signature.variadic is None else (*signature.inputs, signature.variadic)
    for place, ref in enumerate(inputs):
        hint = signature.hints.get(names[min(place, len(names) - 1)]) if names else None
        if ref is None and hint == Shape:
            raise LayerError(f"is called with something other than a tensor as its input {place + 1}")


def with_keywords(
    layer: Layer, inputs: tuple[Ref | None, ...], kwargs: dict[str, Any], find: Callable[[History], Ref]
) -> Arguments:
    """Sort keyword arguments into inputs, options that the formula takes, and tensors that change nothing."""
    if isinstance(layer, Unknown):
        rest: list[Ref | None] = []
        for value in kwargs.values():
            flatten(value, rest, find)
        return (*inputs, *[ref for ref in rest if ref is not None]), None, None
    names = signature_of(type(layer).infer).names
    options: dict[str, Any] = {}
    ignored: dict[str, Any] = {}
    for name, value in kwargs.items():
        if value is None or name == "training":
            continue
        if name in names:
            options[name] = resolved(value, find)
        elif name in _FIRST and not inputs:
            first: list[Ref | None] = []
            flatten(value, first, find)
            if None in first:
                check_list(layer, first)
            inputs = tuple(first)
        elif name == "initial_state":
            more: list[Ref | None] = []
            flatten(value, more, find)
            inputs = (*inputs, *more)
        elif name in layer.mask_arguments and isinstance(value, History):
            ignored[name] = find(value)
        elif name not in IGNORED or (name == "return_attention_scores" and value is True):
            raise LayerError(f"is called with '{name[:40]}', which this layer does not take")
        elif isinstance(value, (History, list)):
            ignored[name] = resolved(value, find)
    return *positional(layer, inputs, options), ignored or None


def positional(
    layer: Layer, inputs: tuple[Ref | None, ...], options: dict[str, Any]
) -> tuple[tuple[Ref | None, ...], dict[str, Any] | None]:
    """Move tensors passed by name (`query=x, value=y`) to their positions in the call."""
    found = list(inputs)
    for place, name in enumerate(signature_of(type(layer).infer).inputs):
        if isinstance(options.get(name), Ref):
            found += [None] * (place + 1 - len(found))
            found[place] = options.pop(name)
    return tuple(found), options or None


def flatten(value: Any, into: list[Ref | None], find: Callable[[History], Ref]) -> None:
    """Append the tensors of an argument in the order in which Keras flattens it, with None for anything else."""
    if isinstance(value, History):
        into.append(find(value))
    elif isinstance(value, list):
        for item in value:
            flatten(item, into, find)
    elif isinstance(value, dict) and "class_name" not in value:
        for key in sorted(value, key=str):
            flatten(value[key], into, find)
    else:
        into.append(None)


def resolved(value: Any, find: Callable[[History], Ref]) -> Any:
    """A call argument with each of its tensors replaced by its Ref."""
    if isinstance(value, History):
        return find(value)
    if isinstance(value, list):
        return [resolved(item, find) for item in value]
    return value
