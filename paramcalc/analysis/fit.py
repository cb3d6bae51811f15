"""Does a model fit: in which types, for how long a text, for how many sequences.

In: a model, and the bytes there are. Out: a row for each type of its weights. Every peak is computed; the largest
context and the largest batch are searched for, which takes a few steps, as peaks grow almost in proportion.
"""

from collections.abc import Callable
from functools import lru_cache
from math import prod
from typing import Any

from msgspec import Struct

from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.memory import measure_memory
from paramcalc.analysis.memory_options import MemoryOptions
from paramcalc.analysis.summarize import summarize_evaluation
from paramcalc.analysis.tape import LAST_USES
from paramcalc.collector import gc_paused
from paramcalc.errors import InputError, Problem
from paramcalc.layers.parallel import EMBEDDING
from paramcalc.limits import MAX_FITTED
from paramcalc.model import Model
from paramcalc.shapes import MAX_DIMENSION
from paramcalc.summary import LayerSummary, Memory
from paramcalc.units import size_of

USUAL_CONTEXT = 2048
"""Tokens of a text where nobody says how many."""
MOST_SEQUENCES = 1_000_000
FIRST_STEP = 63
FARTHEST = 64
"""How many times as far as it is a step may go."""
MOST_STEPS = 40
"""A search ends after these; halving alone takes 31."""

INT8_ROW = 4
INT4_BLOCK, INT4_SCALE = 64, 4
"""Bytes of the scale of a row in int8, and the elements and bytes of a block's in int4: those of bitsandbytes."""


class Asked(Struct, frozen=True):
    """What is to fit.

    Attributes:
        memory: the bytes there are, on each device.
        context: tokens of each text; None for the usual number.
        batch_size: how many texts at once.
        dtype: the only type to try; None for those that people use.
        options: how the model is run or trained.
        card: the name of the card that has the memory, if it has one.
        max_layers: how many calls of layers there may be; None for `MAX_FITTED`.
    """

    memory: int
    context: int | None = None
    batch_size: int = 1
    dtype: str | None = None
    options: MemoryOptions = MemoryOptions(memory=True)
    card: str | None = None
    max_layers: int | None = None


class FitRow(Struct, frozen=True):
    """One type of the weights.

    Attributes:
        dtype: what the weights are kept as; "int8" and "int4" are their matrices alone, computed in bfloat16.
        stored: whether that is what the file has.
        weights_bytes: on the largest device.
        per_token_bytes: what one token of one sequence adds to the cache; null where nothing is kept.
        needed_bytes: the peak for the context and the batch that were asked for.
        max_context: the longest text that fits, for one sequence; null where length is no question.
        longest: whether that is all that the model was made for.
        max_sequences: the most sequences, or samples, that fit at the context.
        fits: whether the peak does.
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
    """Whether a model fits.

    Attributes:
        memory_bytes: what there is on each device.
        gpu: the card that has it, where one was named.
        context: the tokens of each text; null for a model of something else.
        batch_size: how many texts, or samples, at once.
        training: the optimizer; null for running the model.
        devices: how many there are.
        rows: a type each.
        fits: whether one of them does.
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


@gc_paused()
def fit(model: Model, asked: Asked) -> Fit:
    """Try a model in each type.

    Raises:
        InputError: where it has too many layers, its memory is not known, or the model cannot be spread as was asked.
    """
    calls = sum([bool(node.inputs) for node in model.nodes])
    if calls > (asked.max_layers or MAX_FITTED):
        message = f"fit takes a model of at most {MAX_FITTED:,} calls of layers, this has {calls:,}"
        raise InputError(model.source, [Problem(f"{message} (--max-layers allows more)")])
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
        assumptions=ASSUMPTIONS,
    )


class Trial:
    """One model and what is asked of it; remembers each peak.

    Attributes:
        context: the tokens of each text; None for a model without any of unknown length.
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
        """The types to try, and whether each is the file's own."""
        stored = self.stored_dtype()
        if self.asked.dtype is not None:
            return [(self.asked.dtype, self.asked.dtype == stored)]
        found = [(stored, True)]
        if stored not in ("bfloat16", "float16"):
            found.append(("bfloat16", False))
        return found if self.asked.options.optimizer is not None else [*found, ("int8", False), ("int4", False)]

    def stored_dtype(self) -> str:
        """What most bytes of the weights are stored as."""
        sizes: dict[str, int] = {}
        for row in self.rows(None):
            for weight in row.weights:
                sizes[weight.dtype] = sizes.get(weight.dtype, 0) + weight.bytes
        return max(sizes, key=lambda dtype: sizes[dtype], default="float32")

    def rows_as(self, dtype: str | None) -> list[LayerSummary]:
        """The rows of the model in a type: its weights are the same for any context and any batch."""
        return summarize_evaluation(evaluate(self.model, batch_size=1, context=self.context), dtype).layers

    def measure(self, dtype: str | None, context: int | None, batch: int) -> Memory:
        """The memory of the model for so many tokens and sequences."""
        evaluation = evaluate(self.model, batch_size=batch, context=context)
        evaluation.known |= self.known
        memory = measure_memory(evaluation, self.rows(dtype), dtype, self.asked.options, brief=True)
        self.known = {key: found for key, found in evaluation.known.items() if key == LAST_USES}
        return memory

    # -- one type --------------------------------------------------------------------------------------

    def row(self, dtype: str, stored: bool) -> FitRow:
        """What there is to say of one type."""
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
        """The longest text that fits, and whether the model was made for none that is longer."""
        most = self.model.max_tokens or MAX_DIMENSION // 2
        found = largest(lambda context: need(context, 1), self.asked.memory, most, tried)
        return found, found == self.model.max_tokens

    def weights(self, memory: Memory) -> int:
        """The bytes of the weights, of the largest device."""
        return memory.weights_bytes if memory.device is None else memory.device.weights_bytes

    def needed(self, memory: Memory) -> int:
        """The peak.

        Raises:
            InputError: where it is not known.
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
    """The largest number, up to `most`, that does not need more than there is; 0 where one does.

    What is needed grows with the number. A step goes to where a straight line through the last two would meet the
    memory, and every third halves what is left: near enough to a line, the search ends after four or five.

    `tried` has numbers that another search asked for, and whose need is known therefore; those of this one are added.
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
        guess = low + (memory - at_low) * (high - low) // max(at_high - at_low, 1)
        if step % 3 == 2:
            guess = (low + high) // 2
        guess = min(max(guess, low + 1), high - 1)
        value = asked(guess)
        if value <= memory:
            low, at_low = guess, value
        else:
            high, at_high = guess, value
    return low


def beyond(need: Callable[[int], int], memory: int, most: int, low: int, at_low: int) -> tuple[int, int]:
    """A number that needs more than there is, or `most`, and what it needs: not far beyond, as counts have a limit."""
    number, value, step = low, at_low, FIRST_STEP
    while number < most and value <= memory:
        before, number = number, min(most, number + step)
        grown, value = value, need(number)
        slope = (value - grown) // (number - before)
        room = (memory - value) // slope if slope else FARTHEST * number
        step = min(max(room + 1, 1), FARTHEST * number)
    return number, value
