"""The model that every reader produces and everything after consumes: a flat graph of layer calls.

Blocks and nested models are already unrolled: their nesting shows only in `Node.path`. A layer that is
called twice is one `Instance` in two nodes.

None of these structs is ever part of a cycle: `gc=False` spares each the 16 bytes that the collector keeps beside it.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Literal

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
        built: the input shapes that its weights were made for, if the file records them, as lists of whatever the file
            has there. `Claims.built` says what they mean.
        stored: the weights that the file has for it, for when they cannot be computed; None if the file does not say.
        shared: for a layer that is also used inside others: its identity there, and the prefix of its weights' names
            there; see `Weight.origin`.
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
        """The identity of a weight that is shared with other places; None for any other weight."""
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
        inputs: the tensors it reads, in the order of the layer's call; None for an omitted one.
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


class DeclaredInput(Struct, frozen=True):
    """What a nested model declares about one of its inputs.

    Attributes:
        ref: the tensor it reads.
        shape: the declared shape of the nested model's input.
        strict: whether all known sizes must be equal; else images and sequences may have other sizes.
        where: its place in the document.
        label: the nested model, as errors name it.
    """

    ref: Ref
    shape: Shape
    strict: bool
    where: DocPath
    label: str


class StoredTensor(Struct, frozen=True, gc=False):
    """How a checkpoint stores one weight of an architecture, possibly as several tensors.

    Attributes:
        source: the name of the first of these tensors in the file.
        shape: the shape of the weight according to these tensors; None if unknown or packed.
        dtype: the dtype they are stored in; "" if unknown.
        size: their bytes.
        elements: the number of parameters packed in them; None for one per element.
        parts: the number of tensors.
        scales: the tensors that decode them, each under its name in the layer.
        ignored: whether the framework ignores it if the model has no such weight.
        other: a second shape that is just as right, for a tensor that is transposed if necessary.
        words: the number of 32-bit integers it is packed in row by row, if the file does not say how many bits a weight
            has.
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


class Split(Struct, frozen=True):
    """A tensor of a checkpoint that holds several weights of the architecture, concatenated along an axis."""

    names: tuple[str, ...]
    axis: int
    tensor: StoredTensor


class Checkpoint(Struct):
    """The weights stored with an architecture, under the architecture's own names.

    Attributes:
        where: the file that stores them, for messages.
        tensors: path and name of a weight, joined by dots → how it is stored.
        splits: tensors that hold several weights.
        optional: names, within a layer, of buffers that older files leave out.
        wrong: problems of the checkpoint itself, as messages.
        covers: which weights it has: all of them, all but those of an adapter, or only those of an adapter.
        added: the prefixes, within a layer, of the names of weights that an adapter adds.
        expected: the names that every checkpoint of its kind has, with their numbers replaced by `without_numbers`;
            None if it has all weights.
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
        """Whether a weight must be in it, as far as is known."""
        return self.expected is None or without_numbers(name) in self.expected


NUMBER = r"(?<![^.])[0-9]+(?![^.])"
"""A part of a dotted name that is a number."""


def without_numbers(name: str) -> str:
    """A name whose numbers are each a `*`: model.layers.*.mlp.up_proj.weight."""
    return re.sub(NUMBER, "*", name)


class Claims(Struct):
    """What a file says about itself besides its architecture; `analysis.claims` compares it with what is computed.

    The reader fills in only what is binding in its format, so that no other code needs to know the format.

    Attributes:
        built: the file's name for the input shapes in `Instance.built` and `Sublayer.built`, for messages, if the
            framework makes the weights from these; None if they are only a hint.
        inputs: what nested models declare about their inputs.
        weights: the file's own list of its weights: path and name, such as `dense/kernel` → shape; None if it has none.
        weights_in: the name of that list in the file, for messages.
        unreadable: why that list cannot be read, if there should be one.
        merged: names, within a layer, of weights that the list omits because they are merged into others.
        checkpoint: the weights stored with the architecture, if their names are exactly its own.
    """

    built: str | None = None
    inputs: list[DeclaredInput] = field(default_factory=list)
    weights: dict[str, tuple[int, ...]] | None = None
    weights_in: str = "manifest"
    unreadable: str | None = None
    merged: frozenset[str] = frozenset()
    checkpoint: Checkpoint | None = None


class Model(Struct):
    """A network as described in its file, unrolled, in execution order.

    Attributes:
        tied: pairs of weights ("path.weight") that are one tensor; the first holds it.
        shares: whether layers may be used in several places, so that `Instance.shared` matters.
        budget: the spec's own `budget:`, as it was written.
        assumed: the file's own assumptions about layers that cannot be computed, by class or glob; see `Assumption`.
        warnings: what the reader noticed that does not change a number.
        places: the place in the document of each warning that has one.
        claims: what else the file says about itself, to be checked; None if nothing.
        framework: the framework of the layers; None if the file holds weights and no layers.
        program: the program that computes it, if that is not the framework's own, such as "transformers".
        details: further facts from the file, by name: its quantisation, how many tensors it holds.
        unknown: paths of layers whose weights the file omits though it gives some totals.
        stated: totals ("params", "size") that are known of the whole although some paths are `unknown`.
        recorded: for a file that records the shapes of one run: makes the model for inputs of other shapes. It raises
            InputError if the file does not determine the result for those.
        layers: for a file that records layers without their fields: makes the model of layers with fields. It raises
            ConvertError if the file does not say enough.
        max_tokens: the longest sequence that it was made for; None if the file does not say.
        max_different: how many distinct calls there may be, if a small file can create many.
        locate: finds the line and column of a place; only called for errors.
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
    program: str | None = None
    details: dict[str, str | int | float] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    stated: list[str] = field(default_factory=list)
    recorded: "Callable[[list[Input]], Model] | None" = None
    layers: "Callable[[], Model] | None" = None
    max_tokens: int | None = None
    max_different: int | None = None
    shares: bool = False
    locate: Callable[[DocPath], Position | None] = lambda where: None

    def warn(self, message: str, where: DocPath | None) -> None:
        """Add a warning and the place it is about; warnings change no number."""
        self.warnings.append(message)
        self.places[message] = where


def reachable(model: Model) -> set[int]:
    """The producers (inputs and nodes, by number) that an output depends on; nodes must be in execution order."""
    first = len(model.inputs)
    found = {output.ref.producer for output in model.outputs}
    for index in range(len(model.nodes) - 1, -1, -1):
        if first + index in found:
            found.update(ref.producer for ref in refs(model.nodes[index]))
    return found


def in_order(nodes: Sequence[Node], first: int) -> list[int] | None:
    """The nodes' indices in an order in which each comes after what it reads, and otherwise in the given order.

    `first` is the number of inputs, the producers before the nodes. Returns None when the graph has
    a cycle. The common case, a list already in order, costs one pass.
    """
    needs = [[ref.producer - first for ref in refs(node) if ref.producer >= first] for node in nodes]
    if all(need < index for index, list_ in enumerate(needs) for need in list_):
        return list(range(len(nodes)))
    import heapq  # only loaded for a graph that is not in order

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
    """Old → new producer numbers once the nodes are put in `order`; the inputs keep theirs."""
    return {old + first: new + first for new, old in enumerate(order)}


def refs(node: Node) -> list[Ref]:
    """Every tensor a node reads: its inputs, then those among its call arguments."""
    found = formula_refs(node)
    if node.ignored is not None:
        found += refs_in(node.ignored.values())
    return found


def formula_refs(node: Node) -> list[Ref]:
    """The tensors that a node's formula receives: all but the ignored ones."""
    found = [ref for ref in node.inputs if ref is not None]
    if node.options is not None:
        found += refs_in(node.options.values())
    return found


def refs_in(values: Iterable[Any]) -> list[Ref]:
    """The tensors among call arguments, including those in lists."""
    found: list[Ref] = []
    for value in values:
        if isinstance(value, Ref):
            found.append(value)
        elif isinstance(value, list):
            found += refs_in(value)
    return found


def label_of(node: Node) -> str:
    """A node as errors name it: `'encoder/0/dense' (Dense)`."""
    return clipped(f"'{node.path}' ({node.instance.type[:MAX_ECHO]})")
