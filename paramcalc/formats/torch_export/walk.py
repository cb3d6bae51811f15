"""Walks the graph in execution order and collects rows: calls of leaf modules, other functions, and weights."""

from collections.abc import Iterable, Iterator, Mapping

from paramcalc.errors import InputError, Problem
from paramcalc.formats.torch_export.calls import BrokenError
from paramcalc.formats.torch_export.costs import split_target
from paramcalc.formats.torch_export.higher_order import LIBRARY, RUN_ONCE, Costs, graphs_of
from paramcalc.formats.torch_export.modules import Module, Modules
from paramcalc.formats.torch_export.program import DTYPES, Argument, Graph, Node
from paramcalc.formats.torch_export.tensors import GraphTensor, Row
from paramcalc.limits import MAX_NESTED

Scope = dict[str, GraphTensor]
"""The tensors of a graph by name."""


def inlined(node: Node) -> Graph | None:
    """The subgraph of an operation that only runs it once; None for any other operation."""
    library, name = split_target(node.target)
    graphs = graphs_of(node) if library == LIBRARY and name in RUN_ONCE else []
    return graphs[0] if len(graphs) == 1 else None


def operations(graph: Graph) -> int:
    """The number of operations in a graph, including inlined subgraphs."""
    count, graphs = 0, [graph]
    while graphs:
        nodes = graphs.pop().nodes
        count += len(nodes)
        graphs += [inner for inner in map(inlined, nodes) if inner is not None]
    return count


def learn(graph: Graph, modules: Modules, depth: int = 0) -> None:
    """Record all modules of a graph and of its inlined subgraphs.

    Raises:
        BrokenError: when graphs are nested too deeply.
    """
    if depth > MAX_NESTED:
        raise BrokenError(f"more than {MAX_NESTED} graphs are nested in one another")
    for node in graph.nodes:
        modules.add(node.metadata.nn_module_stack)
        inner = inlined(node)
        if inner is not None:
            learn(inner, modules, depth + 1)


class Walk:
    """Goes through the operations and collects rows.

    Attributes:
        rows: in execution order, without the rows of weights, which are in `Row.before`.
    """

    def __init__(self, modules: Modules, costs: Costs, taken: Iterable[str], source: str, max_rows: int) -> None:
        self.rows: list[Row] = []
        self._modules = modules
        self._costs = costs
        self._taken = set(taken)
        self._calls: dict[str, int] = {}
        self._functions: dict[str, int] = {}
        self._source = source
        self._max_rows = max_rows

    def graph(self, graph: Graph, scope: Scope) -> None:
        """Add the rows of a graph whose inputs are in `scope`."""
        for node in graph.nodes:
            inner = inlined(node)
            if inner is None:
                self._operation(node, graph, scope)
            else:
                self._inline(node, inner, scope)

    def _inline(self, node: Node, inner: Graph, scope: Scope) -> None:
        """Add the rows of a subgraph that is inlined into this graph."""
        at = next(index for index, item in enumerate(node.inputs) if item.arg.as_graph is not None)
        given = list(_values([item.arg for item in node.inputs[at + 1 :]]))
        wanted = list(_values(inner.inputs))
        inside: Scope = {}
        for name, outer in zip(wanted, given, strict=False):
            if name is not None and outer is not None:
                inside[name] = self._find(node, outer, scope)
        self.graph(inner, inside)
        for name, outer in zip(_values(inner.outputs), _values(node.outputs), strict=False):
            if name is not None and outer is not None:
                scope[outer] = self._find(node, name, inside)

    def _find(self, node: Node, name: str, scope: Mapping[str, GraphTensor]) -> GraphTensor:
        tensor = scope.get(name)
        if tensor is None:
            raise self._broken(node, f"it reads '{name}', which nothing before it makes")
        return tensor

    def _broken(self, node: Node, message: str) -> InputError:
        return InputError(self._source, [Problem(f"operation {node.target}: {message}")])

    def _operation(self, node: Node, graph: Graph, scope: Scope) -> None:
        """Add an operation, either to the row of the module call in progress or to a new row."""
        try:
            macs = self._costs.of(node, graph)
        except BrokenError as error:
            raise self._broken(node, str(error)) from None
        made = [name for output in node.outputs for name in output.tensors()]
        if not made and not macs:
            return
        row = self._row(node)
        names = [name for item in node.inputs for name in item.arg.tensors()]
        row.read([self._find(node, name, scope) for name in names])
        row.macs.append(macs)
        row.operations.append((node, graph))
        for name in made:
            meta = graph.tensor_values.get(name)
            if meta is None:
                raise self._broken(node, f"nothing describes the tensor '{name}'")
            tensor = GraphTensor(name, self._costs.sizes.shape(meta), DTYPES.get(meta.dtype, "unknown"), row)
            scope[name] = tensor
            row.made.append(tensor)

    def _row(self, node: Node) -> Row:
        """The row that an operation belongs to, added if it is new."""
        last = self.rows[-1].module if self.rows else None
        stack = node.metadata.nn_module_stack
        module = self._modules.add(stack)
        if last is not None and (module is last or not stack):
            return self.rows[-1]
        row = self._module(module) if self._modules.is_leaf(module.path) else self._function(module, node)
        row.placed = True
        self.rows.append(row)
        if len(self.rows) > self._max_rows:
            raise BrokenError(f"the program makes more than {self._max_rows:,} rows (--max-layers allows more)")
        return row

    def _module(self, module: Module) -> Row:
        """A row for a new call of a module; the path of the second call ends in "#2"."""
        path = module.path.replace(".", "/")
        count = self._calls[path] = self._calls.get(path, 0) + 1
        return Row(path if count == 1 else self._free(f"{path}#{count}"), module.type, module)

    def _function(self, module: Module, node: Node) -> Row:
        """A row for a function: `block/add`, and `block/add_1` for the next one in the same module."""
        library, name = split_target(node.target)
        kind = name if library in ("aten", LIBRARY) else f"{library}.{name}"
        return Row(self._free("/".join(filter(None, (module.path.replace(".", "/"), name)))), kind)

    def _free(self, path: str) -> str:
        """The path, with a number appended if it is taken."""
        count = self._functions.get(path, 0)
        found = path if not count else f"{path}_{count}"
        while found in self._taken:
            count += 1
            found = f"{path}_{count}"
        self._functions[path] = count + 1
        self._taken.add(found)
        return found


def _values(arguments: Iterable[Argument]) -> Iterator[str | None]:
    """The tensors of arguments in order, None for a number; a subgraph's inputs and outputs are matched by position."""
    for argument in arguments:
        names = argument.tensors()
        if names or argument.as_tensors is not None:
            yield from names
        else:
            yield None
