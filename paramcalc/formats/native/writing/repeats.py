"""Which nested models are the times of a `repeat`: 0, 1, 2 … that are equal, each reading the one before it."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from paramcalc.formats.native.writing.nesting import Item, Uses, items_between
from paramcalc.model import Model, Node, Ref, refs

Alike = Callable[[Node, Node], bool]
"""Whether two layers are written with the same entry, but for their inputs."""
Wiring = list[tuple[int, int] | None]
"""What the nodes of one time read: (place in it, output), or None for what comes from outside of it."""


class Times(Struct, frozen=True):
    """The times of one repeat.

    Attributes:
        count: how many there are.
        length: how many nodes make up one.
        start: what the first reads; each later one reads the end of the one before it.
        end: the place among the nodes of one, and the output, of what it hands on.
    """

    count: int
    length: int
    start: Ref
    end: tuple[int, int]

    def first(self, item: Item) -> Item:
        """The first time, as one item."""
        return Item("0", item.start, item.start + self.length, item.inside + 2)

    def result(self) -> tuple[int, int]:
        """What the repeat as a whole hands on."""
        return (self.count - 1) * self.length + self.end[0], self.end[1]


def times_of(model: Model, item: Item, uses: Uses, alike: Alike) -> Times | None:
    """The times of a nested model that a `repeat` can say; None for any other."""
    run = model.nodes[item.start : item.end]
    length = same_paths(run, item.inside)
    if not length or not all(alike(node, run[index % length]) for index, node in enumerate(run)):
        return None
    leaving = uses.leaving(item)
    times = wired(run, length, len(model.inputs) + item.start, leaving)
    if times is None or leaving not in ([], [times.result()]):
        return None
    return times if says_all(model.nodes, times.first(item), times, len(model.inputs)) else None


def same_paths(run: Sequence[Node], inside: int) -> int:
    """How many nodes make up one time, where all paths but the number are those of the first; else 0."""
    head = run[0].path[:inside]
    if not run[0].path.startswith("0/", inside):
        return 0
    length = next((index for index, node in enumerate(run) if not node.path.startswith("0/", inside)), len(run))
    if len(run) % length:
        return 0
    tails = [node.path[inside + 1 :] for node in run[:length]]
    for number in range(1, len(run) // length):
        before = f"{head}{number}"
        if any(run[number * length + index].path != before + tail for index, tail in enumerate(tails)):
            return 0
    return length


def wired(run: Sequence[Node], length: int, first: int, leaving: list[tuple[int, int]]) -> Times | None:
    """The times, where the nodes read the same in each and from outside one tensor: what the time before hands on.

    Args:
        run: the nodes.
        length: how many of them make up one time.
        first: the first one's number among the producers.
        leaving: what is read behind them, which alone tells what a single time hands on.
    """
    wiring, outside = wiring_of(run[:length], first)
    if len(outside) != 1:
        return None
    (start,) = outside
    end = leaving[0] if leaving else None
    for begin in range(length, len(run), length):
        again, outside = wiring_of(run[begin : begin + length], first + begin)
        if again != wiring or len(outside) != 1:
            return None
        (ref,) = outside
        found = ref.producer - first - begin + length, ref.output
        if begin == length:
            end = found
        if found != end or found[0] < 0:
            return None
    return None if end is None else Times(len(run) // length, length, start, end)


def wiring_of(nodes: Sequence[Node], first: int) -> tuple[Wiring, set[Ref]]:
    """What the nodes of one time read, and which tensors come from outside; `first` is the first one's number."""
    wiring: Wiring = []
    outside: set[Ref] = set()
    for node in nodes:
        reads = refs(node)
        if None in node.inputs:
            return [], set()  # which no spec can say
        for ref in reads:
            place = ref.producer - first
            if 0 <= place < len(nodes):
                wiring.append((place, ref.output))
            else:
                wiring.append(None)
                outside.add(ref)
        wiring.append((len(reads), -1))
    return wiring, outside


def says_all(nodes: Sequence[Node], time: Item, times: Times, inputs: int) -> bool:
    """Whether only the first entry of a time reads what stands before it, and the last one's output is its end.

    There is no name for what stands before a time, nor are there `outputs`.
    """
    entries = items_between(nodes, time.start, time.end, time.inside)
    last = entries[-1]
    place, output = times.end
    if any(ref == times.start for node in nodes[entries[0].end : time.end] for ref in refs(node)):
        return False
    if last.inside:
        return last.first is None and place >= last.start - time.start
    return place == times.length - 1 and output == 0
