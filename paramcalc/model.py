"""What every reader produces and everything after consumes: a flat graph of layer calls.

Blocks and nested models are already unrolled: their nesting shows only in `Node.path`. A layer that is
called twice is one `Instance` in two nodes.

None of these structs is ever part of a cycle: `gc=False` spares each the 16 bytes that the collector keeps beside it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal, NamedTuple

from msgspec import Struct, field

from paramcalc.errors import MAX_ECHO, DocPath, Position, clipped
from paramcalc.layers.base import Layer, Weight
from paramcalc.shapes import Shape


class Ref(Struct, frozen=True, gc=False):
    """One tensor: which producer (the inputs first, then the nodes, counted from 0), which output."""

    producer: int
    output: int = 0


class Input(Struct, frozen=True):
    """An input of the model; its shape includes the batch."""

    name: str
    shape: Shape
    dtype: str = "float32"


class Output(Struct, frozen=True):
    """An output of the model, where it comes from, and its place in the document."""

    name: str
    ref: Ref
    where: DocPath | None = None


class Instance(Struct, eq=False, gc=False):
    """A layer with its identity: its weights exist once, however often it is called.

    Attributes:
        built: the shapes of the inputs that the file says its weights were made for, if it says so: lists of whatever
            the file has there. What they mean is up to `Claims.built`.
        stored: the weights that the file has for it, for where they cannot be computed; None where it does not say.
        shared: for a layer that stands inside others as well, what it is known by there, and what its weights' names
            begin with there; see `Weight.origin`.
    """

    layer: Layer
    name: str
    type: str
    trainable: bool = True
    dtype: str = "float32"
    built: Sequence[Any] = ()
    stored: tuple[Weight, ...] | None = None
    shared: tuple[Any, str] | None = None

    def origin(self, weight: Weight) -> tuple[Any, str] | None:
        """What a weight of this layer is one tensor with; None for a weight that is in no other place."""
        if weight.origin is not None or self.shared is None:
            return weight.origin
        known_by, prefix = self.shared
        return known_by, prefix + weight.name


class Node(Struct, gc=False):
    """One call of a layer.

    Attributes:
        path: unique in the model, nesting separated by "/": "encoder/0/dense"; a later call ends in "#2",
            unless the file gives it a name of its own.
        instance: the layer that is called.
        inputs: the tensors it reads, in the order of the layer's call; None for one left out.
        options: call arguments by name: a Ref, a list of Refs, or a plain value.
        where: its place in the document.
        notes: further places for an error to name, such as where the block was used.
        ignored: call arguments by name that hold tensors and change neither a shape nor a count, such as masks; no
            formula gets them, but they are edges of the graph.
    """

    path: str
    instance: Instance
    inputs: tuple[Ref | None, ...]
    options: dict[str, Any] | None = None
    where: DocPath | None = None
    notes: tuple[tuple[str, DocPath], ...] = ()
    ignored: dict[str, Any] | None = None


class DeclaredInput(NamedTuple):
    """What a model inside the model says of an input that it is called with.

    Attributes:
        ref: the tensor it reads.
        shape: what its own input was declared as.
        strict: whether all known sizes must be equal; else images and sequences may have another size.
        where: its place in the document.
        label: the model inside, as errors name it.
    """

    ref: Ref
    shape: Shape
    strict: bool
    where: DocPath
    label: str


class StoredTensor(Struct, frozen=True, gc=False):
    """What a checkpoint has of one weight of an architecture, which may be several tensors there.

    Attributes:
        source: the name of the first of them, as it is in the file.
        shape: the weight's shape by these tensors; None where it is not known, or packed.
        dtype: what they are stored as; "" where that is not known.
        size: their bytes.
        elements: the parameters that are packed in them; None for one in each element.
        parts: how many tensors they are.
        scales: what is stored beside them to decode them, each under its name in the layer.
        ignored: whether the framework lets it pass where the model has no such weight.
        other: another shape that it may as well have, for a tensor that is turned where that is needed.
        words: the integers of 32 bits that it is packed in, row by row, where the file does not say in how many bits.
    """

    source: str
    shape: tuple[int, ...] | None
    dtype: str
    size: int
    elements: int | None = None
    parts: int = 1
    scales: tuple[Weight, ...] = ()
    ignored: bool = False
    words: int | None = None
    other: tuple[int, ...] | None = None


class Split(NamedTuple):
    """A tensor of a checkpoint that is several weights of the architecture, one after the other along an axis."""

    names: tuple[str, ...]
    axis: int
    tensor: StoredTensor


class Checkpoint(Struct):
    """The weights that are stored beside an architecture, under the names that it has for them.

    Attributes:
        where: what they are stored in, for messages.
        tensors: path and name of a weight, joined by dots → what is stored of it.
        splits: tensors that are several weights.
        optional: names, within a layer, of buffers that older files leave out.
        wrong: what is wrong with the checkpoint itself, in words for the user.
        covers: which weights it has: all, those without what an adapter adds, or these alone.
        added: what the names of weights begin with, within a layer, that an adapter adds.
        expected: the names that every checkpoint of its kind has, their numbers as `without_numbers` writes them; None
            where it has all weights.
    """

    where: str
    tensors: dict[str, StoredTensor]
    splits: list[Split] = field(default_factory=list)
    optional: frozenset[str] = frozenset()
    wrong: list[str] = field(default_factory=list)
    covers: Literal["all", "base", "added"] = "all"
    added: tuple[str, ...] = ()
    expected: frozenset[str] | None = None

    def expects(self, name: str) -> bool:
        """Whether a weight has to be in it, as far as is known."""
        return self.expected is None or without_numbers(name) in self.expected


NUMBER = re.compile(r"(?<![^.])[0-9]+(?![^.])")
"""A whole part of a name that is a number."""


def without_numbers(name: str) -> str:
    """A name whose numbers are each a `*`: model.layers.*.mlp.up_proj.weight."""
    return NUMBER.sub("*", name)


class Claims(Struct):
    """What a file says of itself beside its architecture; `analysis.claims` compares it with what is computed.

    The reader fills in only what its format means as binding, so that no other code needs to know the format.

    Attributes:
        built: the file's name for the input shapes in `Instance.built` and `Sublayer.built`, for messages, where the
            framework makes the weights from these; None where they are no more than a hint.
        inputs: what models inside say of their inputs.
        weights: the file's own list of its weights, path and name, as `dense/kernel` → shape; None where it has none.
        weights_in: what in the file that list is, for messages.
        unreadable: why there is no such list, where there should be one.
        merged: names, within a layer, of weights that the list leaves out, because they are added to others there.
        checkpoint: the weights that are stored beside the architecture, where their names are exactly its own.
    """

    built: str | None = None
    inputs: list[DeclaredInput] = field(default_factory=list)
    weights: dict[str, tuple[int, ...]] | None = None
    weights_in: str = "manifest"
    unreadable: str | None = None
    merged: frozenset[str] = frozenset()
    checkpoint: Checkpoint | None = None


class Model(Struct):
    """A network as it was written, unrolled, in execution order.

    Attributes:
        tied: pairs of weights ("path.weight") that are one tensor; the first holds it.
        shares: whether layers of it may stand in several places, so that `Instance.shared` matters.
        budget: the spec's own `budget:`, as it was written.
        assumed: what the file itself says of layers that cannot be computed, by class or a glob; see `Assumption`.
        warnings: what the reader noticed that does not change a number.
        places: for a warning that is about one, its place in the document.
        claims: what the file says of itself beside this; None where it says nothing.
        framework: whose layers they are; None where the file holds weights and no layers.
        details: what else the file says of itself, by name: its quantisation, how many tensors it holds.
        unknown: paths of layers whose weights the file does not say, where it says something of the whole all the same.
        recorded: makes the same model for inputs of other shapes, of a file that records what a program does with its
            own; it raises InputError where nothing says what the program does with those.
        layers: makes the same model of layers with fields, of a file that records what they hold and give; it raises
            ConvertError where the file does not say enough.
        max_tokens: the longest text that it was made for; None where the file does not say.
        max_different: how many calls may be like no other, where a small file can make many.
        locate: finds a place of the document in the text; only called for errors.
    """

    name: str
    format: str
    source: str
    inputs: list[Input]
    nodes: list[Node]
    outputs: list[Output]
    tied: list[tuple[str, str, DocPath]] = field(default_factory=list)
    budget: Any = None
    assumed: dict[str, Any] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    places: dict[str, DocPath | None] = field(default_factory=dict)
    claims: Claims | None = None
    framework: str | None = None
    details: dict[str, str | int | float] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    recorded: "Callable[[list[Input]], Model] | None" = None
    layers: "Callable[[], Model] | None" = None
    max_tokens: int | None = None
    max_different: int | None = None
    shares: bool = False
    locate: Callable[[DocPath], Position | None] = lambda where: None

    def warn(self, message: str, where: DocPath | None) -> None:
        """Note what does not change a number, and the place that it is about."""
        self.warnings.append(message)
        self.places[message] = where


def reachable(model: Model) -> set[int]:
    """The producers, inputs and nodes by number, that an output depends on; the nodes are in execution order."""
    first = len(model.inputs)
    found = {output.ref.producer for output in model.outputs}
    for index in range(len(model.nodes) - 1, -1, -1):
        if first + index in found:
            found.update(ref.producer for ref in refs(model.nodes[index]))
    return found


def in_order(nodes: Sequence[Node], first: int) -> list[int] | None:
    """The nodes' indices in an order in which each comes after what it reads, else as written.

    `first` is the number of inputs, the producers before the nodes. Returns None when the graph has
    a cycle. The common case, a list already in order, costs one pass.
    """
    needs = [[ref.producer - first for ref in refs(node) if ref.producer >= first] for node in nodes]
    if all(need < index for index, list_ in enumerate(needs) for need in list_):
        return list(range(len(nodes)))
    import heapq  # only loaded for a graph that is not written in order

    waiting = [len(set(list_)) for list_ in needs]
    readers: list[list[int]] = [[] for _ in nodes]
    for index, list_ in enumerate(needs):
        for need in set(list_):
            readers[need].append(index)
    ready = [index for index, count in enumerate(waiting) if count == 0]
    order: list[int] = []
    while ready:
        index = heapq.heappop(ready)
        order.append(index)
        for reader in readers[index]:
            waiting[reader] -= 1
            if waiting[reader] == 0:
                heapq.heappush(ready, reader)
    return order if len(order) == len(nodes) else None


def reordered(order: Sequence[int], first: int) -> dict[int, int]:
    """Producer numbers before → after the nodes are put in `order`; the inputs keep theirs."""
    return {old + first: new + first for new, old in enumerate(order)}


def refs(node: Node) -> list[Ref]:
    """Every tensor a node reads: its inputs, then those among its call arguments."""
    found = formula_refs(node)
    if node.ignored is not None:
        found += refs_in(node.ignored.values())
    return found


def formula_refs(node: Node) -> list[Ref]:
    """The tensors that a node's formula knows of: all but those it ignores."""
    found = [ref for ref in node.inputs if ref is not None]
    if node.options is not None:
        found += refs_in(node.options.values())
    return found


def refs_in(values: Iterable[Any]) -> list[Ref]:
    """The tensors among call arguments, those in lists included."""
    found: list[Ref] = []
    for value in values:
        if isinstance(value, Ref):
            found.append(value)
        elif isinstance(value, list):
            found += refs_in(value)
    return found


def label_of(node: Node) -> str:
    """The node as errors name it: `'encoder/0/dense' (Dense)`."""
    return clipped(f"'{node.path}' ({node.instance.type[:MAX_ECHO]})")
