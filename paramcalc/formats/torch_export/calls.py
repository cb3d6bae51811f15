"""One operation of the graph in the form that cost formulas need: arguments by name, tensors as sizes."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from paramcalc.errors import ParamcalcError
from paramcalc.formats.torch_export.expressions import evaluate, symbol_in
from paramcalc.formats.torch_export.program import Argument, Graph, Node, Size, TensorMeta
from paramcalc.limits import MAX_SYMBOLIC
from paramcalc.shapes import Dim, Shape


class BrokenError(ParamcalcError):
    """An operation that is not called as PyTorch calls it: the file is broken, or written by something else."""


def shape_of(meta: TensorMeta) -> Shape:
    """The shape of a tensor, None for what is symbolic."""
    return tuple([size.as_int for size in meta.sizes])


class Sizes:
    """What symbolic sizes are.

    Attributes:
        values: the symbols that have a value.
    """

    def __init__(self, symbol: str | None = None, values: Mapping[str, int] | None = None) -> None:
        """`symbol` stands for the batch: where it has no value, products are those of one sample."""
        self.values = dict(values or {})
        self._sample = self.values if symbol is None else {symbol: 1, **self.values}
        self._known: dict[tuple[bool, str], Dim] = {}
        self._left = MAX_SYMBOLIC

    def shape(self, meta: TensorMeta) -> Shape:
        """The shape of a tensor, None for what is not known."""
        shape = shape_of(meta)
        return shape if not self.values or None not in shape else tuple([self._size(x, False) for x in meta.sizes])

    def sample(self, meta: TensorMeta) -> Shape:
        """The same with one sample in a batch that is not given: 196 for what is 196 * s0."""
        shape = shape_of(meta)
        return shape if None not in shape else tuple([self._size(x, True) for x in meta.sizes])

    def _size(self, size: Size, sample: bool) -> Dim:
        if size.as_expr is None:
            return size.as_int
        key = sample, size.as_expr.expr_str
        if key not in self._known:
            self._left -= len(key[1])
            values = self._sample if sample else self.values
            self._known[key] = self._evaluate(key[1], values) if values and self._left > 0 else None
        return self._known[key]

    def _evaluate(self, text: str, values: Mapping[str, int]) -> Dim:
        symbol = symbol_in(text)
        return values.get(symbol) if symbol is not None else evaluate(text, values)


class Call(Struct, gc=False):
    """One operation.

    Attributes:
        node: as the file has it.
        graph: the graph that it is in.
        known: what symbolic sizes are.
    """

    node: Node
    graph: Graph
    known: Sizes

    def argument(self, name: str) -> Argument | None:
        """The value of an argument; None where it has its default."""
        for item in self.node.inputs:
            if item.name == name:
                return item.arg
        return None

    def sizes(self, tensor: str) -> Shape:
        """The sizes of a tensor, for one sample where the batch is unknown.

        Raises:
            BrokenError: when the graph does not describe it.
        """
        meta = self.graph.tensor_values.get(tensor)
        if meta is None:
            raise BrokenError(f"nothing describes the tensor '{tensor}'")
        return self.known.sample(meta)

    def given(self, name: str) -> Shape | None:
        """The sizes of an argument that is a tensor; None where there is none."""
        argument = self.argument(name)
        tensors = argument.tensors() if argument is not None else []
        return self.sizes(tensors[0]) if tensors else None

    def dims(self, name: str, rank: int | None = None) -> Shape:
        """The sizes of an argument that is a tensor.

        Raises:
            BrokenError: when it is missing, or has another rank.
        """
        shape = self.given(name)
        if shape is None:
            raise BrokenError(f"its argument '{name}' is missing")
        if rank is not None and len(shape) != rank:
            raise BrokenError(f"its argument '{name}' has {len(shape)} axes instead of {rank}")
        return shape

    def several(self, name: str) -> list[Shape]:
        """The sizes of an argument that is a list of tensors."""
        argument = self.argument(name)
        return [self.sizes(tensor) for tensor in argument.tensors()] if argument is not None else []

    def output(self) -> Shape:
        """The sizes of the first output.

        Raises:
            BrokenError: when there is none.
        """
        for output in self.node.outputs:
            for tensor in output.tensors():
                return self.sizes(tensor)
        raise BrokenError("it gives no tensor")

    def flag(self, name: str) -> bool:
        """Whether an argument is true; by default it is not."""
        argument = self.argument(name)
        return argument is not None and argument.as_bool is True

    def integers(self, name: str) -> Sequence[int]:
        """An argument that is a list of integers; empty where it is left out."""
        argument = self.argument(name)
        return (argument.as_ints or ()) if argument is not None else ()
