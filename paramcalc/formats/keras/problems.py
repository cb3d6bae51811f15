"""The problems in a Keras file, collected layer by layer so that one run reports all of them."""

from collections.abc import Callable
from typing import Any

from paramcalc.errors import MAX_PROBLEMS, DocPath, InputError, ParamcalcError, Position, Problem, located
from paramcalc.formats.keras.definition import PlacedError
from paramcalc.formats.keras.entries import label
from paramcalc.formats.text.fields import FieldsError
from paramcalc.limits import MAX_FOUND_PROBLEMS


class Problems:
    """The problems of one file.

    Attributes:
        source: the file, as the user gave it.
        locate: finds a place of the document.
        found: the problems found so far.
    """

    def __init__(self, source: str, locate: Callable[[DocPath], Position | None]) -> None:
        self.source = source
        self.locate = locate
        self.found: list[Problem] = []

    def add(self, message: str, where: DocPath, layer: str | None = None) -> None:
        """Add a problem."""
        self.found.append(Problem(message, where, layer))

    def stop(self) -> None:
        """Stop if there is any problem.

        Raises:
            InputError: with every problem.
        """
        if self.found:
            raise self.error()

    def error(self) -> InputError:
        """The error with every problem; those that are shown have their positions."""
        shown = [located(problem, self.locate) for problem in self.found[:MAX_PROBLEMS]]
        return InputError(self.source, shown + self.found[MAX_PROBLEMS:])

    def guard(self, item: Any, where: DocPath, make: Callable[..., Any], *arguments: Any) -> Any:
        """Return `make(*arguments)`; on failure, note the problem and return None so that other entries are still read.

        Raises:
            InputError: when there are too many to go on.
        """
        try:
            return make(*arguments)
        except FieldsError as error:
            for field in error.problems:
                self.add(field.message, (*where, "config", *field.where), label(item))
        except PlacedError as error:
            problem = error.problem
            self.found.append(problem if problem.layer else problem._replace(layer=label(item)))
        except ParamcalcError as error:
            if isinstance(error, InputError):
                raise
            self.add(str(error), where, label(item))
        if len(self.found) >= MAX_FOUND_PROBLEMS:
            self.stop()
        return None
