"""`.pt2`: exported programs of PyTorch, as `torch.export.save` writes them.

Each call of a leaf module is a row, nested as the modules are, in execution order. A function called outside any leaf
module is a row of the module that calls it, and a weight that belongs to neither is a row of its own. Shapes are those
recorded in the file; the multiply-accumulates of each operation come from a table of PyTorch's operations.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from paramcalc.errors import MAX_ECHO, InputError, Problem, listed
from paramcalc.formats.source import Options, Source
from paramcalc.formats.torch_export.build import InstanceOf, in_order, nodes_of, outputs_of
from paramcalc.formats.torch_export.calls import BrokenError, Sizes
from paramcalc.formats.torch_export.higher_order import Costs
from paramcalc.formats.torch_export.inputs import batch_symbol, symbols_for
from paramcalc.formats.torch_export.modules import Modules
from paramcalc.formats.torch_export.package import Package, read_package
from paramcalc.formats.torch_export.program import (
    DTYPES,
    Graph,
    OutputSpec,
    Payload,
    Program,
    read_payloads,
    read_program,
)
from paramcalc.formats.torch_export.tensors import GraphTensor, Row
from paramcalc.formats.torch_export.walk import Scope, Walk, learn, operations
from paramcalc.formats.torch_export.weights import UNUSED, Holders, check_table, hold, stored_in, tied_by_use, tied_in
from paramcalc.limits import MAX_LAYERS
from paramcalc.model import Input, Model

FORMAT = "torch_export"


def read(source: Source, options: Options) -> Model:
    """Read the model in an archive; `--set model=NAME` chooses one of several.

    Raises:
        InputError: when the archive is broken, has no exported program, or has several and none is chosen.
    """
    package = read_package(source, chosen_model(options.sets or {}, source.name))
    program = read_program(package.program, source.name, package.entry)
    most = MAX_LAYERS if options.max_layers is None else options.max_layers
    return _Reader(program, package, source.name, most).model()


def chosen_model(sets: Mapping[str, Any], name: str) -> str | None:
    """The model name given by `--set model=NAME`, or None.

    Raises:
        InputError: for any other variable, since an exported program has none.
    """
    others = [key for key in sets if key != "model"]
    if others:
        message = f"--set gives {listed(others)}, but an exported program has no variables: only --set model=NAME"
        raise InputError(name, [Problem(f"{message} chooses one of several models")])
    return str(sets["model"]) if "model" in sets else None


class _Reader:
    """Builds models from a program: first with the recorded shapes, later for other input shapes on request."""

    def __init__(self, program: Program, package: Package, source: str, max_rows: int) -> None:
        self.graph: Graph = program.graph_module.graph
        self.program = program
        self.package = package
        self.source = source
        self.max_rows = max_rows
        self.most = package.most_rows()
        self.symbol = batch_symbol(self.graph, self.users())
        self.weights = self.table(package.weights) if package.state is None else package.state
        self.payloads = self.weights | self.table(package.constants)

    def table(self, data: bytes | None) -> dict[str, Payload]:
        """Parse a table that says where each weight or constant is stored."""
        return {} if data is None else read_payloads(data, self.source, f"the table beside {self.package.entry}")

    def users(self) -> list[str]:
        """The names of the program's user inputs."""
        specs = [spec.user_input for spec in self.program.graph_module.signature.input_specs]
        return [tensor for spec in specs if spec is not None for tensor in spec.arg.tensors()]

    def model(self, wanted: list[Input] | None = None) -> Model:
        """The whole program as a graph of rows.

        Args:
            wanted: inputs with shapes other than the recorded ones.

        Raises:
            InputError: when the program is broken, or does not accept these inputs.
        """
        values: dict[str, int] = {}
        if wanted is not None:
            values = symbols_for(wanted, self.graph, self.program.range_constraints, self.source)
        try:
            return self._model(Sizes(self.symbol, values))
        except BrokenError as error:
            raise InputError(self.source, [Problem(str(error))]) from None

    def layers(self) -> Model:
        """The same model, built from layers with fields instead of recorded facts.

        Raises:
            ConvertError: naming a row that is not a module of torch.nn.
        """
        from paramcalc.formats.torch_export.layers import Builder

        sizes = Sizes(self.symbol, {})
        return self._model(sizes, Builder(sizes).instance)

    def _model(self, sizes: Sizes, layer: InstanceOf | None = None) -> Model:
        modules = Modules()
        learn(self.graph, modules)
        signature = self.program.graph_module.signature
        stored = stored_in(signature.input_specs, self.graph, self.weights, self.source)
        check_table(stored, self.payloads, self.source)
        if max(len(stored), operations(self.graph)) > self.most:
            raise BrokenError(f"a program of this size has no more than {self.most:,} operations or weights")
        holders = hold(stored, modules)
        inputs, scope = self.bind(holders, sizes)
        costs = Costs(sizes)
        taken = [row.path for row in holders.rows] + [path.replace(".", "/") for path in leaves(modules)]
        check_paths(taken, self.source)
        walk = Walk(modules, costs, taken, self.source, self.max_rows)
        walk.graph(self.graph, scope)
        given = used(signature.output_specs, scope)
        rows = in_order(walk.rows, unused(holders, walk.rows))
        empty = {entry.rpartition("/")[2] for entry in self.package.empty}
        tied = tied_in(stored, self.payloads, empty) + tied_by_use(stored, self.payloads, empty, holders, walk.rows)
        return Model(
            name=modules.root or "model",
            format=FORMAT,
            source=self.source,
            inputs=inputs,
            nodes=nodes_of(rows, inputs, holders.modules, layer),
            outputs=outputs_of(given, rows, len(inputs)),
            tied=[(holders.places[a], holders.places[b], ()) for a, b in tied],
            framework="torch",
            recorded=self.model,
            layers=self.layers,
            warnings=[*self.doubts(), *map(unknown_cost, costs.unknown)],
        )

    def bind(self, holders: Holders, sizes: Sizes) -> tuple[list[Input], Scope]:
        """The model's inputs, and a scope that maps the names of the graph's inputs to tensors."""
        inputs: list[Input] = []
        scope = dict(holders.scope)
        users = set(self.users())
        for tensor in [tensor for argument in self.graph.inputs for tensor in argument.tensors()]:
            meta = self.graph.tensor_values.get(tensor)
            if meta is None or tensor in scope:
                continue
            shape, dtype = sizes.shape(meta), DTYPES.get(meta.dtype, "unknown")
            scope[tensor] = GraphTensor(tensor, shape, dtype, input=len(inputs) if tensor in users else None)
            if tensor in users:
                inputs.append(Input(tensor, shape, dtype))
        return inputs, scope

    def doubts(self) -> list[str]:
        """The warning for an archive without its table of weights: ties and unused weights may be missing."""
        if self.package.weights is not None or self.package.state is not None:
            return []
        version = self.program.torch_version[:MAX_ECHO]
        return [
            f"written by PyTorch {version}, and its weights were taken out: it may not say which of them are tied, "
            "or have those that nothing reads"
        ]


def used(specs: Iterable[OutputSpec], scope: Scope) -> list[GraphTensor]:
    """The tensors that the model returns; each is marked as used."""
    outputs = [spec.user_output for spec in specs if spec.user_output is not None]
    found = [scope[name] for spec in outputs for name in spec.arg.tensors() if name in scope]
    for tensor in found:
        tensor.used = True
    return found


def check_paths(paths: Iterable[str], source: str) -> None:
    """Refuse duplicate row paths: a module and a parameter cannot share a name."""
    seen: set[str] = set()
    for path in paths:
        if path in seen:
            raise InputError(source, [Problem(f"it has two modules or weights of the name '{path}'")])
        seen.add(path)


def leaves(modules: Modules) -> list[str]:
    """The paths of the leaf modules, each of which is a row."""
    return [path for path in modules.called if modules.is_leaf(path)]


def unused(holders: Holders, rows: Iterable[Row]) -> list[Row]:
    """Rows for weights that nothing reads, and for modules none of whose operations returns a tensor."""
    called = {row.module.path for row in rows if row.module is not None}
    found = [row for row in holders.rows if not row.placed]
    for row in found:
        row.type = UNUSED
    for path, weights in holders.modules.items():
        if path not in called:
            found.append(Row(path.replace(".", "/"), UNUSED, weights=weights))
    return found


def unknown_cost(label: str) -> str:
    """The warning for an operation whose cost is unknown."""
    return f"the cost of the operation {label} is not known: the MACs of the rows that call it are not, either"
