"""An evaluation → the steps of its program with the bytes that each needs: what peaks of memory are computed from.

In: calls with their shapes. Out: storages, which views share, with their sizes, and for each step what it reads, makes
and keeps for a backward pass.
"""

from collections.abc import Sequence

from msgspec import Struct

from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.layers.needs import Asked, Needs
from paramcalc.layers.programs import Program
from paramcalc.model import Ref, refs
from paramcalc.shapes import Shape, volume
from paramcalc.units import STORED_BITS, output_dtype, size_of

Shapes = Sequence[list[Shape] | None]
"""The output shapes of every producer, the inputs of the model first."""


class Step(Struct, gc=False):
    """One call on the tape; storages are numbers.

    Attributes:
        reads: the storages it reads.
        makes: those it makes; none for a view.
        keeps: those that its backward pass reads.
        extra: bytes of others that are kept for it.
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
        made: the step that makes each; -1 for an input of the model.
        steps: one a call.
        storages: of every output of every producer.
    """

    sizes: list[int]
    made: list[int]
    steps: list[Step]
    storages: list[list[int]]


def record(evaluation: Evaluation, program: Program, dtype: str | None, shapes: Shapes) -> Tape | None:
    """The tape of a program, for these shapes; None where one is not known."""
    tape = Tape([], [], [], [])
    for item, outputs in zip(evaluation.inputs, shapes, strict=False):
        kept = dtype if dtype is not None and "float" in item.dtype else item.dtype
        if not outputs or not add_storages(tape, outputs, kept, -1):
            return None
    first = len(evaluation.inputs)
    for index, call in enumerate(evaluation.calls):
        outputs = shapes[first + index]
        if outputs is None or not add_step(tape, call, program, dtype, shapes, outputs):
            return None
    return tape


def add_storages(tape: Tape, outputs: list[Shape], dtype: str, step: int) -> bool:
    """New storages for tensors of these shapes; whether all of them are known."""
    found = []
    for shape in outputs:
        count = volume(shape)
        if count is None or dtype not in STORED_BITS:
            return False
        found.append(len(tape.sizes))
        tape.sizes.append(size_of(count, dtype))
        tape.made.append(step)
    tape.storages.append(found)
    return True


def add_step(tape: Tape, call: Call, program: Program, dtype: str | None, shapes: Shapes, outputs: list[Shape]) -> bool:
    """The step of one call; whether its sizes are known."""
    read = refs(call.node)
    storages = [storage_of(tape, ref) for ref in read]
    given = [shape_of(shapes, ref) for ref in read]
    kept = output_dtype(call.dtype, call.node.instance.dtype, dtype)
    if any(volume(shape) is None for shape in (*given, *outputs)):
        return False
    instance = call.node.instance
    asked = Asked(instance.layer, given, outputs, max(1, STORED_BITS.get(kept, 32) // 8))
    needs: Needs | None = Needs()
    if instance.type == "Parameter":
        outputs = [(0,)] * len(outputs)  # the weights themselves
    else:
        trained = any(weight.trainable for weight in call.weights)
        needs = program.needs(instance.type, asked, holds_weights=bool(call.weights), trained=trained)
    if needs is None:
        return False
    number = len(tape.steps)
    if needs.view and storages:
        tape.storages.append([storages[0]] * len(outputs))
        made: list[int] = []
    else:
        if not add_storages(tape, outputs, kept, number):
            return False
        made = tape.storages[-1]
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
    """The outermost group that the reader is in and the maker is not; "" for none.

    A module's inputs live until it returns: whoever called it still has them.
    """
    here, there = reader.split("/"), maker.split("/")
    same = 0
    while same < len(here) - 1 and same < len(there) and here[same] == there[same]:
        same += 1
    return "/".join(here[: same + 1]) if same < len(here) - 1 else ""


def last_uses(evaluation: Evaluation, tape: Tape, program: Program) -> list[int]:
    """The last step in which each storage is there."""
    calls = evaluation.calls
    ends = group_ends(calls)
    last = list(tape.made)
    for index, step in enumerate(tape.steps):
        path = calls[index].node.path
        for storage in step.reads:
            maker = tape.made[storage]
            if maker < 0:  # whoever runs the model has its inputs
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
