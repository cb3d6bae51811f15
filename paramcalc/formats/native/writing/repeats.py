"""Recognises a `repeat` in a nested model of equal models 0, 1, 2 …, each of which reads the one before."""

from collections.abc import Callable, Sequence

from msgspec import Struct

from paramcalc.formats.native.writing.nesting import Item, LastReads, items_between
from paramcalc.model import Model, Node, Ref, refs

SameEntry = Callable[[Node, Node], bool]
"""Whether two layers are written with the same entry, except for their inputs."""
Wiring = list[tuple[int, int] | None]
"""What the nodes of an iteration read: (node in it, output), or None for a tensor from outside."""


class Iterations(Struct, frozen=True):
    """The iterations of one repeat.

    Attributes:
        count: how many there are.
        length: how many nodes each has.
        start: what the first one reads; each later one reads the end of the one before it.
        end: the tensor that each passes to the next: a node in it, and the output.
    """

    count: int
    length: int
    start: Ref
    end: tuple[int, int]

    def first(self, item: Item) -> Item:
        """The first iteration as an item."""
        return Item("0", item.start, item.start + self.length, item.inside + 2)

    def result(self) -> tuple[int, int]:
        """The result of the repeat: a node in it, and the output."""
        return (self.count - 1) * self.length + self.end[0], self.end[1]


def iterations_of(model: Model, item: Item, last_reads: LastReads, same_entry: SameEntry) -> Iterations | None:
    """The iterations in a nested model that a `repeat` can express; None for any other model."""
    run = model.nodes[item.start : item.end]
    length = same_paths(run, item.inside)
    if not length or not all(same_entry(node, run[index % length]) for index, node in enumerate(run)):
        return None
    leaving = last_reads.leaving(item)
    iterations = chained(run, length, len(model.inputs) + item.start, leaving)
    if iterations is None or leaving not in ([], [iterations.result()]):
        return None
    return iterations if needs_no_names(model.nodes, iterations.first(item), iterations, len(model.inputs)) else None


def same_paths(run: Sequence[Node], inside: int) -> int:
    """How many nodes an iteration has, if all paths are those of the first one but for the number; else 0."""
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


def chained(run: Sequence[Node], length: int, first: int, leaving: list[tuple[int, int]]) -> Iterations | None:
    """The iterations, if the nodes in each read the same, and from outside only what the one before it hands on.

    Args:
        run: the nodes.
        length: how many of them an iteration has.
        first: the number of the first one as a producer.
        leaving: what is read after them: if there is a single iteration, nothing else shows what it hands on.
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
    return None if end is None else Iterations(len(run) // length, length, start, end)


def wiring_of(nodes: Sequence[Node], first: int) -> tuple[Wiring, set[Ref]]:
    """What the nodes of an iteration read, and the tensors from outside; `first` is the first node as a producer."""
    wiring: Wiring = []
    outside: set[Ref] = set()
    for node in nodes:
        reads = refs(node)
        if None in node.inputs:
            return [], set()  # no spec can express this
        for ref in reads:
            place = ref.producer - first
            if 0 <= place < len(nodes):
                wiring.append((place, ref.output))
            else:
                wiring.append(None)
                outside.add(ref)
        wiring.append((len(reads), -1))
    return wiring, outside


def needs_no_names(nodes: Sequence[Node], time: Item, iterations: Iterations, inputs: int) -> bool:
    """Whether only the first entry of an iteration reads what comes before it, and the last one's output is its end.

    In a repeat there is no name for what comes before an iteration, and there are no `outputs`.
    """
    entries = items_between(nodes, time.start, time.end, time.inside)
    last = entries[-1]
    place, output = iterations.end
    if any(ref == iterations.start for node in nodes[entries[0].end : time.end] for ref in refs(node)):
        return False
    if last.inside:
        return last.first is None and place >= last.start - time.start
    return place == iterations.length - 1 and output == 0
