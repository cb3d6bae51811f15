"""The values that a pickle is read into: inert descriptions."""

from typing import Any

from msgspec import Struct


class BrokenError(Exception):
    """A checkpoint is broken; the message is for the user."""


class Mapping:
    """A dict in insertion order. Keys are not hashed: a file could choose colliding ones."""

    __slots__ = ("pairs",)

    def __init__(self) -> None:
        self.pairs: list[tuple[Any, Any]] = []

    def get(self, key: str) -> Any:
        """The value of a string key (the last, as in a dict); None if there is none."""
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
    """A name in a Python module. It is never imported."""

    name: str


class Opaque(Struct, frozen=True, gc=False):
    """A value that cannot hold a tensor, such as a path, a date or a device; only its class is kept."""

    name: str


class Instance:
    """An object of an unknown class.

    Attributes:
        name: the class.
        state: its attributes, as the pickle gives them.
        pairs: its items, if its class is a dict.
        items: its items, if its class is a list.
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
        bits: the bits of one element in a storage.
    """

    name: str
    bits: int


class Storage(Struct, frozen=True, gc=False):
    """The memory that tensors share.

    Attributes:
        key: its name in the file.
        dtype: of its elements; None for untyped bytes, whose tensors have the dtype.
        size: its bytes.
        first: the offset in the storage `key`, in bytes, if this is a view of it.
    """

    key: str
    dtype: Dtype | None
    size: int
    first: int = 0


class View(Struct, gc=False):
    """A tensor: a view of a part of a storage.

    Attributes:
        storage: None for a tensor without data, on the device "meta".
        first: the index of its first element in the storage.
        layout: its layout if that is unusual: "sparse_coo", "quantized"; empty for an ordinary tensor.
        beside: further tensors that it consists of, such as the indices of a sparse one.
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
    """A NumPy array; its shape is set after it is created.

    Attributes:
        dtype: None if it holds no numbers.
        size: the bytes of its data, which are in the pickle itself.
        items: the elements of an array of objects.
    """

    __slots__ = ("dtype", "items", "shape", "size")

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.shape: tuple[int, ...] = ()
        self.dtype: Dtype | None = None
        self.size = 0


def items(value: Any) -> list[Any]:
    """The items of a tuple or a list."""
    if type(value) not in (tuple, list):
        raise ValueError("no list of numbers")
    return list(value)
