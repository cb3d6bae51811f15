"""Tensors that a file holds → a Model with a row for each module: what every reader of checkpoints ends in.

A checkpoint knows names, shapes and types and nothing of the graph: outputs and MACs are unknown, the parameters are
complete. A module is what the names have before their last separator.
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
"""The type of a row: a checkpoint does not say the classes of its modules."""

BUFFERS = frozenset(("running_mean", "running_var", "num_batches_tracked"))
"""What PyTorch's normalisations keep as buffers: no parameters, although two of them are floats."""

WEIGHTS = frozenset(("weight", "bias", "kernel", "embedding"))
"""Names of parameters even where they are integers, as quantised ones are; other integers have no gradient."""

UNKNOWN_MACS: tuple[Factors, ...] = ((("macs", None),),)


Rows = dict[str, list[tuple[str, Tensor]]]
"""Path → the tensors of that module, each with its name in it."""


Details = dict[str, str | int | float]
"""What a file says of itself, by name."""


class Contents(NamedTuple):
    """What a reader found in a file.

    Attributes:
        tensors: in the order of the file.
        format: what kind of file it is.
        details: what it says of itself.
        warnings: what was noticed that changes no number.
        natural: whether the order of the file means nothing; then modules are sorted, numbers by their value.
        part: which of several files that hold a model together this is, from 0.
        parts: how many they are.
        separator: what stands between the parts of a name.
        described: whether shapes and types of the tensors are known, and not their names alone.
        leaf: where the name of a weight begins in its module, if that is not after the last separator.
        role: what the tensors are for: "model", or what GGUF files may hold instead (see `gguf.details.ROLES`).
        whole: how many tensors all files of the model hold, where this one says so.
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


def model_of(contents: Contents, source: str, max_layers: int | None = None) -> Model:
    """A model with a row for each module.

    A row's path and the name of its weight are the tensor's name again, the slashes of the path written as the
    separator: "model/layers/0/mlp/up" and "weight" are model.layers.0.mlp.up.weight. A tensor outside all modules
    has its whole name as the path, and an empty one of its own.

    Args:
        contents: what is in the file.
        source: the file, as the user named it.
        max_layers: how many rows there may be; by default `MAX_LAYERS`.

    Raises:
        InputError: for two tensors of one name, and for more, or larger ones, than the limits allow.
    """
    check_tensors(contents.tensors, source)
    rows = by_module(contents.tensors, contents.separator, contents.leaf)
    most = MAX_LAYERS if max_layers is None else max_layers
    if len(rows) > most:
        message = f"the file has more than {most:,} modules (--max-layers allows more)"
        raise InputError(source, [Problem(message)])
    builder = Builder()
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
    )


def part_of(contents: Contents) -> list[str]:
    """What to say of a file that holds only a part of its model."""
    if contents.parts == 1:
        return []
    return [f"this is file {contents.part + 1:,} of {contents.parts:,}: the others are not counted"]


def stem(source: str) -> str:
    """The name of a file without its folder and its ending."""
    base = re.split(r"[/\\]", source.rstrip("/\\"))[-1]
    return base.rpartition(".")[0] or base


def check_tensors(tensors: Sequence[Tensor], source: str) -> None:
    """Refuse names that are there twice, and what no program could hold.

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
    """Path → the tensors of that module, each with its name in it.

    With a pattern of such names, a tensor whose name has none of them is a module itself.
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
            # What belongs to a weight stands in its row: up.weight.absmax, up.weight.quant_state.bitsandbytes__nf4.
            owner = module.removesuffix(nested)
            if owner in names and separator in owner:
                module = owner.rpartition(separator)[0]
                leaf = tensor.name[len(module) + len(separator) :]
        path = module.replace(separator, "/")
        if path in rows:
            rows[path].append((leaf, tensor))
        else:
            rows[path] = [(leaf, tensor)]
    return rows


def by_leaf(tensors: Iterable[Tensor], separator: str, pattern: re.Pattern[str]) -> Rows:
    """The same, where a pattern says where the name of a weight begins."""
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
    """What a word is sorted by: text and numbers in turn; a number of any length, so by its digits."""
    pieces: list[Any] = re.split("([0-9]+)", word)
    for index in range(1, len(pieces), 2):
        digits = pieces[index].lstrip("0")
        pieces[index] = (len(digits), digits)
    return pieces


class Builder:
    """Makes the rows, and keeps what there is to say of all of them.

    Attributes:
        schemes: how modules are quantised.
        packed: modules whose weights look packed in a way that is not known.
    """

    def __init__(self) -> None:
        self.known: dict[Any, tuple[Recorded, str, bool]] = {}
        self.schemes: dict[str, None] = {}
        self.packed: list[str] = []

    def nodes(self, rows: Rows, paths: Iterable[str]) -> Iterator[Node]:
        """A node for each module; modules that hold the same share one layer, so that it is counted once."""
        for path in paths:
            key = tuple([(leaf, t.shape, t.dtype, t.size, t.kind, t.elements, t.tied_to) for leaf, t in rows[path]])
            found = self.known.get(key)
            if found is None:
                found = self.known[key] = self.layer(rows[path])
            layer, dtype, packed = found
            if packed:
                self.packed.append(path)
            yield Node(path, Instance(layer, path.rpartition("/")[2], MODULE, True, dtype), ())

    def layer(self, row: Sequence[tuple[str, Tensor]]) -> tuple[Recorded, str, bool]:
        """The layer that holds these tensors, the dtype of its largest weight, and whether that looks packed."""
        by_leaf = dict(row)
        if len(by_leaf) < len(row):  # names that differ only in what is written as a slash
            by_leaf = {tensor.name: tensor for _, tensor in row}
        packed = self.recognise(by_leaf)
        weights = [weight_of(leaf, tensor) for leaf, tensor in by_leaf.items()]
        weights.sort(key=lambda weight: weight.kind != "weight")
        largest = max(weights, key=lambda weight: (weight.kind == "weight", weight.params))
        return Recorded(Inferred(None, tuple(weights), UNKNOWN_MACS)), largest.dtype or "float32", packed

    def recognise(self, row: dict[str, Tensor]) -> bool:
        """Say of quantised weights what they hold; whether they look packed in a way that is not known."""
        if len(row) < 2 or not any(is_integer(t.dtype) or t.dtype.startswith("float8") for t in row.values()):
            return False
        from paramcalc.formats import quantized  # most checkpoints are not

        scheme = quantized.recognise(row)
        if scheme is None:
            return quantized.is_packed(row)
        self.schemes[scheme.name] = None
        for leaf, (kind, elements) in scheme.tensors.items():
            row[leaf] = replace(row[leaf], kind=kind, elements=elements)
        return False

    def warnings(self) -> list[str]:
        """What to say of weights that were not understood."""
        if not self.packed:
            return []
        names = listed(self.packed[:3])
        more = f" and {len(self.packed) - 3:,} more" if len(self.packed) > 3 else ""
        return [f"{names}{more}: integers of no known quantisation, counted as they are stored"]


def weight_of(leaf: str, tensor: Tensor) -> Weight:
    """A tensor as a weight of its row."""
    kind = tensor.kind or kind_of(leaf, tensor.dtype)
    learned = is_float(tensor.dtype) and kind in ("weight", "bias")
    stored = Stored(tensor.size, tensor.elements, tensor.tied_to)
    factors = factors_of(tensor.shape, tensor.elements)
    return Weight(leaf, tensor.shape, factors, kind, learned, tensor.dtype, stored=stored)


def kind_of(leaf: str, dtype: str) -> Kind:
    """What a tensor is by its name in the module: only floats are parameters, unless they are called so."""
    if leaf in BUFFERS or (is_integer(dtype) and leaf not in WEIGHTS):
        return "buffer"
    return "bias" if leaf == "bias" or leaf.startswith("bias_") or leaf.endswith("_bias") else "weight"


def is_float(dtype: str) -> bool:
    """Whether a gradient can change a tensor of this dtype."""
    return "float" in dtype or dtype.startswith("complex")


def is_integer(dtype: str) -> bool:
    """Whether it is a plain integer or a truth value, and no block of quantised numbers."""
    return dtype == "bool" or dtype.startswith(("int", "uint"))


@lru_cache(maxsize=1024)
def factors_of(shape: tuple[int, ...], elements: int | None) -> Factors:
    """What the count is made of: the shape, and how many are packed into each element."""
    count = prod(shape)
    factors: Factors = tuple((f"axis {axis}", size) for axis, size in enumerate(shape))
    if elements is None or elements == count:
        return factors
    if count and elements % count == 0:
        return (*factors, ("packed in each", elements // count))
    return (("parameters", elements),)


def shape_of(dims: Iterable[object], name: str) -> tuple[int, ...]:
    """A shape as a file has it, its dimensions whole and not negative.

    Raises:
        ValueError: in words for the user.
    """
    shape = tuple(dims)
    if len(shape) > MAX_RANK:
        raise ValueError(f"tensor '{name[:MAX_ECHO]}' has {len(shape)} axes, more than {MAX_RANK}, the limit")
    for dim in shape:
        if type(dim) is not int or not 0 <= dim <= MAX_COUNT:
            raise ValueError(f"tensor '{name[:MAX_ECHO]}' has an impossible shape: {format_shape(shape)[:MAX_ECHO]}")  # type: ignore[arg-type]
    return shape  # type: ignore[return-value]
