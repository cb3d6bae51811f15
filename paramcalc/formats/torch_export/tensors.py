"""The tensors of a program, and the rows that make and read them."""

from collections.abc import Iterable

from msgspec import Struct, field

from paramcalc.formats.torch_export.modules import Module
from paramcalc.formats.torch_export.products import Terms
from paramcalc.formats.torch_export.program import Graph, Node
from paramcalc.layers.base import Weight
from paramcalc.shapes import Shape


class GraphTensor(Struct, eq=False, gc=False):
    """A tensor of the graph.

    Attributes:
        name: what the graph calls it.
        source: the row that makes it; None for an input, a constant, or a weight of a leaf module.
        input: its index among the model's inputs, if it is one.
        module: the path of the leaf module that owns it, if it is a weight.
        used: whether another row reads it, or the model returns it.
    """

    name: str
    shape: Shape
    dtype: str
    source: "Row | None" = None
    input: int | None = None
    module: str | None = None
    used: bool = False


class Row(Struct, eq=False, gc=False):
    """A call of a module or function, or weights outside of every leaf module.

    Attributes:
        path: its path among the modules, with "/" as the separator.
        type: the name of the module's class, or of the function.
        module: the module call that its operations belong to; None for a function or for weights.
        weights: its weights, if it is not a call; those of leaf modules that are called are in `Holders.modules`.
        before: the rows of weights that this row is the first to read.
        reads: the tensors that it reads, in order, without duplicates.
        borrowed: the weights of other modules that it reads.
        made: the tensors that it makes.
        macs: the multiply-accumulates of its operations.
        operations: its operations, each with the graph that contains it.
    """

    path: str
    type: str
    module: Module | None = None
    weights: list[Weight] = field(default_factory=list)
    before: "list[Row]" = field(default_factory=list)
    reads: dict[int, GraphTensor] = field(default_factory=dict)
    borrowed: list[GraphTensor] = field(default_factory=list)
    made: list[GraphTensor] = field(default_factory=list)
    macs: list[Terms] = field(default_factory=list)
    operations: list[tuple[Node, Graph]] = field(default_factory=list)
    placed: bool = False

    def read(self, tensors: Iterable[GraphTensor]) -> None:
        """Record the tensors that it reads from other rows; rows of weights not read before are placed before it."""
        for tensor in tensors:
            source = tensor.source
            if source is self:
                continue
            tensor.used = True
            if tensor.module is not None and self.module is not None and tensor.module != self.module.path:
                self.borrowed.append(tensor)
            if source is None and tensor.input is None:
                continue
            self.reads[id(tensor)] = tensor
            if source is not None and not source.placed:
                source.placed = True
                self.before.append(source)

    def outputs(self) -> list[GraphTensor]:
        """The tensors that others read, or else the last one made; for a row of unused weights, all of them."""
        used = [tensor for tensor in self.made if tensor.used]
        return used or self.made[-1 if self.macs else 0 :]
