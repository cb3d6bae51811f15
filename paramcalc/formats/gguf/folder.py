"""Several GGUF files in a folder: a model, and the files that llama.cpp loads with it or used to make it."""

import os
from collections.abc import Collection

from paramcalc.errors import listed
from paramcalc.formats.checkpoint import Contents, natural_order
from paramcalc.formats.gguf.details import ROLES
from paramcalc.formats.gguf.header import contents as contents_in
from paramcalc.formats.gguf.header import role_in
from paramcalc.formats.gguf.stream import BrokenError
from paramcalc.formats.numbered import NUMBERED
from paramcalc.formats.source import open_source
from paramcalc.limits import MAX_SHARDS

SHOWN = 3


def others_in(folder: str, names: Collection[str]) -> dict[str, str]:
    """GGUF files that accompany a model → their roles; empty if the folder has no model."""
    files = [name for name in natural_order(names) if name.endswith(".gguf")]
    first = {name: name for name in files}  # the first part of a file stands for all of them
    for name in files:
        numbered = NUMBERED.fullmatch(name)
        if numbered is not None:
            digits = len(numbered["number"])
            first[name] = f"{numbered['stem']}-{1:0{digits}}-of-{numbered['count']}{numbered['ending']}"
    every = set(first.values()) & set(files)
    if len(every) > MAX_SHARDS:
        return {}
    roles = {name: role_at(os.path.join(folder, name)) for name in every}
    if "model" not in roles.values():
        return {}
    found = {name: roles.get(first[name], "model") for name in files}
    return {name: role for name, role in found.items() if role != "model"}


def role_at(path: str) -> str:
    """The role of a file; a broken one counts as a model, so that reading it reports the error."""
    with open_source(path) as source:
        if not source.head.startswith(b"GGUF"):
            return "model"
        try:
            return role_in(source.file)
        except BrokenError:
            return "model"


def with_others(model: Contents, folder: str, others: dict[str, str]) -> Contents:
    """A model with its projector, if there is exactly one; a warning lists the other files as not counted.

    Raises:
        InputError: when the projector is broken.
    """
    projectors = [name for name, role in others.items() if role == "mmproj"]
    if len(projectors) == 1:
        others = {name: role for name, role in others.items() if name != projectors[0]}
        model = with_projector(model, folder, projectors[0])
    said = [f"{name} ({ROLES[role]})" for name, role in others.items()]
    if not said:
        return model
    what = listed(said[:SHOWN]) + (f" and {len(said) - SHOWN:,} more" if len(said) > SHOWN else "")
    return model._replace(warnings=[*model.warnings, f"not counted: {what}"])


def with_projector(model: Contents, folder: str, name: str) -> Contents:
    """A model with its projector's tensors added; the bits per weight remain those of the model alone."""
    with open_source(os.path.join(folder, name)) as source:
        found = contents_in(source)
    tensors = [*model.tensors, *found.tensors]
    details = model.details | {"projector": name, "tensors": len(tensors)}
    return model._replace(details=details, projector=found.tensors, warnings=[*model.warnings, *found.warnings])
