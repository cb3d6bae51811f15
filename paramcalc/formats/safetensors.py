"""safetensors files: a length, a JSON header of that length, and the tensors, which are never read.

Layout and rules are those of the library (https://huggingface.co/docs/safetensors): a header of at most 100 MB; the
tensors fill the rest of the file without a gap or an overlap.
"""

from collections.abc import Iterable
from os import SEEK_END
from typing import BinaryIO, NamedTuple

import msgspec
from msgspec import Struct

from paramcalc.errors import MAX_ECHO, MAX_PROBLEMS, InputError, Problem, echo
from paramcalc.formats.checkpoint import Contents, Details, model_of, shape_of
from paramcalc.formats.numbered import part_of
from paramcalc.formats.source import Options, Source
from paramcalc.formats.tensor import Tensor
from paramcalc.limits import MAX_SAFETENSORS_HEADER
from paramcalc.model import Model

DTYPES = {
    "BOOL": ("bool", 8),
    "F4": ("float4_e2m1fn", 4),
    "F6_E2M3": ("float6_e2m3fn", 6),
    "F6_E3M2": ("float6_e3m2fn", 6),
    "U8": ("uint8", 8),
    "I8": ("int8", 8),
    "F8_E5M2": ("float8_e5m2", 8),
    "F8_E4M3": ("float8_e4m3fn", 8),
    "F8_E8M0": ("float8_e8m0fnu", 8),
    "F8_E4M3FNUZ": ("float8_e4m3fnuz", 8),
    "F8_E5M2FNUZ": ("float8_e5m2fnuz", 8),
    "I16": ("int16", 16),
    "U16": ("uint16", 16),
    "F16": ("float16", 16),
    "BF16": ("bfloat16", 16),
    "I32": ("int32", 32),
    "U32": ("uint32", 32),
    "F32": ("float32", 32),
    "C64": ("complex64", 64),
    "F64": ("float64", 64),
    "I64": ("int64", 64),
    "U64": ("uint64", 64),
}
"""The file's name for a dtype → ours, and the bits of one element."""

FRAMEWORKS = {"pt": "PyTorch", "tf": "TensorFlow", "flax": "Flax", "np": "NumPy", "mlx": "MLX"}
"""The values of `format` that libraries write into the metadata."""

LENGTH = 8
"""Bytes of the number at the start of the file: the length of the header."""

_METADATA = "__metadata__"


class _Entry(Struct, gc=False):
    """A tensor in the header, or the metadata, which has none of these fields."""

    dtype: str = ""
    shape: tuple[int, ...] | None = None
    data_offsets: tuple[int, int] | None = None


class _Metadata(Struct):
    """The one entry of a header that is not a tensor."""

    metadata: dict[str, str] | None = msgspec.field(default=None, name=_METADATA)


class Header(NamedTuple):
    """The content of a header: its tensors in order, and the metadata."""

    tensors: list[Tensor]
    metadata: dict[str, str]


def read(source: Source, options: Options) -> Model:
    """The model of a file.

    Raises:
        InputError: for an invalid header, or one that does not fit its file.
    """
    return model_of(contents(source), source.name, options.max_layers)


def contents(source: Source) -> Contents:
    """The tensors of a file; their order in the header is meaningless.

    Raises:
        InputError: for an invalid header, or one that does not fit its file.
    """
    tensors, metadata = read_header(source.file, source.name)
    written = metadata.get("format")
    details: Details = {"tensors": len(tensors)}
    if written:
        details["written_for"] = FRAMEWORKS.get(written, written[:MAX_ECHO])
    part, parts = part_of(source)
    return Contents(tensors, "safetensors", details, natural=True, part=part, parts=parts)


def read_header(file: BinaryIO, name: str) -> Header:
    """The header of a file; nothing after it is read.

    Raises:
        InputError: for an invalid header, or one that does not fit its file.
    """
    length = file.seek(0, SEEK_END)
    file.seek(0)
    size = int.from_bytes(file.read(LENGTH), "little")
    if size > MAX_SAFETENSORS_HEADER:
        message = f"the header would have {size:,} bytes; {MAX_SAFETENSORS_HEADER:,} are the limit of safetensors"
        raise InputError(name, [Problem(message)])
    if LENGTH + size > length:
        message = f"the header has {size:,} bytes, but the file only {length:,}: it is cut off"
        raise InputError(name, [Problem(message)])
    data = file.read(size)
    if not data.startswith(b"{"):
        message = f"this is no safetensors file: its header begins with {echo(data[:4].decode('latin-1'))}, not with {{"
        raise InputError(name, [Problem(message)])
    entries, metadata = _decode(data, name)
    tensors, problems = _tensors(entries.items())
    problems = problems or _check_layout(entries, length - LENGTH - size)
    if problems:
        raise InputError(name, [Problem(problem) for problem in problems])
    return Header(tensors, metadata)


def _decode(data: bytes, name: str) -> tuple[dict[str, _Entry], dict[str, str]]:
    """The entries by name; anything unusual goes to the strict JSON reader, which says what is wrong."""
    try:
        entries = msgspec.json.decode(data, type=dict[str, _Entry])
        metadata = msgspec.json.decode(data, type=_Metadata).metadata or {}
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _decode_carefully(data, name)
    entries.pop(_METADATA, None)
    # Each tensor has each field once: msgspec would silently keep the last of duplicate names or fields.
    if any(data.count(b'"%s"' % field.encode()) != len(entries) for field in _Entry.__struct_fields__):
        return _decode_carefully(data, name)
    # The same for the metadata, whose name's underscores could be written as escapes.
    if data.count(_METADATA.encode()) > 1 or b"\\u005" in data:
        return _decode_carefully(data, name)
    return entries, metadata


def _decode_carefully(data: bytes, name: str) -> tuple[dict[str, _Entry], dict[str, str]]:
    """The same, with duplicates and values of the wrong kind refused by name.

    Raises:
        InputError: with every entry that is wrong.
    """
    from paramcalc.formats.text.document import parse

    value = parse(data, name, only_json=True).value
    metadata = value.pop(_METADATA, None) if isinstance(value, dict) else None
    problems = []
    if not isinstance(value, dict):
        problems.append("the header is no mapping of names to tensors")
        value = {}
    texts = {} if metadata is None else metadata
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        problems.append(f"{_METADATA} is no mapping of texts to texts")
    entries = {}
    for key, entry in value.items():
        try:
            entries[key] = msgspec.convert(entry, _Entry)
        except msgspec.ValidationError:
            problems.append(
                f"tensor '{key[:MAX_ECHO]}' is not described by dtype, shape and data_offsets: {echo(entry)}"
            )
        if len(problems) == MAX_PROBLEMS:
            break
    if problems:
        raise InputError(name, [Problem(problem) for problem in problems])
    return entries, texts


def _tensors(entries: Iterable[tuple[str, _Entry]]) -> tuple[list[Tensor], list[str]]:
    """The tensors, and the problems found in them."""
    tensors, problems = [], []
    for name, entry in entries:
        try:
            tensors.append(_tensor(name, entry))
        except ValueError as error:
            problems.append(str(error))
            if len(problems) == MAX_PROBLEMS:
                break
    return tensors, problems


def _tensor(name: str, entry: _Entry) -> Tensor:
    """One tensor, checked against the size of its data.

    Raises:
        ValueError: in words for the user.
    """
    if entry.data_offsets is None or entry.shape is None:
        raise ValueError(f"tensor '{name[:MAX_ECHO]}' has no {'shape' if entry.data_offsets else 'data_offsets'}")
    known = DTYPES.get(entry.dtype)
    if known is None:
        raise ValueError(f"tensor '{name[:MAX_ECHO]}' has the unknown dtype {echo(entry.dtype)}")
    dtype, bits = known
    count = 1
    for dim in entry.shape:
        count *= dim
        if dim < 0:
            shape_of(entry.shape, name)
    begin, end = entry.data_offsets
    if count * bits != (end - begin) * 8:
        raise ValueError(
            f"tensor '{name[:MAX_ECHO]}' has {count:,} elements of {bits} bits, but {end - begin:,} bytes ({begin:,} "
            f"to {end:,})"
        )
    return Tensor(name, entry.shape, dtype, end - begin)


def _check_layout(entries: dict[str, _Entry], room: int) -> list[str]:
    """The problems of tensors that do not fill the file without gaps or overlaps."""
    spans = sorted([(*entry.data_offsets, name) for name, entry in entries.items() if entry.data_offsets])
    problems = []
    at = 0
    before = ""
    for begin, end, name in spans:
        if begin != at:
            what = (
                f"overlaps '{before[:MAX_ECHO]}'" if begin < at else f"leaves a hole of {begin - at:,} bytes before it"
            )
            problems.append(f"tensor '{name[:MAX_ECHO]}' begins at byte {begin:,}: it {what}")
            if len(problems) == MAX_PROBLEMS:
                return problems
        at, before = end, name
    if not problems and at != room:
        what = "it is cut off" if at > room else "there is more behind them"
        problems.append(f"the tensors take {at:,} bytes, but the file has {room:,} for them: {what}")
    return problems
