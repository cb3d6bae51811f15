"""Recovers the nesting of a flat graph from its paths: which nodes make up a nested model, and which call of it."""

from collections.abc import Iterator, Sequence

from msgspec import Struct

from paramcalc.formats.convert import ConvertError
from paramcalc.model import Model, Node, Ref, refs


class Item(Struct):
    """One call of a layer, or of a nested model.

    Attributes:
        name: its part of the path: "dense", or "dense#2" for a later call.
        start: its first node.
        end: the node after its last one.
        inside: the length of the path that all nodes in a nested model share; 0 for a layer.
        first: for a later call, the name of the first one. It may have a name of its own.
    """

    name: str
    start: int
    end: int
    inside: int = 0
    first: str | None = None

    def steps(self) -> Iterator[int]:
        """The numbers of its nodes."""
        return iter(range(self.start, self.end))


def items_of(nodes: Sequence[Node]) -> list[Item]:
    """The outermost layers and nested models.

    Raises:
        ConvertError: when the layers of a nested model do not stand together.
    """
    return items_between(nodes, 0, len(nodes), 0)


def items_in(nodes: Sequence[Node], item: Item) -> list[Item]:
    """The layers and models in a nested model; found when asked for, as storing them would take much memory."""
    return items_between(nodes, item.start, item.end, item.inside) if item.inside else []


def items_between(nodes: Sequence[Node], start: int, end: int, shared: int) -> list[Item]:
    """The items of the nodes from `start` to `end`, whose paths have the first `shared` characters in common."""
    items: list[Item] = []
    seen: set[str] = set()
    owners: dict[int, Item] = {}  # by the identity of a layer, the item that calls it first
    while start < end:
        path = nodes[start].path
        name, slash, _ = path[shared:].partition("/")
        stop = start + 1
        inside = shared + len(name) + 1 if slash else 0
        if inside:
            while stop < end and nodes[stop].path.startswith(path[:inside]):
                stop += 1
            if stop < end and nodes[stop].path == path[: inside - 1]:
                raise ConvertError(f"'{name}' is both a layer and a nested model")
        if name in seen:
            raise ConvertError(f"the layers in '{path[: shared + len(name)]}' do not stand together")
        item = Item(name, start, stop, inside)
        first = owners.get(id(nodes[start].instance))
        item.first = first.name if first is not None and same_layers(nodes, first, item) else None
        for node in nodes[start:stop] if item.first is None else ():
            owners.setdefault(id(node.instance), item)
        items.append(item)
        seen.add(name)
        start = stop
    return items


def same_layers(nodes: Sequence[Node], first: Item, item: Item) -> bool:
    """Whether an item calls the layers of another one again, all of them in their order."""
    pairs = zip(first.steps(), item.steps(), strict=False)
    alike = (first.end - first.start, first.inside > 0) == (item.end - item.start, item.inside > 0)
    return alike and all(nodes[one].instance is nodes[other].instance for one, other in pairs)


class LastReads:
    """The last node that reads each tensor: a nested model must hand out those that are read after it.

    Attributes:
        first: the number of the first node as a producer.
        last: tensor → the last node that reads it.
        by_producer: producer → its outputs that are read.
    """

    def __init__(self, model: Model) -> None:
        self.first = len(model.inputs)
        self.last: dict[Ref, int] = {}
        for index, node in enumerate(model.nodes):
            for ref in refs(node):
                self.last[ref] = index
        for output in model.outputs:
            self.last[output.ref] = len(model.nodes)
        self.by_producer: dict[int, list[Ref]] = {}
        for ref in self.last:
            self.by_producer.setdefault(ref.producer, []).append(ref)

    def leaving(self, item: Item) -> list[tuple[int, int]]:
        """Each tensor of an item that is read after it, as (node, counted from the item's first; output)."""
        return [
            (step - item.start, ref.output)
            for step in item.steps()
            for ref in self.by_producer.get(step + self.first, ())
            if self.last[ref] >= item.end
        ]
