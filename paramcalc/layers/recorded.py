"""Layers whose weights and shapes are recorded in a checkpoint or an exported program, not computed."""

from typing import Any

from paramcalc.layers.base import Inferred, Layer


class Recorded(Layer, frozen=True):
    """A layer of a file that records the weights and outputs of each module.

    Attributes:
        facts: the recorded values, in the form of a formula's answer.
    """

    facts: Inferred

    def infer(self, *inputs: Any, **options: Any) -> Inferred:
        """The recorded facts, whatever the inputs: they are those of the recorded run."""
        return self.facts


class RecordedCalls(Layer, frozen=True):
    """A module that is called several times, with the record of each call.

    Attributes:
        calls: the record of each call, in order; the weights are the same in all.
    """

    calls: tuple[Inferred, ...]

    def infer(self, *inputs: Any, call: int = 0) -> Inferred:
        """The record of one call, counted from 0."""
        return self.calls[call]
