"""Files that make up one model and are numbered in their names: model-00001-of-00003.safetensors."""

import os
import re

from paramcalc.errors import InputError, Problem, listed
from paramcalc.formats.source import Source
from paramcalc.limits import MAX_SHARDS

NUMBERED = re.compile(r"(?P<stem>.*)-(?P<number>[0-9]{5,6})-of-(?P<count>[0-9]{5,6})(?P<ending>\.[a-z]+)", re.DOTALL)
"""The name of one file of several: its number, from 1, and the number of files."""


def check_complete(files: list[str], name: str) -> None:
    """Refuse an incomplete set of numbered files."""
    every = every_of(files[0], name)
    missing = [item for item in every if item not in files]
    if missing:
        raise InputError(name, [Problem(f"{len(missing):,} of {len(every):,} files are missing: {listed(missing)}")])


def every_of(file: str, name: str) -> list[str]:
    """All files of a set, given the name of one; a file without a number stands alone.

    Raises:
        InputError: for more files than the limit allows.
    """
    numbered = NUMBERED.fullmatch(file)
    if numbered is None:
        return [file]
    count, width = int(numbered["count"]), len(numbered["number"])
    if count > MAX_SHARDS:
        raise InputError(name, [Problem(f"it is one of {count:,} files, more than {MAX_SHARDS:,}, the limit")])
    start, end = f"{numbered['stem']}-", f"-of-{numbered['count']}{numbered['ending']}"
    return [f"{start}{number:0{width}}{end}" for number in range(1, count + 1)]


def part_of(source: Source) -> tuple[int, int]:
    """The index of a file, from 0, and the number of files, by its name; (0, 1) for a name without a number."""
    numbered = NUMBERED.fullmatch(os.path.basename(source.name))
    if numbered is None or not 0 < int(numbered["number"]) <= int(numbered["count"]):
        return 0, 1
    return int(numbered["number"]) - 1, int(numbered["count"])
