"""The memory of the device that needs most, of those that a model is spread over.

In: an evaluation with its rows, and the spread. Out: that device's weights, gradients, optimizer state, cache and
activations, and its peaks.
"""

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import NamedTuple

from msgspec.structs import replace

from paramcalc.analysis.backward import Backward, Loss, loss_of, segments_of
from paramcalc.analysis.cache import kept_by
from paramcalc.analysis.calls import Evaluation
from paramcalc.analysis.decoding import find_text
from paramcalc.analysis.memory_options import MemoryOptions
from paramcalc.analysis.peaks import decode_tape, highest, prefill_tape
from paramcalc.analysis.spread import WHOLE, Shares, TensorParallel, shared, stage_of, stages_of
from paramcalc.analysis.tape import Step, Tape, last_uses, record
from paramcalc.analysis.training import MASTER, is_trained, optimizer_of, tensor_of, tied_bytes
from paramcalc.layers.programs import Program
from paramcalc.summary import DeviceMemory, LayerSummary, WeightSummary
from paramcalc.units import size_of


class WeightShare(NamedTuple):
    """A device's share of the weights and of what training adds to them, in bytes.

    Attributes:
        trained: the number of elements that are trained.
        largest: those of the largest layer, undivided.
        by_call: the gradients of each of its calls.
    """

    weights: int
    trained: int
    gradients: int
    state: int
    temporary: int
    largest: int
    by_call: list[int]


def largest_device(
    evaluation: Evaluation,
    rows: list[LayerSummary],
    program: Program,
    dtype: str | None,
    options: MemoryOptions,
) -> DeviceMemory:
    """The memory of the device that needs most.

    Raises:
        InputError: when the model cannot be spread so.
    """
    spread = options.spread
    shares = TensorParallel(evaluation, spread.tensor).shares()
    stages = stages_of(evaluation, spread.pipeline)
    found = [Device(evaluation, rows, program, dtype, options, shares, stages, number) for number in range(len(stages))]
    measured = [device.memory() for device in found]
    return max(measured, key=lambda each: (each.training_bytes or each.inference_bytes or 0, each.weights_bytes))


class Device:
    """One device of a stage; used once."""

    def __init__(
        self,
        evaluation: Evaluation,
        rows: list[LayerSummary],
        program: Program,
        dtype: str | None,
        options: MemoryOptions,
        shares: Shares,
        stages: list[tuple[int, int]],
        stage: int,
    ) -> None:
        self.evaluation = evaluation
        self.rows = rows
        self.program = program
        self.dtype = dtype
        self.options = options
        self.shares = shares
        self.stages = stages
        self.stage = stage
        self.start, self.end = stages[stage]

    def memory(self) -> DeviceMemory:
        """The memory that it needs."""
        spread = self.options.spread
        mine = self.weight_share()
        cache = self.cache()
        weights = mine.weights if spread.zero < 3 else -(-mine.weights // spread.data)
        prefill, decode = self.running(weights, cache)
        known = [each for each in (prefill, decode) if each is not None]
        found = DeviceMemory(
            tensor=spread.tensor,
            pipeline=spread.pipeline,
            data=spread.data,
            zero=spread.zero,
            stage=self.stage,
            weights_bytes=weights,
            kv_cache_bytes=cache,
            prefill_bytes=prefill,
            decode_bytes=decode,
            inference_bytes=max(known, default=None),
        )
        return found if self.options.optimizer is None else self.training(found, mine)

    # -- weights -------------------------------------------------------------------------------------

    def weight_share(self) -> WeightShare:
        """Its share of the weights of its stage, and of what training adds."""
        options = self.options
        optimizer = None if options.optimizer is None else optimizer_of(self.evaluation.model, options.optimizer)
        weights = trained = gradients = state = temporary = largest = 0
        by_call: list[int] = []
        for index in range(self.start, self.end):
            whole, before = 0, gradients
            for weight in self.rows[index].weights:
                share = self.share(index, weight)
                size = shared(self.bytes_here(weight), share)
                weights += size
                whole += size
                if optimizer is None or not weight.trainable or not size or weight.kind in ("buffer", "scale", "state"):
                    continue
                gradients += size
                trained += shared(prod(weight.shape), share)
                if is_trained(weight):
                    tensor = tensor_of(weight, options)
                    state += shared(optimizer.state(tensor), share)
                    mine = shared(optimizer.temporary(tensor), share)
                    temporary = temporary + mine if optimizer.together else max(temporary, mine)
            largest = max(largest, whole)
            by_call.append(gradients - before)
        return WeightShare(weights, trained, gradients, state, temporary, largest, by_call)

    def share(self, index: int, weight: WeightSummary) -> Fraction:
        """The share of a weight: a vector is divided if its matrix is divided by columns."""
        shares = self.shares.weights if len(weight.shape) > 1 else self.shares.biases
        return shares[index]

    def bytes_here(self, weight: WeightSummary) -> int:
        """The bytes of a weight; one that is tied to a weight of another stage is stored here as well."""
        if weight.tied_to is None:
            return weight.bytes
        owner = next((n for n, row in enumerate(self.rows) if weight.tied_to.startswith(f"{row.path}.")), None)
        if owner is None or stage_of(self.stages, owner) == self.stage:
            return 0
        return size_of(prod(weight.shape), weight.dtype)

    # -- running -------------------------------------------------------------------------------------

    def cache(self) -> int:
        """The bytes of the cache of its layers, for all sequences."""
        text = find_text(self.evaluation)
        if text is None or text.tokens is None:
            return 0
        batch = self.evaluation.inputs[min(text.inputs)].shape[0] or 1
        total = 0
        for index in range(self.start, self.end):
            for each in kept_by(self.evaluation.calls[index], text, self.dtype, self.options.kv_dtype):
                total += 0 if each is None else shared(each.size, self.shares.caches[index]) * batch
        return total

    def running(self, weights: int, cache: int) -> tuple[int | None, int | None]:
        """The peaks of a prompt and of one more token; None where a size is not known."""
        fixed = weights + cache + self.program.workspace
        found: list[int | None] = []
        tapes = (
            prefill_tape(self.evaluation, self.program, self.dtype),
            decode_tape(self.evaluation, self.program, self.dtype),
        )
        for tape in tapes:
            if tape is None:
                found.append(None)
                continue
            last = last_uses(self.evaluation, tape, self.program)
            found.append(fixed + highest(*self.own(self.divided(tape), last)).size)
        return found[0], found[1]

    def divided(self, tape: Tape) -> Tape:
        """The tape with its share of every tensor."""
        sizes = list(tape.sizes)
        for storage, made in enumerate(tape.made):
            if made >= 0:
                sizes[storage] = shared(sizes[storage], self.shares.outputs[made])
        steps = []
        for index, step in enumerate(tape.steps):
            share = min([self.shares.outputs[index], self.inner(index)])
            steps.append(replace(step, extra=shared(step.extra, share), scratch=shared(step.scratch, share)))
        return replace(tape, sizes=sizes, steps=steps)

    def inner(self, index: int) -> Fraction:
        """The share of the inner tensors of a call whose output is whole, such as experts."""
        weights = self.shares.weights[index]
        return weights if self.rows[index].type in ("Experts", "ListedExperts", "MultiheadAttention") else WHOLE

    def own(self, tape: Tape, last: Sequence[int]) -> tuple[Tape, list[int]]:
        """Its stage's part of the tape, and how long each tensor lives in it; what comes from before is an input."""
        used = {s for step in tape.steps[self.start : self.end] for s in (*step.reads, *step.makes)}
        sizes = [size if storage in used else 0 for storage, size in enumerate(tape.sizes)]
        made = [at - self.start if self.start <= at < self.end else -1 for at in tape.made]
        ends = [min(max(at - self.start, -1), self.end - self.start) for at in last]
        steps: list[Step] = tape.steps[self.start : self.end]
        return Tape(sizes, made, steps, tape.storages), ends

    # -- training ------------------------------------------------------------------------------------

    def training(self, found: DeviceMemory, mine: WeightShare) -> DeviceMemory:
        """The same with what training adds."""
        spread, options = self.options.spread, self.options
        states = mine.state + (MASTER * mine.trained if options.master_weights else 0)
        state = -(-states // spread.data) if spread.zero >= 1 else states
        gradients, step = self.gradients(mine)
        gathered = 2 * mine.largest if spread.zero == 3 else 0
        passes = self.passes([each * gradients // (mine.gradients or 1) for each in mine.by_call])
        fixed = found.weights_bytes + state + 2 * self.program.workspace + gathered
        peak = None if passes is None else fixed + max(passes, gradients + step)
        return replace(
            found,
            gradient_bytes=gradients,
            optimizer_bytes=state,
            activation_bytes=passes,
            temporary_bytes=step,
            gathered_bytes=gathered,
            training_bytes=peak,
        )

    def gradients(self, mine: WeightShare) -> tuple[int, int]:
        """The bytes of gradients, and what an optimizer step needs in addition.

        With master weights they are as DeepSpeed's estimators have them (runtime/zero/stage_1_and_2.py and stage3.py):
        those in float32 are divided, those in the model's type are whole until they have been added up; with
        `zero: 3` they are of the largest layer alone. Its optimizers are fused: a step needs nothing.
        """
        spread = self.options.spread
        part = spread.data if spread.zero >= 1 else 1
        if not self.options.master_weights:
            own = -(-mine.gradients // spread.data) if spread.zero >= 2 else mine.gradients
            return own, -(-mine.temporary // part)
        full = MASTER * mine.trained
        if spread.zero == 0:
            return mine.gradients, mine.temporary + full
        return (mine.gradients if spread.zero < 3 else 0) + -(-full // part), 0

    def passes(self, gradients: list[int]) -> int | None:
        """The peak of both passes, with these bytes of gradients of the weights of each of its calls.

        A stage of a pipeline has started as many batches as there are stages from it to the last before it goes back
        over the first (one forward, one backward: Narayanan et al. 2021, arXiv:2104.04473).
        """
        tape = record(self.evaluation, self.program, self.dtype, self.evaluation.outputs)
        if tape is None or not self.program.known:
            return None
        parts = segments_of(self.evaluation.calls) if self.options.checkpointing else []
        here = [(a - self.start, b - self.start) for a, b in parts if self.start <= a < self.end]
        last_stage = self.stage == len(self.stages) - 1
        loss = loss_of(self.evaluation, tape, self.program) if last_stage else Loss()
        loss = Loss(*[shared(size, self.shares.outputs[-1]) for size in loss])
        last = last_uses(self.evaluation, tape, self.program)
        mine, ends = self.own(self.divided(tape), last)
        walk = Backward(mine, gradients, here, tied_bytes(self.rows) if len(self.stages) == 1 else 0)
        kept = walk.kept + loss.kept
        size = max(kept + loss.forward, kept + loss.backward, walk.forward_peak(ends), walk.peak())
        return size + (len(self.stages) - self.stage - 1) * kept
