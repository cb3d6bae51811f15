"""A Model → a spec: nested models become blocks, consecutive equal ones a `repeat`, and further calls a `call`."""

from bisect import bisect_left, bisect_right
from collections import Counter
from functools import cache
from itertools import chain
from typing import Any

from msgspec import Struct, field
from msgspec.json import encode

from paramcalc.analysis.nested import NestedModel
from paramcalc.formats.convert import ConvertError
from paramcalc.formats.native.entries import COMMON
from paramcalc.formats.native.names import PREVIOUS
from paramcalc.formats.native.parser import STRUCTURE
from paramcalc.formats.native.writing.entry import short_entry, shortened, spec_name
from paramcalc.formats.native.writing.masks import masks_read, written_masks
from paramcalc.formats.native.writing.nesting import Item, LastReads, items_in, items_of
from paramcalc.formats.native.writing.repeats import Iterations, iterations_of
from paramcalc.formats.native.writing.yaml_text import flow, spec_text
from paramcalc.formats.unique import unique_name
from paramcalc.layers.operations.operation import Operation, Slot
from paramcalc.layers.registry import FRAMEWORKS, Registry, snake_case
from paramcalc.model import Input, Model, Node, Ref

Tensors = tuple[Ref, ...]
"""One tensor of a nested model, in each call of the model."""


@cache
def taken_types() -> frozenset[str]:
    """The names that a block cannot have."""
    names = (name for framework in FRAMEWORKS for name in Registry(framework).names())
    return frozenset((*names, *STRUCTURE, *COMMON, "type"))


class Scope(Struct):
    """A list of layers that is being written: that of the spec, or of a block.

    Attributes:
        calls: the items in each call of the model; those of the first call are written.
        inputs: each tensor from outside, and its name inside.
        taken: the names given so far.
        counters: for each automatic name, the number that the last one had.
        layers: the entries written so far.
        handed_out: for each nested model, the tensors that it hands out.
        read: for each nested model that is called again, its inputs in every call of it.
        places: for each layer and nested model, the items that are calls of it.
        starts: the first node of each item.
    """

    calls: list[list[Item]]
    inputs: dict[Tensors, str]
    taken: set[str]
    counters: Counter[str] = field(default_factory=Counter)
    layers: list[Any] = field(default_factory=list)
    handed_out: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    read: dict[str, dict[Tensors, str]] = field(default_factory=dict)
    places: dict[str, list[int]] = field(default_factory=dict)
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        for index, item in enumerate(self.calls[0]):
            self.places.setdefault(item.first or item.name, []).append(index)
            self.starts.append(item.start)

    def automatic(self, base: str) -> str:
        """The automatic name that the reader of a spec would give next."""
        return unique_name(base, self.taken.__contains__, self.counters)


def to_spec(model: Model) -> str:
    """The model as a spec, in YAML.

    Raises:
        ConvertError: naming what the spec language cannot express.
    """
    return spec_text(SpecWriter(model, {}).spec())


class SpecWriter:
    """Writes one graph.

    Args:
        model: what to write.
        blocks: the blocks written so far, which a model inside a wrapper shares with the one around it.
        dtype: the dtype policy that layers need not name; by default that of all layers, if they have the same.
    """

    def __init__(
        self, model: Model, blocks: dict[str, Any], dtype: str | None = None, framework: str | None = None
    ) -> None:
        self.model = model
        self.framework = framework or model.framework or FRAMEWORKS[0]
        self.blocks = blocks
        self.written: dict[bytes, str] = {}
        self.known: dict[tuple[int, str, int], dict[str, Any]] = {}
        self.numbers: Counter[str] = Counter()
        self.last_reads = LastReads(model)
        self.firsts = {id(node.instance): len(model.nodes) - 1 - n for n, node in enumerate(reversed(model.nodes))}
        dtypes = {node.instance.dtype for node in model.nodes}
        self.dtype = dtype or (dtypes.pop() if len(dtypes) == 1 else "float32")

    # -- the whole -------------------------------------------------------------------------------------

    def spec(self) -> dict[str, Any]:
        """The spec as plain values, in the order of its keys."""
        model = self.model
        found: dict[str, Any] = {"name": spec_name(model.name, "the model")}
        if self.framework != FRAMEWORKS[0]:
            found["framework"] = self.framework
        inputs = {spec_name(item.name, "an input"): input_value(item) for item in model.inputs}
        found |= {"input": inputs["input"]} if list(inputs) == ["input"] else {"inputs": inputs}
        if self.dtype != "float32":
            found["dtype"] = self.dtype
        scope = self.scope([items_of(model.nodes)], {(Ref(n),): item.name for n, item in enumerate(model.inputs)})
        if self.blocks:
            found["blocks"] = self.blocks
        found["layers"] = scope.layers
        outputs = self.outputs(scope)
        if outputs:
            found["outputs"] = outputs
        if model.tied:
            groups: dict[str, list[str]] = {}
            for owner, other, _ in model.tied:
                groups.setdefault(owner, [owner]).append(other)
            found["tied"] = list(groups.values())
        return found | ({"budget": model.budget} if model.budget is not None else {})

    def outputs(self, scope: Scope) -> list[Any]:
        """The outputs by name; nothing if the last entry is the only one, under its own name."""
        model = self.model
        paths = [item.name for item in model.inputs] + [node.path for node in model.nodes]
        if [(output.name, (output.ref,)) for output in model.outputs] == [(paths[-1], self.last(scope))]:
            return []
        found: list[Any] = []
        for output in model.outputs:
            text = self.text(scope, (output.ref,))
            found.append(text if text == output.name else {spec_name(output.name, "an output"): text})
        return found

    # -- a list of layers ------------------------------------------------------------------------------

    def scope(self, calls: list[list[Item]], inputs: dict[Tensors, str]) -> Scope:
        """Write the layers of the first of these calls."""
        if len({len(items) for items in calls}) > 1:
            raise ConvertError(f"the calls of the model around '{calls[0][0].name}' differ in their layers")
        scope = Scope(calls, inputs, set(inputs.values()))
        previous: Tensors | None = next(iter(inputs), None)
        for number, item in enumerate(calls[0]):
            if item.inside:
                entry, reads = self.nested(scope, number)
            else:
                entry, reads = self.layer(scope, number)
            if reads != [previous]:
                names = [self.text(scope, tensors) for tensors in reads]
                entry["inputs"] = names[0] if len(names) == 1 and not self.merges_one(item) else names
            elif self.merges_one(item):
                entry["inputs"] = [PREVIOUS]
            scope.layers.append(shortened(entry))
            scope.taken.add(item.name)
            previous = self.first_output(scope, number)
        return scope

    def merges_one(self, item: Item) -> bool:
        """Whether an item is a layer that is called with a list of a single tensor."""
        node = self.model.nodes[item.start]
        return not item.inside and node.instance.layer.merges and len(node.inputs) == 1

    def named(self, scope: Scope, entry: dict[str, Any], item: Item, type_: str) -> dict[str, Any]:
        """The entry with its name, unless that is the automatic one."""
        base = snake_case(type_.rpartition(".")[2])
        if scope.automatic(base) != item.name:
            entry["name"] = spec_name(item.name, "a layer")
        return entry

    def layer(self, scope: Scope, number: int) -> tuple[dict[str, Any], list[Tensors]]:
        """The entry of a layer, and what it reads."""
        item = scope.calls[0][number]
        nodes = [self.model.nodes[items[number].start] for items in scope.calls]
        node, instance = nodes[0], nodes[0].instance
        reads = self.reads(nodes)
        if getattr(instance.layer, "self_attends", False) and len(reads) == 2 and reads[0] == reads[1]:
            del reads[1]
        if item.first is not None:
            entry = further_call(item)
        elif self.firsts[id(instance)] != item.start:
            raise ConvertError(f"layer '{node.path}' is a further call of one that is inside another block")
        else:
            entry = self.arguments(node)
            self.named(scope, entry, item, next(iter(entry)))
            if not instance.trainable:
                entry["trainable"] = False
            if instance.dtype != self.dtype:
                entry["dtype"] = instance.dtype
        if node.options or node.ignored:
            entry["options"] = simple_options(node) | written_masks(nodes, lambda tensors: self.text(scope, tensors))
        return entry, reads

    def arguments(self, node: Node) -> dict[str, Any]:
        """`{type: arguments}` of a layer, made once for layers that are one object, as readers make equal ones."""
        instance = node.instance
        what = id(instance.layer), instance.type, len(node.inputs)
        if what not in self.known:
            layer = short_operation(instance.layer, len(node.inputs))
            self.known[what] = short_entry(layer, instance.type, node.path, self.block_name, self.framework)
        return dict(self.known[what])

    def reads(self, nodes: list[Node]) -> list[Tensors]:
        """Each tensor that a layer reads, in all these calls of it."""
        found: Any = list(zip(*[node.inputs for node in nodes], strict=False))
        for ref in chain.from_iterable(found):
            if ref is None or ref.output < 0:
                raise ConvertError(f"layer '{nodes[0].path}' leaves out an argument between others")
        reads: list[Tensors] = found
        return reads

    # -- nested models ---------------------------------------------------------------------------------

    def nested(self, scope: Scope, number: int) -> tuple[dict[str, Any], list[Tensors]]:
        """The entry of a nested model, and what it reads; at its first call, its block is written, too."""
        item = scope.calls[0][number]
        base = item.first or item.name
        places = scope.places[base]
        calls = [items[index] for index in places for items in scope.calls] if number == places[0] else []
        iterations = self.iterations(calls) if len(places) == 1 else []
        if iterations:
            return self.repeat(scope, calls, iterations)
        inputs = self.inputs_of(calls) if calls else scope.read[base]
        if calls and len(places) > 1:
            scope.read[base] = inputs
        width = len(scope.calls)
        offset = bisect_left(places, number) * width
        reads = [tensors[offset : offset + width] for tensors in inputs]
        if not calls:
            scope.handed_out[item.name] = scope.handed_out[base]
            return further_call(item), reads
        scope.handed_out[base] = out = sorted({place for call in calls for place in self.last_reads.leaving(call)})
        inner = self.scope([items_in(self.model.nodes, call) for call in calls], inputs)
        block: dict[str, Any] = {}
        if list(inputs.values()) != ["input"] and inputs:
            block["inputs"] = list(inputs.values())
        block["layers"] = inner.layers
        tensors = [
            tuple(Ref(self.last_reads.first + call.start + step, output) for call in calls) for step, output in out
        ]
        if tensors and tensors != [self.last(inner)]:
            block["outputs"] = [self.text(inner, each) for each in tensors]
        type_ = self.block(base, block)
        return self.named(scope, {type_: None}, item, type_), reads

    def iterations(self, calls: list[Item]) -> list[Iterations]:
        """The iterations of a repeat in each of these calls; an empty list if they are not all the same repeat."""
        found: list[Iterations] = []
        for call in calls:
            iterations = iterations_of(self.model, call, self.last_reads, self.same_entry)
            if iterations is None or (found and (iterations.count, iterations.end) != (found[0].count, found[0].end)):
                return []
            found.append(iterations)
        return found

    def repeat(
        self, scope: Scope, calls: list[Item], iterations: list[Iterations]
    ) -> tuple[dict[str, Any], list[Tensors]]:
        """The entry of a nested model as a repeat, and what it reads."""
        item = calls[0]
        start = tuple([each.start for each in iterations])
        firsts = [items_in(self.model.nodes, each.first(call)) for call, each in zip(calls, iterations, strict=True)]
        inner = self.scope(firsts, {start: PREVIOUS})
        scope.handed_out[item.name] = [iterations[0].result()]
        entry = self.named(scope, {"repeat": iterations[0].count}, item, "repeat")
        return entry | {"layers": inner.layers}, [start]

    def same_entry(self, one: Node, other: Node) -> bool:
        """Whether the entries of two layers are the same, except for what they read."""
        a, b = one.instance, other.instance
        if (a.type, a.trainable, a.dtype) != (b.type, b.trainable, b.dtype):
            return False
        if a.layer is not b.layer and encode(self.arguments(one)) != encode(self.arguments(other)):
            return False
        if list(one.ignored or ()) != list(other.ignored or ()):
            return False
        return one.options is other.options or encode(simple_options(one)) == encode(simple_options(other))

    def inputs_of(self, calls: list[Item]) -> dict[Tensors, str]:
        """The tensors from outside that the layers of a nested model read, in that order, and their names inside."""
        found: dict[Tensors, None] = {}
        for steps in zip(*[call.steps() for call in calls], strict=False):
            nodes = [self.model.nodes[step] for step in steps]
            for tensors in [*self.reads(nodes), *masks_read(nodes)]:
                local = calls[0].start <= tensors[0].producer - self.last_reads.first < calls[0].end
                if not local:
                    found[tensors] = None
        names = {other.name for other in items_in(self.model.nodes, calls[0])}
        prefix = "input"
        while any(name == prefix or name.startswith(f"{prefix}_") for name in names):
            prefix = f"outer_{prefix}"
        return {each: prefix if len(found) == 1 else f"{prefix}_{n}" for n, each in enumerate(found, start=1)}

    def block(self, name: str, block: dict[str, Any]) -> str:
        """Add a block to those of the spec, unless there is an equal one; returns its name."""
        key = encode(block)
        if key in self.written:
            return self.written[key]
        base = (
            "step" if name.isdecimal() else spec_name(name, "a nested model")
        )  # the iterations of a repeat have numbers for names
        type_ = unique_name(base, lambda type_: type_ in taken_types() or type_ in self.blocks, self.numbers, second=2)
        self.blocks[type_] = block
        self.written[key] = type_
        return type_

    def block_name(self, nested: NestedModel) -> str:
        """Write a model inside a wrapper as a block; returns the block's name."""
        model = nested.model
        writer = SpecWriter(model, self.blocks, "float32", self.framework)
        writer.written, writer.numbers = self.written, self.numbers
        names = [spec_name(item.name, "an input") for item in model.inputs]
        scope = writer.scope([items_of(model.nodes)], {(Ref(n),): name for n, name in enumerate(names)})
        block: dict[str, Any] = {} if names == ["input"] else {"inputs": names}
        block["layers"] = scope.layers
        outputs = [(output.ref,) for output in model.outputs]
        if outputs != [writer.last(scope)]:
            block["outputs"] = [writer.text(scope, each) for each in outputs]
        return self.block(model.name, block)

    # -- tensors by name -------------------------------------------------------------------------------

    def text(self, scope: Scope, tensors: Tensors) -> str:
        """The name of a tensor in this scope: `lstm`, or `lstm[1]`."""
        if tensors in scope.inputs:
            return scope.inputs[tensors]
        step = tensors[0].producer - self.last_reads.first
        at = bisect_right(scope.starts, step) - 1
        if at >= 0 and step < scope.calls[0][at].end:
            item = scope.calls[0][at]
            index = tensors[0].output
            if item.inside:
                index = scope.handed_out[item.name].index((step - item.start, index))
            return f"{item.name}[{index}]" if index else item.name
        raise ConvertError(f"'{self.model.nodes[step].path}' is read from where it cannot be named")

    def first_output(self, scope: Scope, number: int) -> Tensors | None:
        """What the entry after this one reads if it names no inputs."""
        item = scope.calls[0][number]
        out = (0, 0)
        if item.inside:
            if not scope.handed_out[item.name]:
                return None
            out = scope.handed_out[item.name][0]
        return tuple([Ref(self.last_reads.first + items[number].start + out[0], out[1]) for items in scope.calls])

    def last(self, scope: Scope) -> Tensors | None:
        """The output of a list of layers without explicit outputs."""
        return self.first_output(scope, -1) if scope.layers else None


def further_call(item: Item) -> dict[str, Any]:
    """The entry of a later call; one without a name of its own is numbered."""
    entry: dict[str, Any] = {"call": item.first}
    return entry if item.name.rpartition("#")[0] == item.first else entry | {"name": spec_name(item.name, "a call")}


def input_value(item: Input) -> Any:
    """An input: its shape, or a mapping if it has a dtype or a batch."""
    if not item.shape or any(dim == 0 for dim in item.shape):
        raise ConvertError(f"input '{item.name}' has a shape without a batch, or an axis of 0, which no spec has")
    shape = list(item.shape[1:])
    more: dict[str, Any] = {} if item.dtype == "float32" else {"dtype": item.dtype}
    if item.shape[0] is not None:
        more["batch"] = item.shape[0]
    return {"shape": shape, **more} if more else shape


def short_operation(layer: Any, inputs: int) -> Any:
    """The layer; an operation whose arguments are its inputs in order needs none, as that is the default."""
    if isinstance(layer, Operation) and not layer.kwargs and layer.args == tuple(Slot(n) for n in range(inputs)):
        return Operation(layer.function, layer.framework, layer.config)
    return layer


def simple_options(node: Node) -> dict[str, Any]:
    """The call arguments, which must not hold a tensor.

    Raises:
        ConvertError: for a tensor among them.
    """
    options = node.options or {}
    for name, value in options.items():
        if isinstance(value, (Ref, list, dict)):
            raise ConvertError(f"layer '{node.path}' is called with {name}={flow(str(value))[:60]}")
    return dict(options)
