"""The archives of `torch.export.save`: finds the entries of a program, or identifies what else the archive is.

PyTorch 2.5 to 2.8 write one program at the top level, next to the state_dict in the format of `torch.save`. From 2.9
on everything is in a folder named after the file: one program per model in `models/`, and for each model a table that
says where its weights are.
"""

from typing import NamedTuple

from paramcalc.errors import InputError, Problem, did_you_mean, listed
from paramcalc.formats.archive import Archive, RefusedError, open_archive
from paramcalc.formats.source import Source
from paramcalc.formats.torch_export.program import Payload
from paramcalc.formats.torch_export.state import NOWHERE, read_state
from paramcalc.limits import MAX_ANY_DIRECTORY, MAX_ANY_ENTRIES, MIN_PROGRAM_ROWS, PROGRAM_PER_ROW, max_program

OLD_PROGRAM = "serialized_exported_program.json"
MODELS = "models/"
WEIGHTS = "data/weights/{}_weights_config.json"
CONSTANTS = "data/constants/{}_constants_config.json"

COMPILED = (
    ("data/aotinductor/", "a package of AOTInductor: its model was compiled to machine code"),
    ("executorch/", "a package of ExecuTorch: its model was compiled"),
)
"""Folder → what an archive with this folder contains instead of programs."""

_EXPORT = "save the program that it was made from with torch.export.save"


class Package(NamedTuple):
    """The parts of an archive that are read.

    Attributes:
        entry: the name of the program's entry.
        program: the program's JSON.
        weights: the JSON of the table of weights; None before PyTorch 2.9.
        constants: the JSON of the table of constants, which include non-persistent buffers.
        empty: the entries of zero bytes, such as those of weights on the device "meta".
        state: before PyTorch 2.9, the state_dict, which takes the place of the table; None if it was removed.
    """

    entry: str
    program: bytes
    weights: bytes | None = None
    constants: bytes | None = None
    empty: frozenset[str] = frozenset()
    state: dict[str, Payload] | None = None

    def most_rows(self) -> int:
        """An upper bound for the rows, and for the weights, that JSON of this size can describe if PyTorch wrote it."""
        size = len(self.program) + len(self.weights or b"") + len(self.constants or b"")
        return MIN_PROGRAM_ROWS + size // PROGRAM_PER_ROW


def read_package(source: Source, chosen: str | None = None) -> Package:
    """Read the JSON of a model in an archive.

    Args:
        source: the archive; no weights are read.
        chosen: the name of the model, for an archive with several.

    Raises:
        InputError: when there is no model, or several and none is chosen; when the archive is broken or a zip bomb.
    """
    with open_archive(source.file, source.name, MAX_ANY_DIRECTORY, MAX_ANY_ENTRIES) as archive:
        limit = max_program(archive.size)
        if OLD_PROGRAM in archive.names:
            text = archive.read(OLD_PROGRAM, limit)
            return Package(OLD_PROGRAM, text, empty=frozenset((NOWHERE,)), state=read_state(archive, source.name))
        root, models = models_in(archive)
        model = choose(models, chosen, source.name)
        entry = f"{root}{MODELS}{model}.json"
        read = []
        for name in (entry, root + WEIGHTS.format(model), root + CONSTANTS.format(model)):
            read.append(archive.read(name, limit) if name in archive.names else None)
            limit -= len(read[-1] or b"")
        program, weights, constants = read
        return Package(entry, program or b"", weights, constants, frozenset(archive.empty()))


def models_in(archive: Archive) -> tuple[str, list[str]]:
    """The archive's root folder, and the names of the models in it.

    Raises:
        RefusedError: when there are no models; the message says what the archive is instead.
    """
    root = next(entry for entry in archive.names if entry.endswith("archive_format")).removesuffix("archive_format")
    start = root + MODELS
    found = [entry[len(start) : -5] for entry in archive.names if entry.startswith(start) and entry.endswith(".json")]
    if found:
        return root, found
    what = next((what for folder, what in COMPILED if any(e.startswith(root + folder) for e in archive.names)), None)
    raise RefusedError(f"this is {what}; {_EXPORT}" if what else "an archive of PyTorch without a model in it")


def choose(models: list[str], chosen: str | None, name: str) -> str:
    """The chosen model, or the only one.

    Raises:
        InputError: when there is no model of that name, or there are several and none is chosen.
    """
    if chosen in models:
        return str(chosen)
    if chosen is not None:
        message = f"there is no model '{chosen}' in it{did_you_mean(chosen, models)}; the models are: {listed(models)}"
        raise InputError(name, [Problem(message)])
    if len(models) > 1:
        message = f"the archive holds {len(models)} models: {listed(models)}; choose one: --set model={models[0]}"
        raise InputError(name, [Problem(message)])
    return models[0]
