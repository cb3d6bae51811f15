"""Parses the parts of an exported program's JSON that are needed into structs.

The fields are those of PyTorch's `torch/_export/serde/schema.py`; fields not listed here are skipped.
"""

import re
from contextlib import suppress
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct, field

from paramcalc.errors import MAX_ECHO, InputError, Problem
from paramcalc.limits import MAX_TENSOR_NAME
from paramcalc.shapes import MAX_COUNT, MAX_RANK

T = TypeVar("T")

MAJORS = (7, 8)
"""The supported major versions of the schema: that of PyTorch 2.5, and that of 2.6 to 2.13."""

DTYPES = {
    1: "uint8",
    2: "int8",
    3: "int16",
    4: "int32",
    5: "int64",
    6: "float16",
    7: "float32",
    8: "float64",
    9: "complex32",
    10: "complex64",
    11: "complex128",
    12: "bool",
    13: "bfloat16",
    28: "uint16",
    29: "float8_e4m3fn",
    30: "float8_e5m2",
    31: "float8_e4m3fnuz",
    32: "float8_e5m2fnuz",
    33: "float8_e8m0fnu",
    34: "uint32",
    35: "uint64",
}
"""The schema's `ScalarType` → dtype."""


MIN_OBJECT = 9
"""The least bytes of JSON per object on average; {"as_int":1} is the shortest. An empty struct takes 100 in memory."""


class Expression(Struct, gc=False):
    """A symbolic size as SymPy prints it: `s0`, or `Symbol('s0', positive=True, integer=True)`."""

    expr_str: str


class Size(Struct, gc=False):
    """A dimension: a number, or an expression whose value is only known at run time."""

    as_int: Annotated[int, Meta(ge=0, le=MAX_COUNT)] | None = None
    as_expr: Expression | None = None


Sizes = Annotated[list[Size], Meta(max_length=MAX_RANK)]


class TensorMeta(Struct, gc=False):
    """The program's description of a tensor."""

    dtype: int
    sizes: Sizes
    requires_grad: bool = False
    strides: Sizes = field(default_factory=list)
    storage_offset: Size | None = None


class Named(Struct, gc=False):
    """A tensor by its name in the graph."""

    name: str


class OptionalTensor(Struct, gc=False):
    """A tensor in a list that may leave some out."""

    as_tensor: Named | None = None


class Subgraph(Struct, gc=False):
    """A graph that an operation runs."""

    graph: "Graph"


class Argument(Struct, gc=False):
    """One value: the file has exactly one of the fields. The schema's other kinds of values are not needed."""

    as_tensor: Named | None = None
    as_tensors: list[Named] | None = None
    as_optional_tensor: OptionalTensor | None = None
    as_optional_tensors: list[OptionalTensor] | None = None
    as_nested_tensors: list[list[Named]] | None = None
    as_int: int | None = None
    as_ints: list[int] | None = None
    as_float: float | str | None = None
    as_floats: list[float] | None = None
    as_bool: bool | None = None
    as_string: str | None = None
    as_operator: str | None = None
    as_graph: Subgraph | None = None

    def value(self) -> Any:
        """The plain value; None for a tensor, or if there is no value."""
        values = self.as_int, self.as_ints, self.as_float, self.as_floats, self.as_bool, self.as_string
        return next((value for value in values if value is not None), None)

    def tensors(self) -> list[str]:
        """The names of the tensors in this argument."""
        if self.as_tensor is not None:
            return [self.as_tensor.name]
        if self.as_tensors is not None:
            return [tensor.name for tensor in self.as_tensors]
        if self.as_optional_tensors is not None:
            return [item.as_tensor.name for item in self.as_optional_tensors if item.as_tensor is not None]
        if self.as_optional_tensor is not None and self.as_optional_tensor.as_tensor is not None:
            return [self.as_optional_tensor.as_tensor.name]
        if self.as_nested_tensors is not None:
            return [tensor.name for tensors in self.as_nested_tensors for tensor in tensors]
        return []


class NamedArgument(Struct, gc=False):
    """A value with its name in the operator's schema; a higher-order operator's arguments have no names."""

    arg: Argument
    name: str = ""


class Metadata(Struct, gc=False):
    """The module stack that an operation was called from."""

    nn_module_stack: str = ""


class Node(Struct, gc=False):
    """One operation."""

    target: str
    inputs: list[NamedArgument]
    outputs: list[Argument]
    metadata: Metadata


class Graph(Struct, gc=False):
    """Operations in execution order, and the description of every tensor."""

    inputs: list[Argument]
    outputs: list[Argument]
    nodes: list[Node]
    tensor_values: dict[str, TensorMeta]


Key = Annotated[str, Meta(max_length=MAX_TENSOR_NAME)]
"""The name of a weight, bounded because every dotted prefix of it is looked up."""


class WeightSpec(Struct, gc=False):
    """An input of the graph that is a parameter, a buffer or a constant, with its name in the state_dict."""

    arg: Named
    parameter_name: Key = ""
    buffer_name: Key = ""
    persistent: bool = True


class UserSpec(Struct, gc=False):
    """An input or an output of the program."""

    arg: Argument


class InputSpec(Struct, gc=False):
    """The kind of a graph input: exactly one of the fields is set."""

    user_input: UserSpec | None = None
    parameter: WeightSpec | None = None
    buffer: WeightSpec | None = None


class OutputSpec(Struct, gc=False):
    """The kind of a graph output; mutated buffers and the like are skipped."""

    user_output: UserSpec | None = None


class Signature(Struct, gc=False):
    """The kinds of the graph's inputs and outputs."""

    input_specs: list[InputSpec]
    output_specs: list[OutputSpec]


class GraphModule(Struct, gc=False):
    """The graph with its signature."""

    graph: Graph
    signature: Signature


class Version(Struct, gc=False):
    """The version of the schema."""

    major: int
    minor: int


class Range(Struct, gc=False):
    """The range of a symbol's values."""

    min_val: int | None = None
    max_val: int | None = None


class Program(Struct, gc=False):
    """An exported program."""

    graph_module: GraphModule
    schema_version: Version
    range_constraints: dict[str, Range] = field(default_factory=dict)
    torch_version: str = "2.4 or before"


class Payload(Struct, gc=False):
    """Where the data of a tensor are stored."""

    path_name: str
    tensor_meta: TensorMeta | None = None
    is_param: bool = False


class Payloads(Struct, gc=False):
    """Where the data of each tensor are stored, by its key in the state_dict."""

    config: dict[Key, Payload]


class _Versioned(Struct, gc=False):
    schema_version: Version | None = None
    torch_version: str = "2.4 or before"


def read_program(data: bytes, name: str, entry: str) -> Program:
    """Parse the JSON of a program.

    Raises:
        InputError: when it is not JSON, not a program, or of an unsupported version of the schema.
    """
    program = _decoded(data, name, entry, Program)
    _check_version(program, name)
    return program


def read_payloads(data: bytes, name: str, entry: str) -> dict[str, Payload]:
    """Parse the JSON of a table that says where each tensor is stored.

    Raises:
        InputError: when it is not JSON, or not such a table.
    """
    return _decoded(data, name, entry, Payloads).config


def _decoded(data: bytes, name: str, entry: str, kind: type[T]) -> T:
    try:
        return _decode(data, kind)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        if kind is Program:
            with suppress(msgspec.MsgspecError, ValueError, RecursionError):
                _check_version(_decode(data, _Versioned), name)
        problem = "it is nested too deep" if isinstance(error, RecursionError) else str(error)
        raise InputError(name, [Problem(f"{entry}: {problem}")]) from None


def _decode(data: bytes, kind: type[T]) -> T:
    """Parse JSON that may contain the Infinity and NaN that PyTorch 2.5 wrote; no field that is read has them."""
    if data.count(b"{") * MIN_OBJECT > len(data) + MIN_OBJECT * 1_000:
        raise ValueError("it is made of empty objects, as PyTorch writes none")
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.DecodeError:
        if b"Infinity" not in data and b"NaN" not in data:
            raise
    return msgspec.json.decode(re.sub(rb"([:\[,]\s*)-?(?:Infinity|NaN)\b", rb"\1null", data), type=kind)


def _check_version(program: Program | _Versioned, name: str) -> None:
    """Refuse an unsupported version of the schema, whose fields could mean something else."""
    version = program.schema_version
    if version is not None and version.major in MAJORS:
        return
    number = "without a schema" if version is None else f"with schema {version.major}.{version.minor}"
    message = f"an exported program of PyTorch {program.torch_version[:MAX_ECHO]} {number}; "
    raise InputError(name, [Problem(f"{message}paramcalc reads those of PyTorch 2.5 to 2.13 (schemas 7 and 8)")])
