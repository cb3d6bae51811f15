"""Operations that run graphs of their own, such as `cond`: they cost what these graphs cost, as often as they run."""

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
"""What runs its graph once: its operations are rows as if they stood outside."""

_OPERATORS = frozenset(("auto_functionalized", "auto_functionalized_v2", "out_dtype", "with_effects"))
"""What runs one operation, which is its first argument."""

_LOOPS = {"scan": 1, "map_impl": 0}
"""What runs its graph for each element along the first axis of some tensors: which of its lists these are."""

_POSITIONAL = {
    "mm": ("self", "mat2"),
    "bmm": ("self", "mat2"),
    "addmm": ("self", "mat1", "mat2"),
    "matmul": ("self", "other"),
    "linear": ("input", "weight", "bias"),
    "convolution": ("input", "weight", "bias", "stride", "padding", "dilation", "transposed"),
}
"""The arguments of operations that `out_dtype` runs, which have no names there."""


class Costs:
    """The costs of the operations of a program.

    Attributes:
        sizes: what symbolic sizes are.
        unknown: the operations whose cost is not known, in the order in which they are met.
    """

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.unknown: dict[str, None] = {}

    def of(self, node: Node, graph: Graph, depth: int = 0) -> Terms:
        """The products of one operation; a factor of None where they are not known.

        Raises:
            BrokenError: when it is not called as PyTorch calls it.
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
        """An operation as a warning names it."""
        if library == LIBRARY and name in _OPERATORS:
            found = next((item.arg.as_operator for item in node.inputs if item.arg.as_operator), None)
            library, name = split_target(found or name)
        return f"{library}.{name}" if library else name

    def graph(self, graph: Graph, depth: int) -> Terms:
        """The products of all operations of a graph.

        Raises:
            BrokenError: when graphs are nested too deep.
        """
        if depth > MAX_NESTED:
            raise BrokenError(f"more than {MAX_NESTED} graphs are nested in one another")
        return tuple([term for node in graph.nodes for term in self.of(node, graph, depth)])

    def higher_order(self, name: str, call: Call, depth: int) -> Terms:
        """The products of an operation that runs others.

        Raises:
            UnknownCostError: when it is not known how often it runs them, or what it runs.
        """
        if name in _OPERATORS:
            return self.operator(call)
        if name == "flex_attention":
            return _flex_attention(call)
        costs = [self.graph(graph, depth + 1) for graph in graphs_of(call.node)]
        if name == "cond" and costs:
            return max(costs, key=_size)  # the most that it can cost, as PyTorch counts it
        if name in _LOOPS and len(costs) == 1:
            times = ("times", _length(call, _LOOPS[name]))
            return tuple([(times, *term) for term in costs[0]])
        if costs and (name in RUN_ONCE or not any(costs)):
            return tuple([term for terms in costs for term in terms])
        raise UnknownCostError

    def operator(self, call: Call) -> Terms:
        """The products of an operation that is an argument itself."""
        operators = [item.arg.as_operator for item in call.node.inputs if item.arg.as_operator is not None]
        if len(operators) != 1:
            raise UnknownCostError
        library, name = split_target(operators[0])
        return cost(Call(_unwrapped(call.node, operators[0], name), call.graph, self.sizes), library, name)


def graphs_of(node: Node) -> list[Graph]:
    """The graphs that an operation runs."""
    return [item.arg.as_graph.graph for item in node.inputs if item.arg.as_graph is not None]


def _size(terms: Terms) -> float:
    """The sum of the products; one that is not known is larger than all."""
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
    """How often the body of a loop runs: the length of what it runs over, its list of tensors number `which`."""
    lists = [item.arg.as_tensors for item in call.node.inputs if item.arg.as_tensors is not None]
    if len(lists) <= which or not lists[which]:
        raise UnknownCostError
    shape = call.sizes(lists[which][0].name)
    return shape[0] if shape else None


def _flex_attention(call: Call) -> Terms:
    """Attention with a function for the scores: all of them, as PyTorch counts it, whatever a mask leaves out."""
    tensors = [item.arg.as_tensor for item in call.node.inputs[:3]]
    shapes = [call.sizes(tensor.name) for tensor in tensors if tensor is not None]
    if len(shapes) != 3 or any(len(shape) != 4 for shape in shapes):
        raise UnknownCostError
    q, k, v = shapes
    return products.attended(q, k[-2:], v)


def _unwrapped(node: Node, operator: str, name: str) -> Node:
    """The node of an operation that another wraps."""
    inputs = [item for item in node.inputs if item.arg.as_operator is None]
    positional = _POSITIONAL.get(name, ()) if not any(item.name for item in inputs) else ()
    if positional:  # the type of the result stands before the arguments
        inputs = [type(item)(item.arg, label) for item, label in zip(inputs[1:], positional, strict=False)]
    return Node(operator, inputs, node.outputs, node.metadata)
