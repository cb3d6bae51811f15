"""The tape of a program: its steps with the bytes that each needs, from which memory peaks are computed.

In: calls with their shapes. Out: storages (shared by views) with their sizes, and what each step reads, makes and keeps
for a backward pass.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.layers.programs import Needs, Program, SizedCall
from paramcalc.model import Ref, refs
from paramcalc.shapes import Shape, volume
from paramcalc.units import STORED_BITS, output_dtype, size_of

Shapes = Sequence[list[Shape] | None]
"""The output shapes of every producer, the inputs of the model first."""


class Step(Struct, gc=False):
    """One call on the tape; storages are numbers.

    Attributes:
        reads: the storages it reads.
        makes: the storages it makes; none for a view.
        keeps: the storages that its backward pass reads.
        extra: bytes of other tensors that are kept for it.
        scratch: bytes alive inside it.
    """

    reads: list[int]
    makes: list[int]
    keeps: list[int]
    extra: int
    scratch: int


class Tape(Struct):
    """A program's steps in order.

    Attributes:
        sizes: the bytes of each storage.
        made: the step that makes each storage; -1 for an input of the model.
        steps: one per call. storages: of every output of every producer.
    """

    sizes: list[int]
    made: list[int]
    steps: list[Step]
    storages: list[list[int]]


def record(evaluation: Evaluation, program: Program, dtype: str | None, shapes: Shapes) -> Tape | None:
    """The tape of a program for these shapes; None if one of them is unknown."""
    tape = Tape([], [], [], [])
    for item, outputs in zip(evaluation.inputs, shapes, strict=False):
        kept = dtype if dtype is not None and "float" in item.dtype else item.dtype
        sizes = sizes_of(outputs or [], kept)
        if not sizes:
            return None
        tape.storages.append(add_storages(tape, sizes, -1))
    first = len(evaluation.inputs)
    costs: dict[tuple[Any, ...], Cost | None] = {}
    for index, call in enumerate(evaluation.calls):
        outputs = shapes[first + index]
        if outputs is None or not add_step(tape, call, Asking(program, dtype, shapes, costs), outputs):
            return None
    return tape


class Cost(NamedTuple):
    """The needs of one call, and the bytes of its outputs."""

    needs: Needs
    sizes: list[int]


class Asking(NamedTuple):
    """Computes the costs of calls for a tape.

    Attributes:
        costs: a cache: most calls of a deep network equal an earlier one.
    """

    program: Program
    dtype: str | None
    shapes: Shapes
    costs: dict[tuple[Any, ...], Cost | None]

    def cost(self, call: Call, given: list[Shape], outputs: list[Shape]) -> Cost | None:
        """The cost of a call; None if it is unknown."""
        instance = call.node.instance
        kind = id(instance.layer), instance.type, instance.dtype, call.dtype, id(call.weights)
        key = *kind, *given, None, *outputs
        if key not in self.costs:
            self.costs[key] = cost_of(call, self.program, self.dtype, given, outputs)
        return self.costs[key]


def add_storages(tape: Tape, sizes: list[int], step: int) -> list[int]:
    """New storages for tensors of these sizes."""
    first = len(tape.sizes)
    tape.sizes += sizes
    tape.made += [step] * len(sizes)
    return [*range(first, len(tape.sizes))]


def sizes_of(outputs: list[Shape], dtype: str) -> list[int] | None:
    """The bytes of tensors of these shapes; None if one is unknown."""
    counts = [volume(shape) for shape in outputs]
    known = [size_of(count, dtype) for count in counts if count is not None]
    return known if len(known) == len(counts) and (dtype in STORED_BITS or not counts) else None


def cost_of(call: Call, program: Program, dtype: str | None, given: list[Shape], outputs: list[Shape]) -> Cost | None:
    """The cost of a call with these shapes; None if a size, or what it keeps, is unknown."""
    instance = call.node.instance
    kept = output_dtype(call.dtype, instance.dtype, dtype)
    if any(volume(shape) is None for shape in (*given, *outputs)):
        return None
    asked = SizedCall(instance.layer, given, outputs, max(1, STORED_BITS.get(kept, 32) // 8))
    needs: Needs | None = Needs()
    if instance.type == "Parameter":
        outputs = [(0,)] * len(outputs)  # the weights themselves
    else:
        trained = any(weight.trainable for weight in call.weights)
        needs = program.needs(instance.type, asked, holds_weights=bool(call.weights), trained=trained)
    if needs is None:
        return None
    sizes = [0] * len(outputs) if needs.view and given else sizes_of(outputs, kept)
    return None if sizes is None else Cost(needs, sizes)


def add_step(tape: Tape, call: Call, asking: Asking, outputs: list[Shape]) -> bool:
    """Add the step of one call; return whether its sizes are known."""
    read = refs(call.node)
    storages = [tape.storages[ref.producer][ref.output] for ref in read]
    cost = asking.cost(call, [shape_of(asking.shapes, ref) for ref in read], outputs)
    if cost is None:
        return False
    needs = cost.needs
    if needs.view and storages:
        tape.storages.append([storages[0]] * len(outputs))
        made: list[int] = []
    else:
        made = add_storages(tape, cost.sizes, len(tape.steps))
        tape.storages.append(made)
    keeps = list(dict.fromkeys([*storages[: needs.inputs], *(made if needs.output else ())]))
    tape.steps.append(Step(storages, made, keeps, needs.extra, needs.scratch))
    return True


def storage_of(tape: Tape, ref: Ref) -> int:
    """The storage of a tensor."""
    return tape.storages[ref.producer][ref.output]


def shape_of(shapes: Shapes, ref: Ref) -> Shape:
    """The shape of a tensor."""
    outputs = shapes[ref.producer]
    return (None,) if outputs is None else outputs[ref.output]


def group_ends(calls: Sequence[Call]) -> dict[str, int]:
    """For each group of calls, such as `model/layers/3`, the last step in it."""
    ends: dict[str, int] = {}
    for index, call in enumerate(calls):
        path = call.node.path
        at = path.find("/")
        while at >= 0:
            ends[path[:at]] = index
            at = path.find("/", at + 1)
    return ends


def entered(reader: str, maker: str) -> str:
    """The outermost group that contains the reader but not the maker; "" for none.

    A module's inputs live until it returns, because its caller still has them.
    """
    here, there = reader.split("/"), maker.split("/")
    same = 0
    while same < len(here) - 1 and same < len(there) and here[same] == there[same]:
        same += 1
    return "/".join(here[: same + 1]) if same < len(here) - 1 else ""


LAST_USES = "last uses"
"""The key of these steps in `Evaluation.known`."""


def last_uses(evaluation: Evaluation, tape: Tape, program: Program) -> list[int]:
    """The last step in which each storage is alive.

    That depends on readers and views but not on sizes: it is mostly the same for a prompt and a token.
    """
    structure = program.known, program.language_model, tape.made, tape.storages, [step.reads for step in tape.steps]
    before, last = evaluation.known.get(LAST_USES, (None, []))
    if structure != before:
        last = find_last_uses(evaluation, tape, program)
        evaluation.known[LAST_USES] = structure, last
    return [*last]


def find_last_uses(evaluation: Evaluation, tape: Tape, program: Program) -> list[int]:
    """The same, computed anew."""
    calls = evaluation.calls
    ends = group_ends(calls)
    last = list(tape.made)
    for index, step in enumerate(tape.steps):
        path = calls[index].node.path
        for storage in step.reads:
            maker = tape.made[storage]
            if maker < 0:  # the caller keeps the inputs
                last[storage] = len(tape.steps)
                continue
            group = entered(path, calls[maker].node.path) if program.known else ""
            last[storage] = max(last[storage], index, ends.get(group, index))
        if program.language_model and calls[index].node.instance.type == "Embedding":
            for storage in step.makes:
                last[storage] = max(last[storage], ends.get(path.rpartition("/")[0], index))
    for output in evaluation.model.outputs:
        last[storage_of(tape, output.ref)] = len(tape.steps)
    return last
