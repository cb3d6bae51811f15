"""Names → tensors, and the nodes in an order in which each comes after what it reads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from paramcalc.formats.native.entries import BROKEN
from paramcalc.formats.native.names import Pending, Tensor
from paramcalc.formats.native.problems import SpecError
from paramcalc.limits import MAX_FOUND_PROBLEMS
from paramcalc.model import Instance, Node, Ref, in_order, refs, reordered

if TYPE_CHECKING:
    from paramcalc.formats.native.expand import Expander


def finish_nodes(expander: "Expander", outputs: Sequence[Tensor]) -> tuple[list[Node], list[Ref]]:
    """The nodes in execution order and the outputs among them; what cannot be resolved is noted as a problem.

    A node whose inputs are not known becomes a broken one, so that the others can still be looked at.
    """
    nodes = expander.nodes
    for node, sources in zip(nodes, expander.sources, strict=True):
        node.inputs = resolve_all(expander, node, sources)
    results = []
    for tensor in outputs:
        try:
            results.append(expander.names.resolve(tensor))
        except SpecError as error:
            expander.problems.add(str(error), error.where)
    order = in_order(nodes, expander.first)
    while order is None:
        break_cycles(expander)
        order = in_order(nodes, expander.first)
    if order == list(range(len(nodes))):
        return nodes, results
    moved = reordered(order, expander.first)
    for node in nodes:
        node.inputs = tuple([ref if ref is None else renumbered(ref, moved) for ref in node.inputs])
    return [nodes[index] for index in order], [renumbered(ref, moved) for ref in results]


def renumbered(ref: Ref, moved: dict[int, int]) -> Ref:
    """The same tensor after the nodes were put in order."""
    return Ref(moved.get(ref.producer, ref.producer), ref.output)


def resolve_all(expander: "Expander", node: Node, sources: tuple[Tensor, ...]) -> tuple[Ref, ...]:
    """The tensors a node reads; none, and a broken node, where one is not known."""
    if Pending not in map(type, sources):
        return sources  # type: ignore[return-value]
    resolve = expander.names.resolve
    try:
        return tuple([source if type(source) is Ref else resolve(source) for source in sources])
    except SpecError as error:
        expander.problems.add(str(error), error.where, label(node), node.notes)
        make_broken(node)
        return ()


def label(node: Node) -> str:
    """How an error names a node."""
    return f"'{node.path}' ({node.instance.type})"


def make_broken(node: Node) -> None:
    """Leave the node in its place, with nothing known of it."""
    node.instance = Instance(BROKEN, node.instance.name, node.instance.type)
    node.inputs = ()


def break_cycles(expander: "Expander") -> None:
    """Report cycles of the graph, each by the names along it, and cut them."""
    for cycle in find_cycles(expander.nodes, expander.first):
        nodes = [expander.nodes[index] for index in cycle]
        if any(node.instance.layer is BROKEN for node in nodes):
            continue  # cut already, where another cycle came by
        names = [node.path for node in nodes]
        shown = names if len(names) <= 6 else [*names[:5], "…", names[-1]]
        circle = " reads ".join(f"'{name}'" for name in [*shown, names[0]])
        expander.problems.add(f"the graph has a cycle: {circle}", nodes[0].where, label(nodes[0]), nodes[0].notes)
        make_broken(nodes[0])


def find_cycles(nodes: Sequence[Node], first: int) -> list[list[int]]:
    """At least one cycle where there is any: indices from the earliest node on, each reading the next."""
    needs = [[ref.producer - first for ref in refs(node) if ref.producer >= first] for node in nodes]
    place: dict[int, int] = {}  # node → where it stands on the way
    done: set[int] = set()
    cycles: list[list[int]] = []
    for start in range(len(nodes)):
        if start in done:
            continue
        way, pending = [start], [iter(needs[start])]
        place[start] = 0
        while way:
            following = next(pending[-1], None)
            if following is None:
                done.add(way.pop())
                pending.pop()
            elif following in done:
                continue
            elif following in place:
                cycle = way[place[following] :]
                lowest = cycle.index(min(cycle))
                cycles.append(cycle[lowest:] + cycle[:lowest])
                if len(cycles) >= MAX_FOUND_PROBLEMS:
                    return cycles
            else:
                place[following] = len(way)
                way.append(following)
                pending.append(iter(needs[following]))
    return cycles
