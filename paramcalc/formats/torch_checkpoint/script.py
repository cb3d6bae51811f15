"""Programs of TorchScript: their code, which is searched and never run, says which tensors are parameters."""

import re

from msgspec.structs import replace

from paramcalc.formats.archive import Archive
from paramcalc.formats.torch_checkpoint.values import BrokenError, Instance, Mapping, View
from paramcalc.layers.base import Kind
from paramcalc.limits import MAX_PICKLE_BYTES, MIB, max_bytes

PREFIX = "__torch__."
"""What the names of a program's classes begin with."""

_CLASS = re.compile(r"^class (\w+)(?:\(\w*\))?:\n(?:  __parameters__ = \[([^\]\n]*)\]\n)?", re.MULTILINE | re.ASCII)
_NAME = re.compile(r'"([^"\\]*)"')

Declared = dict[str, frozenset[str]]
"""Class → which of its attributes are parameters."""


def declared_in(archive: Archive, folder: str) -> Declared:
    """What the classes of a program say of their attributes.

    Raises:
        BrokenError: when there is more code than a program has.
        RefusedError: for code that is compressed in an unusual way.
    """
    found: Declared = {}
    left = max_bytes(MAX_PICKLE_BYTES)
    start = f"{folder}code/"
    for name in archive.names:
        if name.startswith(start) and name.endswith(".py"):
            code = archive.read(name, left)
            left -= len(code)
            if left <= 0:
                raise BrokenError(f"a program of TorchScript with more than {MAX_PICKLE_BYTES // MIB} MiB of code")
            module = name[len(start) : -len(".py")].replace("/", ".")
            for match in _CLASS.finditer(code.decode("utf-8", "replace")):
                found[f"{module}.{match[1]}"] = frozenset(_NAME.findall(match[2] or ""))
    return found


def attributes(value: Instance, declared: Declared) -> list[tuple[str, View | object, Kind | None]]:
    """The attributes of an object by name; what is neither a parameter nor a module in it is saved beside these."""
    parameters = declared.get(value.name)
    pairs = value.state.pairs if type(value.state) is Mapping else []
    parts = []
    for name, part in pairs:
        kind: Kind | None = None
        if parameters is not None and name in parameters and type(part) is View:
            part = replace(part, parameter=True)
        elif parameters is not None and type(part) is not Instance:
            kind = "buffer"
        parts.append((str(name), part, kind))
    return parts
