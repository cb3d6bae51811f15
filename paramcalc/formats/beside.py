"""Attaches a checkpoint to an architecture, under the architecture's names (`Claims.checkpoint`).

Tensors get the names of the architecture's weights: a quantised tensor that of the weight packed in it, together with
its scales, and others by the renaming rules of the framework (`naming`).
"""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from math import prod
from typing import TYPE_CHECKING, NamedTuple, Protocol

from msgspec import Struct, field
from msgspec.structs import replace

from paramcalc.errors import InputError, Problem
from paramcalc.formats.checkpoint import (
    Contents,
    by_module,
    factors_of,
    is_integer,
    model_of,
    natural_key,
    part_of,
)
from paramcalc.formats.naming import DEAL, Naming, Rule, ShapeError, combined, transposed
from paramcalc.formats.tensor import Tensor
from paramcalc.layers.base import Stored, Weight
from paramcalc.model import Checkpoint, Claims, Model, Split, StoredTensor

if TYPE_CHECKING:
    from paramcalc.formats.quantized import Found

WRAPPERS = ("module.", "_orig_mod.", "model.", "module._orig_mod.")
"""Prefixes that tools put before every name: DataParallel, torch.compile, Lightning."""

OPTIONAL = frozenset(("num_batches_tracked",))
"""Buffers that PyTorch itself accepts as missing from a file of version 0.4 or older."""

NO_GRAPH = "--weights needs an architecture to compare them with; this file holds weights only"
OTHER_NAMES = "its tensors have llama.cpp's names, which are not compared with an architecture's: count it by itself"


class Names(Protocol):
    """Maps names in a checkpoint to the architecture's (see `Naming`)."""

    @property
    def expected(self) -> frozenset[str] | None:
        """The weights that every checkpoint of this kind has (see `Checkpoint`)."""

    def target(self, name: str, distance: Callable[[str], int | None]) -> tuple[str, Rule | None, int]:
        """The architecture's name, the rule that combines several tensors, and which of its sources this is."""

    def ignores(self, name: str) -> bool:
        """Whether a tensor that belongs to no layer is to be expected."""


class Part(NamedTuple):
    """A tensor that holds a weight, or a part of one.

    Attributes:
        name: the name of the weight, with the checkpoint's name of its module.
        tensor: the tensor itself.
        scales: the tensors that decode it, each with its name in the module.
    """

    name: str
    tensor: Tensor
    scales: Sequence[tuple[str, Tensor]] = ()


def add_checkpoint(model: Model, contents: Contents, where: str, naming: Names | None = None) -> None:
    """Attach a checkpoint to an architecture, in place of any that was attached before.

    Args:
        model: the architecture; changed in place.
        contents: the contents of the checkpoint.
        where: the checkpoint's name in messages.
        naming: the framework's rules; None if the names are the architecture's, apart from prefixes of tools.

    Raises:
        InputError: if the checkpoint has the names of another program, or the model is no architecture.
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
    """Keep only the names."""
    for name, tensor in checkpoint.tensors.items():
        checkpoint.tensors[name] = replace(tensor, shape=None)
    checkpoint.splits = [replace(split, tensor=replace(split.tensor, shape=None)) for split in checkpoint.splits]


def add_by_shape(model: Model, contents: Contents, where: str) -> None:
    """The same for a checkpoint with other names, some of them numbers: weights are paired by their shapes."""
    claims = model.claims = model.claims or Claims()
    claims.weights = {
        tensor.name: tensor.shape for tensor in contents.tensors if tensor.kind != "state" and tensor.tied_to is None
    }
    claims.weights_in = where
    model.warnings += contents.warnings


class Owners:
    """Which names can be those of weights, judging by the layers' paths and without computing anything."""

    def __init__(self, model: Model) -> None:
        self.paths = {node.path.replace("/", ".") for node in model.nodes}

    def distance(self, name: str) -> int | None:
        """How many parts of a name follow the path of its layer; None if it is in no layer."""
        count = 0
        while name and name not in self.paths:
            name = name.rpartition(".")[0]
            count += 1
        return count if name else None

    def known(self, name: str) -> bool:
        """Whether some layer could have a weight of this name, or be that weight."""
        return self.distance(name) is not None


def parts_of(contents: Contents) -> Iterator[Part]:
    """The weights in a checkpoint, with quantised tensors named after the weight packed in them."""
    tensors = [tensor for tensor in contents.tensors if tensor.kind != "state"]
    separator = contents.separator
    if not any(is_integer(tensor.dtype) or tensor.dtype.startswith("float8") for tensor in tensors):
        yield from [Part(tensor.name.replace(separator, "."), tensor) for tensor in tensors]
        return
    from paramcalc.formats import quantized  # most checkpoints are not quantised

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
    """The parts without the prefix of a tool, if only that gives them the architecture's names."""
    names = [part.name for part in parts]
    if any(owners.known(name) for name in names):
        return parts
    for wrapper in WRAPPERS:
        bare = [name.removeprefix(wrapper) for name in names if name.startswith(wrapper)]
        if len(bare) == len(names) and any(owners.known(name) for name in bare):
            return [part._replace(name=name) for part, name in zip(parts, bare, strict=True)]
    return parts


class Gathered(Struct):
    """The tensors that one rule combines into one weight, by source."""

    rule: Rule
    sources: dict[int, list[Part]] = field(default_factory=dict)


def gathered(parts: Iterable[Part], naming: Names, owners: Owners, where: str) -> Checkpoint:
    """The parts under the architecture's names."""
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
    """Whether the framework ignores a tensor that belongs to no layer."""
    return not owners.known(name) and naming.ignores(name)


def add_several(checkpoint: Checkpoint, name: str, found: Gathered, ignored: bool) -> None:
    """Apply a rule to its tensors: combine several into a weight, or split one into several weights."""
    rule = found.rule
    if DEAL in rule.operations:
        for number, target in enumerate(rule.targets):
            add_several(checkpoint, name.replace(rule.targets[0], target, 1), dealt(found, number), ignored)
        return
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
        checkpoint.wrong.append(f"the tensors of weight '{name}', such as '{odd_of(found).name}', {error}")
    whole = stored(name, parts, shape, ignored)
    whole = replace(whole, other=other)
    if any(operation[0] == "split" for operation in rule.operations):
        axis = next(int(operation[1]) for operation in rule.operations if operation[0] == "split")
        checkpoint.splits.append(Split(tuple(names), axis, whole))
        return
    for each in names:
        checkpoint.tensors[each] = whole if len(names) == 1 else portion(whole, len(names))


def dealt(found: Gathered, number: int) -> Gathered:
    """The tensors of one target of several, each of which has an equal run of each source, the last one the rest."""
    rule = found.rule
    sources: dict[int, list[Part]] = {}
    for source, parts in found.sources.items():
        run = -(-len(parts) // len(rule.targets))
        ordered = sorted(parts, key=lambda part: natural_key(part.tensor.name))
        sources[source] = ordered[number * run : (number + 1) * run]
    operations = tuple([each for each in rule.operations if each != DEAL])
    return Gathered(rule._replace(targets=(rule.targets[number],), operations=operations), sources)


def odd_of(found: Gathered) -> Tensor:
    """A tensor whose shape is not that of most others of its source; the first of all where there is none."""
    for parts in found.sources.values():
        shapes = [part.tensor.shape for part in parts]
        usual = max(shapes, key=shapes.count) if len(set(shapes)) > 1 else None
        if usual is not None:
            return next(part.tensor for part in parts if part.tensor.shape != usual)
    return found.sources[min(found.sources)][0].tensor


def portion(whole: StoredTensor, parts: int) -> StoredTensor:
    """One of several equal weights in a tensor."""
    return StoredTensor(whole.source, whole.shape, whole.dtype, whole.size // parts, ignored=whole.ignored)


def stored(name: str, parts: Sequence[Part], shape: tuple[int, ...] | None, ignored: bool = False) -> StoredTensor:
    """How a weight is stored, all its parts together."""
    first = parts[0].tensor
    dtypes = {part.tensor.dtype for part in parts}
    elements = None
    if any(part.tensor.elements is not None for part in parts):
        elements = sum([part.tensor.elements or 0 for part in parts])
    words = None
    if elements is None and parts[0].scales and dtypes in ({"int32"}, {"uint32"}):
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
    """The scales of a weight: those of its only tensor, or equal ones of its many tensors merged."""
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
    """The attached checkpoint as a model of its own, with the architecture's names.

    Returns None if there is none, or its shapes are unknown.

    Raises:
        InputError: when the architecture itself is wrong.
    """
    checkpoint = model.claims.checkpoint if model.claims is not None else None
    if checkpoint is None or checkpoint.wrong or checkpoint.splits:
        return None
    from paramcalc.analysis.checkpoint import weights_of
    from paramcalc.analysis.evaluate import evaluate

    owners = Owners(model)
    weights = weights_of(evaluate(model, allow_unknown=True))  # a checkpoint does not say which tensors are buffers
    tensors: dict[str, Tensor] = {}
    scales: list[Tensor] = []
    for path, tensor in checkpoint.tensors.items():
        if tensor.shape is None or not tensor.dtype:
            return None
        if not tensor.ignored:
            name_in = in_layer(path, owners)
            kind = weights[path].kind if path in weights else None
            tensors[path] = Tensor(name_in, tensor.shape, tensor.dtype, tensor.size, kind)
            scales += [scale_in(name_in.partition(BEHIND)[0], scale) for scale in tensor.scales]
    for pair in model.tied:
        first, second = sorted([each.replace("/", ".") for each in pair[:2]], key=lambda each: each not in tensors)
        if first in tensors and second not in tensors:  # of tied weights, a file holds one
            one = tensors[first]
            tensors[second] = replace(one, name=in_layer(second, owners), size=0, tied_to=one.name)
    places = {node.path: place for place, node in enumerate(model.nodes)}
    found = sorted(
        [*tensors.values(), *scales], key=lambda tensor: places.get(tensor.name.partition(BEHIND)[0], len(places))
    )
    return model_of(Contents(found, "checkpoint", {}, separator=BEHIND), name)


def scale_in(layer: str, scale: Weight) -> Tensor:
    """What decodes a weight of a layer, as a tensor of that."""
    size = 0 if scale.stored is None else scale.stored.size
    return Tensor(f"{layer}{BEHIND}{scale.name}", scale.shape, scale.dtype or "", size, "scale")


BEHIND = "|"
"""The separator between a layer's path and the name of its weight."""


def in_layer(name: str, owners: Owners) -> str:
    """The name of a weight with the separator after its layer's path."""
    parts = name.split(".")
    behind = owners.distance(name)
    end = len(parts) - (1 if behind is None else behind)
    return "/".join(parts[:end]) + (BEHIND + ".".join(parts[end:]) if end < len(parts) else "")
