"""An operation of the graph in the form that cost formulas need: arguments by name, tensors by their sizes."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from paramcalc.errors import ParamcalcError
from paramcalc.formats.torch_export.expressions import evaluate, symbol_in
from paramcalc.formats.torch_export.program import Argument, Graph, Node, Size, TensorMeta
from paramcalc.limits import MAX_SYMBOLIC
from paramcalc.shapes import Dim, Shape


class BrokenError(ParamcalcError):
    """An operation's arguments don't match PyTorch's schema: the file is broken, or another program wrote it."""


def shape_of(meta: TensorMeta) -> Shape:
    """The shape of a tensor, with None for symbolic dimensions."""
    return tuple([size.as_int for size in meta.sizes])


class Sizes:
    """Evaluates symbolic sizes.

    Attributes:
        values: the known symbols and their values.
    """

    def __init__(self, symbol: str | None = None, values: Mapping[str, int] | None = None) -> None:
        """`symbol` is the batch size; while it has no value, costs are those of one sample."""
        self.values = dict(values or {})
        self._sample = self.values if symbol is None else {symbol: 1, **self.values}
        self._known: dict[tuple[bool, str], Dim] = {}
        self._left = MAX_SYMBOLIC

    def shape(self, meta: TensorMeta) -> Shape:
        """The shape of a tensor, with None for unknown dimensions."""
        shape = shape_of(meta)
        return shape if not self.values or None not in shape else tuple([self._size(x, False) for x in meta.sizes])

    def sample(self, meta: TensorMeta) -> Shape:
        """The shape for one sample if the batch is unknown: 196 for 196 * s0."""
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
        node: the node in the file.
        graph: the graph that contains it.
        known: evaluates symbolic sizes.
    """

    node: Node
    graph: Graph
    known: Sizes

    def argument(self, name: str) -> Argument | None:
        """The value of an argument; None if it is left at its default."""
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
        """The sizes of a tensor argument; None if it is absent."""
        argument = self.argument(name)
        tensors = argument.tensors() if argument is not None else []
        return self.sizes(tensors[0]) if tensors else None

    def dims(self, name: str, rank: int | None = None) -> Shape:
        """The sizes of a tensor argument.

        Raises:
            BrokenError: when it is missing, or does not have `rank` axes.
        """
        shape = self.given(name)
        if shape is None:
            raise BrokenError(f"its argument '{name}' is missing")
        if rank is not None and len(shape) != rank:
            raise BrokenError(f"its argument '{name}' has {len(shape)} axes instead of {rank}")
        return shape

    def several(self, name: str) -> list[Shape]:
        """The sizes of each tensor in an argument that is a list of tensors."""
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
        """The value of a boolean argument; False if it is absent."""
        argument = self.argument(name)
        return argument is not None and argument.as_bool is True

    def integers(self, name: str) -> Sequence[int]:
        """An argument that is a list of integers; empty if it is absent."""
        argument = self.argument(name)
        return (argument.as_ints or ()) if argument is not None else ()
