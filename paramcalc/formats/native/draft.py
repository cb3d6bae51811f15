"""The graph of a spec under construction: resolves nodes that read names to nodes that read tensors, in order."""

from collections.abc import Iterator, Sequence

from paramcalc.formats.native.entries import BROKEN
from paramcalc.formats.native.masks import replaced
from paramcalc.formats.native.names import Directory, Reference, TensorName
from paramcalc.formats.native.problems import Problems, SpecError
from paramcalc.model import Input, Instance, Node, Ref, in_order, label_of, refs, reordered


class Draft:
    """The nodes made so far, and everything that has a name.

    Attributes:
        first: the number of the first node as a producer: the inputs come before it.
        names: what each name stands for.
        nodes: in the order of the spec, their inputs still to be resolved.
        sources: what each of them reads, by names that may stand further down.
    """

    def __init__(self, inputs: Sequence[Input], problems: Problems) -> None:
        self.first = len(inputs)
        self.names = Directory()
        self.nodes: list[Node] = []
        self.sources: list[tuple[Reference, ...]] = []
        self._problems = problems
        self._resolved: dict[tuple[int, str], Ref] = {}
        for number, item in enumerate(inputs):
            self.names.put("", item.name, number)

    def add(self, node: Node, sources: tuple[Reference, ...]) -> int:
        """Append a node that reads these, by names that may stand further down; returns its number as a producer."""
        number = self.first + len(self.nodes)
        self.nodes.append(node)
        self.sources.append(sources)
        return number

    def finish(self, outputs: Sequence[Reference]) -> tuple[list[Node], list[Ref]]:
        """The nodes in execution order, and the outputs among them; a name that is not known is noted as a problem.

        A node that reads an unknown name becomes a broken one, so that the others can still be checked.
        """
        nodes = self.nodes
        for node, sources in zip(nodes, self.sources, strict=True):
            node.inputs = self._resolve_all(node, sources)
            if node.ignored is not None:
                self._resolve_masks(node)
        results = []
        for tensor in outputs:
            try:
                results.append(self.names.resolve(tensor))
            except SpecError as error:
                self._problems.add(str(error), error.where)
        order = in_order(nodes, self.first)
        if order is None:
            self._break_cycles()
            order = in_order(nodes, self.first) or []
        if order == list(range(len(nodes))):
            return nodes, results
        moved = reordered(order, self.first)
        for node in nodes:
            node.inputs = tuple([ref if ref is None else renumbered(ref, moved) for ref in node.inputs])
            if node.ignored is not None:
                node.ignored = replaced(node.ignored, lambda ref: renumbered(ref, moved))
        return [nodes[index] for index in order], [renumbered(ref, moved) for ref in results]

    def _resolve_all(self, node: Node, sources: tuple[Reference, ...]) -> tuple[Ref, ...]:
        """The tensors that a node reads; if one is not known, none, and the node is broken."""
        if TensorName not in map(type, sources):
            return sources  # type: ignore[return-value]
        try:
            return tuple([source if isinstance(source, Ref) else self._resolve(source) for source in sources])
        except SpecError as error:
            self._problems.add(str(error), error.where, label_of(node), node.notes)
            make_broken(node)
            return ()

    def _resolve(self, source: TensorName) -> Ref:
        """The tensor of a name; the same name in the same scope is looked up once."""
        key = id(source.scope), source.text
        found = self._resolved.get(key)
        if found is None:
            found = self._resolved[key] = self.names.resolve(source)
        return found

    def _resolve_masks(self, node: Node) -> None:
        """Replace the names of masks by their tensors."""
        try:
            node.ignored = replaced(node.ignored, self.names.resolve)
        except SpecError as error:
            self._problems.add(str(error), error.where, label_of(node), node.notes)
            make_broken(node)

    def _break_cycles(self) -> None:
        """Report cycles of the graph, each by the names along it, and break them."""
        for cycle in find_cycles(self.nodes, self.first):
            nodes = [self.nodes[index] for index in cycle]
            if any(node.instance.layer is BROKEN for node in nodes):  # its problem is already noted
                make_broken(nodes[0])
                continue
            names = [node.path for node in nodes]
            shown = names if len(names) <= 6 else [*names[:5], "…", names[-1]]
            circle = " reads ".join(f"'{name}'" for name in [*shown, names[0]])
            self._problems.add(f"the graph has a cycle: {circle}", nodes[0].where, label_of(nodes[0]), nodes[0].notes)
            make_broken(nodes[0])


def renumbered(ref: Ref, moved: dict[int, int]) -> Ref:
    """The same tensor after the nodes were put in order."""
    return Ref(moved.get(ref.producer, ref.producer), ref.output)


def make_broken(node: Node) -> None:
    """Turn a node into a broken one with unknown outputs; it keeps its place."""
    node.instance = Instance(BROKEN, node.instance.name, node.instance.type)
    node.inputs = ()
    node.ignored = None


def find_cycles(nodes: Sequence[Node], first: int) -> Iterator[list[int]]:
    """Cycles that share no node: without what the first node of each reads, there is no cycle left.

    Each is a list of indices that starts at the earliest node, in which each node reads the next. A single depth-first
    walk finds them all: reaching a node that is already on the current path closes a cycle, unless it was cut there.
    """
    needs = [[ref.producer - first for ref in refs(node) if ref.producer >= first] for node in nodes]
    place: dict[int, int] = {}  # node → its position on the current way
    done: set[int] = set()
    for start in range(len(nodes)):
        if start in done:
            continue
        way, pending, cuts = [start], [iter(needs[start])], [-1]  # cuts: positions on the way of nodes that are cut
        place[start] = 0
        while way:
            following = next(pending[-1], None)
            if following is None:
                if len(way) - 1 == cuts[-1]:
                    cuts.pop()
                done.add(way.pop())
                pending.pop()
            elif following in done:
                continue
            elif following not in place:
                place[following] = len(way)
                way.append(following)
                pending.append(iter(needs[following]))
            elif place[following] > cuts[-1]:
                cycle = way[place[following] :]
                lowest = cycle.index(min(cycle))
                position = place[following] + lowest
                pending[position] = iter(())
                cuts.append(position)
                yield cycle[lowest:] + cycle[:lowest]
