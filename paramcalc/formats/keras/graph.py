"""Orders the calls that a model's outputs depend on so that each comes after those it reads from."""

from collections.abc import Iterable, Iterator

from paramcalc.errors import DocPath, LayerError
from paramcalc.formats.keras.definition import Member, PlacedError, Step, call_error
from paramcalc.formats.keras.inbound import History
from paramcalc.model import Instance


class FileOrder:
    """All calls in file order, generated on demand because a large model has as many calls as members."""

    def __init__(self, members: list[Member]) -> None:
        self.members = members

    def __iter__(self) -> Iterator[Step]:
        return ((member, call) for member in self.members for call in range(len(member.calls)))


class Graph:
    """The members of one model. Every result, of an input or of a call, has an index: its slot.

    Attributes:
        members: the entries of the model.
        by_name: the same, by name.
        inputs: the number of inputs, which have the first slots.
        slots: the number of slots; those of the calls are in file order.
        keeps_unreachable: whether layers that no output depends on belong to the model; see `is_kept`.
    """

    def __init__(self, members: list[Member], by_name: dict[str, Member], keeps_unreachable: bool = False) -> None:
        self.members = members
        self.by_name = by_name
        self.keeps_unreachable = keeps_unreachable
        slot = 0
        for member in members:
            if member.part is None:
                member.first, member.results = slot, 1
                slot += 1
        self.inputs = slot
        for member in members:
            if member.part is not None:
                member.first, member.results = slot, len(member.calls)
                slot += member.results
        self.slots = slot

    def execution_order(self, outputs: list[History], places: list[DocPath]) -> Iterable[Step]:
        """The calls that the outputs depend on, each after those it reads from, otherwise in file order.

        Raises:
            PlacedError: for a dangling reference or a cycle.
        """
        try:
            in_order = self.is_in_order(outputs)
        except LayerError:  # perhaps only in a call that no output depends on; otherwise the slower way names the layer
            in_order = False
        return FileOrder(self.members) if in_order else self.sorted_order(outputs, places)

    def slot(self, tensor: History, likely: Member | None = None) -> int:
        """The slot of the result that contains a tensor; it is also stored in the tensor.

        Args:
            tensor: the tensor to look up.
            likely: the member that probably produced it: comparing a name is faster than looking one up.

        Raises:
            LayerError: when that layer or call does not exist.
        """
        is_likely = likely is not None and likely.name == tensor.layer
        member = likely if is_likely else self.by_name.get(tensor.layer)
        if member is None:
            raise LayerError(f"reads from layer '{tensor.layer[:80]}', which is not in the model")
        call = tensor.node - member.offset
        if not 0 <= call < member.results:
            raise LayerError(
                f"reads call {tensor.node} of layer '{tensor.layer[:80]}', which is called {member.results} times"
            )
        tensor.slot = member.first + call
        return tensor.slot

    def is_in_order(self, outputs: list[History]) -> bool:
        """Whether the calls can run in file order and every input is read; looks up the slots of all tensors.

        Keras writes most models this way, and one pass is enough to check.
        """
        read = bytearray(self.slots)
        for tensor in outputs:
            read[self.slot(tensor)] = 1
        before: Member | None = None  # the layer that most layers read from
        for member in self.members:
            for call, arguments in enumerate(member.calls):
                for tensor in arguments.reads:
                    source = self.slot(tensor, before)
                    if source >= member.first + call:
                        return False
                    read[source] = 1
            before = member
        return read.find(0, self.inputs) < 0

    def sorted_order(self, outputs: list[History], places: list[DocPath]) -> list[Step]:
        """The calls that the outputs depend on, for a graph in any order."""
        steps = [(member, call) for member in self.members for call in range(len(member.calls))]
        needed = self.reachable(steps, outputs, places)
        unread = {
            slot: iter(sources) for slot, sources in needed.items()
        }  # iterators, so that every source is visited once
        waiting: dict[int, list[int]] = {}
        done: set[int] = set()
        order: list[Step] = []
        for slot in sorted(needed):
            ready = [slot]
            while ready:
                slot = ready.pop()
                missing = next((source for source in unread[slot] if source not in done), None)
                if missing is not None:
                    waiting.setdefault(missing, []).append(slot)
                    continue
                done.add(slot)
                order.append(steps[slot - self.inputs])
                ready.extend(reversed(waiting.pop(slot, [])))
        if len(order) != len(needed):
            stuck, call = steps[min(needed.keys() - done) - self.inputs]
            raise call_error(f"the graph has a cycle through layer '{stuck.name[:80]}'", stuck, call)
        return order

    def reachable(self, steps: list[Step], outputs: list[History], places: list[DocPath]) -> dict[int, list[int]]:
        """The slots of the calls that the outputs depend on, each with the slots it reads; Keras 3 drops other calls.

        Raises:
            PlacedError: for an output that does not exist, or a layer that reads a tensor that does not exist.
        """
        pending: list[int] = []
        for tensor, place in zip(outputs, places, strict=True):
            try:
                pending.append(self.slot(tensor))
            except LayerError as error:
                raise PlacedError(f"an output {error}", place) from None
        if self.keeps_unreachable:
            pending += [self.inputs + index for index, (member, _) in enumerate(steps) if is_kept(member)]
        needed: dict[int, list[int]] = {}
        while pending:
            slot = pending.pop()
            if slot in needed or slot < self.inputs:
                continue
            member, call = steps[slot - self.inputs]
            try:
                sources = [self.slot(tensor) for tensor in member.calls[call].reads]
            except LayerError as error:
                raise call_error(str(error), member, call) from None
            needed[slot] = [source for source in sources if source >= self.inputs]
            pending += needed[slot]
        return needed


def is_kept(member: Member) -> bool:
    """Whether tf.keras keeps a layer's calls in the model even if no output depends on them.

    It keeps them for add_loss, which may need a whole network. The layers that add the loss, and operations, have no
    weights, so they make no difference.
    """
    part = member.part
    if not isinstance(part, Instance):
        return part is not None
    from paramcalc.layers.operations.operation import (
        Operation,
    )  # already loaded: the files that get here have operations

    return part.type not in ("AddLoss", "AddMetric") and not isinstance(part.layer, Operation)
