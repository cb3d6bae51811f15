"""llama.cpp's LoRA adapters: two tensors for each adapted tensor of the base, with `.lora_a` and `.lora_b` appended.

`convert_lora_to_gguf.py` writes them and `src/llama-adapter.cpp` loads them. With the innermost axis last, as here, a
base of shape (out, in) has an `a` of (rank, in) and a `b` of (out, rank); the token embedding, of shape
(tokens, width), has an `a` of (tokens, rank) and a `b` of (width, rank).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from paramcalc.errors import MAX_ECHO, listed
from paramcalc.formats.checkpoint import Details
from paramcalc.formats.tensor import Tensor
from paramcalc.model import without_numbers
from paramcalc.shapes import format_shape

A, B = ".lora_a", ".lora_b"
EMBEDDING = "token_embd.weight"


class Pair(NamedTuple):
    """The two tensors with which an adapter changes one tensor of the base.

    Attributes:
        base: the name of the base's tensor.
    """

    base: str
    a: Tensor
    b: Tensor

    @property
    def rank(self) -> int | None:
        """The size of the axis that both share; None if they share none."""
        if len(self.a.shape) < 2 or len(self.b.shape) < 2:
            return None
        rank = self.a.shape[-1 if self.embeds else -2]
        return rank if rank == self.b.shape[-1] else None

    @property
    def embeds(self) -> bool:
        """Whether the base is the token embedding: its rows are looked up and not multiplied, so `a` is transposed."""
        return self.base.endswith(EMBEDDING)

    def fits(self, shape: Sequence[int]) -> bool:
        """Whether the product of the pair has this shape, including any axis of experts."""
        a, b = self.a.shape, self.b.shape
        if self.rank is None or not len(a) == len(b) == len(shape):
            return False
        if self.embeds:
            return (a[0], b[0]) == tuple(shape)
        return (*b[:-1], a[-1]) == tuple(shape) and a[:-2] == b[:-2]


class Halves(NamedTuple):
    """The tensors of an adapter by their purpose.

    Attributes:
        pairs: the complete pairs.
        alone: tensors whose other half is missing.
        others: tensors that belong to no pair; llama.cpp skips norms, and refuses a file with any others.
    """

    pairs: list[Pair]
    alone: list[Tensor]
    others: list[Tensor]


def halves_of(tensors: Iterable[Tensor]) -> Halves:
    """Sort the tensors of a file into pairs, in the order of the file."""
    both: dict[str, dict[str, Tensor]] = {}
    others = []
    for tensor in tensors:
        name, end = tensor.name[: -len(A)], tensor.name[-len(A) :]
        if end in (A, B):
            both.setdefault(name, {})[end] = tensor
        else:
            others.append(tensor)
    pairs = [Pair(name, found[A], found[B]) for name, found in both.items() if len(found) == 2]
    alone = [tensor for found in both.values() if len(found) == 1 for tensor in found.values()]
    return Halves(pairs, alone, others)


def described(tensors: Iterable[Tensor], alpha: object) -> Details:
    """The rank and alpha of an adapter, and the layers it adapts."""
    pairs = halves_of(tensors).pairs
    ranks = sorted({pair.rank for pair in pairs if pair.rank is not None})
    if not ranks:
        return {}
    adapted = list(dict.fromkeys([short(pair.base) for pair in pairs]))
    said = f"rank {ranks[0]:,}" + (f" to {ranks[-1]:,}" if len(ranks) > 1 else "")
    if isinstance(alpha, float):
        said += f", alpha {alpha:g}"
    return {"lora": f"{said}: {listed(adapted)}"}


def short(name: str) -> str:
    """`blk.0.attn_q.weight` → attn_q."""
    return without_numbers(name).removesuffix(".weight").removeprefix("blk.*.")[:MAX_ECHO]


def warnings_of(tensors: Iterable[Tensor]) -> Iterator[str]:
    """Why llama.cpp would not load an adapter: only a warning, as its tensors can still be counted."""
    halves = halves_of(tensors)
    for tensor in halves.alone:
        other = B if tensor.name.endswith(A) else A
        yield f"'{tensor.name[:MAX_ECHO]}' has no {other[1:]} beside it: llama.cpp does not load such an adapter"
    for tensor in halves.others:
        if not tensor.name.endswith("_norm.weight"):
            yield f"'{tensor.name[:MAX_ECHO]}' is no lora_a or lora_b: llama.cpp does not load such an adapter"
    for pair in halves.pairs:
        if pair.rank is None:
            shapes = f"{format_shape(pair.a.shape)} and {format_shape(pair.b.shape)}"
            yield f"the lora_a and lora_b of '{pair.base[:MAX_ECHO]}' are {shapes}: they have no rank in common"


def misfits(pairs: Iterable[Pair], base: Mapping[str, Tensor]) -> Iterator[str]:
    """The parts of an adapter that do not fit this base."""
    for pair in pairs:
        found = base.get(pair.base)
        if found is None:
            yield f"the adapter is for '{pair.base[:MAX_ECHO]}', which the base does not have"
        elif not pair.fits(found.shape):
            shapes = f"{format_shape(pair.a.shape)} and {format_shape(pair.b.shape)}"
            yield (
                f"the adapter's lora_a and lora_b for '{pair.base[:MAX_ECHO]}' are {shapes}, "
                f"which do not fit its {format_shape(found.shape)}"
            )
