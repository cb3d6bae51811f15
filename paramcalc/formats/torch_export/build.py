"""Builds a Model's nodes from rows: producers are numbered, and all calls of a module share one layer."""

from collections.abc import Callable, Iterable

from paramcalc.formats.torch_export.tensors import GraphTensor, Row
from paramcalc.layers.base import Inferred, Weight
from paramcalc.layers.recorded import Recorded, RecordedCalls
from paramcalc.model import Input, Instance, Node, Output, Ref

InstanceOf = Callable[[list[Row], tuple[Weight, ...]], Instance]


def in_order(rows: Iterable[Row], unused: Iterable[Row]) -> list[Row]:
    """All rows in order: weights come just before the row that reads them first, unused weights at the end."""
    found: list[Row] = []
    for row in rows:
        found += row.before
        found.append(row)
    return [*found, *unused]


def nodes_of(
    rows: list[Row], inputs: list[Input], weights: dict[str, list[Weight]], layer: InstanceOf | None = None
) -> list[Node]:
    """A node for each row.

    Args:
        rows: in execution order.
        inputs: the model's inputs.
        weights: the weights of each leaf module, by its dotted path.
        layer: builds the layer for all calls of a module, or for a single row; by default, one with recorded facts.
    """
    make = layer or instance_of
    number = {id(row): len(inputs) + index for index, row in enumerate(rows)}
    places = {id(tensor): at for row in rows for at, tensor in enumerate(row.outputs())}
    calls = calls_of(rows)
    instances = {path: make(each, tuple(weights.get(path, ()))) for path, each in calls.items()}
    nodes = []
    counts: dict[str, int] = {}
    for row in rows:
        refs = tuple(refs_of(row.reads.values(), number, places, number[id(row)]))
        if row.module is None:
            # In a spec every layer reads something; a parameter uses only the batch size of its input.
            refs = refs or ((Ref(0),) if layer and inputs else ())
            nodes.append(Node(row.path, make([row], tuple(row.weights)), refs))
            continue
        path = row.module.path
        call = counts[path] = counts.get(path, -1) + 1
        nodes.append(Node(row.path, instances[path], refs, {"call": call} if call and not layer else None))
    return nodes


def calls_of(rows: list[Row]) -> dict[str, list[Row]]:
    """Module path → the rows that are its calls."""
    calls: dict[str, list[Row]] = {}
    for row in rows:
        if row.module is not None:
            calls.setdefault(row.module.path, []).append(row)
    return calls


def refs_of(
    tensors: Iterable[GraphTensor], number: dict[int, int], places: dict[int, int], before: int
) -> Iterable[Ref]:
    """References to the producers of tensors; model inputs count as producers."""
    for tensor in tensors:
        if tensor.input is not None:
            yield Ref(tensor.input)
        elif number[id(tensor.source)] < before:
            yield Ref(number[id(tensor.source)], places[id(tensor)])


def instance_of(calls: list[Row], weights: tuple[Weight, ...]) -> Instance:
    """The layer shared by all calls of a module, or that of a single row."""
    first = calls[0]
    facts = [facts_of(row, weights) for row in calls]
    layer = Recorded(facts[0]) if len(facts) == 1 else RecordedCalls(tuple(facts))
    outputs = first.outputs()
    dtype = outputs[0].dtype if outputs else "float32"
    return Instance(layer, first.path.rpartition("/")[2], first.type, dtype=dtype)


def facts_of(row: Row, weights: tuple[Weight, ...]) -> Inferred:
    """The recorded facts of a row."""
    outputs = row.outputs()
    shapes = [tensor.shape for tensor in outputs]
    output = None if not shapes else shapes[0] if len(shapes) == 1 else shapes
    macs = tuple([term for terms in row.macs for term in terms])
    return Inferred(output, weights, macs, outputs[0].dtype if outputs else None)


def outputs_of(tensors: Iterable[GraphTensor], rows: list[Row], inputs: int) -> list[Output]:
    """The model's outputs. A module's weight or a constant has no producer, so it is left out."""
    number = {id(row): inputs + index for index, row in enumerate(rows)}
    places = {id(tensor): at for row in rows for at, tensor in enumerate(row.outputs())}
    return [
        Output(
            tensor.name,
            Ref(tensor.input) if tensor.input is not None else Ref(number[id(tensor.source)], places[id(tensor)]),
        )
        for tensor in tensors
        if tensor.input is not None or id(tensor.source) in number
    ]
