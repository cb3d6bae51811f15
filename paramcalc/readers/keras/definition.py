"""A Functional or Sequential config, parsed once: layers, calls, inputs, outputs. Nothing is unrolled yet.

A nested model that is called twice is one definition, emitted twice by the builder.
"""

from typing import Any

from msgspec import Struct

from paramcalc.errors import DocPath, LayerError
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


class MemberError(LayerError):
    """What is wrong with the calls of one member, which is where it is to be mended."""

    def __init__(self, message: str, member: Member) -> None:
        super().__init__(message)
        self.member = member


class Definition(Struct):
    """A model as it is written.

    Attributes:
        inputs: its own inputs, in order; for an unbuilt Sequential, one of unknown shape (None).
        outputs: what it returns.
        order: the calls that outputs depend on, in execution order: (member, call).
        input_names: the keys of a mapping of inputs, where the model takes one.
    """

    name: str
    members: list[Member]
    inputs: list[Input | None]
    input_members: list[str]
    outputs: list[Tensor]
    order: list[tuple[int, int]]
    sequential: bool
    where: DocPath
    input_names: list[str] | None = None


def flatten_histories(value: Any, where: str) -> list[Tensor]:
    """`input_layers` or `output_layers`: one history, a list of them, or a mapping by name."""
    from paramcalc.readers.keras.inbound import checked_tensor

    found: list[Tensor] = []
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, list) and len(item) >= 3 and isinstance(item[0], str):
            found.append(checked_tensor(*item[:3]))
        elif isinstance(item, list):
            stack.extend(reversed(item))
        elif isinstance(item, dict):
            stack.extend(item[key] for key in sorted(item, key=str, reverse=True))
        else:
            raise LayerError(f"{where} must hold [layer, node, tensor]")
    if not found:
        raise LayerError(f"{where} is empty: a model has at least one input and one output")
    return found


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


def execution_order(members: list[Member], outputs: list[Tensor]) -> list[tuple[int, int]]:
    """The calls that the outputs depend on, each after what it reads, else in file order.

    Raises:
        LayerError: for a dangling reference or a cycle.
    """
    index = {member.name: number for number, member in enumerate(members)}
    needed = reachable(members, index, outputs)
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
        stuck = members[min(needed.keys() - done)[0]]
        raise MemberError(f"the graph has a cycle through layer '{stuck.name[:80]}'", stuck)
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
    members: list[Member], index: dict[str, int], outputs: list[Tensor]
) -> dict[tuple[int, int], list[tuple[int, int]]]:
    """Every call the outputs depend on, with the calls it reads: Keras drops the rest.

    Raises:
        LayerError: for an output that is not there.
        MemberError: for a layer that reads what is not there.
    """
    needed: dict[tuple[int, int], list[tuple[int, int]]] = {}
    pending = [item for item in (source_call(members, index, tensor) for tensor in outputs) if item is not None]
    while pending:
        item = pending.pop()
        if item in needed:
            continue
        member = members[item[0]]
        try:
            sources = [source_call(members, index, tensor) for tensor in member.calls[item[1]].reads]
        except LayerError as error:
            raise MemberError(str(error), member) from None
        needed[item] = [source for source in sources if source is not None]
        pending += needed[item]
    return needed
