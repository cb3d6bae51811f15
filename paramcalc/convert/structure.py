"""The flat graph → its nesting: paths say which layers make up a nested model, and which call it is."""

from collections.abc import Iterator

from msgspec import Struct

from paramcalc.convert.problems import ConvertError
from paramcalc.model import Model, Ref, refs


class Item(Struct):
    """One layer call, or one call of a nested model.

    Attributes:
        name: its part of the path: "dense", or "dense#2" for a later call.
        start: its first node; `end` is behind its last one.
        items: what is in a nested model; None for a layer.
        first: the name of the first call, for a later one.
    """

    name: str
    start: int
    end: int
    items: "list[Item] | None" = None
    first: str | None = None

    def steps(self) -> Iterator[int]:
        """Its nodes."""
        return iter(range(self.start, self.end))


def items_of(model: Model) -> list[Item]:
    """The outermost layers and models.

    Raises:
        ConvertError: when the layers of a nested model do not stand together.
    """
    paths = [tuple(node.path.split("/")) for node in model.nodes]
    return items_between(paths, 0, len(paths), 0)


def items_between(paths: list[tuple[str, ...]], start: int, end: int, depth: int) -> list[Item]:
    """The items of the nodes from `start` to `end`, which share the first `depth` parts of their paths."""
    items: list[Item] = []
    seen: set[str] = set()
    while start < end:
        name = paths[start][depth]
        stop = start + 1
        inner = None
        if len(paths[start]) > depth + 1:
            while stop < end and paths[stop][depth] == name:
                stop += 1
            if any(len(path) <= depth + 1 for path in paths[start:stop]):
                raise ConvertError(f"'{name}' is both a layer and a nested model")
            inner = items_between(paths, start, stop, depth + 1)
        if name in seen:
            raise ConvertError(f"the layers in '{'/'.join(paths[start][: depth + 1])}' do not stand together")
        base = name.rpartition("#")[0]
        items.append(Item(name, start, stop, inner, base if base in seen else None))
        seen.add(name)
        start = stop
    return items


class Uses:
    """Which tensors are read, and how late: what a nested model must hand out."""

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
        """(place among the item's nodes, output) of each tensor that something behind the item reads."""
        return [
            (step - item.start, ref.output)
            for step in item.steps()
            for ref in self.by_producer.get(step + self.first, ())
            if self.last[ref] >= item.end
        ]
