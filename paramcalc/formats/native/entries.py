"""The parts of a spec before it is expanded: entries and blocks, each with its place in the document."""

from collections.abc import Callable
from typing import Any

from msgspec import Struct, field

from paramcalc.errors import DocPath
from paramcalc.layers.base import Layer
from paramcalc.layers.unknown import Unknown

COMMON = ("name", "inputs", "options", "trainable", "when", "dtype")
"""The keys that any entry may have beside its type."""

BROKEN = Unknown("is not read, because of another problem")
"""The placeholder for a layer whose problem is already noted."""


class Sized(Struct, kw_only=True):
    """Something that takes time to expand.

    Attributes:
        size: how many values it consists of.
    """

    size: int = 1


class Entry(Sized):
    """One entry of a list of layers.

    Attributes:
        where: its place in the document.
        common: the raw values of the keys in `COMMON`, as far as they are written.
    """

    where: DocPath
    common: dict[str, Any]


class LayerEntry(Entry):
    """A layer.

    Attributes:
        cls: its class.
        type: the name of the class.
        fields: raw values by field name; an `Entry`, or a list of them, where a field holds layers.
        places: the place of each field.
        layer: the layer, if there is no expression in its fields.
        names: the variables that its fields read.
        built: the layers built so far, by the values of these variables.
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
        inputs: the names that its inputs have inside.
        outputs: the names of its results; None for that of the last entry.
        outer: the block that it is defined in, whose variables it sees; None for a block of the spec itself.
        tied: groups of its weights that are one tensor, raw.
    """

    name: str
    where: DocPath
    vars: dict[str, Any]
    inputs: list[str]
    layers: list[Entry]
    outputs: list[Any] | None
    outer: "Block | None" = None
    tied: Any = None


class BlockEntry(Entry):
    """A use of a block, with the raw values of its variables."""

    block: Block
    arguments: dict[str, Any]
    places: dict[str, DocPath]


class RepeatEntry(Entry):
    """Layers that are repeated a number of times, one after the other.

    Attributes:
        each: whether there is a single entry, whose name is its number: `layers/0`.
    """

    count: Any
    layers: list[Entry]
    each: bool = False


class GroupEntry(Entry):
    """Layers with a name around them, like a block that is used once."""

    layers: list[Entry]


class BranchesEntry(Entry):
    """Parallel chains of layers, and the layer that merges them."""

    branches: list[list[Entry]]
    merge: Entry


class CallEntry(Entry):
    """A further call of a layer or block above, with the same weights."""

    target: Any


class DynamicEntry(Entry):
    """A layer whose type is an expression.

    Attributes:
        type_text: the expression.
        read: makes the entry once the type is known.
        resolved: the entries made so far, by type.
    """

    type_text: str
    read: Callable[[str], Entry]
    resolved: dict[str, Entry] = field(default_factory=dict)


class BrokenEntry(Entry):
    """An entry whose problem is already noted; it keeps its place and its name."""

    type: str = "?"
