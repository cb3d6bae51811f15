"""How much work a spec may ask for: steps are counted while it is expanded, whatever makes them."""

from typing import Any, NoReturn

from paramcalc.errors import DocPath, InputError
from paramcalc.formats.native.expanded_size import expanded_size
from paramcalc.formats.native.expressions import ExpressionError
from paramcalc.formats.native.problems import Problems, SpecError
from paramcalc.limits import MAX_LAYERS, VALUES_PER_STEP, Allowance


class Work:
    """Counts work, and stops where it is too much.

    Attributes:
        source: the name of the spec.
        problems: where what is wrong is noted.
        allowance: how much there may be.
    """

    def __init__(self, source: str, problems: Problems, allowance: Allowance) -> None:
        self.source = source
        self.problems = problems
        self.allowance = allowance

    def step(self, where: DocPath, count: int = 1) -> None:
        """Bound the work that makes no layers: entries left out by `when`, repeats of nothing, long lists."""
        self.allowance.steps += count
        if self.allowance.exceeded():
            self.too_large(where)

    def weigh(self, value: Any, where: DocPath) -> None:
        """The same for values from variables: a name is short, and the list it stands for may be long."""
        try:
            count = expanded_size(value, VALUES_PER_STEP * MAX_LAYERS)
        except ExpressionError as error:
            raise SpecError(str(error), where) from None
        self.step(where, count // VALUES_PER_STEP)

    def too_large(self, where: DocPath) -> NoReturn:
        """Stop: nothing after this limit is worth telling."""
        self.problems.add(self.allowance.explain("spec"), where)
        raise InputError(self.source, self.problems.found)
