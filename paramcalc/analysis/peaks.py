"""The peak memory of inference, apart from weights: for a prompt, and for one more token.

In: an evaluation, and the rules of its program. Out: the bytes of activations, working space and caches.
"""

from collections.abc import Sequence
from math import prod
from typing import NamedTuple

from paramcalc.analysis.cache import cache_dtype
from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.analysis.decoding import Step as TokenStep
from paramcalc.analysis.decoding import find_text
from paramcalc.analysis.tape import Shapes, Tape, last_uses, record
from paramcalc.layers.programs import Program
from paramcalc.units import size_of


class Peak(NamedTuple):
    """The most bytes alive at once, and the step of that peak, counted from 0."""

    size: int
    step: int


def highest(tape: Tape, last: Sequence[int], extra: Sequence[int] = ()) -> Peak:
    """The peak of a program that keeps nothing for a backward pass; `extra` is added to the needs of single steps."""
    ends: list[list[int]] = [[] for _ in range(len(tape.steps) + 2)]
    alive = 0
    for storage, size in enumerate(tape.sizes):
        ends[min(last[storage] + 1, len(tape.steps) + 1)].append(size)
        alive += size if tape.made[storage] < 0 else 0
    best = Peak(alive, 0)
    for index, step in enumerate(tape.steps):
        alive += sum([tape.sizes[storage] for storage in step.makes]) - sum(ends[index])
        size = alive + step.scratch + (extra[index] if extra else 0)
        best = max(best, Peak(size, index))
    return best


def prefill_peak(evaluation: Evaluation, program: Program, dtype: str | None) -> Peak | None:
    """The peak of activations and working space for the whole prompt; None where a size is not known."""
    tape = prefill_tape(evaluation, program, dtype)
    return None if tape is None else highest(tape, last_uses(evaluation, tape, program))


def prefill_tape(evaluation: Evaluation, program: Program, dtype: str | None) -> Tape | None:
    """The tape of the whole prompt."""
    key = "prompt", id(program), dtype
    if key not in evaluation.known:
        outputs = evaluation.outputs
        shapes = with_last_token(evaluation, outputs) if program.last_logits else outputs
        tape = record(evaluation, program, dtype, shapes)
        evaluation.known[key] = program, tape  # the program is kept, so that no other can get its id
    found: Tape | None = evaluation.known[key][1]
    return found


def decode_tape(evaluation: Evaluation, program: Program, dtype: str | None) -> Tape | None:
    """The tape of one more token; None without a cache, or if a size is unknown."""
    text = find_text(evaluation)
    if text is None or text.tokens is None:
        return None
    step = TokenStep(evaluation, text)
    for call in evaluation.calls:
        step.call(call)
    return record(evaluation, program, dtype, step.shapes)


def with_last_token(evaluation: Evaluation, shapes: Shapes) -> Shapes:
    """The same shapes, with the outputs reduced to the last token."""
    text = find_text(evaluation)
    found = list(shapes)
    for output in evaluation.model.outputs:
        outputs = found[output.ref.producer]
        if text is not None and outputs is not None and output.ref.producer >= len(evaluation.inputs):
            found[output.ref.producer] = [
                (shape[0], 1, *shape[2:]) if len(shape) == 3 and shape[1] == text.tokens else shape for shape in outputs
            ]
    return found


def decode_peak(evaluation: Evaluation, program: Program, dtype: str | None, kv_dtype: str | None) -> Peak | None:
    """The peak for one more token; None where a size is not known.

    A cache grows by copying: the old keys of a layer stay until the new ones are complete.
    """
    text, tape = find_text(evaluation), decode_tape(evaluation, program, dtype)
    if text is None or tape is None:
        return None
    batch = evaluation.inputs[min(text.inputs)].shape[0] or 1
    grown = [largest_cache(call, dtype, kv_dtype) * batch for call in evaluation.calls]
    found = highest(tape, last_uses(evaluation, tape, program), grown)
    return found._replace(size=found.size + outputs_before(evaluation, program, dtype))


def outputs_before(evaluation: Evaluation, program: Program, dtype: str | None) -> int:
    """The bytes of the outputs for the prompt, which the caller still has when the next token is computed."""
    tape = prefill_tape(evaluation, program, dtype)
    outputs = evaluation.model.outputs
    return 0 if tape is None else sum([tape.sizes[tape.storages[x.ref.producer][x.ref.output]] for x in outputs])


def largest_cache(call: Call, dtype: str | None, kv_dtype: str | None) -> int:
    """The bytes of the largest growing tensor in a layer's cache, for one sequence."""
    sizes = [0]
    for cache in call.cache:
        if not cache.fixed and cache.tokens is not None:
            tokens = min(cache.tokens, cache.most or cache.tokens)
            stored = cache_dtype(cache, call.node.instance.dtype, dtype, kv_dtype)
            sizes.append(size_of(prod([size or 0 for _, size in cache.factors]) * tokens, stored))
    return max(sizes)


class Windows(NamedTuple):
    """What full attention windows take beyond the cache, for one sequence.

    Attributes:
        rest: the rest of the prompt: until that layer's next token, its cache is a view of the keys of the whole
            prompt.
        mask: a byte for each query and key, if a window is shorter than the prompt.
    """

    rest: int
    mask: int


def full_windows(evaluation: Evaluation, dtype: str | None, kv_dtype: str | None) -> Windows:
    """What the windows that a prompt fills take."""
    rest = longest = 0
    for call in evaluation.calls:
        for cache in call.cache:
            tokens = cache.tokens or 0
            if cache.most is not None and not cache.fixed and tokens > cache.most:
                count = prod([size or 0 for _, size in cache.factors]) * (tokens - cache.most)
                rest += size_of(count, cache_dtype(cache, call.node.instance.dtype, dtype, kv_dtype))
                longest = max(longest, tokens)
    return Windows(rest, longest * longest)
