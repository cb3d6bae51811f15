"""The memory of a model: its weights, its activations, the peak while it runs, and training.

Each number makes assumptions; `ASSUMPTIONS` names them, and is part of the result.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from paramcalc.analysis.arena import folded
from paramcalc.analysis.cache import keeps_unknown, measure_cache
from paramcalc.analysis.calls import Call, Evaluation, failure
from paramcalc.analysis.memory_options import MemoryOptions
from paramcalc.analysis.peaks import Peak, decode_peak, full_windows, prefill_peak
from paramcalc.analysis.training import measure_training
from paramcalc.errors import Problem
from paramcalc.layers.programs import Program, program_of
from paramcalc.model import Input, Ref, refs
from paramcalc.shapes import MAX_COUNT, Shape, volume
from paramcalc.summary import DeviceMemory, KVCache, LayerSummary, Memory
from paramcalc.units import STORED_BITS, output_dtype, size_of

DTYPES = ("float32", "float16", "bfloat16", "float8", "int8", "int4")
"""The dtypes that weights are commonly stored in."""

ASSUMPTIONS = {
    "weights_as": "every weight in this type, tied and shared ones once; int4 packs two in a byte; no scales added",
    "activation_bytes": "the inputs and every output of every layer, in the dtype it is computed in, all at once",
    "peak_bytes": "layers run one after the other in the order listed; a tensor lives from the layer that makes it "
    "to the last one that reads it, inputs from the start, outputs to the end; nothing is computed in place and no "
    "layer needs working space",
    "arena_bytes": "peak_bytes, but a normalisation by fixed statistics and a ReLU are parts of the layer that feeds "
    "them, and what only training uses is left out, as converters for microcontrollers have it; an interpreter's own "
    "bookkeeping is not counted",
    "inference_bytes": "the larger of prefill_bytes and decode_bytes, where there is a context; else the weights and "
    "the peak, of a model whose program is known with its working space, and 32 MiB for the library of matrix "
    "products",
    "kv_cache": "what each layer keeps of the tokens so far, for every sequence of the batch: no padding, no blocks, "
    "nothing reserved ahead",
    "prefill_bytes": "the weights, the cache of the whole prompt, and the most activations alive at once: logits of "
    "the last token alone, no mask but for a window that is full, no matrix of scores where a fused kernel does "
    "without, and 32 MiB for the library of matrix products (an H100's; 8 MiB on other cards); fragments are not "
    "counted",
    "decode_bytes": "the same for one more token: a layer's keys are there twice while the new one is added",
    "training": "a gradient for each trainable weight, in its type; the optimizer's state as the model's framework "
    "keeps it, a few scalars aside, with what a step of it needs; what each layer keeps for the backward pass, of "
    "a language model with the logarithms of its probabilities in float32; no dropout that the file does not say",
}


ANYTHING = MemoryOptions(memory=True)


class Alive(Struct, frozen=True):
    """The most bytes of activations that are alive at once, and at which call; None where a size is not known.

    Attributes:
        peak: where every call has its output.
        arena: the same with layers fused, as an interpreter on a microcontroller runs them.
    """

    peak: int | None = None
    peak_at: str | None = None
    arena: int | None = None
    arena_at: str | None = None


def alive_at_once(evaluation: Evaluation, sizes: list[list[int]]) -> Alive:
    """Both peaks, for tensors of these sizes."""
    first, tensors = len(evaluation.inputs), uses(evaluation)
    best, step = highest_of(evaluation, sizes)
    arena, arena_step = peak(*folded(evaluation, sizes, *tensors), first=first)
    return Alive(best, path_of(evaluation, step), arena, path_of(evaluation, arena_step))


def highest_of(evaluation: Evaluation, sizes: list[list[int]]) -> tuple[int, int]:
    """The peak for tensors of these sizes, and its step."""
    return peak(sizes, *uses(evaluation), first=len(evaluation.inputs))


def measure_memory(
    evaluation: Evaluation,
    rows: list[LayerSummary],
    dtype: str | None = None,
    options: MemoryOptions = ANYTHING,
    brief: bool = False,
) -> Memory:
    """The memory of an evaluated model.

    Args:
        evaluation: the graph with its shapes, for the batch they have (1 where it is unknown).
        rows: the same as a summary has it.
        dtype: takes the place of the dtypes in the file.
        options: what to measure.
        brief: leave out what `inference_bytes` and training do without: weights in other types, `peak_bytes`, the
            arena.

    Raises:
        InputError: for an optimizer that the model's framework does not have, and for numbers past 64 bits.
    """
    found = measured(evaluation, rows, dtype, options, brief)
    if is_past(found):
        raise failure(evaluation.model, [Problem(f"a number of its memory is past {MAX_COUNT:,}")])
    return found


def measured(
    evaluation: Evaluation, rows: list[LayerSummary], dtype: str | None, options: MemoryOptions, brief: bool
) -> Memory:
    """The same without the check for numbers past 64 bits."""
    weights = sum(row.size_bytes for row in rows)
    sizes = tensor_sizes(evaluation, dtype)
    activations = None if sizes is None else sum(map(sum, sizes))
    batch = batch_of(evaluation.inputs)
    cache = measure_cache(evaluation, batch, dtype, options.kv_dtype)
    model = evaluation.model
    running = Running(program_of(model.framework, model.program, model.name), weights, dtype, options.kv_dtype)
    alive = Alive() if sizes is None or brief else alive_at_once(evaluation, sizes)
    prefill, decode = running.with_cache(evaluation, cache)
    trained = None
    if options.optimizer is not None:
        trained = measure_training(evaluation, rows, activations, dtype, options)
    return Memory(
        batch_size=batch,
        weights_bytes=weights,
        weights_as={} if brief else {name: sum(size_of(row.params, name) for row in rows) for name in DTYPES},
        activation_bytes=activations,
        peak_bytes=alive.peak,
        peak_at=alive.peak_at,
        inference_bytes=running.inference(evaluation, sizes, cache, prefill, decode),
        training=trained,
        assumptions=ASSUMPTIONS,
        kv_cache=cache,
        prefill_bytes=None if prefill is None else prefill.size,
        decode_bytes=None if decode is None else decode.size,
        prefill_at=None if prefill is None else evaluation.calls[prefill.step].node.path,
        workspace_bytes=running.workspace,
        device=running.device(evaluation, rows, options),
        arena_bytes=alive.arena,
        arena_at=alive.arena_at,
    )


def is_past(found: object) -> bool:
    """Whether a number in it, at any depth, is past 64 bits: not every JSON reader can represent those."""
    if isinstance(found, Struct):
        found = [getattr(found, name) for name in found.__struct_fields__]
    elif isinstance(found, dict):
        found = list(found.values())
    if isinstance(found, (list, tuple)):
        return any(map(is_past, found))
    return isinstance(found, int) and found > MAX_COUNT


def path_of(evaluation: Evaluation, step: int) -> str | None:
    """The path of the call in a step of `peak`; None for the inputs."""
    return evaluation.calls[step - 1].node.path if step else None


class Running(Struct, frozen=True):
    """A model while it runs: its program, the bytes of its weights, and the requested dtypes."""

    program: Program | None
    weights: int
    dtype: str | None
    kv_dtype: str | None

    @property
    def workspace(self) -> int:
        """What the library of matrix products reserves."""
        return self.program.workspace if self.program is not None else 0

    def with_cache(self, evaluation: Evaluation, cache: KVCache | None) -> tuple[Peak | None, Peak | None]:
        """The peaks of a prompt and of one more token, with weights, cache and workspace; None if unknown."""
        if cache is None or self.program is None:
            return None, None
        prompt = prefill_peak(evaluation, self.program, self.dtype)
        token = decode_peak(evaluation, self.program, self.dtype, self.kv_dtype)
        fixed = self.weights + self.workspace + cache.bytes
        windows = full_windows(evaluation, self.dtype, self.kv_dtype)
        rest, mask = windows.rest * cache.batch_size, windows.mask * cache.batch_size
        return (
            None if prompt is None else Peak(fixed + prompt.size + rest + mask, prompt.step),
            None if token is None else Peak(fixed + token.size + rest, token.step),
        )

    def device(self, evaluation: Evaluation, rows: list[LayerSummary], options: MemoryOptions) -> DeviceMemory | None:
        """The device that needs most, if the model is spread over several; else None."""
        if options.spread.devices == 1 or self.program is None:
            return None
        from paramcalc.analysis.devices import largest_device  # only loaded where there are several

        return largest_device(evaluation, rows, self.program, self.dtype, options)

    def inference(
        self,
        evaluation: Evaluation,
        sizes: list[list[int]] | None,
        cache: KVCache | None,
        prefill: Peak | None,
        decode: Peak | None,
    ) -> int | None:
        """The peak of inference: with a cache the larger of prompt and token, else that of one pass."""
        known = [each.size for each in (prefill, decode) if each is not None]
        if known:
            return max(known)
        if sizes is None or (cache is None and keeps_unknown(evaluation)):
            return None
        if self.program is None or not self.program.known:
            return self.weights + highest_of(evaluation, sizes)[0]
        found = prefill_peak(evaluation, self.program, self.dtype)
        return self.weights + self.workspace + (highest_of(evaluation, sizes)[0] if found is None else found.size)


def batch_of(inputs: Iterable[Input]) -> int:
    """The batch size of the activations: the largest of the inputs', 1 if none is known."""
    return max([item.shape[0] or 1 for item in inputs if item.shape], default=1)


def tensor_sizes(evaluation: Evaluation, dtype: str | None) -> list[list[int]] | None:
    """The bytes of every output of every producer, the inputs first; None when one is unknown."""
    found = [[tensor_bytes(item.shape, input_dtype(item, dtype))] for item in evaluation.inputs]
    found += [call_sizes(call, dtype) for call in evaluation.calls]
    known = [[size for size in sizes if size is not None] for sizes in found]
    return known if all(len(a) == len(b) and a for a, b in zip(known, found, strict=True)) else None


def input_dtype(item: Input, dtype: str | None) -> str:
    """The dtype of an input: `dtype` only replaces floats."""
    return dtype if dtype is not None and "float" in item.dtype else item.dtype


def call_sizes(call: Call, dtype: str | None) -> list[int | None]:
    """The bytes of each output of one call."""
    if call.outputs is None:
        return [None]
    kept = output_dtype(call.dtype, call.node.instance.dtype, dtype)
    return [tensor_bytes(shape, kept) for shape in call.outputs]


def tensor_bytes(shape: Shape, dtype: str) -> int | None:
    """Bytes of one tensor; None for unknown dimensions and for strings, whose length is not in the shape."""
    count = volume(shape)
    return None if count is None or dtype not in STORED_BITS else size_of(count, dtype)


def uses(evaluation: Evaluation) -> tuple[list[list[Ref]], list[Ref]]:
    """What each call reads, and what is kept to the end."""
    return [refs(call.node) for call in evaluation.calls], [output.ref for output in evaluation.model.outputs]


def peak(
    sizes: Sequence[Sequence[int]], reads: Sequence[Iterable[Ref]], kept: Iterable[Ref], first: int
) -> tuple[int, int]:
    """The most bytes alive at once, and in which step: 0 is before the first call, n is the n-th call.

    Args:
        sizes: bytes of every output of every producer; the first `first` producers are inputs.
        reads: for each call, the tensors it reads.
        kept: the tensors that live to the end.
        first: the number of inputs.
    """
    end = len(reads) + 1
    last = [[max(producer - first + 1, 0)] * len(outputs) for producer, outputs in enumerate(sizes)]
    for step, tensors in enumerate(reads, start=1):
        for ref in tensors:
            last[ref.producer][ref.output] = step
    for ref in kept:
        last[ref.producer][ref.output] = end
    freed = [0] * (end + 1)
    for outputs, steps in zip(sizes, last, strict=True):
        for size, step in zip(outputs, steps, strict=True):
            freed[step] += size
    alive = sum(map(sum, sizes[:first]))
    best = (alive, 0)
    for step, outputs in enumerate(sizes[first:], start=1):
        alive += sum(outputs) - freed[step - 1]
        if alive > best[0]:
            best = (alive, step)
    return best
