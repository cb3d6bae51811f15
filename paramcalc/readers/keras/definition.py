"""A Functional or Sequential config, parsed once: layers, calls, inputs, outputs. Nothing is unrolled yet.

A nested model that is called twice is one definition, emitted twice by the builder.
"""

from typing import Any

from msgspec import Struct

from paramcalc.errors import DocPath, LayerError, Problem
from paramcalc.model import Input, Instance
from paramcalc.readers.keras.inbound import KerasCall, Tensor


class Member(Struct):
    """One entry of a model's `layers`.

    Attributes:
        name: the key that inbound nodes use.
        part: the layer, or the definition of a nested model; None for an input.
        calls: its calls, in file order; an input has none.
        offset: what to take from node indices that refer to it (1 where Keras counted a nested
            model's own construction as a node).
    """

    name: str
    part: "Instance | Definition | None"
    calls: list[KerasCall]
    where: DocPath
    offset: int = 0


class PlacedError(LayerError):
    """What is wrong, with the place where it is to be mended, and the layer where it is one layer's."""

    def __init__(self, message: str, where: DocPath, layer: str | None = None) -> None:
        super().__init__(message)
        self.problem = Problem(message, where, layer)


def call_error(message: str, member: Member, call: int) -> PlacedError:
    """What is wrong with one call of a member."""
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
        order: the calls that outputs depend on, in execution order: (member, call).
        output_places: where each output is written.
        input_names: the keys of a mapping of inputs, where the model takes one.
        offsets: those of its members that have one, by name.
    """

    name: str
    members: list[Member]
    inputs: list[Input | None]
    input_members: list[str]
    outputs: list[Tensor]
    order: list[tuple[int, int]]
    sequential: bool
    where: DocPath
    output_places: list[DocPath]
    input_names: list[str] | None = None
    offsets: dict[str, int] = {}


def flatten_histories(value: Any, where: DocPath) -> list[Tensor]:
    """`input_layers` or `output_layers`: one history, a list of them, or a mapping by name.

    Raises:
        PlacedError: for anything else, or none.
    """
    from paramcalc.readers.keras.inbound import checked_tensor

    found: list[Tensor] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list) and len(item) >= 3 and isinstance(item[0], str):
            try:
                found.append(checked_tensor(*item[:3]))
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


def execution_order(members: list[Member], outputs: list[Tensor], places: list[DocPath]) -> list[tuple[int, int]]:
    """The calls that the outputs depend on, each after what it reads, else in file order.

    Raises:
        PlacedError: for a dangling reference or a cycle.
    """
    index = {member.name: number for number, member in enumerate(members)}
    try:
        order = file_order(members, index, outputs)
    except LayerError:  # perhaps of a call that no output depends on; else the slower way says of which layer
        order = None
    return sorted_order(members, index, outputs, places) if order is None else order


def file_order(members: list[Member], index: dict[str, int], outputs: list[Tensor]) -> list[tuple[int, int]] | None:
    """All calls as they are written, where that is an order and none is in vain; else None.

    That is how Keras writes a model, and it is seen in one pass.
    """
    order: list[tuple[int, int]] = []
    read = {source_call(members, index, tensor) for tensor in outputs}
    for number, member in enumerate(members):
        for call, arguments in enumerate(member.calls):
            item = number, call
            for tensor in arguments.reads:
                source = source_call(members, index, tensor)
                if source is not None and source >= item:
                    return None
                read.add(source)
            order.append(item)
    return order if len(read - {None}) == len(order) else None


def sorted_order(
    members: list[Member], index: dict[str, int], outputs: list[Tensor], places: list[DocPath]
) -> list[tuple[int, int]]:
    """The same for any graph."""
    needed = reachable(members, index, outputs, places)
    unread = {item: iter(sources) for item, sources in needed.items()}  # each source is looked at once
    waiting: dict[tuple[int, int], list[tuple[int, int]]] = {}
    done: set[tuple[int, int]] = set()
    order: list[tuple[int, int]] = []
    for number, member in enumerate(members):
        for call in range(len(member.calls)):
            if (number, call) not in needed:
                continue
            ready = [(number, call)]
            while ready:
                item = ready.pop()
                missing = next((source for source in unread[item] if source not in done), None)
                if missing is not None:
                    waiting.setdefault(missing, []).append(item)
                    continue
                done.add(item)
                order.append(item)
                ready.extend(reversed(waiting.pop(item, [])))
    if len(order) != len(needed):
        number, call = min(needed.keys() - done)
        stuck = members[number]
        raise call_error(f"the graph has a cycle through layer '{stuck.name[:80]}'", stuck, call)
    return order


def source_call(members: list[Member], index: dict[str, int], tensor: Tensor) -> tuple[int, int] | None:
    """The (member, call) a tensor comes from; None for an input.

    Raises:
        LayerError: when there is no such layer or no such call.
    """
    number = index.get(tensor.layer)
    if number is None:
        raise LayerError(f"reads from layer '{tensor.layer[:80]}', which is not in the model")
    member = members[number]
    if member.part is None:
        return None
    call = tensor.node - member.offset
    if not 0 <= call < len(member.calls):
        raise LayerError(
            f"reads call {tensor.node} of layer '{tensor.layer[:80]}', which is called {len(member.calls)} times"
        )
    return number, call


def reachable(
    members: list[Member], index: dict[str, int], outputs: list[Tensor], places: list[DocPath]
) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Every call the outputs depend on, with the calls it reads: Keras drops the rest.

    Raises:
        PlacedError: for an output that is not there, or a layer that reads what is not there.
    """
    needed: dict[tuple[int, int], list[tuple[int, int]]] = {}
    pending: list[tuple[int, int]] = []
    for tensor, place in zip(outputs, places, strict=True):
        try:
            found = source_call(members, index, tensor)
        except LayerError as error:
            raise PlacedError(f"an output {error}", place) from None
        pending += [] if found is None else [found]
    while pending:
        item = pending.pop()
        if item in needed:
            continue
        member = members[item[0]]
        try:
            sources = [source_call(members, index, tensor) for tensor in member.calls[item[1]].reads]
        except LayerError as error:
            raise call_error(str(error), member, item[1]) from None
        needed[item] = [source for source in sources if source is not None]
        pending += needed[item]
    return needed
