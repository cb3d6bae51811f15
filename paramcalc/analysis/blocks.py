"""Explains a block as the sum of its layers, part by part.

In: an evaluation and the name of a block, as a path or as a table shows it. Out: its path, its inputs and outputs, and
its parts: the layers and blocks directly inside it, consecutive equal ones as one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.errors import InputError, Problem, did_you_mean
from paramcalc.model import Ref, refs
from paramcalc.shapes import Shape


class Part(NamedTuple):
    """A part of a block: a layer or a block inside it, or several equal ones in a row.

    Attributes:
        name: its part of the path: `dense`, or `0 … 11` for several.
        type: its class, or how many layers it has.
        times: how many equal layers or blocks it stands for.
        params: of one of them.
        macs: of one of them; None where they are unknown.
    """

    name: str
    type: str
    times: int
    params: int
    macs: int | None


class Block(NamedTuple):
    """A block.

    Attributes:
        path: the prefix of the paths of its layers.
        calls: its layers.
        reads: the shapes of its inputs, from outside the block.
        hands_out: the shapes of its outputs: those that are read outside the block.
        parts: its parts, in order.
    """

    path: str
    calls: list[Call]
    reads: list[Shape | None]
    hands_out: list[Shape | None]
    parts: list[Part]


Numbers = Callable[[Call], tuple[int, int | None]]
"""The parameters and the MACs of a call."""

_SPAN = re.compile(r" (…|\.\.) .*$| [×x][\d,]+.*$", re.DOTALL)
"""The suffix by which a table names several equal blocks: `decoder/0 … 95 ×96`."""


def find_block(evaluation: Evaluation, name: str, numbers: Numbers) -> Block:
    """The block with a name.

    Raises:
        InputError: when there is none.
    """
    path = _SPAN.sub("", name).rstrip("/")
    calls = [call for call in evaluation.calls if call.node.path.startswith(path + "/")]
    if not calls:  # a table groups flat names by the words they share
        calls = [call for call in evaluation.calls if call.node.path.startswith(path + "_")]
    if not calls or not path:
        near = did_you_mean(name, [*block_names(evaluation), *[call.node.path for call in evaluation.calls]])
        raise InputError(evaluation.model.source, [Problem(f"no layer or block matches '{name[:80]}'{near}")])
    return Block(path, calls, *edges(evaluation, calls), parts_of(path, calls, numbers))


def block_names(evaluation: Evaluation) -> Iterator[str]:
    """The blocks around layers."""
    found = dict.fromkeys([call.node.path.rpartition("/")[0] for call in evaluation.calls])
    return filter(None, found)


def parts_of(path: str, calls: Sequence[Call], numbers: Numbers) -> list[Part]:
    """The layers and blocks directly inside a block, consecutive equal ones as one."""
    parts: list[Part] = []
    for name, members in groupby(calls, key=lambda call: call.node.path[len(path) + 1 :].split("/")[0]):
        part = part_of(name, list(members), numbers)
        last = parts[-1] if parts else None
        if last is not None and (last.type, last.params, last.macs) == (part.type, part.params, part.macs):
            first = last.name.partition(" … ")[0]
            part = part._replace(name=f"{first} … {name}", times=last.times + 1)
            parts.pop()
        parts.append(part)
    return parts


def part_of(name: str, calls: Sequence[Call], numbers: Numbers) -> Part:
    """One part, with its sums."""
    type_ = calls[0].node.instance.type if len(calls) == 1 else f"{len(calls):,} layers"
    found = [numbers(call) for call in calls]
    macs = [each for _, each in found if each is not None]
    return Part(name, type_, 1, sum([params for params, _ in found]), sum(macs) if len(macs) == len(found) else None)


def edges(evaluation: Evaluation, calls: Sequence[Call]) -> tuple[list[Shape | None], list[Shape | None]]:
    """The shapes that a block reads from outside, and those that are read outside or are outputs of the model."""
    model = evaluation.model
    first = len(model.inputs)
    members = {id(call.node) for call in calls}
    inside = {number for number, node in enumerate(model.nodes, first) if id(node) in members}
    reads: dict[Ref, None] = {}
    leaving: dict[Ref, None] = {}
    for number, node in enumerate(model.nodes, first):
        for ref in refs(node):
            if (ref.producer in inside) != (number in inside):
                (reads if number in inside else leaving)[ref] = None
    leaving |= {output.ref: None for output in model.outputs if output.ref.producer in inside}
    return [evaluation.shape(ref) for ref in reads], [evaluation.shape(ref) for ref in leaving]
