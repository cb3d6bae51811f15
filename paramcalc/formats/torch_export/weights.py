"""Parameters and buffers: which modules own them, and which are tied."""

from collections.abc import Container, Iterable, Mapping

from msgspec import Struct, field

from paramcalc.errors import InputError, Problem
from paramcalc.formats.torch_export.calls import shape_of
from paramcalc.formats.torch_export.modules import Modules, enclosing
from paramcalc.formats.torch_export.program import DTYPES, Graph, InputSpec, Payload, TensorMeta
from paramcalc.formats.torch_export.tensors import GraphTensor, Row
from paramcalc.layers.base import Kind, Weight
from paramcalc.shapes import Shape

PARAMETER, BUFFER, UNUSED = "Parameter", "Buffer", "Unused"
"""The types of rows of weights: parameters and buffers that are read, and weights that no operation reads."""


class Stored(Struct, gc=False):
    """A parameter or a buffer.

    Attributes:
        name: its key in the state_dict.
        graph_names: its names in the graph; empty if it is not an input of the graph.
        buffer: whether it is a buffer and not a parameter.
        persistent: whether it is saved with the model.
    """

    name: str
    graph_names: list[str]
    meta: TensorMeta
    buffer: bool
    persistent: bool


class Holders(Struct):
    """The rows that hold the weights of a program.

    Attributes:
        modules: the weights of each leaf module.
        rows: the rows of all other weights.
        tensors: the weights by their keys in the state_dict.
        scope: the weights by their names in the graph.
        places: the place of each weight, "path.weight", by its key in the state_dict.
    """

    modules: dict[str, list[Weight]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    tensors: dict[str, GraphTensor] = field(default_factory=dict)
    scope: dict[str, GraphTensor] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)


def stored_in(specs: list[InputSpec], graph: Graph, table: Mapping[str, Payload], source: str) -> list[Stored]:
    """The parameters and buffers of a program: those in the graph, and any others in the table of weights.

    With `strict=True`, PyTorch leaves unused weights out of the graph. Up to PyTorch 2.7, tied parameters could share
    a name there; they are then one parameter here.

    Raises:
        InputError: when the size of a weight is unknown, or two weights of different shapes share a name.
    """
    found: dict[str, Stored] = {}
    for spec in specs:
        weight = spec.parameter or spec.buffer
        if weight is None:
            continue
        name = weight.parameter_name or weight.buffer_name
        buffer = spec.parameter is None
        meta = described(graph.tensor_values.get(weight.arg.name), name, source)
        stored = Stored(name, [], meta, buffer, weight.persistent or not buffer)
        other = found.setdefault(name, stored)
        if shape_of(other.meta) != shape_of(meta) or other.buffer != buffer:
            raise InputError(source, [Problem(f"it has two weights of the name '{name}'")])
        other.graph_names.append(weight.arg.name)
    for name, payload in table.items():
        if name not in found:
            meta = described(payload.tensor_meta, name, source)
            found[name] = Stored(name, [], meta, not payload.is_param and not meta.requires_grad, True)
    return list(found.values())


def described(meta: TensorMeta | None, name: str, source: str) -> TensorMeta:
    """The description of a weight, whose shape must be known.

    Raises:
        InputError: when it is missing, or has symbolic dimensions.
    """
    if meta is None or None in shape_of(meta):
        raise InputError(source, [Problem(f"nothing says what shape '{name}' has")])
    return meta


def weight_of(stored: Stored, name: str) -> Weight:
    """A `Weight` for a row; `name` is its name within the row."""
    sizes = tuple([size for size in shape_of(stored.meta) if size is not None])
    factors = tuple([(f"shape[{axis}]", size) for axis, size in enumerate(sizes)])
    return Weight(
        name,
        sizes,
        factors,
        "buffer" if stored.buffer else kind_of(stored.name),
        stored.meta.requires_grad and not stored.buffer,
        DTYPES.get(stored.meta.dtype, "unknown"),
        persistent=stored.persistent,
    )


def kind_of(name: str) -> Kind:
    """The kind of a weight by its name: PyTorch's modules call biases `bias`, `in_proj_bias` or `bias_ih_l0`."""
    last = name.rpartition(".")[2]
    return "bias" if last == "bias" or last.startswith("bias_") or last.endswith("_bias") else "weight"


def hold(stored: list[Stored], modules: Modules) -> Holders:
    """Assign every weight to a row.

    A weight inside a leaf module belongs to the module's row. Any other weight is a row of its own, unless its module
    is never called, as when other code reads its weights; these weights then share a row.
    """
    holders = Holders()
    rows: dict[str, Row] = {}
    for item in stored:
        inside = enclosing(item.name, modules.called)
        if modules.is_leaf(inside):
            path, name = inside, item.name[len(inside) + 1 :]
            holders.modules.setdefault(path, []).append(weight_of(item, name))
            source = None
        else:
            module, _, last = item.name.rpartition(".")
            path, name = (item.name, "") if module == inside else (module, last)
            row = rows.setdefault(path, Row(path.replace(".", "/"), BUFFER))
            row.weights.append(weight_of(item, name))
            row.type = row.type if item.buffer else PARAMETER
            source = row
        place = path.replace(".", "/")
        holders.places[item.name] = f"{place}.{name}" if name else place
        tensor = tensor_of(item, source, path if source is None else None)
        holders.tensors[item.name] = tensor
        holders.scope.update(dict.fromkeys(item.graph_names, tensor))
        if source is not None:
            source.made.append(tensor)
    holders.rows = list(rows.values())
    return holders


def tensor_of(stored: Stored, source: Row | None, module: str | None) -> GraphTensor:
    """A weight as a tensor of the graph."""
    dtype = DTYPES.get(stored.meta.dtype, "unknown")
    return GraphTensor(stored.name, shape_of(stored.meta), dtype, source, module=module)


def has_place(payload: Payload | None, empty: Container[str]) -> bool:
    """Whether a table says where the data of a weight are."""
    return payload is not None and payload.tensor_meta is not None and payload.path_name not in empty


def tied_in(stored: list[Stored], table: Mapping[str, Payload], empty: Container[str]) -> list[tuple[str, str]]:
    """Pairs of names of tied weights, which have the same storage, offset, shape, strides and dtype; the owner first.

    The owner is the first in the table, which is in the module's order; the graph may contain only the last of several
    tied parameters. Weights without data all have the same empty entry, so it does not make them tied.
    """
    first: dict[tuple[object, ...], str] = {}
    pairs = []
    order = {name: index for index, name in enumerate(table)}
    for item in sorted(stored, key=lambda item: order.get(item.name, -1)):
        payload = table.get(item.name)
        meta = payload.tensor_meta if payload is not None else None
        if payload is None or meta is None or not has_place(payload, empty):
            continue
        offset = meta.storage_offset.as_int if meta.storage_offset is not None else None
        strides = tuple([stride.as_int for stride in meta.strides])
        place = payload.path_name, offset, shape_of(meta), strides, meta.dtype
        holder = first.setdefault(place, item.name)
        if holder != item.name:
            pairs.append((holder, item.name))
    return pairs


def tied_by_use(
    stored: list[Stored], table: Mapping[str, Payload], empty: Container[str], holders: Holders, rows: Iterable[Row]
) -> list[tuple[str, str]]:
    """Pairs of tied weights that no table lists, found by use: the graph reads all tied weights under one name.

    An unused weight is taken to be tied if its module reads exactly one weight of the same shape from another module.
    """
    borrowed: dict[tuple[str | None, Shape], set[str]] = {}
    for row in rows:
        for tensor in row.borrowed:
            module = row.module.path if row.module is not None else None
            borrowed.setdefault((module, tensor.shape), set()).add(tensor.name)
    order = {item.name: index for index, item in enumerate(stored)} if borrowed else {}
    pairs = []
    for item in stored if borrowed else ():
        tensor = holders.tensors[item.name]
        others = borrowed.get((tensor.module, tensor.shape), ())
        if len(others) == 1 and not tensor.used and not has_place(table.get(item.name), empty):
            first, second = sorted((*others, item.name), key=order.__getitem__)
            pairs.append((first, second))
    return pairs


def check_table(stored: list[Stored], table: Mapping[str, Payload], source: str) -> None:
    """Check that the table of weights agrees with the graph, as PyTorch loads weights by the table.

    Raises:
        InputError: naming the first weight that differs.
    """
    for item in stored:
        payload = table.get(item.name)
        meta = payload.tensor_meta if payload is not None else None
        if meta is not None and (shape_of(meta) != shape_of(item.meta) or meta.dtype != item.meta.dtype):
            message = f"the graph and the table of weights have different shapes or types for '{item.name}'"
            raise InputError(source, [Problem(message)])
