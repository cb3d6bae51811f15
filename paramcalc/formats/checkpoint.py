"""Builds a Model with one row per module from the tensors in a file; all checkpoint readers share this code.

A checkpoint has names, shapes and dtypes but no graph: output shapes and MACs are unknown, but the parameters are
complete. A tensor's module is its name up to the last separator.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

from msgspec.structs import replace

from paramcalc.errors import MAX_ECHO, InputError, Problem, listed
from paramcalc.formats.tensor import Tensor
from paramcalc.layers.base import Factors, Inferred, Kind, Stored, Weight
from paramcalc.layers.recorded import Recorded
from paramcalc.limits import MAX_LAYERS, MAX_TENSOR_NAME, MAX_TENSORS
from paramcalc.model import Instance, Model, Node
from paramcalc.shapes import MAX_COUNT, MAX_RANK, format_shape

MODULE = "Weights"
"""The type of every row: a checkpoint does not record the classes of its modules."""

BUFFERS = frozenset(("running_mean", "running_var", "num_batches_tracked"))
"""The buffers of PyTorch's normalisation layers: not parameters, although two of them are floats."""

WEIGHTS = frozenset(("weight", "bias", "kernel", "embedding"))
"""Names that mark a parameter even if its dtype is an integer, as in quantised models; other integers are buffers."""

PARTS_OF_A_WEIGHT = frozenset(("_data", "_scale", "_shift"))
"""Names of tensors that together represent one weight, below the weight's own name."""

UNKNOWN_MACS: tuple[Factors, ...] = ((("macs", None),),)


Rows = dict[str, list[tuple[str, Tensor]]]
"""Module path → its tensors, each with its name within the module."""


Details = dict[str, str | int | float]
"""Facts that a file states about itself, by name."""


class Contents(NamedTuple):
    """What a reader found in a file.

    Attributes:
        tensors: the tensors, in the order of the file.
        format: the file's format.
        details: the facts that the file states about itself.
        warnings: warnings for the user; they change no number.
        natural: whether the order of the file is meaningless; modules are then sorted, with numbers by value.
        part: the index of this file among those that make up the model, from 0.
        parts: the number of these files.
        separator: the separator between the parts of a name.
        described: whether the shapes and dtypes of the tensors are known, and not only their names.
        leaf: a pattern for where a weight's own name starts, if that is not after the last separator.
        role: what the tensors are for: "model", or one of the other contents of a GGUF file (see `gguf.details.ROLES`).
        whole: the total number of tensors in all files of the model, if this file states it.
        projector: the tensors of the projector in a separate file, which encodes images and sound for the model.
        as_stored: whether the framework counts integers as they are stored, as Keras and TensorFlow do.
    """

    tensors: list[Tensor]
    format: str
    details: Details
    warnings: Sequence[str] = ()
    natural: bool = False
    part: int = 0
    parts: int = 1
    separator: str = "."
    described: bool = True
    leaf: re.Pattern[str] | None = None
    role: str = "model"
    whole: int | None = None
    projector: Sequence[Tensor] = ()
    as_stored: bool = False


def model_of(contents: Contents, source: str, max_layers: int | None = None) -> Model:
    """Build a model with one row per module.

    A tensor's name is the row's path, with separators in place of slashes, followed by the weight's name:
    "model/layers/0/mlp/up" and "weight" make model.layers.0.mlp.up.weight. A tensor outside all modules is a row whose
    path is the whole name, and its weight's name is empty.

    Args:
        contents: what is in the file.
        source: the file, as the user named it.
        max_layers: the maximum number of rows; `MAX_LAYERS` by default.

    Raises:
        InputError: for two tensors of the same name, and for tensors beyond the limits.
    """
    tensors = [*contents.tensors, *contents.projector] if contents.projector else contents.tensors
    check_tensors(tensors, source)
    rows = by_module(tensors, contents.separator, contents.leaf)
    most = MAX_LAYERS if max_layers is None else max_layers
    if len(rows) > most:
        message = f"the file has more than {most:,} modules (--max-layers allows more)"
        raise InputError(source, [Problem(message)])
    builder = Builder(contents.as_stored)
    nodes = list(builder.nodes(rows, natural_order(rows) if contents.natural else rows))
    return Model(
        name=stem(source),
        format=contents.format,
        source=source,
        inputs=[],
        nodes=nodes,
        outputs=[],
        framework=None,
        details=contents.details | ({"quantization": listed(builder.schemes)} if builder.schemes else {}),
        warnings=[*contents.warnings, *part_of(contents), *builder.warnings()],
        unknown=[*others_of(contents), *builder.packed],
        stated=["size"] if builder.packed and contents.parts == 1 else [],
    )


def part_of(contents: Contents) -> list[str]:
    """The warning for a file that contains only a part of its model."""
    if contents.parts == 1:
        return []
    return [f"this is file {contents.part + 1:,} of {contents.parts:,}: the others are not counted"]


def others_of(contents: Contents) -> list[str]:
    """What is missing if a file contains only a part of its model, which then cannot be checked against limits."""
    if contents.parts == 1:
        return []
    return ["the other file" if contents.parts == 2 else f"the other {contents.parts - 1:,} files"]


def stem(source: str) -> str:
    """The name of a file without its folder and extension."""
    base = re.split(r"[/\\]", source.rstrip("/\\"))[-1]
    return base.rpartition(".")[0] or base


def check_tensors(tensors: Sequence[Tensor], source: str) -> None:
    """Refuse duplicate names, and shapes beyond the limits.

    Raises:
        InputError: naming the first tensor that is wrong.
    """
    if len(tensors) > MAX_TENSORS:
        message = f"the file has {len(tensors):,} tensors, more than {MAX_TENSORS:,}, the limit"
        raise InputError(source, [Problem(message)])
    seen: set[str] = set()
    for tensor in tensors:
        name, shape = tensor.name, tensor.shape
        wrong = None
        if name in seen:
            wrong = "is there twice"
        elif len(name) > MAX_TENSOR_NAME:
            wrong = f"has a name of {len(name):,} characters, more than {MAX_TENSOR_NAME:,}, the limit"
        elif len(shape) > MAX_RANK:
            wrong = f"has {len(shape)} axes, more than {MAX_RANK}, the limit"
        elif prod(shape) > MAX_COUNT or tensor.size > MAX_COUNT:
            wrong = f"has a size past {MAX_COUNT:,}"
        if wrong:
            raise InputError(source, [Problem(f"tensor '{name[:MAX_ECHO]}' {wrong}")])
        seen.add(name)


def by_module(tensors: Iterable[Tensor], separator: str, pattern: re.Pattern[str] | None = None) -> Rows:
    """Group tensors by module path, each with its name within the module.

    With a pattern for the names of weights, a tensor that does not match it is a module itself.
    """
    if pattern is not None:
        return by_leaf(tensors, separator, pattern)
    names = {tensor.name for tensor in tensors}
    nested = separator + "quant_state"
    rows: Rows = {}
    for tensor in tensors:
        module, found, leaf = tensor.name.rpartition(separator)
        if not found:
            module, leaf = leaf, ""
        else:
            # Tensors below a weight go into its row: up.weight.absmax, up.weight.quant_state.bitsandbytes__nf4.
            owner = module.removesuffix(nested)
            if owner in names and separator in owner:
                module = owner.rpartition(separator)[0]
                leaf = tensor.name[len(module) + len(separator) :]
            elif leaf in PARTS_OF_A_WEIGHT:  # Quanto's up.weight._data and up.weight._scale
                module = module.removesuffix(f"{separator}_data").removesuffix(f"{separator}weight")
                leaf = tensor.name[len(module) + len(separator) :]
        path = module.replace(separator, "/")
        if path in rows:
            rows[path].append((leaf, tensor))
        else:
            rows[path] = [(leaf, tensor)]
    return rows


def by_leaf(tensors: Iterable[Tensor], separator: str, pattern: re.Pattern[str]) -> Rows:
    """Group tensors by module path, with a pattern for where a weight's name begins."""
    rows: Rows = {}
    for tensor in tensors:
        found = pattern.search(tensor.name)
        module, leaf = (tensor.name[: found.start()], found[1]) if found else (tensor.name, "")
        rows.setdefault(module.replace(separator, "/"), []).append((leaf, tensor))
    return rows


def natural_order(paths: Iterable[str]) -> list[str]:
    """The paths sorted part by part, numbers in them by value: layers/2 before layers/10."""
    parts = [(path.split("/"), path) for path in paths]
    words = sorted({word for split, _ in parts for word in split}, key=natural_key)
    ranks = {word: rank for rank, word in enumerate(words)}
    return [path for _, path in sorted([([ranks[word] for word in split], path) for split, path in parts])]


def natural_key(word: str) -> list[Any]:
    """The sort key of a word: text and numbers in turn; numbers may have any length, so they stay digits."""
    pieces: list[Any] = re.split("([0-9]+)", word)
    for index in range(1, len(pieces), 2):
        digits = pieces[index].lstrip("0")
        pieces[index] = (len(digits), digits)
    return pieces


class Builder:
    """Builds the rows, and collects facts for warnings about all of them.

    Attributes:
        as_stored: whether integers of no known scheme count as one parameter each.
        schemes: the quantisation schemes found.
        packed: modules whose weights seem to be packed by an unknown scheme.
    """

    def __init__(self, as_stored: bool = False) -> None:
        self.as_stored = as_stored
        self.known: dict[Any, tuple[Recorded, str, bool]] = {}
        self.schemes: dict[str, None] = {}
        self.packed: list[str] = []

    def nodes(self, rows: Rows, paths: Iterable[str]) -> Iterator[Node]:
        """A node for each module; modules with equal tensors share one layer object, so that it is evaluated once."""
        for path in paths:
            key = tuple(
                [(leaf, t.shape, t.dtype, t.size, t.kind, t.elements, t.tied_to, t.frozen) for leaf, t in rows[path]]
            )
            found = self.known.get(key)
            if found is None:
                found = self.known[key] = self.layer(rows[path])
            layer, dtype, packed = found
            if packed:
                self.packed.append(path)
            yield Node(path, Instance(layer, path.rpartition("/")[2], MODULE, True, dtype), ())

    def layer(self, row: Sequence[tuple[str, Tensor]]) -> tuple[Recorded, str, bool]:
        """The layer with these tensors, the dtype of its largest weight, and whether its weights seem to be packed."""
        by_leaf = dict(row)
        if len(by_leaf) < len(row):  # names that differ only in characters that a path writes as a slash
            by_leaf = {tensor.name: tensor for _, tensor in row}
        packed = self.recognise(by_leaf)
        weights = [weight_of(leaf, tensor) for leaf, tensor in by_leaf.items()]
        weights.sort(key=lambda weight: weight.kind != "weight")
        largest = max(weights, key=lambda weight: (weight.kind == "weight", weight.params))
        return Recorded(Inferred(None, tuple(weights), UNKNOWN_MACS)), largest.dtype or "float32", packed

    def recognise(self, row: dict[str, Tensor]) -> bool:
        """Describe quantised weights; return whether they seem to be packed by an unknown scheme."""
        if len(row) < 2 or not any(is_integer(t.dtype) or t.dtype.startswith("float8") for t in row.values()):
            return False
        from paramcalc.formats import quantized  # most checkpoints are not

        scheme = quantized.recognise(row)
        if scheme is None:
            return not self.as_stored and quantized.is_packed(row)
        self.schemes[scheme.name] = None
        for leaf, (kind, elements) in scheme.tensors.items():
            row[leaf] = replace(row[leaf], kind=kind, elements=elements)
        return False

    def warnings(self) -> list[str]:
        """The warnings about weights packed by an unknown scheme."""
        if not self.packed:
            return []
        names = listed(self.packed[:3])
        more = f" and {len(self.packed) - 3:,} more" if len(self.packed) > 3 else ""
        return [f"{names}{more}: integers of no known quantisation, counted as they are stored"]


def weight_of(leaf: str, tensor: Tensor) -> Weight:
    """A tensor as a weight of its row."""
    kind = tensor.kind or kind_of(leaf, tensor.dtype)
    learned = is_float(tensor.dtype) and kind in ("weight", "bias") and not tensor.frozen
    stored = Stored(tensor.size, tensor.elements, tensor.tied_to)
    factors = factors_of(tensor.shape, tensor.elements)
    return Weight(leaf, tensor.shape, factors, kind, learned, tensor.dtype, stored=stored)


def kind_of(leaf: str, dtype: str) -> Kind:
    """The kind of a tensor: only floats are parameters, and integers with the name of a parameter."""
    if leaf in BUFFERS or (is_integer(dtype) and leaf not in WEIGHTS):
        return "buffer"
    return "bias" if leaf == "bias" or leaf.startswith("bias_") or leaf.endswith("_bias") else "weight"


def is_float(dtype: str) -> bool:
    """Whether this is a floating-point or complex dtype, whose tensors can be trained."""
    return "float" in dtype or dtype.startswith("complex")


def is_integer(dtype: str) -> bool:
    """Whether this is an ordinary integer or boolean dtype, as opposed to a block type of quantised numbers."""
    return dtype == "bool" or dtype.startswith(("int", "uint"))


@lru_cache(maxsize=1024)
def factors_of(shape: tuple[int, ...], elements: int | None) -> Factors:
    """The factors of the parameter count: the shape, and the number of parameters packed into each element."""
    count = prod(shape)
    factors: Factors = tuple((f"axis {axis}", size) for axis, size in enumerate(shape))
    if elements is None or elements == count:
        return factors
    if count and elements % count == 0:
        return (*factors, ("packed in each", elements // count))
    return (("parameters", elements),)


def shape_of(dims: Iterable[object], name: str) -> tuple[int, ...]:
    """Check a shape from a file: its dimensions must be non-negative integers.

    Raises:
        ValueError: with a message for the user.
    """
    shape = tuple(dims)
    if len(shape) > MAX_RANK:
        raise ValueError(f"tensor '{name[:MAX_ECHO]}' has {len(shape)} axes, more than {MAX_RANK}, the limit")
    for dim in shape:
        if type(dim) is not int or not 0 <= dim <= MAX_COUNT:
            raise ValueError(f"tensor '{name[:MAX_ECHO]}' has an impossible shape: {format_shape(shape)[:MAX_ECHO]}")  # type: ignore[arg-type]
    return shape  # type: ignore[return-value]
