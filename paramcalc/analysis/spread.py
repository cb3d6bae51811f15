"""How a model is spread over devices: which tensors are divided, and which calls each device runs.

In: an evaluation, and the number of devices. Out: each call's share of its weights, output and cache; and the stages of
a pipeline. What cannot be divided evenly is an error.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from paramcalc.analysis.backward import segments_of
from paramcalc.analysis.calls import Call, Evaluation, failure
from paramcalc.errors import InputError, Problem, listed
from paramcalc.layers.parallel import ATTENTION, BY_PART, EMBEDDING, MATRICES, NORMS, WHOLE_INSIDE
from paramcalc.model import formula_refs, label_of

WHOLE = Fraction(1)


class Shares(NamedTuple):
    """The shares of one device in a tensor-parallel group, by call.

    Attributes:
        weights: the share of its matrices.
        biases: that of its vectors.
        outputs: that of its output.
        caches: that of its cache.
    """

    weights: list[Fraction]
    biases: list[Fraction]
    outputs: list[Fraction]
    caches: list[Fraction]


class TensorParallel:
    """Finds the shares of one device; used once."""

    def __init__(self, evaluation: Evaluation, devices: int) -> None:
        self.evaluation = evaluation
        self.calls = evaluation.calls
        self.first = len(evaluation.inputs)
        self.part = Fraction(1, devices)
        self.devices = devices
        self.readers: list[list[int]] = [[] for _ in range(self.first + len(self.calls))]
        for index, call in enumerate(self.calls):
            for ref in formula_refs(call.node):
                self.readers[ref.producer].append(index)
        self.ends = {output.ref.producer for output in evaluation.model.outputs}
        self.accepted: dict[int, bool] = {}
        self.outputs = [WHOLE] * (self.first + len(self.calls))

    def shares(self) -> Shares:
        """The shares of every call.

        Raises:
            InputError: where heads cannot be divided evenly, or nothing can be divided at all.
        """
        found = [self.call(index) for index in range(len(self.calls))]
        weights, biases, caches = (list(each) for each in zip(*found, strict=True))
        if self.devices > 1 and not self.divides(weights):
            known = listed(sorted(MATRICES | WHOLE_INSIDE))
            message = f"no matrix of this model can be divided over {self.devices} devices, as those of {known} can"
            raise failure(self.evaluation.model, [Problem(message)])
        self.repeat_keys(weights, biases)
        return Shares(weights, biases, self.outputs[self.first :], caches)

    def call(self, index: int) -> tuple[Fraction, Fraction, Fraction]:
        """The shares of one call's matrices, vectors and cache; the share of its output is recorded."""
        call = self.calls[index]
        type_ = call.node.instance.type
        read = min([self.outputs[ref.producer] for ref in formula_refs(call.node)], default=WHOLE)
        if type_ == EMBEDDING:
            part = self.part if self.is_largest(index) else WHOLE
            return part, WHOLE, WHOLE
        if type_ in WHOLE_INSIDE:
            return self.part, WHOLE, WHOLE
        if type_ in MATRICES:
            if read < WHOLE:
                return self.part, WHOLE, WHOLE
            if self.devices > 1 and self.accepts(self.first + index):
                self.outputs[self.first + index] = self.part
                return self.part, self.part, WHOLE
            return WHOLE, WHOLE, WHOLE
        if type_ == ATTENTION and read < WHOLE:
            self.outputs[self.first + index] = self.part
            return WHOLE, WHOLE, Fraction(1, self.key_groups(call))
        if read < WHOLE and (type_ in BY_PART or type_ in NORMS):
            self.outputs[self.first + index] = self.part
            share = self.part if type_ in BY_PART else WHOLE
            return share, share, share
        return WHOLE, WHOLE, WHOLE

    def divides(self, weights: list[Fraction]) -> bool:
        """Whether a device has a part of any matrix, besides that of the vocabulary."""
        types = [call.node.instance.type for call in self.calls]
        return any(share < WHOLE and type_ != EMBEDDING for share, type_ in zip(weights, types, strict=True))

    def is_largest(self, index: int) -> bool:
        """Whether an embedding is that of the vocabulary: the largest in the model."""
        sizes = [
            max([weight.params for weight in call.weights], default=0)
            for call in self.calls
            if call.node.instance.type == EMBEDDING
        ]
        return max([weight.params for weight in self.calls[index].weights], default=0) == max(sizes)

    def accepts(self, producer: int) -> bool:
        """Whether all readers of a tensor can work on a part of its features."""
        if producer not in self.accepted:
            self.accepted[producer] = False  # a graph has no cycles; this ends the search even so
            readers = self.readers[producer]
            self.accepted[producer] = bool(readers or producer in self.ends) and all(map(self.takes_part, readers))
        return self.accepted[producer]

    def takes_part(self, index: int) -> bool:
        """Whether a call can work on a part of the features of its input."""
        call = self.calls[index]
        type_ = call.node.instance.type
        if type_ in MATRICES or type_ == ATTENTION:
            return True
        if type_ in NORMS:
            shape = call.inputs[0]
            return shape is not None and len(shape) == 4 and self.accepts(self.first + index)
        return type_ in BY_PART and self.accepts(self.first + index)

    def key_groups(self, call: Call) -> int:
        """The number of devices that the key heads are divided over: no more than there are heads.

        Raises:
            InputError: when the heads of queries or of keys cannot be divided evenly.
        """
        heads = getattr(call.node.instance.layer, "heads", 1)
        keys = getattr(call.node.instance.layer, "kv_heads", None) or heads
        groups = min(keys, self.devices)
        if heads % self.devices or keys % groups or self.devices % groups:
            message = f"{heads} heads with {keys} of keys cannot be divided evenly over {self.devices} devices"
            raise failure(self.evaluation.model, [Problem(message, call.node.where, label_of(call.node))])
        return groups

    def repeat_keys(self, weights: list[Fraction], biases: list[Fraction]) -> None:
        """Where there are fewer key heads than devices, each device has the matrices of one whole head."""
        for number, call in enumerate(self.calls):
            refs = call.node.inputs
            if call.node.instance.type != ATTENTION or self.outputs[self.first + number] == WHOLE:
                continue
            heads = getattr(call.node.instance.layer, "heads", 1)
            keys = getattr(call.node.instance.layer, "kv_heads", None) or heads
            share = Fraction(1, self.key_groups(call))
            if share == self.part:
                continue
            if len(refs) == 1:  # queries, keys and values in one matrix
                share = (heads * self.part + 2 * keys * share) / (heads + 2 * keys)
            for ref in refs[1:] or refs:
                index = None if ref is None else self.matrix_before(ref.producer)
                if index is not None:
                    weights[index] = biases[index] = self.outputs[self.first + index] = share

    def matrix_before(self, producer: int) -> int | None:
        """The call of the matrix product that keys or values come from."""
        while producer >= self.first:
            call = self.calls[producer - self.first]
            if call.node.instance.type in MATRICES:
                return producer - self.first
            refs = formula_refs(call.node)
            if not refs:
                return None
            producer = refs[0].producer
        return None


def stages_of(evaluation: Evaluation, count: int) -> list[tuple[int, int]]:
    """The calls of each pipeline stage, as (start, end): the blocks of the stack are divided evenly, in order.

    Calls before the stack belong to the first stage, those after it to the last.

    Raises:
        InputError: when there are fewer blocks than stages.
    """
    parts = segments_of(evaluation.calls)
    if count == 1:
        return [(0, len(evaluation.calls))]
    if len(parts) < count:
        message = f"a stack of {len(parts)} layers cannot be a pipeline of {count} stages"
        raise InputError(evaluation.model.source, [Problem(message)])
    starts = [0, *[parts[dealt(len(parts), count, stage)][0] for stage in range(1, count)]]
    return list(zip(starts, [*starts[1:], len(evaluation.calls)], strict=True))


def dealt(parts: int, stages: int, stage: int) -> int:
    """The first block of a stage: the first stages have one more if the division is not even."""
    each, more = divmod(parts, stages)
    return stage * each + min(stage, more)


def shared(size: int, share: Fraction) -> int:
    """The bytes of a share, rounded up."""
    return -(-size * share.numerator // share.denominator)


def stage_of(stages: Sequence[tuple[int, int]], index: int) -> int:
    """The stage that a call is in."""
    return next(number for number, (start, end) in enumerate(stages) if start <= index < end)
