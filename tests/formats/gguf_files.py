"""GGUF files made byte by byte: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md."""

import struct
from math import prod

from paramcalc.formats.gguf.types import DTYPES

KINDS = {kind.name: number for number, kind in DTYPES.items()}


def text(value):
    data = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(data)) + data


def entry(key, kind, data):
    return text(key) + struct.pack("<I", kind) + data


def array(kind, count, data):
    return struct.pack("<IQ", kind, count) + data


def tensor(name, dims, kind=0, offset=0):
    return text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)


def packed(tensors=(), entries=(), room=0, version=3, count=None, keys=None):
    """A file whose data begin at a multiple of 32."""
    counts = (len(tensors) if count is None else count, len(entries) if keys is None else keys)
    data = b"GGUF" + struct.pack("<IQQ", version, *counts) + b"".join(entries) + b"".join(tensors)
    return data + bytes(-len(data) % 32 + room)


def value(key, given):
    """Return an entry: a text, a boolean, a float or an integer."""
    if isinstance(given, str):
        return entry(key, 8, text(given))
    if isinstance(given, bool):
        return entry(key, 7, bytes([given]))
    return (
        entry(key, 6, struct.pack("<f", given)) if isinstance(given, float) else entry(key, 4, struct.pack("<I", given))
    )


def file_of(tensors, values):
    """Return a whole file whose data are zeros.

    Args:
        tensors: name → shape, or (shape, name of the type); the last axis is innermost.
        values: key → value.
    """
    head, room = head_of(tensors, values)
    return head + bytes(room)


def write_file(path, tensors, values):
    """Write a file as `file_of` makes it, except that its data are a hole."""
    head, room = head_of(tensors, values)
    with open(path, "wb") as file:
        file.write(head)
        file.truncate(len(head) + room)


def head_of(tensors, values):
    """Return (everything before the data, the size of the data in bytes)."""
    infos, at = [], 0
    for name, said in tensors.items():
        shape, kind = said if said and isinstance(said[-1], str) else (said, "F32")
        infos.append(tensor(name, tuple(reversed(shape)), KINDS[kind], at))
        at += prod(shape) // DTYPES[KINDS[kind]].elements * DTYPES[KINDS[kind]].size
        at += -at % 32
    return packed(infos, [value(key, given) for key, given in values.items()]), at
