"""The folder of a diffusers pipeline, whose model_index.json lists the parts, each in a subfolder.

Only the checkpoints of the parts are read, not what the parts compute; each row is a module of a part.
"""

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from paramcalc.errors import InputError, Problem, echo, listed
from paramcalc.formats.checkpoint import Contents, model_of
from paramcalc.formats.checkpoint_folder import folder_contents
from paramcalc.formats.source import Options, Source, open_source
from paramcalc.formats.tensor import Tensor
from paramcalc.model import Model

INDEX = "model_index.json"
MAX_PARTS = 64
WEIGHTLESS = re.compile(r".*(Scheduler|Tokenizer|TokenizerFast|Processor|ProcessorFast|FeatureExtractor|Guider)")
"""Classes of parts that hold no weights."""


class Part(NamedTuple):
    """A part of a pipeline: the name of its folder, and its class."""

    name: str
    kind: str


def read(source: Source, options: Options) -> Model:
    """Read all parts as one model, in which each tensor's name begins with that of its part.

    Raises:
        InputError: if the index is broken, or a part with weights is missing.
    """
    folder = source.path or os.curdir
    with open_source(os.path.join(folder, INDEX)) as index:
        kind, parts = parts_in(index)
    tensors: list[Tensor] = []
    warnings: list[str] = []
    missing: list[str] = []
    for part in parts:
        contents = contents_in(os.path.join(folder, part.name))
        if contents is not None:
            tensors += [renamed(tensor, part.name) for tensor in contents.tensors]
            warnings += [f"{part.name}: {warning}" for warning in contents.warnings]
        elif not WEIGHTLESS.fullmatch(part.kind):
            missing.append(f"{part.name} ({part.kind})")
    if missing or not tensors:
        what = listed(missing[:5]) if missing else "it names none that has weights"
        raise InputError(source.name, [Problem(f"a pipeline of diffusers without the checkpoint of a part: {what}")])
    details: dict[str, str | int | float] = {"pipeline": kind, "tensors": len(tensors)}
    return model_of(Contents(tensors, "diffusers", details, warnings), source.name, options.max_layers)


def parts_in(source: Source) -> tuple[str, list[Part]]:
    """The class of a pipeline and its parts, except for optional ones that are null.

    Raises:
        InputError: if the document is not a pipeline's index, or a part is not in a subfolder.
    """
    value = source.document.value
    if not isinstance(value, dict) or len(value) > MAX_PARTS:
        raise InputError(source.name, [Problem(f"expected a mapping of at most {MAX_PARTS} parts")])
    return str(value.get("_class_name")), list(named_in(value, source.name))


def named_in(value: dict[str, object], name: str) -> Iterator[Part]:
    """The entries of the index that are parts: those with a library and a class."""
    for key, entry in value.items():
        if isinstance(entry, list) and len(entry) == 2 and isinstance(entry[1], str):
            if not re.fullmatch(r"[A-Za-z0-9_][\w-]*", key):
                message = f"{echo(key)} is no plain name of a folder beside it; no other is opened"
                raise InputError(name, [Problem(message)])
            yield Part(key, entry[1])


def contents_in(folder: str) -> Contents | None:
    """The contents of the checkpoint in a part's folder; None if there is none.

    Raises:
        InputError: if it is broken, or consists of an index alone.
    """
    if not os.path.isdir(folder):
        return None
    with open_source(folder) as place:
        contents = folder_contents(place)
    if contents is not None and not contents.described:
        raise InputError(folder, [Problem("the index names files of which none is beside it")])
    return contents


def renamed(tensor: Tensor, part: str) -> Tensor:
    """The tensor with its part's name in front of its own."""
    tied_to = None if tensor.tied_to is None else f"{part}.{tensor.tied_to}"
    return replace(tensor, name=f"{part}.{tensor.name}", tied_to=tied_to)
