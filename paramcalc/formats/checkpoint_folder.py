"""Finds and reads the checkpoint in a folder."""

import os
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from paramcalc.errors import InputError, Problem, listed
from paramcalc.formats.checkpoint import Contents, model_of, natural_order
from paramcalc.formats.folders import IN_PIECES, TRAINING
from paramcalc.formats.numbered import NUMBERED, check_complete
from paramcalc.formats.shards import (
    WEIGHTS,
    check_parts,
    contents_of,
    gathered,
    index_contents,
    index_in,
    is_plain,
    joined,
    read_index,
    with_siblings,
)
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.model import Model

INDEXES = {".safetensors.index.json": WEIGHTS[".safetensors"], ".bin.index.json": WEIGHTS[".bin"]}
"""Ending of an index's name → the usual names before it, as in `WEIGHTS`."""

SLICED = re.compile(r"consolidated\.[0-9]{2}\.pth")
"""Meta's original Llama files; if there are several, each has a slice of every tensor."""


def read_folder(source: Source, options: Options) -> Model | None:
    """Read the model in a folder of weights: from its index, or else its only file or its only set of numbered files.

    Raises:
        InputError: if there are several checkpoints, or a set is incomplete.
    """
    folder = source.path or os.curdir
    chosen = index_of(source.folder, source.name)
    if chosen is not None:
        with open_source(os.path.join(folder, chosen)) as index:
            model = read_index(index, options)
            if model is not None:
                model.warnings += left_out(source.folder, named_by(index))
            return model
    contents = files_contents(source)
    return None if contents is None else model_of(contents, source.name, options.max_layers)


def folder_contents(source: Source) -> Contents | None:
    """The contents of the checkpoint in a folder; None if there is none.

    Raises:
        InputError: as `read_folder` does.
    """
    chosen = index_of(source.folder, source.name)
    if chosen is None:
        return files_contents(source)
    with open_source(os.path.join(source.path or os.curdir, chosen)) as index:
        contents = index_contents(index)
        if contents is None:
            return None
        return contents._replace(warnings=[*contents.warnings, *left_out(source.folder, named_by(index))])


def files_contents(source: Source) -> Contents | None:
    """The contents of the checkpoint files in a folder without an index."""
    folder = source.path or os.curdir
    chosen: frozenset[str] | set[str] = source.folder
    others: dict[str, str] = {}
    if sum([name.endswith(".gguf") for name in chosen]) > 1:
        from paramcalc.formats.gguf.folder import others_in

        others = others_in(folder, chosen)
        chosen = chosen - others.keys()
    names = checkpoint_of(chosen, source.name)
    if names is None:
        return None
    found = gathered(folder, names)
    check_parts(found, source.name)
    contents = joined(found) if len(found) > 1 else found[0].contents
    contents = contents._replace(warnings=[*contents.warnings, *left_out(chosen, lambda: names)])
    if others and contents.format == "gguf":
        from paramcalc.formats.gguf.folder import with_others

        return with_others(contents, folder, others)
    return contents


def contents_at(path: str) -> Contents:
    """The contents of a checkpoint: a file of any format, an index, or a folder.

    Raises:
        InputError: if there is none, or it is broken.
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
    """The index in a folder; one for safetensors takes precedence over one for PyTorch's files.

    Raises:
        InputError: if there are several, and none has a usual name.
    """
    for ending, usual in INDEXES.items():
        found = [item for item in names if item.endswith(ending)]
        if found:
            return only({item: item for item in found}, [each + ending for each in usual], name)
    return None


def checkpoint_of(names: Iterable[str], name: str) -> list[str] | None:
    """The names of the checkpoint's files in a folder; None if there are none.

    Raises:
        InputError: if there are several checkpoints, or some files are missing.
    """
    for ending, usual in WEIGHTS.items():
        found: dict[str, list[str]] = {}
        for item in natural_order(item for item in names if item.endswith(ending) and is_whole(item)):
            found.setdefault(set_of(item), []).append(item)
        if len([item for item in found if SLICED.fullmatch(item)]) > 1 and len(found) > 1:
            message = (
                f"the folder holds slices of one model, and each of {listed(list(found))} has a part of every tensor"
            )
            raise InputError(name, [Problem(f"{message}: convert them to a single checkpoint first")])
        if found:
            files = only(found, [each + ending for each in usual], name)
            check_complete(files, name)
            return files
    return None


def set_of(file: str) -> str:
    """The name of the set of numbered files that a file belongs to; its own name if it is not numbered."""
    numbered = NUMBERED.fullmatch(file)
    return f"{numbered['stem']}-…-of-{numbered['count']}{numbered['ending']}" if numbered else file


def is_whole(name: str) -> bool:
    """Whether a file may be a checkpoint or a part of one; training state, also of a single process, is not."""
    beside = TRAINING.fullmatch(name) is not None or any(re.fullmatch(kind.pattern, name) for kind in IN_PIECES)
    return is_plain(name) and not beside


def named_by(index: Source) -> Callable[[], Iterable[str]]:
    """A function that returns the files named by an index, called only if the folder may contain others."""

    def names() -> Iterable[str]:
        found = index_in(index)
        return [] if found is None else found.weight_map.values()

    return names


def left_out(folder: Iterable[str], counted: Callable[[], Iterable[str]]) -> list[str]:
    """The warning that a folder contains checkpoints besides the one that was counted, if it does."""
    there = [name for name in folder if name.endswith(tuple(WEIGHTS)) and not is_beside(name)]
    if len({set_of(name) for name in there}) < 2:
        return []
    taken = set(counted())
    others = natural_order({set_of(name) for name in there if name not in taken})
    if not others or not taken:
        return []
    return [f"{listed(natural_order({set_of(name) for name in taken})[:3])} was counted, {listed(others[:5])} was not"]


def is_beside(name: str) -> bool:
    """Whether the name of a file with a checkpoint's extension shows that it is an adapter or training state."""
    return TRAINING.fullmatch(name) is not None or name.startswith("adapter_model.")


T = TypeVar("T")


def only(found: dict[str, T], usual: Iterable[str], name: str) -> T:
    """Return the only item, or the first one with a usual name.

    Raises:
        InputError: if there are several, and none has the usual name.
    """
    named = next((each for each in usual if each in found), None)
    if len(found) > 1 and named is None:
        raise InputError(name, [Problem(f"the folder holds {len(found):,} checkpoints: name one of {listed(found)}")])
    return next(iter(found.values())) if named is None else found[named]
