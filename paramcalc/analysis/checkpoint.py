"""Compares an architecture with its checkpoint: what is missing, extra or of another shape, and how it is stored.

In: an evaluation, and the checkpoint under the architecture's own names (`Claims.checkpoint`). Out: messages, and the
weights as they are stored: their dtypes and bytes, and the scales of quantised ones.
"""

from collections.abc import Iterator, Mapping
from math import prod

from msgspec.structs import replace

from paramcalc.analysis.calls import Evaluation
from paramcalc.layers.base import Stored, Weight
from paramcalc.model import Checkpoint, Split, StoredTensor
from paramcalc.shapes import format_shape
from paramcalc.units import size_of, weight_dtype

Weights = Mapping[str, Weight]
"""Path and name of a weight, joined by dots → the weight."""


def check_checkpoint(evaluation: Evaluation, checkpoint: Checkpoint) -> list[str]:
    """A message for every weight in which the checkpoint differs from the architecture."""
    weights = weights_of(evaluation)
    splits = {name: split for split in checkpoint.splits for name in split.names}
    messages = list(checkpoint.wrong)
    for name, weight in weights.items():
        stored = checkpoint.tensors.get(name)
        if stored is not None and (said := differs(weight, stored)):
            messages.append(
                f"weight '{name}' is {format_shape(weight.shape)} by its layer, but {said}{called(name, stored)}"
            )
    messages += [said for split in checkpoint.splits if (said := differs_together(weights, split))]
    if not evaluation.unknown:  # else it may belong to an unknown layer
        messages += [
            f"tensor '{stored.source}'{shape_of(stored)} in {checkpoint.where} belongs to no layer"
            for name, stored in checkpoint.tensors.items()
            if name not in weights and not stored.ignored
        ]
    there = checkpoint.tensors.keys() | splits.keys()
    messages += [
        f"weight '{name}' {format_shape(weights[name].shape)} is not in {checkpoint.where}"
        for name in missing(evaluation, weights, there, checkpoint)
    ]
    return messages


def called(name: str, stored: StoredTensor) -> str:
    """What the checkpoint itself calls a weight, where that is something else."""
    return "" if stored.source == name else f" ('{stored.source}')"


def weights_of(evaluation: Evaluation) -> dict[str, Weight]:
    """The weights that a checkpoint of this model would hold, by name."""
    return {
        name_of(call.node.path, weight): weight
        for call in evaluation.calls
        for weight in call.weights
        if weight.persistent
    }


def name_of(path: str, weight: Weight) -> str:
    """The name of a weight in a checkpoint; a bare parameter has the name of its layer."""
    return f"{path}.{weight.name}".strip(".").replace("/", ".")


def differs(weight: Weight, stored: StoredTensor) -> str | None:
    """How the checkpoint differs in this weight; None if it does not."""
    if stored.words is not None:
        if stored.words in words_for(weight.shape, stored.dtype):
            return None
        bits = "4 or in 8" if stored.dtype == "int32" else "2 to 8"
        return f"its {stored.words:,} packed words are not as many as that needs in {bits} bits"
    if stored.elements is not None:
        if stored.elements == weight.params:
            return None
        return f"its {stored.dtype} tensor holds {stored.elements:,} parameters instead of {weight.params:,}"
    if stored.shape is None or weight.shape in (stored.shape, stored.other):
        return None
    return f"{format_shape(stored.shape)} in the checkpoint"


WORD = 32
"""Bits of an integer that several weights are packed in."""


BITS = {"int32": (4, 8), "uint32": (2, 3, 4, 5, 6, 8)}
"""The dtype of such an integer → the bits that a weight may have: compressed-tensors', and MLX'."""


def words_for(shape: tuple[int, ...], dtype: str) -> list[int]:
    """How many 32-bit words the rows of a matrix take, in each number of bits."""
    inside = shape[-1] if shape else 0
    return [prod(shape[:-1]) * -(-inside * bits // WORD) for bits in BITS[dtype]]


def differs_together(weights: Weights, split: Split) -> str | None:
    """What is wrong with a tensor that is split into several weights; None if nothing is."""
    shape = split.tensor.shape
    parts = [weights[name].shape for name in split.names if name in weights]
    if shape is None or len(parts) < len(split.names):
        return None  # those that the model lacks are reported as tensors of no layer elsewhere
    cut = [part[: split.axis] + part[split.axis + 1 :] for part in parts]
    whole = (*parts[0][: split.axis], sum([part[split.axis] for part in parts]), *parts[0][split.axis + 1 :])
    if whole == shape and cut.count(cut[0]) == len(cut):
        return None
    return f"tensor '{split.tensor.source}' is {format_shape(shape)}; its weights need {format_shape(whole)}"


def shape_of(stored: StoredTensor) -> str:
    """The shape for a message; nothing where it is not known."""
    return "" if stored.shape is None else f" {format_shape(stored.shape)}"


def missing(evaluation: Evaluation, weights: Weights, there: set[str], checkpoint: Checkpoint) -> Iterator[str]:
    """The weights that are not in the checkpoint, nor any that they are tied to."""
    first: dict[str, str] = {}

    def group(name: str) -> str:
        while name in first:
            name = first[name]
        return name

    for owner, other, _ in evaluation.model.tied:
        a, b = group(owner.replace("/", ".")), group(other.replace("/", "."))
        if a != b:
            first[b] = a
    groups = {group(name) for name in there} if first else there
    scales = {f"{name.rpartition('.')[0]}.{each.name}" for name, t in checkpoint.tensors.items() for each in t.scales}
    for name, weight in weights.items():
        if name in there or group(name) in groups or weight.name in checkpoint.optional or name in scales:
            continue
        if not checkpoint.expects(name):
            continue
        if checkpoint.covers == "all" or (checkpoint.covers == "added") == weight.name.startswith(checkpoint.added):
            yield name


def take_stored(evaluation: Evaluation, checkpoint: Checkpoint) -> None:
    """Replace the weights of calls by those stored, where they are stored differently from what the architecture says.

    Calls of equal layers share their weights, and still do if they are stored alike.
    """
    cut = {name: replace(split.tensor, shape=None) for split in checkpoint.splits for name in split.names}
    tensors = by_owner(evaluation, checkpoint)
    known: dict[tuple[int, tuple[StoredTensor | None, ...]], tuple[Weight, ...]] = {}
    for call in evaluation.calls:
        found = [stored_of(name_of(call.node.path, weight), weight, tensors, cut) for weight in call.weights]
        policy = call.node.instance.dtype
        pairs = zip(call.weights, found, strict=True)
        if any(stored is not None and is_other(weight, stored, policy) for weight, stored in pairs):
            key = id(call.weights), tuple([None if stored is None else replace(stored, source="") for stored in found])
            if key not in known:
                known[key] = tuple(as_stored(call.weights, found))
            call.weights = known[key]


def by_owner(evaluation: Evaluation, checkpoint: Checkpoint) -> dict[str, StoredTensor]:
    """What is stored, by the weight that is counted: of tied weights a file may hold any one."""
    tensors = dict(checkpoint.tensors)
    for owner, other, _ in evaluation.model.tied:
        first, second = owner.replace("/", "."), other.replace("/", ".")
        if second in tensors and first not in tensors:
            tensors[first] = tensors.pop(second)
    return tensors


def stored_of(
    name: str, weight: Weight, tensors: Mapping[str, StoredTensor], cut: Mapping[str, StoredTensor]
) -> StoredTensor | None:
    """What is stored for a weight; None if nothing is. Weights that share a tensor each get their part of it."""
    whole = cut.get(name) if name not in tensors else None
    if whole is None:
        return tensors.get(name)
    return replace(whole, size=size_of(weight.params, whole.dtype)) if whole.dtype else None


def is_other(weight: Weight, stored: StoredTensor, policy: str) -> bool:
    """Whether a weight is stored differently from how its layer declares it."""
    if not stored.dtype or differs(weight, stored) is not None:
        return False  # nothing is known, or nothing can be trusted
    return stored.dtype != weight_dtype(weight.dtype, policy, None) or bool(stored.scales)


def as_stored(weights: tuple[Weight, ...], found: list[StoredTensor | None]) -> Iterator[Weight]:
    """The weights with the dtypes and bytes of what is stored, each followed by its scales."""
    scaled = any(stored is not None and stored.scales for stored in found)
    for weight, stored in zip(weights, found, strict=True):
        if weight.kind == "scale" and scaled:
            continue  # it comes with its weight
        if stored is None or not stored.dtype or differs(weight, stored) is not None:
            yield weight
            continue
        yield replace(weight, dtype=stored.dtype, stored=Stored(stored.size))
        yield from stored.scales
