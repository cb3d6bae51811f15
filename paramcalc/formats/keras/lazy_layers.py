"""The `layers` of a large Keras file, each parsed only when it is read.

Most layers of a deep model say what others do, all but their names and what they read: two thirds of the text. So a
config that was parsed is not parsed again, and what it made is not made again.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from paramcalc.formats.keras.build_config import shapes_of
from paramcalc.formats.keras.inbound import NO_KWARGS, History, KerasCall, histories_in
from paramcalc.formats.text.strict_json import is_shallow
from paramcalc.limits import MAX_DEPTH
from paramcalc.model import Instance

_NOT_COUNTED = bytes(set(range(256)) - set(b"[{:"))
_AROUND = 8
"""How many levels of lists and mappings are around an entry, at most."""
_MAX_IN_ENTRY = MAX_DEPTH - _AROUND
"""How many levels of lists and mappings an entry may have."""
MAX_KNOWN = 1_000
"""How many different texts are kept of each kind: where all layers are different, that is not to be the whole file."""
LONG_ENTRY = 8_192
"""An entry of more bytes holds a model, or is like no other."""


class OddError(Exception):
    """Something that must be parsed the ordinary way."""


# -- a layer as Keras 3 writes it --------------------------------------------------------------------


class _TensorConfig(Struct, forbid_unknown_fields=True, gc=False):
    shape: list[int | None]
    dtype: str
    keras_history: tuple[str, int, int]


class _Tensor(Struct, forbid_unknown_fields=True, gc=False):
    class_name: Literal["__keras_tensor__"]
    config: _TensorConfig


class _Node(Struct, forbid_unknown_fields=True, gc=False):
    """A call with tensors and lists of tensors; its named arguments are neither."""

    args: list[_Tensor | list[_Tensor]]
    kwargs: dict[str, bool | int | float | str | None]


class _Parts(Struct, forbid_unknown_fields=True, gc=False):
    """An entry, its config unparsed."""

    module: str
    class_name: str
    config: Raw
    registered_name: str | None
    name: str
    inbound_nodes: list[_Node]
    build_config: Raw | UnsetType = UNSET


_OF_TENSOR, _OF_NODE, _OF_PARTS = 5, 2, 6
"""How many keys each of these has, a `build_config` apart, and so how many colons."""


# -- what is read ------------------------------------------------------------------------------------


class Alike(Struct, gc=False):
    """What entries have in common that differ in nothing but their names, their calls and what they were built for.

    Attributes:
        colons: how many their config has.
        made: for the reader of the entries: the layer of the first, where the others are the same but for these.
    """

    colons: int
    made: Instance | None = None


class Entry(Struct, gc=False):
    """An entry that may have others like it.

    Attributes:
        name: its name, beside the config and inside.
        calls: its calls.
        built: the shapes that it was built for.
        whole: parses all of it.
    """

    alike: Alike
    name: str
    calls: list[KerasCall]
    built: list[Any] | tuple[()]
    item: Raw

    def whole(self) -> Any:
        """The entry as the JSON has it."""
        return msgspec.json.decode(self.item)


class LazyLayers:
    """The entries of `layers`, parsed one by one as they are read.

    Attributes:
        colons: how many all entries hold, known once they have been read from first to last; see `parse_json`.
    """

    __slots__ = ("_items", "_kept", "colons")

    def __init__(self, items: list[Raw]) -> None:
        self._items = items
        self._kept: tuple[int, Any] = -1, None
        self.colons: int | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Any:
        if self._kept[0] != index:
            self._kept = index, msgspec.json.decode(self._items[index])
        return self._kept[1]

    def __iter__(self) -> Iterator[Any]:
        """The entries as the JSON has them.

        Raises:
            OddError: when they are not plain JSON, or nested deep.
        """
        parser = _Parser()
        return self._parsed(parser, parser.value)

    def entries(self) -> Iterator[Any]:
        """The same, but an `Entry` for each that is as Keras 3 writes it."""
        parser = _Parser()
        typed = self._items and b'"module"' in bytes(self._items[0])  # else Keras 2 wrote it
        return self._parsed(parser, parser.entry if typed else parser.value)

    def _parsed(self, parser: "_Parser", parse: Callable[[Raw], Any]) -> Iterator[Any]:
        for item in self._items:
            try:
                parsed = parse(item)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                raise OddError from None
            yield parsed
        self.colons = parser.colons


class _Parser:
    """Parses the entries of one model.

    Every method raises an OddError for what is nested deep, and a MsgspecError, a ValueError or a RecursionError for
    what is no plain JSON.

    Attributes:
        colons: how many there are in what has been parsed: one for each key that was not lost, and those in texts.
            Fewer than in the JSON is no harm: then the ordinary reader reads it.
        known: what entries have in common, by what they say of it.
        built: shapes that layers were built for, and the colons, by their text.
    """

    def __init__(self) -> None:
        self.decode = msgspec.json.Decoder().decode
        self.parts = msgspec.json.Decoder(_Parts).decode
        self.encode = msgspec.json.Encoder().encode
        self.colons = 0
        self.known: dict[tuple[Any, ...], Alike] = {}
        self.built: dict[bytes, tuple[list[Any], int]] = {}

    def value(self, item: Raw) -> Any:
        """An entry as the JSON has it."""
        value = self.decode(item)
        self.colons += self.count(value, _MAX_IN_ENTRY)
        return value

    def entry(self, item: Raw) -> Any:
        """The Entry; as the JSON has it where that says anything else than layers commonly do."""
        if memoryview(item).nbytes > LONG_ENTRY:
            return self.value(item)
        try:
            parts = self.parts(item)
        except msgspec.ValidationError:
            return self.value(item)
        name = parts.name
        rest = after_name(bytes(parts.config), name)
        if rest is None:
            return self.value(item)
        key = parts.class_name, parts.module, parts.registered_name, rest
        alike = self.known.get(key)
        if alike is None:
            alike = Alike(self.count(self.decode(parts.config), _MAX_IN_ENTRY - 1))
            if len(self.known) < MAX_KNOWN:
                self.known[key] = alike
        built: list[Any] | tuple[()] = ()
        if parts.build_config is not UNSET:
            built = self.shapes(bytes(parts.build_config))
        self.colons += _OF_PARTS + alike.colons
        return Entry(alike, name, list(map(self.call, parts.inbound_nodes)), built, item)

    def shapes(self, text: bytes) -> list[Any]:
        """The shapes in a `build_config`."""
        found = self.built.get(text)
        if found is None:
            value = self.decode(text)
            found = shapes_of(value), self.count(value, _MAX_IN_ENTRY - 1) + 1
            if len(self.built) < MAX_KNOWN:
                self.built[text] = found
        self.colons += found[1]
        return found[0]

    def call(self, node: _Node) -> KerasCall:
        """One call."""
        first = node.args[0] if len(node.args) == 1 else None
        if isinstance(first, _Tensor):  # what most layers are called with
            reads = [History(*first.config.keras_history)]
            self.colons += _OF_NODE + _OF_TENSOR + len(node.kwargs)
            return KerasCall(reads, node.kwargs or NO_KWARGS, reads)
        args: list[Any] = [
            [History(*tensor.config.keras_history) for tensor in value]
            if isinstance(value, list)
            else History(*value.config.keras_history)
            for value in node.args
        ]
        reads = histories_in(args)
        self.colons += _OF_NODE + _OF_TENSOR * len(reads) + len(node.kwargs)
        return KerasCall(args, node.kwargs or NO_KWARGS, reads)

    def count(self, value: Any, depth: int) -> int:
        """How many colons a value has, written as JSON, if it is nested no more than `depth` deep."""
        again = self.encode(value)
        counted = again.translate(None, _NOT_COUNTED)
        colons = counted.count(b":")
        # Few brackets cannot be nested deep: that is quick to tell, and true of nearly every layer.
        if len(counted) - colons > depth and not is_shallow(again, depth):
            raise OddError
        return colons


def after_name(config: bytes, name: str) -> bytes | None:
    """The text of a config after the name, with which Keras begins it; None if it does not.

    A name with a quote or an escape in it could say something else than it seems to, and one with a colon would have to
    be counted.
    """
    if '"' in name or "\\" in name or ":" in name or not name.isprintable():
        return None
    opening = b'{"name": "' if config.startswith(b'{"name": "') else b'{"name":"'
    start = opening + name.encode() + b'"'
    return config[len(start) :] if config.startswith(start) else None
