"""The `layers` of a large Keras file, each parsed only when it is read.

Most layers of a deep model say what others do, all but their names and what they read: two thirds of the text. So a
config that was parsed is not parsed again, and what it made is not made again.
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
"""How many levels of lists and mappings are around an entry, at most."""
_MAX_IN_ENTRY = MAX_DEPTH - _AROUND
"""How many levels of lists and mappings an entry may have, less those of the models around it."""
_OF_MODEL = 4
"""How many a model adds to what is in its layers, at most."""
MAX_LEVELS = 12
"""A model this far inside others is parsed as a whole: at each level, all that is inside is looked through once."""
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


class _Config(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """The config of a model, its layers unparsed."""

    layers: list[Raw]
    name: Any = UNSET
    trainable: Any = UNSET
    dtype: Any = UNSET
    input_layers: Any = UNSET
    output_layers: Any = UNSET
    build_input_shape: Any = UNSET


class Architecture(Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A model as Keras writes it, that of the file or one inside it, its layers unparsed."""

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
        """Its layers, and all of it as the JSON has it, with these; `level` counts the models around it.

        The layers are taken out of it.
        """
        layers = LazyLayers(self.config.layers, level)
        self.config.layers = []
        return layers, _mapping(self) | {"config": _mapping(self.config) | {"layers": layers}}


def _mapping(struct: Struct) -> dict[str, Any]:
    """The fields that were set, as a mapping."""
    values = {name: getattr(struct, name) for name in struct.__struct_fields__}
    return {name: value for name, value in values.items() if value is not UNSET}


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
        colons: how many all entries hold, known once they have been read from first to last, and so have those of
            models among them; see `parse_json`.
    """

    __slots__ = ("_items", "_kept", "_level", "colons")

    def __init__(self, items: list[Raw], level: int = 0) -> None:
        self._items = items
        self._level = level  # how many models are around these layers' own
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
        parser = _Parser(self._level)
        return self._parsed(parser, parser.value)

    def entries(self) -> Iterator[Any]:
        """The same, but an `Entry` for each that is as Keras 3 writes it."""
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

    Every method raises an OddError for what is nested deep, and a MsgspecError, a ValueError or a RecursionError for
    what is no plain JSON.

    Attributes:
        colons: how many there are in what has been parsed: one for each key that was not lost, and those in texts.
            Fewer than in the JSON is no harm: then the ordinary reader reads it.
        inside: the layers of models among the entries, which are not counted with them.
        known: what entries have in common, by what they say of it.
        built: shapes that layers were built for, and the colons, by their text.
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
        """An entry as the JSON has it."""
        value = self.decode(item)
        self.colons += self.count(value, self.most)
        return value

    def entry(self, item: Raw) -> Any:
        """The Entry; as the JSON has it where that says anything else than layers commonly do."""
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
        """A long entry as the JSON has it, its layers unparsed if it is a model."""
        if self.level == MAX_LEVELS:
            return self.value(item)
        try:
            found = self.architecture(item)
        except msgspec.ValidationError:  # no model, or more than Keras writes
            return self.value(item)
        layers, value = found.opened(self.level + 1)
        if not is_model(value):  # somebody else's class of that name
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
