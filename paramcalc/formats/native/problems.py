"""The problems of one spec, collected; each is noted once, however often its place is expanded."""

from paramcalc.errors import DocPath, InputError, ParamcalcError, Problem
from paramcalc.limits import MAX_FOUND_PROBLEMS

Notes = tuple[tuple[str, DocPath], ...]


class SpecError(ParamcalcError):
    """Something at one place of the spec is wrong."""

    def __init__(self, message: str, where: DocPath) -> None:
        super().__init__(message)
        self.where = where


class Problems:
    """A list of problems without duplicates."""

    def __init__(self) -> None:
        self.found: list[Problem] = []
        self._seen: set[tuple[str, DocPath | None]] = set()

    def add(self, message: str, where: DocPath | None, layer: str | None = None, notes: Notes = ()) -> None:
        """Note a problem, unless the same one is noted for this place.

        Raises:
            InputError: when there are too many to go on.
        """
        if (message, where) not in self._seen:
            self._seen.add((message, where))
            self.found.append(Problem(message, where, layer, notes=notes))
            if len(self.found) >= MAX_FOUND_PROBLEMS:
                raise InputError("", self.found)
