"""What a spec says, before any of it is expanded: its entries and blocks, each with its place in the document."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from paramcalc.errors import DocPath
from paramcalc.layers.base import Layer
from paramcalc.layers.unknown import Unknown

COMMON = ("name", "inputs", "options", "trainable", "when", "dtype")
"""What any entry may have beside what it is."""

BROKEN = Unknown("is not read, because of another problem")
"""The stand-in for a layer whose problem is already reported."""


class Sized(Struct, kw_only=True):
    """Something that takes time to expand.

    Attributes:
        size: how many values it is made of.
    """

    size: int = 1


class Entry(Sized):
    """One entry of a list of layers.

    Attributes:
        where: its place in the document.
        common: its raw `name`, `inputs`, `trainable`, `when` and `dtype`, those that are written.
    """

    where: DocPath
    common: dict[str, Any]


class LayerEntry(Entry):
    """A layer.

    Attributes:
        cls: its class.
        type: the name of the class.
        fields: raw values by field name; an `Entry`, or a list of them, where a field holds layers.
        places: where each field stands, below `where`.
        layer: the layer, where no expression stands in its fields.
        names: the variables its fields read.
        built: the layers that were built for values of these variables.
    """

    cls: type[Layer]
    type: str
    fields: dict[str, Any]
    places: dict[str, DocPath]
    layer: Layer | None = None
    names: tuple[str, ...] = ()
    built: dict[Any, Layer] = field(default_factory=dict)


class Block(Sized):
    """A layer type of the spec's own; its size is that of its variables and outputs.

    Attributes:
        vars: raw defaults by name, in the order they are written.
        inputs: what its layers know its inputs by.
        outputs: names of its results; None for the last entry's.
        outer: the block that it is defined in, whose variables it sees; None for a block of the spec itself.
    """

    name: str
    where: DocPath
    vars: dict[str, Any]
    inputs: list[str]
    layers: list[Entry]
    outputs: list[Any] | None
    outer: "Block | None" = None


class BlockEntry(Entry):
    """A use of a block, with the raw values of its variables."""

    block: Block
    arguments: dict[str, Any]
    places: dict[str, DocPath]


class RepeatEntry(Entry):
    """Layers a number of times, one after the other.

    Attributes:
        each: whether there is a single entry, which is itself called by its number: `layers/0`.
    """

    count: Any
    layers: list[Entry]
    each: bool = False


class GroupEntry(Entry):
    """Layers with a name around them, as a block has that is used only once."""

    layers: list[Entry]


class BranchesEntry(Entry):
    """Chains of layers side by side, and the layer that merges them."""

    branches: list[list[Entry]]
    merge: Entry


class CallEntry(Entry):
    """An earlier layer or block again, with the same weights."""

    target: Any


class DynamicEntry(Entry):
    """A layer whose type is an expression: `read` makes the entry once the type is known."""

    type_text: str
    read: Callable[[str], Entry]
    known: dict[str, Entry] = field(default_factory=dict)


class BrokenEntry(Entry):
    """An entry whose problem is already reported; it only keeps its place and its name."""

    type: str = "?"
