"""A checkpoint in several files: an index that maps tensors to files, a folder, or numbered files.

The index names the other files, so only bare names of files in its own folder are opened.
"""

import os
import re
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct

from paramcalc.errors import MAX_ECHO, InputError, Problem, listed
from paramcalc.formats import begins_as_bundle, is_arrays, is_gguf, is_old_torch, is_safetensors, is_torch
from paramcalc.formats.checkpoint import Contents, Details, model_of, natural_order
from paramcalc.formats.numbered import check_complete, every_of, part_of
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.formats.tensor import Tensor
from paramcalc.limits import MAX_FOUND_PROBLEMS, MAX_SHARDS
from paramcalc.model import Model
from paramcalc.shapes import MAX_COUNT

WEIGHTS = {
    ".safetensors": ("model", "diffusion_pytorch_model"),
    ".gguf": ("model",),
    ".bin": ("pytorch_model", "diffusion_pytorch_model"),
    ".pt": ("model",),
    ".pth": ("model",),
    ".index": ("model.ckpt",),
}
"""Extensions of a checkpoint's files in a folder, in the order of preference, with the usual file names."""

READERS = (
    (is_safetensors, "safetensors"),
    (is_gguf, "gguf"),
    (is_torch, "torch_checkpoint"),
    (is_old_torch, "torch_checkpoint"),
    (is_arrays, "numpy_arrays"),
    (begins_as_bundle, "tensorflow.bundle"),
)
"""How the content of a file is recognised, and the module that reads it."""


class Index(Struct):
    """An index as transformers writes it."""

    weight_map: dict[str, str]
    metadata: dict[str, Any] = {}


class Shard(NamedTuple):
    """One file of several."""

    name: str
    contents: Contents


def read_index(source: Source, options: Options) -> Model | None:
    """The model in the files that an index names; the totals in the index if none of the files is there.

    Raises:
        InputError: if some of them are missing or broken, or have other tensors than the index says.
    """
    index = index_in(source)
    if index is None:
        return None
    found = shards_of(index, source)
    if found is None:
        return alone(index, len(shard_names(index, source.name)), source.name)
    return model_of(joined(found, size_warning(index, found)), source.name, options.max_layers)


def index_contents(source: Source) -> Contents | None:
    """The contents of an index's files; just the names if none of them is there. None if this is no index.

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
    """The files that an index names; None if none of them is there.

    Raises:
        InputError: if some of them are missing or broken, or have other tensors than the index says.
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
    """The index in a document; None if it is no index.

    Raises:
        InputError: for an index with a duplicate name.
    """
    data = source.data
    try:
        index = msgspec.json.decode(data, type=Index)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        index = None
    # Every name is followed by a colon, and of duplicates only the last is kept: then there are too many colons.
    if index is not None and b"\\" not in data and colons(index) == data.count(b":"):
        return index
    value = source.document.value  # which refuses duplicates
    try:
        return msgspec.convert(value, Index)
    except msgspec.ValidationError:
        return None


def colons(index: Index) -> int:
    """The number of colons in the JSON of an index with only these fields."""
    return msgspec.json.encode(index).count(b":")


def shard_names(index: Index, name: str) -> list[str]:
    """The files that an index names, in order.

    Raises:
        InputError: for anything but the bare name of a file in the same folder, and for too many files.
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
    """Whether a name is that of a file in the same folder, on every operating system."""
    return re.fullmatch(r"[\w.-][\w. -]*", name) is not None and name.endswith(tuple(WEIGHTS))


def gathered(folder: str, names: Iterable[str]) -> list[Shard]:
    """The contents of each file.

    Raises:
        InputError: for the first file that is no checkpoint, or a broken one.
    """
    found = []
    for name in names:
        with open_source(os.path.join(folder, name)) as source:
            found.append(Shard(name, contents_of(source)))
    return found


def contents_of(source: Source) -> Contents:
    """The contents of a checkpoint of any format.

    Raises:
        InputError: if it is no checkpoint, or a broken one.
    """
    for matches, module in READERS:
        if matches(source):
            found: Contents = import_module(f"paramcalc.formats.{module}").contents(source)
            return found
    raise InputError(source.name, [Problem("this is no checkpoint that can be read")])


def joined(shards: list[Shard], warnings: Iterable[str] = ()) -> Contents:
    """The contents of several files, joined.

    Raises:
        InputError: if they have more or fewer tensors than the first one says.
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
    """Compare an index with the contents of the files.

    Raises:
        InputError: naming tensors that are not in the file it gives.
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
    """The warning for an index that gives another size than the files have."""
    said = number(index.metadata.get("total_size"))
    size = sum([tensor.size for shard in shards for tensor in shard.contents.tensors])
    if said is not None and said != size:
        yield f"the index says that the tensors take {said:,} bytes, but they take {size:,}"


def number(value: object) -> int | None:
    """A count in an index; some indexes write floats."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return value if type(value) is int and 0 <= value <= MAX_COUNT else None


ALONE = "weight_map"
"""The path of the only row of an index without its files."""


def alone(index: Index, files: int, name: str) -> Model:
    """The model of an index without its files: the number of tensors, often the bytes, sometimes the parameters.

    It is partial unless the index gives both totals: no budget can be judged by an unknown number.
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
    model.stated = [name for name, value in (("params", params), ("size", size)) if value is not None]
    return model


def with_siblings(first: Contents, source: Source) -> Contents:
    """The contents of the first of several files joined with those of the others, if these are in the same folder.

    Raises:
        InputError: if some of them are missing, or belong elsewhere by their own account.
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
    """Refuse files whose content says that they are other parts than their names say.

    Raises:
        InputError: naming the first of them.
    """
    for number, shard in enumerate(found):
        part, parts = shard.contents.part, shard.contents.parts
        if len(found) > 1 and (part, parts) != (number, len(found)):
            raise InputError(name, [Problem(f"{shard.name} says that it is file {part + 1:,} of {parts:,}")])
