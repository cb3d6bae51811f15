"""How llama.cpp names in a GGUF file what transformers calls otherwise: gguf.jsonl, a line a model_type.

mmproj.jsonl has the same for the files of what reads images and sound. tests/oracle/freeze_gguf.py makes both from what
llama.cpp's converter writes of such models. It joins, cuts and
turns some tensors, adds some that no layer has, and leaves out those that llama.cpp does not run; what it is not known
to write is never missed.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import msgspec
from msgspec import Struct

from paramcalc.formats.naming import MAX_RENAMED, Rule, placed
from paramcalc.formats.tensor import Tensor
from paramcalc.model import NUMBER, without_numbers

ADDED = re.compile(r"^rope_(freqs|factors_long|factors_short)\.weight$|\.rope_freqs\.weight$|\.(input_)?scale$")
"""What any file may have beside the weights: frequencies of the positions, and scales of some quantised tensors."""

BLOCK = re.compile(r"blk\.[0-9]+\.")
FURTHER = re.compile(r"(blk\.[0-9]+\.)nextn\.")
"""The tensors of a block that predicts further tokens, which transformers does not build."""

NEVER = re.compile(r"(?!)")
"""The pattern of a rule that is found by the whole name."""

Operations = tuple[tuple[str | int, ...], ...]


class Line(Struct):
    """What is known of one model_type; in all names `*` is a number, that of the block.

    A tensor's name with a number that is in none of its weights' has that number itself.

    Attributes:
        architectures: what `general.architecture` is for it.
        names: tensor → the weight that it is; several where that depends on the block.
        made: tensors, the weights that they are together, and the operations that make these.
        loose: tensors that belong to the model in a way that cannot be compared.
        absent: weights that a file may lack.
    """

    architectures: list[str]
    names: dict[str, str | list[str]]
    made: list[tuple[list[str], list[str], list[tuple[str | int, ...]]]]
    loose: list[str] = []
    absent: list[str] = []


class Entry(NamedTuple):
    """What a tensor is.

    Attributes:
        targets: the weights; where there are no operations, it is that of them which the model has.
        operations: what makes them of the tensors.
        source: which of these tensors this is.
    """

    targets: tuple[str, ...]
    operations: Operations = ()
    source: int = 0


@lru_cache(maxsize=2)
def lines(file: str) -> bytes:
    """The whole file, with a line break before each line."""
    from paramcalc.formats.huggingface.types import data

    return b"\n" + data(file)


def find_line(type_: str, file: str = "gguf.jsonl") -> Line | None:
    """The line of a model_type; only that is read as JSON."""
    every = lines(file)
    start = every.find(b'\n{"type":%s,' % msgspec.json.encode(type_))
    if start < 0:
        return None
    return msgspec.json.decode(every[start + 1 : every.find(b"\n", start + 1)], type=Line)


def find_projector(type_: str) -> Line | None:
    """The line of what reads images and sound for a model_type."""
    return find_line(type_, "mmproj.jsonl")


class BlockNaming:
    """llama.cpp's names for the weights of one model, by the lines of the files that it is in."""

    def __init__(
        self, lines: Sequence[Line], base: str, ignored: re.Pattern[str] | None, tensors: Iterable[Tensor]
    ) -> None:
        self.entries = {name: found for line in lines for name, found in entries_of(line).items()}
        self.base = base
        self.ignored = ignored
        self.loose = frozenset([name for line in lines for name in line.loose])
        self.further = frozenset([found[1] for tensor in tensors if (found := FURTHER.match(tensor.name)) is not None])
        self.expected = frozenset(self.expectable({name for line in lines for name in line.absent}))

    def target(self, name: str, distance: Callable[[str], int | None]) -> tuple[str, Rule | None, int]:
        """The model's name for a tensor, the rule that makes the weight of several, and which of its sources it is."""
        found = self.find(name) or self.find(without_numbers(name))
        if not found or self.is_further(name):
            return name, None, 0
        number = re.search(NUMBER, name)
        block = "" if number is None else number[0]
        best, nearest = (found[0], [name]), MAX_RENAMED
        for entry in found:
            targets = [placed(each.replace("*", block), self.base, distance) for each in entry.targets]
            for target in targets:
                behind = distance(target)
                if behind is not None and behind < nearest:
                    best, nearest = (entry, targets if entry.operations else [target]), behind
        entry, targets = best
        if not entry.operations or nearest == MAX_RENAMED:
            return targets[0], None, 0
        return targets[0], Rule(NEVER, tuple(targets), entry.operations), entry.source

    def find(self, name: str) -> list[Entry]:
        """What a tensor may be; a bias that is not known by itself belongs to the same layer as the weight."""
        if name in self.entries or not name.endswith(".bias"):
            return self.entries.get(name, [])
        weights = self.entries.get(name.removesuffix("bias") + "weight", [])
        same = [each for each in weights if not each.operations]
        targets = [target.removesuffix("weight") + "bias" for each in same for target in each.targets]
        return [Entry(tuple(targets))] if targets else []

    def ignores(self, name: str) -> bool:
        """Whether a tensor of no layer is to be expected."""
        if self.is_further(name) or ADDED.search(name) or without_numbers(name) in self.loose:
            return True
        return self.ignored is not None and self.ignored.search(name) is not None

    def is_further(self, name: str) -> bool:
        """Whether a tensor is of a block that predicts further tokens."""
        block = BLOCK.match(name)
        return block is not None and block[0] in self.further

    def expectable(self, absent: Collection[str]) -> Iterator[str]:
        """The weights that each file has, with the base model's name before them and without."""
        for found in self.entries.values():
            for target in [target for entry in found for target in entry.targets]:
                name = without_numbers(target)
                if name not in absent:
                    yield from (name, name.removeprefix(f"{self.base}."), f"{self.base}.{name}")


def entries_of(line: Line) -> dict[str, list[Entry]]:
    """Tensor → what it may be."""
    found: dict[str, list[Entry]] = {}
    for name, targets in line.names.items():
        found[name] = [Entry((targets,) if isinstance(targets, str) else tuple(targets))]
    for sources, weights, operations in line.made:
        for source, name in enumerate(sources):
            found.setdefault(name, []).append(Entry(tuple(weights), tuple(operations), source))
    return found
