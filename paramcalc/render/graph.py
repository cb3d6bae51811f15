"""A summary as a graph to draw: boxes, some of them open, and arrows between the closed ones.

In: a summary, and how deep to open its blocks; or a diff. Out: the graph, which `mermaid` and `dot` write down.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from paramcalc.analysis.diff import Change, Diff
from paramcalc.render.columns import shape_text
from paramcalc.render.rows import folded_tree
from paramcalc.render.tree import Branch
from paramcalc.summary import LayerSummary, Summary

MANY = 40
"""The most boxes that are considered: in a larger graph of changes all blocks stay closed."""


class Box(Struct):
    """A layer, equal layers, or a block.

    Attributes:
        key: its unique name in the graph.
        label: its label for readers.
        layers: all layers in it, including those of every repeat.
        children: its parts, if it is open; those of one repeat.
        repeats: how many consecutive equal boxes it stands for.
        start: the number of its first layer in the summary.
        status: "added", "removed" or "changed" in a graph of changes.
    """

    key: str
    label: str
    layers: Sequence[LayerSummary]
    children: list["Box"]
    repeats: int = 1
    start: int = 0
    status: str = ""

    @property
    def type(self) -> str:
        """The type of a layer or of equal layers, otherwise the number of layers."""
        equal = len(self.layers) == self.repeats
        return self.layers[0].type if equal else f"{len(self.layers):,} layers"

    @property
    def params(self) -> int:
        """The parameters of all its layers."""
        return sum([layer.params for layer in self.layers])


class Arrow(Struct, frozen=True):
    """A tensor that goes from one box, or input, to another."""

    tail: str
    head: str
    shape: str


class Source(Struct, frozen=True):
    """An input of the model."""

    key: str
    label: str
    shape: str


class Graph(Struct):
    """What is drawn.

    Attributes:
        homes: the closed box that each layer is drawn in, by path; layers of further repeats share that of the first.
    """

    name: str
    inputs: list[Source]
    boxes: list[Box]
    arrows: list[Arrow] = field(default_factory=list)
    homes: dict[str, str] = field(default_factory=dict)


def graph_of(summary: Summary, depth: int | None = None) -> Graph:
    """The graph with its blocks open to a depth; as far as fits a screen when None."""
    tree, shown, _ = folded_tree(summary, depth)
    boxes = list(boxes_of(tree, 0, shown))
    return joined(summary, boxes)


def overview_graph(summaries: Sequence[Summary]) -> Graph:
    """Each model as a single box."""
    boxes = [Box(f"m{number}", summary.source, summary.layers, []) for number, summary in enumerate(summaries)]
    return Graph("models", [], boxes)


def boxes_of(branches: Sequence[Branch], start: int, depth: int, prefix: str = "n") -> Iterator[Box]:
    """The branches as boxes, open to a depth."""
    for number, branch in enumerate(branches):
        key = f"{prefix}{number}"
        inner = list(boxes_of(branch.children, start, depth - 1, f"{key}_")) if depth > 1 else []
        yield Box(key, branch.label, branch.layers, inner, branch.repeats, start)
        start += len(branch.layers)


def joined(summary: Summary, boxes: list[Box]) -> Graph:
    """The boxes with the model's inputs and an arrow for each tensor that goes from one to another."""
    inputs = {
        item.name: Source(f"i{number}", item.name, shape_text(item.shape)) for number, item in enumerate(summary.inputs)
    }
    homes: list[Home] = [Home("", ())] * len(summary.layers)
    settle(boxes, homes, 0, ())
    found: dict[Arrow, None] = {}
    producers = {layer.path: home for layer, home in zip(summary.layers, homes, strict=True)}
    for layer, home in zip(summary.layers, homes, strict=True):
        for name, shape in zip(layer.inputs, layer.input_shapes, strict=True):
            tail = producers.get(name)
            if tail is None and name in inputs:
                found[Arrow(inputs[name].key, home.key, shape_text(shape))] = None
            elif tail is not None and tail.key != home.key and not apart(tail, home):
                found[Arrow(tail.key, home.key, shape_text(shape))] = None
    used = {arrow.tail for arrow in found}
    keys = {path: home.key for path, home in producers.items()}
    return Graph(summary.name, [source for source in inputs.values() if source.key in used], boxes, list(found), keys)


class Home(Struct, frozen=True):
    """The closed box of a layer, and for each open repeating block around it, the number of the repeat."""

    key: str
    repeats: tuple[tuple[str, int], ...]


def settle(boxes: Sequence[Box], homes: list[Home], shift: int, repeats: tuple[tuple[str, int], ...]) -> None:
    """Give each layer its home; `shift` is its distance from the same layer in the repeat that is drawn."""
    for box in boxes:
        start, size = box.start + shift, len(box.layers)
        if not box.children:
            homes[start : start + size] = [Home(box.key, repeats)] * size
            continue
        each = size // box.repeats
        for number in range(box.repeats):
            inside = (*repeats, (box.key, number)) if box.repeats > 1 else repeats
            settle(box.children, homes, shift + number * each, inside)


def apart(tail: Home, head: Home) -> bool:
    """Whether two layers are in different repeats of a block: `×N` already shows that these follow each other."""
    return any(key == other and number != its for key, number in tail.repeats for other, its in head.repeats)


def changed_graph(diff: Diff, changes: Sequence[Change]) -> Graph:
    """The changed part of the new model's graph, with its neighbours and the removed layers.

    `changes` are those of the diff that are to be shown.
    """
    statuses = {
        change.head.path: change.kind
        for change in changes
        if change.head is not None and change.kind in ("added", "changed")
    }
    tree, _, _ = folded_tree(diff.head)
    boxes = list(boxes_of(tree, 0, 1))
    while opened(boxes, tree, statuses):
        pass
    graph = joined(diff.head, boxes)
    mark(graph, statuses)
    add_removed(graph, diff, changes)
    return near_changes(graph)


def opened(boxes: list[Box], tree: Sequence[Branch], statuses: Mapping[str, str]) -> bool:
    """Open the closed blocks that hold a change and more that does not, a level at a time, while it stays readable."""
    count = sum([1 for _ in every(boxes)])
    done = False
    for branch, box in zip(tree, boxes, strict=True):
        if box.children:
            done = opened(box.children, branch.children, statuses) or done
            continue
        if branch.children and is_mixed(box, statuses) and count + len(branch.children) <= MANY:
            box.children = list(boxes_of(branch.children, box.start, 1, f"{box.key}_"))
            count += len(branch.children)
            done = True
    return done


def is_mixed(box: Box, statuses: Mapping[str, str]) -> bool:
    """Whether opening a block shows more: not if all of it, or of one of its repeats, is new."""
    found = [statuses.get(layer.path, "") for layer in box.layers]
    size = len(found) // box.repeats
    repeats = [set(found[start : start + size]) for start in range(0, len(found), size)]
    return any(kinds not in ({""}, {"added"}) for kinds in repeats)


def every(boxes: Sequence[Box]) -> Iterator[Box]:
    """The boxes, including nested ones."""
    for box in boxes:
        yield box
        yield from every(box.children)


def mark(graph: Graph, statuses: Mapping[str, str]) -> None:
    """Set the status of each closed box from its layers, including those of further repeats."""
    kinds: dict[str, set[str]] = {}
    for path, key in graph.homes.items():
        kinds.setdefault(key, set()).add(statuses.get(path, ""))
    for box in every(graph.boxes):
        found = kinds.get(box.key, {""})
        if found != {""}:
            box.status = "added" if found == {"added"} else "changed"


def add_removed(graph: Graph, diff: Diff, changes: Sequence[Change]) -> None:
    """Add the removed layers, with arrows to their neighbours, whether these still exist or not."""
    gone = [change for change in changes if change.head is None]
    graph.boxes += [removed_box(number, change) for number, change in enumerate(gone[:MANY])]
    keys = {source.label: source.key for source in graph.inputs} | graph.homes
    keys |= {change.base.path: graph.homes[change.head.path] for change in diff.changes if change.base and change.head}
    keys |= {box.label: box.key for box in graph.boxes if box.status == "removed"}
    old = {box.key for box in graph.boxes if box.status == "removed"}
    for layer in diff.base.layers:
        for name, shape in zip(layer.inputs, layer.input_shapes, strict=True):
            tail, head = keys.get(name), keys.get(layer.path)
            if tail and head and tail != head and (tail in old or head in old):
                graph.arrows.append(Arrow(tail, head, shape_text(shape)))


def removed_box(number: int, change: Change) -> Box:
    """The box of a removed layer."""
    return Box(f"r{number}", change.path, [change.base] if change.base else [], [], status="removed")


def near_changes(graph: Graph) -> Graph:
    """The changed boxes, their neighbours, and the blocks around both."""
    changed = {box.key for box in every(graph.boxes) if box.status}
    arrows = [arrow for arrow in graph.arrows if arrow.tail in changed or arrow.head in changed]
    kept = changed | {key for arrow in arrows for key in (arrow.tail, arrow.head)}
    inputs = [source for source in graph.inputs if source.key in kept]
    return Graph(graph.name, inputs, pruned(graph.boxes, lambda box: box.key in kept), arrows)


def pruned(boxes: Sequence[Box], keep: Callable[[Box], bool]) -> list[Box]:
    """The closed boxes to keep, in the open ones around them."""
    found = []
    for box in boxes:
        was_open = bool(box.children)
        box.children = pruned(box.children, keep)
        if box.children or (not was_open and keep(box)):
            found.append(box)
    return found


def label_lines(box: Box) -> list[str]:
    """The lines of a closed box: its name, its type, its parameters, its status."""
    params = f"{box.params:,} params" if box.params else ""
    return [line for line in (block_label(box), box.type, params, box.status) if line]


def block_label(box: Box) -> str:
    """The name of a box, and how many equal boxes it stands for."""
    return f"{box.label} ×{box.repeats:,}" if box.repeats > 1 else box.label
