"""What a pickle of PyTorch is read into: descriptions, none of which can do anything."""

from typing import Any

from msgspec import Struct


class BrokenError(Exception):
    """What is wrong with a checkpoint, in words for its user."""


class Mapping:
    """A dict, in the order it was filled. Keys are not hashed: a file could choose them so that they collide."""

    __slots__ = ("pairs",)

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []

    def get(self, key: str) -> Any:
        """The value of a text as key, the last one as a dict has it; None where there is none."""
        found = None
        for name, value in self.pairs:
            if type(name) is str and name == key:
                found = value
        return found


class Collection:
    """A set."""

    __slots__ = ("items",)

    def __init__(self) -> None:
        self.items: list[Any] = []


class Global(Struct, frozen=True, gc=False):
    """A name in a module of Python. It is never looked up."""

    name: str


class Opaque(Struct, frozen=True, gc=False):
    """A value of which only the class matters, and which cannot hold a tensor: a path, a date, a device."""

    name: str


class Instance:
    """An object of a class that is not known.

    Attributes:
        name: the class.
        state: its attributes, as the pickle gives them.
        pairs: what was put into it, where its class is a dict.
        items: the same for a list.
    """

    __slots__ = ("items", "name", "pairs", "state")

    def __init__(self, name: str) -> None:
        self.name = name
        self.state: Any = None
        self.pairs: list[tuple[Any, Any]] = []
        self.items: list[Any] = []


class Dtype(Struct, frozen=True, gc=False):
    """The type of an element.

    Attributes:
        name: as paramcalc writes it.
        bits: what one takes in a storage.
    """

    name: str
    bits: int


class Storage(Struct, frozen=True, gc=False):
    """The memory that tensors share.

    Attributes:
        key: its name in the file.
        dtype: of its elements; None where it is bytes, whose tensors say what they are.
        size: its bytes.
        first: where in that of `key` it begins, in bytes: a view of a storage.
    """

    key: str
    dtype: Dtype | None
    size: int
    first: int = 0


class View(Struct, gc=False):
    """A tensor: the part of a storage that it shows.

    Attributes:
        storage: None for a tensor without data, on the device "meta".
        first: the element of the storage that it begins at.
        layout: what is odd about it: "sparse_coo", "quantized"; empty for an ordinary one.
        beside: the tensors that it is made of besides, such as the indices of a sparse one.
        parameter: whether it is a parameter of a module.
        requires_grad: whether that parameter is trained.
    """

    storage: Storage | None
    dtype: Dtype
    first: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    layout: str = ""
    beside: "tuple[View, ...]" = ()
    parameter: bool = False
    requires_grad: bool = False


class Array:
    """A NumPy array; its shape comes after it was made.

    Attributes:
        size: the bytes of its data, which stand in the pickle itself.
    """

    __slots__ = ("dtype", "shape", "size")

    def __init__(self) -> None:
        self.shape: tuple[int, ...] = ()
        self.dtype: Dtype | None = None
        self.size = 0
