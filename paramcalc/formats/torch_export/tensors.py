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
        source: the row that makes it; None for an input, a constant, and a weight of a module that is a row itself.
        input: its number among the inputs of the model, for one of those.
        module: the module, a row itself, whose weight it is.
        used: whether a row that does not make it reads it, or the model gives it.
    """

    name: str
    shape: Shape
    dtype: str
    source: "Row | None" = None
    input: int | None = None
    module: str | None = None
    used: bool = False


class Row(Struct, eq=False, gc=False):
    """A call of a module or of a function, or weights that stand in no module that is called.

    Attributes:
        path: its place among the modules, parted by "/".
        type: the name of a module's class, or of a function.
        module: the call of a module that its operations stand in; None for a function, and for weights.
        weights: what it holds; of a module's, only its first call's row.
        before: rows of weights that it is the first to read.
        reads: the tensors that it reads, in order, each once.
        borrowed: the weights of other modules that it reads.
        made: those that it makes.
        macs: the products of its operations.
        operations: these, each with the graph that it is in.
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
        """Note what it reads of others; weights that nobody has read before are placed before it."""
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
        """What others read of what it makes, else the last of it; of weights that nothing reads, all."""
        used = [tensor for tensor in self.made if tensor.used]
        return used or self.made[-1 if self.macs else 0 :]
