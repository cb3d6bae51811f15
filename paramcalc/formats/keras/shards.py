"""Keras 3 weights in several files: `model.weights.json` maps the variables to the `.weights.h5` files beside it.

The index gives only the location of variables, so its files must be present.
"""

import os
import re
from collections.abc import Iterator
from math import prod
from typing import Any

from paramcalc.errors import MAX_ECHO, InputError, Problem, echo, listed
from paramcalc.formats.checkpoint import natural_key
from paramcalc.formats.hdf5 import open_hdf5
from paramcalc.formats.keras.h5 import weights_model
from paramcalc.formats.keras.h5_tracked import VARS, Tracked, layers_of, walk
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.limits import MAX_FOUND_PROBLEMS, MAX_SHARDS
from paramcalc.model import Model

_PLAIN = re.compile(r"[\w.-][\w. -]*\.weights\.h5")
"""The name of a file in the same folder, valid on every system."""

_BOOL_BITS = 1
"""Keras counts one bit for a boolean, which takes a byte."""

Places = set[tuple[str, str]]
"""Pairs of group and file: the variables of a group may be in several files."""


def read(source: Source, options: Options) -> Model:
    """The model of an index and the files that it names.

    Raises:
        InputError: when files are missing or broken, or their variables differ from those in the index.
    """
    value = source.document.value
    places = places_in(value, source.name)
    folder = None if source.path is None else os.path.dirname(source.path)
    names = sorted({name for _, name in places}, key=natural_key)
    missing = [name for name in names if folder is None or not os.path.exists(os.path.join(folder, name))]
    if folder is None or missing:
        message = f"an index of Keras' weights needs its files beside it: {listed(missing)}"
        raise InputError(source.name, [Problem(message)])
    found: dict[str, list[Tracked]] = {}
    for name in names:
        with open_source(os.path.join(folder, name)) as shard:
            found[name] = list(walk(open_hdf5(shard.file, shard.name)))
    check_places(places, found, source.name)
    layers = list(layers_of(merged(found)))
    return weights_model(layers, source.name, options, {"files": len(names)}, list(size_warning(value, found)))


def places_in(value: Any, name: str) -> Places:
    """The groups and files in the index.

    Raises:
        InputError: for anything but a plain name of a file in the same folder, and for too many files.
    """
    weight_map = value.get("weight_map") if isinstance(value, dict) else None
    places: Places = set()
    for group, files in weight_map.items() if isinstance(weight_map, dict) else ():
        for file in files if isinstance(files, list) else [files]:
            if not isinstance(file, str) or not _PLAIN.fullmatch(file):
                message = f"{echo(file)} is no plain name of a .weights.h5 file beside it; no other is opened"
                raise InputError(name, [Problem(message)])
            places.add((group, file))
    if not places:
        raise InputError(name, [Problem("this index of weights names no files")])
    count = len({file for _, file in places})
    if count > MAX_SHARDS:
        raise InputError(name, [Problem(f"it names {count:,} files, more than {MAX_SHARDS:,}, the limit")])
    return places


def check_places(places: Places, found: dict[str, list[Tracked]], name: str) -> None:
    """Compare the index with the contents of the files.

    Raises:
        InputError: naming groups of variables that are not where the index has them.
    """
    there = {(group_of(item), file) for file, items in found.items() for item in items if item.tensors}
    problems = [
        *(
            Problem(f"{group[:MAX_ECHO]!r} is not in {file}, where the index says it is")
            for group, file in sorted(places - there)
        ),
        *(
            Problem(f"{group[:MAX_ECHO]!r} is in {file}, which the index does not say")
            for group, file in sorted(there - places)
        ),
    ]
    if problems:
        raise InputError(name, problems[:MAX_FOUND_PROBLEMS])


def group_of(item: Tracked) -> str:
    """The path of the group with an object's variables, as in the index."""
    return "/" + "/".join(item.keys if item.keys == (VARS,) else (*item.keys, VARS))


def merged(found: dict[str, list[Tracked]]) -> list[Tracked]:
    """The objects of all files, each put together from its parts, with its name from whichever file gives it."""
    objects: dict[tuple[str, ...], Tracked] = {}
    for items in found.values():
        for item in items:
            first = objects.get(item.keys, item._replace(tensors=[]))
            tensors = sorted([*first.tensors, *item.tensors], key=lambda tensor: natural_key(tensor.name))
            objects[item.keys] = Tracked(item.keys, first.name or item.name, tensors)
    return list(objects.values())


def size_warning(value: dict[str, Any], found: dict[str, list[Tracked]]) -> Iterator[str]:
    """Yield a warning if the size in the index differs from that of the variables."""
    metadata = value.get("metadata")
    said = metadata.get("total_size") if isinstance(metadata, dict) else None
    tensors = [tensor for items in found.values() for item in items for tensor in item.tensors]
    bits = sum([prod(tensor.shape) * _BOOL_BITS if tensor.dtype == "bool" else 8 * tensor.size for tensor in tensors])
    if isinstance(said, (int, float)) and said != bits / 8:
        yield f"the index says that the weights take {echo(said)} bytes, but they take {bits / 8:,.0f}"
