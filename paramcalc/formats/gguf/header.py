"""GGUF files: metadata and the descriptions of the tensors, which are never read.

The layout is that of https://github.com/ggml-org/ggml/blob/master/docs/gguf.md: counts and lengths of 64 bits that
come before what they count, so each is checked against the length of the file before anything is read.
"""

from collections.abc import Iterator
from itertools import islice
from math import prod
from os import SEEK_END
from struct import Struct as Layout
from typing import Any, BinaryIO, NamedTuple

from msgspec.structs import replace

from paramcalc.errors import MAX_ECHO, InputError, Problem
from paramcalc.formats.checkpoint import Contents, shape_of
from paramcalc.formats.gguf.details import KEPT, LEAF, LENGTH, details_of, role_of
from paramcalc.formats.gguf.stream import SCALARS, BrokenError, Stream
from paramcalc.formats.gguf.types import DTYPES, REMOVED, dtype_name
from paramcalc.formats.source import Source
from paramcalc.formats.tensor import Tensor
from paramcalc.limits import MAX_TENSOR_NAME, MAX_TENSORS

VERSIONS = (2, 3)

_STRING, _ARRAY = 8, 9
_SIZES = {kind: Layout(f"<{code}").size for kind, code in SCALARS.items()}
"""Type → the size in bytes of a value, for all types but strings and arrays."""

_MAX_KEY = 65_535
_MAX_VALUE = 1_024
_MAX_NESTING = 8
_SMALLEST_TENSOR = 24
"""The size in bytes of a tensor's description with an empty name and no axes."""
_SMALLEST_ENTRY = 13
"""The size in bytes of an empty key with a one-byte value."""

TOKENS = "tokenizer.ggml.tokens"

SPLIT = (("no", 0), ("count", 1), ("tensors.count", None))
"""The keys of a part after `split.`, and their values for a file that is not split."""

MOST_WARNINGS = 3


class Header(NamedTuple):
    """Everything before the tensors' data.

    Attributes:
        values: the metadata that are used.
        keys: the number of all metadata keys.
        tokens: the number of tokens in the tokenizer.
        tensors: the tensors, in the order of the file.
    """

    values: dict[str, Any]
    keys: int
    tokens: int
    tensors: list[Tensor]


def contents(source: Source) -> Contents:
    """The tensors of one file, and the facts in its metadata.

    Raises:
        InputError: for a file that is broken, or of an unsupported version.
    """
    try:
        header = read_header(source.file)
    except BrokenError as error:
        raise InputError(source.name, [Problem(f"a broken GGUF file: {error}")]) from None
    part, parts, whole = split_of(header.values, source.name)
    role = role_of(header.values)
    return Contents(
        tensors_of(header.tensors, role),
        "gguf",
        details_of(header.values, role, header.keys, header.tokens, header.tensors),
        warnings=list(warnings_of(header, role)),
        part=part,
        parts=parts,
        leaf=LEAF,
        role=role,
        whole=whole,
    )


def split_of(values: dict[str, Any], name: str) -> tuple[int, int, int | None]:
    """The index of a part, from 0; the number of parts; and the total number of tensors, if the file states it.

    Raises:
        InputError: for impossible numbers.
    """
    part, parts, whole = (values.get(f"split.{key}", default) for key, default in SPLIT)
    if type(part) is not int or type(parts) is not int or not 0 <= part < max(parts, 1):
        raise InputError(name, [Problem("a broken GGUF file: split.no and split.count are no part of a whole")])
    return part, max(parts, 1), whole if type(whole) is int and parts > 1 else None


def tensors_of(tensors: list[Tensor], role: str) -> list[Tensor]:
    """The tensors; those of an importance matrix are marked as sums of activations, not parameters."""
    return [replace(tensor, kind="buffer") for tensor in tensors] if role == "imatrix" else tensors


def warnings_of(header: Header, role: str) -> Iterator[str]:
    """Warnings about a well-formed file."""
    if role == "adapter":
        from paramcalc.formats.gguf import lora

        kind = header.values.get("adapter.type")
        if kind == "lora":
            found = list(islice(lora.warnings_of(header.tensors), MOST_WARNINGS + 1))
            yield from found[:MOST_WARNINGS]
            if len(found) > MOST_WARNINGS:
                yield "and more of the adapter's tensors have no partner, or one that does not fit"
        else:
            yield f"an adapter of the type '{str(kind)[:MAX_ECHO]}'; llama.cpp knows 'lora'"


def read_header(file: BinaryIO) -> Header:
    """Read everything before the tensors' data.

    Raises:
        BrokenError: when this is not a valid header, or it does not match the file's size.
    """
    stream, tensors, keys = beginning(file)
    if tensors > MAX_TENSORS:
        raise BrokenError(f"it has {tensors:,} tensors, more than {MAX_TENSORS:,}, the limit")
    values, tokens = read_values(stream, keys)
    alignment = values.get("general.alignment", 32)
    if type(alignment) is not int or alignment <= 0 or alignment & (alignment - 1):
        raise BrokenError("general.alignment is no power of two")
    found = [read_tensor(stream) for _ in range(tensors)]
    check_layout(found, stream.left - -stream.at % alignment, alignment)
    return Header(values, keys, tokens, [tensor for tensor, _ in found])


def role_in(file: BinaryIO) -> str:
    """The role of a file, from as few of its metadata as possible.

    Raises:
        BrokenError: when this is not a valid header, or it does not match the file's size.
    """
    stream, _, keys = beginning(file)
    return role_of(read_values(stream, keys, until="general.type")[0])


def beginning(file: BinaryIO) -> tuple[Stream, int, int]:
    """A stream at the start of the metadata, and the numbers of tensors and keys.

    Raises:
        BrokenError: as `read_header` does.
    """
    length = file.seek(0, SEEK_END)
    file.seek(0)
    stream = Stream(file, order_of(file.read(8)), 8, length)
    return stream, counted(stream, _SMALLEST_TENSOR, "tensors"), counted(stream, _SMALLEST_ENTRY, "keys")


def order_of(head: bytes) -> str:
    """The byte order as a `struct` prefix: in the right order, the version is a small number.

    Raises:
        BrokenError: for an unsupported version.
    """
    if len(head) < 8:
        raise BrokenError("it ends after its first bytes: it is cut off")
    order = ">" if head[4:6] == b"\0\0" else "<"
    version = int.from_bytes(head[4:8], "big" if order == ">" else "little")
    if version not in VERSIONS:
        how = "; llama.cpp converts those of 2023" if version == 1 else ""
        raise BrokenError(f"version {version:,} of the format; 2 and 3 are read{how}")
    return order


def counted(stream: Stream, smallest: int, what: str) -> int:
    """Read a count of items that take at least `smallest` bytes each."""
    count: int = stream.number("Q")
    if count * smallest > stream.left:
        raise BrokenError(f"{count:,} {what} do not fit in {stream.left:,} bytes")
    return count


def read_values(stream: Stream, count: int, until: str | None = None) -> tuple[dict[str, Any], int]:
    """Read the values that are used, and the number of tokens; stop at the key `until`, if given."""
    values: dict[str, Any] = {}
    seen: set[str] = set()
    tokens = 0
    for _ in range(count):
        key = stream.text(_MAX_KEY, "a key")
        if key in seen:
            raise BrokenError(f"the key '{key[:MAX_ECHO]}' is there twice")
        seen.add(key)
        kind = stream.number("I")
        if kind != _ARRAY and (key in KEPT or key.endswith(LENGTH)):
            values[key] = value_of(stream, kind)
        else:
            items = skip_value(stream, kind)
            tokens = items if key == TOKENS else tokens
        if key == until:
            break
    return values, tokens


def value_of(stream: Stream, kind: int) -> Any:
    """Read a value that is not an array; only the beginning of a long text is kept."""
    if kind == _STRING:
        return stream.beginning(_MAX_VALUE)
    return stream.number(scalar(kind))


def scalar(kind: int) -> str:
    """The `struct` code of a value of this type."""
    code = SCALARS.get(kind)
    if code is None:
        raise BrokenError(f"a value of the unknown type {kind}")
    return code


def skip_value(stream: Stream, kind: int, nesting: int = 0) -> int:
    """Skip a value; return its number of items."""
    if kind == _STRING:
        stream.skip_texts(1)
        return 1
    if kind != _ARRAY:
        stream.skip(_SIZES.get(kind) or len(scalar(kind)))
        return 1
    inner = stream.number("I")
    smallest = _SIZES.get(inner) or {_STRING: 8, _ARRAY: 12}.get(inner)
    if smallest is None or nesting == _MAX_NESTING:
        raise BrokenError(f"an array of the unknown type {inner}" if smallest is None else "arrays nested too deep")
    count = counted(stream, smallest, "items of an array")
    if inner == _STRING:
        stream.skip_texts(count)
    elif inner == _ARRAY:
        for _ in range(count):
            skip_value(stream, inner, nesting + 1)
    else:
        stream.skip(count * smallest)
    return count


def read_tensor(stream: Stream) -> tuple[Tensor, int]:
    """Read the description of a tensor, and the offset of its data."""
    name = stream.text(4 * MAX_TENSOR_NAME, "a tensor's name")
    axes = stream.number("I")
    if axes * 8 > stream.left:
        raise BrokenError(f"tensor '{name[:MAX_ECHO]}' has {axes:,} axes: the file is cut off")
    if axes > 16:
        raise BrokenError(f"tensor '{name[:MAX_ECHO]}' has {axes:,} axes")
    dims = [stream.number("Q") for _ in range(axes)]
    kind, offset = stream.number("I"), stream.number("Q")
    try:
        shape = shape_of(reversed(dims), name)
    except ValueError as error:
        raise BrokenError(str(error)) from None
    return Tensor(name, shape, *size_of(name, kind, dims)), offset


def size_of(name: str, kind: int, dims: list[int]) -> tuple[str, int]:
    """The name of a tensor's type, and its size in bytes; each row consists of whole blocks."""
    known = DTYPES.get(kind)
    if known is None:
        what = f"{REMOVED[kind]}, which ggml no longer has" if kind in REMOVED else f"the unknown type {kind}"
        raise BrokenError(f"tensor '{name[:MAX_ECHO]}' is of {what}")
    block, size = known.elements, known.size
    if (dims[0] if dims else 1) % block:
        raise BrokenError(
            f"tensor '{name[:MAX_ECHO]}' has rows of {dims[0] if dims else 1:,}, which is no multiple of {block}, "
            f"the block of {known.name}"
        )
    return dtype_name(known.name), prod(dims) // block * size


def check_layout(found: list[tuple[Tensor, int]], room: int, alignment: int) -> None:
    """Refuse tensors whose data overlap, leave gaps, or extend beyond the end of the file."""
    at = 0
    for tensor, offset in sorted(found, key=lambda pair: (pair[1], pair[0].size)):
        expected = at + -at % alignment
        if offset != expected:
            what = "overlaps the one before" if offset < at else f"{expected:,} was expected"
            raise BrokenError(f"tensor '{tensor.name[:MAX_ECHO]}' begins at byte {offset:,} of the data: {what}")
        at = offset + tensor.size
    if found and at > room:  # without tensors, the header need not be padded
        raise BrokenError(f"the tensors take {at:,} bytes, but the file has {max(room, 0):,} for them: it is cut off")
