"""Shares the bytes of storages among their tensors, so that each byte of a file is counted once."""

from collections.abc import Sequence
from math import prod
from typing import Any

from paramcalc.errors import listed
from paramcalc.formats.checkpoint import is_integer
from paramcalc.formats.tensor import Tensor
from paramcalc.formats.torch_checkpoint.values import Array, Storage, View
from paramcalc.formats.torch_checkpoint.weights import Found

ALONE = "tensor"
"""The name of a tensor that was saved on its own."""


class Sharing:
    """Distributes the bytes of the storages among their tensors.

    Attributes:
        left: the bytes of each storage that no tensor has been given yet.
        owners: identity → name of the first tensor with exactly these elements.
        first: storage → name of the first tensor in it.
        overlapping: tensors that overlap others without being equal to them.
        odd: tensors with an unusual layout → the layout.
    """

    def __init__(self, storages: dict[str, Storage]) -> None:
        self.left = {key: storage.size for key, storage in storages.items()}
        self.owners: dict[Any, str] = {}
        self.first: dict[str, Tensor] = {}
        self.overlapping: list[str] = []
        self.odd: list[str] = []

    def tensors(self, found: Sequence[Found]) -> list[Tensor]:
        """The tensors in order; if several are the same, a weight owns it rather than the training's state."""
        made: dict[int, Tensor] = {}
        order = sorted(range(len(found)), key=lambda index: found[index].kind == "state")
        for index in order:
            made[index] = self.tensor(found[index])
        for key, tensor in self.first.items():
            tensor.size += self.left[key]
        return [made[index] for index in range(len(found))]

    def tensor(self, found: Found) -> Tensor:
        """One tensor."""
        name = ".".join(found.path) or ALONE
        value = found.value
        if isinstance(value, Array):
            return Tensor(name, value.shape, value.dtype.name if value.dtype else "uint8", value.size, found.kind)
        tensor = Tensor(name, value.shape, value.dtype.name, 0, found.kind)
        if value.parameter and found.kind is None and is_integer(tensor.dtype):
            tensor.kind = "weight"
        if value.layout:
            self.odd.append(f"{name} is {value.layout}")
            if value.layout.startswith("sparse"):
                tensor.elements = prod(value.beside[-1].shape)
        elif value.storage is not None:
            owner = self.owners.setdefault(identity(value, value.storage), name)
            if owner != name:
                tensor.tied_to = owner
                return tensor
        parts = value.beside if value.layout.startswith("sparse") else (value, *value.beside)
        tensor.size = sum([self.take(part, tensor) for part in parts])
        return tensor

    def take(self, view: View, tensor: Tensor) -> int:
        """The bytes of a tensor in a storage, as far as no other tensor has been given them."""
        if view.storage is None:
            return 0
        key = view.storage.key
        self.first.setdefault(key, tensor)
        *outer, row = view.shape or (1,)
        own = prod(outer) * -(-row * view.dtype.bits // 8)  # where a byte has several numbers, a row begins a new one
        taken = min(own, self.left[key])
        if taken < own:
            self.overlapping.append(tensor.name)
        self.left[key] -= taken
        return taken

    def warnings(self) -> list[str]:
        """Warnings about unusual tensors, by name."""
        said = []
        unused = [self.first[key].name for key, size in self.left.items() if size and key in self.first]
        if unused:
            count = sum([size for key, size in self.left.items() if key in self.first])
            said.append(
                f"{some(unused)}: a part of a larger storage, all of which is in the file: {count:,} bytes that no "
                "tensor shows (clone() before saving leaves them out)"
            )
        lost = sum([size for key, size in self.left.items() if key not in self.first])
        if lost:
            said.append(f"{lost:,} bytes of the file belong to no tensor that counts")
        if self.overlapping:
            said.append(f"{some(self.overlapping)}: shows elements of other tensors; its bytes count once")
        if self.odd:
            said.append(some(self.odd))
        return said


def some(names: list[str]) -> str:
    """The first three names, and the number of those left out."""
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return listed([name[:80] for name in names[:3]]) + more


def identity(view: View, storage: Storage) -> Any:
    """A key that is equal for two tensors with the same elements, even if one is the other's transpose."""
    axes = sorted([(step, size) for step, size in zip(view.stride, view.shape, strict=True) if size != 1])
    empty = view if 0 in view.shape else None  # two empty tensors are not the same
    return storage.key, storage.first * 8 + view.first * view.dtype.bits, view.dtype.name, tuple(axes), id(empty)
