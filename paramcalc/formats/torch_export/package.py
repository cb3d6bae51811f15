"""The archives of `torch.export.save`: which entries hold a program, and what an archive without one is.

PyTorch 2.5 to 2.8 write one program at the top, with the state_dict beside it as `torch.save` writes it. From 2.9 on
everything is in a folder named after the file, a program for each model in its `models`; where the weights are is said
by a table for each model.
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
"""What else such an archive may hold instead of programs."""

_EXPORT = "save the program that it was made from with torch.export.save"


class Package(NamedTuple):
    """What is read of an archive.

    Attributes:
        entry: the entry of the program.
        program: its JSON.
        weights: the JSON of the table of weights; None before PyTorch 2.9.
        constants: the same of constants, which buffers that are not saved are among.
        empty: the entries without a byte, as those of weights are that were never made.
        state: what those archives have instead of the table: the state_dict; None where it was taken out.
    """

    entry: str
    program: bytes
    weights: bytes | None = None
    constants: bytes | None = None
    empty: frozenset[str] = frozenset()
    state: dict[str, Payload] | None = None

    def most_rows(self) -> int:
        """How many rows, and how many weights, so much JSON can have if PyTorch wrote it."""
        size = len(self.program) + len(self.weights or b"") + len(self.constants or b"")
        return MIN_PROGRAM_ROWS + size // PROGRAM_PER_ROW


def read_package(source: Source, chosen: str | None = None) -> Package:
    """The JSON of a model in an archive.

    Args:
        source: the archive; nothing but the JSON is read.
        chosen: the name of the model, for an archive of several.

    Raises:
        InputError: when there is none, or several and none is chosen; or when the archive is broken or a bomb.
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
    """The folder that everything is in, and the names of the models there.

    Raises:
        RefusedError: when there are none, saying what the archive is.
    """
    root = next(entry for entry in archive.names if entry.endswith("archive_format")).removesuffix("archive_format")
    start = root + MODELS
    found = [entry[len(start) : -5] for entry in archive.names if entry.startswith(start) and entry.endswith(".json")]
    if found:
        return root, found
    what = next((what for folder, what in COMPILED if any(e.startswith(root + folder) for e in archive.names)), None)
    raise RefusedError(f"this is {what}; {_EXPORT}" if what else "an archive of PyTorch without a model in it")


def choose(models: list[str], chosen: str | None, name: str) -> str:
    """The model that is meant.

    Raises:
        InputError: when that is not clear.
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
