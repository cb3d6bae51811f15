"""The `layers` of a large Keras file, each parsed only when it is read.

Most layers of a deep model differ from others only in their names and inputs; the rest, two thirds of the text,
repeats. So no config is parsed twice, and no layer is made twice.
"""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from paramcalc.formats.keras.build_config import shapes_of
from paramcalc.formats.keras.entries import is_model
from paramcalc.formats.keras.inbound import NO_KWARGS, History, KerasCall, histories_in
from paramcalc.formats.text.strict_json import is_shallow
from paramcalc.limits import MAX_DEPTH
from paramcalc.model import Instance

_NOT_COUNTED = bytes(set(range(256)) - set(b"[{:"))
_AROUND = 8
"""The most levels of lists and mappings around an entry."""
_MAX_IN_ENTRY = MAX_DEPTH - _AROUND
"""The most levels of lists and mappings in an entry, before those of the models around it are subtracted."""
_OF_MODEL = 4
"""The most levels that a model adds to those of its layers."""
MAX_LEVELS = 12
"""A model inside this many others is parsed whole, because each level scans everything inside it once."""
MAX_KNOWN = 1_000
"""How many distinct texts of each kind are kept, so that a file whose layers all differ is not kept whole."""
LONG_ENTRY = 8_192
"""An entry of more bytes than this contains a model, or is taken to be unique."""


class OddError(Exception):
    """The text must be parsed the ordinary way."""


# -- a layer as Keras 3 writes it --------------------------------------------------------------------


class _TensorConfig(Struct, forbid_unknown_fields=True, gc=False):
    shape: list[int | None]
    dtype: str
    keras_history: tuple[str, int, int]


class _Tensor(Struct, forbid_unknown_fields=True, gc=False):
    class_name: Literal["__keras_tensor__"]
    config: _TensorConfig


class _Node(Struct, forbid_unknown_fields=True, gc=False):
    """A call with tensors and lists of tensors; its keyword arguments are scalars."""

    args: list[_Tensor | list[_Tensor]]
    kwargs: dict[str, bool | int | float | str | None]


class _Parts(Struct, forbid_unknown_fields=True, gc=False):
    """An entry with its config unparsed."""

    module: str
    class_name: str
    config: Raw
    registered_name: str | None
    name: str
    inbound_nodes: list[_Node]
    build_config: Raw | UnsetType = UNSET


class _Config(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The config of a model with its layers unparsed."""

    layers: list[Raw]
    name: Any = UNSET
    trainable: Any = UNSET
    dtype: Any = UNSET
    input_layers: Any = UNSET
    output_layers: Any = UNSET
    build_input_shape: Any = UNSET


class Architecture(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A model as Keras writes it, outermost or nested, with its layers unparsed."""

    class_name: str
    config: _Config
    module: Any = UNSET
    registered_name: Any = UNSET
    build_config: Any = UNSET
    compile_config: Any = UNSET
    keras_version: Any = UNSET
    backend: Any = UNSET
    name: Any = UNSET
    inbound_nodes: Any = UNSET

    def opened(self, level: int) -> tuple["LazyLayers", dict[str, Any]]:
        """Its layers, and the whole entry as a mapping that contains them; `level` counts the models around it.

        The layers are removed from the struct.
        """
        layers = LazyLayers(self.config.layers, level)
        self.config.layers = []
        return layers, _mapping(self) | {"config": _mapping(self.config) | {"layers": layers}}


def _mapping(struct: Struct) -> dict[str, Any]:
    """The fields that were set, as a mapping."""
    values = {name: getattr(struct, name) for name in struct.__struct_fields__}
    return {name: value for name, value in values.items() if value is not UNSET}


_OF_TENSOR, _OF_NODE, _OF_PARTS = 5, 2, 6
"""The number of keys, and so of colons, in each of these, not counting `build_config`."""


# -- what is read ------------------------------------------------------------------------------------


class Alike(Struct, gc=False):
    """What entries have in common that differ only in their names, calls and built shapes.

    Attributes:
        colons: the number of colons in their config.
        made: the layer of the first of them, set by the reader of the entries if the others can share it.
    """

    colons: int
    made: Instance | None = None


class Entry(Struct, gc=False):
    """An entry that may have others like it.

    Attributes:
        name: its name, which is both beside the config and inside it.
        calls: its calls.
        built: the input shapes that it was built for.
        whole: parses the complete entry.
    """

    alike: Alike
    name: str
    calls: list[KerasCall]
    built: list[Any] | tuple[()]
    item: Raw

    def whole(self) -> Any:
        """The entry as plain JSON values."""
        return msgspec.json.decode(self.item)


class LazyLayers:
    """The entries of `layers`, parsed one at a time as they are read.

    Attributes:
        colons: the number of colons in all entries, known once they and the layers of models among them have been read
            from first to last; see `parse_json`.
    """

    __slots__ = ("_items", "_kept", "_level", "colons")

    def __init__(self, items: list[Raw], level: int = 0) -> None:
        self._items = items
        self._level = level  # number of models around the one with these layers
        self._kept: tuple[int, Any] = -1, None
        self.colons: int | None = None

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Any:
        if self._kept[0] != index:
            self._kept = index, msgspec.json.decode(self._items[index])
        return self._kept[1]

    def __iter__(self) -> Iterator[Any]:
        """Yield the entries as plain JSON values.

        Raises:
            OddError: when one is not plain JSON, or is nested too deep.
        """
        parser = _Parser(self._level)
        return self._parsed(parser, parser.value)

    def entries(self) -> Iterator[Any]:
        """Yield the same, but an `Entry` for each one in the form that Keras 3 writes."""
        parser = _Parser(self._level)
        typed = self._items and b'"module"' in bytes(self._items[0])  # else Keras 2 wrote it
        return self._parsed(parser, parser.entry if typed else parser.value)

    def _parsed(self, parser: "_Parser", parse: Callable[[Raw], Any]) -> Iterator[Any]:
        for item in self._items:
            try:
                parsed = parse(item)
            except (msgspec.MsgspecError, ValueError, RecursionError):
                raise OddError from None
            yield parsed
        inside = [layers.colons for layers in parser.inside]
        self.colons = None if None in inside else parser.colons + sum(inside)  # type: ignore[arg-type]


class _Parser:
    """Parses the entries of one model.

    Every method raises an OddError for deep nesting, and a MsgspecError, a ValueError or a RecursionError for what is
    not plain JSON.

    Attributes:
        colons: the number of colons in what has been parsed: one for each key that was not lost, and those in strings.
            A count below that of the JSON is harmless: the ordinary reader then reads the file.
        inside: the layers of nested models, which count their own colons.
        known: what entries have in common, by their class and the text of their config.
        built: shapes that layers were built for, with the number of colons, by their text.
    """

    def __init__(self, level: int) -> None:
        self.level = level
        self.most = _MAX_IN_ENTRY - _OF_MODEL * level
        self.inside: list[LazyLayers] = []
        self.decode = msgspec.json.Decoder().decode
        self.parts = msgspec.json.Decoder(_Parts).decode
        self.architecture = msgspec.json.Decoder(Architecture).decode
        self.encode = msgspec.json.Encoder().encode
        self.colons = 0
        self.known: dict[tuple[Any, ...], Alike] = {}
        self.built: dict[bytes, tuple[list[Any], int]] = {}

    def value(self, item: Raw) -> Any:
        """An entry as plain JSON values."""
        value = self.decode(item)
        self.colons += self.count(value, self.most)
        return value

    def entry(self, item: Raw) -> Any:
        """The Entry; plain JSON values if it has anything that layers do not commonly have."""
        if memoryview(item).nbytes > LONG_ENTRY:
            return self.model(item)
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
            alike = Alike(self.count(self.decode(parts.config), self.most - 1))
            if len(self.known) < MAX_KNOWN:
                self.known[key] = alike
        built: list[Any] | tuple[()] = ()
        if parts.build_config is not UNSET:
            built = self.shapes(bytes(parts.build_config))
        self.colons += _OF_PARTS + alike.colons
        return Entry(alike, name, list(map(self.call, parts.inbound_nodes)), built, item)

    def model(self, item: Raw) -> Any:
        """A long entry as plain JSON values, with its layers unparsed if it is a model."""
        if self.level == MAX_LEVELS:
            return self.value(item)
        try:
            found = self.architecture(item)
        except msgspec.ValidationError:  # not a model, or more than Keras writes
            return self.value(item)
        layers, value = found.opened(self.level + 1)
        if not is_model(value):  # a custom class of that name
            return self.value(item)
        self.colons += self.count(found, self.most)
        self.inside.append(layers)
        return value

    def shapes(self, text: bytes) -> list[Any]:
        """The shapes in a `build_config`."""
        found = self.built.get(text)
        if found is None:
            value = self.decode(text)
            found = shapes_of(value), self.count(value, self.most - 1) + 1
            if len(self.built) < MAX_KNOWN:
                self.built[text] = found
        self.colons += found[1]
        return found[0]

    def call(self, node: _Node) -> KerasCall:
        """Convert one call."""
        first = node.args[0] if len(node.args) == 1 else None
        if isinstance(first, _Tensor):  # the most common call
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
        """The number of colons in a value written as JSON; raises OddError if it is nested more than `depth` deep."""
        again = self.encode(value)
        counted = again.translate(None, _NOT_COUNTED)
        colons = counted.count(b":")
        # Few brackets cannot nest deep: a quick check that nearly every layer passes.
        if len(counted) - colons > depth and not is_shallow(again, depth):
            raise OddError
        return colons


def after_name(config: bytes, name: str) -> bytes | None:
    """The text of a config after the name, which Keras writes first; None if it begins otherwise.

    A name with a quote or an escape might not mean what it seems to, and one with a colon would have to be counted.
    """
    if '"' in name or "\\" in name or ":" in name or not name.isprintable():
        return None
    opening = b'{"name": "' if config.startswith(b'{"name": "') else b'{"name":"'
    start = opening + name.encode() + b'"'
    return config[len(start) :] if config.startswith(start) else None
