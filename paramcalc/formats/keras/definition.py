"""A Functional or Sequential config, parsed once: layers, calls, inputs, outputs. Nothing is unrolled yet.

A nested model that is called twice is one definition, emitted twice by the builder.
"""

from typing import Any

from msgspec import Struct

from paramcalc.errors import DocPath, LayerError, Problem
from paramcalc.formats.keras.inbound import KerasCall, Tensor, checked_tensor
from paramcalc.model import Input, Instance


class Member(Struct, gc=False):
    """One entry of a model's `layers`.

    Attributes:
        name: the key that inbound nodes use.
        part: the layer, or the definition of a nested model; None for an input.
        calls: its calls, in file order; an input has none.
        offset: what to take from node indices that refer to it (1 where Keras counted a nested
            model's own construction as a node).
        first: the slot of its first result, see `Graph`.
        results: how many it has: one for each call; an input has one, too.
    """

    name: str
    part: "Instance | Definition | None"
    calls: list[KerasCall]
    where: DocPath
    offset: int = 0
    first: int = -1
    results: int = 0


Step = tuple[Member, int]
"""A call of a member: which one, counted from 0."""


class PlacedError(LayerError):
    """What is wrong, where to mend it, and the layer, where it is about one."""

    def __init__(self, message: str, where: DocPath, layer: str | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(message, where, layer)


def call_error(message: str, member: Member, call: int) -> PlacedError:
    """A problem with one call of a member."""
    return PlacedError(message, (*member.where, "inbound_nodes", call), described(member))


def described(member: Member, prefix: str = "") -> str:
    """A member as errors name it: `'conv2' (Conv2D)`."""
    kind = member.part.type if isinstance(member.part, Instance) else "model"
    return f"'{prefix}{member.name[:80]}' ({kind})"


class Definition(Struct):
    """A model as it is written.

    Attributes:
        inputs: its own inputs, in order; for an unbuilt Sequential, one of unknown shape (None).
        outputs: what it returns.
        order: the calls that outputs depend on, in execution order.
        slots: how many results its inputs and calls have.
        output_places: where each output is written.
        input_names: the keys of a mapping of inputs, where the model takes one.
    """

    name: str
    members: list[Member]
    inputs: list[Input | None]
    input_members: list[Member]
    outputs: list[Tensor]
    order: list[Step]
    slots: int
    sequential: bool
    where: DocPath
    output_places: list[DocPath]
    input_names: list[str] | None = None


def flatten_histories(value: Any, where: DocPath) -> list[Tensor]:
    """`input_layers` or `output_layers`: one history, a list of them, or a mapping by name.

    Raises:
        PlacedError: for anything else, or none.
    """
    found: list[Tensor] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list) and len(item) == 3 and isinstance(item[0], str):
            try:
                found.append(checked_tensor(*item))
            except LayerError as error:
                raise PlacedError(str(error), where) from None
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            stack.extend(item[key] for key in sorted(item, key=str, reverse=True))
        else:
            raise PlacedError(f"{where[-1]} must hold [layer, node, tensor]", where)
    if not found:
        raise PlacedError(f"{where[-1]} is empty: a model has at least one input and one output", where)
    return found


def history_places(value: Any, where: DocPath, count: int) -> list[DocPath]:
    """Where each of these histories stands, in a plain list of them; else all are in one place."""
    is_list = isinstance(value, list) and len(value) == count and isinstance(value[0], list)
    return [(*where, number) if is_list else where for number in range(count)]


def set_offsets(members: list[Member], outputs: list[Tensor], legacy: bool) -> None:
    """Find where node indices of nested models start.

    Keras 3 counts calls from 0 in histories, and a Functional's from 1 in `output_layers`. Before, a model
    built on inputs counted its own construction as node 0, but not every version did: the indices
    in use tell.
    """
    if not legacy:
        return
    models = {member.name: member for member in members if isinstance(member.part, Definition)}
    if not models:
        return
    used: dict[str, set[int]] = {name: set() for name in models}
    for tensor in [tensor for member in members for call in member.calls for tensor in call.reads] + outputs:
        if tensor.layer in used:
            used[tensor.layer].add(tensor.node)
    for name, member in models.items():
        if used[name] and 0 not in used[name]:
            member.offset = 1


def as_history(tensor: Tensor, members: dict[str, Member]) -> Tensor:
    """An output with the node index that inbound nodes use: only here does Keras 3 count a Functional's from 1."""
    member = members.get(tensor.layer)
    if member is not None and isinstance(member.part, Definition) and not member.part.sequential:
        return Tensor(tensor.layer, tensor.node - 1, tensor.output)
    return tensor


def freeze(definition: Definition) -> None:
    """Nothing within is trained."""
    for member in definition.members:
        if isinstance(member.part, Definition):
            freeze(member.part)
        elif member.part is not None:
            member.part.trainable = False
