"""Whether a model fits into a memory: in which dtypes, with which context, for how many sequences.

In: a model and the bytes available. Out: a row for each dtype of its weights. Every peak is computed exactly; the
largest context and the largest batch are found by a search, which takes a handful of steps because peaks grow almost
linearly.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache
from math import prod
from typing import Any

from msgspec import Struct

from paramcalc.analysis.assumptions import Assumption, with_batch
from paramcalc.analysis.calls import Evaluation
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.memory import measure_memory
from paramcalc.analysis.memory_options import MemoryOptions
from paramcalc.analysis.summarize import summarize_evaluation
from paramcalc.analysis.tape import LAST_USES
from paramcalc.collector import gc_paused
from paramcalc.errors import InputError, Problem, listed
from paramcalc.layers.parallel import EMBEDDING
from paramcalc.limits import MAX_FITTED
from paramcalc.model import Model
from paramcalc.shapes import MAX_DIMENSION
from paramcalc.summary import LayerSummary, Memory
from paramcalc.units import size_of

USUAL_CONTEXT = 2048
"""The context in tokens, if none is given."""
MOST_SEQUENCES = 1_000_000
FIRST_STEP = 63
FARTHEST = 64
"""The factor by which one step of the search may grow."""
MOST_STEPS = 40
"""The most steps of a search; bisection alone takes 31."""

INT8_ROW = 4
INT4_BLOCK, INT4_SCALE = 64, 4
"""Bytes of the scale of a row in int8, and the elements and bytes of a block's in int4: those of bitsandbytes."""


class Asked(Struct, frozen=True):
    """What has to fit.

    Attributes:
        memory: the bytes available on each device.
        context: tokens per sequence; None for the usual number.
        batch_size: how many sequences at once.
        dtype: the only dtype to try; None for the common ones.
        options: how the model is run or trained.
        card: the name of the card with this memory, if one was named.
        max_layers: how many calls of layers there may be; None for `MAX_FITTED`.
        assume: what layers that cannot be computed give and hold, by path, class or a glob; shapes without the batch.
    """

    memory: int
    context: int | None = None
    batch_size: int = 1
    dtype: str | None = None
    options: MemoryOptions = MemoryOptions(memory=True)
    card: str | None = None
    max_layers: int | None = None
    assume: Mapping[str, Assumption] = {}


class FitRow(Struct, frozen=True):
    """The result for one dtype of the weights.

    Attributes:
        dtype: the dtype of the weights; "int8" and "int4" apply only to matrices, which are computed in bfloat16.
        stored: whether that is the dtype in the file.
        weights_bytes: on the largest device.
        per_token_bytes: what one token of one sequence adds to the cache; null without a cache.
        needed_bytes: the peak at the requested context and batch.
        max_context: the longest context that fits, for one sequence; null for a model without one.
        longest: whether that is the longest context the model was made for.
        max_sequences: the most sequences, or samples, that fit at the requested context.
        fits: whether the peak fits.
    """

    dtype: str
    stored: bool
    weights_bytes: int
    per_token_bytes: int | None
    needed_bytes: int
    max_context: int | None
    longest: bool
    max_sequences: int
    fits: bool


class Fit(Struct):
    """Whether a model fits, and how.

    Attributes:
        memory_bytes: the bytes available on each device.
        gpu: the card with this memory, if one was named.
        context: tokens per sequence; null for a model that does not read text.
        batch_size: how many sequences, or samples, at once.
        training: the optimizer; null for inference.
        devices: how many devices there are.
        rows: one per dtype.
        fits: whether one of the rows fits.
        assumptions: what the numbers assume.
    """

    name: str
    source: str
    memory_bytes: int
    gpu: str | None
    context: int | None
    batch_size: int
    training: str | None
    devices: int
    rows: list[FitRow]
    fits: bool
    assumptions: list[str]


ASSUMPTIONS = [
    "peaks are those of `summary --memory`; the context of the driver, some hundred MiB, is not counted, nor fragments",
    "int8 and int4: matrices but for embeddings and the head, with a float32 scale for each row, or each 64 elements; "
    "the rest, the cache and all that is computed are in bfloat16",
]


WEIGHTS_ALONE = (
    "the file holds weights alone: what running the model needs beside them is not known, and not counted; an "
    "architecture gives it, with --weights for these"
)


@gc_paused()
def fit(model: Model, asked: Asked) -> Fit:
    """Try a model in each dtype.

    Raises:
        InputError: if the model has too many layers, cannot be spread as requested, or needs an unknown amount of
        memory.
    """
    calls = sum([bool(node.inputs) for node in model.nodes])
    if calls > (asked.max_layers or MAX_FITTED):
        message = f"fit takes a model of at most {MAX_FITTED:,} calls of layers, this has {calls:,}"
        raise InputError(model.source, [Problem(f"{message} (--max-layers allows more)")])
    if model.unknown or model.stated:
        what = listed(model.unknown[:3]) or "its weights"
        raise InputError(model.source, [Problem(f"{what} cannot be known, and so what it needs is not")])
    trial = Trial(model, asked)
    rows = [trial.row(dtype, stored) for dtype, stored in trial.types()]
    spread = asked.options.spread
    return Fit(
        name=model.name,
        source=model.source,
        memory_bytes=asked.memory,
        gpu=asked.card,
        context=trial.context,
        batch_size=asked.batch_size,
        training=asked.options.optimizer,
        devices=spread.devices,
        rows=rows,
        fits=any(row.fits for row in rows),
        assumptions=ASSUMPTIONS if model.framework is not None else [WEIGHTS_ALONE, *ASSUMPTIONS],
    )


class Trial:
    """One model and what is asked of it; caches every peak.

    Attributes:
        context: tokens per sequence; None for a model without sequences of unknown length.
    """

    def __init__(self, model: Model, asked: Asked) -> None:
        self.model = model
        self.asked = asked
        self.has_text = any(len(item.shape) in (2, 3) and item.shape[1] is None for item in model.inputs)
        self.context = asked.context
        if self.has_text and asked.context is None:
            self.context = min(USUAL_CONTEXT, model.max_tokens or USUAL_CONTEXT)
        self.measured = lru_cache(maxsize=None)(self.measure)
        self.rows = lru_cache(maxsize=2)(self.rows_as)
        self.known: dict[Any, Any] = {}
        self.tried: dict[tuple[str | None, str], list[int]] = {}

    def types(self) -> list[tuple[str, bool]]:
        """The dtypes to try, and whether each is the file's own."""
        stored = self.stored_dtype()
        if self.asked.dtype is not None:
            return [(self.asked.dtype, self.asked.dtype == stored)]
        found = [(stored, True)]
        if stored not in ("bfloat16", "float16"):
            found.append(("bfloat16", False))
        return found if self.asked.options.optimizer is not None else [*found, ("int8", False), ("int4", False)]

    def stored_dtype(self) -> str:
        """The dtype that most bytes of the weights are stored in."""
        sizes: dict[str, int] = {}
        for row in self.rows(None):
            for weight in row.weights:
                sizes[weight.dtype] = sizes.get(weight.dtype, 0) + weight.bytes
        return max(sizes, key=lambda dtype: sizes[dtype], default="float32")

    def rows_as(self, dtype: str | None) -> list[LayerSummary]:
        """The summary's rows with the weights in a dtype: they are the same for every context and batch."""
        evaluation = self.evaluated(self.context, 1)
        if evaluation.contradictions:  # nothing can be judged by such numbers
            raise InputError(self.model.source, [found.problem for found in evaluation.contradictions])
        return summarize_evaluation(evaluation, dtype).layers

    def evaluated(self, context: int | None, batch: int) -> Evaluation:
        """The model on so many sequences of so many tokens."""
        assume = {name: with_batch(said, (batch,)) for name, said in self.asked.assume.items()}
        return evaluate(self.model, batch_size=batch, context=context, assume=assume)

    def measure(self, dtype: str | None, context: int | None, batch: int) -> Memory:
        """The memory of the model for so many tokens and sequences."""
        evaluation = self.evaluated(context, batch)
        evaluation.known |= self.known
        memory = measure_memory(evaluation, self.rows(dtype), dtype, self.asked.options, brief=True)
        self.known = {key: found for key, found in evaluation.known.items() if key == LAST_USES}
        return memory

    # -- one dtype --------------------------------------------------------------------------------------

    def row(self, dtype: str, stored: bool) -> FitRow:
        """The result for one dtype."""
        computed = None if stored else "bfloat16" if dtype in ("int8", "int4") else dtype
        memory = self.measured(computed, self.context, self.asked.batch_size)
        weights = self.weights(memory)
        saved = 0
        if dtype in ("int8", "int4") and not stored:
            quantised = (
                weights * quantised_bytes(self.model, self.rows(computed), dtype) // max(memory.weights_bytes, 1)
            )
            saved = weights - quantised

        def need(context: int | None, batch: int) -> int:
            return self.needed(self.measured(computed, context, batch)) - saved

        needed = need(self.context, self.asked.batch_size)
        contexts, batches = self.tried.setdefault((computed, "contexts"), []), self.tried.setdefault((computed, ""), [])
        longest, whole = self.longest(need, contexts) if self.has_text else (None, False)
        return FitRow(
            dtype=dtype,
            stored=stored,
            weights_bytes=weights - saved,
            per_token_bytes=None if memory.kv_cache is None else memory.kv_cache.per_token_bytes,
            needed_bytes=needed,
            max_context=longest,
            longest=whole,
            max_sequences=largest(lambda batch: need(self.context, batch), self.asked.memory, MOST_SEQUENCES, batches),
            fits=needed <= self.asked.memory,
        )

    def longest(self, need: Callable[[int | None, int], int], tried: list[int]) -> tuple[int, bool]:
        """The longest context that fits, and whether it is the longest that the model was made for."""
        most = self.model.max_tokens or MAX_DIMENSION // 2
        found = largest(lambda context: need(context, 1), self.asked.memory, most, tried)
        return found, found == self.model.max_tokens

    def weights(self, memory: Memory) -> int:
        """The bytes of the weights on the largest device."""
        return memory.weights_bytes if memory.device is None else memory.device.weights_bytes

    def needed(self, memory: Memory) -> int:
        """The peak in bytes.

        Raises:
            InputError: if it is unknown.
        """
        if self.asked.options.optimizer is None:
            found = memory.inference_bytes if memory.device is None else memory.device.inference_bytes
            if found is None and self.model.framework is None:
                found = memory.weights_bytes  # a file of weights alone
        else:
            training = None if memory.training is None else memory.training.peak_bytes
            found = training if memory.device is None else memory.device.training_bytes
        if found is None:
            message = "its memory is not known, as a dimension is not: --input NAME=… or --context N gives it"
            if memory.activation_bytes is not None:
                message = "its memory is not known: what a module of its own keeps for the backward pass is not"
            raise InputError(self.model.source, [Problem(message)])
        return found


def quantised_bytes(model: Model, rows: list[LayerSummary], dtype: str) -> int:
    """The bytes of all weights with the matrices in int8 or int4."""
    ends = {model.nodes[output.ref.producer - len(model.inputs)].path for output in model.outputs}
    tied = {weight.tied_to for row in rows for weight in row.weights if weight.tied_to}
    total = 0
    for row in rows:
        left = row.type == EMBEDDING or row.path in ends
        for weight in row.weights:
            is_matrix = weight.kind == "weight" and len(weight.shape) > 1 and weight.bytes > 0
            if left or not is_matrix or f"{row.path}.{weight.name}" in tied:
                total += weight.bytes
            else:
                total += matrix_bytes(weight.shape, dtype)
    return total


def matrix_bytes(shape: tuple[int, ...], dtype: str) -> int:
    """The bytes of one matrix, or a stack of them, with its scales."""
    count = prod(shape)
    scales = INT8_ROW * prod(shape[:-1]) if dtype == "int8" else INT4_SCALE * -(-count // INT4_BLOCK)
    return size_of(count, dtype) + scales


def largest(need: Callable[[int], int], memory: int, most: int, tried: list[int] | None = None) -> int:
    """The largest number up to `most` that needs no more than the memory available; 0 if even 1 needs more.

    The need grows with the number. A step goes where the line through the last two points would reach the memory, and
    every third step bisects instead: peaks are nearly linear, so four or five steps are enough. `tried` lists numbers
    that another search measured, and whose need is therefore cached; those measured here are added.
    """
    tried = [] if tried is None else tried

    def asked(number: int) -> int:
        tried.append(number)
        return need(number)

    low, at_low = 1, asked(1)
    if at_low > memory:
        return 0
    for number in sorted(set(tried)):
        if need(number) <= memory:
            low, at_low = number, need(number)
    above = [number for number in tried if number > low]
    high = min(above, default=0)
    high, at_high = (high, need(high)) if high else beyond(asked, memory, most, low, at_low)
    if at_high <= memory:
        return high
    for step in range(MOST_STEPS):
        if high - low <= 1:
            break
        number = low + (memory - at_low) * (high - low) // max(at_high - at_low, 1)
        if step % 3 == 2:
            number = (low + high) // 2
        number = min(max(number, low + 1), high - 1)
        value = asked(number)
        if value <= memory:
            low, at_low = number, value
        else:
            high, at_high = number, value
    return low


def beyond(need: Callable[[int], int], memory: int, most: int, low: int, at_low: int) -> tuple[int, int]:
    """A number that needs too much, or `most`, with its need; not far beyond the answer, as counts have a limit."""
    number, value, step = low, at_low, FIRST_STEP
    while number < most and value <= memory:
        before, number = number, min(most, number + step)
        grown, value = value, need(number)
        slope = (value - grown) // (number - before)
        room = (memory - value) // slope if slope else FARTHEST * number
        step = min(max(room + 1, 1), FARTHEST * number)
    return number, value
