"""A checkpoint in several files: an index that says which tensor is where, a folder, files that are numbered.

The file itself names the others, so only plain names of files beside it are opened.
"""

import os
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, NamedTuple, TypeVar

import msgspec
from msgspec import Struct

from paramcalc.errors import MAX_ECHO, InputError, Problem, listed
from paramcalc.formats import begins_as_bundle, is_arrays, is_gguf, is_old_torch, is_safetensors, is_torch
from paramcalc.formats.checkpoint import Contents, Details, model_of, natural_order
from paramcalc.formats.numbered import NUMBERED, check_complete, every_of, part_of
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.formats.tensor import Tensor
from paramcalc.limits import MAX_FOUND_PROBLEMS, MAX_SHARDS
from paramcalc.model import Model
from paramcalc.shapes import MAX_COUNT

INDEXES = (".safetensors.index.json", ".bin.index.json")
WEIGHTS = {".safetensors": "model", ".gguf": "model", ".bin": "pytorch_model", ".pt": "model", ".pth": "model"}
WEIGHTS |= {".index": "model.ckpt"}
"""Endings of a checkpoint's files in a folder, those first that are meant before others, and their usual names."""


READERS = (
    (is_safetensors, "safetensors"),
    (is_gguf, "gguf"),
    (is_torch, "torch_checkpoint"),
    (is_old_torch, "torch_checkpoint"),
    (is_arrays, "numpy_arrays"),
    (begins_as_bundle, "tensorflow.bundle"),
)
"""How a file's content is recognised, and the module that reads it."""


class Index(Struct):
    """An index as transformers writes it."""

    weight_map: dict[str, str]
    metadata: dict[str, Any] = {}


class Shard(NamedTuple):
    """One file of several."""

    name: str
    contents: Contents


def read_index(source: Source, options: Options) -> Model | None:
    """The model whose files an index names; what the index itself knows where none of them is beside it.

    Raises:
        InputError: when some of them are missing, broken, or hold other tensors than the index says.
    """
    index = index_in(source)
    if index is None:
        return None
    found = shards_of(index, source)
    if found is None:
        return alone(index, len(shard_names(index, source.name)), source.name)
    return model_of(joined(found, size_warning(index, found)), source.name, options.max_layers)


def index_contents(source: Source) -> Contents | None:
    """What an index and its files hold; the names alone where none of them is beside it. None for no index.

    Raises:
        InputError: as `read_index` does.
    """
    index = index_in(source)
    if index is None:
        return None
    found = shards_of(index, source)
    if found is not None:
        return joined(found, size_warning(index, found))
    tensors = [Tensor(name, (), "", 0) for name in index.weight_map]
    warning = "the index names files of which none is beside it: only the names of the weights were compared"
    return Contents(tensors, "safetensors", {}, [warning], described=False)


def shards_of(index: Index, source: Source) -> list[Shard] | None:
    """The files that an index names; None where none of them is beside it.

    Raises:
        InputError: when some of them are missing, broken, or hold other tensors than the index says.
    """
    names = shard_names(index, source.name)
    folder = None if source.path is None else os.path.dirname(source.path)
    there = [] if folder is None else [name for name in names if os.path.exists(os.path.join(folder, name))]
    if folder is None or not there:
        return None
    if len(there) < len(names):
        missing = sorted(set(names) - set(there))
        message = f"{len(missing):,} of the {len(names):,} files that it names are missing: {listed(missing)}"
        raise InputError(source.name, [Problem(message)])
    found = gathered(folder, names)
    check_map(index.weight_map, found, source.name)
    return found


def index_in(source: Source) -> Index | None:
    """The index in a document; None where it is none.

    Raises:
        InputError: for one with a name in it twice.
    """
    data = source.data
    try:
        index = msgspec.json.decode(data, type=Index)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        index = None
    # Every name has a colon, and of names that are there twice only the last is kept: then there are colons too many.
    if index is not None and b"\\" not in data and colons(index) == data.count(b":"):
        return index
    value = source.document.value  # which refuses duplicates
    try:
        return msgspec.convert(value, Index)
    except msgspec.ValidationError:
        return None


def colons(index: Index) -> int:
    """How many colons the JSON of an index has, with no other fields than these."""
    return msgspec.json.encode(index).count(b":")


def shard_names(index: Index, name: str) -> list[str]:
    """The files that an index names, in order.

    Raises:
        InputError: for what is no plain name of a file in the same folder, and for too many.
    """
    names = natural_order(dict.fromkeys(index.weight_map.values()))
    if len(names) > MAX_SHARDS:
        raise InputError(name, [Problem(f"it names {len(names):,} files, more than {MAX_SHARDS:,}, the limit")])
    for shard in names:
        if not is_plain(shard):
            message = f"'{shard[:MAX_ECHO]}' is no plain name of a file beside it; no other is opened"
            raise InputError(name, [Problem(message)])
    return names


def is_plain(name: str) -> bool:
    """Whether a name is one of a file in the same folder, and of no other on any system."""
    return re.fullmatch(r"[\w.-][\w. -]*", name) is not None and name.endswith(tuple(WEIGHTS))


def gathered(folder: str, names: Iterable[str]) -> list[Shard]:
    """What stands in each file.

    Raises:
        InputError: for the first that is no checkpoint, or a broken one.
    """
    found = []
    for name in names:
        with open_source(os.path.join(folder, name)) as source:
            found.append(Shard(name, contents_of(source)))
    return found


def contents_of(source: Source) -> Contents:
    """What stands in a checkpoint, whatever its format.

    Raises:
        InputError: when it is none, or a broken one.
    """
    for matches, module in READERS:
        if matches(source):
            found: Contents = import_module(f"paramcalc.formats.{module}").contents(source)
            return found
    raise InputError(source.name, [Problem("this is no checkpoint that can be read")])


def joined(shards: list[Shard], warnings: Iterable[str] = ()) -> Contents:
    """The contents of several files as those of one.

    Raises:
        InputError: when they hold more or fewer tensors than the first says.
    """
    tensors: list[Tensor] = []
    said = list(warnings)
    for shard in shards:
        tensors += shard.contents.tensors
        said += shard.contents.warnings
    first = shards[0].contents
    if first.whole not in (None, len(tensors)):
        message = f"it says that all files hold {first.whole:,} tensors, but they hold {len(tensors):,}"
        raise InputError(shards[0].name, [Problem(message)])
    details: Details = {**first.details, "tensors": len(tensors), "files": len(shards)}
    if first.format == "gguf":
        from paramcalc.formats.gguf.details import bits_per_weight

        details |= bits_per_weight(tensors)
    return first._replace(tensors=tensors, details=details, warnings=said, parts=1)


def check_map(weight_map: dict[str, str], shards: list[Shard], name: str) -> None:
    """Hold an index against what the files hold.

    Raises:
        InputError: naming tensors that are not where it says.
    """
    where = {tensor.name: shard.name for shard in shards for tensor in shard.contents.tensors}
    if where == weight_map:
        return
    problems = []
    for tensor in [*weight_map, *[tensor for tensor in where if tensor not in weight_map]]:
        says, holds = weight_map.get(tensor), where.get(tensor)
        if says == holds:
            continue
        what = f"the index says it is in {says}" if says else "the index does not name it"
        problems.append(Problem(f"tensor '{tensor[:MAX_ECHO]}' is {f'in {holds}' if holds else 'in no file'}; {what}"))
        if len(problems) == MAX_FOUND_PROBLEMS:
            break
    raise InputError(name, problems)


def size_warning(index: Index, shards: list[Shard]) -> Iterator[str]:
    """That the index gives another size than the files have, where it does."""
    said = number(index.metadata.get("total_size"))
    size = sum([tensor.size for shard in shards for tensor in shard.contents.tensors])
    if said is not None and said != size:
        yield f"the index says that the tensors take {said:,} bytes, but they take {size:,}"


def number(value: object) -> int | None:
    """A count in an index; some are written as floats."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= MAX_COUNT else None


ALONE = "weight_map"
"""The path of the one row of an index without its files."""


def alone(index: Index, files: int, name: str) -> Model:
    """What an index knows without its files: the number of tensors, often the bytes, sometimes the parameters.

    It is partial where it does not say both: no budget can be judged by what is not known.
    """
    size, params = (number(index.metadata.get(key)) for key in ("total_size", "total_parameters"))
    row = Tensor(ALONE, (), "unknown", size or 0, "weight", params or 0)
    details: Details = {"tensors": len(index.weight_map), "files": files}
    said = [
        "the parameters" if params is None else "",
        "the size" if size is None else "",
    ]
    unknown = " and ".join(filter(None, said))
    warning = f"none of its {files:,} files is beside it: " + (
        f"it does not say {unknown}" if unknown else "the totals are what the index says"
    )
    model = model_of(Contents([row], "safetensors", details, [warning]), name)
    model.unknown = [ALONE] if unknown else []
    return model


def read_folder(source: Source, options: Options) -> Model | None:
    """The model in a folder of weights: what its index says, else its only file, or its only set of numbered files.

    Raises:
        InputError: when it holds several, or a set that is not complete.
    """
    folder = source.path or os.curdir
    chosen = index_of(source.folder, source.name)
    if chosen is not None:
        with open_source(os.path.join(folder, chosen)) as index:
            return read_index(index, options)
    contents = files_contents(source)
    return None if contents is None else model_of(contents, source.name, options.max_layers)


def folder_contents(source: Source) -> Contents | None:
    """What the checkpoint in a folder holds; None where there is none.

    Raises:
        InputError: as `read_folder` does.
    """
    chosen = index_of(source.folder, source.name)
    if chosen is None:
        return files_contents(source)
    with open_source(os.path.join(source.path or os.curdir, chosen)) as index:
        return index_contents(index)


def files_contents(source: Source) -> Contents | None:
    """What the files of a checkpoint in a folder hold, where no index says which they are."""
    names = checkpoint_of(source.folder, source.name)
    if names is None:
        return None
    found = gathered(source.path or os.curdir, names)
    check_parts(found, source.name)
    return joined(found) if len(found) > 1 else found[0].contents


def contents_at(path: str) -> Contents:
    """What a checkpoint holds: a file of any format, an index, or a folder.

    Raises:
        InputError: when there is none, or it is broken.
    """
    with open_source(path) as source:
        if source.folder:
            contents = folder_contents(source)
            if contents is None:
                raise InputError(source.name, [Problem("the folder holds no checkpoint")])
            return contents
        if source.head.lstrip()[:1] == b"{":
            contents = index_contents(source)
            if contents is not None:
                return contents
        found = contents_of(source)
        return with_siblings(found, source) if found.format == "gguf" else found


def index_of(names: Iterable[str], name: str) -> str | None:
    """The index in a folder, one of safetensors before one of PyTorch's files.

    Raises:
        InputError: when there are several, none of them called as usual.
    """
    for ending, usual in zip(INDEXES, ("model", "pytorch_model"), strict=True):
        found = [item for item in names if item.endswith(ending)]
        if found:
            return only({item: item for item in found}, usual + ending, name)
    return None


def checkpoint_of(names: Iterable[str], name: str) -> list[str] | None:
    """The files of the checkpoint in a folder; None where there is none.

    Raises:
        InputError: when there are several, or files of it are missing.
    """
    for ending, usual in WEIGHTS.items():
        found: dict[str, list[str]] = {}
        for item in natural_order(item for item in names if item.endswith(ending) and is_plain(item)):
            numbered = NUMBERED.fullmatch(item)
            key = f"{numbered['stem']}-…-of-{numbered['count']}{ending}" if numbered else item
            found.setdefault(key, []).append(item)
        if found:
            files = only(found, usual + ending, name)
            check_complete(files, name)
            return files
    return None


T = TypeVar("T")


def only(found: dict[str, T], usual: str, name: str) -> T:
    """The one thing that is there, or the one that is called as usual.

    Raises:
        InputError: when there are others only.
    """
    if len(found) > 1 and usual not in found:
        raise InputError(name, [Problem(f"the folder holds {len(found):,} checkpoints: name one of {listed(found)}")])
    return found[usual] if usual in found else next(iter(found.values()))


def with_siblings(first: Contents, source: Source) -> Contents:
    """The contents of the first of several files with those of the others, where they are beside it.

    Raises:
        InputError: when some of them are missing, or say that they are others.
    """
    if first.parts == 1 or source.path is None or part_of(source) != (0, first.parts):
        return first
    folder, base = os.path.split(source.path)
    every = every_of(base, source.name)
    there = [item for item in every if os.path.exists(os.path.join(folder, item))]
    if there == [base]:
        return first
    check_complete(there, source.name)
    found = [Shard(base, first), *gathered(folder, every[1:])]
    check_parts(found, source.name)
    return joined(found)


def check_parts(found: list[Shard], name: str) -> None:
    """Refuse files that say themselves that they are others than their names say.

    Raises:
        InputError: naming the first of them.
    """
    for number, shard in enumerate(found):
        part, parts = shard.contents.part, shard.contents.parts
        if len(found) > 1 and (part, parts) != (number, len(found)):
            raise InputError(name, [Problem(f"{shard.name} says that it is file {part + 1:,} of {parts:,}")])
