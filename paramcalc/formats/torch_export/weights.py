"""Parameters and buffers: the modules that own them, and which are the same tensor."""

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
"""The types of rows of weights: what an operation outside of any module with a row reads, and what none reads."""


class Stored(Struct, gc=False):
    """A parameter or a buffer.

    Attributes:
        name: its key in the state_dict.
        graph_names: what the graph calls it; nothing where it is no input of the graph.
        buffer: whether it is no parameter.
        persistent: whether it is saved with the model.
    """

    name: str
    graph_names: list[str]
    meta: TensorMeta
    buffer: bool
    persistent: bool


class Holders(Struct):
    """Where the weights of a program stand.

    Attributes:
        modules: those of each module that is a row.
        rows: the rows of all others.
        tensors: each weight by its key in the state_dict.
        scope: each by its names in the graph.
        places: where each stands, "path.weight", by its key in the state_dict.
    """

    modules: dict[str, list[Weight]] = field(default_factory=dict)
    rows: list[Row] = field(default_factory=list)
    tensors: dict[str, GraphTensor] = field(default_factory=dict)
    scope: dict[str, GraphTensor] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)


def stored_in(specs: list[InputSpec], graph: Graph, table: Mapping[str, Payload], source: str) -> list[Stored]:
    """The parameters and buffers of a program: inputs of the graph, and what the table of weights has beside them.

    With `strict=True`, PyTorch leaves out of the graph what nothing reads. Up to PyTorch 2.7 tied parameters could
    have one name there: then they are one parameter here.

    Raises:
        InputError: when there is no telling how large one is.
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
    """What is said of a weight.

    Raises:
        InputError: when that is not all that is needed of it.
    """
    if meta is None or None in shape_of(meta):
        raise InputError(source, [Problem(f"nothing says what shape '{name}' has")])
    return meta


def weight_of(stored: Stored, name: str) -> Weight:
    """A weight as a row has it, under its name in the row."""
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
    """Bias for what PyTorch's modules call so: `bias`, `in_proj_bias`, `bias_ih_l0`."""
    last = name.rpartition(".")[2]
    return "bias" if last == "bias" or last.startswith("bias_") or last.endswith("_bias") else "weight"


def hold(stored: list[Stored], modules: Modules) -> Holders:
    """Give every weight its row.

    A weight in a module that is a row is the module's. Another is a row of its own, or one with the others of its
    module where that is never called: something else reads them there.
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
    """A weight as operations read it."""
    dtype = DTYPES.get(stored.meta.dtype, "unknown")
    return GraphTensor(stored.name, shape_of(stored.meta), dtype, source, module=module)


def has_place(payload: Payload | None, empty: Container[str]) -> bool:
    """Whether a table says where the elements of a weight are."""
    return payload is not None and payload.tensor_meta is not None and payload.path_name not in empty


def tied_in(stored: list[Stored], table: Mapping[str, Payload], empty: Container[str]) -> list[tuple[str, str]]:
    """Pairs of names that are one tensor, the first of each the one that holds it: all their elements are the same.

    The first is that of the table, which has the order of the module; of tied parameters the graph may have the last.
    Weights that were never made are all in one entry, which is empty: that does not make them one.
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
    """The same of weights that no table tells of: PyTorch reads all that are tied by one name.

    A weight that nothing reads, of a module that reads one of the same shape from another module instead, is that.
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
    """The table of weights must say the same of each as the graph does: PyTorch loads what the table says.

    Raises:
        InputError: naming the first weight that differs.
    """
    for item in stored:
        payload = table.get(item.name)
        meta = payload.tensor_meta if payload is not None else None
        if meta is not None and (shape_of(meta) != shape_of(item.meta) or meta.dtype != item.meta.dtype):
            message = f"the graph and the table of weights have different shapes or types for '{item.name}'"
            raise InputError(source, [Problem(message)])
