"""Operations that run subgraphs, such as `cond`: their cost is that of each subgraph times how often it runs."""

from paramcalc.formats.torch_export import products
from paramcalc.formats.torch_export.calls import BrokenError, Call, Sizes
from paramcalc.formats.torch_export.costs import cost, split_target
from paramcalc.formats.torch_export.products import Terms, UnknownCostError
from paramcalc.formats.torch_export.program import Graph, Node
from paramcalc.limits import MAX_NESTED
from paramcalc.shapes import Dim

LIBRARY = "higher_order"

RUN_ONCE = frozenset(
    (
        "hints_wrapper",
        "invoke_subgraph",
        "strict_mode",
        "tag_activation_checkpoint",
        "wrap",
        "wrap_activation_checkpoint",
        "wrap_with_autocast",
        "wrap_with_set_grad_enabled",
    )
)
"""Operators that run their subgraph once; it is inlined, so its operations become rows of the outer graph."""

_OPERATORS = frozenset(("auto_functionalized", "auto_functionalized_v2", "out_dtype", "with_effects"))
"""Operators that run a single operation, which is one of their arguments."""

_LOOPS = {"scan": 1, "map_impl": 0}
"""Loops over the first axis of some tensors → which of the operator's list arguments contains those tensors."""

_POSITIONAL = {
    "mm": ("self", "mat2"),
    "bmm": ("self", "mat2"),
    "addmm": ("self", "mat1", "mat2"),
    "matmul": ("self", "other"),
    "linear": ("input", "weight", "bias"),
    "convolution": ("input", "weight", "bias", "stride", "padding", "dilation", "transposed"),
}
"""Argument names of the operations that `out_dtype` runs; there the file gives them by position only."""


class Costs:
    """The costs of the operations of a program.

    Attributes:
        sizes: evaluates symbolic sizes.
        unknown: the operations of unknown cost, in the order they were encountered.
    """

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.unknown: dict[str, None] = {}

    def of(self, node: Node, graph: Graph, depth: int = 0) -> Terms:
        """The multiply-accumulates of one operation, with a factor of None if they are unknown.

        Raises:
            BrokenError: when its arguments don't match PyTorch's schema.
        """
        library, name = split_target(node.target)
        try:
            if library == LIBRARY:
                return self.higher_order(name, Call(node, graph, self.sizes), depth)
            return cost(Call(node, graph, self.sizes), library, name)
        except UnknownCostError:
            label = self.named(library, name, node)
            self.unknown[label] = None
            return ((("MACs of " + label, None),),)

    def named(self, library: str, name: str, node: Node) -> str:
        """The name of an operation for a warning."""
        if library == LIBRARY and name in _OPERATORS:
            found = next((item.arg.as_operator for item in node.inputs if item.arg.as_operator), None)
            library, name = split_target(found or name)
        return f"{library}.{name}" if library else name

    def graph(self, graph: Graph, depth: int) -> Terms:
        """The multiply-accumulates of all operations of a graph.

        Raises:
            BrokenError: when graphs are nested too deeply.
        """
        if depth > MAX_NESTED:
            raise BrokenError(f"more than {MAX_NESTED} graphs are nested in one another")
        return tuple([term for node in graph.nodes for term in self.of(node, graph, depth)])

    def higher_order(self, name: str, call: Call, depth: int) -> Terms:
        """The multiply-accumulates of an operation that runs others.

        Raises:
            UnknownCostError: when it is unknown what it runs, or how often.
        """
        if name in _OPERATORS:
            return self.operator(call)
        if name == "flex_attention":
            return _flex_attention(call)
        costs = [self.graph(graph, depth + 1) for graph in graphs_of(call.node)]
        if name == "cond" and costs:
            return max(costs, key=_size)  # the most expensive branch, as in PyTorch's counter
        if name in _LOOPS and len(costs) == 1:
            times = ("times", _length(call, _LOOPS[name]))
            return tuple([(times, *term) for term in costs[0]])
        if costs and (name in RUN_ONCE or not any(costs)):
            return tuple([term for terms in costs for term in terms])
        raise UnknownCostError

    def operator(self, call: Call) -> Terms:
        """The multiply-accumulates of the operation that is passed as an argument."""
        operators = [item.arg.as_operator for item in call.node.inputs if item.arg.as_operator is not None]
        if len(operators) != 1:
            raise UnknownCostError
        library, name = split_target(operators[0])
        return cost(Call(_unwrapped(call.node, operators[0], name), call.graph, self.sizes), library, name)


def graphs_of(node: Node) -> list[Graph]:
    """The graphs that an operation runs."""
    return [item.arg.as_graph.graph for item in node.inputs if item.arg.as_graph is not None]


def _size(terms: Terms) -> float:
    """The number of multiply-accumulates; infinite if any factor is unknown."""
    total = 0
    for term in terms:
        count = 1
        for _, factor in term:
            if factor is None:
                return float("inf")
            count *= factor
        total += count
    return total


def _length(call: Call, which: int) -> Dim:
    """How often a loop body runs: the length of the tensors it iterates over, in list argument number `which`."""
    lists = [item.arg.as_tensors for item in call.node.inputs if item.arg.as_tensors is not None]
    if len(lists) <= which or not lists[which]:
        raise UnknownCostError
    shape = call.sizes(lists[which][0].name)
    return shape[0] if shape else None


def _flex_attention(call: Call) -> Terms:
    """Attention with a score function. As in PyTorch's counter, every score counts, including masked ones."""
    tensors = [item.arg.as_tensor for item in call.node.inputs[:3]]
    shapes = [call.sizes(tensor.name) for tensor in tensors if tensor is not None]
    if len(shapes) != 3 or any(len(shape) != 4 for shape in shapes):
        raise UnknownCostError
    q, k, v = shapes
    return products.attended(q, k[-2:], v)


def _unwrapped(node: Node, operator: str, name: str) -> Node:
    """The node for an operation wrapped by another."""
    inputs = [item for item in node.inputs if item.arg.as_operator is None]
    positional = _POSITIONAL.get(name, ()) if not any(item.name for item in inputs) else ()
    if positional:  # the output dtype precedes the arguments
        inputs = [type(item)(item.arg, label) for item, label in zip(inputs[1:], positional, strict=False)]
    return Node(operator, inputs, node.outputs, node.metadata)
