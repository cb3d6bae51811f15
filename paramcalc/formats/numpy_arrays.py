"""NumPy's files: `.npy`, a header and an array, and `.npz`, a zip archive of these. Only headers are read.

The header is a Python dict as text; it is read by patterns, never evaluated
(https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).
"""

import re
from math import prod
from typing import NamedTuple

from paramcalc.errors import MAX_ECHO, InputError, Problem, echo
from paramcalc.formats.archive import open_archive
from paramcalc.formats.checkpoint import Contents, model_of, shape_of
from paramcalc.formats.source import Options, Source
from paramcalc.formats.tensor import Tensor
from paramcalc.limits import MAX_ANY_DIRECTORY, MAX_ANY_ENTRIES
from paramcalc.model import Model

MAGIC = b"\x93NUMPY"
ENDING = ".npy"
_START = 12
"""Bytes before the header in the versions with the longer length field."""
_MAX_HEADER = 10_000
"""The longest header, in bytes; NumPy itself evaluates no longer ones."""

_DTYPE = re.compile(r"'descr'\s*:\s*('[^']{1,40}'|\[)", re.ASCII)
_SHAPE = re.compile(r"'shape'\s*:\s*\(([0-9L,\s]*)\)", re.ASCII)
_ORDER = re.compile(r"'fortran_order'\s*:\s*(True|False)", re.ASCII)
_NUMBER = re.compile(r"[<>=|]?([biufcV])([0-9]{1,4})", re.ASCII)

KINDS = {"b": "bool", "i": "int", "u": "uint", "f": "float", "c": "complex", "V": "void"}
"""NumPy's letter → the name of the dtype without its bits; "void" is its fallback for unknown dtypes."""


class Array(NamedTuple):
    """The array that a header describes.

    Attributes:
        dtype: None for anything but numbers: strings, dates, Python objects, records.
        size: the bytes of the data.
        start: the offset of the data.
    """

    shape: tuple[int, ...]
    dtype: str | None
    size: int
    start: int


def read(source: Source, options: Options) -> Model:
    """The model of one array.

    Raises:
        InputError: for a broken file, and for an array that holds no numbers.
    """
    try:
        source.file.seek(0)
        array = array_in(source.file.read(_START + _MAX_HEADER), source.size)
    except ValueError as error:
        raise InputError(source.name, [Problem(f"a broken NumPy file: {error}")]) from None
    if array.dtype is None:
        raise InputError(source.name, [Problem("an array of NumPy that holds no numbers")])
    tensors = [Tensor("array", array.shape, array.dtype, array.size)]
    return model_of(Contents(tensors, "npy", {}), source.name, options.max_layers)


def read_archive(source: Source, options: Options) -> Model:
    """The model of an archive of arrays, whose names are split at slashes if they have any, else at dots.

    Raises:
        InputError: for a broken archive, or one with a broken array in it.
    """
    return model_of(contents(source), source.name, options.max_layers)


def contents(source: Source) -> Contents:
    """The arrays of an archive.

    Raises:
        InputError: as `read_archive` does.
    """
    tensors, others = [], []
    with open_archive(source.file, source.name, MAX_ANY_DIRECTORY, MAX_ANY_ENTRIES) as archive:
        sizes = archive.sizes
        for entry in archive.names:
            name = entry.removesuffix(ENDING)
            try:
                array = array_in(archive.start(entry, _START + _MAX_HEADER), sizes[entry])
            except ValueError as error:
                message = f"'{entry[:MAX_ECHO]}' is a broken array of NumPy: {error}"
                raise InputError(source.name, [Problem(message)]) from None
            if array.dtype is None:
                others.append(name[:MAX_ECHO])
            else:
                tensors.append(Tensor(name, array.shape, array.dtype, array.size))
    if not tensors:
        raise InputError(source.name, [Problem("an archive of NumPy without an array of numbers")])
    more = f" and {len(others) - 3:,} more" if len(others) > 3 else ""
    warnings = [f"{', '.join(others[:3])}{more}: no numbers, and not counted"] if others else []
    separator = "/" if any("/" in tensor.name for tensor in tensors) else "."
    return Contents(tensors, "npz", {"tensors": len(tensors)}, warnings, separator=separator)


def array_in(data: bytes, size: int) -> Array:
    """The array that a header describes, checked against the size of its data.

    Args:
        data: the first bytes of the array's file.
        size: the size of the whole file.

    Raises:
        ValueError: in words for the user.
    """
    if not data.startswith(MAGIC) or len(data) < 10:
        raise ValueError("it does not begin as one")
    version = data[6]
    if version not in (1, 2, 3):
        raise ValueError(f"version {version} of the format; 1 to 3 are read")
    start = 10 if version == 1 else 12
    length = int.from_bytes(data[8:start], "little")
    if length > _MAX_HEADER:
        raise ValueError(f"a header of {length:,} bytes, more than {_MAX_HEADER:,}, the limit")
    header = data[start : start + length]
    if len(header) < length:
        raise ValueError("it ends in the middle of its header: it is cut off")
    start += length
    array = parsed(header.decode("latin-1"), size - start, start)
    if array.dtype is not None and array.size != size - start:
        what = "it is cut off" if array.size > size - start else "there is more behind them"
        raise ValueError(f"its elements take {array.size:,} bytes, but there are {size - start:,}: {what}")
    return array


def parsed(header: str, room: int, start: int) -> Array:
    """The array that the text of a header describes.

    Raises:
        ValueError: for anything else.
    """
    found = [pattern.search(header) for pattern in (_DTYPE, _SHAPE, _ORDER)]
    if None in found or not re.fullmatch(r"\s*\{.*\}\s*", header, re.DOTALL):
        raise ValueError(
            f"its header has no descr, fortran_order and shape as NumPy writes them: {echo(header.strip())}"
        )
    descr, shape, _ = [match[1] for match in found if match]
    dims = shape_of([int(dim.strip(" L\n")[:30]) for dim in shape.split(",") if dim.strip()], "")
    number = _NUMBER.fullmatch(descr.strip("'"))
    if number is None:
        return Array(dims, None, room, start)
    kind, bytes_ = KINDS[number[1]], int(number[2])
    return Array(dims, kind if kind == "bool" else f"{kind}{8 * bytes_}", prod(dims) * bytes_, start)
