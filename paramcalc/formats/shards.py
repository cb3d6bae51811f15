"""Checkpoints in several safetensors files: a folder of shards, or the index that says which tensor is in which.

In: a folder, or `model.safetensors.index.json`. Out: one model of all tensors. Only the headers of the shards are read.
"""

import os
from collections.abc import Iterable
from typing import Any

from paramcalc.errors import MAX_PROBLEMS, InputError, Problem, echo, listed
from paramcalc.formats.checkpoint import Contents, model_in, stem
from paramcalc.formats.safetensors import read_header
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.formats.tensor import Tensor
from paramcalc.model import Model

ENDING = ".safetensors"
INDEX = "model.safetensors.index.json"
FORMAT = "safetensors"


def is_index(value: Any) -> bool:
    """Whether a document is the index of shards."""
    return isinstance(value, dict) and isinstance(value.get("weight_map"), dict)


def read_index(source: Source, options: Options) -> Model:
    """The model of an index with its shards beside it.

    Raises:
        InputError: when a shard is missing, is broken, or has other tensors than the index says.
    """
    weight_map = weight_map_of(source.document.value, source)
    folder = os.path.dirname(source.path) if source.path is not None else None
    if folder is None:
        raise InputError(source.name, [Problem("an index needs its shards beside it, so it must be a file")])
    tensors = tensors_of(sorted(set(weight_map.values())), folder, source.name)
    check_map(weight_map, tensors, source.name)
    found = [tensor for shard in tensors.values() for tensor in shard]
    return model_in(contents(found, len(tensors)), source.name, options.max_layers)


def read_folder(source: Source, options: Options) -> Model:
    """The model of a folder of shards; where there is an index in it, it is held against that.

    Raises:
        InputError: as `read_index` does.
    """
    assert source.path is not None  # noqa: S101 - a folder has one
    if INDEX in source.folder:
        path = os.path.join(source.path, INDEX)
        with open_source(path, os.path.join(source.name, INDEX)) as index:
            if not is_index(index.document.value):
                raise InputError(index.name, [Problem("this is no index of shards: it has no weight_map")])
            model = read_index(index, options)
        model.source, model.name = source.name, stem(source.name)
        return model
    names = sorted(name for name in source.folder if name.endswith(ENDING))
    tensors = tensors_of(names, source.path, source.name)
    found = [tensor for shard in tensors.values() for tensor in shard]
    return model_in(contents(found, len(tensors)), source.name, options.max_layers)


def contents(tensors: list[Tensor], shards: int) -> Contents:
    """All tensors, in an order that says something: that of the shards says where there was room."""
    return Contents(tensors, FORMAT, {"tensors": len(tensors), "shards": shards}, natural=True)


def weight_map_of(value: dict[str, Any], source: Source) -> dict[str, str]:
    """Tensor → shard, every shard a file of the index' own folder.

    Raises:
        InputError: for anything else.
    """
    weight_map: dict[str, str] = value["weight_map"]
    for key, shard in weight_map.items():
        if not isinstance(shard, str) or os.path.basename(shard) != shard or not shard.endswith(ENDING):
            message = f"the shard of '{key[:80]}' must be a {ENDING} file beside the index, got {echo(shard)}"
            raise InputError(source.name, [Problem(message, position=source.document.locate(("weight_map", key)))])
    return weight_map


def tensors_of(names: Iterable[str], folder: str, source: str) -> dict[str, list[Tensor]]:
    """Shard → its tensors.

    Raises:
        InputError: naming every shard that is missing, or with what is wrong in the first broken one.
    """
    missing = [name for name in names if not os.path.isfile(os.path.join(folder, name))]
    if missing:
        raise InputError(source, [Problem(f"shards are missing beside it: {listed(missing)}")])
    found = {}
    for name in names:
        with open_source(os.path.join(folder, name)) as shard:
            found[name] = read_header(shard.file, shard.name).tensors
    return found


def check_map(weight_map: dict[str, str], tensors: dict[str, list[Tensor]], source: str) -> None:
    """Refuse an index that says something else than its shards.

    Raises:
        InputError: naming the tensors that are in another shard, in none, or in no index.
    """
    there = {tensor.name: name for name, shard in tensors.items() for tensor in shard}
    problems = []
    for name, shard in weight_map.items():
        if there.get(name) != shard:
            found = f"is in {there[name]}" if name in there else "is in no shard"
            problems.append(Problem(f"tensor '{name[:80]}' should be in {shard}, but {found}"))
    problems += [Problem(f"tensor '{name[:80]}' is in no index") for name in there if name not in weight_map]
    if problems:
        raise InputError(source, problems[: 10 * MAX_PROBLEMS])
