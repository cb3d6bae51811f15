"""A checkpoint beside an architecture → what the architecture claims of it (`Claims.checkpoint`).

The tensors are named as the architecture names its weights: quantised ones by the weight that is packed in them, with
what decodes them beside it, and others by the rules of the framework (`naming`).
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from paramcalc.errors import InputError, Problem
from paramcalc.formats.checkpoint import Contents, by_module, factors_of, is_integer, model_of, part_of
from paramcalc.formats.naming import Naming, Rule, ShapeError, combined, transposed
from paramcalc.formats.tensor import Tensor
from paramcalc.layers.base import Stored, Weight
from paramcalc.model import Checkpoint, Claims, Model, Split, StoredTensor

if TYPE_CHECKING:
    from paramcalc.formats.quantized import Found

WRAPPERS = ("module.", "_orig_mod.", "model.", "module._orig_mod.")
"""What tools put before every name: DataParallel, torch.compile, Lightning."""

OPTIONAL = frozenset(("num_batches_tracked",))
"""Buffers that PyTorch itself does not miss in a file of version 0.4 or older."""

NO_GRAPH = "--weights needs an architecture to compare them with; this file holds weights only"
OTHER_NAMES = "its tensors have llama.cpp's names, which are not compared with an architecture's: count it by itself"


class Names(Protocol):
    """What a name in a checkpoint is in the architecture (see `Naming`)."""

    @property
    def expected(self) -> frozenset[str] | None:
        """The weights that every such checkpoint has (see `Checkpoint`)."""

    def target(self, name: str, distance: Callable[[str], int | None]) -> tuple[str, Rule | None, int]:
        """The architecture's name, the rule that makes the weight of several, and which of its sources this is."""

    def ignores(self, name: str) -> bool:
        """Whether a tensor of no layer is to be expected."""


class Part(NamedTuple):
    """A tensor that is a weight, or a part of one.

    Attributes:
        name: the name of the weight, by the checkpoint's own way to name modules.
        tensor: the tensor itself.
        scales: what decodes it, each with its name in the module.
    """

    name: str
    tensor: Tensor
    scales: Sequence[tuple[str, Tensor]] = ()


def add_checkpoint(model: Model, contents: Contents, where: str, naming: Names | None = None) -> None:
    """Put a checkpoint beside an architecture; whatever stood there before does no more.

    Args:
        model: what the architecture gave.
        contents: what is in the checkpoint.
        where: what to call it in messages.
        naming: the framework's rules; None where the names are the architecture's, but for what tools put before all.

    Raises:
        InputError: for a checkpoint whose names are another program's, and an architecture that is none.
    """
    if model.framework is None:
        raise InputError(model.source, [Problem(NO_GRAPH)])
    if contents.format == "gguf" and naming is None:
        raise InputError(where, [Problem(OTHER_NAMES)])
    owners = Owners(model)
    parts = list(parts_of(contents))
    if naming is None:
        naming = Naming()
        parts = without_wrapper(parts, owners)
    claims = model.claims = model.claims or Claims()
    claims.checkpoint = gathered(parts, naming, owners, os.path.basename(where) or where)
    claims.checkpoint.expected = naming.expected if contents.parts == 1 else frozenset()
    if not contents.described:
        forget_shapes(claims.checkpoint)
    model.warnings += [*contents.warnings, *part_of(contents)]


def forget_shapes(checkpoint: Checkpoint) -> None:
    """Keep the names alone."""
    for name, tensor in checkpoint.tensors.items():
        checkpoint.tensors[name] = replace(tensor, shape=None)
    checkpoint.splits = [split._replace(tensor=replace(split.tensor, shape=None)) for split in checkpoint.splits]


def add_by_shape(model: Model, contents: Contents, where: str) -> None:
    """The same for a checkpoint with other names, some of them numbers: weights are paired by their shapes."""
    claims = model.claims = model.claims or Claims()
    claims.weights = {
        tensor.name: tensor.shape for tensor in contents.tensors if tensor.kind != "state" and tensor.tied_to is None
    }
    claims.weights_in = where
    model.warnings += contents.warnings


class Owners:
    """Which names are those of weights, as far as the layers' paths tell without computing anything."""

    def __init__(self, model: Model) -> None:
        self.paths = {node.path.replace("/", ".") for node in model.nodes}

    def distance(self, name: str) -> int | None:
        """How many parts of a name stand behind that of the layer that it is in; None for one of no layer."""
        count = 0
        while name and name not in self.paths:
            name = name.rpartition(".")[0]
            count += 1
        return count if name else None

    def known(self, name: str) -> bool:
        """Whether there is a layer that could have a weight of this name, or that is one."""
        return self.distance(name) is not None


def parts_of(contents: Contents) -> Iterator[Part]:
    """The weights in a checkpoint, quantised ones under the names of what is packed in them."""
    tensors = [tensor for tensor in contents.tensors if tensor.kind != "state"]
    separator = contents.separator
    if not any(is_integer(tensor.dtype) or tensor.dtype.startswith("float8") for tensor in tensors):
        yield from [Part(tensor.name.replace(separator, "."), tensor) for tensor in tensors]
        return
    from paramcalc.formats import quantized  # most checkpoints are not

    for path, row in by_module(tensors, separator).items():
        module = path.replace("/", ".") + "." if path else ""
        by_leaf = dict(row)
        scheme = quantized.recognise(by_leaf) if len(by_leaf) > 1 else None
        found: Found = scheme.tensors if scheme is not None else quantized.packed_in_unknown_bits(by_leaf) or {}
        for leaf, tensor in row:
            kind, elements = found.get(leaf, (None, None))
            if kind == "scale":
                continue
            if kind is None:
                yield Part((module + leaf).strip("."), tensor)
                continue
            scales = [(other, by_leaf[other]) for other, (what, _) in found.items() if what == "scale"]
            mine = [item for item in scales if owner_of(item[0], found) == leaf]
            packed = Tensor(tensor.name, tensor.shape, tensor.dtype, tensor.size, kind, elements)
            yield Part(module + quantized.logical(leaf), packed, mine)


def owner_of(scale: str, found: "Found") -> str:
    """The quantised tensor of a module that a scale is for: the one whose name begins its name, else the first."""
    weights = [leaf for leaf in found if found[leaf][0] == "weight"]
    own = [leaf for leaf in weights if scale.startswith(leaf.removesuffix("_blocks"))]
    return max(own, key=len) if own else weights[0]


def without_wrapper(parts: list[Part], owners: Owners) -> list[Part]:
    """The parts without what a tool put before every name, where only that makes them the architecture's."""
    names = [part.name for part in parts]
    if any(owners.known(name) for name in names):
        return parts
    for wrapper in WRAPPERS:
        bare = [name.removeprefix(wrapper) for name in names if name.startswith(wrapper)]
        if len(bare) == len(names) and any(owners.known(name) for name in bare):
            return [part._replace(name=name) for part, name in zip(parts, bare, strict=True)]
    return parts


class Gathered(Struct):
    """The tensors that become one weight by one rule: those of each of its sources."""

    rule: Rule
    sources: dict[int, list[Part]] = field(default_factory=dict)


def gathered(parts: Iterable[Part], naming: Names, owners: Owners, where: str) -> Checkpoint:
    """The parts by the names of the architecture."""
    checkpoint = Checkpoint(where, {}, optional=OPTIONAL)
    several: dict[str, Gathered] = {}
    for part in parts:
        name, rule, source = naming.target(part.name, owners.distance)
        if rule is not None:
            several.setdefault(name, Gathered(rule)).sources.setdefault(source, []).append(part)
            continue
        checkpoint.tensors[name] = stored(name, [part], part.tensor.shape, is_ignored(name, naming, owners))
    for name, found in several.items():
        add_several(checkpoint, name, found, is_ignored(name, naming, owners))
    return checkpoint


def is_ignored(name: str, naming: Names, owners: Owners) -> bool:
    """Whether the framework lets a tensor pass that is in no layer."""
    return not owners.known(name) and naming.ignores(name)


def add_several(checkpoint: Checkpoint, name: str, found: Gathered, ignored: bool) -> None:
    """What a rule makes of its tensors: a weight of several, or several weights of one."""
    rule = found.rule
    parts = [part for source in sorted(found.sources) for part in found.sources[source]]
    names = [name.replace(rule.targets[0], target, 1) for target in rule.targets]
    shapes = [[part.tensor.shape for part in found.sources[source]] for source in sorted(found.sources)]
    shape = other = None
    try:
        if rule.operations != (("any",),) and all(part.tensor.elements is None for part in parts):
            shape = combined(shapes, rule.operations, len(names))
            turn = next((operation for operation in rule.operations if operation[0] == "turn"), None)
            other = None if turn is None else transposed(shape, int(turn[1]), int(turn[2]))
    except ShapeError as error:
        checkpoint.wrong.append(f"the tensors of weight '{name}', such as '{parts[0].tensor.name}', {error}")
    whole = stored(name, parts, shape, ignored)
    whole = replace(whole, other=other)
    if any(operation[0] == "split" for operation in rule.operations):
        axis = next(int(operation[1]) for operation in rule.operations if operation[0] == "split")
        checkpoint.splits.append(Split(tuple(names), axis, whole))
        return
    for each in names:
        checkpoint.tensors[each] = whole if len(names) == 1 else portion(whole, len(names))


def portion(whole: StoredTensor, parts: int) -> StoredTensor:
    """One of several equal weights in a tensor."""
    return StoredTensor(whole.source, whole.shape, whole.dtype, whole.size // parts, ignored=whole.ignored)


def stored(name: str, parts: Sequence[Part], shape: tuple[int, ...] | None, ignored: bool = False) -> StoredTensor:
    """What is stored of a weight, all its parts together."""
    first = parts[0].tensor
    dtypes = {part.tensor.dtype for part in parts}
    elements = None
    if any(part.tensor.elements is not None for part in parts):
        elements = sum([part.tensor.elements or 0 for part in parts])
    words = None
    if elements is None and first.dtype == "int32" and first.name.endswith("weight_packed"):
        words = sum([prod(part.tensor.shape) for part in parts])
    return StoredTensor(
        first.name,
        None if elements is not None or words is not None else shape,
        first.dtype if len(dtypes) == 1 else "",
        sum([part.tensor.size for part in parts]),
        elements,
        len(parts),
        tuple(scales_of(name, parts)),
        ignored,
        words,
    )


def scales_of(name: str, parts: Sequence[Part]) -> Iterator[Weight]:
    """What decodes a weight: as it is stored for one tensor, and for a weight of many what is alike as one."""
    alike: dict[str, list[Tensor]] = {}
    for part in parts:
        leaf = part.name.rpartition(".")[2]
        for scale, tensor in part.scales:
            mine = name.rpartition(".")[2]
            behind = scale.removeprefix(leaf)
            fused = mine + behind if behind != scale else f"{mine}.{scale}"
            key = scale if len(parts) == 1 else fused
            alike.setdefault(key, []).append(tensor)
    for leaf, tensors in alike.items():
        shape = tensors[0].shape if len(tensors) == 1 else (len(tensors), *tensors[0].shape)
        size = sum([tensor.size for tensor in tensors])
        yield Weight(leaf, shape, factors_of(shape, None), "scale", False, tensors[0].dtype, stored=Stored(size))


def renamed(model: Model, name: str) -> Model | None:
    """The checkpoint beside an architecture as a model of its own, by the names of that.

    Returns None where there is none, or its shapes are not known.

    Raises:
        InputError: when the architecture itself is wrong.
    """
    checkpoint = model.claims.checkpoint if model.claims is not None else None
    if checkpoint is None or checkpoint.wrong or checkpoint.splits:
        return None
    from paramcalc.analysis.checkpoint import weights_of
    from paramcalc.analysis.evaluate import evaluate

    owners = Owners(model)
    weights = weights_of(evaluate(model, allow_unknown=True))  # a checkpoint does not say what is a buffer
    tensors: dict[str, Tensor] = {}
    for path, tensor in checkpoint.tensors.items():
        if tensor.shape is None or not tensor.dtype:
            return None
        if not tensor.ignored:
            name_in = in_layer(path, owners)
            kind = weights[path].kind if path in weights else None
            tensors[path] = Tensor(name_in, tensor.shape, tensor.dtype, tensor.size, kind)
    for pair in model.tied:
        first, second = sorted([each.replace("/", ".") for each in pair[:2]], key=lambda each: each not in tensors)
        if first in tensors and second not in tensors:  # of a tie, a file holds one
            one = tensors[first]
            tensors[second] = replace(one, name=in_layer(second, owners), size=0, tied_to=one.name)
    places = {node.path: place for place, node in enumerate(model.nodes)}
    found = sorted(tensors.values(), key=lambda tensor: places.get(tensor.name.partition(BEHIND)[0], len(places)))
    return model_of(Contents(found, "checkpoint", {}, separator=BEHIND), name)


BEHIND = "|"
"""What stands between a layer's path and the name of its weight where both are known."""


def in_layer(name: str, owners: Owners) -> str:
    """The name of a weight with its layer's path told apart from it."""
    parts = name.split(".")
    behind = owners.distance(name)
    end = len(parts) - (1 if behind is None else behind)
    return "/".join(parts[:end]) + (BEHIND + ".".join(parts[end:]) if end < len(parts) else "")
