"""A budget for the work of a model's formulas, shared by all models nested in its layers.

A short file can nest models in wrappers in models, and call them on hundreds of different shapes: each answer has the
weights of everything inside, under names that grow with every level.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import local

from paramcalc.errors import ParamcalcError
from paramcalc.layers.base import Layer, Weight, sublayers_of
from paramcalc.layers.recorded import Recorded
from paramcalc.limits import ANSWER_WORK_PER_LAYER, MAX_ANSWER_WORK, MAX_DIFFERENT, NAME_PER_WORK
from paramcalc.model import Model


class TooMuchWorkError(ParamcalcError):
    """The formulas of a model exceed their budget."""


class Work:
    """Counts the work.

    Attributes:
        left: the work that is still allowed.
    """

    __slots__ = ("left",)

    def __init__(self, model: Model) -> None:
        different = len({id(node.instance.layer) for node in model.nodes})
        # `--max-layers` allows a spec more of everything.
        times = max((model.max_different or 0) // MAX_DIFFERENT, 1)
        self.left = MAX_ANSWER_WORK * times + ANSWER_WORK_PER_LAYER * different

    def spend(self, count: int) -> None:
        """Count work.

        Raises:
            TooMuchWorkError: if the budget is exceeded.
        """
        self.left -= count
        if self.left < 0:
            raise TooMuchWorkError(
                "up to here, layers inside other layers make too many weights: each use of a wrapper or a nested "
                "model counts all that is in it"
            )


class Current(local):
    """The budget that this thread works on; a ContextVar would do as well, but `threading` is loaded anyway."""

    work: Work | None = None


_CURRENT = Current()


@contextmanager
def working_on(model: Model) -> Iterator[Work]:
    """The budget of a model, or of the model that this one is nested in."""
    if _CURRENT.work is not None:
        yield _CURRENT.work
        return
    _CURRENT.work = work = Work(model)
    try:
        yield work
    finally:
        _CURRENT.work = None


def is_inside() -> bool:
    """Whether the current model is nested in another."""
    return _CURRENT.work is not None


def cost_of(layer: Layer, weights: tuple[Weight, ...]) -> int:
    """The work of one answer: every layer around a weight creates its name anew."""
    if isinstance(layer, Recorded):  # no work: the weights come from the file
        return 0
    around = 1
    inner = layer
    while sublayers := sublayers_of(inner):
        around += 1
        inner = sublayers[0].layer
        if not isinstance(inner, Layer):
            break
    characters = sum([len(weight.name) for weight in weights]) if around > 1 else 0
    return 1 + around * (len(weights) + characters // NAME_PER_WORK)
