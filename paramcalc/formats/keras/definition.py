"""A Functional or Sequential config, parsed but not unrolled: its layers, calls, inputs and outputs.

A nested model that is called twice is one definition, emitted twice.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from paramcalc.errors import DocPath, LayerError, Problem
from paramcalc.formats.keras.inbound import History, KerasCall, checked_history
from paramcalc.layers.unknown import Unknown
from paramcalc.model import Input, Instance


class Member(Struct, gc=False):
    """One entry of a model's `layers`.

    Attributes:
        name: the key that inbound nodes use.
        part: the layer, or the definition of a nested model; None for an input.
        calls: its calls, in file order; an input has none.
        where: its place in the document.
        offset: subtracted from node indices that refer to it: 1 where Keras counted the construction of a nested model
            as its first call.
        first: the slot of its first result; see `Graph`.
        results: the number of its results: one for each call, and one for an input.
    """

    name: str
    part: "Instance | Definition | None"
    calls: list[KerasCall]
    where: DocPath
    offset: int = 0
    first: int = -1
    results: int = 0


Step = tuple[Member, int]
"""A member, and the index of one of its calls, from 0."""


class PlacedError(LayerError):
    """A problem with its place in the document and, if it concerns one, its layer."""

    def __init__(self, message: str, where: DocPath, layer: str | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(message, where, layer)


def call_error(message: str, member: Member, call: int) -> PlacedError:
    """A problem with one call of a member."""
    return PlacedError(message, (*member.where, "inbound_nodes", call), member_label(member))


def member_label(member: Member, prefix: str = "") -> str:
    """A member's label in errors: `'conv2' (Conv2D)`."""
    kind = member.part.type if isinstance(member.part, Instance) else "model"
    return f"'{prefix}{member.name[:80]}' ({kind})"


class Definition(Struct):
    """A model as its config describes it.

    Attributes:
        members: the entries of its `layers`.
        inputs: its inputs, in order; None for the input of a Sequential that was never built.
        input_members: the inputs as members.
        outputs: the tensors that it returns.
        order: the calls that outputs depend on, in execution order.
        slots: the number of results of its inputs and calls together.
        sequential: whether it is a Sequential.
        where: its place in the document.
        output_places: the place of each output.
        input_names: the keys of the inputs, for a model that takes a mapping of them.
    """

    name: str
    members: list[Member]
    inputs: list[Input | None]
    input_members: list[Member]
    outputs: list[History]
    order: Iterable[Step]
    slots: int
    sequential: bool
    where: DocPath
    output_places: list[DocPath]
    input_names: list[str] | None = None


def flatten_histories(value: Any, where: DocPath) -> list[History]:
    """Flatten `input_layers` or `output_layers`: one history, a list of them, or a mapping by name.

    Raises:
        PlacedError: for any other form, or if there is no history.
    """
    found: list[History] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list) and len(item) == 3 and isinstance(item[0], str):
            try:
                found.append(checked_history(*item))
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
    """The place of each history: its own in a plain list of histories, else that of the whole value."""
    is_list = isinstance(value, list) and len(value) == count and isinstance(value[0], list)
    return [(*where, number) if is_list else where for number in range(count)]


def set_offsets(members: list[Member], outputs: list[History], legacy: bool) -> None:
    """Find the number from which the calls of each nested model are counted.

    Keras 3 counts calls from 0 in histories, and a Functional's from 1 in `output_layers`. In some earlier versions the
    construction of a model was its call 0; the indices in use show whether it was.
    """
    if not legacy:
        return
    models = {member.name: member for member in members if isinstance(member.part, Definition) or is_unknown(member)}
    if not models:
        return
    used: dict[str, set[int]] = {name: set() for name in models}
    for tensor in [tensor for member in members for call in member.calls for tensor in call.reads] + outputs:
        if tensor.layer in used:
            used[tensor.layer].add(tensor.node)
    for name, member in models.items():
        if used[name] and 0 not in used[name]:
            member.offset = 1


def is_unknown(member: Member) -> bool:
    """Whether a member is of a custom class, and so may be a model."""
    return isinstance(member.part, Instance) and isinstance(member.part.layer, Unknown)


def as_history(tensor: History, members: dict[str, Member]) -> History:
    """An output with its call counted as in histories: in `output_layers`, Keras 3 counts a Functional's from 1."""
    member = members.get(tensor.layer)
    if member is None:
        return tensor
    functional = isinstance(member.part, Definition) and not member.part.sequential
    if functional or (is_unknown(member) and tensor.node == len(member.calls)):
        return History(tensor.layer, tensor.node - 1, tensor.output)
    return tensor


def members_within(definition: Definition) -> Iterator[tuple[str, Instance]]:
    """Yield every layer of a model and its nested models once, with its path, however often a model is nested."""
    seen = {id(definition)}
    stack = [("", definition)]
    while stack:
        prefix, model = stack.pop()
        for member in model.members:
            path, part = prefix + member.name, member.part
            if isinstance(part, Instance):
                yield path, part
            elif part is not None and id(part) not in seen:
                seen.add(id(part))
                stack.append((f"{path}/", part))


def freeze(definition: Definition) -> None:
    """Make every layer of a model and its nested models untrainable."""
    for _, instance in members_within(definition):
        instance.trainable = False


def mark_shared(definition: Definition, known_by: Any) -> None:
    """Mark the layers of a model that may be shared with the ID that identifies their weights."""
    for path, instance in members_within(definition):
        if instance.shared is None:  # else it has its own ID, or that of a model further inside
            instance.shared = (known_by, f"{path}/")
