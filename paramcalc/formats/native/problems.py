"""The problems of one spec, collected; each is noted once, however often its place is expanded."""

from collections.abc import Collection, Mapping
from typing import Any

from paramcalc.errors import DocPath, InputError, ParamcalcError, Problem, nearest
from paramcalc.limits import MAX_FOUND_PROBLEMS, MAX_NOTED_PROBLEMS

Notes = tuple[tuple[str, DocPath], ...]


class SpecError(ParamcalcError):
    """Something at one place of the spec is wrong."""

    def __init__(self, message: str, where: DocPath) -> None:
        super().__init__(message)
        self.where = where


class AlreadyNotedError(SpecError):
    """Something is wrong here, but its cause has already been noted as a problem."""

    def __init__(self, where: DocPath) -> None:
        super().__init__("is not read, because of another problem", where)


def is_meant(key: str, raw: Mapping[str, Any], known: Collection[str]) -> bool:
    """Whether a missing key was misspelled in the mapping, so that it is not reported a second time."""
    return any(nearest(str(other), known) == key for other in raw if other not in known)


class Problems:
    """A list of problems without duplicates.

    Attributes:
        found: the problems.
        noted: how many there were with the duplicates.
    """

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self.noted = 0
        self._seen: set[tuple[str, DocPath | None]] = set()

    def add(self, message: str, where: DocPath | None, layer: str | None = None, notes: Notes = ()) -> None:
        """Note a problem, unless the same one is noted for this place.

        Raises:
            InputError: when there are too many to go on.
        """
        self.noted += 1
        if (message, where) not in self._seen:
            self._seen.add((message, where))
            self.found.append(Problem(message, where, layer, notes=notes))
        # The same mistake again, in a repeat of 100,000, costs as much as a new one.
        if len(self.found) >= MAX_FOUND_PROBLEMS or self.noted >= MAX_NOTED_PROBLEMS:
            raise InputError("", self.found)
