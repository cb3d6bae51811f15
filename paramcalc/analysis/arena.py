"""Peak activation memory once normalisations and activations are fused into the layers that feed them.

That is what an interpreter for microcontrollers allocates as its arena, without its own bookkeeping.
"""

from collections.abc import Sequence

from paramcalc.analysis.calls import Evaluation
from paramcalc.layers.fusion import role_of
from paramcalc.model import Ref

Tensors = tuple[list[list[int]], list[list[Ref]], list[Ref]]
"""The bytes of every output of every producer, what each call reads, and what lives to the end."""


def folded(
    evaluation: Evaluation, sizes: Sequence[Sequence[int]], reads: Sequence[Sequence[Ref]], kept: Sequence[Ref]
) -> Tensors:
    """The tensors that remain once every layer that can be is fused into the one that feeds it.

    A layer is fused into its producer if nothing else reads that producer; the producer's output is then that of both.
    """
    first = len(evaluation.inputs)
    sources = fold(evaluation, reads, kept)
    gone = [source != producer for producer, source in enumerate(sources)]
    return (
        [[0] * len(outputs) if gone[producer] else list(outputs) for producer, outputs in enumerate(sizes)],
        [
            [] if gone[number] else [Ref(sources[ref.producer], ref.output) for ref in tensors]
            for number, tensors in enumerate(reads, start=first)
        ],
        [Ref(sources[ref.producer], ref.output) for ref in kept],
    )


def fold(evaluation: Evaluation, reads: Sequence[Sequence[Ref]], kept: Sequence[Ref]) -> list[int]:
    """For each producer, the one that its output belongs to: itself, unless it is fused into another."""
    first = len(evaluation.inputs)
    readers = [0] * (first + len(reads))
    for tensors in [*reads, kept]:
        for ref in tensors:
            readers[ref.producer] += 1
    sources = list(range(first + len(reads)))
    takes: dict[int, str] = {}  # what can still be fused into a producer: anything into a product, or an activation
    for number, call in enumerate(evaluation.calls, start=first):
        role = role_of(call.node.instance.layer)
        if role in ("product", "operation"):
            takes[number] = role
            continue
        refs = reads[number - first]
        if role is None or len(refs) != 1:
            continue
        before = refs[0].producer
        source = sources[before]
        if role == "nothing":
            sources[number] = source
        elif readers[before] == 1 and source in takes and (role == "activation" or takes[source] == "product"):
            sources[number] = source
            if role == "activation":  # nothing is fused across it
                del takes[source]
    return sources
