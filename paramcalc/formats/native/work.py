"""Counts the work of expanding a spec, over all of its parts, and stops at the limit."""

from typing import Any, NoReturn

from paramcalc.errors import DocPath, InputError
from paramcalc.formats.native.expressions import ExpressionError
from paramcalc.formats.native.problems import Problems, SpecError
from paramcalc.limits import MAX_LAYERS, VALUES_PER_STEP, Allowance


class Work:
    """Counts work.

    Attributes:
        source: the name of the spec.
        problems: the problems of the spec so far.
        allowance: the limit on work, and the work so far.
    """

    def __init__(self, source: str, problems: Problems, allowance: Allowance) -> None:
        self.source = source
        self.problems = problems
        self.allowance = allowance

    def step(self, where: DocPath, count: int = 1) -> None:
        """Count work that makes no layers: entries left out by `when`, repeats of nothing, long lists."""
        self.allowance.steps += count
        if self.allowance.exceeded():
            self.too_large(where)

    def weigh(self, value: Any, where: DocPath) -> None:
        """Count the work of values from variables: a name is short, but the list that it stands for may be long."""
        from paramcalc.formats.native.expanded_size import expanded_size  # most specs have no variables

        try:
            count = expanded_size(value, VALUES_PER_STEP * MAX_LAYERS)
        except ExpressionError as error:
            raise SpecError(str(error), where) from None
        self.step(where, count // VALUES_PER_STEP)

    def too_large(self, where: DocPath) -> NoReturn:
        """Stop reading: problems beyond this limit are not worth reporting.

        Raises:
            InputError: with the problems so far.
        """
        self.problems.add(self.allowance.explain("spec"), where)
        raise InputError(self.source, self.problems.found)
