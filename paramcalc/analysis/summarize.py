"""Counts what an evaluation found: Model → Summary.

summarize(model, input_shapes={"image": (None, 512, 512, 3)}, memory=True).memory.peak_bytes
"""

from collections.abc import Callable, Mapping
from math import prod
from typing import Any

from msgspec import UNSET, Struct
from msgspec.structs import replace

from paramcalc.analysis.calls import Call, Evaluation, failure
from paramcalc.analysis.evaluate import evaluate
from paramcalc.analysis.memory_options import MemoryOptions, Spread
from paramcalc.analysis.ties import tie_weights, weight_name
from paramcalc.collector import gc_paused
from paramcalc.errors import MAX_PROBLEMS, Problem, clipped
from paramcalc.layers.base import Factors, Weight
from paramcalc.model import Model, label_of, refs
from paramcalc.shapes import MAX_COUNT, Shape, volume
from paramcalc.summary import (
    InputSummary,
    LayerSummary,
    OutputSummary,
    Summary,
    Totals,
    WeightSummary,
)
from paramcalc.units import output_dtype, size_of, weight_dtype


@gc_paused()
def summarize(
    model: Model,
    *,
    batch_size: int | None = None,
    input_shapes: Mapping[str, Shape] | None = None,
    dtype: str | None = None,
    allow_unknown: bool = False,
    assume: Mapping[str, Any] | None = None,
    memory: bool = False,
    optimizer: str | None = None,
    context: int | None = None,
    kv_dtype: str | None = None,
    checkpointing: bool = False,
    master_weights: bool = False,
    spread: Spread | None = None,
) -> Summary:
    """Compute shapes, counts, MACs and sizes of every layer call; of one sample where the batch is unknown.

    Args:
        model: what `load` returned.
        batch_size: the batch size to compute for; None keeps that of the file.
        input_shapes: shapes by input name that override the file's, batch first, None where unknown.
        dtype: overrides the dtypes in the file, such as "float16".
        allow_unknown: go on past layers that cannot be computed; the summary is then `partial`.
        assume: output shapes of such layers by path, batch first, or "same" for that of the input.
        memory: fill in `Summary.memory`.
        optimizer: the same with `memory.training`, for one of `paramcalc.metrics.OPTIMIZERS`.
        context: how many tokens there are in sequences whose length the file leaves open.
        checkpointing: train with the blocks of a stack recomputed in the backward pass.
        master_weights: train with float32 copies of the weights, which the optimizer updates.
        spread: also measure the device that needs most of those that the model is spread over.
        kv_dtype: the dtype of the cache, such as "float8".

    Raises:
        InputError: with every independent problem of the model.
    """
    evaluation = evaluate(model, batch_size, input_shapes, allow_unknown=allow_unknown, assume=assume, context=context)
    options = MemoryOptions(memory, optimizer, kv_dtype, checkpointing, master_weights, spread or Spread())
    return summarize_with_memory(evaluation, dtype, options)


def summarize_with_memory(evaluation: Evaluation, dtype: str | None, options: MemoryOptions) -> Summary:
    """The same for a model that has been evaluated."""
    summary = summarize_evaluation(evaluation, dtype)
    if options.asked:
        from paramcalc.analysis.memory import measure_memory

        summary.memory = measure_memory(evaluation, summary.layers, dtype, options)
    return summary


def summarize_evaluation(evaluation: Evaluation, dtype: str | None = None) -> Summary:
    """Count what an evaluation found."""
    model = evaluation.model
    names = [item.name for item in evaluation.inputs] + [node.path for node in model.nodes]
    ties = tie_weights(evaluation)
    counts = counter(ties, dtype)
    rows = [layer_row(call, *reads_of(call, evaluation, names), counts(call), dtype) for call in evaluation.calls]
    if any(call.cache for call in evaluation.calls):
        from paramcalc.analysis.decoding import decode_products  # only loaded for models that write token by token

        products = decode_products(evaluation)
        if products is not None:
            rows = [with_decoding(row, terms) for row, terms in zip(rows, products, strict=True)]
    totals = total(rows)
    check_counts(evaluation, rows, totals)
    contradictions = [found.problem.message for found in evaluation.contradictions]
    return Summary(
        name=model.name,
        source=model.source,
        format=model.format,
        inputs=[InputSummary(item.name, item.shape, item.dtype) for item in evaluation.inputs],
        outputs=[OutputSummary(output.name, evaluation.shape(output.ref)) for output in model.outputs],
        layers=rows,
        totals=totals,
        partial=bool(evaluation.unknown) or UNSET,
        unknown=evaluation.unknown or UNSET,
        framework=model.framework,
        details=model.details or UNSET,
        warnings=truncate_warnings([*model.warnings, *contradictions]) or UNSET,
        contradictions=truncate_warnings(contradictions) or UNSET,
        stated=model.stated or UNSET,
    )


def truncate_warnings(warnings: list[str]) -> list[str]:
    """As many warnings as fit a screen, and the number of those left out."""
    more = len(warnings) - MAX_PROBLEMS
    shown = [clipped(warning) for warning in warnings[:MAX_PROBLEMS]]
    return shown if more <= 0 else [*shown, f"and {more:,} more warnings"]


NO_PARAMETERS = frozenset(("buffer", "scale", "state"))
"""Kinds of weights that are no parameters."""


class Counts(Struct):
    """The counts of one call; equal calls share them."""

    weights: list[WeightSummary]
    params: int
    trainable: int
    weight_params: int
    bias_params: int
    macs: int | None
    buffers: int
    active: int
    size_bytes: int
    output_bytes: int | None


def counter(ties: dict[str, str], dtype: str | None) -> Callable[[Call], Counts]:
    """A function that counts a call; calls of equal layers have the same weights and products, and are counted once."""
    known: dict[tuple[Any, ...], Counts] = {}

    def counts(call: Call) -> Counts:
        if ties:
            return count(call, ties, dtype)
        key = id(call.weights), id(call.macs), id(call.outputs), call.dtype, call.node.instance.dtype
        found = known.get(key)
        if found is None:
            found = known[key] = count(call, ties, dtype)
        return found

    return counts


def count(call: Call, ties: dict[str, str], dtype: str | None) -> Counts:
    """The weights of a call, summed by kind."""
    weights: list[WeightSummary] = []
    params = trainable = weight_params = bias_params = buffers = active = size_bytes = 0
    own: set[Any] = set()
    for weight in call.weights:
        name = weight_name(call.node.path, weight.name)
        tied_to = ties.get(name) if ties else None
        if weight.origin is not None:
            if weight.origin in own:  # a layer that occurs twice inside this one
                tied_to = tied_to or name
            own.add(weight.origin)
        row = weight_row(weight, tied_to, kept_as(weight, call.node.instance.dtype, dtype))
        weights.append(row)
        size_bytes += row.bytes
        if weight.kind in NO_PARAMETERS:
            if weight.kind != "state" and weight.persistent and row.tied_to is None:
                buffers += weight.params
            continue
        params += row.params
        active += active_params(weight, row)
        if weight.trainable:
            trainable += row.params
        if weight.kind == "weight":
            weight_params += row.params
        elif weight.kind == "bias":
            bias_params += row.params
    macs = None if call.macs is None else count_macs(call.macs)
    out = output_bytes(call, dtype)
    return Counts(weights, params, trainable, weight_params, bias_params, macs, buffers, active, size_bytes, out)


def active_params(weight: Weight, row: WeightSummary) -> int:
    """The parameters of a weight that one token uses."""
    if weight.active is None or row.tied_to:
        return row.params
    return prod([known for _, known in weight.active if known is not None])


def kept_as(weight: Weight, policy: str, override: str | None) -> str:
    """The dtype of a weight; `override` leaves scales and training state as they are stored."""
    return weight_dtype(weight.dtype, policy, None if weight.kind in ("scale", "state") else override)


def weight_row(weight: Weight, tied_to: str | None, dtype: str) -> WeightSummary:
    """One weight of the summary; a buffer is not a parameter, and not every buffer is saved."""
    stored = weight.stored
    if stored is not None:
        tied_to = tied_to or stored.tied_to
    elements = 0 if tied_to else weight.params
    if stored is not None and dtype == weight.dtype:
        size = stored.size  # unless another dtype was asked for, the bytes are those in the file
    else:
        size = size_of(elements, dtype) if weight.persistent else 0
    params = 0 if weight.kind in NO_PARAMETERS else elements
    return WeightSummary(weight.name, weight.kind, weight.shape, params, weight.trainable, tied_to, dtype, size)


def reads_of(call: Call, evaluation: Evaluation, names: list[str]) -> tuple[list[str], list[Shape | None]]:
    """The names and shapes of what a call reads: its inputs, then the tensors among its call arguments."""
    node = call.node
    inputs, shapes = node.inputs, call.inputs
    if None in inputs:  # omitted optional arguments
        shapes = [shape for shape, ref in zip(shapes, inputs, strict=True) if ref is not None]
    producers = [names[ref.producer] for ref in inputs if ref is not None]
    if node.options is not None or node.ignored is not None:
        others = refs(node)[len(producers) :]
        producers += [names[ref.producer] for ref in others]
        shapes = [*shapes, *[evaluation.shape(ref) for ref in others]]
    return producers, shapes


def layer_row(
    call: Call, inputs: list[str], shapes: list[Shape | None], counts: Counts, dtype: str | None
) -> LayerSummary:
    """One row of the summary."""
    node = call.node
    instance = node.instance
    policy = dtype or instance.dtype
    return LayerSummary(
        node.path,
        call_name(call),
        instance.type,
        inputs,
        shapes,
        output_shape(call),
        counts.params,
        counts.trainable,
        counts.params - counts.trainable,
        counts.weight_params,
        counts.bias_params,
        counts.macs,
        counts.output_bytes,
        call.shared_with,
        counts.weights,
        policy,
        counts.buffers,
        counts.active,
        counts.size_bytes,
    )


def with_decoding(row: LayerSummary, terms: tuple[Factors, ...] | None) -> LayerSummary:
    """The row with the products of one more token."""
    return replace(row, decode_macs=None if terms is None else count_macs(terms))


def call_name(call: Call) -> str:
    """The name of a call: that of its layer, or a later call's own name if the file gives it one."""
    own = call.shared_with is not None and "#" not in call.node.path
    return call.node.path.rpartition("/")[2] if own else call.node.instance.name


def output_shape(call: Call) -> Shape | list[Shape] | None:
    """The output in the form of the JSON: a list of shapes only for a layer with several outputs."""
    if call.outputs is None or call.multiple:
        return call.outputs
    return call.outputs[0]


def count_macs(terms: tuple[Factors, ...]) -> int | None:
    """The sum of products, None when a factor is unknown."""
    total = 0
    for factors in terms:
        count = 1
        for _, value in factors:
            if value is None:
                return None
            count *= value
        total += count
    return total


def output_bytes(call: Call, override: str | None) -> int | None:
    """Bytes of all outputs of a call, an unknown batch counted as one sample."""
    if call.outputs is None:
        return None
    volumes = [volume(shape) for shape in call.outputs]
    if None in volumes:
        return None
    dtype = output_dtype(call.dtype, call.node.instance.dtype, override)
    return size_of(sum(volumes), dtype)  # type: ignore[arg-type]


def total(rows: list[LayerSummary]) -> Totals:
    """The sums of the rows."""
    macs = [row.macs for row in rows]
    decoded = [row.decode_macs for row in rows] or [None]
    return Totals(
        params=sum([row.params for row in rows]),
        trainable_params=sum([row.trainable_params for row in rows]),
        non_trainable_params=sum([row.non_trainable_params for row in rows]),
        weight_params=sum([row.weight_params for row in rows]),
        bias_params=sum([row.bias_params for row in rows]),
        macs=None if None in macs else sum(macs),  # type: ignore[arg-type]
        size_bytes=sum([row.size_bytes for row in rows]),
        layers=sum([row.shared_with is None for row in rows]),
        buffers=sum([row.buffers for row in rows]),
        active_params=sum([row.active_params for row in rows]),
        decode_macs=None if None in decoded else sum(decoded),  # type: ignore[arg-type]
    )


def check_counts(evaluation: Evaluation, rows: list[LayerSummary], totals: Totals) -> None:
    """Refuse counts past 64 bits.

    Raises:
        InputError: naming the first layer that makes a number too large, or a total.
    """
    macs = [totals.macs] if totals.macs is not None else [row.macs or 0 for row in rows]
    if max([totals.params, totals.size_bytes, *macs, *[row.output_bytes or 0 for row in rows]]) <= MAX_COUNT:
        return
    params = products = size = 0
    for call, row in zip(evaluation.calls, rows, strict=True):
        params += row.params
        products += row.macs or 0
        size += row.size_bytes
        if max(params, products, size, row.output_bytes or 0) > MAX_COUNT:
            node = call.node
            message = f"the model's counts are past {MAX_COUNT:,}"
            raise failure(evaluation.model, [Problem(message, node.where, label_of(node), None, node.notes)])
