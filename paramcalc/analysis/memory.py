"""What a model takes in memory: its weights, its activations, the peak of both in use, and training.

Each number makes assumptions; `ASSUMPTIONS` names them, and is part of the result.
"""

from collections.abc import Iterable, Sequence
from math import prod

from paramcalc.analysis.cache import measure_cache
from paramcalc.analysis.calls import Call, Evaluation
from paramcalc.model import Input, Ref, refs
from paramcalc.shapes import Shape, volume
from paramcalc.summary import LayerSummary, Memory, Training
from paramcalc.units import STORED_BITS, output_dtype, size_of, variable_dtype

DTYPES = ("float32", "float16", "bfloat16", "float8", "int8", "int4")
"""What weights are commonly kept as."""

COPIES = {"sgd": 0, "momentum": 1, "adam": 2, "adamw": 2, "adafactor": 1, "lion": 1}
"""Tensors of the size of each trainable weight that Keras 3's optimizers keep; momentum is SGD with momentum."""

OPTIMIZERS = tuple(COPIES)
"""The optimizers whose state is known."""

ASSUMPTIONS = {
    "weights_as": "every weight in this type, tied and shared ones once; int4 packs two in a byte; no scales added",
    "activation_bytes": "the inputs and every output of every layer, in the dtype it is computed in, all at once",
    "peak_bytes": "layers run one after the other in the order listed; a tensor lives from the layer that makes it "
    "to the last one that reads it, inputs from the start, outputs to the end; nothing is computed in place and no "
    "layer needs working space",
    "inference_bytes": "the weights and the peak",
    "kv_cache": "what each layer keeps of the tokens so far, for every sequence of the batch: "
    "no padding, no blocks, nothing reserved ahead",
    "training": "a gradient for each trainable weight, in its type; the optimizer's state as Keras 3 keeps it, a few "
    "scalars aside; every activation kept for the backward pass",
}


def measure_memory(
    evaluation: Evaluation,
    rows: list[LayerSummary],
    dtype: str | None = None,
    optimizer: str | None = None,
    kv_dtype: str | None = None,
) -> Memory:
    """The memory of an evaluated model.

    Args:
        evaluation: the graph with its shapes, for the batch they have (1 where it is unknown).
        rows: the same as a summary has it.
        dtype: takes the place of the dtypes in the file.
        optimizer: one of `OPTIMIZERS`, to train with; None leaves training out.
        kv_dtype: what is kept of each token is stored as this; None for what it is computed in.
    """
    weights = sum(row.size_bytes for row in rows)
    sizes = tensor_sizes(evaluation, dtype)
    activations = best = at = None
    if sizes is not None:
        activations = sum(map(sum, sizes))
        best, step = peak(sizes, *uses(evaluation), first=len(evaluation.inputs))
        at = evaluation.calls[step - 1].node.path if step else None
    return Memory(
        batch_size=batch_of(evaluation.inputs),
        weights_bytes=weights,
        weights_as={name: sum(size_of(row.params, name) for row in rows) for name in DTYPES},
        activation_bytes=activations,
        peak_bytes=best,
        peak_at=at,
        inference_bytes=None if best is None else weights + best,
        training=None if optimizer is None else training(rows, weights, activations, optimizer),
        assumptions=ASSUMPTIONS,
        kv_cache=measure_cache(evaluation, batch_of(evaluation.inputs), dtype, kv_dtype),
    )


def batch_of(inputs: Iterable[Input]) -> int:
    """The batch that activations are of: the largest of the inputs', 1 where none is known."""
    return max([item.shape[0] or 1 for item in inputs if item.shape], default=1)


def tensor_sizes(evaluation: Evaluation, dtype: str | None) -> list[list[int]] | None:
    """The bytes of every output of every producer, the inputs first; None when one is unknown."""
    found = [[tensor_bytes(item.shape, input_dtype(item, dtype))] for item in evaluation.inputs]
    found += [call_sizes(call, dtype) for call in evaluation.calls]
    known = [[size for size in sizes if size is not None] for sizes in found]
    return known if all(len(a) == len(b) and a for a, b in zip(known, found, strict=True)) else None


def input_dtype(item: Input, dtype: str | None) -> str:
    """The dtype of an input: only what is a float is computed in another type."""
    return dtype if dtype is not None and "float" in item.dtype else item.dtype


def call_sizes(call: Call, dtype: str | None) -> list[int | None]:
    """The bytes of each output of one call."""
    if call.outputs is None:
        return [None]
    kept = output_dtype(call.dtype, call.node.instance.dtype, dtype)
    return [tensor_bytes(shape, kept) for shape in call.outputs]


def tensor_bytes(shape: Shape, dtype: str) -> int | None:
    """Bytes of one tensor; None for unknown dimensions, and for text, whose length is not in its shape."""
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


def training(rows: list[LayerSummary], weights: int, activations: int | None, optimizer: str) -> Training:
    """What it takes to train the model with an optimizer."""
    gradients = sum(size_of(row.trainable_params, variable_dtype(row.dtype)) for row in rows)
    state = sum(size_of(state_elements(row, optimizer), variable_dtype(row.dtype)) for row in rows)
    total = None if activations is None else weights + gradients + state + activations
    return Training(optimizer, weights, gradients, state, activations, total)


def state_elements(row: LayerSummary, optimizer: str) -> int:
    """The elements of the optimizer's tensors for one layer.

    Adafactor (Shazeer & Stern 2018, arXiv:1804.04235) keeps a row and a column of averages over the last two axes of
    each matrix; Keras makes a tensor of the full size as well.
    """
    count = COPIES[optimizer] * row.trainable_params
    if optimizer == "adafactor":
        for weight in row.weights:
            if weight.trainable and weight.tied_to is None and len(weight.shape) > 1:
                *others, height, width = weight.shape
                count += prod(others) * (height + width)
    return count
