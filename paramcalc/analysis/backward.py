"""The peak memory of a training step, apart from weights and the optimizer's state.

In: a program's tape. Out: what is kept for the backward pass, and the peak of both passes, gradients included.
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.analysis.peaks import highest
from paramcalc.analysis.tape import Tape, last_uses, record
from paramcalc.layers.programs import Program


class TrainingPeak(NamedTuple):
    """What a training step needs besides weights and the optimizer's state.

    Attributes:
        activations: bytes kept for the backward pass when the forward pass is done.
        size: the peak, gradients included.
    """

    activations: int
    size: int


class Loss(NamedTuple):
    """The bytes that the loss of a language model takes, which is computed from its logits.

    Attributes:
        kept: the logarithms of the probabilities, in float32.
        forward: what else is alive while they are computed: the logits, and a float32 copy of them unless they are
            float32 already.
        backward: the gradient of those logarithms, and the gradient computed from it.
    """

    kept: int = 0
    forward: int = 0
    backward: int = 0


def training_peak(
    evaluation: Evaluation,
    program: Program,
    dtype: str | None,
    gradients: Sequence[int],
    checkpointing: bool,
    tied: int,
) -> TrainingPeak | None:
    """The peak of the forward and the backward pass; None where a size is not known.

    Args:
        evaluation: the graph with its shapes.
        program: how it is run.
        dtype: takes the place of the dtypes in the file.
        gradients: the bytes of the gradients of each call's weights.
        checkpointing: whether the blocks of a stack keep only their inputs, and are recomputed.
        tied: bytes of the gradients of tied weights, which are added up out of place.
    """
    tape = record(evaluation, program, dtype, evaluation.outputs)
    if tape is None:
        return None
    loss = loss_of(evaluation, tape, program)
    segments = segments_of(evaluation.calls) if checkpointing else []
    walk = Backward(tape, list(gradients), segments, tied)
    kept = walk.kept + loss.kept
    last = last_uses(evaluation, tape, program)
    forward = max(kept + loss.forward, walk.forward_peak(last))
    size = max(forward, kept + loss.backward, walk.peak())
    return TrainingPeak(kept, size)


def loss_of(evaluation: Evaluation, tape: Tape, program: Program) -> Loss:
    """The bytes around a language model's loss: 4 for each logit in each of the tensors in float32."""
    if not program.language_model:
        return Loss()
    storages = tape.storages[evaluation.model.outputs[0].ref.producer]
    outputs = evaluation.outputs[evaluation.model.outputs[0].ref.producer]
    if not outputs or len(outputs[0]) != 3 or evaluation.calls[-1].node.instance.type != "Linear":
        return Loss()
    size = tape.sizes[storages[0]]
    count = prod([each or 1 for each in outputs[0]])
    whole = 4 * count
    return Loss(whole + (size if program.capped else 0), size if size == whole else size + whole, 2 * whole)


def segments_of(calls: Sequence[Call]) -> list[tuple[int, int]]:
    """The blocks of a stack, as (first step, end): runs of calls below one number, such as `layers/3/…`."""
    found: list[tuple[int, int]] = []
    before = ""
    for index, call in enumerate(calls):
        parts = call.node.path.split("/")
        at = next((place for place, part in enumerate(parts[:-1]) if is_numbered(part)), None)
        here = "" if at is None else "/".join(parts[: at + 1])
        if here and here == before:
            found[-1] = (found[-1][0], index + 1)
        elif here:
            found.append((index, index + 1))
        before = here
    return [part for part in found if part[1] - part[0] > 1]


def is_numbered(part: str) -> bool:
    """Whether a part of a path numbers a block of a stack: `3`, `encoder_layer_3`, `block3`."""
    return part[-1:].isdigit() and (part.isdigit() or part.rstrip("0123456789").endswith(("_", "block", "layer")))


class Backward:
    """The tape read backwards; used once.

    Attributes:
        kept: bytes kept for it when the forward pass is done.
    """

    def __init__(self, tape: Tape, gradients: list[int], segments: list[tuple[int, int]], tied: int) -> None:
        self.tape = tape
        self.gradients = gradients
        self.tied = tied
        self.inside = {index: part for part in segments for index in range(*part)}
        self.users: dict[int, int] = {}
        self.extra = 0
        for index, step in enumerate(tape.steps):
            self.keep(self.keeps(index), step.extra if index not in self.inside else 0)
        self.kept = sum([tape.sizes[storage] for storage in self.users]) + self.extra

    def keeps(self, index: int) -> list[int]:
        """What one step keeps; in a segment that is recomputed, only what comes from outside of it."""
        step = self.tape.steps[index]
        part = self.inside.get(index)
        if part is None:
            return step.keeps
        return [storage for storage in step.reads if self.tape.made[storage] < part[0]]

    def keep(self, storages: Sequence[int], extra: int) -> None:
        """Count one more user of each."""
        self.extra += extra
        for storage in storages:
            self.users[storage] = self.users.get(storage, 0) + 1

    def forward_peak(self, last: Sequence[int]) -> int:
        """The peak of the forward pass: what is kept so far, and what is alive anyway."""
        last = list(last)
        for storage in self.users:
            last[storage] = len(self.tape.steps)
        sums = []
        total = 0
        for index, step in enumerate(self.tape.steps):
            total += step.extra if index not in self.inside else 0
            sums.append(total)
        return highest(self.tape, last, sums).size

    def peak(self) -> int:
        """The peak of the backward pass."""
        steps, index = self.tape.steps, len(self.tape.steps) - 1
        self.alive = self.kept
        self.flowing: dict[int, int] = {}
        self.best = 0
        self.done = 0
        while index >= 0:
            part = self.inside.get(index)
            if part is None:
                self.step(index, steps[index].keeps, steps[index].extra)
                index -= 1
            else:
                self.segment(part)
                index = part[0] - 1
        return max(self.best, self.alive + self.done + 2 * self.tied)

    def segment(self, part: tuple[int, int]) -> None:
        """A segment that is recomputed first, and then keeps what it would have kept without checkpointing."""
        steps = self.tape.steps
        inner = {s for index in range(*part) for s in steps[index].keeps if self.tape.made[s] >= part[0]}
        again = sum([self.tape.sizes[s] for s in inner]) + sum([steps[index].extra for index in range(*part)])
        self.alive += again
        left = dict.fromkeys(inner, 0)
        for index in range(*part):
            for storage in steps[index].keeps:
                if storage in left:
                    left[storage] += 1
        for index in range(part[1] - 1, part[0] - 1, -1):
            self.flow(index)
            self.alive -= steps[index].extra
            for storage in steps[index].keeps:
                if storage in left:
                    left[storage] -= 1
                    self.alive -= self.tape.sizes[storage] if not left[storage] else 0
            self.release(self.keeps(index))

    def step(self, index: int, keeps: Sequence[int], extra: int) -> None:
        """One step outside of any segment."""
        self.flow(index)
        self.alive -= extra
        self.release(keeps)

    def flow(self, index: int) -> None:
        """The gradients of a step: of its outputs, of its inputs while they are made, and of its weights."""
        step, sizes = self.tape.steps[index], self.tape.sizes
        made = set(step.makes)
        reads = [storage for storage in dict.fromkeys(step.reads) if self.tape.made[storage] >= 0]
        fresh = sum([sizes[storage] for storage in reads if storage not in made])
        self.done += self.gradients[index]
        now = self.alive + sum(self.flowing.values()) + fresh + step.scratch + self.done
        self.best = max(self.best, now)
        for storage in step.makes:
            self.flowing.pop(storage, None)
        for storage in reads:
            if storage not in made:
                self.flowing[storage] = sizes[storage]

    def release(self, storages: Sequence[int]) -> None:
        """Free what a step kept, unless another step still keeps it."""
        for storage in storages:
            self.users[storage] -= 1
            if not self.users[storage]:
                self.alive -= self.tape.sizes[storage]
