"""A layer whose facts stand in the file: what a checkpoint or an exported program says of it, nothing computed."""

from typing import Any

from paramcalc.layers.base import Inferred, Layer


class Recorded(Layer, frozen=True):
    """One row of a file that records what each module holds and gives.

    Attributes:
        facts: what the file says, as a formula would.
    """

    facts: Inferred

    def infer(self, *inputs: Any, **options: Any) -> Inferred:
        """The facts, whatever the inputs are: they are of the inputs that the file was recorded with."""
        return self.facts


class RecordedCalls(Layer, frozen=True):
    """A module that is called several times, with what the file records of each call.

    Attributes:
        calls: what it says of each, in order; the weights are the same in all.
    """

    calls: tuple[Inferred, ...]

    def infer(self, *inputs: Any, call: int = 0) -> Inferred:
        """The facts of one call, counted from 0."""
        return self.calls[call]
