"""A folder in which no format finds a model → an error that says what it is, and what to give instead."""

import os
import re
from collections.abc import Callable, Iterable
from itertools import islice
from typing import NamedTuple

from paramcalc.errors import InputError, Problem, listed
from paramcalc.formats.source import Options, Source
from paramcalc.limits import MAX_FOLDER_FILES

TRAINING = re.compile(r"(optimizer|scheduler|scaler|sampler|training_args|rng_state)([_-][0-9]+)?\.(pt|pth|bin)")
"""What a training keeps beside its model: the state of the optimizer, of random numbers, its options."""

SINGLE = (".h5", ".keras", ".pt2", ".ckpt", ".npz", ".npy", ".yaml", ".json", ".pte", ".onnx", ".tflite", ".msgpack")
"""Extensions of files that may be a model by themselves, or be named for what they are."""


class Kind(NamedTuple):
    """A kind of folder that is known, but not read.

    Attributes:
        pattern: what a name in it looks like, the whole of it.
        what: what the folder is, and what to do.
    """

    pattern: str
    what: str


IN_PIECES: tuple[Kind, ...] = (
    Kind(
        r".*\.distcp|pytorch_model_fsdp_[0-9]+",
        "a distributed checkpoint of PyTorch (FSDP), whose tensors are in pieces: join them with "
        "`python -m torch.distributed.checkpoint.format_utils dcp_to_torch FOLDER model.pt`, or with "
        "`accelerate merge-weights FOLDER OUT`",
    ),
    Kind(
        r"global_step[0-9]+|zero_to_fp32\.py|(bf16_)?zero_pp_rank_.*\.pt|mp_rank_[0-9]+_model_states\.pt",
        "a checkpoint of DeepSpeed, whose tensors are in pieces: join them with `python zero_to_fp32.py . OUT`, "
        "which DeepSpeed wrote beside them",
    ),
    Kind(
        r"iter_[0-9]+|mp_rank_[0-9]+(_[0-9]+)?|latest_checkpointed_iteration\.txt|model_optim_rng\.pt",
        "a checkpoint of Megatron-LM, whose tensors are in pieces: convert it with Megatron's own tools first",
    ),
)
"""Checkpoints whose tensors are in pieces, one for each process of a training: no file holds a whole one."""

OUTER: tuple[Kind, ...] = (
    Kind(r"checkpoint-[0-9]+", "the folder of a training; give one of its checkpoints"),
    Kind(r"snapshots", "a model in the cache of the Hugging Face hub; give the folder of one of its snapshots"),
)
"""Folders that hold those of models."""


def pieces_in(names: Iterable[str]) -> str | None:
    """What a checkpoint in a folder is whose tensors are in pieces; None if there is none."""
    return next((kind.what for kind in IN_PIECES if any(re.fullmatch(kind.pattern, name) for name in names)), None)


def refuse(source: Source, options: Options) -> None:
    """Refuse a folder without a model.

    Raises:
        InputError: naming what it is, and which of the files and folders in it could be given.
    """
    raise InputError(source.name, [Problem(f"is a directory, {identify(source)}")])


def identify(source: Source) -> str:
    """What a folder is, in words that follow "is a directory"."""
    names = source.folder
    folder = source.path or os.curdir
    pieces = pieces_in(names)
    if pieces is not None:
        return pieces
    for kind in OUTER:
        found = [name for name in names if re.fullmatch(kind.pattern, name)]
        if found:
            inner = found if kind.pattern != "snapshots" else inside(os.path.join(folder, "snapshots"), os.path.isdir)
            paths = [os.path.join(folder, *(["snapshots"] if kind.pattern == "snapshots" else []), n) for n in inner]
            return kind.what + (f", such as {min(paths, key=len)}" if paths else "")
    kept = [name for name in names if TRAINING.fullmatch(name)]
    if kept:
        return f"and holds what a training keeps beside its model ({listed(sorted(kept)[:3])}), but no model"
    files = sorted(name for name in names if name.endswith(SINGLE))
    if files:
        return f"not a file; give one of those in it: {listed(files[:5])}"
    folders = inside(folder, os.path.isdir)
    if folders:
        return f"and holds no model itself; give one of the folders in it: {listed(folders[:5])}"
    return "not a file, and holds no model"


def inside(folder: str, wanted: Callable[[str], bool]) -> list[str]:
    """The names in a folder of what is wanted, in order; none if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in islice(entries, MAX_FOLDER_FILES) if wanted(entry.path))
    except OSError:
        return []
