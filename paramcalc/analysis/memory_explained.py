"""Breaks down the figures of a model's memory: which tensors of which layers, with their factors.

In: an evaluation and its summary. Out: parts whose lines add up to the figures in the summary.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from paramcalc.analysis.backward import loss_of
from paramcalc.analysis.blocks import find_block
from paramcalc.analysis.cache import cache_dtype, kept, kept_by
from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.analysis.decoding import find_text
from paramcalc.analysis.explain import matching
from paramcalc.analysis.memory import measure_memory
from paramcalc.analysis.memory_options import MemoryOptions
from paramcalc.analysis.peaks import decode_tape, full_windows, highest, largest_cache, outputs_before, prefill_tape
from paramcalc.analysis.tape import Tape, last_uses, record
from paramcalc.layers.base import Cache
from paramcalc.layers.programs import Program, program_of
from paramcalc.shapes import Shape, format_shape
from paramcalc.summary import Memory, Summary


class Line(Struct, frozen=True):
    """Bytes of one kind.

    Attributes:
        name: the layer, or the first of several equal ones.
        what: what is stored, with its factors: `keys: 8 heads × 64 size × 512 tokens × bfloat16`.
        count: the number of layers it stands for.
        bytes: the bytes of all of them.
    """

    name: str
    what: str
    count: int
    bytes: int


class Part(Struct, frozen=True):
    """One figure.

    Attributes:
        title: what the table of `summary` calls it.
        bytes: the figure, which is the sum of the lines.
        at: the layer at which a peak is reached.
    """

    title: str
    bytes: int
    lines: list[Line]
    at: str | None = None


def explain_memory(
    evaluation: Evaluation, summary: Summary, dtype: str | None, options: MemoryOptions, pattern: str | None = None
) -> list[Part]:
    """Each figure that is known; with a pattern, only what the matching layers keep.

    Raises:
        InputError: when no layer matches.
    """
    memory = summary.memory or measure_memory(evaluation, summary.layers, dtype, options)
    explainer = Explainer(evaluation, summary, memory, dtype, options)
    chosen = None if pattern is None else {id(call) for call in named(evaluation, pattern)}
    parts = [explainer.cache(chosen), explainer.kept(chosen)]
    if chosen is None:
        parts = [explainer.weights(), parts[0], explainer.prompt(), explainer.token(), parts[1], explainer.step()]
    return [part for part in parts if part is not None]


def named(evaluation: Evaluation, pattern: str) -> Sequence[Call]:
    """The calls that a pattern matches, else those of the block with this name.

    Raises:
        InputError: when there is none.
    """
    return (
        matching(evaluation, pattern)
        or find_block(evaluation, pattern, lambda call: (sum([weight.params for weight in call.weights]), None)).calls
    )


class Explainer:
    """Breaks down the figures of one model."""

    def __init__(
        self, evaluation: Evaluation, summary: Summary, memory: Memory, dtype: str | None, options: MemoryOptions
    ) -> None:
        self.evaluation = evaluation
        self.calls = evaluation.calls
        self.summary = summary
        self.memory = memory
        self.dtype = dtype
        self.options = options
        model = evaluation.model
        self.program: Program | None = program_of(model.framework, model.program, model.name)

    def weights(self) -> Part:
        """The weights by the type of their layer."""
        found = [
            (row.type, row.path, f"weights of {row.type}", row.size_bytes)
            for row in self.summary.layers
            if row.size_bytes
        ]
        return part("Weights", [(key, path, what, size) for key, path, what, size in found])

    def cache(self, chosen: set[int] | None) -> Part | None:
        """The cache, tensor by tensor."""
        text = find_text(self.evaluation)
        if self.memory.kv_cache is None or text is None:
            return None
        batch = self.memory.kv_cache.batch_size
        found = []
        for call in self.calls:
            sizes = kept_by(call, text, self.dtype, self.options.kv_dtype)
            for cache, size in zip(call.cache, sizes, strict=True):
                if size is not None and (chosen is None or id(call) in chosen):
                    what = self.factors(cache, call, batch)
                    found.append((what, call.node.path, what, size.size * batch))
        return part("KV cache", found) if found else None

    def factors(self, cache: Cache, call: Call, batch: int) -> str:
        """`keys: 4 sequences × 512 tokens × 8 heads × 64 size in bfloat16`."""
        dtype = cache_dtype(cache, call.node.instance.dtype, self.dtype, self.options.kv_dtype)
        names = [f"{size} {name}" for name, size in cache.factors]
        found = kept(cache, dtype, True)
        if found is not None and not cache.fixed and cache.tokens is not None:
            tokens = min(cache.tokens, cache.most or cache.tokens)
            names.insert(0, f"{tokens:,} tokens")
        sequences = [f"{batch:,} sequences"] if batch > 1 else []
        return f"{cache.name}: {' × '.join([*sequences, *names])} in {dtype}"

    def prompt(self) -> Part | None:
        """The peak of the whole prompt."""
        if self.memory.prefill_bytes is None or self.program is None or self.memory.kv_cache is None:
            return None
        tape = prefill_tape(self.evaluation, self.program, self.dtype)
        if tape is None:
            return None
        mask = full_windows(self.evaluation, self.dtype, self.options.kv_dtype).mask * self.memory.batch_size
        more = [self.windows(), ("mask", "", "mask of the windows", mask)]
        return self.peak("Prompt", self.program, tape, self.evaluation.outputs, more)

    def token(self) -> Part | None:
        """The peak of one more token."""
        if self.memory.decode_bytes is None or self.program is None:
            return None
        tape = decode_tape(self.evaluation, self.program, self.dtype)
        if tape is None:
            return None
        batch = self.memory.batch_size
        grown = [largest_cache(call, self.dtype, self.options.kv_dtype) * batch for call in self.calls]
        before = outputs_before(self.evaluation, self.program, self.dtype)
        more = [self.windows(), ("outputs", "", "outputs for the prompt", before)]
        return self.peak("One more token", self.program, tape, None, more, grown)

    def windows(self) -> tuple[str, str, str, int]:
        """What full windows keep of the whole prompt."""
        rest = full_windows(self.evaluation, self.dtype, self.options.kv_dtype).rest * self.memory.batch_size
        return "windows", "", "the rest of the prompt, which full windows are a part of", rest

    def peak(
        self,
        title: str,
        program: Program,
        tape: Tape,
        shapes: Sequence[list[Shape] | None] | None,
        more: Iterable[tuple[str, str, str, int]],
        grown: Sequence[int] = (),
    ) -> Part:
        """A peak: weights, cache, workspace, the tensors alive at its step, and that step's working space."""
        last = last_uses(self.evaluation, tape, program)
        best = highest(tape, last, grown)
        cache = self.memory.kv_cache
        found = [
            ("weights", "", "weights", self.memory.weights_bytes),
            ("cache", "", "KV cache", 0 if cache is None else cache.bytes),
            ("workspace", "", "workspace of the library of matrix products", program.workspace),
            *more,
        ]
        names = self.names(tape, shapes)
        for storage, size in enumerate(tape.sizes):
            if size and tape.made[storage] <= best.step <= last[storage]:
                found.append((f"alive {storage}", *names[storage], size))
        at = self.calls[best.step].node.path
        inside = tape.steps[best.step].scratch + (grown[best.step] if grown else 0)
        found.append(("inside", at, "working space inside", inside))
        return part(title, [each for each in found if each[3]], at)

    def names(self, tape: Tape, shapes: Sequence[list[Shape] | None] | None) -> list[tuple[str, str]]:
        """The layer that makes each storage, and the shape of the tensor."""
        found = [("", "")] * len(tape.sizes)
        makers = [item.name for item in self.evaluation.inputs] + [call.node.path for call in self.calls]
        for producer, storages in enumerate(tape.storages):
            for output, storage in enumerate(storages):
                if not found[storage][0]:
                    outputs = None if shapes is None else shapes[producer]
                    shape = f" {format_shape(outputs[output])}" if outputs is not None else ""
                    found[storage] = (makers[producer], f"alive{shape}")
        return found

    def kept(self, chosen: set[int] | None) -> Part | None:
        """What is kept for the backward pass, by the type of the layer that needs it first."""
        if self.memory.training is None or self.program is None or not self.program.known:
            return None
        tape = record(self.evaluation, self.program, self.dtype, self.evaluation.outputs)
        if tape is None or self.options.checkpointing:
            return None
        found: list[tuple[str, str, str, int]] = []
        seen: set[int] = set()
        for call, step in zip(self.calls, tape.steps, strict=True):
            new = [storage for storage in step.keeps if storage not in seen]
            seen.update(new)
            if chosen is None or id(call) in chosen:
                type_ = call.node.instance.type
                tensors = sum([tape.sizes[storage] for storage in new])
                found.append((f"{type_} tensors", call.node.path, f"inputs or outputs that {type_} keeps", tensors))
                found.append((f"{type_} others", call.node.path, f"other tensors that {type_} keeps", step.extra))
        if chosen is None:
            loss = loss_of(self.evaluation, tape, self.program).kept
            found.append(("loss", "", "logarithms of the probabilities, in float32", loss))
        return part("Kept for the backward pass", [each for each in found if each[3]])

    def step(self) -> Part | None:
        """The memory of a training step."""
        training = self.memory.training
        if training is None or training.total_bytes is None or training.activation_bytes is None:
            return None
        parts = (
            ("weights", training.weights_bytes),
            ("gradients", training.gradient_bytes),
            (f"state of {training.optimizer}", training.optimizer_bytes),
            ("master weights in float32", training.master_bytes),
            ("kept for the backward pass", training.activation_bytes),
        )
        return part("Training", [(name, "", name, size) for name, size in parts if size])


def part(title: str, found: Iterable[tuple[str, str, str, int]], at: str | None = None) -> Part:
    """A figure with its lines, merged by key, the largest first."""
    lines = sorted(folded(found), key=lambda line: -line.bytes)
    return Part(title, sum([line.bytes for line in lines]), lines, at)


def folded(found: Iterable[tuple[str, str, str, int]]) -> Iterator[Line]:
    """Merge lines with the same key; the first gives the name."""
    groups: dict[str, list[tuple[str, str, int]]] = {}
    for key, name, what, size in found:
        groups.setdefault(key, []).append((name, what, size))
    for group in groups.values():
        yield Line(group[0][0], group[0][1], len(group), sum([size for _, _, size in group]))
